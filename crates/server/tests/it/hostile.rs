//! Hostile input, to every endpoint of the table that takes any: refused with a problem document or served, never a 500, never a hang, and
//! a refusal changes nothing. Fields come from the API description, so that a new field is covered with no new test.

use std::{sync::LazyLock, time::Duration};

use futures_util::{StreamExt, stream};
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wardgraph_api::{
    describe::Known,
    table::{Row, rows},
};
use wardgraph_testkit::{App, Caller, Reply, presenting};

const HOLE: &str = "@@HOLE@@";

/// Sends, and holds the answer to what every answer keeps: it comes, and it is a success or a refusal that says why.
pub(crate) async fn ask(request: reqwest::RequestBuilder, what: &str) -> Reply {
    let path = request.try_clone().unwrap().build().unwrap().url().path().to_owned();
    let reply = tokio::time::timeout(Duration::from_secs(60), Reply::of(request)).await;
    let reply = reply.unwrap_or_else(|_| panic!("no answer to {what}"));
    decent(reply, what, rows().any(|row| row.spec.is_for_clients() && is_at(row, &path)))
}

fn is_at(row: &Row, path: &str) -> bool {
    let (parts, given) = (row.spec.path.split('/'), path.split('/'));
    let is_at = |(part, given): (&str, &str)| part == given || part.starts_with('{') && !given.is_empty();
    parts.clone().count() == given.clone().count() && parts.zip(given).all(is_at)
}

fn decent(reply: Reply, what: &str, is_for_clients: bool) -> Reply {
    let status = reply.status.as_u16();
    assert!(status < 500, "{status} to {what}: {}", reply.text);
    if status >= 400 && is_for_clients {
        // RFC 6749, section 5.2, which gives no other words of it than these.
        assert_eq!(reply.headers["content-type"], "application/json", "{what}");
        let word = reply.body["error"].as_str().unwrap_or_default();
        assert!(!word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{what}: {}", reply.text);
        assert!(reply.text.len() < 1_000, "{what} is told back at length");
    } else if status >= 400 && reply.headers["content-type"] == "text/html; charset=utf-8" {
        assert!(reply.text.len() < 20_000, "{what} is told back at length");
    } else if status >= 400 {
        assert_eq!(reply.headers["content-type"], "application/problem+json", "{what}");
        assert!(reply.body["detail"].is_string() && reply.body["status"] == status, "{what}: {}", reply.text);
        assert!(reply.text.len() < 10_000, "{what} is told back at length");
    }
    reply
}

pub(crate) fn bodied() -> impl Iterator<Item = &'static Row> {
    rows().filter(|row| (row.shape)().body.is_some() && !(row.shape)().form)
}

pub(crate) fn sending(caller: &Caller, row: &Row, known: &Known, body: Vec<u8>) -> reqwest::RequestBuilder {
    presenting(caller.request(row.spec.method.word(), &place(row, known)), row, known)
        .header(CONTENT_TYPE, "application/json")
        .body(body)
}

/// The API description, made once for the whole run.
pub(crate) fn document() -> &'static Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(wardgraph_api::every_endpoint);
    &DOCUMENT
}

pub(crate) fn operation(row: &Row) -> &'static Value {
    &document()["paths"][row.spec.path][row.spec.method.word().to_lowercase()]
}

/// Pointers to every field of the body, as the API description knows them; of a list of objects, the fields of its first, and of an
/// object, its own.
pub(crate) fn fields(row: &Row) -> Vec<String> {
    described(row).into_iter().map(|(field, _)| field).collect()
}

/// The same, each with what the API description says of it.
pub(crate) fn described(row: &Row) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    members(document(), &operation(row)["requestBody"]["content"]["application/json"]["schema"], "", &mut found);
    assert!(!found.is_empty(), "{}: {found:?}", row.spec.id);
    found
}

fn members(document: &Value, schema: &Value, at: &str, found: &mut Vec<(String, Value)>) {
    let schema = match schema["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => schema,
    };
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        found.push((format!("{at}/{name}"), member.clone()));
        if member["items"]["$ref"].is_string() {
            members(document, &member["items"], &format!("{at}/{name}/0"), found);
        }
        if member["$ref"].is_string() {
            members(document, member, &format!("{at}/{name}"), found);
        }
    }
}

