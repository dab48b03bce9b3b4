//! What a request says besides its body is judged or refused, and never passed over: conditions of a change, and parameters.

use serde_json::json;
use wardgraph_api::table::{Row, rows};
use wardgraph_kernel::{Access, Method};
use wardgraph_testkit::{App, Caller, Reply};

use crate::hostile::{counted, place};

/// The endpoints that programs call: with a permission, for their own account, or to sign in. Pages and protocols have rules of their own, and what
/// anybody may read is read whatever a link to it says besides.
fn asked() -> impl Iterator<Item = &'static Row> {
    rows().filter(|row| {
        let open = row.spec.is_page() || row.spec.is_for_clients() || row.spec.path.starts_with("/oauth2/");
        !open && !matches!(row.spec.access, Access::Public(_))
    })
}

#[tokio::test]
async fn no_change_is_made_under_a_condition_that_is_not_judged() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let known = app.known(&owner).await;
    let before = counted(&app, &owner.tenant).await;
    let mut refused = 0;
    for row in asked().filter(|row| row.spec.event.is_some() && row.spec.method != Method::GET) {
        let judged = (row.shape)().if_match;
        for name in ["if-match", "if-none-match", "if-unmodified-since"].into_iter().filter(|name| !judged || *name != "if-match")
        {
            let reply = Reply::of(owner.calling(row, &known).header(name, "\"1\"")).await;
            assert!(reply.status == 400 && reply.text.contains(name), "{} with {name}: {}", row.spec.id, reply.text);
            refused += 1;
        }
    }
    assert!(refused > 30, "{refused}");
    assert_eq!(counted(&app, &owner.tenant).await, before);
    assert!(asked().any(|row| matches!(row.spec.access, Access::Own(_)) && row.spec.event.is_some()));
    assert!(asked().any(|row| matches!(row.spec.access, Access::Credential(_)) && row.spec.event.is_some()));
}

#[tokio::test]
async fn whoever_has_the_version_that_is_read_is_told_so_without_it() {
    let app = App::start().await;
    let (owner, neighbour) = (app.owner("tenant-a"), app.owner("tenant-b"));
    let id = owner.create_node("one").await.created()["id"].as_str().unwrap().to_owned();
    let path = format!("/nodes/{id}");
    let read = async |caller: &Caller, name: &str, tag: &str| Reply::of(caller.request("GET", &path).header(name, tag)).await;
    for tag in ["\"1\"", "W/\"1\"", "\"7\", \"1\"", "*"] {
        let reply = read(&owner, "if-none-match", tag).await;
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (304, ""), "{tag}");
        assert_eq!(reply.headers["etag"], "\"1\"", "{tag}");
        assert!(!reply.headers.contains_key("content-type") && reply.headers.contains_key("x-request-id"), "{tag}");
        // Nobody learns by a condition what they could not read.
        read(&neighbour, "if-none-match", tag).await.problem(404);
        read(&neighbour, "if-match", tag).await.problem(404);
        read(&app.caller("tenant-a", &["edges:read"]), "if-none-match", tag).await.problem(403);
    }
    for tag in ["\"2\"", "\"01\"", "\"\""] {
        assert_eq!(read(&owner, "if-none-match", tag).await.ok()["version"], 1, "{tag}");
        read(&owner, "if-match", tag).await.problem(412);
    }
    let weak = read(&owner, "if-match", "W/\"1\"").await.problem(412);
    assert!(weak["detail"].as_str().unwrap().contains("weak tags"), "{weak}");
    for tag in ["\"1\"", "*"] {
        read(&owner, "if-match", tag).await.ok();
    }
    for name in ["if-match", "if-none-match"] {
        let unreadable = read(&owner, name, "1").await.problem(400);
        assert!(unreadable["detail"].as_str().unwrap().contains(name), "{unreadable}");
    }
    owner.patch(&path, &json!({ "props": { "text": "two" } })).await.ok();
    let renewed = read(&owner, "if-none-match", "\"1\"").await;
    assert_eq!(
        (renewed.headers["etag"].to_str().unwrap().to_owned(), renewed.ok()["version"].clone()),
        ("\"2\"".into(), json!(2))
    );
    // So it is with whatever has a version, and with nothing else.
    let known = app.known(&owner).await;
    let mut tagged = 0;
    for row in rows().filter(|row| row.spec.method == Method::GET && !row.spec.is_page()) {
        let reads_a_version = (row.shape)().reads_a_version(row.spec.method);
        let first = owner.call(row, &known).await;
        assert_eq!(first.headers.contains_key("etag"), reads_a_version, "{}", row.spec.id);
        if reads_a_version {
            let tag = first.headers["etag"].clone();
            let reply = Reply::of(owner.calling(row, &known).header("if-none-match", tag)).await;
            assert_eq!((reply.status.as_u16(), reply.text.as_str()), (304, ""), "{}", row.spec.id);
            tagged += 1;
        }
    }
    assert!(tagged >= 2, "{tagged}");
}

