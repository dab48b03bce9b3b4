//! What passes.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use wardgraph_egress::{EgressError, Request, Rules};

use crate::kit::{MOST, OPEN, PATIENCE, World, are, ok, whole};

/// Addresses that are asked, and answer.
pub(crate) const PASSES: &[&str] = &[
    "http://127.0.0.2:PORT/",
    "http://127.0.0.2:PORT",
    "http://127.0.0.2:PORT/#fragment",
    "HTTP://127.0.0.2:PORT/",
    "http://open.test:PORT/",
    "http://OPEN.test:PORT/",
    "http://open.test.:PORT/",
    "http://twice.test:PORT/",
    "http://alias.test:PORT/",
    "http://b\u{fc}cher.test:PORT/",
    "http://xn--bcher-kva.test:PORT/",
    "http://under_score.test:PORT/",
    "http://127.0.0.2:PORT/gzip",
    "http://127.0.0.2:PORT/members",
    "http://127.0.0.2:PORT/chunked",
    "http://127.0.0.2:PORT/until-the-end",
    "http://127.0.0.2:PORT/interim",
    "http://127.0.0.2:PORT/redirect",
    "http://127.0.0.2:PORT/elsewhere",
    "http://127.0.0.2:PORT/identity",
];

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn what_is_allowed_passes() {
    let world = World::new().await;
    for name in ["open.test", "xn--bcher-kva.test", "under_score.test"] {
        world.name(name, vec![are(&[OPEN])]);
    }
    world.name("twice.test", vec![are(&[OPEN, OPEN])]);
    world.name("alias.test", vec![crate::kit::Says::Alias("open.test", vec![OPEN.parse().unwrap()])]);
    let head = "HTTP/1.1 200 OK\r\nconnection: close\r\n";
    let zipped = |body: Vec<u8>| whole([format!("{head}content-encoding: gzip\r\n\r\n").as_bytes(), &body].concat());
    world.play("/gzip", zipped(gzip("hello")));
    world.play("/members", zipped([gzip("hel"), gzip("lo")].concat()));
    world.play(
        "/chunked",
        whole(format!("{head}transfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nx-trailer: y\r\n\r\n")),
    );
    world.play("/until-the-end", whole(format!("{head}\r\nhello")));
    world.play("/identity", whole(format!("{head}content-encoding: identity\r\n\r\nhello")));
    world.play("/interim", whole(format!("HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n{head}\r\nhello")));
    world.play("/redirect", whole("HTTP/1.1 307 X\r\nconnection: close\r\nlocation: /\r\n\r\n"));
    world
        .play("/elsewhere", whole(world.text("HTTP/1.1 302 X\r\nconnection: close\r\nlocation: http://open.test:PORT/\r\n\r\n")));
    let client = world.client();
    for case in PASSES {
        assert_eq!(world.get(&client, case).await.as_deref(), Ok("hello"), "{case}");
    }
    world.play("/full", whole(format!("{head}\r\n{}", "a".repeat(MOST))));
    assert_eq!(world.get(&client, &format!("http://{OPEN}:PORT/full")).await.map(|text| text.len()), Ok(MOST));
    assert_eq!(world.trespasses(), 0);
}

#[tokio::test]
async fn the_operator_may_name_a_host_or_a_range_and_a_tenant_may_not() {
    let world = World::new().await;
    world.name("models.test", vec![are(&["127.0.0.1"])]);
    let named = world.address("http://models.test:PORT/");
    let client = |rules| world.egress().client(rules, PATIENCE);
    let reached = async |rules| world.get(&client(rules), "http://models.test:PORT/").await;
    assert_eq!(reached(Rules::operator([&named], &[])).await.as_deref(), Ok("secret"));
    assert_eq!(
        reached(Rules::operator([&world.address("http://127.0.0.2:PORT/")], &["127.0.0.0/24".parse().unwrap()])).await.as_deref(),
        Ok("secret")
    );
    assert_eq!(
        reached(Rules::operator([&world.address("http://127.0.0.2:PORT/")], &["models.test".parse().unwrap()])).await.as_deref(),
        Ok("secret")
    );
    let before = world.trespasses();
    assert_eq!(
        reached(Rules::operator([&world.address("http://127.0.0.2:PORT/")], &[])).await,
        Err(EgressError::Special("loopback"))
    );
    assert_eq!(reached(Rules::tenant(None)).await, Err(EgressError::Port));
    assert_eq!(world.get(&client(Rules::tenant(None)), "http://models.test/").await, Err(EgressError::Special("loopback")));
    assert_eq!(
        world.get(&client(Rules::tenant(Some(vec!["example.com".into()]))), "http://models.test/").await,
        Err(EgressError::Host)
    );
    assert_eq!(world.trespasses(), before);
}

#[tokio::test]
async fn a_request_says_what_it_must_and_no_more() {
    let world = World::new().await;
    world.play("/x", ok("x"));
    let request = Request::post_json(world.address(&format!("http://{OPEN}:PORT/x?y=z")), b"{}".to_vec(), PATIENCE, PATIENCE);
    assert_eq!(world.client().send(request).await.unwrap().status.as_u16(), 200);
    let head = world.heads.lock().unwrap()[0].clone();
    let mut lines: Vec<_> = head.split("\r\n").filter(|line| !line.is_empty()).collect();
    lines.sort_unstable();
    let host = format!("host: {OPEN}:{}", world.port);
    let expected = [
        "accept-encoding: gzip",
        "content-length: 2",
        "content-type: application/json",
        &host,
        "post /x?y=z http/1.1",
        "user-agent: wardgraph",
    ];
    assert_eq!(lines.iter().filter(|line| **line != "{}").copied().collect::<Vec<_>>(), expected);
}
