//! What asks for a fresh sign-in: every row of the table that says so, and the ways around it that somebody would try.

use std::time::Duration;

use serde_json::{Value, json};
use wardgraph_api::table::{Row, rows};
use wardgraph_kernel::TenantId;
use wardgraph_testkit::{App, Person, Reply};
use wardgraph_tokens::AccessRequest;

use super::{login, refresh};

const TEN_MINUTES: Duration = Duration::from_mins(10);

fn fresh() -> impl Iterator<Item = &'static Row> {
    rows().filter(|row| row.spec.fresh.is_some() && !row.spec.is_page())
}

/// Says that signing in again helps, in words and as RFC 9470 says it to programs.
fn asks_to_sign_in(reply: Reply, id: &str) {
    let challenge = reply.headers["www-authenticate"].to_str().unwrap().to_owned();
    assert!(challenge.starts_with("Bearer "), "{id}: {challenge}");
    assert!(challenge.contains(r#"error="insufficient_user_authentication""#), "{id}: {challenge}");
    assert!(challenge.contains("max_age=600"), "{id}: {challenge}");
    let detail = reply.problem(401)["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("sign in again"), "{id}: {detail}");
}

#[tokio::test]
async fn every_row_that_asks_for_a_fresh_sign_in_gets_one() {
    let app = App::start().await;
    // A refusal uses up nothing.
    let late = app.owner("late");
    let known = app.known(&late).await;
    app.clock.advance(TEN_MINUTES + Duration::from_secs(1));
    for row in fresh() {
        asks_to_sign_in(late.call(row, &known).await, row.spec.id);
    }
    for row in fresh() {
        let soon = app.owner("soon");
        let known = app.known(&soon).await;
        app.clock.advance(TEN_MINUTES);
        let reply = soon.call(row, &known).await;
        assert!(reply.status.is_success(), "{}: {}", row.spec.id, reply.text);
    }
    let ids: Vec<_> = fresh().map(|row| row.spec.id).collect();
    for id in [
        "CreateApiKey",
        "RotateApiKey",
        "EnableMfa",
        "MakeRecoveryCodes",
        "RemoveFactor",
        "RequireMfa",
        "EndSession",
        "EndSessions",
        "EndUserSessions",
        "TakeFactors",
        "Invite",
        "JoinOrganization",
        "CreateClient",
        "ReplaceClient",
        "RotateClientSecret",
        "CreateInitialToken",
        "DisableUser",
        "EnableUser",
        "DeleteUser",
        "DeleteMe",
    ] {
        assert!(ids.contains(&id), "{ids:?}");
    }
}

#[tokio::test]
async fn no_other_token_stands_for_a_fresh_sign_in() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let made = json!({ "name": "k", "scopes": ["nodes:read"] });
    let keys = "/api/v1/users/me/api-keys";
    app.clock.advance(TEN_MINUTES + Duration::from_secs(1));
    // A refreshed token is as old as its session's sign-in.
    let tokens = refresh(&app, &ada.refresh_token, "").await.ok();
    let refreshed = Person::of(&app, "ada@example.com", &tokens);
    refreshed.caller.get(keys).await.ok();
    asks_to_sign_in(refreshed.caller.post(keys, &made).await, "refreshed");
    // A token of this server's own that does not say when its owner signed in.
    let silent = AccessRequest {
        subject: ada.id.clone(),
        tenant: TenantId::parse(&ada.caller.tenant).unwrap(),
        session: Some(ada.session.clone()),
        auth_time: None,
        jkt: None,
        ..app.access_request("tenant", "user", &[])
    };
    asks_to_sign_in(app.user_with(&silent).post(keys, &made).await, "silent");
    // Nothing was made, and the refusal is on record.
    assert_eq!(refreshed.caller.get(keys).await.ok()["count"], 0);
    app.gate.record().await.unwrap();
    let events = refreshed.caller.events().await;
    assert!(events.iter().any(|event| event["payload"]["reason"] == "stale_sign_in"), "{events:?}");
    // Whoever signs in again goes on.
    let again = login(&app, "ada@example.com", wardgraph_testkit::PASSWORD).await.ok();
    Person::of(&app, "ada@example.com", &again).caller.post(keys, &made).await.created();
}

#[test]
fn the_documents_say_so() {
    let document: Value = serde_json::from_str(wardgraph_api::openapi()).unwrap();
    let page = wardgraph_api::endpoints_document();
    for row in fresh() {
        let why = row.spec.fresh.unwrap();
        let operation = &document["paths"][row.spec.path][row.spec.method.word().to_lowercase()];
        assert_eq!(operation["x-fresh"], why, "{}", row.spec.id);
        assert!(operation["responses"]["401"]["description"].as_str().unwrap().contains("insufficient_user_authentication"));
        assert!(page.contains(&format!("; fresh sign-in: {why} |")), "{}", row.spec.id);
    }
}
