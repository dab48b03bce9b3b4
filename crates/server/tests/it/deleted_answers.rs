//! Answers that are kept for an `Idempotency-Key`, once what they told of is deleted: they are not told while it is, nothing of them is left when it is
//! erased, and nothing is done again.

use serde_json::{Value, json};
use wardgraph_testkit::{App, Caller, Reply};

use crate::embedding::number;

const WORD: &str = "axolotl";

/// With a key of this method and path; without a body where it is null.
async fn keyed(caller: &Caller, method: &str, path: &str, body: &Value) -> Reply {
    let request = caller.request(method, path).header("idempotency-key", format!("{method}:{path}"));
    Reply::of(if body.is_null() { request } else { request.json(body) }).await
}

fn told(reply: &Reply) -> Value {
    assert!(reply.status.is_success(), "{}", reply.text);
    assert!(!reply.headers.contains_key("idempotency-replayed"), "{}", reply.text);
    reply.body.clone()
}

/// Writes of every kind whose answers tell of one node, each with a key.
async fn writes(owner: &Caller, id: &str, other: &str) -> Vec<(&'static str, String, Value)> {
    let named = json!({ "classes": ["A"], "props": { "text": format!("the {WORD}") }, "external_id": WORD });
    let writes = [
        ("PATCH", format!("/nodes/{id}"), json!({ "metadata": { "of": WORD } })),
        ("PUT", format!("/nodes/{id}"), named.clone()),
        ("POST", format!("/nodes/{id}/restore"), json!({ "version": 1 })),
        ("POST", "/nodes?on_conflict=ignore".to_owned(), named.clone()),
        ("POST", "/nodes/batch?on_conflict=update".to_owned(), json!({ "nodes": [named, { "classes": ["B"], "props": {} }] })),
        ("POST", "/edges".to_owned(), json!({ "src": other, "rel": "R", "dst": id, "props": { "of": WORD } })),
    ];
    for (method, path, body) in &writes {
        told(&keyed(owner, method, path, body).await);
    }
    writes.into()
}

