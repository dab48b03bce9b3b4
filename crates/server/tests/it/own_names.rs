//! The caller's own ids: told wherever a node is told, and of one that is held, who holds it.

use serde_json::{Value, json};
use wardgraph_testkit::{App, Caller, Reply};

const SHARED: &str = "/api/v1/shared/nodes";

async fn node(caller: &Caller, path: &str, name: Option<&str>, text: &str) -> String {
    let body = json!({ "classes": ["A"], "props": { "text": text }, "external_id": name });
    caller.post(path, &body).await.created()["id"].as_str().unwrap().to_owned()
}

/// The own id of each node in a list, by its id; a node that tells of none at all is no node as the API has it.
fn names(list: &Value, of: impl Fn(&Value) -> &Value) -> Vec<(String, Value)> {
    let told = |item: &Value| {
        let node = of(item).as_object().unwrap();
        (node["id"].as_str().unwrap().to_owned(), node.get("external_id").unwrap_or_else(|| panic!("{item}")).clone())
    };
    let mut all: Vec<_> = list.as_array().unwrap().iter().map(told).collect();
    all.sort_by(|one, other| one.0.cmp(&other.0));
    all
}

#[tokio::test]
async fn hits_ancestors_and_neighbours_say_the_callers_own_ids() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let named = node(&owner, "/nodes", Some("doc/17"), "the quick brown fox").await;
    let unnamed = node(&owner, "/nodes", None, "a slow brown fox").await;
    let shared = node(&app.operator("tenant-a", &["shared:write"]), SHARED, Some("theirs"), "a shared fox").await;
    // The neighbour's node of the same name is nobody's here.
    node(&app.owner("tenant-b"), "/nodes", Some("doc/17"), "the quick brown fox").await;
    app.embed_everything().await;
    let mut expected = vec![(named.clone(), json!("doc/17")), (unnamed.clone(), Value::Null), (shared.clone(), json!("theirs"))];
    expected.sort_by(|one, other| one.0.cmp(&other.0));
    for mode in ["text", "vector", "hybrid"] {
        for more in [json!({}), json!({ "explain": true, "use_weighted_score": true }), json!({ "filter": { "classes": ["A"] } })]
        {
            let mut asked = json!({ "query": "fox", "mode": mode });
            asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let found = owner.post("/search", &asked).await.ok();
            assert_eq!(names(&found["results"], |hit| hit), expected, "{asked}: {found}");
        }
    }
    let start = node(&owner, "/nodes", None, "derived").await;
    for dst in [&named, &unnamed] {
        owner.post("/edges", &json!({ "src": start, "rel": "DERIVED_FROM", "dst": dst })).await.created();
    }
    expected.retain(|(id, _)| *id != shared);
    let lineage = owner.get(&format!("/lineage/{start}")).await.ok();
    assert_eq!(names(&lineage["ancestors"], |ancestor| ancestor), expected);
    let near = owner.get(&format!("/nodes/{start}/neighbors")).await.ok();
    assert_eq!(names(&near["neighbors"], |neighbour| &neighbour["node"]), expected);
    // As the node itself has it, also after it got another.
    owner.patch(&format!("/nodes/{named}"), &json!({ "external_id": "doc/18" })).await.ok();
    let lineage = owner.get(&format!("/lineage/{start}")).await.ok();
    assert!(names(&lineage["ancestors"], |ancestor| ancestor).contains(&(named, json!("doc/18"))), "{lineage}");
}

/// A change that another node's external id is in the way of, and which node that is.
async fn names_the_holder(reply: Reply, holder: &str) {
    let problem = reply.problem(409);
    assert_eq!(problem["detail"], format!("the node `{holder}` has this external id"), "{problem}");
}

