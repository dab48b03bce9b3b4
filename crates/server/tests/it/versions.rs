//! Changing nodes: merge patches, replacements, versions that are checked, kept, read and gone back to.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use wardgraph_testkit::{App, Caller, Reply};

async fn node(caller: &Caller, body: &Value) -> String {
    caller.post("/nodes", body).await.created()["id"].as_str().unwrap().to_owned()
}

fn tag(reply: &Reply) -> String {
    reply.headers["etag"].to_str().unwrap().to_owned()
}

async fn meant(caller: &Caller, method: &str, path: &str, tag: &str, body: &Value) -> Reply {
    Reply::of(caller.request(method, path).header("if-match", tag).json(body)).await
}

/// The versions of a node, newest first.
async fn versions(caller: &Caller, id: &str) -> Vec<Value> {
    caller.get(&format!("/nodes/{id}/versions?limit=1000")).await.ok()["versions"].as_array().unwrap().clone()
}

async fn told(caller: &Caller, event: &str) -> usize {
    caller.events().await.iter().filter(|e| e["type"] == event).count()
}

#[tokio::test]
async fn a_patch_merges_and_removes_and_leaves_the_rest() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let id = node(
        &owner,
        &json!({
            "classes": ["A"], "props": { "text": "one", "keep": [1], "drop": true, "deep": { "a": 1, "b": { "c": 2 } } }, "metadata": { "m": 1 },
            "payload_ref": "s3://b/k", "external_id": "x-1", "refresh_policy": { "interval": "1h" }, "triggers": [{ "name": "t" }],
        }),
    )
    .await;
    let path = format!("/nodes/{id}");
    app.clock.advance(std::time::Duration::from_secs(5));
    let patch = json!({
        "classes": ["B", "C"], "props": { "text": "two", "drop": null, "deep": { "b": { "c": null, "d": 3 } } }, "metadata": null,
        "payload_ref": null, "triggers": null, "tenant_id": "tenant-b",
    });
    // No Content-Type: a body is JSON here whatever it says.
    let reply = Reply::of(owner.request("PATCH", &path).body(patch.to_string())).await;
    assert_eq!(tag(&reply), "\"2\"");
    let patched = reply.ok();
    assert_eq!(patched["props"], json!({ "text": "two", "keep": [1], "deep": { "a": 1, "b": { "d": 3 } } }));
    for (field, value) in [
        ("classes", json!(["B", "C"])),
        ("metadata", json!({})),
        ("payload_ref", json!(null)),
        ("triggers", json!([])),
        ("external_id", json!("x-1")),
        ("refresh_policy", json!({ "interval": "1h" })),
        ("version", json!(2)),
        ("tenant_id", json!("tenant-a")),
    ] {
        assert_eq!(patched[field], value, "{field}");
    }
    assert!(patched["updated_at"].as_str() > patched["created_at"].as_str());
    let read = owner.get(&path).await;
    assert_eq!(tag(&read), "\"2\"");
    assert_eq!(read.ok(), patched);
    assert_eq!((told(&owner, "node.updated").await, told(&owner, "tenant.claim_ignored").await), (1, 1));
}

#[tokio::test]
async fn a_replacement_leaves_nothing_of_what_was() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let first = json!({ "classes": ["A"], "props": { "text": "one", "n": 1 }, "metadata": { "m": 1 }, "external_id": "x-1" });
    let id = node(&owner, &first).await;
    let path = format!("/nodes/{id}");
    let replaced = owner.put(&path, &json!({ "classes": ["B"], "props": { "n": 2 } })).await.ok();
    assert_eq!(
        (&replaced["props"], &replaced["metadata"], &replaced["external_id"], &replaced["version"]),
        (&json!({ "n": 2 }), &json!({}), &Value::Null, &json!(2))
    );
    assert_eq!(owner.get(&path).await.ok(), replaced);
    // Its external id is free: another one takes it, and it cannot be taken back.
    node(&owner, &first).await;
    owner.put(&path, &first).await.problem(409);
    owner.patch(&path, &json!({ "external_id": "x-1" })).await.problem(409);
    assert_eq!(owner.get(&path).await.ok(), replaced);
    owner.put("/nodes/01900000-0000-7000-8000-000000000001", &first).await.problem(404);
}

