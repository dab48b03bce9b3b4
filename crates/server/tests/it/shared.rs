//! Shared nodes: written by administrators alone, read by every tenant, and gone for all of them at once.

use std::time::Duration;

use serde_json::{Value, json};
use wardgraph_api::table::{Row, rows};
use wardgraph_kernel::Rows;
use wardgraph_store::Role;
use wardgraph_testkit::{App, Caller, Reply};
use wardgraph_worker::ALIVE;

use crate::{
    embedding::{Dial, keeper, number, vectors_of, worker},
    embedding_change::settle,
};

const PATH: &str = "/api/v1/shared/nodes";

fn everyones() -> impl Iterator<Item = &'static Row> {
    rows().filter(|row| row.spec.rows == Rows::Shared)
}

fn at(id: &Value) -> String {
    format!("{PATH}/{}", id.as_str().unwrap())
}

fn node(text: &str) -> Value {
    json!({ "classes": ["Reference"], "props": { "text": text } })
}

async fn shared_rows(app: &App, table: &str) -> i64 {
    number(&app.database.behind_the_scenes().await, &format!("select count(*) from wardgraph.{table} where tenant_id = '*'"))
        .await
}

async fn found(caller: &Caller, query: &str, mode: &str) -> Vec<Value> {
    let found = caller.post("/search", &json!({ "query": query, "mode": mode })).await.ok();
    found["results"].as_array().unwrap().iter().map(|result| result["id"].clone()).collect()
}

#[tokio::test]
async fn shared_nodes_are_written_by_their_permission_alone() {
    let app = App::start().await;
    let known = app.known(&app.owner("tenant-a")).await;
    let rest: Vec<&str> = wardgraph_kernel::Permission::ALL
        .iter()
        .map(|permission| permission.word())
        .filter(|word| *word != "shared:write")
        .collect();
    let everything: Vec<&str> = rest.iter().copied().chain(["shared:write", "super_admin", "*", "shared:*", "admin"]).collect();
    // The tenant's own administrator with all else that there is, and an outside issuer's token that says that it may.
    let callers = [app.operator("tenant-a", &rest), app.caller("tenant-a", &everything), app.caller("tenant-b", &everything)];
    let client = app.database.behind_the_scenes().await;
    let whole = "select string_agg(n::text, ' ' order by node_id) from wardgraph.nodes n where tenant_id = '*'";
    let before: String = client.query_one(whole, &[]).await.unwrap().get(0);
    for caller in &callers {
        for row in everyones() {
            let problem = caller.call(row, &known).await.problem(403);
            assert!(problem["detail"].as_str().unwrap().contains("shared:write"), "{}: {problem}", row.spec.id);
        }
    }
    assert_eq!(everyones().count(), 10);
    assert_eq!(client.query_one(whole, &[]).await.unwrap().get::<_, String>(0), before);
    // Nor does the permission reach further than the shared nodes.
    let administrator = app.operator("tenant-a", &["shared:write"]);
    administrator.post(PATH, &node("it may")).await.created();
    for path in ["/nodes", "/events", "/edges"] {
        administrator.get(path).await.problem(403);
    }
    administrator.post("/nodes", &node("it may not")).await.problem(403);
}

