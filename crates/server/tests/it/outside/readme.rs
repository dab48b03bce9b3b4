//! What the documents have somebody type who is new, as it stands there: the README's account, key and second factor, and the guide's nodes, edges and
//! searches.

use std::{
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{Command, Stdio},
};

use wardgraph_kernel::{Clock, SystemClock};
use wardgraph_testkit::code;

use crate::{
    binary::{Server, isolate},
    layers::repository,
};

/// The commands of a section, but for those of the program itself.
fn commands(readme: &str, section: &str) -> String {
    let (_, rest) = readme.split_once(section).unwrap();
    let text = rest.split("\n## ").next().unwrap();
    blocks(text).filter(|block| !block.contains("target/release")).collect()
}

/// What is typed in a text.
fn blocks(text: &str) -> impl Iterator<Item = &str> {
    text.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap())
}

#[tokio::test]
async fn whoever_types_what_the_readme_says_has_an_account_a_key_and_a_second_factor() {
    let server = Server::start(&[]);
    let readme = std::fs::read_to_string(repository().join("README.md")).unwrap();
    let typed = commands(&readme, "## An account in five minutes\n");
    for said in ["/api/v1/auth/register", "/api/v1/users/me/api-keys", "X-API-Key", "/api/v1/auth/mfa/enable"] {
        assert!(typed.contains(said), "{said} in {typed}");
    }
    let script = format!("set -eu\nU={}\n{typed}", server.base);
    let mut shell = Command::new("bash")
        .args(["-c", &script])
        .env("no_proxy", "*")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut shown = BufReader::new(shell.stdout.take().unwrap());
    let mut first = String::new();
    shown.read_line(&mut first).unwrap();
    // Answers have no line's end: the secret is what stands after the last of them.
    let secret = first.trim_end().rsplit('}').next().unwrap();
    assert!(secret.len() == 32 && !first.contains("problem"), "{first}");
    for text in ["ada@example.com", "An owl hunts at night."] {
        assert!(first.contains(text), "{text} in {first}");
    }
    let code = code(secret, SystemClock::start().now().as_second());
    writeln!(shell.stdin.take().unwrap(), "{code}").unwrap();
    let mut rest = String::new();
    shown.read_to_string(&mut rest).unwrap();
    assert!(shell.wait().unwrap().success(), "{rest}");
    let codes: Vec<String> = serde_json::from_str(rest.strip_prefix("code: ").unwrap()).unwrap();
    assert_eq!(codes.len(), 10);
}

#[test]
fn the_guides_examples_run_from_top_to_bottom_in_one_shell() {
    let server = Server::start(&[]);
    let guide = std::fs::read_to_string(repository().join("docs/guide.md")).unwrap();
    let (_, rest) = guide.split_once("\n## Nodes\n").unwrap();
    let (graph, rest) = rest.split_once("\n## Bringing data in and out\n").unwrap();
    let (_, search) = rest.split_once("\n## Search\n").unwrap();
    let typed: String = blocks(graph).chain(blocks(search.split("\n## ").next().unwrap())).collect();
    // Where the server, its data and the program are is known here.
    let typed: Vec<_> = typed.lines().filter(|line| !line.starts_with("export ") && !line.starts_with("U=")).collect();
    let program = Path::new(env!("CARGO_BIN_EXE_wardgraph")).parent().unwrap();

    let mut shell = Command::new("bash");
    isolate(&mut shell);
    shell.env("WARDGRAPH_DATA_DIR", server.data()).stdin(Stdio::null());
    let script = format!("set -eu\nPATH={}:$PATH\nU={}\n{}", program.display(), server.base, typed.join("\n"));
    let run = shell.args(["-c", &script]).output().unwrap();
    let (shown, told) = (String::from_utf8(run.stdout).unwrap(), String::from_utf8(run.stderr).unwrap());
    assert!(run.status.success(), "{told}\n{shown}");
    // No call is refused, and none is about an id that the one before did not give.
    assert!(!shown.contains("urn:wardgraph:problem"), "{shown}");
    for expected in
        ["policy-17", "\"rel\":\"FOLLOWS\"", "\"ancestors\":[{", "\"field\":\"/nodes/2/classes\"", "\"mode\":\"hybrid\""]
    {
        assert!(shown.contains(expected), "{expected} in {shown}");
    }
}
