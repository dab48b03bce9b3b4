//! Requests: to every endpoint of the table, with its own sample and its own parameters mangled. Whatever comes is answered, by the whole
//! server over a real database, with what was asked or with a problem document that says why not.

use std::cell::RefCell;

use axum::{body::Body, extract::Request};
use http::header;
use proptest::{prelude::*, sample::Index};
use wardgraph_api::{
    describe::Known,
    table::{Row, rows},
};
use wardgraph_kernel::By;
use wardgraph_testkit::{App, Caller};

use super::{
    fuzz,
    mangle::{corpus, mangled},
};
use crate::hostile::{operation, place};

const WORDS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "null",
    "true",
    "-",
    "1e400",
    "1e-400",
    "18446744073709551616",
    "-9223372036854775809",
    "0.1234567890123456789",
    "\\u0000",
    "\\ud800",
    "\\ud83d\\ude00",
    "\u{202e}",
    "\u{301}",
    "\u{feff}",
    "\0",
    "\n",
    "<script>",
    "<img src=x onerror=x()>",
    "javascript:x",
    "'; --",
    "%00",
    "$1",
    "\"tenant_id\":\"tenant-b\"",
    "\"tenant_id\":\"*\"",
    "\"classes\":[\"A\"]",
    "\"props\":{}",
    "\"metadata\":{}",
    "\"vector\":[1e39]",
    "\"top_k\":0",
    "\"filter\":{}",
    "\"external_id\":\"x\"",
    "\"rel\":\"R\"",
    "\"version\":1",
    "\"no_such\":1",
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
    "&",
    "=",
    "?",
    "limit",
    "cursor",
    "order=desc",
    "shared=true",
    "props={}",
    "9999-12-31T23:59:59Z",
    "-009999-01-01T00:00:00Z",
    "0001-01-01T00:00:00Z",
];

/// A good query string of an endpoint, of every parameter that it has.
fn query(row: &Row, known: &Known) -> String {
    let operation = operation(row);
    let parameters = operation["parameters"].as_array().unwrap().iter().filter(|parameter| parameter["in"] == "query");
    let value = |name: &str| match name {
        "limit" | "max_depth" => "3".to_owned(),
        "node_id" | "request_id" => known.node.to_string(),
        "props" | "metadata" => "%7B%22a%22%3A%5B1%5D%7D".to_owned(),
        "on_conflict" => "ignore".to_owned(),
        "order" => "desc".to_owned(),
        "direction" => "out".to_owned(),
        "hard" | "shared" | "has_embedding" => "true".to_owned(),
        "embedding_status" => "queued".to_owned(),
        name if name.ends_with("_after") || name.ends_with("_before") => "2026-01-01T00%3A00%3A00Z".to_owned(),
        _ => "A".to_owned(),
    };
    let pairs = parameters.map(|parameter| parameter["name"].as_str().unwrap().to_owned());
    pairs.map(|name| format!("{name}={}", value(&name))).collect::<Vec<_>>().join("&")
}

/// As much of it as a request line may have.
fn in_a_line(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| if byte.is_ascii_graphic() && *byte != b'#' { char::from(*byte).to_string() } else { format!("%{byte:02x}") })
        .collect()
}

async fn ask(app: &App, caller: &Caller, row: &Row, target: &str, body: Vec<u8>) -> Result<u16, TestCaseError> {
    let mut request = Request::builder().method(row.spec.method.word()).uri(target);
    // A token, or for a page what a browser sends.
    for (name, value) in caller.request(row.spec.method.word(), row.spec.path).build().unwrap().headers() {
        request = request.header(name, value);
    }
    // What is no target at all never reaches the server.
    let Ok(request) = request.body(Body::from(body)) else { return Ok(0) };
    let answer = app.api.answer("127.0.0.1".parse().unwrap(), request);
    let response = tokio::time::timeout(std::time::Duration::from_secs(60), answer).await;
    let response = response.map_err(|_| TestCaseError::fail(format!("no answer to {target:.200}")))?;
    let status = response.status().as_u16();
    prop_assert!(response.headers().contains_key("x-request-id"));
    prop_assert!(status < 500, "{status} to {} {target:.200}", row.spec.id);
    let is_page = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "text/html; charset=utf-8");
    if status >= 400 && !(is_page && row.spec.is_page()) {
        let kind = response.headers()[header::CONTENT_TYPE].to_str().unwrap().to_owned();
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
        // Clients are refused in the words of RFC 6749, section 5.2.
        let told = if row.spec.by == By::Client {
            kind == "application/json" && problem["error"].is_string()
        } else {
            kind == "application/problem+json" && problem["detail"].is_string() && problem["status"] == status
        };
        prop_assert!(told && body.len() < 20_000, "{kind} {problem}");
    }
    Ok(status)
}