#[tokio::test]
async fn nothing_in_a_body_makes_a_row_a_shared_one() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    for named in [json!("*"), json!(null), json!(["*"]), json!("_system"), json!("")] {
        let body =
            json!({ "classes": ["A"], "props": { "tenant_id": named }, "metadata": { "tenant_id": named }, "tenant_id": named });
        let made = owner.post("/nodes", &body).await.created();
        assert_eq!(made["tenant_id"], "tenant-a", "{named}");
        let path = format!("/nodes/{}", made["id"].as_str().unwrap());
        for reply in [owner.put(&path, &body).await, owner.patch(&path, &body).await] {
            assert_eq!(reply.ok()["tenant_id"], "tenant-a", "{named}");
        }
        let batch = owner.post("/nodes/batch", &json!({ "nodes": [body], "tenant_id": named })).await.ok();
        assert_eq!(batch["created"], 1);
        let edge = json!({ "src": made["id"], "rel": "R", "dst": made["id"], "props": {}, "tenant_id": named });
        assert_eq!(owner.post("/edges", &edge).await.created()["tenant_id"], "tenant-a", "{named}");
    }
    owner.post("/nodes?shared=true", &node("shared by its query")).await.problem(400);
    assert_eq!((shared_rows(&app, "nodes").await, shared_rows(&app, "edges").await), (0, 0));
    // And the other way round: what is shared stays so, whoever is named.
    for named in [json!("tenant-a"), json!("tenant-b"), json!("*"), json!(null)] {
        let body = json!({ "classes": ["A"], "props": {}, "tenant_id": named });
        let made = owner.post(PATH, &body).await.created();
        assert_eq!(
            (&made["tenant_id"], &owner.put(&at(&made["id"]), &body).await.ok()["tenant_id"]),
            (&Value::Null, &Value::Null)
        );
    }
    assert_eq!(shared_rows(&app, "nodes").await, 4);
}

#[tokio::test]
async fn a_shared_node_is_everyones_to_read_until_it_is_deleted() {
    let app = App::start().await;
    let administrator = app.owner("operations");
    let made = administrator.post(PATH, &node("a quokka is everyones friend")).await;
    assert_eq!(made.headers["etag"], "\"1\"");
    let made = made.created();
    assert_eq!((&made["tenant_id"], &made["embedding_status"]), (&Value::Null, &json!("queued")));
    let (id, one) = (&made["id"], format!("/nodes/{}", made["id"].as_str().unwrap()));
    app.embed_everything().await;
    for tenant in ["tenant-a", "tenant-b", "operations"] {
        let caller = app.owner(tenant);
        let read = caller.get(&one).await.ok();
        assert_eq!((&read["tenant_id"], &read["embedding_status"]), (&Value::Null, &json!("ready")), "{tenant}");
        for mode in ["text", "vector", "hybrid"] {
            assert_eq!(found(&caller, "quokka", mode).await, std::slice::from_ref(id), "{mode} for {tenant}");
        }
        assert_eq!(caller.get("/nodes?shared=true").await.ok()["nodes"][0]["id"], *id);
        assert_eq!(caller.get("/nodes").await.ok()["count"], 0, "it is not the tenant's own");
        assert_eq!(caller.get(&format!("{one}/neighbors")).await.ok()["count"], 0);
        assert_eq!(caller.get(&format!("/lineage/{}", id.as_str().unwrap())).await.status, 200);
        assert_eq!(caller.get(&format!("{one}/embeddings")).await.ok()["count"], 1);
        // Not the tenant's to change, whatever it may do with its own.
        let refused = [
            caller.put(&one, &node("mine now")).await,
            caller.patch(&one, &json!({ "props": { "text": "mine now" } })).await,
            caller.delete(&one).await,
            caller.delete(&format!("{one}?hard=true")).await,
            caller.post(&format!("{one}/restore"), &json!({ "version": 1 })).await,
        ];
        for refusal in refused {
            refusal.problem(404);
        }
    }

    let stale = administrator.request("PUT", &at(id)).header("if-match", "\"7\"").json(&node("too late"));
    Reply::of(stale).await.problem(412);
    let changed = administrator.request("PUT", &at(id)).header("if-match", "\"1\"").json(&node("a wombat is everyones friend"));
    let changed = Reply::of(changed).await;
    assert_eq!(changed.headers["etag"], "\"2\"");
    assert_eq!(changed.ok()["tenant_id"], Value::Null);
    let patched = administrator.patch(&at(id), &json!({ "metadata": { "source": "atlas" } })).await.ok();
    assert_eq!((&patched["version"], &patched["props"]["text"]), (&json!(3), &json!("a wombat is everyones friend")));
    app.embed_everything().await;
    for tenant in ["tenant-a", "tenant-b"] {
        let caller = app.owner(tenant);
        assert!(found(&caller, "quokka", "text").await.is_empty());
        assert_eq!(found(&caller, "wombat", "text").await, std::slice::from_ref(id));
        let versions = caller.get(&format!("{one}/versions")).await.ok();
        assert_eq!((&versions["count"], &versions["versions"][0]["version"]), (&json!(1), &json!(3)), "the one in force alone");
        // Nor is told when an earlier text got a vector, or how far the vector moved.
        let told = caller.get(&format!("{one}/embeddings")).await.ok();
        assert_eq!((&told["count"], &told["embeddings"][0]["status"]), (&json!(1), &json!("ready")), "{told}");
        assert_eq!(told["embeddings"][0]["drift_score"], Value::Null, "{told}");
    }

    let stale = administrator.request("DELETE", &at(id)).header("if-match", "\"1\"");
    Reply::of(stale).await.problem(412);
    assert_eq!(administrator.delete(&at(id)).await.status, 204);
    administrator.delete(&at(id)).await.problem(404);
    for tenant in ["tenant-a", "tenant-b"] {
        let caller = app.owner(tenant);
        caller.get(&one).await.problem(404);
        assert_eq!(caller.get("/nodes?shared=true").await.ok()["count"], 0);
        for mode in ["text", "vector", "hybrid"] {
            assert!(found(&caller, "wombat", mode).await.is_empty(), "{mode} for {tenant}");
        }
    }
    for table in ["nodes", "node_versions", "deleted_nodes", "embeddings", "embedding_history", "jobs", "vector_spaces"] {
        assert_eq!(shared_rows(&app, table).await, 0, "{table}");
    }
}

