//! How many earlier versions are kept is said by the operator; a reader is told which is the oldest, and erasing them is bounded however many there are.

use serde_json::{Value, json};
use wardgraph_graph::node::MostVersions;
use wardgraph_testkit::{App, AppOptions, Caller, GRACE};

use crate::deletion::{versions_of, with_versions};

async fn keeping(most: usize) -> App {
    App::with(AppOptions { most_versions: MostVersions::of(most), ..AppOptions::default() }).await
}

async fn node(caller: &Caller, external_id: &str) -> String {
    let body = json!({ "classes": ["A"], "props": { "n": 0 }, "external_id": external_id });
    caller.post("/nodes", &body).await.created()["id"].as_str().unwrap().to_owned()
}

/// The oldest version that the list tells of, and those that it shows, newest first.
async fn told(caller: &Caller, path: &str) -> (i64, Vec<i64>) {
    let page = caller.get(&format!("{path}/versions?limit=1000")).await.ok();
    let numbers = page["versions"].as_array().unwrap().iter().map(|version| version["version"].as_i64().unwrap()).collect();
    (page["oldest_version"].as_i64().unwrap(), numbers)
}

#[tokio::test]
async fn each_way_to_change_a_node_keeps_as_many_as_the_operator_says() {
    let app = keeping(2).await;
    let owner = app.owner("tenant-a");
    let (id, other) = (node(&owner, "x").await, node(&owner, "y").await);
    let path = format!("/nodes/{id}");
    let body = |n: i32| json!({ "classes": ["A"], "props": { "n": n }, "external_id": "x" });
    owner.put(&path, &body(1)).await.ok();
    assert_eq!(told(&owner, &path).await, (1, vec![2, 1]));
    owner.put(&path, &body(2)).await.ok();
    assert_eq!(told(&owner, &path).await, (1, vec![3, 2, 1]), "none goes too early");
    let batch = json!({ "nodes": [body(5), { "classes": ["A"], "props": { "n": 1 }, "external_id": "y" }] });
    for change in [
        owner.put(&path, &body(3)).await,
        owner.patch(&path, &json!({ "props": { "n": 4 } })).await,
        owner.post("/nodes/batch?on_conflict=update", &batch).await,
        owner.post("/nodes?on_conflict=update", &body(6)).await,
        owner.post(&format!("{path}/restore"), &json!({ "version": 5 })).await,
    ] {
        change.ok();
    }
    assert_eq!(told(&owner, &path).await, (6, vec![8, 7, 6]));
    owner.get(&format!("{path}/versions/5")).await.problem(404);
    owner.post(&format!("{path}/restore"), &json!({ "version": 5 })).await.problem(422);
    // Deleting and bringing back over and over keeps no more either.
    for _ in 0..3 {
        assert_eq!(owner.delete(&path).await.status, 204);
        owner.post(&format!("{path}/restore"), &json!({})).await.ok();
    }
    assert_eq!(told(&owner, &path).await, (9, vec![11, 10, 9]));
    // What changes nothing lets nothing go, and nobody else's go.
    owner.patch(&path, &json!({})).await.ok();
    assert_eq!(told(&owner, &path).await, (9, vec![11, 10, 9]));
    assert_eq!(told(&owner, &format!("/nodes/{other}")).await, (1, vec![2, 1]));
}

#[tokio::test]
async fn a_shared_node_keeps_as_many_and_goes_with_all_of_them() {
    let app = keeping(2).await;
    let admin = app.owner("operations");
    let made = admin.post("/api/v1/shared/nodes", &json!({ "classes": ["A"], "props": { "n": 0 } })).await.created();
    let id = made["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/shared/nodes/{id}");
    for n in 1..5 {
        admin.patch(&path, &json!({ "props": { "n": n } })).await.ok();
    }
    assert_eq!(told(&admin, &path).await, (3, vec![5, 4, 3]));
    let client = app.database.behind_the_scenes().await;
    client.execute("delete from wardgraph.node_versions", &[]).await.unwrap();
    with_versions(&client, &id, 25_000).await;
    assert_eq!(admin.delete(&path).await.status, 204);
    assert_eq!(versions_of(&client, &id).await, 0);
}

#[tokio::test]
async fn all_are_kept_where_the_operator_says_so_and_fewer_from_when_that_is_said() {
    let all = keeping(0).await;
    let client = all.database.behind_the_scenes().await;
    let owner = all.owner("tenant-a");
    let id = node(&owner, "x").await;
    let path = format!("/nodes/{id}");
    with_versions(&client, &id, 3_500).await;
    owner.patch(&path, &json!({ "props": { "n": 1 } })).await.ok();
    assert_eq!(versions_of(&client, &id).await, 3_501);
    assert_eq!(told(&owner, &path).await.0, 1);
    owner.get(&format!("{path}/versions/1")).await.ok();
    // A server that keeps fewer over the same database: a change takes a bounded number of them along, and is made.
    let fewer =
        App::over(all.database.clone(), AppOptions { most_versions: MostVersions::of(10), ..AppOptions::default() }).await;
    let owner = fewer.owner("tenant-a");
    for (n, oldest) in [(2, 1_001), (3, 2_001), (4, 3_001), (5, 3_496), (6, 3_497)] {
        owner.patch(&path, &json!({ "props": { "n": n } })).await.ok();
        assert_eq!(told(&owner, &path).await.0, oldest);
    }
    assert_eq!(versions_of(&client, &id).await, 10);
}

