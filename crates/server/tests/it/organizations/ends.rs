//! An organization is handed over, deleted, and restored.

use std::time::Duration;

use serde_json::{Value, json};
use wardgraph_testkit::{App, AppOptions, Person};

use super::{act, delete, enters, event, joins, organization, place};

const WHO: &str = "/api/v1/whoami";

#[tokio::test]
async fn an_owner_hands_over_to_a_member_and_stays_an_admin() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let admin = joins(&app, &ada, "admin@example.com", "admin").await;
    let bob = app.person("bob@example.com").await;
    let path = format!("{}/transfer", organization(&ada));
    let to = |person: &Person| json!({ "user_id": person.id });
    admin.caller.post(&path, &to(&admin)).await.problem(403);
    ada.caller.post(&path, &to(&bob)).await.problem(404);
    ada.caller.post(&path, &to(&ada)).await.problem(409);
    bob.caller.post(&path, &to(&bob)).await.problem(404);
    let handed = ada.caller.post(&path, &to(&admin)).await.ok();
    assert_eq!((&handed["owner_id"], &handed["role"]), (&json!(admin.id), &json!("admin")));
    let told = event(&app, &ada.caller.tenant, "organization.owner_changed").await;
    assert_eq!((&told["before"]["owner_id"], &told["after"]["owner_id"]), (&json!(ada.id), &json!(admin.id)));
    // Who handed it over reaches nothing of the owner's any more.
    app.hear().await;
    let ada = enters(&app, "ada@example.com", &ada.caller.tenant).await;
    ada.caller.post(&path, &to(&ada)).await.problem(403);
    ada.caller.patch(&place(&ada, &admin), &json!({ "role": "analyst" })).await.problem(403);
    delete(&ada.caller, &organization(&ada), &json!({ "confirm": ada.caller.tenant })).await.problem(403);
}

#[tokio::test]
async fn of_two_who_are_handed_an_organization_at_once_one_has_it() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let one = joins(&app, &ada, "one@example.com", "admin").await;
    let other = joins(&app, &ada, "other@example.com", "admin").await;
    let path = format!("{}/transfer", organization(&ada));
    let (to_one, to_other) = (json!({ "user_id": one.id }), json!({ "user_id": other.id }));
    let (a, b) = tokio::join!(ada.caller.post(&path, &to_one), ada.caller.post(&path, &to_other));
    assert_eq!([&a, &b].iter().filter(|reply| reply.status.is_success()).count(), 1, "{} {}", a.text, b.text);
    let sql =
        format!("select count(*) from wardgraph.memberships where organization_id = '{}' and role = 'owner'", ada.caller.tenant);
    assert_eq!(super::number(&app, &sql).await, 1);
}

#[tokio::test]
async fn an_organization_that_is_deleted_works_nowhere_within_a_second_and_restored_it_does() {
    let one = App::with(AppOptions { listens: true, ..AppOptions::default() }).await;
    let other = App::over(one.database.clone(), AppOptions { listens: true, ..AppOptions::default() }).await;
    let ada = one.person("ada@example.com").await;
    let admin = joins(&one, &ada, "admin@example.com", "admin").await;
    let made = ada.caller.post("/api/v1/users/me/api-keys", &json!({ "name": "k", "scopes": ["nodes:read"] })).await.created();
    let client = one.client_of(&ada, json!({ "role": "developer" })).await;
    let token = client.token(&[]).await.ok()["access_token"].as_str().unwrap().to_owned();
    let texts =
        [ada.caller.token.as_deref().unwrap(), admin.caller.token.as_deref().unwrap(), made["key"].as_str().unwrap(), &token];
    let callers: Vec<_> = texts.iter().flat_map(|text| [one.bearer(text), other.bearer(text)]).collect();
    for caller in &callers {
        caller.get("/nodes").await.ok();
    }
    let path = organization(&ada);
    delete(&admin.caller, &path, &json!({ "confirm": ada.caller.tenant })).await.problem(403);
    delete(&ada.caller, &path, &json!({ "confirm": "something else" })).await.problem(409);
    delete(&ada.caller, &path, &json!({})).await.problem(400);
    let deleted = delete(&ada.caller, &path, &json!({ "confirm": "Grace Hopper's organization" })).await.ok();
    assert!(deleted["deleted_at"].is_string() && deleted["purge_at"].is_string());
    tokio::time::sleep(Duration::from_secs(1)).await;
    for caller in &callers {
        assert!(matches!(caller.get("/nodes").await.status.as_u16(), 401 | 403));
    }
    assert_eq!(client.token(&[]).await.refused(401), "invalid_client");
    // One's own account is one's own still, and a key is nobody's account.
    ada.caller.get("/api/v1/users/me").await.ok();
    one.bearer(texts[2]).get(WHO).await.problem(403);
    admin.caller.patch(&place(&ada, &admin), &json!({ "role": "analyst" })).await.problem(403);
    // An owner restores it, and nobody else.
    let restore = format!("{path}/restore");
    act(&admin.caller, &restore).await.problem(403);
    let bob = one.person("bob@example.com").await;
    act(&bob.caller, &restore).await.problem(404);
    let again = enters(&one, "ada@example.com", &ada.caller.tenant).await;
    let restored = act(&again.caller, &restore).await.ok();
    assert_eq!((&restored["deleted_at"], &restored["purge_at"]), (&Value::Null, &Value::Null));
    tokio::time::sleep(Duration::from_secs(1)).await;
    for caller in &callers[..6] {
        caller.get("/nodes").await.ok();
    }
    // What its clients held was taken back, wherever it worked: they get it anew.
    callers[6].get("/nodes").await.problem(401);
    client.token(&[]).await.ok();
    for (kind, deleted) in [("organization.deleted", true), ("organization.restored", false)] {
        let told = event(&one, &ada.caller.tenant, kind).await;
        assert_eq!(
            (told["before"]["deleted_at"].is_null(), told["after"]["deleted_at"].is_null()),
            (deleted, !deleted),
            "{kind}"
        );
    }
}

#[tokio::test]
async fn whoever_signs_in_without_saying_where_works_where_something_works() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let made = ada.caller.post("/api/v1/organizations", &json!({ "name": "another" })).await.created();
    delete(&ada.caller, &organization(&ada), &json!({ "confirm": ada.caller.tenant })).await.ok();
    let again = Person::again(&app, "ada@example.com").await;
    assert_eq!(json!(again.caller.tenant), made["id"]);
}

#[tokio::test]
async fn an_owner_whom_a_role_denies_it_restores_nothing() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let bob = joins(&app, &ada, "bob@example.com", "owner").await;
    app.role(&ada, "no-endings", &[], &["organizations:delete"], &[]).await;
    app.granted(&ada, &bob.id, "no-endings").await;
    delete(&ada.caller, &organization(&ada), &json!({ "confirm": ada.caller.tenant })).await.ok();
    app.hear().await;
    let restore = format!("{}/restore", organization(&ada));
    let bob = enters(&app, "bob@example.com", &ada.caller.tenant).await;
    act(&bob.caller, &restore).await.problem(403);
    let deleted = "select count(*) from wardgraph.organizations where deleted_at is not null";
    assert_eq!(super::number(&app, deleted).await, 1);
    let ada = enters(&app, "ada@example.com", &ada.caller.tenant).await;
    act(&ada.caller, &restore).await.ok();
    assert_eq!(super::number(&app, deleted).await, 0);
}
