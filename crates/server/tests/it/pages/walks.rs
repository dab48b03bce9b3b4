//! What a person does with pages, from the first to the last.

use serde_json::json;
use wardgraph_testkit::{App, AppOptions, PASSWORD, Window};

use crate::accounts::login;

const NEW: &str = "marble-tunnel-ferry-quilt";

#[tokio::test]
async fn a_person_registers_confirms_the_address_and_signs_in_and_out() {
    let app = App::with(AppOptions { verifies: true, ..AppOptions::default() }).await;
    let window = Window::open(&app);
    assert_eq!(window.get("/").await.leads(), "/account");
    assert_eq!(window.get("/account").await.leads(), "/sign-in?return_to=%2Faccount");
    window.get("/register").await;
    let fields = [("name", "Ada Lovelace"), ("email", "ada@example.com"), ("password", PASSWORD)];
    assert!(window.send("/register", &fields).await.text.contains("Check your mail"));

    // Not before the address is confirmed; and a mail program that opens the link does not confirm it.
    window.get("/sign-in").await;
    let sign_in = [("email", "ada@example.com"), ("password", PASSWORD)];
    let refused = window.send("/sign-in", &sign_in).await;
    assert_eq!(refused.status, 401);
    assert!(refused.text.contains("value=\"ada@example.com\"") && !refused.text.contains(PASSWORD), "{}", refused.text);
    app.mail_everything().await;
    let link = format!("/verify-email?token={}", app.mails.token("ada@example.com", "verify-email"));
    for _ in 0..2 {
        assert!(Window::open(&app).get(&link).await.text.contains("Confirm my address"));
    }
    login(&app, "ada@example.com", PASSWORD).await.problem(401);
    let token = app.mails.token("ada@example.com", "verify-email");
    window.get(&link).await;
    assert_eq!(
        window.send("/verify-email", &[("token", &token), ("password", PASSWORD)]).await.leads(),
        "/sign-in?done=confirmed"
    );
    let again = window.send("/verify-email", &[("token", &token), ("password", PASSWORD)]).await;
    assert_eq!(again.status, 422, "a link works once");

    assert!(window.get("/sign-in?done=confirmed").await.text.contains("is confirmed"));
    assert_eq!(window.send("/sign-in", &sign_in).await.leads(), "/account");
    let account = window.get("/account").await;
    assert!(account.text.contains("Ada Lovelace") && account.text.contains("ada@example.com"), "{}", account.text);
    assert_eq!(window.send("/sign-out", &[]).await.leads(), "/sign-in?done=signed_out");
    assert_eq!(window.get("/account").await.leads(), "/sign-in?return_to=%2Faccount");
}

#[tokio::test]
async fn a_forgotten_password_is_set_anew_and_every_session_ends() {
    let app = App::start().await;
    app.person("ada@example.com").await;
    let (window, other) = (Window::open(&app), Window::open(&app));
    other.sign_in("ada@example.com").await;
    window.get("/forgot-password").await;
    assert!(window.send("/forgot-password", &[("email", "ada@example.com")]).await.text.contains("Check your mail"));
    app.mail_everything().await;
    let token = app.mails.token("ada@example.com", "reset-password");
    window.get(&format!("/reset-password?token={token}")).await;
    let weak = window.send("/reset-password", &[("token", &token), ("new_password", "password1234")]).await;
    assert_eq!(weak.status, 422);
    // The form is shown again, with the token, and with the fault beside its field.
    assert!(weak.text.contains(&token) && weak.text.contains("href=\"#new_password\""), "{}", weak.text);
    let done = window.send("/reset-password", &[("token", &token), ("new_password", NEW)]).await;
    assert_eq!(done.leads(), "/sign-in?done=reset");
    assert!(other.get("/account").await.leads().starts_with("/sign-in"));
    window.get("/sign-in").await;
    assert_eq!(window.send("/sign-in", &[("email", "ada@example.com"), ("password", NEW)]).await.leads(), "/account");
}

#[tokio::test]
async fn a_person_changes_name_and_password() {
    let app = App::start().await;
    app.person("ada@example.com").await;
    let (window, other) = (Window::open(&app), Window::open(&app));
    window.sign_in("ada@example.com").await;
    other.sign_in("ada@example.com").await;
    window.get("/account").await;
    assert_eq!(window.send("/account", &[("name", "Ada King")]).await.leads(), "/account?done=renamed");
    assert!(window.get("/account?done=renamed").await.text.contains("Ada King"));
    window.get("/account/password").await;
    let wrong = window.send("/account/password", &[("current_password", "no"), ("new_password", NEW)]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text.contains("Current password is wrong."), "{}", wrong.text);
    let changed = window.send("/account/password", &[("current_password", PASSWORD), ("new_password", NEW)]).await;
    assert_eq!(changed.leads(), "/account/security?done=password_changed");
    assert!(window.get("/account/security?done=password_changed").await.text.contains("was changed"));
    assert!(other.get("/account").await.leads().starts_with("/sign-in"), "other sessions end");
}

