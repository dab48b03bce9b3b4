//! `wardgraph org` and `wardgraph user`, as the real binary beside a server that runs.

use std::{fs, process::Output};

use serde_json::{Value, json};

use crate::binary::{Server, run};

const PASSWORD: &str = "seldom-copper-violin-harbour";

fn wardgraph(server: &Server, arguments: &[&str]) -> Output {
    let data = server.data();
    run(&[("WARDGRAPH_DATA_DIR", data.to_str().unwrap())], arguments)
}

fn done(server: &Server, arguments: &[&str]) -> String {
    let output = wardgraph(server, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn json_of(server: &Server, arguments: &[&str]) -> Value {
    serde_json::from_str(&done(server, &[arguments, &["--json"]].concat())).unwrap()
}

fn refused(server: &Server, arguments: &[&str]) -> String {
    let output = wardgraph(server, arguments);
    assert!(!output.status.success(), "{arguments:?}");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!told.contains("panicked"), "{told}");
    told
}

#[tokio::test]
async fn organizations_and_accounts_are_seen_to_from_the_command_line() {
    let server = Server::start(&[]);
    let file = server.folder.path().join("password");
    fs::write(&file, PASSWORD).unwrap();
    for name in ["ada", "bob"] {
        let email = format!("{name}@example.com");
        done(&server, &["user", "create", "--email", &email, "--name", name, "--password-file", file.to_str().unwrap()]);
    }
    let users = json_of(&server, &["user", "list"]);
    assert_eq!(users["count"], 2);
    let id = |place: usize| users["users"][place]["id"].as_str().unwrap().to_owned();
    let (ada, bob) = (id(0), id(1));
    assert!(done(&server, &["user", "list"]).starts_with("USER"));
    assert_eq!(json_of(&server, &["user", "list", "--email", "bob@example.com"])["users"][0]["id"], json!(bob));

    let made = json_of(&server, &["org", "create", "--name", "Engines", "--owner", &ada]);
    let org = made["id"].as_str().unwrap();
    assert_eq!((&made["owner_id"], &made["tier"]), (&json!(ada), &json!("free")));
    refused(&server, &["org", "create", "--name", "a\nb", "--owner", &ada]);
    refused(&server, &["org", "create", "--name", "x", "--owner", "nobody"]);
    assert_eq!(json_of(&server, &["org", "list"])["count"], 3);
    assert!(done(&server, &["org", "list"]).starts_with("ORGANIZATION"));
    assert_eq!(json_of(&server, &["org", "rename", org, "Difference Engines"])["name"], "Difference Engines");

    let networks = |text: &str| json_of(&server, &["org", "set", org, "--allowed-networks", text])["allowed_networks"].clone();
    assert_eq!(networks("192.0.2.7/24, 2001:db8::7"), json!(["192.0.2.0/24", "2001:db8::7/128"]));
    assert!(refused(&server, &["org", "set", org, "--allowed-networks", "nowhere"]).contains("is no network"));
    assert_eq!(networks(""), json!([]));
    assert_eq!(json_of(&server, &["org", "show", org])["allowed_networks"], json!([]));

    let members = json_of(&server, &["org", "members", org]);
    assert_eq!((&members["count"], &members["members"][0]["role"]), (&json!(1), &json!("owner")));
    assert!(refused(&server, &["org", "set-role", org, &ada, "analyst"]).contains("last owner"));
    assert!(refused(&server, &["org", "remove", org, &ada]).contains("last owner"));
    assert!(refused(&server, &["org", "remove", org, &bob]).contains("no such member"));
    assert!(refused(&server, &["org", "set-role", org, &ada, "king"]).contains("a role is"));

    assert!(refused(&server, &["org", "delete", org, "--confirm", "Engines"]).contains("nothing was deleted"));
    assert!(json_of(&server, &["org", "delete", org, "--confirm", "Difference Engines"])["purge_at"].is_string());
    assert!(done(&server, &["org", "list"]).contains("deleted"));
    assert_eq!(json_of(&server, &["org", "restore", org])["deleted_at"], Value::Null);
    assert!(refused(&server, &["org", "show", "org_nobody"]).contains("no such organization"));

    done(&server, &["user", "global-role", &ada, "super_admin"]);
    assert_eq!(json_of(&server, &["user", "show", &ada])["global_role"], "super_admin");
    assert!(refused(&server, &["user", "global-role", &ada, "none"]).contains("last administrator"));
    assert!(refused(&server, &["user", "disable", &ada]).contains("last administrator"));
    done(&server, &["user", "disable", &bob]);
    assert_eq!(json_of(&server, &["user", "show", &bob])["disabled"], true);
    done(&server, &["user", "enable", &bob]);
    assert_eq!(json_of(&server, &["user", "show", &bob])["disabled"], false);
}
