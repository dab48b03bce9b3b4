//! What is taken in is what was sent, or is refused: nulls, queries that are no text, depth, bodies that nobody reads, methods.

use serde_json::{Value, json};
use wardgraph_testkit::{App, Caller, Reply};

#[tokio::test]
async fn null_is_absence_in_every_optional_member_of_a_search() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    owner.create_node("axolotl").await.created();
    let plain = owner.post("/search", &json!({ "query": "axolotl", "mode": "text" })).await.ok();
    assert_eq!(plain["count"], 1);
    for member in [
        "vector",
        "top_k",
        "use_hybrid",
        "use_reranker",
        "classes",
        "filter",
        "metadata_filters",
        "compound_filter",
        "use_weighted_score",
        "decay_lambda",
        "drift_beta",
        "explain",
        "tenant_id",
    ] {
        let asked = json!({ "query": "axolotl", "mode": "text", member: null });
        assert_eq!(owner.post("/search", &asked).await.ok()["results"], plain["results"], "{member}");
    }
    for member in ["classes", "props", "metadata", "created_after", "created_before", "updated_after", "updated_before"] {
        let asked = json!({ "query": "axolotl", "mode": "text", "filter": { member: null } });
        assert_eq!(owner.post("/search", &asked).await.ok()["results"], plain["results"], "filter.{member}");
    }
    for (member, wrong) in [("top_k", json!("ten")), ("explain", json!(1)), ("classes", json!("A")), ("filter", json!([1]))] {
        let told = owner.post("/search", &json!({ "query": "axolotl", "mode": "text", member: wrong })).await.problem(400);
        assert!(told["errors"][0]["field"].as_str().unwrap().starts_with(&format!("/{member}")), "{told}");
    }
}

#[tokio::test]
async fn a_query_that_is_no_text_is_refused() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    for query in ["class=%ff", "external_id=%C3", "external_id=%C3&limit=1", "external_id=%ED%A0%80", "%ff=x"] {
        owner.get(&format!("/nodes?{query}")).await.problem(400);
    }
    owner.get("/nodes?external_id=%C3%A9").await.ok();
}

async fn store(owner: &Caller, depth: usize) -> Reply {
    // The outermost object counts.
    let deep: Value = serde_json::from_str(&format!(r#"{{"a":{}{}}}"#, "[".repeat(depth - 1), "]".repeat(depth - 1))).unwrap();
    owner.post("/nodes", &json!({ "classes": ["A"], "props": deep })).await
}

#[tokio::test]
async fn props_nest_as_deep_as_is_said_and_no_deeper() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let kept = store(&owner, 32).await.created();
    assert_eq!(owner.get(&format!("/nodes/{}", kept["id"].as_str().unwrap())).await.ok()["props"], kept["props"]);
    let told = store(&owner, 33).await.problem(422);
    assert_eq!(told["errors"][0]["detail"], "is nested more than 32 deep", "{told}");
}

#[tokio::test]
async fn a_body_where_none_is_taken_is_malformed_and_does_nothing() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let path = format!("/nodes/{}", owner.create_node("axolotl").await.created()["id"].as_str().unwrap());
    Reply::of(owner.request("DELETE", &path).json(&json!({ "x": 1 }))).await.problem(400);
    owner.get(&path).await.ok();
}

#[tokio::test]
async fn what_may_be_read_may_be_asked_for_by_head_and_is_said_to_be() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    for (path, methods) in [("/nodes", ["GET", "HEAD", "POST"].as_slice()), ("/search", &["POST"])] {
        let refused = Reply::of(owner.request("PUT", path)).await;
        let mut allowed: Vec<_> = refused.headers["allow"].to_str().unwrap().split(", ").collect();
        allowed.sort_unstable();
        assert_eq!((refused.status.as_u16(), allowed.as_slice()), (405, methods), "{path}");
    }
    assert_eq!(Reply::of(owner.request("HEAD", "/nodes")).await.status, 200);
}
