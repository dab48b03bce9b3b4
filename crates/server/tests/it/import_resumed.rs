//! What an import that was cut off finds when it goes on: its rejected lines, and a token that has ended.

use std::{
    fs,
    io::Write,
    process::Stdio,
    time::{Duration, Instant},
};

use crate::{
    binary::command,
    import::{Bench, Told, edge, node},
};

/// An import that kept a rejected line, and was cut off before its edges.
async fn cut_off(bench: &Bench) -> std::path::PathBuf {
    let lines = [node("one"), "bad".into(), node("two"), edge("one", "two"), edge("one", "nobody")];
    let file = bench.file("graph.jsonl", lines.join("\n"));
    let token = bench.token_of(&bench.app.caller("tenant-a", &["nodes:write"]));
    let told = bench.import(&file, &["--token-file", token.to_str().unwrap()]).await;
    told.says(2, &["graph.jsonl:2: is not JSON", "the server refuses POST /edges/batch: 403"]);
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_lines_are_gone_on_with_and_what_else_is_in_their_place_is_left_alone() {
    let bench = Bench::new().await;
    let file = cut_off(&bench).await;
    let path = |name: &str| bench.folder.path().join(name);
    let read = |name: &str| fs::read_to_string(path(name)).unwrap();
    assert_eq!(read("graph.jsonl.rejects"), "bad\n");
    let checkpoint = read("graph.jsonl.checkpoint");

    // A file of somebody's is not cut to the length of ours.
    let precious = bench.file("precious", "something that is dear to somebody\n");
    let elsewhere = ["--rejects", precious.to_str().unwrap()];
    bench.import(&file, &elsewhere).await.says(2, &["holds rejected lines of an earlier run"]);
    assert_eq!(read("precious"), "something that is dear to somebody\n");
    // Nor is ours, once somebody has mended it.
    let mended = format!("{}\n", node("mended"));
    fs::write(path("graph.jsonl.rejects"), &mended).unwrap();
    bench.import(&file, &[]).await.says(2, &["holds rejected lines of an earlier run"]);
    assert_eq!(read("graph.jsonl.rejects"), mended);
    assert_eq!(read("graph.jsonl.checkpoint"), checkpoint);

    // Nor is the source, whatever it is called.
    let source = fs::read_to_string(&file).unwrap();
    let itself = ["--restart", "--checkpoint", file.to_str().unwrap()];
    bench.import(&file, &itself).await.says(2, &["is the source: it cannot be the checkpoint"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), source);

    // Moved away, it is begun anew.
    fs::rename(path("graph.jsonl.rejects"), path("mended.jsonl")).unwrap();
    bench.import(&file, &[]).await.says(1, &["goes on from line", "edges: 1 created", "rejected: 2, kept in"]);
    assert_eq!(read("graph.jsonl.rejects"), format!("{}\n", edge("one", "nobody")));
    assert_eq!(bench.nodes_and_edges().await, (2, 1));
    assert!(!path("graph.jsonl.checkpoint").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_lines_are_kept_once_wherever_it_was_cut_off() {
    let bench = Bench::new().await;
    let file = cut_off(&bench).await;
    bench.import(&file, &[]).await.says(1, &["goes on from line", "rejected: 2, kept in"]);
    let kept = fs::read_to_string(bench.folder.path().join("graph.jsonl.rejects")).unwrap();
    assert_eq!(kept, format!("bad\n{}\n", edge("one", "nobody")));

    // The first batch has a bad line, and ends it: the line is behind all that the checkpoint tells of.
    let strict = bench.file("strict.jsonl", [node("three"), "bad".into()].join("\n"));
    for _ in 0..2 {
        bench.import(&strict, &["--strict"]).await.says(1, &["strict.jsonl:2:", "rejected: 1, kept in", "stopped at a bad line"]);
        assert_eq!(fs::read_to_string(bench.folder.path().join("strict.jsonl.rejects")).unwrap(), "bad\n");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_can_be_killed_at_any_time_and_keeps_each_rejected_line_once() {
    const NODES: usize = 6_000;
    let bench = Bench::new().await;
    let line = |n: usize| if n % 50 == 7 { format!("bad {n}") } else { node(&n.to_string()) };
    let lines: Vec<_> = (0..NODES).map(line).collect();
    let bad: Vec<_> = lines.iter().filter(|line| line.starts_with("bad")).map(|line| format!("{line}\n")).collect();
    let file = bench.file("many.jsonl", lines.join("\n"));
    let arguments = bench.arguments(&["import", file.to_str().unwrap()], &["--quiet"]);
    let (mut kills, mut ended) = (0, false);
    for pause in (1..=20).map(|n| Duration::from_millis(35 * n)) {
        let mut child = command(&[]).args(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        tokio::time::sleep(pause).await;
        if let Some(status) = child.try_wait().unwrap() {
            assert_eq!(status.code(), Some(1), "a second start of a cut-off import goes on");
            ended = true;
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        // Rejected lines without a checkpoint are those of an import that was through.
        let left = |end: &str| bench.folder.path().join(format!("many.jsonl.{end}")).exists();
        if left("rejects") && !left("checkpoint") {
            ended = true;
            break;
        }
    }
    assert!(kills > 1, "it was too fast to be killed");
    if !ended {
        bench.import(&file, &[]).await.says(1, &[&format!("rejected: {}, kept in", bad.len())]);
    }
    assert_eq!(bench.nodes_and_edges().await, ((NODES - bad.len()) as i64, 0));
    assert_eq!(fs::read_to_string(bench.folder.path().join("many.jsonl.rejects")).unwrap(), bad.concat());
}

/// Imports nodes from standard input, and has something happen when all but the last ten are in.
async fn while_it_reads(bench: &Bench, name: &str, meanwhile: impl FnOnce()) -> Told {
    const NODES: i64 = 1_000;
    let arguments = bench.arguments(&["import", "-"], &["--patience", "5"]);
    let mut child =
        command(&[]).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let lines = |range: std::ops::Range<i64>| range.map(|n| format!("{}\n", node(&format!("{name}-{n}")))).collect::<String>();
    let (before, began) = (bench.nodes_and_edges().await.0, Instant::now());
    input.write_all(lines(0..NODES).as_bytes()).unwrap();
    while bench.nodes_and_edges().await.0 < before + NODES {
        assert!(began.elapsed() < Duration::from_secs(60), "they do not come in");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    meanwhile();
    input.write_all(lines(NODES..NODES + 10).as_bytes()).unwrap();
    drop(input);
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
    Told::of(&output)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_ends_meanwhile_is_read_anew_from_its_file_if_it_is_of_the_same_tenant() {
    let bench = Bench::new().await;
    let token = bench.folder.path().join("token");
    let (clock, life) = (&bench.app.clock, Duration::from_hours(2));
    let told = while_it_reads(&bench, "same", || {
        clock.advance(life);
        fs::write(&token, bench.app.owner("tenant-a").token.unwrap()).unwrap();
    })
    .await;
    told.says(0, &["nodes: 1,010 created", "rejected: 0"]);

    let told = while_it_reads(&bench, "ended", || clock.advance(life)).await;
    told.says(2, &["the server refuses POST /nodes/batch: 401", "started again with a token that it believes"]);

    fs::write(&token, bench.app.owner("tenant-a").token.unwrap()).unwrap();
    let told = while_it_reads(&bench, "other", || {
        clock.advance(life);
        fs::write(&token, bench.app.owner("tenant-b").token.unwrap()).unwrap();
    })
    .await;
    told.says(2, &["its file holds one of the tenant tenant-b now"]);
    assert_eq!(bench.nodes_and_edges().await.0, 3_010);
    assert_eq!(bench.app.owner("tenant-b").get("/nodes").await.ok()["count"], 0, "nothing of one tenant goes to another");
}
