//! What is exported comes in again: into its own tenant as what is there, into another one as the same graph, and never twice.

use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use serde_json::{Value, json};
use wardgraph_kernel::{Clock, Timestamp};
use wardgraph_testkit::Caller;

use crate::{
    export::lines,
    import::{Bench, edge, node},
};

const THEN: &str = "2020-01-02T03:04:05Z";

/// Two nodes without a name and one with, and edges between them, all old. Gives the ids of those without a name.
async fn graph(owner: &Caller) -> [String; 2] {
    let new = async |text: &str, name: Option<&str>| {
        let body = json!({ "classes": ["A"], "props": { "text": text }, "external_id": name, "created_at": THEN });
        owner.post("/nodes", &body).await.created()["id"].as_str().unwrap().to_owned()
    };
    let (one, two, _) = (new("one", None).await, new("two", None).await, new("named", Some("named")).await);
    for body in [
        json!({ "src": one, "rel": "R", "dst": two, "props": { "page": 1 }, "created_at": THEN }),
        json!({ "src": two, "rel": "R", "dst_external_id": "named", "created_at": THEN }),
        json!({ "src_external_id": "named", "rel": "R", "dst": one, "created_at": THEN }),
    ] {
        owner.post("/edges", &body).await.created();
    }
    [one, two]
}

async fn export(bench: &Bench, name: &str, more: &[&str]) -> std::path::PathBuf {
    let path = bench.folder.path().join(name);
    bench.run(&["export", "--out", path.to_str().unwrap()], more).await.says(0, &["exported 3 nodes and 3 edges"]);
    path
}

/// The lines of an export but for when nodes were last changed: what was put back was changed by that.
fn but_for_changes(file: &Path) -> BTreeSet<String> {
    let line = |line: &str| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        line.as_object_mut().unwrap().remove("updated_at");
        line.to_string()
    };
    fs::read_to_string(file).unwrap().lines().map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_says_when_a_node_was_changed_and_an_import_changes_it_now() {
    let bench = Bench::new().await;
    let [one, _] = graph(&bench.owner).await;
    bench.app.clock.advance(Duration::from_secs(30));
    bench.owner.patch(&format!("/nodes/{one}"), &json!({ "props": { "text": "other" } })).await.ok();
    let file = export(&bench, "a.jsonl", &[]).await;
    let text = fs::read_to_string(&file).unwrap();
    for line in text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        if line["type"] == "edge" {
            assert!(line.get("updated_at").is_none(), "an edge has no such time: {line}");
            continue;
        }
        let node = bench.owner.get(&format!("/nodes/{}", line["id"].as_str().unwrap())).await.ok();
        assert_eq!((&line["updated_at"], &line["created_at"]), (&node["updated_at"], &node["created_at"]), "{line}");
    }
    bench.app.clock.advance(Duration::from_secs(30));
    let began = bench.app.clock.now();
    let neighbour = bench.app.owner("tenant-b");
    let token = bench.token_of(&neighbour);
    bench.import(&file, &["--token-file", token.to_str().unwrap()]).await.says(0, &["nodes: 3 created", "rejected: 0"]);
    for node in neighbour.get("/nodes").await.ok()["nodes"].as_array().unwrap() {
        let changed: Timestamp = node["updated_at"].as_str().unwrap().parse().unwrap();
        assert!(changed >= began && node["created_at"] == THEN, "whoever follows the tenant's changes meets it: {node}");
    }
}