#[tokio::test]
async fn sessions_are_seen_and_ended_and_end_by_themselves() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let (window, other) = (Window::open(&app), Window::open(&app));
    window.sign_in("ada@example.com").await;
    other.sign_in("ada@example.com").await;
    let shown = window.get("/account/sessions").await.text;
    assert_eq!((shown.matches("End session</button>").count(), shown.matches("This session").count()), (2, 1), "{shown}");
    let program = format!("/account/sessions/{}/end", ada.session);
    assert_eq!(window.send(&program, &[]).await.leads(), "/account/sessions?done=session_ended");
    assert_eq!(window.send(&program, &[]).await.status, 404);
    let shown = window.get("/account/sessions").await.text;
    let (_, rest) = shown.split_once("action=\"/account/sessions/").unwrap();
    let path = format!("/account/sessions/{}", rest.split('"').next().unwrap());
    assert_eq!(window.send(&path, &[]).await.leads(), "/account/sessions?done=session_ended");
    assert!(other.get("/account").await.leads().starts_with("/sign-in"));

    // A session that is used lives on until its end, one that is not ends after an hour.
    for _ in 0..23 {
        app.clock.advance(std::time::Duration::from_mins(30));
        assert_eq!(window.get("/account").await.status, 200);
    }
    app.clock.advance(std::time::Duration::from_mins(30));
    assert!(window.get("/account").await.leads().starts_with("/sign-in"), "twelve hours are over");
    window.sign_in("ada@example.com").await;
    app.clock.advance(std::time::Duration::from_hours(1));
    assert!(window.get("/account").await.leads().starts_with("/sign-in"), "an hour without a use");
}

#[tokio::test]
async fn a_key_is_made_shown_once_and_revoked() {
    let app = App::start().await;
    app.person("ada@example.com").await;
    let window = Window::open(&app);
    window.sign_in("ada@example.com").await;
    window.get("/account/api-keys/new").await;
    let none = window.send("/account/api-keys/new", &[("name", "import"), ("life", "90"), ("allowed_networks", "")]).await;
    assert_eq!(none.status, 422);
    assert!(none.text.contains("href=\"#scopes\"") && none.text.contains("value=\"import\""), "{}", none.text);
    let fields = [
        ("name", "import"),
        ("scopes", "nodes:read"),
        ("scopes", "search:read"),
        ("life", "90"),
        ("allowed_networks", "127.0.0.0/8\r\n"),
    ];
    let made = window.send("/account/api-keys/new", &fields).await;
    assert_eq!(made.status, 200);
    let key = made.text.split("value=\"").find(|rest| rest.starts_with("wg_")).unwrap().split('"').next().unwrap().to_owned();
    assert_eq!(app.bearer(&key).get("/nodes").await.status, 200);
    app.bearer(&key).post("/nodes", &serde_json::json!({ "classes": ["A"], "props": {} })).await.problem(403);
    let shown = window.get("/account/api-keys").await.text;
    assert!(!shown.contains(&key) && shown.contains("import"), "{shown}");
    let (_, rest) = shown.split_once("action=\"/account/api-keys/").unwrap();
    let path = format!("/account/api-keys/{}", rest.split('"').next().unwrap());
    assert_eq!(window.send(&path, &[]).await.leads(), "/account/api-keys?done=key_revoked");
    app.hear().await;
    app.bearer(&key).get("/nodes").await.problem(401);
    assert!(window.get("/account/api-keys").await.text.contains("Revoked"));
}

#[tokio::test]
async fn a_page_is_shown_although_the_use_of_its_session_cannot_be_written_down() {
    let app = App::start().await;
    app.person("ada@example.com").await;
    let window = Window::open(&app);
    window.sign_in("ada@example.com").await;
    let fails =
        "create function wardgraph.fails() returns trigger language plpgsql as $$ begin raise exception 'read only'; end $$;
                 create trigger fails before update on wardgraph.sessions for each row execute function wardgraph.fails()";
    app.database.behind_the_scenes().await.batch_execute(fails).await.unwrap();
    app.clock.advance(std::time::Duration::from_secs(61));
    assert_eq!(window.get("/account").await.status, 200);
    // It lives no longer for it.
    app.clock.advance(std::time::Duration::from_hours(1));
    assert!(window.get("/account").await.leads().starts_with("/sign-in"));
}

#[tokio::test]
async fn a_key_is_replaced_and_both_work_for_a_while() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let window = Window::open(&app);
    window.sign_in("ada@example.com").await;
    let old =
        ada.caller.post("/api/v1/users/me/api-keys", &json!({ "name": "import", "scopes": ["nodes:read"] })).await.created();
    let path = format!("/account/api-keys/{}/rotate", old["id"].as_str().unwrap());
    assert!(window.get("/account/api-keys").await.text.contains(&format!("href=\"{path}\"")));
    let form = window.get(&path).await.text;
    assert!(form.contains("import") && form.contains("action=\"rotate\""), "{form}");
    assert_eq!(window.send(&path, &[("overlap", "forever")]).await.status, 400);
    let made = window.send(&path, &[("overlap", "hour")]).await;
    assert_eq!(made.status, 200);
    let (_, rest) = made.text.split_once("value=\"wg_").unwrap();
    let new = format!("wg_{}", rest.split('"').next().unwrap());
    let works = async |key: &str| app.bearer(key).get("/nodes").await.status == 200;
    assert!(works(&new).await && works(old["key"].as_str().unwrap()).await);
    // It was replaced, and is not once more.
    assert_eq!(window.get(&path).await.status, 404);
    assert_eq!(window.send(&path, &[("overlap", "hour")]).await.status, 404);
    app.clock.advance(std::time::Duration::from_mins(61));
    assert!(works(&new).await && !works(old["key"].as_str().unwrap()).await);
    assert!(window.get(&path).await.leads().starts_with("/sign-in"));
}
