//! An organization that requires a second factor.

use std::time::Duration;

use serde_json::json;
use wardgraph_testkit::{App, AppOptions, Authenticator, PASSWORD, Person, code};

use super::{
    super::{log, refresh},
    claims, codes, number, second, show, show_recovery, token, with_an_app,
};

const PATH: &str = "/api/v1/organization/mfa";

/// Somebody with an authenticator app, who showed a second factor to sign in.
async fn shown_two(app: &App, email: &str) -> (Person, Authenticator) {
    let (_, authenticator) = with_an_app(app, email).await;
    (Person::again_with(app, email, &authenticator.recovery_code(9)).await, authenticator)
}

/// Has the account of `member` be in the organization of `owner` alone, with a role.
async fn joins(app: &App, member: &Person, owner: &Person, role: &str) {
    let client = app.database.behind_the_scenes().await;
    let sql = "update wardgraph.memberships set organization_id = $1, role = $3 where user_id = $2::text::uuid";
    client.execute(sql, &[&owner.caller.tenant, &member.id, &role]).await.unwrap();
}

#[tokio::test]
async fn whoever_has_no_factor_adds_one_to_get_in() {
    let app = App::start().await;
    let (ada, _) = shown_two(&app, "ada@example.com").await;
    let bob = app.person("bob@example.com").await;
    joins(&app, &bob, &ada, "developer").await;
    let member = Person::again(&app, "bob@example.com").await;
    assert_eq!(ada.caller.put(PATH, &json!({ "required": true })).await.ok(), json!({ "required": true }));
    assert_eq!(member.caller.get("/api/v1/users/me/mfa").await.ok()["required"], true);
    // A session with one factor is not renewed.
    refresh(&app, &member.refresh_token, "").await.problem(401);
    let asked = Person::signing_in(&app, "bob@example.com").await;
    assert_eq!((&asked["methods"], &asked["enrol"]), (&json!([]), &json!(["totp", "webauthn"])));
    let login = asked["mfa_token"].as_str().unwrap();
    // There is nothing to show yet.
    show(&app, login, "000000").await.problem(401);
    let begin = json!({ "mfa_token": login, "method": "totp", "name": "phone" });
    let [begun, abandoned] = [(); 2].map(|()| app.stranger());
    let begun = begun.post("/api/v1/auth/mfa/enrol", &begin).await.created();
    let abandoned = abandoned.post("/api/v1/auth/mfa/enrol", &begin).await.created();
    assert_eq!(number(&app, "select count(*) from wardgraph.factors").await, 1);
    let authenticator = Authenticator::begun(&app, &begun).await;
    let signed = claims(&authenticator.enabled);
    assert_eq!((&signed["amr"], &signed["tenant_id"]), (&json!(["pwd", "otp", "mfa"]), &json!(ada.caller.tenant)));
    assert_eq!((codes(&authenticator.enabled).len(), &authenticator.enabled["enabled"]), (10, &json!("totp")));
    let bob = Person::of(&app, "bob@example.com", &authenticator.enabled);
    assert_eq!(bob.caller.get("/api/v1/users/me/mfa").await.ok()["factors"][0]["name"], "phone");
    refresh(&app, &bob.refresh_token, "").await.ok();
    // What was begun besides adds no second one, and the sign-in that asked for one takes no other.
    let late = code(abandoned["secret"].as_str().unwrap(), second(&app));
    show(&app, abandoned["mfa_token"].as_str().unwrap(), &late).await.problem(401);
    app.stranger().post("/api/v1/auth/mfa/enrol", &begin).await.problem(403);
    assert_eq!(number(&app, "select count(*) from wardgraph.factors").await, 2);
    let events = log(&app, &ada.caller.tenant).await;
    for event in ["mfa.enrolment_begun success", "organization.mfa_requirement_set success"] {
        assert!(events.contains(&event.to_owned()), "{event} in {events:?}");
    }
}

#[tokio::test]
async fn the_last_factor_stays_while_one_is_required() {
    let app = App::start().await;
    let (ada, authenticator) = shown_two(&app, "ada@example.com").await;
    ada.caller.put(PATH, &json!({ "required": true })).await.ok();
    let path = |app: &Authenticator| format!("/api/v1/users/me/mfa/{}", app.enabled["factor_id"].as_str().unwrap());
    ada.caller.delete(&path(&authenticator)).await.problem(409);
    let listed = ada.caller.get("/api/v1/users/me/mfa").await.ok();
    assert_eq!((&listed["count"], &listed["recovery_codes_left"]), (&json!(1), &json!(9)), "nothing went");
    let second = ada.adds_an_app(&app).await;
    // Of two removals at once one leaves the last.
    let (one, other) = (path(&authenticator), path(&second));
    let (one, other) = futures_util::future::join(ada.caller.delete(&one), ada.caller.delete(&other)).await;
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409]);
    ada.caller.put(PATH, &json!({ "required": false })).await.ok();
    let left = ada.caller.get("/api/v1/users/me/mfa").await.ok()["factors"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(ada.caller.delete(&format!("/api/v1/users/me/mfa/{left}")).await.status, 204);
}

