//! Accounts over HTTP: what people and their keys can do, and what whoever attacks them cannot.

mod breached;
mod command;
mod disowned;
mod ends;
mod flights;
mod fresh;
mod guarded;
mod guesses;
mod invitations;
mod keys;
mod left_in_a_dump;
mod mail;
mod mfa;
mod notices;
mod passkeys;
mod passwords;
mod people;
pub(crate) mod rights;
mod secrets;
mod sessions;
mod setup;
mod signing_in;
mod sweeps;
mod theft;
mod timing;
mod unproven;

use serde_json::{Value, json};
use wardgraph_testkit::{App, Caller, PASSWORD, Reply};

/// Signs in from a network, as a program.
async fn login_from(app: &App, email: &str, password: &str, network: &str, agent: &str) -> Reply {
    let request = app.stranger().request("POST", "/api/v1/auth/login").header("x-forwarded-for", network);
    Reply::of(request.header("user-agent", agent).json(&json!({ "email": email, "password": password }))).await
}

pub(crate) async fn login(app: &App, email: &str, password: &str) -> Reply {
    app.stranger().post("/api/v1/auth/login", &json!({ "email": email, "password": password })).await
}

async fn register(app: &App, email: &str) -> Reply {
    let new = json!({ "email": email, "password": PASSWORD, "name": "Grace Hopper" });
    app.stranger().post("/api/v1/auth/register", &new).await
}

/// Refreshes as a program.
async fn refresh(app: &App, token: &str, agent: &str) -> Reply {
    let request = app.stranger().request("POST", "/api/v1/auth/refresh").header("user-agent", agent);
    Reply::of(request.json(&json!({ "refresh_token": token }))).await
}

/// Whether a caller is believed.
async fn is_believed(caller: &Caller) -> bool {
    match caller.get("/api/v1/whoami").await.status.as_u16() {
        200 => true,
        401 => false,
        other => panic!("{other}"),
    }
}

/// Type and outcome of the events of a log, by name; the requests' own left out.
async fn log(app: &App, tenant: &str) -> Vec<String> {
    let sql = "select concat_ws(' ', type, outcome) from wardgraph.events
               where tenant_id = $1 and type not like 'request.%' order by 1";
    let rows = app.database.behind_the_scenes().await.query(sql, &[&tenant]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// An answer without what is different each time.
fn anonymous(reply: &Reply) -> (u16, Value, Vec<String>) {
    let mut body = reply.body.clone();
    if let Some(body) = body.as_object_mut() {
        body.remove("request_id");
    }
    let changing = ["x-request-id", "date"];
    let headers = reply.headers.iter().filter(|(name, _)| !changing.contains(&name.as_str()));
    (reply.status.as_u16(), body, headers.map(|(name, value)| format!("{name}: {value:?}")).collect())
}
