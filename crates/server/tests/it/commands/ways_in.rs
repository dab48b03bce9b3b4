//! `wardgraph org elevations` and `end-elevation`.

use serde_json::json;
use wardgraph_testkit::Person;

use super::Beside;

#[tokio::test]
async fn a_way_in_is_seen_and_closed_from_the_command_line() {
    let beside = Beside::begin().await;
    let (org, app) = (beside.org(), &beside.app);
    let root = app.person("root@example.com").await;
    beside.told(&["user", "global-role", &root.id, "super_admin"]);
    app.hear().await;
    let root = Person::again(app, "root@example.com").await;
    let wanted = json!({ "reason": "ticket 4711", "expires_in": 600 });
    let issued = root.caller.post(&format!("/api/v1/organizations/{org}/elevate"), &wanted).await.created();
    let inside = app.bearer(issued["access_token"].as_str().unwrap());
    inside.get("/nodes").await.ok();
    let id = issued["id"].as_str().unwrap();

    let listed = beside.json(&["org", "elevations", org]);
    let one = &listed["elevations"][0];
    assert_eq!((&listed["count"], &one["id"], &one["reason"]), (&json!(1), &json!(id), &json!("ticket 4711")));
    assert_eq!((&one["administrator_id"], &one["ended_at"]), (&json!(root.id), &json!(null)));
    beside.told(&["org", "end-elevation", id]);
    app.hear().await;
    inside.get("/nodes").await.problem(401);
    assert!(beside.json(&["org", "elevations", org])["elevations"][0]["ended_at"].is_string());
    for (log, word) in [(org, "organization.left"), ("_system", "organization.left"), ("_system", "elevation.ended")] {
        let events = beside.events(log, word).await;
        assert_eq!((events.len(), &events[0]["subject"]), (1, &json!(id)), "{log} {word}");
        assert_eq!(events[0]["payload"], json!({ "organization_id": org, "administrator_id": root.id }));
    }
    beside.all_refused(&[
        (&["org", "end-elevation", id], "closed already"),
        (&["org", "end-elevation", "00000000-0000-7000-8000-000000000000"], "no such elevation"),
        (&["org", "end-elevation", "that"], "is a UUID"),
        (&["org", "elevations", "org_nobodys"], "no such organization"),
    ]);
}