#[tokio::test]
async fn an_organization_elsewhere_counts_as_well() {
    let app = App::start().await;
    let (ada, _) = shown_two(&app, "ada@example.com").await;
    let (bob, authenticator) = with_an_app(&app, "bob@example.com").await;
    let client = app.database.behind_the_scenes().await;
    let sql = "insert into wardgraph.memberships (organization_id, user_id, role, created_at) values ($1, $2::text::uuid, 'analyst', now())";
    client.execute(sql, &[&ada.caller.tenant, &bob.id]).await.unwrap();
    ada.caller.put(PATH, &json!({ "required": true })).await.ok();
    // Bob's session is in his own organization, which requires nothing.
    let path = format!("/api/v1/users/me/mfa/{}", authenticator.enabled["factor_id"].as_str().unwrap());
    bob.caller.delete(&path).await.problem(409);
    assert_eq!(bob.caller.get("/api/v1/users/me/mfa").await.ok()["required"], true);
}

#[tokio::test]
async fn whoever_may_change_settings_and_showed_a_factor_says_so_and_nobody_else() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    ada.caller.put(PATH, &json!({ "required": true })).await.problem(409);
    let required = "select count(*) from wardgraph.organizations where requires_mfa";
    let (bob, authenticator) = with_an_app(&app, "bob@example.com").await;
    let roles = [("analyst", 403), ("data_scientist", 403), ("developer", 403), ("admin", 200)];
    for ((role, status), code) in roles.into_iter().zip(codes(&authenticator.enabled)) {
        joins(&app, &bob, &ada, role).await;
        let tokens = show_recovery(&app, &token(&app, "bob@example.com").await, &code).await.ok();
        let member = Person::of(&app, "bob@example.com", &tokens);
        assert_eq!(member.caller.put(PATH, &json!({ "required": true })).await.status, status, "{role}");
        assert_eq!(number(&app, required).await, i64::from(status == 200));
    }
    let key = ada.caller.post("/api/v1/users/me/api-keys", &json!({ "name": "k", "scopes": ["nodes:read"] })).await.created();
    app.bearer(key["key"].as_str().unwrap()).put(PATH, &json!({ "required": false })).await.problem(403);
    assert_eq!(number(&app, required).await, 1);
}

#[tokio::test]
async fn it_is_a_setting_like_the_others() {
    let app = App::start().await;
    let (ada, _) = shown_two(&app, "ada@example.com").await;
    let organization = format!("/api/v1/organizations/{}", ada.caller.tenant);
    assert_eq!(ada.caller.put(PATH, &json!({ "required": true })).await.ok(), json!({ "required": true }));
    assert_eq!(ada.caller.get(&organization).await.ok()["requires_mfa"], true);
    let events = ada.caller.events().await;
    let told = events.iter().find(|event| event["type"] == "organization.mfa_requirement_set").unwrap();
    let states = ["before", "after"].map(|state| told["payload"][state]["requires_mfa"].clone());
    assert_eq!(states, [json!(false), json!(true)]);
    // By whatever role the permission is held, and by none without it.
    let (bob, authenticator) = with_an_app(&app, "bob@example.com").await;
    ada.takes_in(&app, &bob, "analyst").await;
    let role = json!({ "name": "settings", "allows": ["organizations:write"] });
    ada.caller.post("/api/v1/roles", &role).await.created();
    let at = json!({ "email": "bob@example.com", "password": PASSWORD, "organization": ada.caller.tenant });
    let asked = app.stranger().post("/api/v1/auth/login", &at).await.ok();
    let tokens = show_recovery(&app, asked["mfa_token"].as_str().unwrap(), &authenticator.recovery_code(0)).await.ok();
    let bob = Person::of(&app, "bob@example.com", &tokens);
    bob.caller.put(PATH, &json!({ "required": false })).await.problem(403);
    ada.caller.post("/api/v1/grants", &json!({ "user_id": bob.id, "role": "settings" })).await.created();
    app.hear().await;
    bob.caller.put(PATH, &json!({ "required": false })).await.ok();
    // Nothing of it is set from where the organization lets nobody call, nor once it was deleted.
    for (later, set) in [
        (1, "allowed_networks = '{192.0.2.0/24}'"),
        (2, "allowed_networks = '{}', deleted_at = now(), purge_at = now() + interval '1 day'"),
    ] {
        let sql = format!("update wardgraph.organizations set {set} where organization_id = $1");
        app.database.behind_the_scenes().await.execute(sql.as_str(), &[&ada.caller.tenant]).await.unwrap();
        let elsewhere = App::over(app.database.clone(), AppOptions::default()).await;
        // All servers draw the same chances: later, so that no id comes twice.
        elsewhere.clock.advance(Duration::from_secs(later));
        elsewhere.bearer(ada.caller.token.as_deref().unwrap()).put(PATH, &json!({ "required": true })).await.problem(403);
    }
    assert_eq!(number(&app, "select count(*) from wardgraph.organizations where requires_mfa").await, 0);
}
