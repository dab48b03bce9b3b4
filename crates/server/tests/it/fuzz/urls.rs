//! Addresses to ask: one that is taken has one host for every reader, and none that is special is connected to.

use std::{net::IpAddr, time::Duration};

use proptest::{prelude::*, test_runner::TestCaseError};
use wardgraph_egress::{Address, Client, Egress, EgressError, Names, Request, Rules};

use super::{
    fuzz,
    mangle::{corpus, mangled},
};

const WORDS: &[&str] = &[
    "http://",
    "https://",
    "//",
    "@",
    ":",
    "#",
    "?",
    "/",
    "\\",
    "[",
    "]",
    "%",
    "%00",
    "%2e",
    "%40",
    "\0",
    "\t",
    "\n",
    " ",
    ".",
    "..",
    "0x",
    "0",
    "00",
    "127.0.0.1",
    "0x7f",
    "017700000001",
    "2130706433",
    "169.254.169.254",
    "[::1]",
    "::ffff:",
    "64:ff9b::",
    "2002:7f00:1::",
    "1.1",
    "localhost",
    "\u{3002}",
    "\u{ff11}",
    "\u{2460}",
    "\u{200d}",
    "\u{ad}",
    "\u{df}",
    "xn--",
    "%25eth0",
    ":80",
    ":0",
    ":65536",
    "user:pw@",
];

#[test]
fn a_mangled_address_is_refused_or_has_one_host_that_is_no_special_one() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let client = {
        let _context = runtime.enter();
        // Nobody is there to be asked for names; addresses in digits need nobody.
        let egress = Egress::new(Names::Server("127.0.0.1:1".parse().unwrap()), None).unwrap();
        egress.client(Rules::tenant(None), Duration::from_secs(1))
    };
    fuzz("tests/corpus/found/urls.txt", &mangled(corpus("urls"), WORDS), |bytes| {
        let text = String::from_utf8_lossy(&bytes);
        let Ok(address) = Address::parse(&text) else { return Ok(()) };
        has_one_host(&address)?;
        match address.host().parse() {
            Ok(ip) if is_special(ip) => runtime.block_on(is_not_connected_to(&client, &address)),
            _ => Ok(()),
        }
    });
}

fn has_one_host(address: &Address) -> Result<(), TestCaseError> {
    let text = address.as_str();
    let again = Address::parse(text);
    prop_assert_eq!(again.as_ref().map(Address::as_str), Ok(text), "it is read as it is spelled");
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    prop_assert!(text.is_ascii() && !text.contains([' ', '\\', '#']) && rest.is_some(), "{}", text);
    let authority = rest.unwrap().split(['/', '?']).next().unwrap();
    let host = match authority.strip_prefix('[') {
        Some(six) => six.split_once(']').unwrap().0,
        None => authority.split(':').next().unwrap(),
    };
    prop_assert_eq!(host, address.host(), "the simplest reader finds the same host");
    let last = host.rsplit('.').next().unwrap();
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit())
        || last.strip_prefix("0x").is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    // What the C library would take for an address in digits (`inet_aton`) is one in the usual spelling.
    prop_assert!(!is_number || host.parse::<IpAddr>().is_ok_and(|ip| ip.to_string() == host), "{}", host);
    prop_assert!(!host.is_empty() && !host.ends_with('.') && !host.contains(['%', '@']), "{}", host);
    Ok(())
}

async fn is_not_connected_to(client: &Client, address: &Address) -> Result<(), TestCaseError> {
    let brief = Duration::from_secs(5);
    let refusal = client.send(Request::get(address.clone(), brief, brief)).await.map(|answer| answer.status);
    prop_assert!(matches!(refusal, Err(EgressError::Special(_) | EgressError::Port)), "{:?}: {:?}", address, refusal);
    Ok(())
}

/// What the standard library knows of, and the spellings of IPv4 within IPv6: an opinion of its own on what may never be reached.
fn is_special(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            let first = v4.octets()[0];
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_documentation()
                || v4.is_multicast()
                || first == 0
                || first >= 240
        }
        IpAddr::V6(v6) => {
            let carried = v6.to_ipv4().or_else(|| match v6.segments() {
                [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
                    Some(((u32::from(high) << 16) | u32::from(low)).into())
                }
                _ => None,
            });
            carried.is_some()
                || v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
        }
    }
}
