//! Clients that nobody registered: those that register themselves, those that are known by their documents, and the command that sees to all of them.

mod command;
mod documents;
mod limits;
mod registering;
mod tokens;

use serde_json::{Value, json};
use wardgraph_http::Joining;
use wardgraph_testkit::{App, AppOptions, Caller, ClientOptions, Reply};

/// A server on which programs join in this way.
async fn joining(joining: Joining) -> App {
    let mut newcomers = ClientOptions::default();
    newcomers.rules.joining = joining;
    App::with(AppOptions { newcomers, ..AppOptions::default() }).await
}

/// An application for a browser, but for what `change` says.
fn application(change: Value) -> Value {
    let mut said = json!({
        "client_name": "Graph Atlas",
        "redirect_uris": ["https://app.example/cb"],
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
        "scope": "openid email nodes:read",
    });
    said.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    said
}

/// Sends a registration, with a bearer token if there is one.
async fn send(app: &App, method: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> Reply {
    let stranger: Caller = app.stranger();
    let mut request = stranger.request(method, path);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    if let Some(body) = body {
        request = request.json(body);
    }
    Reply::of(request).await
}

async fn register(app: &App, token: Option<&str>, body: &Value) -> Reply {
    send(app, "POST", "/oauth2/register", token, Some(body)).await
}

fn text<'a>(of: &'a Value, name: &str) -> &'a str {
    of[name].as_str().unwrap_or_else(|| panic!("{name} in {of}"))
}

/// Where a client sees to itself, on the server under test.
fn place(made: &Value) -> String {
    format!("/oauth2/register/{}", text(made, "client_id"))
}

async fn count(app: &App, sql: &str) -> i64 {
    app.database.behind_the_scenes().await.query_one(sql, &[]).await.unwrap().get(0)
}