#[tokio::test]
async fn a_shared_node_goes_back_to_what_it_was() {
    let app = App::start().await;
    let administrator = app.owner("operations");
    let body = |n: i32| {
        json!({
            "classes": [format!("C{n}")], "props": { "text": format!("quokka {n}") }, "metadata": { "m": n }, "payload_ref": format!("p{n}"),
            "refresh_policy": { "r": n }, "triggers": [{ "name": n.to_string() }], "external_id": format!("e{n}"),
        })
    };
    let id = administrator.post(PATH, &body(1)).await.created()["id"].clone();
    for n in 2..=3 {
        app.clock.advance(Duration::from_secs(1));
        administrator.put(&at(&id), &body(n)).await.ok();
    }
    let (back, one) = (format!("{}/restore", at(&id)), format!("/nodes/{}", id.as_str().unwrap()));
    let stale = administrator.request("POST", &back).header("if-match", "\"2\"").json(&json!({ "version": 1 }));
    Reply::of(stale).await.problem(412);
    for (version, status) in [(json!(9), 422), (json!(0), 422), (json!(-1), 422), (json!("1"), 400), (Value::Null, 400)] {
        administrator.post(&back, &json!({ "version": version })).await.problem(status);
    }
    administrator.post(&back, &json!({})).await.problem(400);
    // No tenant goes back for everyone, whatever it may do with its own.
    for tenant in ["tenant-a", "operations"] {
        for caller in
            [app.caller(tenant, &["kg:write", "shared:write"]), app.operator(tenant, &["kg:write", "kg:read"]), app.owner(tenant)]
        {
            caller.post(&format!("{one}/restore"), &json!({ "version": 1 })).await.problem(404);
        }
        app.caller(tenant, &["kg:write", "shared:write"]).post(&back, &json!({ "version": 1 })).await.problem(403);
        app.operator(tenant, &["nodes:read"]).post(&back, &json!({ "version": 1 })).await.problem(403);
    }
    assert_eq!(administrator.get(&one).await.ok()["version"], 3);
    app.clock.advance(Duration::from_secs(1));
    let meant =
        administrator.request("POST", &back).header("if-match", "\"3\"").json(&json!({ "version": 1, "tenant_id": "tenant-a" }));
    let restored = Reply::of(meant).await;
    assert_eq!(restored.headers["etag"], "\"4\"");
    let restored = restored.ok();
    for (field, value) in body(1).as_object().unwrap() {
        assert_eq!(&restored[field], value, "{field}");
    }
    assert_eq!((&restored["tenant_id"], restored.get("cleaned")), (&Value::Null, None));
    app.embed_everything().await;
    for tenant in ["tenant-a", "tenant-b"] {
        let caller = app.owner(tenant);
        let versions = caller.get(&format!("{one}/versions")).await.ok();
        let numbers: Vec<_> = versions["versions"].as_array().unwrap().iter().map(|version| version["version"].clone()).collect();
        assert_eq!(json!(numbers), json!([4]), "what it was is for whoever may correct it");
        let outside = app.caller(tenant, &["kg:read", "kg:write", "shared:write"]);
        outside.get(&format!("{}/versions", at(&id))).await.problem(403);
        assert_eq!(caller.get(&one).await.ok()["props"], body(1)["props"]);
    }
    let mut numbers = Vec::new();
    let mut cursor = String::new();
    while numbers.len() < 4 {
        let page = administrator.get(&format!("{}/versions?limit=3{cursor}", at(&id))).await.ok();
        numbers.extend(page["versions"].as_array().unwrap().iter().map(|version| version["version"].clone()));
        cursor = format!("&cursor={}", page["next_cursor"].as_str().unwrap_or_default());
    }
    assert_eq!((json!(numbers), cursor.as_str()), (json!([4, 3, 2, 1]), "&cursor="));
    let told = administrator.get("/events?event_type=shared_node.restored").await.ok();
    assert_eq!((&told["count"], &told["events"][0]["subject"]), (&json!(1), &id));
    assert_eq!(administrator.get("/events?event_type=tenant.claim_ignored").await.ok()["count"], 1);
    // Of those who go back from one version exactly one does.
    let each = (0..4).map(async |_| {
        let request = administrator.request("POST", &back).header("if-match", "\"4\"").json(&json!({ "version": 2 }));
        Reply::of(request).await.status.as_u16()
    });
    let mut each = futures_util::future::join_all(each).await;
    each.sort_unstable();
    assert_eq!(each, [200, 412, 412, 412]);
    // A tenant's node is not reached, nor does what was deleted come back.
    let own = administrator.post("/nodes", &node("mine")).await.created()["id"].clone();
    administrator.post(&format!("{}/restore", at(&own)), &json!({ "version": 1 })).await.problem(404);
    assert_eq!(administrator.delete(&at(&id)).await.status, 204);
    administrator.post(&back, &json!({ "version": 1 })).await.problem(404);
}

