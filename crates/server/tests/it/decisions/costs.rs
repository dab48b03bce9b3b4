//! What decisions cost those who ask for them.

use std::time::Duration;

use serde_json::{Value, json};
use wardgraph_kernel::LimitClass;
use wardgraph_limits::{LimitTable, Policy};
use wardgraph_testkit::{App, AppOptions};

use super::{EVALUATION, EVALUATIONS, decision, question, user};

#[tokio::test]
async fn a_decision_is_charged_as_a_search_and_a_batch_by_its_subjects() {
    let limit = |most: u32| Some(Policy::new(most, 1).unwrap());
    let limits = LimitTable::disabled().with_tenant(LimitClass::Search, limit(3)).with_tenant(LimitClass::Items, limit(5));
    let app = App::with(AppOptions { limits, ..AppOptions::default() }).await;
    let owner = app.person("ada@example.com").await;
    let one = question(user(&owner), "read", "nodes", None);
    for _ in 0..3 {
        assert_eq!(decision(&owner.caller, &one).await["decision"], true);
    }
    owner.caller.post(EVALUATION, &one).await.problem(429);
    owner.caller.post(EVALUATIONS, &one).await.problem(429);
    app.clock.advance(Duration::from_secs(60));
    let batch = |subjects: usize, questions: usize| -> Value {
        let subject = |n: usize| json!({ "type": "user", "id": format!("u{}", n % subjects) });
        let each: Vec<_> = (0..questions).map(|n| json!({ "subject": subject(n) })).collect();
        json!({ "action": { "name": "read" }, "resource": { "type": "nodes" }, "evaluations": each })
    };
    owner.caller.post(EVALUATIONS, &batch(5, 100)).await.ok();
    owner.caller.post(EVALUATIONS, &batch(1, 1)).await.problem(429);
    app.clock.advance(Duration::from_secs(60));
    owner.caller.post(EVALUATIONS, &batch(6, 6)).await.problem(413);
    owner.caller.post(EVALUATIONS, &batch(1, 1_000)).await.ok();
}

#[tokio::test]
async fn what_is_remembered_of_roles_is_never_older_than_the_question() {
    let app = App::start().await;
    let owner = app.person("ada@example.com").await;
    let member = super::joined(&app, &owner, "bob@example.com", "analyst").await;
    app.role(&owner, "ops", &["nodes:write:a-*"], &[], &[]).await;
    app.granted(&owner, &member.id, "ops").await;
    let asked = question(user(&member), "write", "nodes", Some("a-1"));
    let search = question(json!({ "type": "user" }), "write", "nodes", Some("a-1"));
    let found = async || {
        let found = owner.caller.post("/access/v1/search/subject", &search).await.ok();
        found["results"].as_array().unwrap().iter().any(|one| one["id"] == json!(member.id))
    };
    // Every server hears of it within a second; whoever asks about others asks the database who holds what, of which version.
    for says in [&["nodes:write:a-*"][..], &["nodes:write:b-*"], &["nodes:write:a-1"], &["edges:write"]] {
        let sql = "update wardgraph.roles set allows = $2 where tenant_id = $1 and name = 'ops'";
        let client = app.database.behind_the_scenes().await;
        client.execute(sql, &[&owner.caller.tenant, &says]).await.unwrap();
        let raise = "update wardgraph.organizations set roles_version = roles_version + 1 where organization_id = $1";
        client.execute(raise, &[&owner.caller.tenant]).await.unwrap();
        let may = says[0].starts_with("nodes:write:a");
        assert_eq!(decision(&owner.caller, &asked).await["decision"], may, "{says:?}");
        assert_eq!(found().await, may, "{says:?}");
    }
}
