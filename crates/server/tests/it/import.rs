//! `wardgraph import`, as the real binary against a real server: what is in, what is rejected, and what a kill leaves.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;
use wardgraph_testkit::{App, Caller};

use crate::binary::{command, run};

/// A folder with sources, and a caller whose token stands in a file of it.
pub(crate) struct Bench {
    pub(crate) folder: TempDir,
    pub(crate) app: App,
    pub(crate) owner: Caller,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        let (folder, app) = (TempDir::new().unwrap(), App::start().await);
        let owner = app.owner("tenant-a");
        fs::write(folder.path().join("token"), owner.token.as_ref().unwrap()).unwrap();
        Self { folder, app, owner }
    }

    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// The command line of an import or export; the owner calls, unless it says otherwise.
    pub(crate) fn arguments(&self, begin: &[&str], more: &[&str]) -> Vec<String> {
        let token = self.folder.path().join("token");
        let mut arguments: Vec<_> = begin.iter().chain(more).map(|&argument| argument.to_owned()).collect();
        for (flag, value) in [("--url", self.app.base.as_str()), ("--token-file", token.to_str().unwrap())] {
            if !more.contains(&flag) {
                arguments.extend([flag.to_owned(), value.to_owned()]);
            }
        }
        arguments
    }

    pub(crate) async fn run(&self, begin: &[&str], more: &[&str]) -> Told {
        let arguments = self.arguments(begin, more);
        let output = tokio::task::spawn_blocking(move || run(&[], &arguments.iter().map(String::as_str).collect::<Vec<_>>()));
        Told::of(&output.await.unwrap())
    }

    /// Imports a file to the end.
    pub(crate) async fn import(&self, source: &Path, more: &[&str]) -> Told {
        self.run(&["import", source.to_str().unwrap()], more).await
    }

    /// The token of another caller, in a file.
    pub(crate) fn token_of(&self, caller: &Caller) -> PathBuf {
        self.file(&format!("token-of-{}", caller.tenant), caller.token.as_ref().unwrap())
    }

    async fn number(&self, sql: &str) -> i64 {
        self.app.database.behind_the_scenes().await.query_one(sql, &[]).await.unwrap().get(0)
    }

    pub(crate) async fn nodes_and_edges(&self) -> (i64, i64) {
        (
            self.number("select count(*) from wardgraph.nodes where tenant_id <> '*'").await,
            self.number("select count(*) from wardgraph.edges").await,
        )
    }

    pub(crate) async fn node(&self, external_id: &str) -> Value {
        self.owner.get(&format!("/nodes?external_id={external_id}")).await.ok()["nodes"][0].clone()
    }
}