fn whole(file: &Path) -> BTreeSet<String> {
    fs::read_to_string(file).unwrap().lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_tenant_exported_is_there_already_and_is_put_back_with_update() {
    let bench = Bench::new().await;
    let [one, two] = graph(&bench.owner).await;
    let file = export(&bench, "a.jsonl", &[]).await;
    for _ in 0..2 {
        let told = bench.import(&file, &[]).await;
        told.says(0, &["nodes: 0 created, 3 there already", "edges: 0 created, 3 there already", "rejected: 0"]);
        let told = bench.import(&file, &["--update"]).await;
        told.says(0, &["nodes: 0 created, 0 updated, 3 unchanged", "edges: 0 created, 0 updated, 3 unchanged"]);
    }
    assert_eq!(bench.nodes_and_edges().await, (3, 3));

    // What was changed since, and what is gone, comes back; the rest stays where it is.
    bench.owner.patch(&format!("/nodes/{one}"), &json!({ "props": { "text": "other" } })).await.ok();
    let changed = json!({ "src": one, "rel": "R", "dst": two, "props": { "page": 2 } });
    bench.owner.post("/edges?on_conflict=update", &changed).await.ok();
    let told = bench.import(&file, &[]).await;
    told.says(0, &["nodes: 0 created, 3 there already", "edges: 0 created, 3 there already, 1 of them with other props"]);
    assert_eq!(bench.owner.get(&format!("/nodes/{one}")).await.ok()["props"]["text"], "other");
    let told = bench.import(&file, &["--update"]).await;
    told.says(0, &["nodes: 0 created, 1 updated, 2 unchanged", "edges: 0 created, 1 updated, 2 unchanged"]);
    let back = bench.owner.get(&format!("/nodes/{one}")).await.ok();
    assert_eq!((&back["props"]["text"], &back["version"], &back["external_id"]), (&json!("one"), &json!(3), &Value::Null));
    let again = export(&bench, "again.jsonl", &[]).await;
    assert_eq!(but_for_changes(&again), but_for_changes(&file), "times of creation and ids too");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenant_gets_the_same_graph_once_with_its_times() {
    let bench = Bench::new().await;
    let [one, two] = graph(&bench.owner).await;
    let file = export(&bench, "a.jsonl", &[]).await;
    let neighbour = bench.app.owner("tenant-b");
    let token = bench.token_of(&neighbour);
    let of_b = ["--token-file", token.to_str().unwrap()];
    bench.import(&file, &of_b).await.says(0, &["nodes: 3 created", "edges: 3 created", "rejected: 0"]);
    let update = [&of_b[..], &["--update"]].concat();
    bench.import(&file, &of_b).await.says(0, &["nodes: 0 created, 3 there already", "edges: 0 created, 3 there already"]);
    bench.import(&file, &update).await.says(0, &["nodes: 0 created, 0 updated, 3 unchanged", "edges: 0 created, 0 updated, 3"]);
    let theirs = export(&bench, "b.jsonl", &of_b).await;
    assert_eq!(lines(&theirs), lines(&file));
    bench.import(&theirs, &update).await.says(0, &["nodes: 0 created, 0 updated, 3 unchanged"]);
    assert_eq!(bench.nodes_and_edges().await, (6, 6));
    // By its former id a node is named, and has an id of its own.
    let named = neighbour.get(&format!("/nodes?external_id={one}")).await.ok()["nodes"][0].clone();
    assert_eq!((&named["props"]["text"], &named["created_at"]), (&json!("one"), &json!(THEN)));
    assert_ne!(named["id"], json!(one));
    let leaving = neighbour.get(&format!("/edges?node_id={}", named["id"].as_str().unwrap())).await.ok();
    let reached = neighbour.get(&format!("/nodes?external_id={two}")).await.ok()["nodes"][0]["id"].clone();
    assert_eq!((&leaving["edges"][0]["dst"], &leaving["edges"][0]["created_at"]), (&reached, &json!(THEN)));
    // The first tenant's are as they were: an id of another tenant opens nothing there.
    assert_eq!(whole(&export(&bench, "after.jsonl", &[]).await), whole(&file));
}

#[tokio::test(flavor = "multi_thread")]
async fn times_are_left_behind_where_the_token_may_not_give_them_and_that_is_told() {
    let bench = Bench::new().await;
    graph(&bench.owner).await;
    let file = export(&bench, "a.jsonl", &[]).await;
    let writer = bench.app.caller("tenant-b", &["nodes:write", "edges:write"]);
    let token = bench.token_of(&writer);
    let told = bench.import(&file, &["--token-file", token.to_str().unwrap()]).await;
    told.says(0, &["nodes: 3 created", "edges: 3 created", "undated: 6, created as of now", "admin:refresh"]);
    assert_eq!(bench.app.owner("tenant-b").get("/nodes?created_before=2021-01-01T00:00:00Z").await.ok()["count"], 0);
    let bad = bench.file("bad.jsonl", json!({ "classes": ["A"], "props": {}, "created_at": "2099-01-01T00:00:00Z" }).to_string());
    bench.import(&bad, &[]).await.says(1, &["bad.jsonl:1: /created_at: must not lie in the future", "nodes: 0 created"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_cleaned_is_counted_and_told_up_to_a_bound() {
    let bench = Bench::new().await;
    let bad = |n: usize| json!({ "classes": ["A"], "props": { "text": "x<script>y()</script>" }, "external_id": n.to_string() });
    let mut lines: Vec<_> = (0..30).map(|n| bad(n).to_string()).collect();
    lines.push(node("good"));
    lines.push(json!({ "src": "good", "rel": "R", "dst": "0", "props": { "note": "<img src=x onerror=y()>" } }).to_string());
    lines.push(edge("0", "good"));
    let file = bench.file("html.jsonl", lines.join("\n"));
    let told = bench.import(&file, &[]).await;
    let first = "html.jsonl:1: active HTML was taken out of /props/text";
    told.says(0, &["nodes: 31 created", "edges: 2 created", "cleaned: 31, of which active HTML was taken out", first]);
    let lines = told.err.lines().filter(|line| line.contains("active HTML was taken out")).count();
    assert_eq!(lines, 20, "{}", told.err);
    let again = bench.import(&file, &["--update", "--restart"]).await;
    again.says(0, &["cleaned: 31, of which active HTML was taken out"]);
    assert!(told.err.contains("html.jsonl:20: active HTML was taken out, and what else was cleaned is only counted"));
    let clean = bench.import(&bench.file("clean.jsonl", node("clean")), &[]).await;
    clean.says(0, &["nodes: 1 created"]);
    assert!(!clean.out.contains("cleaned") && !clean.out.contains("undated"), "{clean:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_line_of_an_edge_counts_with_update_and_the_first_without() {
    let bench = Bench::new().await;
    let line = |page: usize| json!({ "src": "one", "rel": "R", "dst": "two", "props": { "page": page } }).to_string();
    let nodes = [node("one"), node("two")];
    let first = bench.file("first.jsonl", [&nodes[..], &[line(1), line(2), line(3)]].concat().join("\n"));
    let told = bench.import(&first, &[]).await;
    told.says(0, &["edges: 1 created, 2 there already, 2 of them with other props (--update replaces them)"]);
    let page = async || bench.owner.get("/edges").await.ok()["edges"][0]["props"]["page"].clone();
    assert_eq!(page().await, 1);
    let told = bench.import(&first, &["--update", "--jobs", "16"]).await;
    told.says(0, &["edges: 0 created, 2 updated, 1 unchanged", "rejected: 0"]);
    assert_eq!(page().await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_has_typed_columns_and_metadata() {
    let bench = Bench::new().await;
    let table = "external_id,classes,props.year:int,props.price:float,props.lent:bool,metadata.shelf,metadata.tags:json\n\
                 1,Book,1984,7.50,TRUE,A 3,\"[\"\"old\"\", 1]\"\n\
                 2,Book,soon,,,,\n\
                 3,Book,,seven,,,\n\
                 4,Book,,,,,\"{\"\"a\"\"\"\n";
    let told = bench.import(&bench.file("books.csv", table), &[]).await;
    told.says(
        1,
        &[
            "books.csv:3: column `props.year:int`: `soon` is no whole number of 64 bits",
            "books.csv:4: column `props.price:float`: `seven` is no number",
            "books.csv:5: column `metadata.tags:json`: `{\"a\"` is not JSON",
            "nodes: 1 created",
            "rejected: 3",
        ],
    );
    let book = bench.node("1").await;
    assert_eq!(book["props"], json!({ "year": 1984, "price": 7.5, "lent": true }));
    assert_eq!(book["metadata"], json!({ "shelf": "A 3", "tags": ["old", 1] }));
    // Whether a number was one in the table shows in what can be asked.
    assert_eq!(bench.owner.get("/nodes?props=%7B%22year%22:1984%7D").await.ok()["count"], 1);

    let other = bench.file("other.csv", "Nr,Jahr,props.note\n9,2001,x\n");
    let columns = ["--class", "Book", "--columns", "external_id=Nr,props.year:int=Jahr"];
    bench.import(&other, &columns).await.says(0, &["nodes: 1 created"]);
    assert_eq!(bench.node("9").await["props"], json!({ "year": 2001, "note": "x" }));
    for (header, said) in [
        (
            "classes,props.day:date",
            "other.csv:1: the column `props.day:date` has no type `date`: the types are text, int, float, bool, json",
        ),
        ("classes,n,props.n:int", "other.csv:1: the columns `n` and `props.n:int` are one member"),
        ("src,rel,dst,metadata.x", "other.csv:1: the column `metadata.x` is of no edge"),
    ] {
        bench.import(&bench.file("other.csv", format!("{header}\n")), &[]).await.says(2, &[said]);
    }
    let edges = bench.file("edges.csv", "src,rel,dst,props.page:int\n1,CITES,9,4\n1,CITES,9,four\n");
    bench.import(&edges, &[]).await.says(1, &["edges: 1 created", "edges.csv:3: column `props.page:int`: `four`"]);
    assert_eq!(bench.owner.get("/edges").await.ok()["edges"][0]["props"], json!({ "page": 4 }));
}
