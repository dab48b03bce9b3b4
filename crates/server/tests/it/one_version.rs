//! One version of a node, read by its number: whole, by whoever may read the node, and by nobody once that is gone.

use serde_json::{Value, json};
use wardgraph_testkit::{App, Caller, GRACE};

async fn node(caller: &Caller, body: &Value) -> String {
    caller.post("/nodes", body).await.created()["id"].as_str().unwrap().to_owned()
}

/// A node of three versions.
async fn changed(owner: &Caller) -> String {
    let body = |n: i32| json!({ "classes": ["A"], "props": { "n": n, "text": format!("the {n} secret") }, "external_id": format!("e{n}") });
    let id = node(owner, &body(1)).await;
    for n in 2..=3 {
        owner.put(&format!("/nodes/{id}"), &body(n)).await.ok();
    }
    id
}

#[tokio::test]
async fn each_version_is_read_as_the_list_shows_it_and_no_other_is_there() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let id = changed(&owner).await;
    let list = owner.get(&format!("/nodes/{id}/versions")).await.ok();
    assert_eq!((&list["count"], &list["oldest_version"]), (&json!(3), &json!(1)));
    for listed in list["versions"].as_array().unwrap() {
        let reply = owner.get(&format!("/nodes/{id}/versions/{}", listed["version"])).await;
        // Whoever has a tag could be told that nothing changed while the version in force was superseded.
        assert!(!reply.headers.contains_key("etag"));
        assert_eq!(&reply.ok(), listed);
    }
    let second = owner.get(&format!("/nodes/{id}/versions/2")).await.ok();
    assert_eq!((&second["props"]["n"], &second["external_id"]), (&json!(2), &json!("e2")));
    for missing in ["0", "4", "-1", "2147483647"] {
        let problem = owner.get(&format!("/nodes/{id}/versions/{missing}")).await.problem(404);
        assert!(problem["detail"].as_str().unwrap().contains("no such version"), "{missing}: {problem}");
    }
    for unreadable in ["x", "01", "+1", "1.0", "%31%20", "2147483648", "%00", "null", &"1".repeat(5_000)] {
        let problem = owner.get(&format!("/nodes/{id}/versions/{unreadable}")).await.problem(400);
        assert!(problem["detail"].as_str().unwrap().contains("version"), "{unreadable:.20}: {problem}");
    }
    owner.get(&format!("/nodes/{id}/versions/1?whole=true")).await.problem(400);
}

#[tokio::test]
async fn a_version_is_read_by_whoever_reads_the_node_alone() {
    let app = App::start().await;
    let (owner, neighbour) = (app.owner("tenant-a"), app.owner("tenant-b"));
    let id = changed(&owner).await;
    for number in 1..=4 {
        let path = format!("/nodes/{id}/versions/{number}");
        app.caller("tenant-a", &["edges:read", "events:read"]).get(&path).await.problem(403);
        app.caller("tenant-a", &[]).get(&path).await.problem(403);
        app.stranger().get(&path).await.problem(401);
        // Which versions there are is no more told than the node is.
        let problem = neighbour.get(&path).await.problem(404);
        assert_eq!(problem["detail"], "there is no such node in this tenant", "{number}");
    }
    let nobody = "01900000-0000-7000-8000-000000000001";
    let problem = owner.get(&format!("/nodes/{nobody}/versions/1")).await.problem(404);
    assert_eq!(problem["detail"], "there is no such node in this tenant");
}

#[tokio::test]
async fn versions_of_what_is_deleted_are_read_once_it_is_back_and_never_once_it_is_erased() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let (back, purged, erased) = (changed(&owner).await, changed_again(&owner).await, changed_again(&owner).await);
    let at = |id: &str, number: i32| format!("/nodes/{id}/versions/{number}");
    for id in [&back, &purged] {
        assert_eq!(owner.delete(&format!("/nodes/{id}")).await.status, 204);
        for number in 1..=4 {
            let problem = owner.get(&at(id, number)).await.problem(404);
            assert_eq!(problem["detail"], "there is no such node in this tenant", "{number}");
        }
        owner.get(&format!("/nodes/{id}/versions")).await.problem(404);
    }
    owner.post(&format!("/nodes/{back}/restore"), &json!({})).await.ok();
    for number in 1..=4 {
        let version = owner.get(&at(&back, number)).await.ok();
        assert_eq!(version["props"]["n"], number.min(3), "{number}");
        assert_eq!(version["superseded_at"].is_null(), number == 4);
    }
    app.clock.advance(GRACE);
    app.purge_everything().await;
    let owner = app.owner("tenant-a");
    assert_eq!(owner.delete(&format!("/nodes/{erased}?hard=true")).await.status, 204);
    for id in [&purged, &erased] {
        owner.get(&at(id, 1)).await.problem(404);
        owner.post(&format!("/nodes/{id}/restore"), &json!({ "version": 1 })).await.problem(404);
    }
    let kept = "select count(*) from wardgraph.node_versions where node_id::text <> $1";
    let kept: i64 = app.database.behind_the_scenes().await.query_one(kept, &[&back]).await.unwrap().get(0);
    assert_eq!(kept, 0);
}

/// The same, under other external ids.
async fn changed_again(owner: &Caller) -> String {
    let body = |n: i32| json!({ "classes": ["A"], "props": { "n": n } });
    let id = node(owner, &body(1)).await;
    for n in 2..=3 {
        owner.put(&format!("/nodes/{id}"), &body(n)).await.ok();
    }
    id
}

#[tokio::test]
async fn of_a_shared_node_tenants_read_the_version_in_force_and_an_administrator_each() {
    let app = App::start().await;
    let (admin, tenant) = (app.owner("operations"), app.caller("tenant-b", &["nodes:read"]));
    let made = admin.post("/api/v1/shared/nodes", &json!({ "classes": ["Term"], "props": { "text": "wrong" } })).await.created();
    let id = made["id"].as_str().unwrap().to_owned();
    admin.patch(&format!("/api/v1/shared/nodes/{id}"), &json!({ "props": { "text": "right" } })).await.ok();
    let theirs = tenant.get(&format!("/nodes/{id}/versions")).await.ok();
    assert_eq!((&theirs["count"], &theirs["oldest_version"]), (&json!(1), &json!(2)));
    assert_eq!(tenant.get(&format!("/nodes/{id}/versions/2")).await.ok(), theirs["versions"][0]);
    let problem = tenant.get(&format!("/nodes/{id}/versions/1")).await.problem(404);
    assert!(!problem.to_string().contains("wrong"));
    // An administrator's own tenant is a tenant: the shared rows are read where they are written.
    admin.get(&format!("/nodes/{id}/versions/1")).await.problem(404);
    let of_shared = format!("/api/v1/shared/nodes/{id}/versions");
    assert_eq!(admin.get(&format!("{of_shared}/1")).await.ok()["props"]["text"], "wrong");
    assert_eq!(admin.get(&of_shared).await.ok()["oldest_version"], 1);
    tenant.get(&format!("{of_shared}/1")).await.problem(403);
    let own = changed(&admin).await;
    admin.get(&format!("/api/v1/shared/nodes/{own}/versions/1")).await.problem(404);
    assert_eq!(admin.delete(&format!("/api/v1/shared/nodes/{id}")).await.status, 204);
    for number in 1..=2 {
        tenant.get(&format!("/nodes/{id}/versions/{number}")).await.problem(404);
        admin.get(&format!("{of_shared}/{number}")).await.problem(404);
    }
}
