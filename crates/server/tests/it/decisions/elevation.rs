//! Administrators of the server in an organization's content: for a reason, for a while, and never unseen.

use std::time::Duration;

use serde_json::{Value, json};
use wardgraph_testkit::{App, Caller, Person, Reply};

use super::{Cast, events, on_the_server};

const ELEVATIONS: &str = "/api/v1/elevations";

pub(super) async fn elevate(by: &Person, organization: &str, asked: &Value) -> Reply {
    by.caller.post(&format!("/api/v1/organizations/{organization}/elevate"), asked).await
}

/// A way into the organization of `of`, and who goes by it.
pub(super) async fn inside(app: &App, by: &Person, of: &Person) -> (Value, Caller) {
    let issued = elevate(by, &of.caller.tenant, &json!({ "reason": "ticket 4711", "expires_in": 600 })).await.created();
    let caller = app.bearer(issued["access_token"].as_str().unwrap());
    (issued, caller)
}

#[tokio::test]
async fn an_administrator_reads_and_writes_content_for_a_reason_and_a_viewer_reads() {
    let Cast { app, owner, .. } = Cast::begin().await;
    let node = owner.caller.create_node("theirs").await.created()["id"].as_str().unwrap().to_owned();
    let root = on_the_server(&app, "root@example.com", "super_admin").await;
    // Without a way in there is none.
    root.caller.get(&format!("/nodes/{node}")).await.problem(404);
    let (issued, caller) = inside(&app, &root, &owner).await;
    assert_eq!((&issued["expires_in"], &issued["organization_id"]), (&json!(600), &json!(owner.caller.tenant)));
    assert_eq!(issued["token_type"], "Bearer");
    caller.get(&format!("/nodes/{node}")).await.ok();
    let made = caller.create_node("mended").await.created()["id"].clone();
    owner.caller.get(&format!("/nodes/{}", made.as_str().unwrap())).await.ok();
    let viewer = on_the_server(&app, "viewer@example.com", "viewer").await;
    let (issued, looks) = inside(&app, &viewer, &owner).await;
    assert!(!issued["scope"].as_str().unwrap().contains("write"), "{issued}");
    looks.get(&format!("/nodes/{node}")).await.ok();
    looks.post("/search", &json!({ "query": "theirs", "mode": "text" })).await.ok();
    looks.create_node("no").await.problem(403);
    looks.delete(&format!("/nodes/{node}")).await.problem(403);
    owner.caller.get(&format!("/nodes/{node}")).await.ok();
}

#[tokio::test]
async fn who_was_in_when_and_why_is_seen() {
    let Cast { app, owner, admin, developer, .. } = Cast::begin().await;
    let root = on_the_server(&app, "root@example.com", "super_admin").await;
    let (issued, caller) = inside(&app, &root, &owner).await;
    caller.create_node("mended").await.created();
    // In the organization's log, in the system's, and in the administrator's own.
    for log in [&*owner.caller.tenant, "_system"] {
        let entered = events(&app, log, "organization.entered").await;
        assert_eq!(entered.len(), 1, "{log}");
        let told = &entered[0];
        assert_eq!((&told["subject"], &told["actor"]), (&issued["id"], &json!(root.id)));
        assert_eq!((&told["payload"]["reason"], &told["payload"]["administrator_id"]), (&json!("ticket 4711"), &json!(root.id)));
    }
    assert_eq!(events(&app, &root.caller.tenant, "elevation.begun").await.len(), 1);
    // What is done there says who acts.
    let done = events(&app, &owner.caller.tenant, "request.committed").await;
    let acted: Vec<_> = done.iter().filter(|event| event["payload"]["act"]["sub"] == json!(root.id)).collect();
    assert_eq!(acted.len(), 1, "{done:?}");
    assert_eq!(acted[0]["actor"], format!("elevation-{}", issued["id"].as_str().unwrap()));
    // Those who see to the organization see it, and its owners are told by mail.
    for reader in [&owner, &admin] {
        let listed = reader.caller.get(ELEVATIONS).await.ok();
        assert_eq!(listed["count"], 1);
        let one = &listed["elevations"][0];
        assert_eq!(
            (&one["id"], &one["administrator_id"], &one["reason"]),
            (&issued["id"], &json!(root.id), &json!("ticket 4711"))
        );
        assert!(one["ended_at"].is_null() && !listed.to_string().contains("eyJ"), "{listed}");
    }
    developer.caller.get(ELEVATIONS).await.problem(403);
    assert_eq!(app.person("elsewhere@example.com").await.caller.get(ELEVATIONS).await.ok()["count"], 0);
    app.mail_everything().await;
    let told = |email: &str| app.mails.to(email).iter().filter(|mail| mail.subject.contains("administrator is in")).count();
    assert_eq!((told("ada@example.com"), told("bob@example.com")), (1, 0));
}

#[tokio::test]
async fn it_ends_by_the_clock_the_owner_the_administrator_and_the_session() {
    let Cast { app, owner, admin, developer, .. } = Cast::begin().await;
    let root = on_the_server(&app, "root@example.com", "super_admin").await;
    let close =
        async |by: &Person, issued: &Value| by.caller.delete(&format!("{ELEVATIONS}/{}", issued["id"].as_str().unwrap())).await;
    let goes = async |caller: &Caller| {
        app.hear().await;
        caller.get("/nodes").await.status == 200
    };
    let stranger = on_the_server(&app, "other@example.com", "super_admin").await;
    for by in [&owner, &admin, &root] {
        let (issued, caller) = inside(&app, &root, &owner).await;
        assert!(goes(&caller).await);
        close(&developer, &issued).await.problem(404);
        close(&stranger, &issued).await.problem(404);
        assert!(goes(&caller).await);
        assert_eq!(close(by, &issued).await.status, 204);
        assert!(!goes(&caller).await);
        close(by, &issued).await.problem(409);
        let left = events(&app, &owner.caller.tenant, "organization.left").await;
        let told = left.iter().find(|event| event["subject"] == issued["id"]).unwrap();
        assert_eq!(told["actor"], json!(by.id));
    }
    // With the session that it came of.
    let (_, caller) = inside(&app, &stranger, &owner).await;
    assert_eq!(Reply::of(stranger.caller.request("POST", "/api/v1/auth/logout")).await.status, 204);
    assert!(!goes(&caller).await);
    // By itself.
    let (_, caller) = inside(&app, &root, &owner).await;
    app.clock.advance(Duration::from_mins(9));
    assert!(goes(&caller).await);
    app.clock.advance(Duration::from_mins(3));
    assert!(!goes(&caller).await);
}
