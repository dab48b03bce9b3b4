//! `wardgraph export`, as the real binary against a real server: what comes out goes in again.

use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    binary::{command, run},
    import::{Bench, Told, edge, node},
};

/// The lines of an export without the ids and times of change, which every server makes itself: a node that has none but its id is named by that
/// elsewhere.
pub(crate) fn lines(file: &Path) -> BTreeSet<String> {
    let line = |line: &str| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        let members = line.as_object_mut().unwrap();
        members.remove("updated_at");
        for (id, name) in [("id", "external_id"), ("src", "src_external_id"), ("dst", "dst_external_id")] {
            if let Some(id) = members.remove(id) {
                members.entry(name).or_insert(id);
            }
        }
        line.to_string()
    };
    fs::read_to_string(file).unwrap().lines().map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_exported_is_imported_and_exported_again_alike() {
    let bench = Bench::new().await;
    let known = bench.app.known(&bench.owner).await;
    let full = json!({
        "classes": ["A", "B"], "external_id": "voll \"ständig\"", "payload_ref": "file:///a", "metadata": { "m": [1, null, { "x": "\u{2028}" }] },
        "props": { "text": "zwei\nZeilen", "number": 1.5, "nothing": null }, "refresh_policy": { "interval": "1h" }, "triggers": [{ "name": "t" }]
    });
    let id = bench.owner.post("/nodes", &full).await.created()["id"].clone();
    for (rel, props) in [("R", json!({ "page": 4 })), ("S", json!({}))] {
        bench.owner.post("/edges", &json!({ "src": id, "rel": rel, "dst": known.node, "props": props })).await.created();
    }
    let shared = "insert into wardgraph.nodes (tenant_id, node_id, classes, props, metadata, refresh_policy, triggers, created_at, updated_at)
                  values ('*', gen_random_uuid(), '{S}', '{}', '{}', '{}', '[]', now(), now())";
    bench.app.database.behind_the_scenes().await.batch_execute(shared).await.unwrap();
    let neighbour = bench.app.owner("tenant-b");
    let token = bench.token_of(&neighbour);
    let of_b = ["--token-file", token.to_str().unwrap()];

    let (first, second) = (bench.folder.path().join("a.jsonl"), bench.folder.path().join("b.jsonl"));
    bench.run(&["export", "--out", first.to_str().unwrap()], &[]).await.says(0, &["exported 3 nodes and 3 edges"]);
    assert_eq!(fs::metadata(&first).unwrap().permissions().mode() & 0o777, 0o600);
    bench.import(&first, &of_b).await.says(0, &["nodes: 3 created", "edges: 3 created", "rejected: 0"]);
    bench.run(&["export", "--out", second.to_str().unwrap()], &of_b).await.says(0, &["exported 3 nodes and 3 edges"]);
    assert_eq!(lines(&first), lines(&second));
    assert_eq!(lines(&first).len(), 6);
    let there = neighbour.get("/nodes?class=B").await.ok()["nodes"][0].clone();
    for member in ["classes", "external_id", "payload_ref", "metadata", "props", "refresh_policy", "triggers"] {
        assert_eq!(there[member], full[member], "{member}");
    }
    let told = bench.run(&["export", "--out", "-"], &["--quiet"]).await;
    assert_eq!((told.status, told.out), (0, fs::read_to_string(&first).unwrap()));
    // Nothing but the two files is left.
    let left: BTreeSet<_> = fs::read_dir(bench.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["a.jsonl", "b.jsonl", "token", "token-of-tenant-b"].map(Into::into).into());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_export_goes_on_and_never_shows_half_a_line() {
    const NODES: usize = 6_000;
    let bench = Bench::new().await;
    let names: Vec<_> = (0..NODES).map(|n| n.to_string()).collect();
    let nodes = names.iter().map(|name| node(name));
    let edges = names.windows(2).map(|pair| edge(&pair[0], &pair[1]));
    let source = bench.file("source.jsonl", nodes.chain(edges).collect::<Vec<_>>().join("\n"));
    bench.import(&source, &[]).await.says(0, &["nodes: 6,000 created", "edges: 5,999 created"]);

    let whole = bench.folder.path().join("whole");
    bench.run(&["export", "--out", whole.to_str().unwrap()], &[]).await.says(0, &["exported 6000 nodes and 5999 edges"]);
    let cut = bench.folder.path().join("cut");
    let (part, checkpoint) = (bench.folder.path().join("cut.part"), bench.folder.path().join("cut.checkpoint"));
    let export = ["export", "--out", cut.to_str().unwrap()];
    for kind in ["nodes", "edges"] {
        let mut child =
            command(&[]).args(bench.arguments(&export, &[])).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let began = Instant::now();
        let far = || fs::read(&checkpoint).ok().and_then(|text| serde_json::from_slice::<Value>(&text).ok());
        while far().is_none_or(|far| far["kind"] != kind) {
            assert!(
                began.elapsed() < Duration::from_secs(60) && child.try_wait().unwrap().is_none(),
                "it did not come to {kind}"
            );
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!cut.exists(), "half an export has not its name");
        // As if it had been cut off within a write.
        fs::OpenOptions::new().append(true).open(&part).unwrap().write_all(b"{\"type\": \"no").unwrap();
    }
    bench.run(&export, &[]).await.says(0, &["goes on behind 6000 nodes", "exported 6000 nodes and 5999 edges"]);
    assert_eq!(fs::read_to_string(&cut).unwrap(), fs::read_to_string(&whole).unwrap());
    assert!(!part.exists() && !checkpoint.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_says_why_it_cannot_go_on() {
    let bench = Bench::new().await;
    let out = bench.folder.path().join("out");
    let export = ["export", "--out", out.to_str().unwrap()];
    let reader = bench.app.caller("tenant-a", &["nodes:read"]);
    let token = bench.token_of(&reader);
    bench.run(&export, &["--token-file", token.to_str().unwrap()]).await.says(2, &["the server refuses GET /edges: 403"]);
    // What that one left is another tenant's.
    let token = bench.token_of(&bench.app.owner("tenant-b"));
    let told = bench.run(&export, &["--token-file", token.to_str().unwrap()]).await;
    told.says(2, &["is of an export of tenant-a", "--restart"]);
    bench.run(&export, &["--token-file", token.to_str().unwrap(), "--restart"]).await.says(0, &["exported 0 nodes and 0 edges"]);
    assert_eq!(fs::read_to_string(&out).unwrap(), "");
    bench.run(&["export", "--out", "/nowhere/x"], &[]).await.says(2, &["cannot write `/nowhere/x.checkpoint.lock`"]);
}

#[test]
fn who_calls_is_said_once() {
    let ways = [["--token", "x"], ["--token-file", "x"], ["--tenant", "x"]];
    for begin in [["export", "--out", "-"], ["import", "x", "--quiet"]] {
        for (one, other) in [(0, 1), (0, 2), (1, 2)] {
            let told = Told::of(&run(&[], &[&begin[..], &ways[one][..], &ways[other][..]].concat()));
            told.says(2, &["cannot be used with"]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_the_environment_counts_where_nothing_is_said() {
    let bench = Bench::new().await;
    let narrow = bench.app.caller("tenant-a", &["nodes:read"]).token.unwrap();
    let wide = bench.owner.token.clone().unwrap();
    let run = async |of_environment: &str, flags: &[&str]| {
        let (environment, flags) = (of_environment.to_owned(), flags.iter().map(|flag| (*flag).to_owned()).collect::<Vec<_>>());
        let url = bench.app.base.clone();
        let output = tokio::task::spawn_blocking(move || {
            let begin = ["export", "--out", "-", "--url", &url];
            let flags: Vec<&str> = begin.into_iter().chain(flags.iter().map(String::as_str)).collect();
            run(&[("WARDGRAPH_TOKEN", &environment)], &flags)
        });
        Told::of(&output.await.unwrap())
    };
    run(&narrow, &[]).await.says(2, &["the server refuses GET /edges: 403"]);
    run(&wide, &[]).await.says(0, &[]);
    run(&wide, &["--token", &narrow]).await.says(2, &["the server refuses GET /edges: 403"]);
    run("", &[]).await.says(2, &["who calls?"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_about_behind_an_export_is_in_it_if_an_edge_joins_it() {
    let bench = Bench::new().await;
    let known = bench.app.known(&bench.owner).await;
    // As far as all nodes were read, and no edge.
    let (first, cut) = (bench.folder.path().join("first"), bench.folder.path().join("cut"));
    bench.run(&["export", "--out", first.to_str().unwrap()], &[]).await.says(0, &[]);
    let nodes: String = fs::read_to_string(&first)
        .unwrap()
        .lines()
        .filter(|line| line.contains("\"type\":\"node\""))
        .map(|line| format!("{line}\n"))
        .collect();
    let count = nodes.lines().count();
    fs::write(bench.folder.path().join("cut.part"), &nodes).unwrap();
    let far = json!({
        "url": bench.app.base, "tenant": "tenant-a", "kind": "edges", "cursor": null, "bytes": nodes.len(), "nodes": count, "edges": 0
    });
    fs::write(bench.folder.path().join("cut.checkpoint"), far.to_string()).unwrap();
    // A slower transaction's node has an earlier id than those that were read.
    let late = "01900000-0000-7000-8000-0000000000aa";
    let slower = format!(
        "insert into wardgraph.nodes (tenant_id, node_id, external_id, classes, props, metadata, refresh_policy, triggers, created_at, updated_at)
         values ('tenant-a', '{late}', 'late', '{{A}}', '{{}}', '{{}}', '{{}}', '[]', '2026-01-01Z', '2026-01-01Z')"
    );
    bench.app.database.behind_the_scenes().await.batch_execute(&slower).await.unwrap();
    let there = known.node.to_string();
    for (src, dst) in [(late, there.as_str()), (there.as_str(), late)] {
        bench.owner.post("/edges", &json!({ "src": src, "rel": "LATE", "dst": dst })).await.created();
    }
    let edges = bench.owner.get("/edges").await.ok()["count"].as_u64().unwrap();
    let said = format!("exported {} nodes and {edges} edges", count + 1);
    bench.run(&["export", "--out", cut.to_str().unwrap()], &[]).await.says(0, &["goes on behind", &said]);
    let whole = fs::read_to_string(&cut).unwrap();
    assert_eq!(whole.lines().filter(|line| line.contains(late)).count(), 1, "it is written once");
    let neighbour = bench.token_of(&bench.app.owner("tenant-b"));
    let of_b = ["--token-file", neighbour.to_str().unwrap()];
    bench.import(&cut, &of_b).await.says(0, &[&format!("edges: {edges} created"), "rejected: 0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_written_by_one_at_a_time() {
    let bench = Bench::new().await;
    let out = bench.folder.path().join("out");
    let export = ["export", "--out", out.to_str().unwrap()];
    let lock = fs::File::create(bench.folder.path().join("out.checkpoint.lock")).unwrap();
    lock.lock().unwrap();
    bench.run(&export, &[]).await.says(2, &["another import or export that runs has"]);
    assert!(!out.exists() && !bench.folder.path().join("out.part").exists());
    drop(lock);
    bench.run(&export, &[]).await.says(0, &["exported 0 nodes and 0 edges"]);
    assert!(!bench.folder.path().join("out.checkpoint.lock").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_deleted_is_not_exported_and_neither_are_its_edges() {
    let bench = Bench::new().await;
    let lines = [node("one"), node("two"), node("gone"), edge("one", "two"), edge("one", "gone"), edge("gone", "two")];
    bench.import(&bench.file("source.jsonl", lines.join("\n")), &[]).await.says(0, &["nodes: 3 created", "edges: 3 created"]);
    let gone = bench.node("gone").await;
    assert_eq!(bench.owner.delete(&format!("/nodes/{}", gone["id"].as_str().unwrap())).await.status, 204);
    let out = bench.folder.path().join("out");
    bench.run(&["export", "--out", out.to_str().unwrap()], &[]).await.says(0, &["exported 2 nodes and 1 edges"]);
    assert!(!fs::read_to_string(&out).unwrap().contains("gone"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_takes_the_place_of_a_file_and_of_nothing_else() {
    let bench = Bench::new().await;
    bench.import(&bench.file("source.jsonl", node("one")), &[]).await.says(0, &["nodes: 1 created"]);
    let socket = bench.folder.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    for place in [bench.folder.path(), &socket] {
        bench.run(&["export", "--out", place.to_str().unwrap()], &[]).await.says(2, &["is there and no file"]);
    }
    assert!(!fs::metadata(&socket).unwrap().is_file());
    // Killed when it had its name, and before its checkpoint was taken away.
    let out = bench.folder.path().join("out");
    let far = json!({ "url": bench.app.base, "tenant": "tenant-a", "kind": "edges", "cursor": null, "bytes": 9, "nodes": 1, "edges": 0 });
    fs::write(bench.folder.path().join("out.checkpoint"), far.to_string()).unwrap();
    fs::write(&out, "whole").unwrap();
    bench.run(&["export", "--out", out.to_str().unwrap()], &[]).await.says(0, &["exported 1 nodes and 0 edges"]);
    assert!(fs::read_to_string(&out).unwrap().contains("\"one\"") && !bench.folder.path().join("out.checkpoint").exists());
}
