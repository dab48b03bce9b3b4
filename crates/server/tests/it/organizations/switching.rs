//! Working in another organization, with what was shown at the sign-in.

use serde_json::{Value, json};
use wardgraph_testkit::{App, Person};

use super::{delete, enters, joins, number, organization};

const SWITCH: &str = "/api/v1/auth/switch";
const WHO: &str = "/api/v1/whoami";

fn to(person: &Person, organization: &str) -> Value {
    json!({ "refresh_token": person.refresh_token, "organization": organization })
}

#[tokio::test]
async fn a_member_of_two_organizations_works_in_both_and_each_token_in_its_own() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    joins(&app, &ada, "bob@example.com", "developer").await;
    let bob = Person::again(&app, "bob@example.com").await;
    assert_ne!(bob.caller.tenant, ada.caller.tenant);
    app.clock.advance(std::time::Duration::from_secs(60));
    let tokens = app.stranger().post(SWITCH, &to(&bob, &ada.caller.tenant)).await.ok();
    let there = Person::of(&app, "bob@example.com", &tokens);
    assert_eq!((&there.caller.tenant, &there.id), (&ada.caller.tenant, &bob.id));
    assert_ne!(there.session, bob.session);
    let claims = |person: &Person, name: &str| {
        let payload = person.caller.token.as_ref().unwrap().split('.').nth(1).unwrap().to_owned();
        let payload = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, payload).unwrap();
        serde_json::from_slice::<Value>(&payload).unwrap()[name].clone()
    };
    for name in ["amr", "acr", "auth_time"] {
        assert_eq!(claims(&there, name), claims(&bob, name), "{name} is of the sign-in");
    }
    // Both work, each where it is.
    let node = there.caller.create_node("in ada's").await.created();
    let path = format!("/nodes/{}", node["id"].as_str().unwrap());
    ada.caller.get(&path).await.ok();
    bob.caller.get(&path).await.problem(404);
    assert_eq!(bob.caller.get("/api/v1/organization").await.ok()["role"], "owner");
    assert_eq!(there.caller.get("/api/v1/organization").await.ok()["role"], "developer");
    // The token was not used up; and the new one refreshes.
    app.stranger().post(SWITCH, &to(&bob, &ada.caller.tenant)).await.ok();
    for person in [&bob, &there] {
        app.stranger().post("/api/v1/auth/refresh", &json!({ "refresh_token": person.refresh_token })).await.ok();
    }
}

#[tokio::test]
async fn nobody_switches_to_where_they_are_no_member_or_with_what_is_over() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let bob = app.person("bob@example.com").await;
    let before = number(&app, "select count(*) from wardgraph.sessions").await;
    for organization in [ada.caller.tenant.as_str(), "org_nobody", "*", "_system", "' or true --"] {
        app.stranger().post(SWITCH, &to(&bob, organization)).await.problem(404);
    }
    for token in ["", "x", ada.caller.token.as_deref().unwrap()] {
        let body = json!({ "refresh_token": token, "organization": ada.caller.tenant });
        assert!(matches!(app.stranger().post(SWITCH, &body).await.status.as_u16(), 400 | 401 | 422));
    }
    // One that was used before is somebody else's by now, perhaps.
    app.stranger().post("/api/v1/auth/refresh", &json!({ "refresh_token": ada.refresh_token })).await.ok();
    app.stranger().post(SWITCH, &to(&ada, &ada.caller.tenant)).await.problem(401);
    // One whose session ended.
    let sql = "update wardgraph.sessions set ended_at = now() where user_id = $1::text::uuid";
    app.database.behind_the_scenes().await.execute(sql, &[&bob.id]).await.unwrap();
    app.stranger().post(SWITCH, &to(&bob, &bob.caller.tenant)).await.problem(401);
    // One that was put out, and an organization that is deleted.
    let eve = joins(&app, &ada, "eve@example.com", "developer").await;
    let home = Person::again(&app, "eve@example.com").await;
    let ada = enters(&app, "ada@example.com", &ada.caller.tenant).await;
    delete(&ada.caller, &organization(&ada), &json!({ "confirm": ada.caller.tenant })).await.ok();
    app.stranger().post(SWITCH, &to(&home, &eve.caller.tenant)).await.problem(404);
    assert!(number(&app, "select count(*) from wardgraph.sessions").await > before);
}

#[tokio::test]
async fn an_organization_that_requires_a_second_factor_is_told_to_sign_in_for() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    joins(&app, &ada, "bob@example.com", "developer").await;
    let bob = Person::again(&app, "bob@example.com").await;
    let sql = "update wardgraph.organizations set requires_mfa = true where organization_id = $1";
    app.database.behind_the_scenes().await.execute(sql, &[&ada.caller.tenant]).await.unwrap();
    let refused = app.stranger().post(SWITCH, &to(&bob, &ada.caller.tenant)).await;
    let challenge = refused.headers["www-authenticate"].to_str().unwrap().to_owned();
    assert!(challenge.contains(r#"error="insufficient_user_authentication""#) && challenge.contains("acr_values"), "{challenge}");
    refused.problem(401);
    bob.caller.get(WHO).await.ok();
    // Who showed two goes on without showing them again.
    let authenticator = bob.adds_an_app(&app).await;
    let asked = Person::signing_in(&app, "bob@example.com").await;
    let shown = json!({ "mfa_token": asked["mfa_token"], "recovery_code": authenticator.recovery_code(0) });
    let bob = Person::of(&app, "bob@example.com", &app.stranger().post("/api/v1/auth/mfa/verify", &shown).await.ok());
    app.stranger().post(SWITCH, &to(&bob, &ada.caller.tenant)).await.ok();
}
