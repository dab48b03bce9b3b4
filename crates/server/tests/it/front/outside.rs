//! Clients that others wrote: npm `openid-client` and `oauth4webapi`, PyPI `Authlib`. The browser part goes through the pages.

use std::process::{Command, Stdio};

use serde_json::{Value, json};
use wardgraph_kernel::{Clock, SystemClock};
use wardgraph_testkit::{App, OWN_ISS, Window};

use super::{
    devices::{decide, player},
    exchange::{front, sent, server},
    kit::{Site, agree, claims, somebody},
    receiver::{Manner, Receiver, teller},
};
use crate::{layers::repository, outside::talk::Talk};

/// Runs a client to its end, with a person at a window; tells who it says has signed in.
async fn run(command: Command, window: &Window) -> String {
    run_with(command, window, async |_| false).await
}

/// The same, where the person is told something else than where to go: whether that was it.
async fn run_with(command: Command, window: &Window, more: impl AsyncFn(&Value) -> bool) -> String {
    let done = Talk::begin(command).until_it_is_done(async |said| {
        if more(said).await {
            return Value::Null;
        }
        let path = said["browser"].as_str().unwrap().strip_prefix(OWN_ISS).unwrap().to_owned();
        let reply = agree(window, window.get(&path).await).await;
        if reply.status == 303 {
            return json!(reply.leads());
        }
        let (_, rest) = reply.text.split_once("content=\"0; url=").unwrap_or_else(|| panic!("{}", reply.text));
        json!(rest.split('"').next().unwrap().replace("&amp;", "&"))
    });
    done.await.as_str().unwrap().to_owned()
}

fn node(library: &str, app: &App, given: &Value) -> Command {
    let root = repository();
    let fetched =
        Command::new("python3").arg(root.join("scripts/fetch.py")).args(["--only", "clients"]).stdout(Stdio::null()).status();
    assert!(fetched.unwrap().success(), "the clients can be fetched");
    let mut command = Command::new("node");
    command.arg(root.join("scripts/clients/run.mjs")).arg(root.join(".cache/clients/node_modules"));
    command.args([library, OWN_ISS, &app.base, &given.to_string()]);
    command
}

fn python(app: &App, given: &Value) -> Command {
    let mut command = Command::new("python3");
    command.arg(repository().join("scripts/clients.py")).args([OWN_ISS, &app.base, &given.to_string()]);
    command
}

/// Clients of others have clocks of their own.
pub(crate) fn to_now(app: &App) {
    let (machine, ours) = (SystemClock::start().now(), app.clock.now());
    app.clock.advance(machine.duration_since(ours).try_into().unwrap());
}

fn given(site: &Site) -> Value {
    json!({
        "client_id": site.id,
        "client_secret": site.secret,
        "redirect_uri": site.redirect,
        "signed_out_uri": "https://app.example/out",
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openid_client_signs_somebody_in_and_out() {
    let app = App::start().await;
    to_now(&app);
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let me = claims(&json!(ada.caller.token.clone().unwrap()))["sub"].clone();
    for (method, par) in [("client_secret_basic", false), ("client_secret_basic", true), ("none", false)] {
        let site = Site::of(&app, &ada.caller.tenant, json!({ "auth_method": method, "require_par": par })).await;
        let mut given = given(&site);
        given["par"] = json!(par);
        let window = if method == "none" { &window } else { &signed_in(&app).await };
        assert_eq!(json!(run(node("openid-client", &app, &given), window).await), me, "{method} {par}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openid_client_registers_itself() {
    let app = App::start().await;
    to_now(&app);
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let me = claims(&json!(ada.caller.token.clone().unwrap()))["sub"].clone();
    let token = ada.caller.post("/api/v1/initial-tokens", &json!({})).await.created();
    for (method, token) in [("client_secret_post", None), ("none", None), ("client_secret_post", token["initial_token"].as_str())]
    {
        let said = json!({
            "client_name": "An application of npm's",
            "redirect_uris": ["https://app.example/cb"],
            "post_logout_redirect_uris": ["https://app.example/out"],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": method,
            "id_token_signed_response_alg": "ES256",
        });
        let given = json!({
            "register": said,
            "initial_token": token,
            "redirect_uri": "https://app.example/cb",
            "signed_out_uri": "https://app.example/out",
        });
        let window = if method == "none" { &window } else { &signed_in(&app).await };
        assert_eq!(json!(run(node("openid-client", &app, &given), window).await), me, "{method} {token:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oauth4webapi_signs_somebody_in() {
    let app = App::start().await;
    to_now(&app);
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let me = claims(&json!(ada.caller.token.clone().unwrap()))["sub"].clone();
    for method in ["client_secret_post", "none"] {
        let site = Site::of(&app, &ada.caller.tenant, json!({ "auth_method": method })).await;
        assert_eq!(json!(run(node("oauth4webapi", &app, &given(&site)), &window).await), me, "{method}");
    }
    // Everything that it is told, signed.
    let site = Site::of(&app, &ada.caller.tenant, json!({ "userinfo_alg": "ES256", "introspection_alg": "ES256" })).await;
    let mut signed = given(&site);
    signed["signed"] = json!("ES256");
    assert_eq!(json!(run(node("oauth4webapi", &app, &signed), &window).await), me);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn authlib_signs_somebody_in() {
    let app = App::start().await;
    to_now(&app);
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let me = claims(&json!(ada.caller.token.clone().unwrap()))["sub"].clone();
    for method in ["client_secret_basic", "none"] {
        let site = Site::of(&app, &ada.caller.tenant, json!({ "auth_method": method })).await;
        assert_eq!(json!(run(python(&app, &given(&site)), &window).await), me, "{method}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn authlib_believes_who_signed_out() {
    let app = App::start().await;
    to_now(&app);
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let receiver = Receiver::start(Manner::Takes).await;
    let told = json!({ "backchannel_logout_uri": receiver.address("/out") });
    let site = Site::of(&app, &ada.caller.tenant, told).await;
    let tokens = site.tokens(&app, &window, &[]).await;
    window.get("/account").await;
    window.send("/sign-out", &[]).await;
    assert_eq!(teller(&app, &[&receiver]).turn().await.unwrap(), 1);
    let mut given = given(&site);
    given["logout_token"] = json!(receiver.told()[0].1);
    assert_eq!(json!(run(python(&app, &given), &window).await), claims(&tokens["id_token"])["sid"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openid_client_signs_somebody_in_on_a_device() {
    let app = App::start().await;
    to_now(&app);
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = player(&app, &ada.caller.tenant, json!({})).await;
    let decides = async |said: &Value| {
        for (name, decision) in [("device", "allow"), ("refused", "deny")] {
            if said[name].is_string() {
                assert_eq!(decide(&window, &json!({ "user_code": said[name] }), decision).await.status, 200);
                return true;
            }
        }
        false
    };
    let command = node("device", &app, &json!({ "client_id": site.id }));
    assert_eq!(run_with(command, &window, decides).await, ada.id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openid_client_exchanges_what_it_was_sent() {
    let app = App::start().await;
    to_now(&app);
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let (client, api) = (
        front(&app, &ada.caller.tenant).await,
        server(&app, &ada.caller.tenant, json!({ "auth_method": "client_secret_basic" })).await,
    );
    let token = sent(&app, &client, &window).await;
    let given = json!({ "client_id": api.id, "client_secret": api.secret, "token": token });
    assert_eq!(run(node("exchange", &app, &given), &window).await, ada.id);
}

async fn signed_in(app: &App) -> Window {
    let window = Window::open(app);
    window.sign_in("ada@example.com").await;
    window
}