#[tokio::test]
async fn a_tenants_node_is_out_of_the_shared_endpoints_reach() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let mine =
        owner.post("/nodes", &json!({ "classes": ["A"], "props": { "text": "mine" }, "external_id": "x" })).await.created();
    for caller in [&owner, &app.owner("tenant-b")] {
        caller.put(&at(&mine["id"]), &node("everyones")).await.problem(404);
        caller.patch(&at(&mine["id"]), &json!({ "props": { "text": "everyones" } })).await.problem(404);
        caller.delete(&at(&mine["id"])).await.problem(404);
    }
    // A name of the tenant's is no name of the shared nodes, and the other way round.
    let named = json!({ "classes": ["A"], "props": { "text": "everyones" }, "external_id": "x" });
    let shared = owner.post(PATH, &named).await.created();
    owner.post(PATH, &named).await.problem(409);
    let ignored = owner.post(&format!("{PATH}?on_conflict=ignore"), &named).await.ok();
    assert_eq!((&ignored["id"], &ignored["tenant_id"]), (&shared["id"], &Value::Null));
    let other = json!({ "classes": ["A"], "props": { "text": "everyones, again" }, "external_id": "x" });
    let updated = owner.post(&format!("{PATH}?on_conflict=update"), &other).await.ok();
    assert_eq!((&updated["id"], &updated["version"], &updated["tenant_id"]), (&shared["id"], &json!(2), &Value::Null));
    let new = json!({ "classes": ["A"], "props": {}, "external_id": "y" });
    assert_eq!(owner.post(&format!("{PATH}?on_conflict=update"), &new).await.created()["tenant_id"], Value::Null);
    let batch = owner.post(&format!("{PATH}/batch?on_conflict=update"), &json!({ "nodes": [named, new] })).await.ok();
    assert_eq!((&batch["created"], &batch["updated"]), (&json!(0), &json!(1)));
    let path = format!("/nodes/{}", mine["id"].as_str().unwrap());
    assert_eq!(owner.get(&path).await.ok(), {
        let mut still = mine.clone();
        still["embedding_status"] = json!("queued");
        still
    });
    // What is named to be an end of the tenant's edge is looked for among the tenant's.
    let edge = owner.post("/edges", &json!({ "src_external_id": "x", "rel": "R", "dst": mine["id"] })).await.created();
    assert_eq!(edge["src"], mine["id"]);
}