/// How the binary ended, and what it said.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Told {
    pub(crate) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { status: output.status.code().unwrap(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    #[track_caller]
    pub(crate) fn says(&self, status: i32, lines: &[&str]) {
        assert_eq!(self.status, status, "{self:?}");
        for line in lines {
            assert!(self.out.lines().chain(self.err.lines()).any(|said| said.contains(line)), "{line:?} in {self:?}");
        }
    }
}

pub(crate) fn node(id: &str) -> String {
    json!({ "classes": ["A"], "props": { "text": format!("the text of {id}") }, "external_id": id }).to_string()
}

pub(crate) fn edge(src: &str, dst: &str) -> String {
    json!({ "src": src, "rel": "R", "dst": dst }).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_imported_is_there_and_importing_it_again_changes_nothing() {
    let bench = Bench::new().await;
    // An edge may stand before its nodes, an end may be an id, a node may have no name, a line may be blank.
    let known = bench.app.known(&bench.owner).await;
    let lines = [
        edge("one", "two"),
        node("one"),
        String::new(),
        node("two"),
        json!({ "classes": ["Nameless"], "props": { "n": 1 }, "tenant_id": "another", "id": "x" }).to_string(),
        json!({ "classes": ["Nameless"], "props": { "n": 1 } }).to_string(),
        json!({ "type": "edge", "src_external_id": "two", "rel": "R", "dst": known.node, "props": { "page": 4 } }).to_string(),
    ];
    let file = bench.file("graph.jsonl", lines.join("\n"));
    let told = bench.import(&file, &[]).await;
    told.says(0, &["nodes: 4 created, 0 there already", "edges: 2 created, 0 there already", "rejected: 0", "done after"]);
    assert_eq!(bench.nodes_and_edges().await, (6, 3));
    assert!(
        !bench.folder.path().join("graph.jsonl.checkpoint").exists() && !bench.folder.path().join("graph.jsonl.rejects").exists()
    );
    let edges = bench.owner.get(&format!("/edges?node_id={}", bench.node("two").await["id"].as_str().unwrap())).await.ok();
    assert_eq!((&edges["edges"][0]["dst"], &edges["edges"][0]["props"]), (&json!(known.node), &json!({ "page": 4 })));
    assert_eq!(bench.owner.get("/nodes?class=Nameless").await.ok()["count"], 2, "two lines that say the same are two nodes");
    assert!(
        bench.owner.events().await.iter().all(|event| event["type"] != "tenant.claim_ignored"),
        "the source's tenant is not sent"
    );

    let told = bench.import(&file, &[]).await;
    told.says(0, &["nodes: 0 created, 4 there already", "edges: 0 created, 2 there already"]);
    // Grown at its end, it brings what is new.
    let mut grown = fs::OpenOptions::new().append(true).open(&file).unwrap();
    writeln!(grown, "\n{}\n{}", node("three"), edge("three", "one")).unwrap();
    let told = bench.import(&file, &[]).await;
    told.says(0, &["nodes: 1 created, 4 there already", "edges: 1 created, 2 there already"]);
    assert_eq!(bench.nodes_and_edges().await, (7, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_are_there_are_replaced_only_if_that_is_asked_for_and_the_last_line_counts() {
    let bench = Bench::new().await;
    let neighbour = bench.app.owner("tenant-b");
    let theirs = neighbour.post("/nodes", &json!({ "classes": ["A"], "props": {}, "external_id": "old" })).await.created();
    let line = |id: &str, n: usize| json!({ "classes": ["A"], "props": { "n": n }, "external_id": id }).to_string();
    let first = bench.file("first.jsonl", [line("old", 1), line("same", 1), line("old", 2), edge("old", "same")].join("\n"));
    bench.import(&first, &[]).await.says(0, &["nodes: 2 created, 1 there already", "edges: 1 created"]);
    let old = bench.node("old").await;
    assert_eq!((&old["props"]["n"], &old["version"]), (&json!(1), &json!(1)), "the first line counts");

    let mut lines = vec![line("same", 1), line("new", 1), edge("old", "same"), "bad".to_owned()];
    lines.extend((2..=40).map(|n| line("old", n)));
    let second = bench.file("second.jsonl", lines.join("\n"));
    let told = bench.import(&second, &["--update", "--jobs", "16"]).await;
    told.says(1, &["nodes: 1 created, 39 updated, 1 unchanged", "edges: 0 created, 0 updated, 1 unchanged", "rejected: 1,"]);
    let now = bench.node("old").await;
    assert_eq!((&now["id"], &now["props"]["n"], &now["version"]), (&old["id"], &json!(40), &json!(40)));
    assert_eq!(bench.node("same").await["version"], 1);
    assert_eq!(neighbour.get(&format!("/nodes/{}", theirs["id"].as_str().unwrap())).await.ok()["version"], 1);
    assert_eq!(bench.nodes_and_edges().await, (4, 1));

    bench.import(&first, &[]).await.says(0, &["nodes: 0 created, 3 there already"]);
    assert_eq!(bench.node("old").await["version"], 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_line_stops_nothing_is_told_by_its_number_and_is_kept() {
    let bench = Bench::new().await;
    let mut lines: Vec<Vec<u8>> = vec![
        node("one").into(),
        b"{\"classes\": [".to_vec(),
        b"{\"classes\": [\"\xff\"], \"props\": {}}".to_vec(),
        json!({ "classes": [], "props": {} }).to_string().into(),
        edge("one", "nobody").into(),
        edge("one", "two\u{1b}[31m").into(),
        json!({ "classes": ["A"], "props": { "huge": "x".repeat(11 << 20) } }).to_string().into(),
        // Ours take this one for good; the server's own rules are asked for the rest.
        json!({ "src": "one", "rel": "R", "dst": "01900000-0000-7000-8000-0000000000ed" }).to_string().into(),
        node("two").into(),
        edge("one", "two").into(),
    ];
    let file = bench.file("bad.jsonl", lines.join(&b'\n'));
    let told = bench.import(&file, &[]).await;
    told.says(
        1,
        &[
            "bad.jsonl:2: is not JSON: EOF",
            "bad.jsonl:3: is not UTF-8 from byte 15 on",
            "bad.jsonl:4: /classes: must have 1 to 10 entries",
            "bad.jsonl:5: /dst_external_id: is no node of this tenant (`nobody`)",
            "bad.jsonl:6: /dst_external_id: must not contain control characters",
            "bad.jsonl:7: is longer than 10 MiB",
            "bad.jsonl:8: /dst: is no node of this tenant",
            "nodes: 2 created",
            "edges: 1 created",
            "rejected: 7, kept in",
        ],
    );
    let kept = bench.folder.path().join("bad.jsonl.rejects");
    let rejected: Vec<u8> = fs::read(&kept).unwrap();
    // Bad lines first, edges that have no end behind them; the huge one stays where it is.
    lines.remove(6);
    let expected = [1, 2, 3, 5, 4, 6].map(|line: usize| [lines[line].as_slice(), b"\n"].concat()).concat();
    assert_eq!(String::from_utf8_lossy(&rejected), String::from_utf8_lossy(&expected));
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&kept).unwrap().permissions()) & 0o777, 0o600);
    // What was kept is not written over, and can be mended and imported.
    bench.import(&file, &[]).await.says(2, &["holds rejected lines of an earlier run"]);
    let mended = bench.file("mended.jsonl", [node("nobody"), edge("one", "nobody")].join("\n"));
    bench.import(&mended, &[]).await.says(0, &["nodes: 1 created", "edges: 1 created"]);

    let strict = bench.file("strict.jsonl", [node("three"), "{}".into(), node("four")].join("\n"));
    bench.import(&strict, &["--strict"]).await.says(1, &["strict.jsonl:2:", "nodes: 1 created", "stopped at a bad line"]);
    assert_eq!(bench.nodes_and_edges().await, (4, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_import_goes_on_where_it_was_and_doubles_nothing() {
    const NODES: usize = 3_000;
    const EDGES: usize = 8_000;
    let bench = Bench::new().await;
    // It may write, and not read: which node a name means, nobody has to be asked.
    let writer = bench.app.caller("tenant-a", &["nodes:write", "edges:write"]);
    let token = bench.token_of(&writer);
    let writer = ["--token-file", token.to_str().unwrap()];
    // Nodes without a name are named by their line, so that they are not doubled either.
    let mut lines: Vec<String> = (0..NODES)
        .map(|n| match n % 2 {
            0 => node(&n.to_string()),
            _ => json!({ "classes": ["Nameless"], "props": { "text": format!("nameless {n}") } }).to_string(),
        })
        .collect();
    // Several edges from every second node, to different ones.
    let end = |n: usize| (2 * (n % (NODES / 2))).to_string();
    lines.extend((0..EDGES).map(|n| edge(&end(n), &end(7 * n + 2 * n / NODES))));
    lines.insert(10, "bad".into());
    let file = bench.file("large.jsonl", lines.join("\n"));
    let (checkpoint, rejects) =
        (bench.folder.path().join("large.jsonl.checkpoint"), bench.folder.path().join("large.jsonl.rejects"));
    let far = |part: &str| {
        let kept = fs::read(&checkpoint).ok().and_then(|text| serde_json::from_slice::<Value>(&text).ok());
        kept.and_then(|kept| kept["counts"][part].as_u64()).unwrap_or_default()
    };
    for (part, enough) in [("nodes_created", 1_000), ("edges_created", 2_000)] {
        let mut child = command(&[])
            .args(bench.arguments(&["import", file.to_str().unwrap()], &writer))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let began = Instant::now();
        while far(part) < enough {
            assert!(began.elapsed() < Duration::from_secs(60), "it did not come to {enough}");
            assert!(child.try_wait().unwrap().is_none(), "it ended before it could be killed");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let (nodes, edges) = (far("nodes_created") + far("nodes_there"), far("edges_created") + far("edges_there"));
    assert!(nodes == NODES as u64 && (2_000..EDGES as u64).contains(&edges), "it was killed among its edges: {nodes} {edges}");
    let told = bench.import(&file, &writer).await;
    told.says(1, &["goes on from line", "rejected: 1, kept in"]);
    assert!(!told.err.contains("large.jsonl:11:"), "nothing before the checkpoint is done again: {told:?}");
    assert_eq!(bench.nodes_and_edges().await, (NODES as i64, EDGES as i64));
    assert_eq!(bench.number("select count(distinct props) from wardgraph.nodes").await, NODES as i64);
    assert_eq!(fs::read_to_string(&rejects).unwrap(), "bad\n", "a rejected line is kept once");
    assert!(!checkpoint.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_of_something_else_is_refused() {
    let bench = Bench::new().await;
    let file = bench.file("a.jsonl", node("one"));
    let place = bench.folder.path().join("place");
    let at = ["--checkpoint", place.to_str().unwrap()];
    let far = |url: &str, tenant: &str, bytes: u64| {
        use sha2::Digest;
        let nothing = format!("{:x}", sha2::Sha256::digest(""));
        let source = json!({ "form": "lines named after a.jsonl", "bytes": bytes, "read": 0, "read_sha256": nothing });
        let counts = json!({
            "nodes_created": 0, "nodes_there": 0, "nodes_updated": 0, "nodes_unchanged": 0, "edges_created": 0, "edges_there": 0, "rejected": 0
        });
        let (start, rejects) = (json!({ "offset": 0, "line": 1 }), json!({ "place": "", "bytes": 0, "sha256": "" }));
        json!({
            "source": source, "url": url, "tenant": tenant, "update": false, "phase": "nodes", "at": start, "rejects": rejects, "counts": counts
        })
    };
    let bytes = fs::metadata(&file).unwrap().len();
    for (kept, said) in [
        (far(&bench.app.base, "tenant-a", bytes + 1).to_string(), "another source, or of this one before it was changed"),
        (far(&bench.app.base, "tenant-b", bytes).to_string(), "an import into the tenant tenant-b"),
        (far("http://127.0.0.1:1", "tenant-a", bytes).to_string(), "an import into http://127.0.0.1:1"),
        ("{}".to_owned(), "another form"),
    ] {
        fs::write(&place, &kept).unwrap();
        bench.import(&file, &at).await.says(2, &[said, "--restart"]);
        assert_eq!(fs::read_to_string(&place).unwrap(), kept);
    }
    assert_eq!(bench.nodes_and_edges().await, (0, 0));
    bench.import(&file, &[&at[..], &["--restart"]].concat()).await.says(0, &["nodes: 1 created"]);
    assert!(!place.exists());
    fs::write(&place, far(&bench.app.base, "tenant-a", bytes).to_string()).unwrap();
    bench.import(&file, &[&at[..], &["--update"]].concat()).await.says(2, &["an import without --update", "--restart"]);
    bench.import(&file, &at).await.says(0, &["goes on from line 1", "nodes: 0 created, 1 there already"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_must_be_as_it_was_and_what_was_not_may_be_mended() {
    let bench = Bench::new().await;
    let mended = node("mended");
    let mut lines: Vec<String> = (0..3_000).map(|n| node(&format!("{n:05}"))).collect();
    lines.push("x".repeat(mended.len()));
    let write = |lines: &[String]| bench.file("long.jsonl", lines.join("\n"));
    let file = write(&lines);
    let (checkpoint, rejects) =
        (bench.folder.path().join("long.jsonl.checkpoint"), bench.folder.path().join("long.jsonl.rejects"));
    bench.import(&file, &["--strict"]).await.says(1, &["stopped at a bad line"]);
    assert!(checkpoint.exists() && fs::metadata(&file).unwrap().len() > 128 << 10);
    fs::remove_file(&rejects).unwrap();
    // One octet, far behind the head of the file and before what was acknowledged.
    let before = std::mem::replace(&mut lines[1_200], node("changed").replace("changed", "0120x"));
    assert_eq!(before.len(), lines[1_200].len());
    write(&lines);
    bench.import(&file, &[]).await.says(2, &["another source, or of this one before it was changed", "--restart"]);
    assert!(checkpoint.exists());
    lines[1_200] = before;
    lines[3_000] = mended;
    write(&lines);
    bench.import(&file, &[]).await.says(0, &["goes on from line", "rejected: 0"]);
    assert_eq!(bench.nodes_and_edges().await, (3_001, 0));
    assert!(!checkpoint.exists() && !rejects.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_has_its_checkpoint_and_its_rejects_to_itself() {
    let bench = Bench::new().await;
    let file = bench.file("two.jsonl", [node("one"), "bad".into()].join("\n"));
    let (lock, rejects) = (bench.folder.path().join("two.jsonl.checkpoint.lock"), bench.folder.path().join("two.jsonl.rejects"));
    let held = fs::File::create(&lock).unwrap();
    held.lock().unwrap();
    bench.import(&file, &[]).await.says(2, &["another import or export that runs has", "two.jsonl.checkpoint.lock"]);
    assert_eq!(bench.nodes_and_edges().await, (0, 0));
    drop(held);
    // The same file for rejected lines, and another checkpoint.
    let held = fs::File::create(&rejects).unwrap();
    held.lock().unwrap();
    let elsewhere = bench.folder.path().join("elsewhere");
    let other = bench.import(&file, &["--checkpoint", elsewhere.to_str().unwrap()]).await;
    other.says(2, &["another import or export that runs has", "two.jsonl.rejects"]);
    assert_eq!(fs::read_to_string(&rejects).unwrap(), "", "nothing of another's is cut off or written over");
    drop(held);
    bench.import(&file, &[]).await.says(1, &["rejected: 1, kept in"]);
    assert_eq!(fs::read_to_string(&rejects).unwrap(), "bad\n");
    assert!(!lock.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_read_whoever_wrote_them() {
    let bench = Bench::new().await;
    let table = "\u{feff}external_id,classes,text,color\r\n1,A; B,\"two\r\nlines, \"\"quoted\"\"\",red\r\n2,A,plain,\r\n3,A\r\n";
    let told = bench.import(&bench.file("nodes.csv", table), &[]).await;
    told.says(1, &["nodes.csv:5: has 2 fields, and the header 4", "nodes: 2 created", "rejected: 1"]);
    let first = bench.node("1").await;
    assert_eq!(
        (&first["classes"], &first["props"]),
        (&json!(["A", "B"]), &json!({ "text": "two\r\nlines, \"quoted\"", "color": "red" }))
    );
    // Kept with its header, so that it can be mended where it lies.
    let kept = fs::read_to_string(bench.folder.path().join("nodes.csv.rejects")).unwrap();
    assert_eq!(kept, "external_id,classes,text,color\n3,A\n");

    let edges = bench.file("edges.csv", "src,rel,dst,page\n1,CITES,2,4\n1,CITES,nobody,5\n");
    bench
        .import(&edges, &[])
        .await
        .says(1, &["edges.csv:3: /dst_external_id: is no node of this tenant (`nobody`)", "edges: 1 created"]);
    assert_eq!(bench.owner.get("/edges").await.ok()["edges"][0]["props"], json!({ "page": "4" }));

    let books = bench.file("books.txt", "isbn,title\n7,The one\n");
    let more = ["--format", "csv", "--columns", "external_id=isbn,text=title", "--class", "Book"];
    bench.import(&books, &more).await.says(0, &["nodes: 1 created"]);
    assert_eq!(bench.node("7").await["props"], json!({ "text": "The one" }));
    bench.import(&books, &more[..2]).await.says(2, &["books.txt:1: has no column `classes`"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn standard_input_is_read_once_and_an_edge_waits_for_the_nodes_before_it() {
    let bench = Bench::new().await;
    let mut lines: Vec<String> = (0..1_200).map(|n| node(&n.to_string())).collect();
    lines.extend((0..1_199).map(|n| edge(&n.to_string(), &(n + 1).to_string())));
    lines.push(node("late"));
    lines.push(edge("late", "0"));
    for (text, more, said) in [
        (lines.join("\n"), vec![], ["nodes: 1,201 created", "edges: 1,200 created"]),
        ("external_id,classes\na,A\n".to_owned(), vec!["--format", "csv"], ["nodes: 1 created", "edges: 0 created"]),
    ] {
        let arguments = bench.arguments(&["import", "-"], &more);
        let mut child =
            command(&[]).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        let writer = std::thread::spawn(move || input.write_all(text.as_bytes()).unwrap());
        let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
        writer.join().unwrap();
        Told::of(&output).says(0, &said);
    }
    bench.import(Path::new("-"), &["--checkpoint", "x"]).await.says(2, &["cannot be read again"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_or_does_not_believe_is_told_at_once() {
    let bench = Bench::new().await;
    let file = bench.file("a.jsonl", node("one"));
    let nobody = { std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap() };
    let away = format!("http://{nobody}");
    bench.import(&file, &["--url", &away]).await.says(2, &["no server answers at", "wardgraph serve"]);
    bench.import(&file, &["--url", "ftp://example.com"]).await.says(2, &["is not of the form http://HOST:PORT or https://"]);
    let with = async |token: &str, said: &str| {
        let path = bench.file("other", token);
        bench.import(&file, &["--token-file", path.to_str().unwrap()]).await.says(2, &[said]);
    };
    with("nonsense", "401").await;
    let reader = bench.app.caller("tenant-a", &["nodes:read"]);
    with(reader.token.as_ref().unwrap(), "the server refuses POST /nodes/batch: 403").await;
    bench.import(&bench.folder.path().join("absent"), &[]).await.says(2, &["cannot read"]);
    bench.import(bench.folder.path(), &[]).await.says(2, &["is a folder"]);
    assert_eq!(bench.nodes_and_edges().await, (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_nodes_are_no_ends_and_its_names_are_free() {
    let bench = Bench::new().await;
    let neighbour = bench.app.owner("tenant-b");
    let theirs = neighbour.post("/nodes", &json!({ "classes": ["A"], "props": {}, "external_id": "theirs" })).await.created();
    let id = theirs["id"].as_str().unwrap();
    let file = bench.file("reach.jsonl", [node("ours"), edge("ours", "theirs"), edge("ours", id), edge(id, "ours")].join("\n"));
    let told = bench.import(&file, &[]).await;
    told.says(
        1,
        &[
            "reach.jsonl:2: /dst_external_id: is no node of this tenant (`theirs`)",
            "reach.jsonl:3: /dst",
            "reach.jsonl:4: /src",
            "edges: 0 created",
        ],
    );
    bench.import(&bench.file("same.jsonl", node("theirs")), &[]).await.says(0, &["nodes: 1 created"]);
    assert_eq!(neighbour.get("/nodes").await.ok()["count"], 1);
    assert_eq!(neighbour.get("/edges").await.ok()["count"], 0);
}
