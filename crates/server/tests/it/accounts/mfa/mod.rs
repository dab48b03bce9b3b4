//! Second factors over HTTP: what people do with them, and what whoever has the password tries.

mod attacks;
mod enrolling;
mod everybody;
mod guessing;
mod organization;
mod recovery;
mod signing_in;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use wardgraph_kernel::Clock;
use wardgraph_testkit::{App, AppOptions, Authenticator, Person, Reply};

/// Somebody with an authenticator app.
async fn with_an_app(app: &App, email: &str) -> (Person, Authenticator) {
    let person = app.person(email).await;
    let authenticator = person.adds_an_app(app).await;
    (person, authenticator)
}

/// The token of a sign-in whose password was right.
async fn token(app: &App, email: &str) -> String {
    Person::signing_in(app, email).await["mfa_token"].as_str().unwrap().to_owned()
}

async fn show(app: &App, token: &str, code: &str) -> Reply {
    app.stranger().post("/api/v1/auth/mfa/verify", &json!({ "mfa_token": token, "code": code })).await
}

async fn show_recovery(app: &App, token: &str, code: &str) -> Reply {
    app.stranger().post("/api/v1/auth/mfa/verify", &json!({ "mfa_token": token, "recovery_code": code })).await
}

/// The recovery codes in an answer.
fn codes(answer: &Value) -> Vec<String> {
    answer["recovery_codes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned()).collect()
}

/// The claims of an access token.
fn claims(tokens: &Value) -> Value {
    let payload = tokens["access_token"].as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// Everything of accounts that a refused second factor leaves alone, on a new connection: sessions, factors, codes.
async fn untouched(app: &App) -> Vec<String> {
    let client = app.database.behind_the_scenes().await;
    let mut all = Vec::new();
    for table in ["users", "passwords", "sessions", "factors", "recovery_codes", "api_keys", "organizations"] {
        let sql = format!("select '{table} ' || t::text from wardgraph.{table} t order by 1");
        all.extend(client.query(&sql, &[]).await.unwrap().iter().map(|row| row.get::<_, String>(0)));
    }
    all
}

/// The one number that a question brings, on a new connection.
async fn number(app: &App, sql: &str) -> i64 {
    app.database.behind_the_scenes().await.query_one(sql, &[]).await.unwrap().get(0)
}

/// A code that is none of the authenticator's around now.
fn wrong_code(app: &App, authenticator: &Authenticator) -> String {
    let near: Vec<_> = (-2..=2).map(|later| authenticator.code(app, later)).collect();
    (0..10).map(|n| format!("{n:06}")).find(|code| !near.contains(code)).unwrap()
}

/// What the clock shows, in seconds.
fn second(app: &App) -> i64 {
    app.clock.now().as_second()
}

/// Another server over the same database. Its clock is a moment ahead, so that what both draw by chance is not the same.
async fn another_server(app: &App) -> App {
    let other = App::over(app.database.clone(), AppOptions::default()).await;
    other.clock.advance(std::time::Duration::from_secs(1));
    other
}
