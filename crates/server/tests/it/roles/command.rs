//! `wardgraph role`, as the real binary beside a server that runs.

use std::process::Output;

use serde_json::Value;

use crate::binary::{Server, run};

struct Desk<'a> {
    server: &'a Server,
    organization: String,
}

impl Desk<'_> {
    fn run(&self, arguments: &[&str]) -> Output {
        let data = self.server.data();
        let at = ["--organization", &self.organization];
        run(&[("WARDGRAPH_DATA_DIR", data.to_str().unwrap())], &[&["role"], arguments, &at].concat())
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

#[tokio::test]
async fn roles_are_made_given_and_taken_by_the_command() {
    let server = Server::start(&[]);
    let file = server.folder.path().join("password");
    std::fs::write(&file, "seldom-copper-violin-harbour").unwrap();
    let data = server.data();
    let user = ["user", "create", "--email", "ada@example.com", "--name", "Ada", "--password-file", file.to_str().unwrap()];
    let made = run(&[("WARDGRAPH_DATA_DIR", data.to_str().unwrap())], &user);
    let told = String::from_utf8_lossy(&made.stdout).into_owned();
    let after = |word: &str| told.split_once(word).unwrap().1.split([',', '\n', ' ']).next().unwrap().to_owned();
    let (ada, organization) = (after("account "), after("organization "));
    let desk = Desk { server: &server, organization };

    let says = [
        "--description",
        "reads production",
        "--allow",
        "nodes:read:production-*",
        "--deny",
        "nodes:read:production-secret-*",
        "--inherit",
        "analyst",
    ];
    let role = desk.json(&[&["create", "reader"][..], &says].concat());
    assert_eq!(
        (&role["name"], &role["allows"][0], &role["holders"]),
        (&"reader".into(), &"nodes:read:production-*".into(), &0.into())
    );
    let list = desk.told(&["list"]);
    assert!(list.lines().next().unwrap().starts_with("ROLE") && list.lines().any(|line| line.starts_with("reader ")), "{list}");
    assert_eq!(desk.json(&["list"])["count"], 6);

    let changed = desk.json(&["edit", "reader", "--allow", "nodes:read", "--no-denies"]);
    assert_eq!((changed["allows"].to_string(), changed["denies"].to_string()), ("[\"nodes:read\"]".into(), "[]".into()));
    assert_eq!((&changed["inherits"][0], &changed["description"]), (&"analyst".into(), &"reads production".into()));

    let grant = desk.json(&["grant", "reader", "--user", &ada, "--expires-at", "2099-01-01T00:00:00Z"]);
    assert_eq!((&grant["user_id"], &grant["granted_by"]), (&ada.clone().into(), &"operator".into()));
    assert!(desk.told(&["grants", "--user", &ada]).contains("2099-01-01"));
    let effective = desk.told(&["effective", &ada]);
    assert!(
        effective.contains("owner") && effective.contains("2099-01-01") && effective.contains("on everything: "),
        "{effective}"
    );
    assert_eq!(desk.json(&["effective", &ada])["roles"].as_array().unwrap().len(), 2);

    for (arguments, why) in [
        (&["delete", "reader"][..], "held 1 times"),
        (&["delete", "owner"], "built-in"),
        (&["create", "data-scientist"], "looks like"),
        (&["create", "other", "--allow", "nodes:paint"], "allows/0"),
        (&["edit", "reader", "--inherit", "reader"], "inherits from itself"),
        (&["grant", "nobodys", "--user", &ada], "no role of the organization"),
        (&["grant", "reader", "--user", &ada], "already"),
        (&["grant", "reader", "--client", "wgc_nobody"], "no such client"),
        (&["grant", "analyst"], "--user"),
        (&["grant", "analyst", "--user", &ada, "--expires-at", "2001-01-01T00:00:00Z"], "past"),
        (&["revoke", "00000000-0000-7000-8000-000000000000"], "no such grant"),
        (&["show", "nobodys"], "no such role"),
    ] {
        let told = desk.refused(arguments);
        assert!(told.contains(why), "{arguments:?}: {told}");
    }
    let revoked = desk.json(&["revoke", grant["id"].as_str().unwrap()]);
    assert_eq!((&revoked["id"], &revoked["role"]), (&grant["id"], &"reader".into()), "what it was");
    let again = desk.json(&["grant", "reader", "--user", &ada]);
    assert_eq!(desk.told(&["revoke", again["id"].as_str().unwrap()]), "", "people see that nothing went wrong");
    let deleted = desk.json(&["delete", "reader"]);
    assert_eq!((&deleted["name"], &deleted["allows"]), (&changed["name"], &changed["allows"]));
    assert_eq!(desk.json(&["list"])["count"], 5);
    desk.json(&["create", "reader"]);
    assert_eq!(desk.told(&["delete", "reader"]), "");
    let nowhere = Desk { server: &server, organization: "org_nobodys".into() };
    assert!(nowhere.refused(&["create", "reader"]).contains("no such organization"));
    assert!(nowhere.refused(&["effective", &ada]).contains("no such member"));
}

#[test]
fn without_a_database_it_says_so() {
    let folder = tempfile::TempDir::new().unwrap();
    let output = run(&[("WARDGRAPH_DATA_DIR", folder.path().to_str().unwrap())], &["role", "list", "--organization", "org_a"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("start the server first"));
}