#[tokio::test]
async fn whoever_cannot_have_an_external_id_is_told_which_node_has_it() {
    let app = App::start().await;
    let (owner, neighbour) = (app.owner("tenant-a"), app.owner("tenant-b"));
    let former = node(&owner, "/nodes", Some("x"), "had it first").await;
    let path = format!("/nodes/{former}");
    owner.patch(&path, &json!({ "external_id": "y" })).await.ok();
    let holder = node(&owner, "/nodes", Some("x"), "has it now").await;
    // The neighbour's of the same name is in nobody's way, and told to nobody.
    node(&neighbour, "/nodes", Some("x"), "elsewhere").await;
    let other = node(&neighbour, "/nodes", Some("z"), "elsewhere").await;
    neighbour.patch(&format!("/nodes/{other}"), &json!({ "external_id": "y" })).await.ok();

    let body = json!({ "classes": ["A"], "props": { "text": "t" }, "external_id": "x" });
    names_the_holder(owner.post("/nodes", &body).await, &holder).await;
    names_the_holder(owner.patch(&path, &json!({ "external_id": "x" })).await, &holder).await;
    names_the_holder(owner.put(&path, &body).await, &holder).await;
    let by_props = json!({ "classes": ["A"], "props": { "external_id": "x" } });
    names_the_holder(owner.put(&path, &by_props).await, &holder).await;
    names_the_holder(owner.post(&format!("{path}/restore"), &json!({ "version": 1 })).await, &holder).await;
    // Nothing of it was done, and a version that is not meant is told first.
    let is = owner.get(&path).await.ok();
    assert_eq!((&is["external_id"], &is["version"]), (&json!("y"), &json!(2)));
    let stale = owner.request("PATCH", &path).header("if-match", "\"1\"").json(&json!({ "external_id": "x" }));
    Reply::of(stale).await.problem(412);

    // A deleted node whose name was taken meanwhile.
    assert_eq!(owner.delete(&path).await.status, 204);
    let heir = node(&owner, "/nodes", Some("y"), "has that now").await;
    names_the_holder(Reply::of(owner.request("POST", &format!("{path}/restore"))).await, &heir).await;
    assert_eq!(owner.get("/nodes/deleted").await.ok()["count"], 1, "it waits on");
    owner.patch(&format!("/nodes/{heir}"), &json!({ "external_id": null })).await.ok();
    let back = Reply::of(owner.request("POST", &format!("{path}/restore"))).await.ok();
    assert_eq!(back["external_id"], "y");
    // Who may not read or write is told nothing of it.
    let low = app.caller("tenant-a", &["nodes:read"]);
    for reply in
        [low.patch(&path, &json!({ "external_id": "x" })).await, neighbour.patch(&path, &json!({ "external_id": "x" })).await]
    {
        assert!(matches!(reply.status.as_u16(), 403 | 404) && !reply.text.contains(&holder), "{}", reply.text);
    }
}

#[tokio::test]
async fn of_shared_nodes_the_holder_is_a_shared_one() {
    let app = App::start().await;
    let (owner, writer) = (app.owner("tenant-a"), app.operator("tenant-a", &["shared:write"]));
    let private = node(&owner, "/nodes", Some("s"), "the tenant's own").await;
    let holder = node(&writer, SHARED, Some("s"), "shared").await;
    let other = node(&writer, SHARED, Some("t"), "shared too").await;
    let (path, body) = (format!("{SHARED}/{other}"), json!({ "classes": ["A"], "props": {}, "external_id": "s" }));
    names_the_holder(writer.patch(&path, &json!({ "external_id": "s" })).await, &holder).await;
    names_the_holder(writer.put(&path, &body).await, &holder).await;
    assert_ne!(holder, private);
    // The tenant's own may have the name of a shared one.
    let own = node(&owner, "/nodes", None, "another").await;
    names_the_holder(owner.patch(&format!("/nodes/{own}"), &json!({ "external_id": "s" })).await, &private).await;
    owner.patch(&format!("/nodes/{own}"), &json!({ "external_id": "t" })).await.ok();
}

#[tokio::test]
async fn of_two_who_want_one_name_at_once_the_second_is_told_who_has_it() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let (one, two) = (node(&owner, "/nodes", None, "one").await, node(&owner, "/nodes", None, "two").await);
    for name in 0..20 {
        let body = json!({ "external_id": format!("name-{name}") });
        let (paths, mut wins) = ([format!("/nodes/{one}"), format!("/nodes/{two}")], 0);
        let both = tokio::join!(owner.patch(&paths[0], &body), owner.patch(&paths[1], &body));
        for (reply, other) in [(both.0, &two), (both.1, &one)] {
            if reply.status == 200 {
                wins += 1;
            } else {
                names_the_holder(reply, other).await;
            }
        }
        assert_eq!(wins, 1, "name-{name}");
    }
}
