//! Which network a call comes from: the other end of its connection, or what a proxy that the operator trusts says of it.

use std::net::{IpAddr, SocketAddr};

use actix_web::http::header::{HeaderMap, X_FORWARDED_FOR};
use actix_web::{HttpRequest, web};
use ipnet::IpNet;

use super::Shared;

/// The caller's network: a /24 or a /64, so that one household or mast counts as one.
pub(super) fn network(request: &HttpRequest) -> String {
    let shared = request.app_data::<web::Data<Shared>>();
    let trusted = shared.map_or(&[][..], |shared| &shared.app.config.trusted_proxies);
    match request.peer_addr().map(|peer| caller(peer.ip(), request.headers(), trusted)) {
        None => "unknown".to_owned(),
        Some(IpAddr::V4(ip)) => {
            let [a, b, c, _] = ip.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        Some(IpAddr::V6(ip)) => {
            let [a, b, c, d, ..] = ip.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// The caller's address. Each proxy adds to the right of `X-Forwarded-For` whom it was called by, so the list is believed from the
/// right, for as long as those who wrote it are trusted: whatever stands further left, a caller may have made up. What is
/// no address ends it, and counts for the proxy that wrote it.
fn caller(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(&address));
    let mut believed = peer.to_canonical();
    // A second header counts as going on from the first.
    let lines: Vec<_> = headers.get_all(X_FORWARDED_FOR).collect();
    let mut entries = lines.iter().rev().flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    while is_trusted(believed) {
        let Some(next) = entries.next().and_then(address) else { break };
        believed = next;
    }
    believed
}

/// An address as proxies write it: bare, with a port, and of IPv6 also in brackets.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(entry).ok()?.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let parsed = bare.parse::<IpAddr>().ok().filter(|ip| bare.len() == text.len() || ip.is_ipv6());
    let with_port = || text.parse::<SocketAddr>().ok().map(|both| both.ip());
    parsed.or_else(with_port).map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn told(peer: &str, lines: &[&[u8]]) -> String {
        let trusted: Vec<IpNet> = ["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().unwrap()).to_vec();
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(X_FORWARDED_FOR, HeaderValue::from_bytes(line).unwrap());
        }
        caller(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn the_rightmost_address_that_is_no_trusted_proxy_is_the_caller() {
        let table: [(&str, &[&[u8]], &str); 21] = [
            ("10.0.0.1", &[b"203.0.113.7"], "203.0.113.7"),
            ("::ffff:10.0.0.1", &[b"203.0.113.7"], "203.0.113.7"),
            ("fd00::1", &[b"2001:db8::7"], "2001:db8::7"),
            // Whoever is no proxy says what they like.
            ("198.51.100.1", &[b"203.0.113.7"], "198.51.100.1"),
            ("198.51.100.1", &[b"10.0.0.1"], "198.51.100.1"),
            // Parts that the caller made up stand further left.
            ("10.0.0.1", &[b"1.1.1.1, 203.0.113.7"], "203.0.113.7"),
            ("10.0.0.1", &[b"1.1.1.1, 10.0.0.9, 203.0.113.7"], "203.0.113.7"),
            ("10.0.0.1", &[b"1.1.1.1", b"203.0.113.7"], "203.0.113.7"),
            ("10.0.0.1", &[b"<b>,, 203.0.113.7"], "203.0.113.7"),
            // Several proxies, one behind another.
            ("10.0.0.1", &[b"203.0.113.7, 10.0.0.2 ,10.0.0.3"], "203.0.113.7"),
            ("10.0.0.1", &[b"1.1.1.1, 203.0.113.7", b"10.0.0.2"], "203.0.113.7"),
            ("10.0.0.1", &[b"10.0.0.4, 10.0.0.2"], "10.0.0.4"),
            // Nothing, and what is no address, count for whoever wrote it.
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &[b""], "10.0.0.1"),
            ("10.0.0.1", &[b"203.0.113.7, unknown"], "10.0.0.1"),
            ("10.0.0.1", &[b"203.0.113.7, \xff, 10.0.0.2"], "10.0.0.2"),
            // Ports and brackets.
            ("10.0.0.1", &[b"203.0.113.7:4711"], "203.0.113.7"),
            ("10.0.0.1", &[b"[2001:db8::7]:4711"], "2001:db8::7"),
            ("10.0.0.1", &[b"[2001:db8::7]"], "2001:db8::7"),
            ("10.0.0.1", &[b"::ffff:203.0.113.7"], "203.0.113.7"),
            ("10.0.0.1", &[b"[203.0.113.7]"], "10.0.0.1"),
        ];
        for (peer, lines, expected) in table {
            assert_eq!(told(peer, lines), expected, "{peer} {lines:?}");
        }
    }

    #[test]
    fn nobody_is_believed_where_nobody_is_trusted() {
        let mut headers = HeaderMap::new();
        headers.append(X_FORWARDED_FOR, HeaderValue::from_static("203.0.113.7"));
        let here: IpAddr = "127.0.0.1".parse().unwrap();
        assert_eq!(caller(here, &headers, &[]), here);
    }
}
