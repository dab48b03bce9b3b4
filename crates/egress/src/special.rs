//! Addresses that are no public host's: the special-purpose registries of IANA (RFC 6890 and its updates, read in November 2026), and what is
//! like them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Ranges of IPv4: first address, length of the prefix, what they are for.
const IPV4: &[(Ipv4Addr, u8, &str)] = &[
    (Ipv4Addr::UNSPECIFIED, 8, "this network"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "private use"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "shared address space"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "loopback"),
    // A public address by the registry, and the platform's own service inside Azure.
    (Ipv4Addr::new(168, 63, 129, 16), 32, "a cloud's metadata"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "link local"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "private use"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "protocol assignments"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "documentation"),
    (Ipv4Addr::new(192, 31, 196, 0), 24, "AS112"),
    (Ipv4Addr::new(192, 52, 193, 0), 24, "multicast tunnels"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "6to4 relays"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "private use"),
    (Ipv4Addr::new(192, 175, 48, 0), 24, "AS112"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "benchmarking"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "documentation"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "documentation"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved"),
];

/// Ranges of IPv6 outside of global unicast whose name helps whoever reads the refusal.
const IPV6: &[(Ipv6Addr, u8, &str)] = &[
    (Ipv6Addr::UNSPECIFIED, 128, "unspecified"),
    (Ipv6Addr::LOCALHOST, 128, "loopback"),
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, "IPv4-mapped"),
    (Ipv6Addr::UNSPECIFIED, 96, "IPv4-compatible"),
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96, "NAT64"),
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48, "NAT64"),
    (Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0), 32, "discard only"),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32, "Teredo"),
    // Benchmarking, ORCHID, AS112, drones' identities and what will be assigned yet.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, "protocol assignments"),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, "documentation"),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, "6to4"),
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48, "AS112"),
    (Ipv6Addr::new(0x3ffe, 0, 0, 0, 0, 0, 0, 0), 16, "the former 6bone"),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, "documentation"),
    (Ipv6Addr::new(0x5f00, 0, 0, 0, 0, 0, 0, 0), 16, "segment routing"),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, "unique local"),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, "link local"),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, "site local"),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, "multicast"),
];

/// What a special address is for; `None` for a public one. Of IPv6 only global unicast (`2000::/3`) is ever public, so that a range that is
/// assigned tomorrow is refused today.
pub(crate) fn purpose(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => IPV4.iter().find(|(first, prefix, _)| v4.to_bits() & mask4(*prefix) == first.to_bits()).map(|r| r.2),
        IpAddr::V6(v6) => {
            let named = IPV6.iter().find(|(first, prefix, _)| v6.to_bits() & mask6(*prefix) == first.to_bits()).map(|r| r.2);
            named.or((v6.to_bits() >> 125 != 1).then_some("not global unicast"))
        }
    }
}

const fn mask4(prefix: u8) -> u32 {
    u32::MAX << (32 - prefix)
}

const fn mask6(prefix: u8) -> u128 {
    u128::MAX << (128 - prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_special_range_is_refused_from_its_first_address_to_its_last() {
        for (first, prefix, what) in IPV4 {
            assert_eq!(first.to_bits() & mask4(*prefix), first.to_bits(), "{what}");
            for address in [*first, Ipv4Addr::from_bits(first.to_bits() | !mask4(*prefix))] {
                assert_eq!(purpose(address.into()), Some(*what), "{address}");
            }
        }
        for (first, prefix, what) in IPV6 {
            assert_eq!(first.to_bits() & mask6(*prefix), first.to_bits(), "{what}");
            for address in [*first, Ipv6Addr::from_bits(first.to_bits() | !mask6(*prefix))] {
                assert!(purpose(address.into()).is_some(), "{address}");
            }
        }
    }

    #[test]
    fn the_neighbours_of_special_ranges_are_public() {
        for public in [
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "168.63.129.17",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "191.255.255.255",
            "192.0.1.0",
            "192.0.3.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "203.0.114.0",
            "223.255.255.255",
            "8.8.8.8",
            "2001:200::1",
            "2606:4700::1111",
            "2a00:1450:4001::1",
            "2001:db7::1",
            "2001:db9::1",
            "2003::1",
            "3fff:1000::1",
            "2620:4f:8001::1",
        ] {
            assert_eq!(purpose(public.parse().unwrap()), None, "{public}");
        }
    }

    #[test]
    fn what_is_not_global_unicast_is_refused_whether_it_has_a_name_or_not() {
        for special in [
            "::2",
            "::ffff:8.8.8.8",
            "::ffff:0:8.8.8.8",
            "::8.8.8.8",
            "64:ff9b::808:808",
            "64:ff9b:1::1",
            "200::1",
            "400::1",
            "1fff::1",
            "4000::1",
            "8000::1",
            "c000::1",
            "fbff::1",
            "fe00::1",
            "2001:0:1::1",
            "2001:10::1",
            "2001:1ff::1",
        ] {
            assert!(purpose(special.parse().unwrap()).is_some(), "{special}");
        }
    }
}
