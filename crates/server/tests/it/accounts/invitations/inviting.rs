//! How people come to be members of organizations.

use std::time::Duration;

use serde_json::{Value, json};
use wardgraph_http::Registering;
use wardgraph_testkit::{App, AppOptions, PASSWORD, Person};

use super::{ACCEPT, INVITATIONS, ORGANIZATIONS, accept, at, invite, invited, join, members, statuses};
use crate::accounts::{log, login, register};

#[tokio::test]
async fn somebody_new_follows_an_invitation_and_is_a_member_who_can_sign_in() {
    let app = App::with(AppOptions { verifies: true, ..AppOptions::default() }).await;
    register(&app, "ada@example.com").await;
    app.mail_everything().await;
    let token = app.mails.token("ada@example.com", "verify-email");
    app.stranger().post("/api/v1/auth/verify-email", &json!({ "token": token, "password": PASSWORD })).await;
    let ada = Person::again(&app, "ada@example.com").await;
    let made = invite(&ada.caller, "Joan@Example.com", "developer").await.created();
    assert_eq!(
        (&made["email"], &made["role"], &made["status"], &made["invited_by"]),
        (&json!("joan@example.com"), &json!("developer"), &json!("open"), &json!(ada.id))
    );
    app.mail_everything().await;
    let mail = app.mails.to("joan@example.com").pop().unwrap();
    assert!(
        mail.text.contains("ada@example.com invites you") && mail.text.contains("Grace Hopper's organization"),
        "{}",
        mail.text
    );
    assert!(mail.text.contains("https://wardgraph.test/invitation?token="), "{}", mail.text);
    let joined = accept(&app, &app.mails.token("joan@example.com", "invitation")).await.created();
    assert_eq!(joined, json!({ "id": ada.caller.tenant, "name": "Grace Hopper's organization", "role": "developer" }));
    // The link showed the address: nothing is left to be confirmed. No organization was made for her.
    let joan = Person::again(&app, "joan@example.com").await;
    assert_eq!(joan.caller.tenant, ada.caller.tenant);
    joan.caller.create_node("mine to make").await.created();
    joan.caller.get("/api/v1/users").await.problem(403);
    assert_eq!(joan.caller.get(ORGANIZATIONS).await.ok(), json!({ "organizations": [joined], "count": 1 }));
    assert_eq!(statuses(&ada.caller.get(INVITATIONS).await.ok()), ["joan@example.com used"]);
    let events = log(&app, &ada.caller.tenant).await;
    for event in ["invitation.made success", "member.joined success", "user.registered success"] {
        assert!(events.iter().any(|told| told == event), "{event} in {events:?}");
    }
}

#[tokio::test]
async fn somebody_with_an_account_joins_a_further_organization_and_chooses_at_sign_in() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    app.clock.advance(Duration::from_secs(1));
    let bob = app.person("bob@example.com").await;
    let token = invited(&app, &ada, "bob@example.com", "analyst").await;
    // Not as somebody new, and no wiser for it than whoever reads the mail.
    assert!(accept(&app, &token).await.problem(409)["detail"].as_str().unwrap().contains("sign in"));
    app.clock.advance(Duration::from_secs(1));
    let joined = join(&bob, &token).await.created();
    assert_eq!((&joined["id"], &joined["role"]), (&json!(ada.caller.tenant), &json!("analyst")));
    assert_eq!(Person::again(&app, "bob@example.com").await.caller.tenant, bob.caller.tenant, "the first one, if none is named");
    let there = at(&app, "bob@example.com", &ada.caller.tenant).await;
    there.caller.create_node("not an analyst's to make").await.problem(403);
    let list = there.caller.get(ORGANIZATIONS).await.ok();
    let ids: Vec<_> = list["organizations"].as_array().unwrap().iter().map(|place| place["id"].clone()).collect();
    assert_eq!(ids, [json!(bob.caller.tenant), json!(ada.caller.tenant)]);
    // The organization that he joined reads of it; his own has the request.
    assert!(log(&app, &ada.caller.tenant).await.contains(&"member.joined success".to_owned()));
    assert!(!log(&app, &bob.caller.tenant).await.contains(&"member.joined success".to_owned()));
}

#[tokio::test]
async fn inviting_answers_alike_whoever_has_the_address() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    app.person("known@example.com").await;
    let mut seen = Vec::new();
    for email in ["known@example.com", "unknown@example.com"] {
        let mut made = invite(&ada.caller, email, "analyst").await.created();
        for changing in ["id", "email"] {
            made.as_object_mut().unwrap().remove(changing);
        }
        app.mail_everything().await;
        let mail = app.mails.to(email).pop().unwrap();
        let text = mail.text.split_once("?token=").map(|(before, after)| (before.to_owned(), after[64..].to_owned())).unwrap();
        seen.push((made, mail.subject, text));
    }
    assert_eq!(seen[0], seen[1]);
    // No name that anybody chose greets an address, and who did not show theirs is not named.
    assert!(seen[0].2.0.starts_with("Hello,\n\nSomebody invites you"), "{}", seen[0].2.0);
}

