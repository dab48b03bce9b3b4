//! Servers that drip, inflate and lie.

use std::{io::Write, time::Duration, time::Instant};

use flate2::{Compression, write::GzEncoder};
use wardgraph_egress::EgressError;

use crate::kit::{MOST, OPEN, PATIENCE, Play, World, whole};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn encoded(encoding: &str, body: &[u8]) -> Play {
    let head =
        format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-encoding: {encoding}\r\ncontent-length: {}\r\n\r\n", body.len());
    whole([head.as_bytes(), body].concat())
}

fn endless(first: &str, again: impl Into<Vec<u8>>, pause_ms: u64) -> Play {
    Play::Endless(first.as_bytes().to_vec(), again.into(), Duration::from_millis(pause_ms))
}

const OK: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\n";
const LARGE: EgressError = EgressError::Large { most: MOST };

/// What a server does, and what comes of it.
pub(crate) fn lies() -> Vec<(&'static str, Play, EgressError)> {
    let bomb = gzip(&vec![0; 5_000_000]);
    let many_small: Vec<u8> = gzip(&vec![0; 10_000]).repeat(100);
    let lines = |lines: &str, body: &str| whole(format!("{OK}{lines}\r\n{body}"));
    vec![
        ("silence", Play::Silent, EgressError::Slow),
        ("a head that drips", endless("HTTP/1.1 200 OK\r\nx-a: ", "a", 20), EgressError::Slow),
        ("lines that drip", endless("HTTP/1.1 200 OK\r\n", "x-a: b\r\n", 20), EgressError::Slow),
        ("a body that drips", endless(&format!("{OK}\r\n"), "a", 20), EgressError::Slow),
        ("a body that rests", endless(&format!("{OK}\r\nbeginning"), "", 10_000), EgressError::Slow),
        (
            "a chunked body that drips",
            endless(&format!("{OK}transfer-encoding: chunked\r\n\r\n"), "1\r\na\r\n", 20),
            EgressError::Slow,
        ),
        ("interim answers without end", endless("", "HTTP/1.1 103 Early Hints\r\n\r\n", 1), EgressError::Slow),
        ("a body without end", endless(&format!("{OK}\r\n"), vec![b'a'; 65_536], 0), LARGE),
        (
            "chunks without end",
            endless(&format!("{OK}transfer-encoding: chunked\r\n\r\n"), format!("4000\r\n{}\r\n", "a".repeat(0x4000)), 0),
            LARGE,
        ),
        ("an announced size", lines("content-length: 99999999999\r\n", "small"), LARGE),
        ("one byte too much", lines("", &"a".repeat(MOST + 1)), LARGE),
        ("a bomb", encoded("gzip", &bomb), LARGE),
        ("a bomb of many members", encoded("gzip", &many_small), LARGE),
        ("a bomb by another name", encoded("X-GZIP", &bomb), LARGE),
        ("a bomb in a bomb", encoded("gzip, gzip", &gzip(&bomb)), EgressError::Encoding),
        ("deflate, which was not asked for", encoded("deflate", b"x"), EgressError::Encoding),
        ("br, which was not asked for", encoded("br", b"x"), EgressError::Encoding),
        ("no gzip", encoded("gzip", b"this is no gzip at all"), EgressError::Encoding),
        ("half a gzip", encoded("gzip", &gzip(b"some text that is long enough")[..20]), EgressError::Encoding),
        ("two encodings in two lines", lines("content-encoding: gzip\r\ncontent-encoding: gzip\r\n", "x"), EgressError::Encoding),
        ("less than announced", lines("content-length: 100\r\n", "short"), EgressError::Broken),
        ("two lengths", lines("content-length: 5\r\ncontent-length: 6\r\n", "hello!"), EgressError::Broken),
        ("a negative length", lines("content-length: -5\r\n", "hello"), EgressError::Broken),
        ("a length that is no number", lines("content-length: five\r\n", "hello"), EgressError::Broken),
        ("a length beyond counting", lines("content-length: 99999999999999999999999\r\n", "hello"), EgressError::Broken),
        ("a chunk without a size", lines("transfer-encoding: chunked\r\n", "zz\r\nhello\r\n0\r\n\r\n"), EgressError::Broken),
        ("a chunk that ends early", lines("transfer-encoding: chunked\r\n", "ff\r\nhello"), EgressError::Broken),
        ("a chunk of all the memory", lines("transfer-encoding: chunked\r\n", "fffffffffffffffff\r\nhello"), EgressError::Broken),
        ("a folded line", lines("x-a: b\r\n c\r\n", "hello"), EgressError::Broken),
        ("a line with a space before its colon", lines("x-a : b\r\n", "hello"), EgressError::Broken),
        ("a line with a zero byte", lines("x-a: \0\r\n", "hello"), EgressError::Broken),
        ("an endless head", endless("HTTP/1.1 200 OK\r\nx-a: ", vec![b'a'; 65_536], 0), EgressError::Broken),
        ("a thousand lines", lines(&"x-a: b\r\n".repeat(1_000), "hello"), EgressError::Broken),
        ("no HTTP", whole("SSH-2.0-OpenSSH_9.9\r\n\r\n"), EgressError::Broken),
        ("no head, as in 0.9", whole("hello\r\n\r\n"), EgressError::Broken),
        ("another version", whole("HTTP/3.7 200 OK\r\n\r\nhello"), EgressError::Broken),
        (
            "an upgrade that nobody asked for",
            whole("HTTP/1.1 101 X\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"),
            EgressError::Broken,
        ),
        ("nothing", whole(""), EgressError::Broken),
    ]
}

#[tokio::test]
async fn fault_19_nothing_comes_through_of_what_drips_inflates_and_lies() {
    let world = World::new().await;
    for (what, play, expected) in lies() {
        world.play("/lie", play);
        let began = Instant::now();
        assert_eq!(world.get(&world.client(), &format!("http://{OPEN}:PORT/lie")).await, Err(expected), "{what}");
        assert!(began.elapsed() < PATIENCE * 3, "{what} took {:?}", began.elapsed());
    }
}

#[tokio::test]
async fn what_follows_an_answer_is_not_taken_for_the_next() {
    let world = World::new().await;
    let smuggled = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecret";
    world.play("/first", whole(smuggled));
    let client = world.client();
    for path in ["/first", "/", "/first", "/"] {
        assert_eq!(world.get(&client, &format!("http://{OPEN}:PORT{path}")).await.as_deref(), Ok("hello"), "{path}");
    }
}