#[tokio::test]
async fn a_page_behind_which_everything_went_is_empty_and_one_before_which_something_came_is_what_it_was() {
    let app = keeping(4).await;
    let owner = app.owner("tenant-a");
    let id = node(&owner, "x").await;
    let path = format!("/nodes/{id}");
    let change = async |n: i32| owner.patch(&path, &json!({ "props": { "n": n } })).await.ok();
    for n in 1..5 {
        change(n).await;
    }
    let first = owner.get(&format!("{path}/versions?limit=2")).await.ok();
    let next = format!("{path}/versions?limit=2&cursor={}", first["next_cursor"].as_str().unwrap());
    let numbers = |page: &Value| page["versions"].as_array().unwrap().iter().map(|v| v["version"].clone()).collect::<Vec<_>>();
    assert_eq!(numbers(&first), [5, 4]);
    assert_eq!(numbers(&owner.get(&next).await.ok()), [3, 2]);
    change(6).await;
    assert_eq!(numbers(&owner.get(&next).await.ok()), [3, 2], "what is new stands before, and moves nothing");
    change(7).await;
    assert_eq!(numbers(&owner.get(&next).await.ok()), [3], "what went is missing");
    change(8).await;
    let rest = owner.get(&next).await.ok();
    assert_eq!((&rest["count"], &rest["next_cursor"], &rest["oldest_version"]), (&json!(0), &Value::Null, &json!(4)));
    app.owner("tenant-b").get(&next).await.problem(400);
    owner.delete(&path).await;
    owner.get(&next).await.problem(404);
}

#[tokio::test]
async fn no_version_begins_before_the_one_that_it_supersedes() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let (changed, back) = (node(&owner, "x").await, node(&owner, "y").await);
    let client = app.database.behind_the_scenes().await;
    // Written by a server whose clock is ahead, or by a request that came later and was served sooner.
    client.batch_execute("update wardgraph.nodes set updated_at = updated_at + interval '1 hour'").await.unwrap();
    owner.patch(&format!("/nodes/{changed}"), &json!({ "props": { "n": 1 } })).await.ok();
    owner.delete(&format!("/nodes/{back}")).await;
    owner.post(&format!("/nodes/{back}/restore"), &json!({})).await.ok();
    for id in [changed, back] {
        let page = owner.get(&format!("/nodes/{id}/versions")).await.ok();
        let [newer, older] = page["versions"].as_array().unwrap().as_slice() else { panic!("{page}") };
        assert_eq!(newer["updated_at"], older["superseded_at"]);
        assert_eq!(older["updated_at"], older["superseded_at"], "it was in force for no time at all");
        assert_eq!(owner.get(&format!("/nodes/{id}")).await.ok()["updated_at"], newer["updated_at"]);
    }
}

#[tokio::test]
async fn a_node_with_very_many_versions_is_erased_at_once_and_these_in_steps() {
    let app = keeping(0).await;
    let owner = app.owner("tenant-a");
    let client = app.database.behind_the_scenes().await;
    let (there, deleted) = (node(&owner, "zanzibar").await, node(&owner, "timbuktu").await);
    for id in [&there, &deleted] {
        with_versions(&client, id, 25_000).await;
    }
    assert_eq!(owner.delete(&format!("/nodes/{deleted}")).await.status, 204);
    for id in [&there, &deleted] {
        let path = format!("/nodes/{id}");
        app.owner("tenant-b").delete(&format!("{path}?hard=true")).await.problem(404);
        assert_eq!(owner.delete(&format!("{path}?hard=true")).await.status, 204);
        // Whatever is left is nobody's to read or to bring back.
        for gone in [path.clone(), format!("{path}/versions"), format!("{path}/versions/20000")] {
            owner.get(&gone).await.problem(404);
        }
        for body in [json!({}), json!({ "version": 20_000 })] {
            owner.post(&format!("{path}/restore"), &body).await.problem(404);
        }
        owner.delete(&format!("{path}?hard=true")).await.problem(404);
        assert_eq!(versions_of(&client, id).await, 15_000);
    }
    assert_eq!(owner.get("/nodes/deleted").await.ok()["count"], 0);
    let row = "select count(*) from wardgraph.deleted_nodes d where d::text ~ 'zanzibar|timbuktu'";
    assert_eq!(client.query_one(row, &[]).await.unwrap().get::<_, i64>(0), 0);
    node(&owner, "zanzibar").await;
    // The purge is due now, and tells of neither again.
    app.purge_everything().await;
    for id in [&there, &deleted] {
        assert_eq!(versions_of(&client, id).await, 0);
    }
    let purged: Vec<_> = owner.events().await.into_iter().filter(|event| event["type"] == "node.purged").collect();
    assert_eq!(purged.len(), 2, "{purged:?}");
    let left =
        "select (select count(*) from wardgraph.deleted_nodes) + (select count(*) from wardgraph.jobs where kind = 'purge')";
    assert_eq!(client.query_one(left, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn a_purge_of_a_node_with_very_many_versions_goes_in_steps_and_ends() {
    let app = keeping(0).await;
    let owner = app.owner("tenant-a");
    let client = app.database.behind_the_scenes().await;
    let (many, few) = (node(&owner, "many").await, node(&owner, "few").await);
    with_versions(&client, &many, 23_000).await;
    with_versions(&client, &few, 3).await;
    for id in [&many, &few] {
        owner.delete(&format!("/nodes/{id}")).await;
    }
    assert_eq!(versions_of(&client, &many).await, 23_000, "it can be brought back");
    app.clock.advance(GRACE);
    app.purge_everything().await;
    for id in [&many, &few] {
        assert_eq!(versions_of(&client, id).await, 0);
    }
    let purged: Vec<_> = app.owner("tenant-a").events().await.into_iter().filter(|e| e["type"] == "node.purged").collect();
    assert_eq!(purged.len(), 2, "{purged:?}");
}
