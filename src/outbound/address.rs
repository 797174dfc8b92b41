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

/// The blocks of the IANA registries of special-purpose addresses that no receiver on the internet can have.
const NOT_PUBLIC: [IpNet; 28] = [
    v4(0, 0, 0, 8),
    v4(10, 0, 0, 8),
    v4(100, 64, 0, 10),
    v4(127, 0, 0, 8),
    v4(169, 254, 0, 16),
    v4(172, 16, 0, 12),
    v4(192, 0, 0, 24),
    v4(192, 0, 2, 24),
    v4(192, 88, 99, 24),
    v4(192, 168, 0, 16),
    v4(198, 18, 0, 15),
    v4(198, 51, 100, 24),
    v4(203, 0, 113, 24),
    v4(224, 0, 0, 4),
    v4(240, 0, 0, 4),
    // Unspecified, loopback and the old IPv4-compatible form, which holds an IPv4 address in its last bits.
    v6(0, 0, 0, 96),
    v6(0x64, 0xff9b, 0, 96),
    v6(0x64, 0xff9b, 1, 48),
    v6(0x100, 0, 0, 64),
    // Protocol assignments, among them Teredo, which tunnels to IPv4.
    v6(0x2001, 0, 0, 23),
    v6(0x2001, 0xdb8, 0, 32),
    v6(0x2002, 0, 0, 16),
    v6(0x3fff, 0, 0, 20),
    v6(0x5f00, 0, 0, 16),
    v6(0xfc00, 0, 0, 7),
    v6(0xfe80, 0, 0, 10),
    v6(0xfec0, 0, 0, 10),
    v6(0xff00, 0, 0, 8),
];

/// Whether the address lies on the public internet. An IPv4 address written as IPv6 counts as what it stands for.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    let address = address.to_canonical();
    !NOT_PUBLIC.iter().any(|block| block.contains(&address))
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
        for block in NOT_PUBLIC {
            let (first, last) = (block.network(), block.broadcast());
            assert!(!is_public(first) && !is_public(last), "{block}");
            for neighbour in [moved(first, -1), moved(last, 1)] {
                let elsewhere = NOT_PUBLIC.iter().any(|other| other.contains(&neighbour.to_canonical()));
                assert!(is_public(neighbour) || elsewhere, "{neighbour} beside {block}");
            }
        }
        // The neighbours that stand alone, written out, so that a block that grew would be seen.
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
            "192.88.98.255",
            "192.88.100.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "198.51.99.255",
            "198.51.101.0",
            "203.0.112.255",
            "203.0.114.0",
            "223.255.255.255",
            "2001:200::",
            "2001:db7:ffff::",
            "2001:db9::",
            "2003::",
            "2606:4700::1111",
            "3ffe::1",
            "3fff:1000::",
            "5eff::",
            "5f01::",
            "64:ff9b:2::",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for inside in ["::1", "::", "::127.0.0.1", "::ffff:10.0.0.1", "255.255.255.255", "fe80::1", "fd00::1"] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
    }

    proptest! {
        #[test]
        fn an_ipv4_address_is_judged_alike_in_both_forms(bits: u32) {
            let v4 = Ipv4Addr::from_bits(bits);
            prop_assert_eq!(is_public(v4.into()), is_public(v4.to_ipv6_mapped().into()));
            // The standard library's own judgements, as far as they are stable, never call public what we do not.
            let inside = v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_broadcast()
                || v4.is_multicast() || v4.is_documentation() || v4.is_unspecified();
            prop_assert!(!(inside && is_public(v4.into())));
        }

        #[test]
        fn an_ipv6_address_that_is_somebodys_inside_is_never_public(bits: u128) {
            let v6 = Ipv6Addr::from_bits(bits);
            let inside = v6.is_multicast() || v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_loopback();
            prop_assert!(!(inside && is_public(v6.into())));
        }

        #[test]
        fn whatever_lies_in_a_block_is_not_public(at in 0..NOT_PUBLIC.len(), bits: u128) {
            let inside = match NOT_PUBLIC[at] {
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
