//! `wardgraph client`, as the real binary beside a server that runs.

use std::process::Output;

use serde_json::Value;

use crate::binary::{Server, run};

struct Desk<'a>(&'a Server);

impl Desk<'_> {
    fn run(&self, arguments: &[&str]) -> Output {
        let data = self.0.data();
        run(&[("WARDGRAPH_DATA_DIR", data.to_str().unwrap())], &[&["client"], arguments].concat())
    }

    fn told(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.told(&[arguments, &["--json"]].concat())).unwrap()
    }

    fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(!output.status.success(), "{arguments:?}");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!told.contains("panicked"), "{told}");
        told
    }
}

async fn token(server: &Server, id: &str, secret: &str) -> u16 {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let ask = http.post(format!("{}/oauth2/token", server.base)).basic_auth(id, Some(secret));
    let ask = ask.header("content-type", "application/x-www-form-urlencoded").body("grant_type=client_credentials");
    ask.send().await.unwrap().status().as_u16()
}

/// Other servers hear of it within a second.
async fn becomes(server: &Server, id: &str, secret: &str, status: u16) {
    for _ in 0..20 {
        if token(server, id, secret).await == status {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(token(server, id, secret).await, status);
}

#[tokio::test]
async fn clients_are_registered_seen_changed_and_deleted_by_the_command() {
    let server = Server::start(&[("WARDGRAPH_OAUTH__REGISTRATION", "token")]);
    let file = server.folder.path().join("password");
    std::fs::write(&file, "seldom-copper-violin-harbour").unwrap();
    let data = server.data();
    let user = ["user", "create", "--email", "ada@example.com", "--name", "Ada", "--password-file", file.to_str().unwrap()];
    let made = run(&[("WARDGRAPH_DATA_DIR", data.to_str().unwrap())], &user);
    let made = String::from_utf8_lossy(&made.stdout).into_owned();
    let organization = made.split_whitespace().last().unwrap().to_owned();
    let desk = Desk(&server);
    let service = [
        "--name",
        "Import",
        "--grant-type",
        "client_credentials",
        "--role",
        "developer",
        "--scope",
        "nodes:read",
        "--scope",
        "nodes:write",
    ];
    let made = desk.json(&[&["create", "--organization", &organization][..], &service].concat());
    let (id, secret) = (made["client_id"].as_str().unwrap(), made["client_secret"].as_str().unwrap());
    assert_eq!(token(&server, id, secret).await, 200);

    let table = desk.told(&["list"]);
    let lines: Vec<_> = table.lines().collect();
    assert!(lines[0].starts_with("CLIENT") && lines[1].contains("Import") && lines[1].contains(&organization), "{table}");
    assert_eq!(desk.json(&["list", "--organization", &organization])["count"], 1);
    assert_eq!(desk.json(&["list", "--organization", "org_nobodys"])["count"], 0);
    let shown = desk.told(&["show", id]);
    assert!(shown.contains("client_name: Import") && shown.contains("scopes: nodes:read nodes:write"), "{shown}");
    assert!(!shown.contains(secret) && !desk.json(&["show", id]).to_string().contains(secret));

    // What is given takes the place of what was; the rest stays.
    let changed = desk.json(&["update", id, "--name", "Export", "--scope", "nodes:read"]);
    assert_eq!((&changed["client_name"], changed["scopes"].as_array().unwrap().len()), (&Value::from("Export"), 1));
    assert_eq!((&changed["role"], &changed["source"]), (&Value::from("developer"), &Value::from("cli")));
    assert!(desk.refused(&["update", id, "--redirect-uri", "javascript:alert(1)"]).contains("redirect_uris/0"));
    assert!(desk.refused(&["update", "wgc_nobody", "--name", "x"]).contains("no such client"));
    assert!(desk.refused(&["create", "--organization", &organization, "--name", "x"]).contains("--grant-type"));

    let rotated = desk.json(&["rotate-secret", id, "--overlap-seconds", "0"]);
    let next = rotated["client_secret"].as_str().unwrap();
    becomes(&server, id, secret, 401).await;
    becomes(&server, id, next, 200).await;
    desk.told(&["disable", id]);
    becomes(&server, id, next, 401).await;
    assert!(desk.told(&["list"]).contains("disabled"));
    desk.told(&["enable", id]);
    becomes(&server, id, next, 200).await;

    // An initial token: a program registers by it, once.
    let token = desk.json(&["initial-token", "--organization", &organization, "--scope", "nodes:read"]);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let ask = || {
        let said = serde_json::json!({ "redirect_uris": ["https://app.example/cb"] });
        http.post(format!("{}/oauth2/register", server.base))
            .bearer_auth(token["initial_token"].as_str().unwrap())
            .json(&said)
            .send()
    };
    let registered = ask().await.unwrap();
    assert_eq!(registered.status().as_u16(), 201, "{}", registered.text().await.unwrap());
    assert_eq!(ask().await.unwrap().status().as_u16(), 401);
    assert!(desk.told(&["list"]).contains("dynamic"));
    assert!(desk.refused(&["initial-token", "--organization", "org_nobodys"]).contains("org_nobodys"));
    assert!(desk.refused(&["initial-token", "--organization", &organization, "--uses", "0"]).contains("uses"));

    desk.told(&["delete", id]);
    becomes(&server, id, next, 401).await;
    assert!(desk.refused(&["show", id]).contains("no such client"));
}