#[tokio::test]
async fn a_null_external_id_is_none_whatever_stands_in_props() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    for external_id in [json!("x-1"), Value::Null] {
        let body = json!({ "classes": ["A"], "props": { "external_id": "x-1", "n": 1 }, "external_id": external_id });
        let id = node(&owner, &body).await;
        let path = format!("/nodes/{id}");
        assert_eq!(owner.get(&path).await.ok()["external_id"], "x-1");
        let patched = owner.patch(&path, &json!({ "external_id": null })).await.ok();
        assert_eq!((&patched["external_id"], &patched["version"]), (&Value::Null, &json!(2)));
        assert_eq!(patched["props"], json!({ "external_id": "x-1", "n": 1 }), "nobody asked for less of them");
        assert_eq!(owner.get(&path).await.ok(), patched);
        assert_eq!(owner.get("/nodes?external_id=x-1").await.ok()["count"], 0);
        // It stays so, and is somebody else's to take.
        let kept = owner.patch(&path, &json!({ "props": { "n": 2 } })).await.ok();
        assert_eq!((&kept["external_id"], &kept["version"]), (&Value::Null, &json!(3)));
        let other = node(&owner, &json!({ "classes": ["A"], "props": {}, "external_id": "x-1" })).await;
        owner.patch(&path, &json!({ "external_id": "x-1" })).await.problem(409);
        assert_eq!(owner.delete(&format!("/nodes/{other}?hard=true")).await.status, 204);
        // Until props give another one, or it is named.
        let given = owner.patch(&path, &json!({ "props": { "external_id": "x-2" } })).await.ok();
        assert_eq!(given["external_id"], "x-2");
        assert_eq!(owner.patch(&path, &json!({ "props": { "external_id": null } })).await.ok()["external_id"], Value::Null);
        let named = owner.patch(&path, &json!({ "external_id": "x-3", "props": { "external_id": "x-4" } })).await.ok();
        assert_eq!(named["external_id"], "x-3");
        assert_eq!(owner.delete(&format!("{path}?hard=true")).await.status, 204);
    }
}

#[tokio::test]
async fn a_change_that_changes_nothing_makes_no_version() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let body = json!({ "classes": ["A"], "props": { "text": "one" }, "external_id": "x" });
    let id = node(&owner, &body).await;
    let path = format!("/nodes/{id}");
    app.embed_everything().await;
    app.clock.advance(std::time::Duration::from_secs(5));
    let before = owner.get(&path).await.ok();
    for reply in [
        owner.patch(&path, &json!({})).await,
        owner.patch(&path, &json!({ "props": { "gone": null, "text": "one" } })).await,
        owner.put(&path, &body).await,
    ] {
        assert_eq!(tag(&reply), "\"1-ready\"");
        assert_eq!(reply.ok(), before);
    }
    assert_eq!((versions(&owner, &id).await.len(), told(&owner, "node.updated").await), (1, 0));
    assert_eq!(told(&owner, "request.committed").await, 4, "the requests themselves are on record");
}