/// Every request that is sent again: refused, and its answer told by nothing.
async fn all_withheld(owner: &Caller, writes: &[(&'static str, String, Value)]) {
    for (method, path, body) in writes {
        let again = keyed(owner, method, path, body).await;
        assert!(!again.headers.contains_key("idempotency-replayed"), "{method} {path}: no answer is given again");
        assert!(!again.text.contains(WORD) && !again.headers.contains_key("etag"), "{method} {path}: {}", again.text);
        let id = again.headers["x-request-id"].to_str().unwrap().to_owned();
        assert_eq!(again.problem(409)["request_id"], id.as_str(), "{method} {path}");
    }
}

#[tokio::test]
async fn answers_that_tell_of_an_erased_node_are_withheld_however_it_is_erased() {
    let app = App::start().await;
    let client = app.database.behind_the_scenes().await;
    for (tenant, purged) in [("tenant-a", false), ("tenant-b", true)] {
        let owner = app.owner(tenant);
        let other = owner.create_node("stays").await.created()["id"].as_str().unwrap().to_owned();
        let mine = json!({ "classes": ["A"], "props": { "text": "another one" } });
        let kept = told(&keyed(&owner, "PUT", &format!("/nodes/{other}"), &mine).await);
        let named = json!({ "classes": ["A"], "props": { "text": format!("the {WORD}") }, "external_id": WORD });
        let id = told(&keyed(&owner, "POST", "/nodes", &named).await)["id"].as_str().unwrap().to_owned();
        let mut writes = writes(&owner, &id, &other).await;
        writes.push(("POST", "/nodes".to_owned(), named.clone()));
        let path = format!("/nodes/{id}");
        let answers = format!("select count(*) from wardgraph.idempotency where tenant_id = '{tenant}' and body like '%{id}%'");
        assert_eq!(number(&client, &answers).await, 7, "{tenant}");
        if purged {
            assert_eq!(owner.delete(&path).await.status, 204);
            assert_eq!(number(&client, &answers).await, 7, "in its grace period it may come back: so may the answers");
            let over = "update wardgraph.deleted_nodes set purge_at = deleted_at; update wardgraph.jobs set due_at = '2000-01-01' where kind = 'purge'";
            client.batch_execute(over).await.unwrap();
            app.purge_everything().await;
        } else {
            assert_eq!(keyed(&owner, "DELETE", &format!("{path}?hard=true"), &Value::Null).await.status, 204);
            let again = keyed(&owner, "DELETE", &format!("{path}?hard=true"), &Value::Null).await;
            assert_eq!((again.status.as_u16(), &again.headers["idempotency-replayed"]), (204, &"true".parse().unwrap()));
        }
        assert_eq!(number(&client, &answers).await, 0, "{tenant}");
        assert_eq!(number(&client, &format!("select count(*) from wardgraph.idempotency where body like '%{WORD}%'")).await, 0);
        let nodes = owner.get("/nodes").await.ok()["count"].clone();
        all_withheld(&owner, &writes).await;
        assert_eq!(owner.get("/nodes").await.ok()["count"], nodes, "nothing is done again");
        // Another request under the key is another request still, and what told of others is told again.
        keyed(&owner, "POST", "/nodes", &json!({ "classes": ["A"], "props": {} })).await.problem(422);
        assert_eq!(keyed(&owner, "PUT", &format!("/nodes/{other}"), &mine).await.ok(), kept);
    }
}

#[tokio::test]
async fn answers_that_tell_of_a_deleted_node_wait_for_it() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let other = owner.create_node("stays").await.created()["id"].as_str().unwrap().to_owned();
    let mine = json!({ "classes": ["A"], "props": { "text": "another one" } });
    let kept = told(&keyed(&owner, "PUT", &format!("/nodes/{other}"), &mine).await);
    let named = json!({ "classes": ["A"], "props": { "text": format!("the {WORD}") }, "external_id": WORD });
    let id = told(&keyed(&owner, "POST", "/nodes", &named).await)["id"].as_str().unwrap().to_owned();
    let mut writes = writes(&owner, &id, &other).await;
    writes.push(("POST", "/nodes".to_owned(), named));
    let mut before = Vec::new();
    for (method, path, body) in &writes {
        let again = keyed(&owner, method, path, body).await;
        assert!(again.status.is_success() && again.text.contains(&id), "{method} {path}: {}", again.text);
        before.push((again.status, again.text, again.headers.get("etag").cloned()));
    }
    let path = format!("/nodes/{id}");
    for _ in 0..2 {
        assert_eq!(owner.delete(&path).await.status, 204);
        let nodes = owner.get("/nodes").await.ok()["count"].clone();
        all_withheld(&owner, &writes).await;
        assert_eq!(owner.get("/nodes").await.ok()["count"], nodes, "nothing is done again");
        keyed(&owner, "POST", "/nodes", &json!({ "classes": ["A"], "props": {} })).await.problem(422);
        assert_eq!(keyed(&owner, "PUT", &format!("/nodes/{other}"), &mine).await.ok(), kept, "what told of others is told again");
        // It is back, and so is what was told of it, as it was told.
        owner.post(&format!("{path}/restore"), &json!({})).await.ok();
        for ((method, path, body), before) in writes.iter().zip(&before) {
            let again = keyed(&owner, method, path, body).await;
            assert_eq!(again.headers["idempotency-replayed"], "true", "{method} {path}");
            assert_eq!(&(again.status, again.text, again.headers.get("etag").cloned()), before, "{method} {path}");
        }
    }
    // It is another tenant's business whether a node of this id is deleted there.
    let client = app.database.behind_the_scenes().await;
    let elsewhere = format!(
        "insert into wardgraph.deleted_nodes (tenant_id, node_id, classes, props, metadata, refresh_policy, triggers, version, size_bytes,
                                              created_at, updated_at, deleted_at, purge_at)
         values ('tenant-b', '{id}', '{{}}', '{{}}', '{{}}', '{{}}', '[]', 1, 1, now(), now(), now(), now())"
    );
    client.batch_execute(&elsewhere).await.unwrap();
    let (method, path, body) = &writes[0];
    assert_eq!(keyed(&owner, method, path, body).await.text, before[0].1);
}

#[tokio::test]
async fn answers_that_tell_of_a_shared_node_are_withheld_in_every_tenant() {
    let app = App::start().await;
    let (one, two) = (app.owner("tenant-a"), app.owner("tenant-b"));
    let node = json!({ "classes": ["A"], "props": { "text": format!("the {WORD}") } });
    let id = told(&keyed(&one, "POST", "/api/v1/shared/nodes", &node).await)["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/shared/nodes/{id}");
    let patch = json!({ "metadata": { "of": WORD } });
    told(&keyed(&two, "PATCH", &path, &patch).await);
    let stays =
        told(&Reply::of(two.request("POST", "/api/v1/shared/nodes").header("idempotency-key", "stays").json(&node)).await);
    assert_eq!(two.delete(&path).await.status, 204);
    all_withheld(&one, &[("POST", "/api/v1/shared/nodes".to_owned(), node.clone())]).await;
    all_withheld(&two, &[("PATCH", path, patch)]).await;
    let again = Reply::of(two.request("POST", "/api/v1/shared/nodes").header("idempotency-key", "stays").json(&node)).await;
    assert_eq!(again.created(), stays);
}

#[tokio::test]
async fn a_deletion_that_fails_takes_no_answer_back() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let node = json!({ "classes": ["A"], "props": { "text": "stays" } });
    let made = told(&keyed(&owner, "POST", "/nodes", &node).await);
    let path = format!("/nodes/{}?hard=true", made["id"].as_str().unwrap());
    Reply::of(owner.request("DELETE", &path).header("if-match", "\"7\"")).await.problem(412);
    app.owner("tenant-b").delete(&path).await.problem(404);
    app.caller("tenant-a", &["nodes:read"]).delete(&path).await.problem(403);
    assert_eq!(keyed(&owner, "POST", "/nodes", &node).await.created(), made);
}
