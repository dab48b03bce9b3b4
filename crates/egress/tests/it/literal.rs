//! Hosts that are written as what they are.

use wardgraph_egress::{AddressError, EgressError};

use crate::kit::World;

/// Addresses of no public host, each in a spelling that is read.
pub(crate) const SPECIAL: &[&str] = &[
    "http://127.0.0.1:PORT/",
    "http://127.0.0.3:PORT/",
    "http://127.255.255.254:PORT/",
    "http://localhost-is-not-special-but-this-is.127.0.0.1.example:PORT/",
    "http://0.0.0.0:PORT/",
    "http://0.1.2.3:PORT/",
    "http://10.0.0.1:PORT/",
    "http://100.64.0.1:PORT/",
    "http://100.100.100.200:PORT/latest/meta-data",
    "http://168.63.129.16:PORT/machine",
    "http://169.254.169.254:PORT/latest/meta-data",
    "http://169.254.170.2:PORT/v2/credentials",
    "http://172.16.0.1:PORT/",
    "http://172.31.255.255:PORT/",
    "http://192.0.0.1:PORT/",
    "http://192.0.0.8:PORT/",
    "http://192.0.0.192:PORT/",
    "http://192.0.2.1:PORT/",
    "http://192.88.99.1:PORT/",
    "http://192.168.0.1:PORT/",
    "http://198.18.0.1:PORT/",
    "http://198.51.100.1:PORT/",
    "http://203.0.113.1:PORT/",
    "http://224.0.0.1:PORT/",
    "http://240.0.0.1:PORT/",
    "http://255.255.255.255:PORT/",
    "http://[::]:PORT/",
    "http://[::1]:PORT/",
    "http://[0:0:0:0:0:0:0:1]:PORT/",
    "http://[::127.0.0.1]:PORT/",
    "http://[::ffff:127.0.0.1]:PORT/",
    "http://[::ffff:7f00:1]:PORT/",
    "http://[::ffff:127.0.0.2]:PORT/",
    "http://[0:0:0:0:0:ffff:a9fe:a9fe]:PORT/",
    "http://[::ffff:0:127.0.0.1]:PORT/",
    "http://[64:ff9b::127.0.0.1]:PORT/",
    "http://[64:ff9b::a9fe:a9fe]:PORT/",
    "http://[64:ff9b:1::1]:PORT/",
    "http://[100::1]:PORT/",
    "http://[2001::1]:PORT/",
    "http://[2001:0:7f00:1::]:PORT/",
    "http://[2001:2::1]:PORT/",
    "http://[2001:db8::1]:PORT/",
    "http://[2002:7f00:1::]:PORT/",
    "http://[2002:a9fe:a9fe::]:PORT/",
    "http://[3fff::1]:PORT/",
    "http://[fc00::1]:PORT/",
    "http://[fd00:ec2::254]:PORT/latest/meta-data",
    "http://[fe80::1]:PORT/",
    "http://[fec0::1]:PORT/",
    "http://[ff02::1]:PORT/",
    "http://[4000::1]:PORT/",
];

/// Spellings that are not read at all.
pub(crate) const ODD: &[&str] = &[
    "http://2130706433:PORT/",
    "http://0x7f000001:PORT/",
    "http://017700000001:PORT/",
    "http://0x7f.0.0.1:PORT/",
    "http://0177.0.0.1:PORT/",
    "http://127.1:PORT/",
    "http://127.0.1:PORT/",
    "http://0:PORT/",
    "http://127.0.0.1.:PORT/",
    "http://127.000.000.001:PORT/",
    "http://%31%32%37%2e0%2e0%2e1:PORT/",
    "http://\u{ff11}\u{ff12}\u{ff17}.\u{ff10}.\u{ff10}.\u{ff11}:PORT/",
    "http://\u{2460}\u{2461}\u{2466}.0.0.1:PORT/",
    "http://127\u{3002}0\u{3002}0\u{3002}1:PORT/",
    "http://[::1%25lo]:PORT/",
    "http://[fe80::1%eth0]:PORT/",
    "http://127.0.0.2:PORT@127.0.0.1:PORT/",
    "http://user:secret@127.0.0.2:PORT/",
    "http://127.0.0.2\\@127.0.0.1:PORT/",
    "http://127.0.0.2:PORT\t@127.0.0.1/",
    "http:\\\\127.0.0.1:PORT/",
    "http://127.0.0.\n1:PORT/",
    "ftp://127.0.0.2:PORT/",
    "file:///etc/passwd",
    "gopher://127.0.0.2:PORT/_GET",
    "unix:///var/run/docker.sock",
    "jar:http://127.0.0.2:PORT/!/",
    "//127.0.0.2:PORT/",
    "127.0.0.2:PORT",
];

/// Ports that nobody named, on the host that is open.
pub(crate) const PORTS: &[&str] =
    &["http://127.0.0.2:22/", "http://127.0.0.2:25/", "http://127.0.0.2:5432/", "https://127.0.0.2:6379/", "http://127.0.0.2:0/"];

#[tokio::test]
async fn fault_18_no_special_address_is_reached() {
    let world = World::new().await;
    world.name("localhost-is-not-special-but-this-is.127.0.0.1.example", vec![crate::kit::are(&["127.0.0.1"])]);
    let client = world.client();
    for case in SPECIAL {
        let outcome = world.get(&client, case).await;
        assert!(matches!(outcome, Err(EgressError::Special(_))), "{case}: {outcome:?}");
    }
    assert_eq!((world.trespasses(), world.heads.lock().unwrap().len()), (0, 0));
}

#[tokio::test]
async fn no_odd_spelling_is_read() {
    let world = World::new().await;
    let client = world.client();
    for case in ODD {
        let outcome = world.get(&client, case).await;
        assert!(matches!(outcome, Err(EgressError::Address(_))), "{case:?}: {outcome:?}");
    }
    assert_eq!((world.trespasses(), world.heads.lock().unwrap().len()), (0, 0));
    assert_eq!(world.get(&client, "http://a:b@127.0.0.2:PORT/").await, Err(AddressError::Credentials.into()));
}

#[tokio::test]
async fn no_port_is_reached_that_nobody_named() {
    let world = World::new().await;
    for case in PORTS {
        assert_eq!(world.get(&world.client(), case).await, Err(EgressError::Port), "{case}");
    }
}