#[tokio::test]
async fn who_changed_a_shared_node_stands_in_the_log_of_the_tenant_that_he_came_from() {
    let app = App::start().await;
    let administrator = app.owner("operations");
    let made = administrator.post(PATH, &node("<b>bold</b><script>x()</script>")).await.created();
    assert_eq!(made["cleaned"], json!(["/props/text"]), "{made}");
    app.clock.advance(Duration::from_secs(1));
    administrator.patch(&at(&made["id"]), &json!({ "props": { "text": "plain" } })).await.ok();
    app.clock.advance(Duration::from_secs(1));
    administrator.patch(&at(&made["id"]), &json!({})).await.ok();
    app.embed_everything().await;
    assert_eq!(administrator.delete(&at(&made["id"])).await.status, 204);
    let of_node = administrator.get(&format!("/events?node_id={}", made["id"].as_str().unwrap())).await.ok();
    let told: Vec<_> = of_node["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| (event["type"].as_str().unwrap(), event["category"].as_str().unwrap()))
        .collect();
    assert_eq!(told, [("shared_node.deleted", "admin"), ("shared_node.updated", "admin"), ("shared_node.created", "admin")]);
    let all = administrator.events().await;
    assert_eq!(all.iter().filter(|event| event["type"] == "request.committed").count(), 4);
    assert!(all.iter().all(|event| event["actor_id"] == "user-of-operations"), "{all:?}");
    assert!(app.owner("tenant-a").events().await.is_empty(), "nobody else is told who they are");
    let sql =
        "select count(*) from wardgraph.events where tenant_id = '_system' and type = 'nodes.embedded' and actor_type = 'system'";
    assert_eq!(number(&app.database.behind_the_scenes().await, sql).await, 1);
    assert_eq!(shared_rows(&app, "events").await, 0, "the shared rows have no log of their own");
}

#[tokio::test]
async fn shared_nodes_move_to_another_model_as_tenants_do() {
    let app = App::start().await;
    let administrator = app.owner("operations");
    let batch: Vec<Value> = (0..30).map(|n| node(&format!("heron {n}"))).collect();
    assert_eq!(administrator.post(&format!("{PATH}/batch"), &json!({ "nodes": batch })).await.ok()["created"], 30);
    let (first, second) = (Dial::named("first"), Dial::named("second"));
    settle(&keeper(&app, &first), &worker(&app, &first, 10)).await;
    let client = app.database.behind_the_scenes().await;
    assert_eq!((vectors_of(&client, "first").await, shared_rows(&app, "jobs").await), (30, 0));

    app.clock.advance(ALIVE + Duration::from_secs(1));
    let next = keeper(&app, &second);
    assert!(next.turn().await.unwrap());
    assert_eq!(next.behind(), Some(1));
    settle(&next, &worker(&app, &second, 10)).await;
    next.turn().await.unwrap();
    assert_eq!((vectors_of(&client, "first").await, vectors_of(&client, "second").await, next.behind()), (0, 30, Some(0)));
    assert_eq!(shared_rows(&app, "jobs").await, 0);
    let sql = "select count(*) from wardgraph.events where tenant_id = '_system' and type in ('embedding.change_begun', 'embedding.changed')";
    assert_eq!(number(&client, sql).await, 2);
}

#[tokio::test]
async fn the_queue_of_the_shared_nodes_has_the_bound_of_a_tenants() {
    let app = App::start().await;
    let administrator = app.owner("operations");
    let model = Dial::named("first");
    let keeper = keeper(&app, &model).with_backlog(app.backlog.clone(), 5);
    let batch: Vec<Value> = (0..5).map(|n| node(&format!("heron {n}"))).collect();
    administrator.post(&format!("{PATH}/batch"), &json!({ "nodes": batch })).await.ok();
    keeper.turn().await.unwrap();
    let refused = administrator.post(PATH, &node("one too many")).await;
    assert!(refused.headers.contains_key("retry-after"), "{}", refused.text);
    assert!(matches!(refused.status.as_u16(), 429 | 503), "{}", refused.text);
    administrator.post("/nodes", &node("its own queue is empty")).await.created();
    while worker(&app, &model, 10).turn().await.unwrap() > 0 {}
    keeper.turn().await.unwrap();
    administrator.post(PATH, &node("there is room again")).await.created();
}

/// Before they were written over HTTP, an administrator wrote shared rows by hand, without jobs.
#[tokio::test]
async fn shared_nodes_that_were_written_by_hand_are_embedded_after_the_migration() {
    let app = App::start().await;
    let by_hand = "insert into wardgraph.nodes (tenant_id, node_id, classes, props, metadata, refresh_policy, triggers, content, created_at, updated_at)
                   values ('*', '01900000-0000-7000-8000-00000000000a', '{A}', '{\"text\": \"quokka\"}', '{}', '{}', '[]', 'quokka', now(), now()),
                          ('*', '01900000-0000-7000-8000-00000000000b', '{A}', '{}', '{}', '{}', '[]', null, now(), now())";
    app.database.connect_as(Role::Admin).await.batch_execute(by_hand).await.unwrap();
    let migration = include_str!("../../../store/migrations/0010_shared_rows.sql");
    let owner = app.database.connect_as(Role::Owner).await;
    for _ in 0..2 {
        owner.batch_execute(&format!("begin; set local search_path = wardgraph, public; {migration}; commit")).await.unwrap();
    }
    assert_eq!(shared_rows(&app, "jobs").await, 1);
    // Due since the migration, by the real clock.
    app.clock.advance(Duration::from_hours(24 * 365 * 20));
    app.embed_everything().await;
    assert_eq!((shared_rows(&app, "jobs").await, shared_rows(&app, "embeddings").await), (0, 1));
    assert_eq!(found(&app.owner("tenant-a"), "quokka", "vector").await, [json!("01900000-0000-7000-8000-00000000000a")]);
    wardgraph_store::guard::check(&app.database.logins).await.unwrap();
}

#[tokio::test]
async fn many_administrators_at_once_share_one_connection() {
    let app = App::start().await;
    let each = (0..30).map(async |n: usize| {
        let administrator = app.owner(&format!("t-{n}"));
        let named =
            json!({ "classes": ["A"], "props": { "text": format!("heron {n}") }, "external_id": format!("x-{}", n % 10) });
        let keyed =
            administrator.request("POST", &format!("{PATH}?on_conflict=update")).header("idempotency-key", "k").json(&named);
        let reply = Reply::of(keyed).await;
        assert!(reply.status.is_success(), "{}", reply.text);
    });
    futures_util::future::join_all(each).await;
    app.embed_everything().await;
    assert_eq!((shared_rows(&app, "nodes").await, shared_rows(&app, "embeddings").await), (10, 10));
    assert_eq!((shared_rows(&app, "idempotency").await, shared_rows(&app, "events").await), (0, 0));
}