#[tokio::test]
async fn if_match_names_the_version_that_is_meant() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let id = node(&owner, &json!({ "classes": ["A"], "props": { "n": 1 } })).await;
    let path = format!("/nodes/{id}");
    let patch = json!({ "props": { "n": 2 } });
    for (method, path, body) in [
        ("PATCH", path.clone(), patch.clone()),
        ("PUT", path.clone(), json!({ "classes": ["A"], "props": { "n": 2 } })),
        ("DELETE", path.clone(), Value::Null),
        ("DELETE", format!("{path}?hard=true"), Value::Null),
        ("POST", format!("{path}/restore"), json!({ "version": 1 })),
    ] {
        // Compared octet by octet (RFC 9110, section 8.8.3.2): what reads as 1 is no 1.
        for tag in ["\"2\"", "W/\"1\"", "\"x\"", "\"01x\"", "\"01\"", "\"+1\"", "\"1,\"", "\"\""] {
            let mut request = owner.request(method, &path).header("if-match", tag);
            if !body.is_null() {
                request = request.json(&body);
            }
            Reply::of(request).await.problem(412);
        }
    }
    assert_eq!(owner.get(&path).await.ok()["version"], 1);
    meant(&owner, "PATCH", &path, "\"7\", \"1\"", &patch).await.ok();
    meant(&owner, "PATCH", &path, "*", &json!({ "props": { "n": 3 } })).await.ok();
    meant(&owner, "PATCH", "/nodes/01900000-0000-7000-8000-000000000001", "\"1\"", &patch).await.problem(404);
    // Deleted, it is of the version that it had.
    assert_eq!(Reply::of(owner.request("DELETE", &path).header("if-match", "\"3\"")).await.status, 204);
    meant(&owner, "POST", &format!("{path}/restore"), "\"2\"", &json!({})).await.problem(412);
    let back = meant(&owner, "POST", &format!("{path}/restore"), "\"3\"", &json!({})).await;
    assert_eq!(tag(&back), "\"4\"");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_writers_that_mean_one_version_exactly_one_wins() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let id = node(&owner, &json!({ "classes": ["A"], "props": { "n": 0 } })).await;
    let path = format!("/nodes/{id}");
    for round in 1..=10 {
        let tag = format!("\"{round}\"");
        let writers = (0..6).map(async |writer| {
            let body = json!({ "classes": ["A"], "props": { "n": format!("{round}-{writer}") } });
            let method = if writer % 2 == 0 { "PATCH" } else { "PUT" };
            meant(&owner, method, &path, &tag, &body).await.status.as_u16()
        });
        let mut told = futures_util::future::join_all(writers).await;
        told.sort_unstable();
        assert_eq!(told, [200, 412, 412, 412, 412, 412], "round {round}");
    }
    // Without a version that is meant, each change is made, and none is lost from what is kept.
    let writers = (0..8).map(async |writer| owner.patch(&path, &json!({ "props": { format!("by-{writer}"): true } })).await.ok());
    futures_util::future::join_all(writers).await;
    let last = owner.get(&path).await.ok();
    assert_eq!((&last["version"], last["props"].as_object().unwrap().len()), (&json!(19), 9));
    let numbers: Vec<_> = versions(&owner, &id).await.iter().map(|version| version["version"].as_i64().unwrap()).collect();
    assert_eq!(numbers, (1..=19).rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn what_a_patch_would_make_invalid_is_refused_by_field() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let large = "x".repeat(600_000);
    let id = node(&owner, &json!({ "classes": ["A"], "props": { "a": large } })).await;
    let path = format!("/nodes/{id}");
    let before = owner.get(&path).await.ok();
    for (patch, field) in [
        (json!({ "classes": [] }), "/classes"),
        (json!({ "classes": vec!["A"; 11] }), "/classes"),
        (json!({ "classes": [""] }), "/classes/0"),
        (json!({ "props": { "b": "\0" } }), "/props/b"),
        (json!({ "props": { "b": large } }), "/props"),
        (json!({ "metadata": { "\0": 1 } }), "/metadata"),
        (json!({ "refresh_policy": { "k".repeat(257): 1 } }), "/refresh_policy"),
        (json!({ "payload_ref": "" }), "/payload_ref"),
        (json!({ "external_id": "e".repeat(256) }), "/external_id"),
        (json!({ "triggers": vec![json!({}); 101] }), "/triggers"),
    ] {
        let refused = owner.patch(&path, &patch).await.problem(422);
        assert_eq!(refused["errors"][0]["field"], field, "{refused}");
    }
    for patch in
        [json!({ "classes": null }), json!({ "props": null }), json!({ "props": 1 }), json!({ "classes": "A" }), json!([])]
    {
        owner.patch(&path, &patch).await.problem(400);
    }
    assert_eq!(owner.get(&path).await.ok(), before);
    assert_eq!(versions(&owner, &id).await.len(), 1);
    // A body as large as is taken.
    let patch = json!({ "props": { "a": null, "b": "y".repeat((1 << 20) - 100) } });
    let patched = owner.patch(&path, &patch).await.ok();
    assert_eq!(patched["props"]["b"].as_str().unwrap().len(), (1 << 20) - 100);
}