/// The sample with `raw` in place of one field.
pub(crate) fn with(sample: &Value, field: &str, raw: &[u8]) -> Vec<u8> {
    let mut sample = sample.clone();
    let (parent, name) = field.rsplit_once('/').unwrap();
    if sample.pointer(parent).is_none() {
        sample[parent.trim_start_matches('/')] = json!({});
    }
    sample.pointer_mut(parent).unwrap()[name] = json!(HOLE);
    let text = sample.to_string();
    let (before, after) = text.split_once(&format!("\"{HOLE}\"")).unwrap();
    [before.as_bytes(), raw, after.as_bytes()].concat()
}

fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

/// What stands in for a field's value: raw JSON, and what is none.
fn hostile_values(known: &Known) -> Vec<(&'static str, Vec<u8>)> {
    let node = known.node.to_string();
    let text = |text: &str| json!(text).to_string().into_bytes();
    let mut values: Vec<(&str, Vec<u8>)> = [
        ("null", "null"),
        ("true", "true"),
        ("zero", "0"),
        ("one", "1"),
        ("minus zero", "-0"),
        ("minus one", "-1"),
        ("a fraction", "1.5"),
        ("too many", "1001"),
        ("more than fits", "99999999999999999999999999"),
        ("1e400", "1e400"),
        ("1e308", "1e308"),
        ("1e-400", "1e-400"),
        ("NaN", "NaN"),
        ("Infinity", "-Infinity"),
        ("an empty text", "\"\""),
        ("a blank text", "\"  \""),
        ("an escaped NUL", r#""a\u0000b""#),
        ("a raw NUL", "\"a\0b\""),
        ("a raw line end", "\"a\nb\""),
        ("an escaped NUL in a key", r#"{"a\u0000b": 1}"#),
        ("an escaped NUL far down", r#"{"a": [{"b": "\u0000"}]}"#),
        ("an escaped NUL in a list", r#"["\u0000"]"#),
        ("an escaped NUL in a list's object", r#"[{"a": "\u0000"}]"#),
        ("a lone surrogate", r#""\ud800""#),
        ("a lone surrogate in a key", r#"{"\udfff": 1}"#),
        ("an empty list", "[]"),
        ("an empty object", "{}"),
        ("a list of everything", r#"[null, 1, "x", {}, []]"#),
        ("a list of a nothing", "[0]"),
        ("numbers without length", "[0, 0, 0]"),
        ("numbers beyond f32", "[1e39, -1e300]"),
        ("a duplicate key", r#"{"a": 1, "a": 2}"#),
        ("an empty key", r#"{"": 1}"#),
        ("a key with pointer characters", r#"{"a/b~c": {"d": 1}}"#),
        ("nothing at all", ""),
        ("half a text", "\"abc"),
        ("a comment", "/* x */ 1"),
        ("SQL", r#""'; drop table nodes; --""#),
        ("a path", r#""../../../../etc/passwd""#),
        ("an internal address", r#""http://169.254.169.254/latest/meta-data/""#),
        ("another tenant", r#""tenant-b""#),
        ("the shared tenant", r#""*""#),
    ]
    .map(|(name, raw)| (name, raw.as_bytes().to_vec()))
    .into();
    values.extend([
        ("invalid UTF-8", b"\"\xff\xfe\"".to_vec()),
        ("invalid UTF-8 in a key", b"{\"\xc3\x28\": 1}".to_vec()),
        ("a UUID in upper case", text(&node.to_uppercase())),
        ("a UUID without hyphens", text(&node.replace('-', ""))),
        ("a UUID as URN", text(&format!("urn:uuid:{node}"))),
        ("a UUID in braces", text(&format!("{{{node}}}"))),
        ("a UUID and more", text(&format!("{node}0"))),
        ("a UUID and a NUL", text(&format!("{node}\0"))),
        ("31 deep", nested(31).into_bytes()),
        ("33 deep", nested(33).into_bytes()),
        ("33 deep in an object", format!(r#"{{"a": {}}}"#, nested(33)).into_bytes()),
        ("200 deep", nested(200).into_bytes()),
        ("200 deep in an object", format!(r#"{{"a": {}}}"#, nested(200)).into_bytes()),
        ("100,000 deep", nested(100_000).into_bytes()),
        ("100,000 objects deep", [r#"{"a":"#.repeat(100_000).as_bytes(), b"1", "}".repeat(100_000).as_bytes()].concat()),
        ("a long text", text(&"x".repeat(300_000))),
        ("a long word of four-byte characters", text(&"𐍈".repeat(1_900))),
        ("a long key", format!(r#"{{"{}": 1}}"#, "k".repeat(300_000)).into_bytes()),
        ("long keys one in the other", format!(r#"{{"{0}": {{"{0}": "\ud800"}}}}"#, "k".repeat(100_000)).into_bytes()),
        ("a list of many", format!("[{}]", vec!["1"; 100_000].join(",")).into_bytes()),
    ]);
    values
}

/// What the tenant has made: nodes, shared ones included, edges, and requests that say they changed something.
pub(crate) async fn counted(app: &App, tenant: &str) -> (i64, i64, i64) {
    let sql = "select (select count(*) from wardgraph.nodes n where tenant_id = $1 or tenant_id = '*' and exists (
                 select from wardgraph.events e where e.tenant_id = $1 and e.type = 'shared_node.created' and e.subject = n.node_id::text)),
               (select count(*) from wardgraph.edges where tenant_id = $1),
               (select count(*) from wardgraph.events where tenant_id = $1 and type = 'request.committed')";
    let row = app.database.watcher().await.query_one(sql, &[&tenant]).await.unwrap();
    (row.get(0), row.get(1), row.get(2))
}

/// How many things an answer says it created.
fn created(reply: &Reply) -> i64 {
    let one = i64::from(reply.status == 201);
    reply.body["created"].as_i64().unwrap_or(one)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_field_of_every_body_bears_every_value() {
    let app = App::start().await;
    let supply = app.supply("tenant-a").await;
    let each = bodied().map(async |row| {
        let (owner, known) = supply.apart(row).await;
        let before = counted(&app, &owner.tenant).await;
        let sample = (row.sample)(&known).unwrap();
        let (mut made, mut served) = (0, 0);
        let (values, fields) = (hostile_values(&known), fields(row));
        for (name, raw) in &values {
            for field in &fields {
                let what = format!("{} with {name} as {field}", row.spec.id);
                let reply = ask(sending(&owner, row, &known, with(&sample, field, raw)), &what).await;
                made += created(&reply);
                served += i64::from(reply.status.is_success());
            }
        }
        let after = counted(&app, &owner.tenant).await;
        // What is about an account stands in no tenant's tables, and in the log of the person's organization. A body whose every member is a
        // secret takes no other value.
        if row.spec.rows.are_peoples() || row.spec.access.admits_strangers() {
            return;
        }
        assert_eq!((after.0 - before.0) + (after.1 - before.1), made, "{}: what was refused was written", row.spec.id);
        let events = if row.spec.event.is_some() { served } else { 0 };
        assert_eq!(after.2 - before.2, events, "{}: a refusal says that it changed something", row.spec.id);
        assert!(served > 0, "{}: no value at all was taken, so the sample is not valid", row.spec.id);
    });
    stream::iter(each).buffer_unordered(8).collect::<()>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_stored_is_refused_wherever_it_stands() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let known = app.known(&owner).await;
    for row in bodied() {
        let sample = (row.sample)(&known).unwrap();
        for field in fields(row).iter().filter(|field| !field.ends_with("/tenant_id")) {
            for raw in [r#""\ud800""#, "1e400", "NaN", "\"a\0b\"", "", "[", "\"\\x\""] {
                let reply =
                    ask(sending(&owner, row, &known, with(&sample, field, raw.as_bytes())), &format!("{field} {raw:?}")).await;
                assert_eq!(reply.status, 400, "{} with {raw:?} as {field}", row.spec.id);
            }
        }
    }
}

#[tokio::test]
async fn a_body_that_is_no_single_json_object_is_malformed() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let known = app.known(&owner).await;
    for row in bodied() {
        let before = counted(&app, &owner.tenant).await;
        let sample = (row.sample)(&known).unwrap().to_string();
        let mut bodies: Vec<Vec<u8>> =
            ["", " ", "null", "7", "\"x\"", "[]", "[{}]", "{", "}", "\0", "\u{feff}{}", "{}{}", "nul", "{\"a\"}", "{a:1}"]
                .map(|text| text.as_bytes().to_vec())
                .into();
        bodies.push(format!("{sample}{sample}").into_bytes());
        bodies.push(format!("{sample} x").into_bytes());
        bodies.push(format!("{sample}\0").into_bytes());
        bodies.push([sample.as_bytes(), b"\xff"].concat());
        bodies.push(sample.encode_utf16().flat_map(u16::to_le_bytes).collect());
        bodies.push(nested(100_000).into_bytes());
        bodies.extend((0..sample.len()).map(|length| sample.as_bytes()[..length].to_vec()));
        // Where nothing in a body is needed, none at all is as good as an empty one.
        let bodiless = operation(row)["requestBody"]["required"] == false;
        bodies.retain(|body| !(bodiless && body.is_empty()));
        for body in bodies {
            let what = format!("{} with {:?}", row.spec.id, String::from_utf8_lossy(&body[..body.len().min(200)]));
            let reply = ask(sending(&owner, row, &known, body), &what).await;
            assert!(matches!(reply.status.as_u16(), 400 | 413 | 422), "{what}: {}", reply.text);
        }
        assert_eq!(counted(&app, &owner.tenant).await, before, "{}", row.spec.id);
    }
}

#[tokio::test]
async fn json_is_read_whatever_its_content_type_says() {
    let app = App::start().await;
    let supply = app.supply("tenant-a").await;
    let wrong = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ";;;"];
    // One function reads the type for every endpoint: each meets none and one of the wrong ones, in turn.
    for (row, wrong) in bodied().zip(wrong.into_iter().cycle()) {
        for content_type in [None, Some(wrong)] {
            let (owner, known) = supply.of(row).await;
            let body = (row.sample)(&known).unwrap().to_string();
            let request = presenting(owner.request(row.spec.method.word(), &place(row, &known)), row, &known).body(body);
            let request = content_type.into_iter().fold(request, |request, value| request.header(CONTENT_TYPE, value));
            let reply = ask(request, &format!("{} as {content_type:?}", row.spec.id)).await;
            assert!(reply.status.is_success(), "{} as {content_type:?}: {}", row.spec.id, reply.text);
        }
    }
}

#[tokio::test]
async fn compressed_bodies_are_refused() {
    let app = App::start().await;
    let supply = app.supply("tenant-a").await;
    for row in bodied() {
        let (owner, known) = supply.of(row).await;
        let sample = (row.sample)(&known).unwrap().to_string();
        for (coding, refused) in [("gzip", true), ("br", true), ("gzip, identity", true), ("x", true), ("identity", false)] {
            // Were the header passed over, the body would be served: it is valid as it stands.
            let request = sending(&owner, row, &known, sample.clone().into_bytes()).header(CONTENT_ENCODING, coding);
            let reply = ask(request, coding).await;
            assert_eq!(reply.status.is_client_error(), refused, "{} as {coding}: {}", row.spec.id, reply.text);
        }
    }
}

/// The path of an endpoint, with a known id where it wants one.
pub(crate) fn place(row: &Row, known: &Known) -> String {
    (row.shape)().place(row.spec.path, known)
}

/// What the server answers to these bytes: the whole answer as text.
async fn raw(app: &App, bytes: &[u8]) -> String {
    let mut stream = tokio::net::TcpStream::connect(app.base.trim_start_matches("http://")).await.unwrap();
    let talk = async {
        // A refusal may come before everything was sent.
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        answer
    };
    let answer = tokio::time::timeout(Duration::from_secs(20), talk).await.expect("the server answers and closes");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn request_lines_beyond_http_are_refused() {
    let app = App::start().await;
    let long = "a".repeat(100_000);
    let paths = [
        "/nodes/\0",
        "/nodes/\u{ff}",
        &format!("/nodes/{long}"),
        &format!("/nodes?class={long}"),
        "nodes",
        "/nodes/a b",
        "/nodes?\0",
    ];
    for path in paths {
        let answer = raw(&app, format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes()).await;
        let status: u16 = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        assert!((400..500).contains(&status), "{path:.40}: {answer:.200}");
    }
    let many: String = (0..2_000).map(|n| format!("X-{n}: y\r\n")).collect();
    let answer = raw(&app, format!("GET /health/live HTTP/1.1\r\nHost: x\r\n{many}Connection: close\r\n\r\n").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer:.200}");
    let two = "POST /search HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\nConnection: close\r\n\r\n{}{}";
    assert!(raw(&app, two.as_bytes()).await.starts_with("HTTP/1.1 400"));
    let smuggled = "POST /search HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\nConnection: close\r\n\r\n0\r\n\r\n";
    assert!(raw(&app, smuggled.as_bytes()).await.starts_with("HTTP/1.1 4"));
    app.stranger().get("/health/live").await.ok();
}
