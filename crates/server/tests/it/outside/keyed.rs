//! Clients that others wrote which prove who they are by a key, push their requests, and bind their tokens to another key, as far as they can. Whom
//! they send here goes through the pages with a real browser.

use std::process::Command;

use serde_json::{Value, json};
use wardgraph_testkit::{App, AppOptions, OWN_ISS, PASSWORD};

use crate::{
    front::{
        kit::{Site, claims},
        outside::to_now,
    },
    layers::repository,
    outside::talk::Talk,
    pages::browser::Journey,
};

const EMAIL: &str = "ada@example.com";

/// Runs a client to its end, which is registered as `change` says besides; tells who it says has signed in, and who did.
async fn run(change: Value, command: impl FnOnce(&App) -> Command) -> (Value, Value) {
    let app = App::with(AppOptions { pages_here: true, ..AppOptions::default() }).await;
    to_now(&app);
    let ada = app.person(EMAIL).await;
    let me = claims(&json!(ada.caller.token.clone().unwrap()))["sub"].clone();
    let mut journey = Some(next(Journey::begin("sent", &app.base.replace("127.0.0.1", "localhost"))).await.0);
    let done = Talk::begin(command(&app)).until_it_is_done(async |said| {
        if said["jwks"].is_object() {
            let mut registered = json!({
                "auth_method": "private_key_jwt",
                "jwks": said["jwks"].to_string(),
                "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
                "role": "developer",
            });
            registered.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            let site = Site::of(&app, &ada.caller.tenant, registered).await;
            return json!({ "client_id": site.id, "redirect_uri": site.redirect });
        }
        let to = said["browser"].as_str().unwrap().strip_prefix(OWN_ISS).unwrap();
        let mut here = journey.take().unwrap();
        here.answer(&json!({ "to": to, "email": EMAIL, "password": PASSWORD }));
        let (back, asked) = next(here).await;
        journey = Some(back);
        // What a client signs is judged by the time of its signing, however long a browser took.
        to_now(&app);
        asked["came"].clone()
    });
    (done.await, me)
}

async fn next(journey: Journey) -> (Journey, Value) {
    let (journey, asked) = tokio::task::spawn_blocking(|| journey.asks()).await.unwrap();
    (journey, asked.expect("the journey ended before its end: see above"))
}

fn node(library: &'static str) -> impl FnOnce(&App) -> Command {
    move |app| {
        let root = repository();
        let mut command = Command::new("node");
        command.arg(root.join("scripts/clients/keyed.mjs")).arg(super::examples::libraries());
        command.args([library, OWN_ISS, &app.base]);
        command
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openid_client_with_a_key_pushes_its_requests_and_binds_its_tokens() {
    let (done, me) = run(json!({ "dpop_bound": true, "require_par": true }), node("openid-client")).await;
    assert_eq!(done, me);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oauth4webapi_with_a_key_pushes_its_requests_and_binds_its_tokens() {
    let (done, me) = run(json!({ "dpop_bound": true, "require_par": true }), node("oauth4webapi")).await;
    assert_eq!(done, me);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn authlib_with_a_key_signs_somebody_in_and_acts_on_its_own() {
    let python = |app: &App| {
        let mut command = Command::new("python3");
        command.arg(repository().join("scripts/keyed_client.py")).args([OWN_ISS, &app.base]);
        command
    };
    let (done, me) = run(json!({}), python).await;
    assert_eq!(done, me);
}