#[tokio::test]
async fn invitations_are_listed_page_by_page_and_withdrawn() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    for email in ["a@example.com", "b@example.com", "c@example.com"] {
        app.clock.advance(Duration::from_secs(1));
        let new = json!({ "email": email, "role": "analyst", "expires_in": 300 });
        ada.caller.post(INVITATIONS, &new).await.created();
    }
    let first = ada.caller.get(&format!("{INVITATIONS}?limit=2")).await.ok();
    assert_eq!(statuses(&first), ["c@example.com open", "b@example.com open"]);
    let cursor = first["next_cursor"].as_str().unwrap();
    let next = ada.caller.get(&format!("{INVITATIONS}?limit=2&cursor={cursor}")).await.ok();
    assert_eq!((statuses(&next), &next["next_cursor"]), (vec!["a@example.com open".to_owned()], &Value::Null));
    let id = first["invitations"][1]["id"].as_str().unwrap();
    assert_eq!(ada.caller.delete(&format!("{INVITATIONS}/{id}")).await.status, 204);
    ada.caller.delete(&format!("{INVITATIONS}/{id}")).await.problem(404);
    app.clock.advance(Duration::from_secs(299));
    let seen = statuses(&ada.caller.get(INVITATIONS).await.ok());
    assert_eq!(seen, ["c@example.com open", "b@example.com withdrawn", "a@example.com expired"]);
    // A key that may read them does, and gives nobody a place.
    let again = Person::again(&app, "ada@example.com").await;
    let wanted = json!({ "name": "k", "scopes": ["members:write"] });
    let key = again.caller.post("/api/v1/users/me/api-keys", &wanted).await.created();
    let key = app.bearer(key["key"].as_str().unwrap());
    assert_eq!(key.get(INVITATIONS).await.ok()["count"], 3);
    invite(&key, "d@example.com", "analyst").await.problem(403);
    // What is long past is forgotten.
    app.clock.advance(Duration::from_hours(31 * 24));
    app.sweep_accounts().await;
    let client = app.database.behind_the_scenes().await;
    let left: i64 = client.query_one("select count(*) from wardgraph.invitations", &[]).await.unwrap().get(0);
    assert_eq!(left, 0);
}

#[tokio::test]
async fn what_is_wrong_with_an_invitation_is_said() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    for (body, field) in [
        (json!({ "email": "nobody", "role": "analyst" }), "/email"),
        (json!({ "email": "a@example.com", "role": "analyst", "expires_in": 299 }), "/expires_in"),
        (json!({ "email": "a@example.com", "role": "analyst", "expires_in": 2_592_001 }), "/expires_in"),
        (json!({ "email": "a@example.com", "role": "super_admin" }), "/role"),
        (json!({ "email": "a@example.com", "role": "" }), "/role"),
    ] {
        assert_eq!(ada.caller.post(INVITATIONS, &body).await.problem(422)["errors"][0]["field"], field, "{body}");
    }
    for body in [json!({ "email": "a@example.com", "role": 1 }), json!({ "email": "a@example.com" })] {
        ada.caller.post(INVITATIONS, &body).await.problem(400);
    }
    let token = invited(&app, &ada, "joan@example.com", "analyst").await;
    let weak = json!({ "token": token, "name": "Joan", "password": "password1234" });
    assert_eq!(app.stranger().post(ACCEPT, &weak).await.problem(422)["errors"][0]["field"], "/password");
    accept(&app, &token).await.created();
}

#[tokio::test]
async fn how_people_come_to_have_accounts_is_the_operators_to_say() {
    for (registration, somebody_new) in [(Registering::Open, 201), (Registering::ByInvitation, 201), (Registering::Closed, 403)] {
        let open = App::start().await;
        let (ada, bob) = (open.person("ada@example.com").await, open.person("bob@example.com").await);
        // The same database, served as another operator would.
        let app = App::over(open.database.clone(), AppOptions { registration, ..AppOptions::default() }).await;
        // Both draw the same chances: later, so that no id comes twice.
        app.clock.advance(Duration::from_secs(1));
        let owner = Person { caller: app.bearer(ada.caller.token.as_ref().unwrap()), ..ada.clone() };
        let token = invited(&app, &owner, "joan@example.com", "analyst").await;
        assert_eq!(accept(&app, &token).await.status, somebody_new, "{registration:?}");
        // Who has an account joins in any case.
        let token = invited(&app, &owner, "bob@example.com", "analyst").await;
        let bob = Person { caller: app.bearer(bob.caller.token.as_ref().unwrap()), ..bob };
        join(&bob, &token).await.created();
        assert_eq!(members(&app, &ada.caller.tenant).await.len(), if somebody_new == 201 { 3 } else { 2 });
        assert_eq!(login(&app, "joan@example.com", PASSWORD).await.status, if somebody_new == 201 { 200 } else { 401 });
    }
}
