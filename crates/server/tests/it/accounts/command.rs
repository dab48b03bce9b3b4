//! `wardgraph user create` and `wardgraph session end`, as the real binary beside a server that runs.

use std::{
    fs,
    io::Write,
    process::{Output, Stdio},
};

use serde_json::{Value, json};

use crate::binary::{Server, command, run};

const PASSWORD: &str = "seldom-copper-violin-harbour";

fn create(server: &Server, arguments: &[&str]) -> Output {
    let data = server.data();
    run(&[("WARDGRAPH_DATA_DIR", data.to_str().unwrap())], &[&["user", "create"], arguments].concat())
}

fn refused(output: &Output) -> String {
    assert!(!output.status.success());
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!told.contains(PASSWORD) && !told.contains("panicked"), "{told}");
    told
}

async fn sign_in(server: &Server, email: &str) -> Option<Value> {
    let credentials = json!({ "email": email, "password": PASSWORD });
    let request = reqwest::Client::builder().no_proxy().build().unwrap().post(format!("{}/api/v1/auth/login", server.base));
    let answer = request.json(&credentials).send().await.unwrap();
    if answer.status().is_success() { answer.json().await.ok() } else { None }
}

async fn users(server: &Server, tokens: &Value) -> (u16, Value) {
    let request = reqwest::Client::builder().no_proxy().build().unwrap().get(format!("{}/api/v1/users", server.base));
    let answer = request.bearer_auth(tokens["access_token"].as_str().unwrap()).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn the_first_administrator_is_made_by_a_command_and_signs_in_at_once() {
    let server = Server::start(&[("WARDGRAPH_ACCOUNTS__REGISTRATION", "closed")]);
    let file = server.folder.path().join("password");
    fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    let file = file.to_str().unwrap();
    let root = ["--email", "Root@Example.com", "--name", "Root", "--super-admin", "--password-file", file];
    let made = create(&server, &root);
    let told = String::from_utf8_lossy(&made.stdout).into_owned();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    assert!(told.starts_with("root@example.com can sign in as super_admin: account ") && !told.contains(PASSWORD), "{told}");
    let (status, page) = users(&server, &sign_in(&server, "root@example.com").await.unwrap()).await;
    assert_eq!(
        (status, &page["users"][0]["global_role"], &page["users"][0]["email_verified"]),
        (200, &json!("super_admin"), &json!(true))
    );

    // Without the flag, by standard input: an account like others.
    let data = server.data();
    let mut child = command(&[("WARDGRAPH_DATA_DIR", data.to_str().unwrap())])
        .args(["user", "create", "--email", "ada@example.com", "--name", "Ada", "--password-file", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(PASSWORD.as_bytes()).unwrap();
    assert!(child.wait_with_output().unwrap().status.success());
    let (status, page) = users(&server, &sign_in(&server, "ada@example.com").await.unwrap()).await;
    assert_eq!((status, page["count"].as_u64(), &page["users"][0]["global_role"]), (200, Some(1), &Value::Null));

    // What is wrong is told, and changes nothing.
    assert!(refused(&create(&server, &root)).contains("root@example.com already"));
    let with = |email: &str, name: &str, file: &str| {
        refused(&create(&server, &["--email", email, "--name", name, "--password-file", file]))
    };
    assert!(with("nobody", "Name", file).contains("--email: "));
    assert!(with("x@example.com", " ", file).contains("--name: must not be blank"));
    assert!(with("x@example.com", "Name", "/dev/null").contains("the password is empty"));
    assert!(with("x@example.com", "Name", "/nowhere/at/all").contains("/nowhere/at/all"));
    assert!(with("x@example.com", "Name", "/dev/zero").contains("password"));
    let terminal = refused(&create(&server, &["--email", "x@example.com", "--name", "Name"]));
    assert!(terminal.contains("--password-file"), "{terminal}");
    let weak = server.folder.path().join("weak");
    fs::write(&weak, "password1234").unwrap();
    let weak =
        refused(&create(&server, &["--email", "x@example.com", "--name", "Name", "--password-file", weak.to_str().unwrap()]));
    assert!(weak.contains("tried first"), "{weak}");
    assert!(sign_in(&server, "x@example.com").await.is_none());
    // A list of leaked passwords is asked as it is over HTTP: what is on it is refused, and nobody is made.
    let list = server.folder.path().join("leaked");
    let sha1 = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, PASSWORD.as_bytes());
    let sha1: String = sha1.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
    fs::write(&list, format!("{sha1}:37\r\n")).unwrap();
    let data = server.data();
    let known =
        [("WARDGRAPH_DATA_DIR", data.to_str().unwrap()), ("WARDGRAPH_ACCOUNTS__BREACHED_PASSWORDS", list.to_str().unwrap())];
    let leaked = ["user", "create", "--email", "x@example.com", "--name", "Name", "--password-file", file];
    assert!(refused(&run(&known, &leaked)).contains("leaked elsewhere"));
    assert!(sign_in(&server, "x@example.com").await.is_none());
    // The log has who, and no password.
    assert!(!server.log().contains(PASSWORD));
}

#[test]
fn without_a_database_it_says_so() {
    let folder = tempfile::TempDir::new().unwrap();
    let data = folder.path().to_str().unwrap();
    let output = run(&[("WARDGRAPH_DATA_DIR", data)], &["user", "create", "--email", "x@example.com", "--name", "Name"]);
    assert!(refused(&output).contains("start the server first"));
}

#[tokio::test]
async fn everybodys_sessions_end_by_a_command_while_the_server_serves() {
    let server = Server::start(&[]);
    let file = server.folder.path().join("password");
    fs::write(&file, PASSWORD).unwrap();
    for email in ["ada@example.com", "bob@example.com"] {
        let made = create(&server, &["--email", email, "--name", "Somebody", "--password-file", file.to_str().unwrap()]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }
    let (ada, bob) = (sign_in(&server, "ada@example.com").await.unwrap(), sign_in(&server, "bob@example.com").await.unwrap());
    let data = server.data();
    let end =
        |arguments: &[&str]| run(&[("WARDGRAPH_DATA_DIR", data.to_str().unwrap())], &[&["session", "end"], arguments].concat());
    assert!(!end(&[]).status.success(), "nobody means everybody by saying nothing");
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let asks = async |tokens: &Value| {
        let request = http.get(format!("{}/api/v1/whoami", server.base)).bearer_auth(tokens["access_token"].as_str().unwrap());
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!((asks(&ada).await, asks(&bob).await), (200, 200));
    let ended = end(&["--everybody"]);
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    assert_eq!(String::from_utf8_lossy(&ended.stdout), "2 sessions ended: everybody signs in again\n");
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert_eq!((asks(&ada).await, asks(&bob).await), (401, 401));
    let refreshed =
        http.post(format!("{}/api/v1/auth/refresh", server.base)).json(&json!({ "refresh_token": ada["refresh_token"] }));
    assert_eq!(refreshed.send().await.unwrap().status().as_u16(), 401);
    assert_eq!(asks(&sign_in(&server, "ada@example.com").await.unwrap()).await, 200);
}

#[tokio::test]
async fn a_client_is_registered_by_a_command_and_gets_tokens() {
    let server = Server::start(&[]);
    let file = server.folder.path().join("password");
    fs::write(&file, PASSWORD).unwrap();
    let made = create(&server, &["--email", "ada@example.com", "--name", "Ada", "--password-file", file.to_str().unwrap()]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let tokens = sign_in(&server, "ada@example.com").await.unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let ask = http.get(format!("{}/api/v1/whoami", server.base)).bearer_auth(tokens["access_token"].as_str().unwrap());
    let who: Value = ask.send().await.unwrap().json().await.unwrap();
    let data = server.data();
    let register = |organization: &str| {
        let grant = ["--name", "Import", "--grant-type", "client_credentials", "--role", "developer", "--scope", "nodes:read"];
        let arguments = [&["client", "create", "--organization", organization][..], &grant].concat();
        run(&[("WARDGRAPH_DATA_DIR", data.to_str().unwrap())], &arguments)
    };
    assert!(refused(&register("org_nobodys")).contains("org_nobodys"));
    let made = register(who["tenant_id"].as_str().unwrap());
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let told = String::from_utf8_lossy(&made.stdout).into_owned();
    let word = |prefix: &str| {
        told.split_whitespace().find(|word| word.starts_with(prefix)).unwrap_or_else(|| panic!("{told}")).to_owned()
    };
    let ask = http.post(format!("{}/oauth2/token", server.base)).basic_auth(word("wgc_"), Some(word("wgcs_")));
    let ask =
        ask.header("content-type", "application/x-www-form-urlencoded").body("grant_type=client_credentials&scope=nodes:read");
    let answer = ask.send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200, "{}", answer.text().await.unwrap());
}