#[tokio::test]
async fn a_changed_text_is_embedded_anew_and_a_vanished_one_loses_its_vector() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let client = app.database.behind_the_scenes().await;
    let count = async |sql: &str| client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0);
    let vectors = "select count(*) from wardgraph.embeddings";
    let id = node(&owner, &json!({ "classes": ["A"], "props": { "text": "a steam locomotive" } })).await;
    let path = format!("/nodes/{id}");
    app.embed_everything().await;
    let status = async || owner.get(&path).await.ok()["embedding_status"].clone();
    let best = async |query: &str| {
        let found = owner.post("/search", &json!({ "query": query, "mode": "vector" })).await.ok();
        found["results"][0]["similarity"].as_f64()
    };
    let before = best("apple pie").await.unwrap();
    // What is not the text leaves the vector alone.
    owner.patch(&path, &json!({ "props": { "n": 1 }, "classes": ["B"] })).await.ok();
    assert_eq!((status().await, count("select count(*) from wardgraph.jobs").await), (json!("ready"), 0));
    owner.patch(&path, &json!({ "props": { "text": "a recipe for apple pie" } })).await.ok();
    assert_eq!(status().await, "queued");
    app.embed_everything().await;
    assert_eq!((status().await, count(vectors).await), (json!("ready"), 1));
    assert!(best("apple pie").await.unwrap() > before + 0.2);
    // A job that was given up is taken up again by a new text.
    client
        .batch_execute("insert into wardgraph.jobs select tenant_id, 'embed', node_id, now(), 9, true from wardgraph.nodes")
        .await
        .unwrap();
    owner.patch(&path, &json!({ "props": { "text": "a recipe for plum pie" } })).await.ok();
    app.embed_everything().await;
    assert_eq!((status().await, count("select count(*) from wardgraph.jobs").await), (json!("ready"), 0));
    owner.patch(&path, &json!({ "props": { "text": null } })).await.ok();
    assert_eq!((status().await, count(vectors).await), (json!("none"), 0));
    assert_eq!(best("apple pie").await, None);
    app.embed_everything().await;
    assert_eq!((status().await, count(vectors).await, count("select count(*) from wardgraph.jobs").await), (json!("none"), 0, 0));
    owner.patch(&path, &json!({ "props": { "text": "back" } })).await.ok();
    app.embed_everything().await;
    assert_eq!((status().await, count(vectors).await), (json!("ready"), 1));
}

