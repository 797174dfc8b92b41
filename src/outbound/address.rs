//! Which addresses lie on the public internet. Everything else is somebody's inside: ours, or that of the network we
//! stand in.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

const fn v4(a: u8, b: u8, c: u8, prefix: u8) -> IpNet {
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, 0), prefix))
}

const fn v6(a: u16, b: u16, c: u16, prefix: u8) -> IpNet {
    IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), prefix))
}

/// The addresses that are given to anybody on the internet at all. All others of IPv6 are reserved, or stand for an address
/// of another kind: one written as `::ffff:192.0.2.1` is never what a name of the internet leads to.
const GIVEN_OUT: IpNet = v6(0x2000, 0, 0, 3);

/// The blocks of the IANA registries of special-purpose addresses (as of 2026) that no receiver on the internet can have,
/// also those that reach a service of the network itself. Of IPv6 only those within [`GIVEN_OUT`].
const SPECIAL: [IpNet; 23] = [
    v4(0, 0, 0, 8),
    v4(10, 0, 0, 8),
    v4(100, 64, 0, 10),
    v4(127, 0, 0, 8),
    v4(169, 254, 0, 16),
    v4(172, 16, 0, 12),
    v4(192, 0, 0, 24),
    v4(192, 0, 2, 24),
    // AS112, and the relays of AMT.
    v4(192, 31, 196, 24),
    v4(192, 52, 193, 24),
    v4(192, 88, 99, 24),
    v4(192, 168, 0, 16),
    v4(192, 175, 48, 24),
    v4(198, 18, 0, 15),
    v4(198, 51, 100, 24),
    v4(203, 0, 113, 24),
    v4(224, 0, 0, 4),
    v4(240, 0, 0, 4),
    // Protocol assignments, among them Teredo, which tunnels to IPv4.
    v6(0x2001, 0, 0, 23),
    v6(0x2001, 0xdb8, 0, 32),
    // 6to4, which holds an IPv4 address.
    v6(0x2002, 0, 0, 16),
    v6(0x2620, 0x4f, 0x8000, 48),
    v6(0x3fff, 0, 0, 20),
];

/// Whether the address lies on the public internet.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    let given_out = address.is_ipv4() || GIVEN_OUT.contains(&address);
    given_out && !SPECIAL.iter().any(|block| block.contains(&address))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn moved(address: IpAddr, by: i128) -> IpAddr {
        match address {
            IpAddr::V4(v4) => {
                let moved = i128::from(v4.to_bits()) + by;
                u32::try_from(moved).map_or(address, |bits| IpAddr::V4(Ipv4Addr::from_bits(bits)))
            }
            IpAddr::V6(v6) => {
                let bits = v6.to_bits();
                let moved = bits.checked_add_signed(by).unwrap_or(bits);
                IpAddr::V6(Ipv6Addr::from_bits(moved))
            }
        }
    }

    #[test]
    fn each_block_is_closed_from_its_first_to_its_last_address_and_no_further() {
        for block in SPECIAL {
            let (first, last) = (block.network(), block.broadcast());
            assert!(!is_public(first) && !is_public(last), "{block}");
            for neighbour in [moved(first, -1), moved(last, 1)] {
                let elsewhere = SPECIAL.iter().any(|other| other.contains(&neighbour));
                let beyond = neighbour.is_ipv6() && !GIVEN_OUT.contains(&neighbour);
                assert!(is_public(neighbour) || elsewhere || beyond, "{neighbour} beside {block}");
            }
        }
    }

    /// Written out, so that a block that grew or shrank would be seen: neighbours of the blocks that stand alone.
    #[test]
    fn what_lies_beside_the_blocks_is_public() {
        for public in [
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.0.3.0",
            "192.31.195.255",
            "192.31.197.0",
            "192.52.192.255",
            "192.52.194.0",
            "192.88.98.255",
            "192.88.100.0",
            "192.167.255.255",
            "192.169.0.0",
            "192.175.47.255",
            "192.175.49.0",
            "198.17.255.255",
            "198.20.0.0",
            "198.51.99.255",
            "198.51.101.0",
            "203.0.112.255",
            "203.0.114.0",
            "223.255.255.255",
            "2000::",
            "2001:200::",
            "2001:db7:ffff::",
            "2001:db9::",
            "2003::",
            "2606:4700::1111",
            "2620:4f:7fff:ffff::",
            "2620:4f:8001::",
            "3ffe::1",
            "3fff:1000::",
            "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    /// Each line of the two registries, and what no registry has given out.
    #[test]
    fn special_and_reserved_addresses_are_not_public() {
        for inside in [
            "0.0.0.0",
            "0.1.2.3",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.8",
            "192.0.0.9",
            "192.0.0.170",
            "192.0.2.1",
            "192.31.196.1",
            "192.52.193.1",
            "192.88.99.2",
            "192.168.1.1",
            "192.175.48.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::8.8.8.8",
            "::ffff:10.0.0.1",
            "::ffff:8.8.8.8",
            "::ffff:0:8.8.8.8",
            "::ffff:0:7f00:1",
            "64:ff9b::808:808",
            "64:ff9b:1::1",
            "64:ff9b:2::",
            "100::1",
            "100:0:0:1::1",
            "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "2001::1",
            "2001:1::1",
            "2001:2::1",
            "2001:3::1",
            "2001:4:112::1",
            "2001:10::1",
            "2001:20::1",
            "2001:30::1",
            "2001:1ff:ffff::1",
            "2001:db8::1",
            "2002:808:808::1",
            "2620:4f:8000::1",
            "3fff::1",
            "4000::",
            "4000::1",
            "5f00::1",
            "8000::1",
            "a000::1",
            "e000::1",
            "fc00::1",
            "fd00::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
    }

    proptest! {
        #[test]
        fn an_ipv4_address_is_never_public_in_another_form(bits: u32) {
            let v4 = Ipv4Addr::from_bits(bits);
            let [a, b, c, d] = v4.octets();
            let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
            for form in [
                v4.to_ipv6_mapped(),
                Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low),
                Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, high, low),
                Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
                Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
                Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, !high, !low),
            ] {
                prop_assert!(!is_public(form.into()), "{}", form);
            }
            // The standard library's own judgements, as far as they are stable, never call public what we do not.
            let inside = v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_broadcast()
                || v4.is_multicast() || v4.is_documentation() || v4.is_unspecified();
            prop_assert!(!(inside && is_public(v4.into())));
        }

        #[test]
        fn an_ipv6_address_is_public_within_what_is_given_out_alone(bits: u128) {
            let v6 = Ipv6Addr::from_bits(bits);
            prop_assert!(v6.segments()[0] >> 13 == 1 || !is_public(v6.into()));
        }

        #[test]
        fn whatever_lies_in_a_block_is_not_public(at in 0..SPECIAL.len(), bits: u128) {
            let inside = match SPECIAL[at] {
                IpNet::V4(net) => {
                    let host = u32::try_from(bits & u128::from(net.hostmask().to_bits())).unwrap();
                    IpAddr::V4(Ipv4Addr::from_bits(net.network().to_bits() | host))
                }
                IpNet::V6(net) => {
                    IpAddr::V6(Ipv6Addr::from_bits(net.network().to_bits() | (bits & net.hostmask().to_bits())))
                }
            };
            prop_assert!(!is_public(inside));
        }
    }
}
