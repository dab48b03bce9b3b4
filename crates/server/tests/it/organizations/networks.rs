//! From where an organization lets people call.

use serde_json::{Value, json};
use wardgraph_gate::Proxies;
use wardgraph_testkit::{App, AppOptions, Caller, Reply};

use super::{joins, organization};

const ME: &str = "/api/v1/users/me";
const INSIDE: &str = "192.0.2.7";
const OUTSIDE: &str = "198.51.100.7";

/// A server that is told where its callers are.
async fn app() -> App {
    App::with(AppOptions { proxies: Proxies { count: 1, ..Proxies::default() }, ..AppOptions::default() }).await
}

async fn read(caller: &Caller, address: &str, path: &str) -> Reply {
    Reply::of(caller.request("GET", path).header("x-forwarded-for", address)).await
}

async fn send(caller: &Caller, address: &str, (method, path): (&str, &str), body: &Value) -> Reply {
    Reply::of(caller.request(method, path).header("x-forwarded-for", address).json(body)).await
}

fn networks() -> Value {
    json!({ "allowed_networks": ["192.0.2.0/24"] })
}

#[tokio::test]
async fn an_admin_shuts_no_owner_out() {
    let app = app().await;
    let ada = app.person("ada@example.com").await;
    let admin = joins(&app, &ada, "admin@example.com", "admin").await;
    let key = ada.caller.post("/api/v1/users/me/api-keys", &json!({ "name": "k", "scopes": ["nodes:read"] })).await.created();
    let path = organization(&ada);
    send(&admin.caller, INSIDE, ("PATCH", &path), &networks()).await.ok();
    app.hear().await;
    for person in [&ada, &admin] {
        read(&person.caller, INSIDE, "/nodes").await.ok();
        read(&person.caller, OUTSIDE, "/nodes").await.problem(403);
        // Wherever they are, their account is theirs.
        read(&person.caller, OUTSIDE, ME).await.ok();
    }
    // A key is nobody's account, and an admin is no owner.
    read(&app.bearer(key["key"].as_str().unwrap()), OUTSIDE, "/api/v1/whoami").await.problem(403);
    let open = json!({ "allowed_networks": [] });
    send(&admin.caller, OUTSIDE, ("PATCH", &path), &open).await.problem(403);
    send(&ada.caller, OUTSIDE, ("PATCH", &path), &networks()).await.problem(409);
    assert_eq!(send(&ada.caller, OUTSIDE, ("PATCH", &path), &open).await.ok()["allowed_networks"], json!([]));
    app.hear().await;
    read(&admin.caller, OUTSIDE, "/nodes").await.ok();
}
