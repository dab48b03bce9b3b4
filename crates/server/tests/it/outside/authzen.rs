//! Programs from PyPI that ask this server for decisions; `authzen_crate` searches, too.

use std::process::Command;

use serde_json::{Value, json};
use wardgraph_testkit::App;

use crate::layers::repository;

/// What the clients understood of the answers to these questions.
async fn asked(app: &App, token: &str, questions: &Value) -> Value {
    let mut command = Command::new("python3");
    command.arg(repository().join("scripts/authzen.py")).arg(&app.base);
    command.arg(json!({ "token": token, "questions": questions }).to_string());
    // Waited for on another thread: the server must go on.
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn authzen_clients_understand_what_is_decided() {
    let app = App::start().await;
    let owner = app.person("ada@example.com").await;
    let analyst = app.person("ana@example.com").await;
    owner.takes_in(&app, &analyst, "analyst").await;
    app.role(&owner, "ops", &["nodes:write:production-*"], &[], &[]).await;
    app.granted(&owner, &analyst.id, "ops").await;
    let key = json!({ "name": "pdp", "scopes": ["authz:read"] });
    let key = owner.caller.post("/api/v1/users/me/api-keys", &key).await.created();
    let question = |kind: &str, who: &str, id: &str| json!({ "subject": { "type": kind, "id": who }, "action": { "name": "write" }, "resource": { "type": "nodes", "id": id } });
    let questions = json!([
        question("user", &owner.id, "staging-1"),
        question("user", &analyst.id, "staging-1"),
        question("user", &analyst.id, "production-1"),
        question("identity", "ana@example.com", "production-1"),
        question("user", "nobody", "production-1"),
    ]);
    let told = asked(&app, key["key"].as_str().unwrap(), &questions).await;
    let expected = json!([true, false, true, true, false]);
    assert_eq!((&told["decern"]["allowed"], &told["apparitor"]["allowed"]), (&expected, &expected));
    let contexts = &told["decern"]["contexts"];
    assert_eq!((&contexts[0], &contexts[1]["needs"]), (&Value::Null, &json!(["nodes:write:staging-1"])));
    let batches = &told["apparitor"]["batches"];
    assert_eq!(batches["execute_all"], expected);
    assert_eq!((&batches["deny_on_first_deny"], &batches["permit_on_first_permit"]), (&json!([true, false]), &json!([true])));
    // Who is not let in is told so, and gets no decision.
    assert_eq!(told["decern"]["refused"], 401);
    assert!(told["apparitor"]["refused"].as_str().unwrap().contains("401"), "{told}");
}
