//! Sessions, seen and ended by their owner.

use serde_json::json;
use wardgraph_testkit::{App, PASSWORD, Person};

use super::{is_believed, refresh};

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one_and_all_at_once() {
    let app = App::start().await;
    let here = app.person("ada@example.com").await;
    app.clock.advance(std::time::Duration::from_secs(1));
    let (there, elsewhere) = (Person::again(&app, "ada@example.com").await, Person::again(&app, "ada@example.com").await);
    let listed = here.caller.get("/api/v1/users/me/sessions").await.ok();
    assert_eq!(listed["count"], 3);
    let sessions = listed["sessions"].as_array().unwrap();
    let current: Vec<_> = sessions.iter().filter(|session| session["current"] == true).collect();
    assert_eq!((current.len(), &current[0]["id"], &current[0]["ip"]), (1, &json!(here.session), &json!("127.0.0.1")));
    assert!(sessions.iter().all(|session| session["organization_id"] == here.caller.tenant));

    // One.
    let path = format!("/api/v1/users/me/sessions/{}", there.session);
    assert_eq!(here.caller.delete(&path).await.status, 204);
    here.caller.delete(&path).await.problem(404);
    app.hear().await;
    assert!(!is_believed(&there.caller).await && is_believed(&here.caller).await);
    refresh(&app, &there.refresh_token, "").await.problem(401);
    assert_eq!(here.caller.get("/api/v1/users/me/sessions").await.ok()["count"], 2);

    // The own.
    assert_eq!(elsewhere.caller.post("/api/v1/auth/logout", &json!({})).await.status, 400, "no body is taken");
    let logout = wardgraph_testkit::Reply::of(elsewhere.caller.request("POST", "/api/v1/auth/logout")).await;
    assert_eq!(logout.status, 204, "{}", logout.text);
    app.hear().await;
    assert!(!is_believed(&elsewhere.caller).await);
    refresh(&app, &elsewhere.refresh_token, "").await.problem(401);

    // All.
    assert_eq!(here.caller.delete("/api/v1/users/me/sessions").await.status, 204);
    app.hear().await;
    assert!(!is_believed(&here.caller).await);
    refresh(&app, &here.refresh_token, "").await.problem(401);
    let again = Person::again(&app, "ada@example.com").await;
    assert!(is_believed(&again.caller).await, "who signs in afterwards is of the new generation");
}

#[tokio::test]
async fn a_session_ends_by_itself() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let mut token = ada.refresh_token;
    // Used every ten days: not idle, and past its end after ninety.
    for day in (10..90).step_by(10) {
        app.clock.advance(std::time::Duration::from_hours(10 * 24));
        let tokens = refresh(&app, &token, "app").await;
        assert_eq!(tokens.status, 200, "after {day} days: {}", tokens.text);
        token = tokens.body["refresh_token"].as_str().unwrap().to_owned();
    }
    app.clock.advance(std::time::Duration::from_hours(10 * 24));
    refresh(&app, &token, "app").await.problem(401);
    let idle = Person::again(&app, "ada@example.com").await;
    app.clock.advance(std::time::Duration::from_hours(14 * 24));
    refresh(&app, &idle.refresh_token, "app").await.problem(401);
}

#[tokio::test]
async fn an_account_has_a_hundred_sessions_at_most() {
    let app = App::start().await;
    let first = app.person("ada@example.com").await;
    app.clock.advance(std::time::Duration::from_secs(1));
    let mut last = None;
    for _ in 0..100 {
        last = Some(Person::again(&app, "ada@example.com").await);
    }
    let last = last.unwrap();
    assert_eq!(last.caller.get("/api/v1/users/me/sessions").await.ok()["count"], 100);
    app.hear().await;
    assert!(!is_believed(&first.caller).await, "the one that was not used for longest made room");
    assert!(is_believed(&last.caller).await);
}

#[tokio::test]
async fn a_program_that_signs_in_again_shows_the_session_that_ends_by_it() {
    let app = App::start().await;
    let (ada, eve) = (app.person("ada@example.com").await, app.person("eve@example.com").await);
    let sign_in = async |email: &str, held: &str| {
        let body = json!({ "email": email, "password": PASSWORD, "refresh_token": held });
        app.stranger().post("/api/v1/auth/login", &body).await
    };
    let again = Person::of(&app, "ada@example.com", &sign_in("ada@example.com", &ada.refresh_token).await.ok());
    assert_ne!(again.session, ada.session);
    app.hear().await;
    assert!(!is_believed(&ada.caller).await && is_believed(&again.caller).await);
    refresh(&app, &ada.refresh_token, "").await.problem(401);
    // Nobody ends anybody else's, nor by a sign-in that fails; what is no token is passed over, since somebody signs in.
    Person::of(&app, "eve@example.com", &sign_in("eve@example.com", &again.refresh_token).await.ok());
    let wrong = json!({ "email": "ada@example.com", "password": "another horse battery", "refresh_token": again.refresh_token });
    app.stranger().post("/api/v1/auth/login", &wrong).await.problem(401);
    let cut = &again.refresh_token[..again.refresh_token.len() - 1];
    for nothing in [ada.refresh_token.as_str(), cut, "x"] {
        sign_in("ada@example.com", nothing).await.ok();
    }
    app.hear().await;
    assert!(is_believed(&again.caller).await && is_believed(&eve.caller).await);
    // The same where a second factor ends the sign-in.
    let authenticator = again.adds_an_app(&app).await;
    let asked = sign_in("ada@example.com", &again.refresh_token).await.ok();
    app.hear().await;
    assert!(is_believed(&again.caller).await, "half a sign-in ends nothing");
    let shown = json!({ "mfa_token": asked["mfa_token"], "recovery_code": authenticator.recovery_code(0), "refresh_token": again.refresh_token });
    let last = Person::of(&app, "ada@example.com", &app.stranger().post("/api/v1/auth/mfa/verify", &shown).await.ok());
    app.hear().await;
    assert!(!is_believed(&again.caller).await && is_believed(&last.caller).await);
}
