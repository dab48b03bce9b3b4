//! What the README has somebody type who is new: an account, a key and a second factor, as it stands there.

use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Command, Stdio},
};

use wardgraph_kernel::{Clock, SystemClock};
use wardgraph_testkit::code;

use crate::{binary::Server, layers::repository};

/// The commands of a section, but for those of the program itself.
fn commands(readme: &str, section: &str) -> String {
    let (_, rest) = readme.split_once(section).unwrap();
    let text = rest.split("\n## ").next().unwrap();
    let blocks = text.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap());
    blocks.filter(|block| !block.contains("target/release")).collect()
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
