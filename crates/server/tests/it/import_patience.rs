//! An import while its server goes away and comes back.

use std::{
    fs,
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    binary::{Server, command, run},
    import::{Told, node},
};

#[test]
fn a_server_that_goes_away_is_waited_for_as_long_as_patience_lasts() {
    const NODES: usize = 4_000;
    let mut server = Server::start(&[]);
    let folder = TempDir::new().unwrap();
    let (file, checkpoint) = (folder.path().join("a.jsonl"), folder.path().join("a.jsonl.checkpoint"));
    fs::write(&file, (0..NODES).map(|n| node(&n.to_string())).collect::<Vec<_>>().join("\n")).unwrap();
    let (data, url) = (server.data(), server.base.clone());
    let import = |patience: &str| {
        let base = ["import", file.to_str().unwrap(), "--tenant", "acme", "--jobs", "1", "--url", &url, "--patience", patience];
        let mut import = command(&[]);
        import.args(base).arg("--data-dir").arg(&data).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        import.spawn().unwrap()
    };
    let far = || {
        let kept = fs::read(&checkpoint).ok().and_then(|text| serde_json::from_slice::<Value>(&text).ok());
        kept.and_then(|kept| kept["at"]["line"].as_u64()).unwrap_or_default()
    };
    let reaches = |line: u64| {
        let began = Instant::now();
        while far() < line {
            assert!(began.elapsed() < Duration::from_secs(60), "it did not come to line {line}");
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    let hasty = import("0");
    reaches(500);
    assert!(server.stop());
    let told = Told::of(&hasty.wait_with_output().unwrap());
    told.says(2, &["did not answer for", "start again to go on from here"]);
    let at = far();
    assert!((500..NODES as u64).contains(&at), "{at}");

    server.start_again();
    let mut patient = import("60");
    reaches(at + 500);
    assert!(server.stop());
    assert!(patient.try_wait().unwrap().is_none(), "it waits");
    server.start_again();
    let told = Told::of(&patient.wait_with_output().unwrap());
    told.says(0, &["goes on from line", "rejected: 0", "done after"]);
    let nodes = told.out.lines().find_map(|line| line.strip_prefix("nodes: ")).unwrap();
    let counts = nodes.split(", ").map(|part| part.split(' ').next().unwrap().replace(',', "").parse::<usize>().unwrap());
    assert_eq!(counts.sum::<usize>(), NODES, "{told:?}");
    let export = ["export", "--out", "-", "--quiet", "--tenant", "acme", "--url", &url, "--data-dir", data.to_str().unwrap()];
    assert_eq!(Told::of(&run(&[], &export)).out.lines().count(), NODES, "none is missing, and none is there twice");
}
