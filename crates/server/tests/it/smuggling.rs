//! Requests that two readers could take apart differently, sent over a real socket: refused with a document, and never is a second
//! request answered where one was meant.

use std::time::Duration;

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use wardgraph_testkit::App;

/// What the server answers to these bytes, sent in pieces of this length: everything until it closes the connection or is silent.
async fn answers(app: &App, bytes: &[u8], piece: usize) -> String {
    let mut stream = TcpStream::connect(app.base.trim_start_matches("http://")).await.unwrap();
    stream.set_nodelay(true).unwrap();
    for piece in bytes.chunks(piece) {
        // A refusal may come before everything was sent.
        if stream.write_all(piece).await.is_err() {
            break;
        }
        if piece.len() < bytes.len() {
            tokio::task::yield_now().await;
        }
    }
    let (mut answer, mut read) = (Vec::new(), vec![0; 64 << 10]);
    while let Ok(Ok(length)) = tokio::time::timeout(Duration::from_millis(1_500), stream.read(&mut read)).await {
        if length == 0 {
            break;
        }
        answer.extend_from_slice(&read[..length]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

fn statuses(answer: &str) -> Vec<u16> {
    // A problem's detail may speak of HTTP/1.1 too, without a status behind it.
    answer.split("HTTP/1.1 ").skip(1).filter_map(|answer| answer.get(..3)?.parse().ok()).collect()
}

/// The one answer there is: a refusal that says why, and closes.
fn refusal(answer: &str, what: &str) -> u16 {
    let statuses = statuses(answer);
    assert_eq!(statuses.len(), 1, "{what}: {answer}");
    assert!(matches!(statuses[0], 400 | 408 | 431), "{what}: {answer}");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let head = head.to_lowercase();
    for header in
        ["content-type: application/problem+json", "connection: close", "x-request-id: ", "x-content-type-options: nosniff"]
    {
        assert!(head.contains(header), "{what}: no `{header}` in {head}");
    }
    let problem: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{what}: {body}"));
    assert_eq!(problem["status"], statuses[0], "{what}");
    assert!(problem["detail"].is_string() && problem["request_id"].is_string(), "{what}: {body}");
    statuses[0]
}

const HIDDEN: &str = "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n";

/// Requests in which one reader sees the hidden one, and another does not.
fn smuggled() -> Vec<(String, String)> {
    let mut cases = Vec::new();
    let mut case = |name: &str, text: String| cases.push((name.to_owned(), text));
    let post = |headers: &str, body: &str| format!("POST /search HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n{body}{HIDDEN}");
    for (name, headers) in [
        ("the same length twice", "Content-Length: 4\r\nContent-Length: 4"),
        ("two lengths", "Content-Length: 4\r\nContent-Length: 43"),
        ("two lengths, the other way", "Content-Length: 43\r\nContent-Length: 4"),
        ("a list of lengths", "Content-Length: 4, 43"),
        ("a signed length", "Content-Length: +4"),
        ("a negative length", "Content-Length: -4"),
        ("a length in hex", "Content-Length: 0x4"),
        ("a length with a space in it", "Content-Length: 4 3"),
        ("a length with a dot", "Content-Length: 4.0"),
        ("no length", "Content-Length: "),
        ("a length beyond all", "Content-Length: 18446744073709551620"),
        ("a length behind a space", "Content-Length : 4"),
        ("a length behind a tab", "Content-Length\t: 4"),
        ("a length on a folded line", "Content-Length:\r\n 4"),
        ("a folded header", "X: a\r\n Content-Length: 4"),
        ("a header folded by a tab", "X: a\r\n\tb\r\nContent-Length: 4"),
        ("a first header behind a space", " X: a\r\nContent-Length: 4"),
        ("a bare line feed", "X: a\nContent-Length: 4"),
        ("a bare carriage return", "X: a\rContent-Length: 4"),
        ("a NUL in a value", "X: a\0b\r\nContent-Length: 4"),
        ("a NUL in a name", "X\0: a\r\nContent-Length: 4"),
        ("a header without a colon", "X\r\nContent-Length: 4"),
        ("a header without a name", ": x\r\nContent-Length: 4"),
        ("a name that is no token", "X(y): a\r\nContent-Length: 4"),
        ("a name beyond ASCII", "Ⅹ: a\r\nContent-Length: 4"),
        ("two hosts", "Host: y\r\nContent-Length: 4"),
    ] {
        case(name, post(headers, "{}{}"));
    }
    for (name, headers) in [
        ("both framings", "Content-Length: 4\r\nTransfer-Encoding: chunked"),
        ("both framings, the other way", "Transfer-Encoding: chunked\r\nContent-Length: 4"),
        ("chunked twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
        ("chunked and something else", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"),
        ("something else and chunked", "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked"),
        ("a list of codings", "Transfer-Encoding: gzip, chunked"),
        ("chunked not last", "Transfer-Encoding: chunked, identity"),
        ("no coding", "Transfer-Encoding: "),
        ("an unknown coding", "Transfer-Encoding: xchunked"),
        ("chunked in quotes", "Transfer-Encoding: \"chunked\""),
        ("chunked behind a vertical tab", "Transfer-Encoding: \u{b}chunked"),
        ("chunked behind a space", "Transfer-Encoding : chunked"),
        ("chunked on a folded line", "Transfer-Encoding:\r\n chunked"),
        ("chunked behind a bare line feed", "X: a\nTransfer-Encoding: chunked"),
        ("chunked behind a bare carriage return", "X: a\rTransfer-Encoding: chunked"),
    ] {
        case(name, post(headers, "0\r\n\r\n"));
    }
    case(
        "chunked in HTTP/1.0",
        format!("POST /search HTTP/1.0\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n0\r\n\r\n{HIDDEN}"),
    );
    case("no host", format!("GET /health/live HTTP/1.1\r\n\r\n{HIDDEN}"));
    case("no version", format!("GET /health/live\r\n\r\n{HIDDEN}"));
    for line in [
        "GET /health/live HTTP/1.1 x",
        "GET  /health/live HTTP/1.1",
        "GET\t/health/live\tHTTP/1.1",
        "GET /health/live HTTP/2.0",
        "GET /health/live HTTP/1.2",
        "GET /health/live HTTP/0.9",
        "GET /health/live http/1.1",
        "G:T /health/live HTTP/1.1",
        "GET /health\\live\u{e9} HTTP/1.1",
        "GET health/live HTTP/1.1",
        "CONNECT x:80 HTTP/1.1",
        "GET //x@y\u{7f} HTTP/1.1",
        "PRI * HTTP/2.0",
        "GET /health/live\rX HTTP/1.1",
        "GET /health/live#x HTTP/1.1",
    ] {
        case(line, format!("{line}\r\nHost: x\r\n\r\n{HIDDEN}"));
    }
    cases
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_could_be_read_in_two_ways_is_refused_and_nothing_behind_it_is_read() {
    let app = App::start().await;
    let each = smuggled().into_iter().map(async |(name, text)| {
        assert_eq!(refusal(&answers(&app, text.as_bytes(), text.len()).await, &name), 400, "{name}");
        // In pieces, HTTP's own parser may see what is wrong first, and says so in fewer words.
        for piece in [1, 7, 40] {
            let statuses = statuses(&answers(&app, text.as_bytes(), piece).await);
            assert!(matches!(statuses[..], [400..=499]), "{name} in pieces of {piece}: {statuses:?}");
        }
    });
    futures_util::future::join_all(each).await;
    app.stranger().get("/health/live").await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_badly_chunked_is_the_last_thing_read() {
    let app = App::start().await;
    let token = app.owner("tenant-a").token.unwrap();
    let head = format!("POST /search HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nTransfer-Encoding: chunked\r\n\r\n");
    let each = [
        "\r\n",
        "x\r\n",
        "-1\r\n",
        "+2\r\n{}\r\n0\r\n\r\n",
        "0x2\r\n{}\r\n0\r\n\r\n",
        "2\n{}\r\n0\r\n\r\n",
        "2\r\n{}\n0\r\n\r\n",
        "2\r\n{}0\r\n\r\n",
        "1\r\n{}\r\n0\r\n\r\n",
        "3\r\n{}\r\n0\r\n\r\n",
        "2;x\ny\r\n{}\r\n0\r\n\r\n",
        "2\r\n{}\r\n0\n\n",
        "2\r\n{}\r\n0\r\nx\n\r\n",
        "2\r\r\n{}\r\n0\r\n\r\n",
        " 2\r\n{}\r\n0\r\n\r\n",
        "ffffffffffffffff2\r\n{}\r\n0\r\n\r\n",
        "2 \r\n{}\r\n0\r\n\r\n",
    ]
    .map(async |body| {
        for piece in [usize::MAX, 1, 5] {
            let answer = answers(&app, format!("{head}{body}{HIDDEN}").as_bytes(), piece).await;
            refusal(&answer, &format!("{body:?} in pieces of {piece}"));
        }
    });
    futures_util::future::join_all(each).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn good_requests_on_one_connection_are_answered_one_by_one_until_a_bad_one() {
    let app = App::start().await;
    let token = app.owner("tenant-a").token.unwrap();
    let bearer = format!("Host: x\r\nAuthorization: Bearer {token}\r\n");
    let created = r#"{"classes": ["A"], "props": {"text": "GET / HTTP/1.1\r\nHost: x"}}"#;
    let good = [
        HIDDEN.to_owned(),
        format!("POST /nodes HTTP/1.1\r\n{bearer}Content-Length: {}\r\n\r\n{created}", created.len()),
        format!("\r\n\r\nPOST /nodes HTTP/1.1\r\n{bearer}Transfer-Encoding: chunked\r\n\r\n{:x};a=b\r\n{created}\r\n0\r\nX: y\r\n\r\n", created.len()),
        format!("GET http://x/nodes?limit=1 HTTP/1.1\r\n{bearer}Content-Length: 0\r\n\r\n"),
        HIDDEN.to_owned(),
    ]
    .concat();
    for piece in [usize::MAX, 1, 3, 100] {
        let answer = answers(&app, good.as_bytes(), piece).await;
        assert_eq!(statuses(&answer), [200, 201, 201, 200, 200], "in pieces of {piece}: {answer}");
        // The answer to the bad one comes last: it is nobody else's.
        let bad = format!("{good}GET / HTTP/1.1\r\nHost: x\r\nX : y\r\n\r\n{HIDDEN}");
        let answer = answers(&app, bad.as_bytes(), piece).await;
        assert_eq!(statuses(&answer), [200, 201, 201, 200, 200, 400], "in pieces of {piece}: {answer}");
    }
}

#[tokio::test]
async fn a_head_that_is_too_large_is_told_so() {
    let app = App::start().await;
    let many: String = (0..101).map(|n| format!("X-{n}: y\r\n")).collect();
    for (name, head) in [
        ("a long target", format!("GET /{} HTTP/1.1\r\n", "x".repeat(40_000))),
        ("a long value", format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "x".repeat(40_000))),
        ("a line without end", "x".repeat(100_000)),
        ("many headers", format!("GET / HTTP/1.1\r\nHost: x\r\n{many}\r\n")),
        ("empty lines", "\r\n".repeat(40_000)),
    ] {
        assert_eq!(refusal(&answers(&app, head.as_bytes(), usize::MAX).await, name), 431, "{name}");
    }
    let fits = format!("GET /health/live HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "x".repeat(30_000));
    assert_eq!(statuses(&answers(&app, fits.as_bytes(), usize::MAX).await), [200]);
}