#[tokio::test]
async fn every_state_is_kept_read_and_gone_back_to() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let mut bodies = Vec::new();
    let mut id = String::new();
    for n in 1..=7 {
        let body = json!({
            "classes": [format!("C{n}")], "props": { "text": format!("text {n}"), "n": n }, "metadata": { "m": n }, "payload_ref": format!("p{n}"),
            "refresh_policy": { "r": n }, "triggers": [{ "name": n.to_string() }], "external_id": format!("e{n}"),
        });
        app.clock.advance(std::time::Duration::from_secs(1));
        if n == 1 {
            id = node(&owner, &body).await;
        } else {
            owner.put(&format!("/nodes/{id}"), &body).await.ok();
        }
        bodies.push(body);
    }
    // Page by page, newest first, each whole.
    let (mut listed, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = owner.get(&format!("/nodes/{id}/versions?limit=3{cursor}")).await.ok();
        assert_eq!((&page["node_id"], page["count"].as_u64().unwrap() <= 3), (&json!(id), true));
        listed.extend(page["versions"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(listed, versions(&owner, &id).await);
    assert_eq!(listed.len(), 7);
    for (version, (n, body)) in listed.iter().zip(bodies.iter().enumerate().rev()) {
        assert_eq!(version["version"], n + 1);
        for (field, value) in body.as_object().unwrap() {
            assert_eq!(&version[field], value, "{field} of version {}", n + 1);
        }
        assert_eq!(version["superseded_at"].is_null(), n == 6);
    }
    for (newer, older) in listed.iter().zip(&listed[1..]) {
        assert_eq!(newer["updated_at"], older["superseded_at"]);
    }
    let reply = owner.post(&format!("/nodes/{id}/restore"), &json!({ "version": 2 })).await;
    assert_eq!(tag(&reply), "\"8\"");
    let restored = reply.ok();
    for (field, value) in bodies[1].as_object().unwrap() {
        assert_eq!(&restored[field], value, "{field}");
    }
    assert_eq!(owner.get(&format!("/nodes/{id}")).await.ok(), restored);
    assert_eq!((versions(&owner, &id).await.len(), told(&owner, "node.restored").await), (8, 1));
    let missing = owner.post(&format!("/nodes/{id}/restore"), &json!({ "version": 9 })).await.problem(422);
    assert_eq!(missing["errors"][0]["field"], "/version");
    owner.post(&format!("/nodes/{id}/restore"), &json!({ "version": 0 })).await.problem(422);
    owner.post(&format!("/nodes/{id}/restore"), &json!({})).await.problem(409);
    // Another node took what the version was called.
    node(&owner, &json!({ "classes": ["A"], "props": {}, "external_id": "e3" })).await;
    owner.post(&format!("/nodes/{id}/restore"), &json!({ "version": 3 })).await.problem(409);
    owner.get(&format!("/nodes/{id}/versions?cursor=AAAA")).await.problem(400);
}

#[tokio::test]
async fn what_a_node_was_is_read_without_holding_it_and_what_is_meant_is_asked_once_it_is_held() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let id = node(&owner, &json!({ "classes": ["A"], "props": { "n": 1 } })).await;
    owner.put(&format!("/nodes/{id}"), &json!({ "classes": ["A"], "props": { "n": 2 } })).await.ok();
    let path = format!("/nodes/{id}/restore");
    let mut superuser = app.database.behind_the_scenes().await;
    let watcher = app.database.behind_the_scenes().await;
    let held = superuser.transaction().await.unwrap();
    held.batch_execute(&format!("update wardgraph.nodes set version = 5 where node_id = '{id}'")).await.unwrap();
    // Nobody has to wait to be told that there is no such version, or that another one is meant.
    owner.post(&path, &json!({ "version": 9 })).await.problem(422);
    meant(&owner, "POST", &path, "\"1\"", &json!({ "version": 1 })).await.problem(412);
    let restoring = tokio::spawn({
        let (owner, path) = (owner.clone(), path.clone());
        async move { meant(&owner, "POST", &path, "\"2\"", &json!({ "version": 1 })).await }
    });
    let waiting = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    while watcher.query(waiting, &[]).await.unwrap().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    held.commit().await.unwrap();
    restoring.await.unwrap().problem(412);
    let restored = meant(&owner, "POST", &path, "\"5\"", &json!({ "version": 1 })).await.ok();
    assert_eq!((&restored["props"], &restored["version"]), (&json!({ "n": 1 }), &json!(6)));
}

#[tokio::test]
async fn a_page_of_versions_is_bounded_by_its_weight() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let body = |n: i32| json!({ "classes": ["A"], "props": { "n": n, "blob": "x".repeat(900_000) } });
    let id = node(&owner, &body(0)).await;
    for n in 1..22 {
        owner.put(&format!("/nodes/{id}"), &body(n)).await.ok();
    }
    let first = owner.get(&format!("/nodes/{id}/versions?limit=1000")).await;
    assert!(first.text.len() < 20 << 20, "{}", first.text.len());
    let (mut seen, mut page) = (BTreeSet::new(), first.ok());
    loop {
        seen.extend(page["versions"].as_array().unwrap().iter().map(|version| version["version"].as_i64().unwrap()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        page = owner.get(&format!("/nodes/{id}/versions?limit=1000&cursor={next}")).await.ok();
    }
    assert_eq!(seen.len(), 22);
}

#[tokio::test]
async fn shared_nodes_are_read_and_not_changed() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let id = "01900000-0000-7000-8000-00000000000a";
    let sql = format!(
        "insert into wardgraph.nodes (tenant_id, node_id, classes, props, metadata, refresh_policy, triggers, created_at, updated_at)
         values ('*', '{id}', '{{A}}', '{{\"n\": 1}}', '{{}}', '{{}}', '[]', now(), now())"
    );
    app.database.connect_as(wardgraph_store::Role::Admin).await.batch_execute(&sql).await.unwrap();
    let path = format!("/nodes/{id}");
    assert_eq!(versions(&owner, id).await.len(), 1);
    owner.patch(&path, &json!({ "props": { "n": 2 } })).await.problem(404);
    owner.put(&path, &json!({ "classes": ["A"], "props": {} })).await.problem(404);
    owner.delete(&format!("{path}?hard=true")).await.problem(404);
    owner.post(&format!("{path}/restore"), &json!({ "version": 1 })).await.problem(404);
    owner.post(&format!("{path}/restore"), &json!({})).await.problem(404);
    assert_eq!(owner.get(&path).await.ok()["props"], json!({ "n": 1 }));
}

#[tokio::test]
async fn a_tag_tells_of_the_embedding_and_any_of_a_version_is_good_for_changing_it() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let made = owner.create_node("a steam locomotive").await;
    let (first, id) = (tag(&made), made.created()["id"].as_str().unwrap().to_owned());
    let path = format!("/nodes/{id}");
    let known = async |tag: &str| Reply::of(owner.request("GET", &path).header("if-none-match", tag)).await;
    assert_eq!((known(&first).await.status.as_u16(), first.as_str()), (304, "\"1\""));
    app.embed_everything().await;
    // Whoever waits with the tag of what was written hears of it, with any tag of the list.
    for waiting in [first.clone(), format!("\"7\", W/{first}")] {
        let reply = known(&waiting).await;
        assert_eq!(tag(&reply), "\"1-ready\"", "{waiting}");
        assert_eq!(reply.ok()["embedding_status"], "ready", "{waiting}");
    }
    for same in ["\"1-ready\"", "W/\"1-ready\"", "*"] {
        assert_eq!(known(same).await.status, 304, "{same}");
    }
    // What the worker moves without a version, each way.
    let client = app.database.behind_the_scenes().await;
    for (status, now) in [("failed", "\"1-failed\""), ("queued", "\"1\""), ("ready", "\"1-ready\"")] {
        let before = tag(&owner.get(&path).await);
        client.execute("update wardgraph.nodes set embedding_status = $1", &[&status]).await.unwrap();
        let reply = known(&before).await;
        assert_eq!((tag(&reply).as_str(), &reply.ok()["embedding_status"]), (now, &json!(status)));
    }
    // It is no change that could be overwritten: each tag of the version is good for one.
    for of_it in ["\"1\"", "\"1-ready\"", "\"1-failed\""] {
        Reply::of(owner.request("GET", &path).header("if-match", of_it)).await.ok();
    }
    for (number, of_it) in [(1, "\"1\""), (2, "\"2-ready\""), (3, "\"3-failed\"")] {
        for other in ["\"1-queued\"", "\"1-\"", "\"1-ready-ready\"", "\"01-ready\"", "\"9-ready\"", "W/\"1-ready\""] {
            meant(&owner, "PATCH", &path, other, &json!({ "metadata": { "n": number } })).await.problem(412);
        }
        let patched = meant(&owner, "PATCH", &path, of_it, &json!({ "metadata": { "n": number } })).await;
        assert_eq!(tag(&patched), format!("\"{}-ready\"", number + 1));
        assert_eq!(tag(&owner.get(&path).await), tag(&patched));
    }
    let reworded = owner.patch(&path, &json!({ "props": { "text": "an apple pie" } })).await;
    assert_eq!(tag(&reworded), "\"5\"");
}
