//! A cursor leads on in the answer to the question that it came from: with other filters it is refused, and never goes on behind a place that
//! means nothing there.

use serde_json::json;
use wardgraph_testkit::{App, Caller};

/// Six nodes of two classes and two colours, three of them deleted under one name after another, and edges from the first to all others.
async fn graph(owner: &Caller) -> String {
    let mut ids = Vec::new();
    for n in 0..6 {
        let (class, colour) = if n % 2 == 0 { ("A", "red") } else { ("B", "blue") };
        let body = json!({ "classes": [class], "props": { "colour": colour, "é": 1 }, "metadata": { "m": n % 2 } });
        ids.push(owner.post("/nodes", &body).await.created()["id"].as_str().unwrap().to_owned());
    }
    owner.patch(&format!("/nodes/{}", ids[0]), &json!({ "payload_ref": "file:///hub" })).await.ok();
    for (n, id) in ids.iter().enumerate().skip(1) {
        let rel = if n % 2 == 0 { "R" } else { "S" };
        owner.post("/edges", &json!({ "src": ids[0], "rel": rel, "dst": id })).await.created();
    }
    for _ in 0..3 {
        let gone = owner.post("/nodes", &json!({ "classes": ["A"], "props": {}, "external_id": "gone" })).await.created();
        assert_eq!(owner.delete(&format!("/nodes/{}", gone["id"].as_str().unwrap())).await.status, 204);
    }
    ids.swap_remove(0)
}

async fn cursor(owner: &Caller, path: &str, question: &str) -> String {
    let page = owner.get(&format!("{path}?limit=1&{question}")).await.ok();
    page["next_cursor"].as_str().unwrap_or_else(|| panic!("{path}?{question} has one page: {page}")).to_owned()
}

#[tokio::test]
async fn a_cursor_is_taken_back_with_its_own_filters_alone() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let hub = graph(&owner).await;
    let (near, at_hub, about) = (format!("/nodes/{hub}/neighbors"), format!("node_id={hub}"), format!("node_id={hub}"));
    let (leaving, both) = (format!("node_id={hub}&direction=out&rel=S"), format!("node_id={hub}&direction=both&rel=S"));
    let lists: [(&str, Vec<&str>); 5] = [
        (
            "/nodes",
            vec![
                "",
                "class=A",
                "class=B",
                "class=A&order=desc",
                "props=%7B%22colour%22%3A%22red%22%7D",
                "metadata=%7B%22m%22%3A1%7D",
                "has_embedding=false",
                "embedding_status=queued",
                "created_after=2020-01-01T00:00:00Z",
                "updated_after=2020-01-01T00:00:00Z",
                "created_before=2099-01-01T00:00:00Z",
            ],
        ),
        ("/edges", vec!["", "rel=R", "rel=S", &at_hub, &leaving, &both]),
        (&near, vec!["", "rel=R", "rel=S", "direction=out", "class=A", "class=B", "rel=S&class=B"]),
        ("/nodes/deleted", vec!["", "external_id=gone"]),
        ("/events", vec!["", "event_type=node.created", "event_type=edge.created", &about]),
    ];
    for (path, questions) in &lists {
        for own in questions {
            let cursor = cursor(&owner, path, own).await;
            for asked in questions {
                let path = format!("{path}?{asked}&limit=2&cursor={cursor}");
                if asked == own {
                    owner.get(&path).await.ok();
                    continue;
                }
                let problem = owner.get(&path).await.problem(400);
                assert_eq!(problem["errors"][0]["field"], "cursor", "of {own} at {path}: {problem}");
                assert!(problem["detail"].as_str().unwrap().contains("with these filters"), "{problem}");
            }
        }
    }
}

#[tokio::test]
async fn the_same_question_is_the_same_however_it_is_spelled() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let hub = graph(&owner).await;
    let (edges, leaving) = (format!("node_id={hub}"), format!("direction=out&node_id={hub}"));
    for (path, one, other) in [
        ("/nodes", "", "order=asc&shared=false"),
        ("/nodes", "class=A&has_embedding=false", "has_embedding=false&class=A"),
        (
            "/nodes",
            "props=%7B%22colour%22%3A%22red%22%2C%22%C3%A9%22%3A1%7D",
            "props=%7B%20%22%C3%A9%22%3A1%2C%22colour%22%3A%20%22red%22%7D",
        ),
        ("/nodes", "created_after=2020-01-01T00:00:00Z", "created_after=2020-01-01T01:00:00%2B01:00"),
        ("/edges", edges.as_str(), leaving.as_str()),
    ] {
        for (given, asked) in [(one, other), (other, one)] {
            let cursor = cursor(&owner, path, given).await;
            let rest = owner.get(&format!("{path}?{asked}&limit=1000&cursor={cursor}")).await.ok();
            assert!(rest["count"].as_u64().unwrap() > 0 && rest["next_cursor"].is_null(), "{path} {given} {asked}: {rest}");
        }
    }
}
