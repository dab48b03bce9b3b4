//! Pages of other origins: those on the list may read answers, no others, at every endpoint of the table.

use http::HeaderMap;
use wardgraph_api::table::rows;
use wardgraph_http::{Cors, Edge};
use wardgraph_testkit::{App, AppOptions, Caller, Reply};

use crate::hostile::place;

const ORIGIN: &str = "https://app.example.com";

async fn app(cors: Option<Cors>) -> App {
    App::with(AppOptions { edge: Edge { cors, ..Edge::default() }, ..AppOptions::default() }).await
}

async fn preflight(caller: &Caller, path: &str, origin: &str, method: &str) -> Reply {
    let request = caller.request("OPTIONS", path).header("origin", origin).header("access-control-request-method", method);
    Reply::of(request.header("access-control-request-headers", "authorization, content-type")).await
}

fn told(headers: &HeaderMap, name: &str) -> Option<String> {
    let values: Vec<_> = headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

/// That an answer may be read by the one origin, or by none.
#[track_caller]
fn readable(reply: &Reply, by: Option<&str>, credentials: bool, what: &str) {
    let headers = &reply.headers;
    assert_eq!(told(headers, "access-control-allow-origin").as_deref(), by, "{what}");
    let expected = (by.is_some() && credentials).then_some("true");
    assert_eq!(told(headers, "access-control-allow-credentials").as_deref(), expected, "{what}");
    assert!(told(headers, "vary").unwrap_or_default().contains("origin"), "{what}: a cache would mix origins up");
    if by.is_some() {
        let exposed = told(headers, "access-control-expose-headers").unwrap();
        for name in ["etag", "ratelimit", "retry-after", "x-request-id", "idempotency-replayed"] {
            assert!(exposed.contains(name), "{what}: {name} in {exposed}");
        }
    }
}

#[tokio::test]
async fn every_endpoint_is_readable_from_listed_origins_alone() {
    for credentials in [false, true] {
        let app = app(Some(Cors::new([ORIGIN, "http://localhost:3000"], credentials).unwrap())).await;
        let (owner, stranger) = (app.owner("tenant-a"), app.stranger());
        let known = app.known(&owner).await;
        for row in rows() {
            let (id, path, method) = (row.spec.id, place(row, &known), row.spec.method.word());
            // A preflight carries no credential, and is answered without one.
            let asked = preflight(&stranger, &path, ORIGIN, method).await;
            assert_eq!(asked.status, 204, "{id}: {}", asked.text);
            readable(&asked, Some(ORIGIN), credentials, id);
            assert!(
                told(&asked.headers, "access-control-allow-methods").unwrap().split(", ").any(|listed| listed == method),
                "{id}"
            );
            let allowed = told(&asked.headers, "access-control-allow-headers").unwrap();
            for name in ["authorization", "content-type", "idempotency-key", "if-match"] {
                assert!(allowed.contains(name), "{id}: {name} in {allowed}");
            }
            for other in ["https://evil.com", "null", "https://app.example.com.evil.com", "http://app.example.com", "*"] {
                let asked = preflight(&stranger, &path, other, method).await;
                readable(&asked, None, credentials, &format!("{id} from {other}"));
                assert!(told(&asked.headers, "access-control-allow-methods").is_none(), "{id} from {other}");
            }
            // So is whatever comes after it: a refusal like an answer.
            let refused = Reply::of(stranger.calling(row, &known).header("origin", ORIGIN)).await;
            readable(&refused, Some(ORIGIN), credentials, id);
            let from_elsewhere = Reply::of(owner.request(method, &path).header("origin", "https://evil.com")).await;
            readable(&from_elsewhere, None, credentials, id);
        }
        let served = Reply::of(owner.request("GET", "/nodes").header("origin", "http://localhost:3000")).await;
        assert_eq!(served.status, 200);
        readable(&served, Some("http://localhost:3000"), credentials, "the second of the list");
        let lost = Reply::of(owner.request("GET", "/no/such/path").header("origin", ORIGIN)).await;
        readable(&lost, Some(ORIGIN), credentials, "a path that is not there");
        assert_eq!(preflight(&stranger, "/no/such/path", ORIGIN, "GET").await.status, 404);
        // Programs send no origin, and are told what caches must know.
        readable(&owner.get("/nodes").await, None, credentials, "no origin");
    }
}

#[tokio::test]
async fn without_a_list_no_page_of_another_origin_reads_anything() {
    let app = app(None).await;
    let owner = app.owner("tenant-a");
    let asked = preflight(&app.stranger(), "/nodes", ORIGIN, "GET").await;
    assert_eq!(asked.status, 405);
    let served = Reply::of(owner.request("GET", "/nodes").header("origin", ORIGIN)).await;
    assert_eq!(served.status, 200);
    for reply in [asked, served] {
        assert!(!reply.headers.keys().any(|name| name.as_str().starts_with("access-control-")), "{:?}", reply.headers);
    }
}