#[tokio::test]
async fn a_change_that_names_a_weak_tag_is_told_that_none_matches() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let path = format!("/nodes/{}", owner.create_node("one").await.created()["id"].as_str().unwrap());
    let meant = async |tag: &str| Reply::of(owner.request("DELETE", &path).header("if-match", tag)).await.problem(412);
    let (weak, other) = (meant("W/\"1\"").await, meant("\"2\"").await);
    assert!(weak["detail"].as_str().unwrap().ends_with("weak tags (`W/`) never match"), "{weak}");
    assert!(!other["detail"].as_str().unwrap().contains("weak"), "{other}");
}

#[tokio::test]
async fn protocols_probes_and_documents_pass_over_parameters() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    for row in
        rows().filter(|row| matches!(row.spec.access, Access::Public(_)) && !row.spec.is_page() && !row.spec.is_for_clients())
    {
        assert!(row.spec.method == Method::GET && row.spec.event.is_none(), "{}", row.spec.id);
        let (asked, plain) =
            (owner.get(&format!("{}?v=1&tenant_id=tenant-b", row.spec.path)).await, owner.get(row.spec.path).await);
        assert_eq!((asked.status, asked.status == 400), (plain.status, false), "{}: {}", row.spec.id, asked.text);
    }
    // A stranger is one to the protocol's endpoints too, and not told about parameters.
    for path in ["/oauth2/userinfo?schema=openid", "/oauth2/token?x=1"] {
        let reply = app.stranger().post(path, &json!({})).await;
        assert!(!reply.text.contains("parameters"), "{path}: {}", reply.text);
    }
}

#[tokio::test]
async fn parameters_are_refused_where_none_are_taken() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let known = app.known(&owner).await;
    let before = counted(&app, &owner.tenant).await;
    let mut refused = 0;
    for row in asked().filter(|row| (row.shape)().query.is_none()) {
        for query in ["on_conflict=update", "hard=false", "tenant_id=tenant-b", "=", "%00", "%ff=x"] {
            let mut request = owner.request(row.spec.method.word(), &format!("{}?{query}", place(row, &known)));
            if let Some(body) = (row.sample)(&known) {
                request = request.json(&body);
            }
            let reply = Reply::of(request).await;
            assert!(reply.status == 400, "{} ?{query}: {}", row.spec.id, reply.text);
            refused += 1;
        }
    }
    assert!(refused > 60, "{refused}");
    assert_eq!(counted(&app, &owner.tenant).await, before);
    // A question mark without anything behind it asks nothing.
    owner.get(&format!("/nodes/{}?", known.node)).await.ok();
    // Nothing is made, and nobody is told anything, by a request that its sender meant otherwise.
    for path in ["/api/v1/users/me?foo=1", "/api/v1/whoami?tenant_id=x"] {
        owner.get(path).await.problem(400);
    }
    let problem =
        owner.post("/api/v1/users/me/api-keys?scopes=x", &json!({ "name": "k", "scopes": ["nodes:read"] })).await.problem(400);
    assert_eq!(problem["errors"][0]["field"], "scopes");
    let problem = owner.patch(&format!("/nodes/{}?on_conflict=ignore", known.node), &json!({})).await.problem(400);
    assert_eq!(problem["errors"][0]["field"], "on_conflict");
}
