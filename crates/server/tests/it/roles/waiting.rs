//! Invitations are grants that wait: who ends one could give it.

use serde_json::{Value, json};

use super::{Cast, edit, grant, joined, make};

const INVITATIONS: &str = "/api/v1/invitations";

#[tokio::test]
async fn who_may_invite_to_little_takes_back_no_more_than_they_may_give() {
    let Cast { app, owner, admin, .. } = Cast::begin().await;
    let low = joined(&app, &owner, "low@example.com", "analyst").await;
    let eve = joined(&app, &owner, "eve@example.com", "owner").await;
    make(&owner, "inviter", json!({ "allows": ["members:write"] })).await.created();
    make(&owner, "reader", json!({ "allows": ["nodes:read"] })).await.created();
    grant(&owner, &low, "inviter").await.created();
    app.hear().await;
    let invitation = |email: &str, role: &str| json!({ "email": email, "role": role });
    let path = |made: &Value| format!("{INVITATIONS}/{}", made["id"].as_str().unwrap());
    let to_analyst = invitation("joan@example.com", "analyst");

    let first = owner.caller.post(INVITATIONS, &invitation("joan@example.com", "owner")).await.created();
    for by in [&low, &admin] {
        by.caller.post(INVITATIONS, &to_analyst).await.problem(403);
        by.caller.delete(&path(&first)).await.problem(403);
    }
    let listed = owner.caller.get(INVITATIONS).await.ok();
    let open = |one: &&Value| one["status"] == "open";
    let left: Vec<_> = listed["invitations"].as_array().unwrap().iter().filter(open).map(|one| &one["id"]).collect();
    assert_eq!(left, [&first["id"]], "{listed}");
    let events = owner.caller.events().await;
    for word in ["invitation.made", "invitation.withdrawn"] {
        let refused: Vec<_> = events.iter().filter(|event| event["type"] == word && event["outcome"] == "refused").collect();
        assert_eq!(refused.len(), 2, "{word}: {events:?}");
        assert!(refused.iter().all(|event| event["payload"]["beyond"].is_array()), "{refused:?}");
    }

    // Another owner puts one in its place, and withdraws what an owner made.
    let second = eve.caller.post(INVITATIONS, &to_analyst).await.created();
    let third = owner.caller.post(INVITATIONS, &invitation("jo@example.com", "owner")).await.created();
    assert_eq!(eve.caller.delete(&path(&third)).await.status, 204);
    let events = owner.caller.events().await;
    let told = |word: &str, made: &Value| {
        let of = |event: &&Value| event["type"] == word && event["subject"] == made["id"] && event["outcome"] == "success";
        events.iter().find(of).unwrap()["payload"].clone()
    };
    for ended in [&first, &third] {
        let said = json!({ "role": "owner", "invited_by": owner.id, "expires_at": ended["expires_at"] });
        assert_eq!(told("invitation.withdrawn", ended), json!({ "before": said, "after": null }));
        assert_eq!(told("invitation.made", ended), json!({ "before": null, "after": said }));
    }
    // Who may give as much takes it back, whoever gave it.
    assert_eq!(low.caller.delete(&path(&second)).await.status, 204);
}

#[tokio::test]
async fn ones_own_invitation_and_one_to_a_role_that_is_gone_are_withdrawn_by_who_may_invite() {
    let Cast { app, owner, .. } = Cast::begin().await;
    let low = joined(&app, &owner, "low@example.com", "analyst").await;
    make(&owner, "inviter", json!({ "allows": ["members:write"] })).await.created();
    make(&owner, "reader", json!({ "allows": ["nodes:read"] })).await.created();
    grant(&owner, &low, "inviter").await.created();
    app.hear().await;
    let invitation = |email: &str| json!({ "email": email, "role": "reader" });
    let path = |made: Value| format!("{INVITATIONS}/{}", made["id"].as_str().unwrap());
    let own = path(low.caller.post(INVITATIONS, &invitation("a@example.com")).await.created());
    let another = path(owner.caller.post(INVITATIONS, &invitation("b@example.com")).await.created());
    edit(&owner, "reader", json!({ "allows": ["organizations:delete"] })).await.ok();
    assert_eq!(low.caller.delete(&own).await.status, 204);
    low.caller.delete(&another).await.problem(403);
    let gone = "delete from wardgraph.roles where name = 'reader'";
    app.database.behind_the_scenes().await.execute(gone, &[]).await.unwrap();
    assert_eq!(low.caller.delete(&another).await.status, 204);
}