#[test]
fn every_endpoint_answers_whatever_comes() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let app = runtime.block_on(App::start());
    let owner = app.owner("tenant-a");
    let known = runtime.block_on(app.known(&owner));
    let renewed = RefCell::new((known.clone(), 0_u32));
    // Everything takes an id, a query or a body, or takes none and is told so.
    let all: Vec<&Row> = rows().collect();
    let bodies = all.iter().filter_map(|row| (row.sample)(&known)).map(|sample| sample.to_string().into_bytes());
    let bodies: Vec<_> = bodies.chain(corpus("requests")).collect();
    let queries: Vec<_> = all.iter().map(|row| query(row, &known).into_bytes()).collect();
    let ids =
        vec![known.node.to_string().into_bytes(), known.edge.to_string().into_bytes(), known.shared.to_string().into_bytes()];
    let strategy = (any::<Index>(), mangled(bodies, WORDS), mangled(queries, WORDS), mangled(ids, WORDS), 0_u8..8);
    let mut served = 0;
    fuzz("tests/corpus/found/requests.txt", &strategy, |(at, other_body, other_query, other_id, mangles)| {
        let (known, row) = (known_now(&runtime, &app, &owner, &renewed), *at.get(all.as_slice()));
        let path = if mangles & 1 == 0 {
            place(row, &known)
        } else {
            row.spec.path.replace("{id}", &in_a_line(&other_id)).replace("{user_id}", &in_a_line(&other_id))
        };
        let query = if mangles & 2 == 0 { String::new() } else { format!("?{}", in_a_line(&other_query)) };
        let takes_body = (row.shape)().body.is_some();
        let body = match (row.sample)(&known) {
            Some(sample) if mangles & 4 == 0 => sample.to_string().into_bytes(),
            _ if takes_body || mangles & 4 == 4 => other_body,
            _ => Vec::new(),
        };
        let status = runtime.block_on(ask(&app, &owner, row, &format!("{path}{query}"), body))?;
        served += u32::from((200..300).contains(&status));
        Ok(())
    });
    assert!(served > 10, "{served}: what was tried is too far from requests");
    runtime.block_on(async { drop(app) });
}

/// Things that exist: what was deleted on the way is made anew now and then.
fn known_now(runtime: &tokio::runtime::Runtime, app: &App, owner: &Caller, renewed: &RefCell<(Known, u32)>) -> Known {
    let (mut known, asked) = renewed.borrow().clone();
    if asked % 50 == 49 {
        known = runtime.block_on(app.known(owner));
    }
    renewed.replace((known.clone(), asked + 1));
    known
}

/// Each endpoint by itself, so that none is tried less than the others: its own sample, and its own query, mangled.
#[test]
fn each_endpoint_reads_its_own_input_mangled() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let app = runtime.block_on(App::start());
    let owner = app.owner("tenant-a");
    let known = runtime.block_on(app.known(&owner));
    let renewed = RefCell::new((known.clone(), 0));
    let inputs: Vec<_> = rows()
        .filter(|row| (row.shape)().body.is_some() || (row.shape)().query.is_some())
        .map(|row| {
            let sample = (row.sample)(&known).map(|sample| sample.to_string().into_bytes()).unwrap_or_default();
            let bodies = if sample.is_empty() { Just(sample).boxed() } else { mangled(vec![sample], WORDS).boxed() };
            (row, bodies, mangled(vec![query(row, &known).into_bytes(), Vec::new()], WORDS).boxed())
        })
        .collect();
    let all: Vec<_> =
        inputs.iter().enumerate().map(|(at, (_, bodies, queries))| (Just(at), bodies.clone(), queries.clone()).boxed()).collect();
    let strategy = proptest::strategy::Union::new(all);
    fuzz("tests/corpus/found/inputs.txt", &strategy, |(at, body, query)| {
        let (known, row) = (known_now(&runtime, &app, &owner, &renewed), inputs[at].0);
        let query = if (row.shape)().query.is_some() { format!("?{}", in_a_line(&query)) } else { String::new() };
        runtime.block_on(ask(&app, &owner, row, &format!("{}{query}", place(row, &known)), body)).map(|_| ())
    });
    runtime.block_on(async { drop(app) });
}
