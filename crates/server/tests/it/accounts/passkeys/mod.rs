//! Passkeys over HTTP, with authenticators in software: what they open, and what they do not.

mod adding;
mod alone;
mod attacks;
mod mangled;
mod second;

use serde_json::{Value, json};
use wardgraph_testkit::{App, OWN_ISS, Person, Reply, SecurityKey};

/// Begins to add a passkey, and tells what the browser is asked.
async fn begin_adding(person: &Person, name: &str) -> Value {
    let begun = person.caller.post("/api/v1/auth/mfa/enable", &json!({ "method": "webauthn", "name": name })).await;
    assert!(begun.status.is_success(), "{}", begun.text);
    begun.body
}

/// What comes of what a browser sends.
async fn verify(app: &App, token: &Value, credential: &Value) -> Reply {
    app.stranger().post("/api/v1/auth/mfa/verify", &json!({ "mfa_token": token, "credential": credential })).await
}

/// Adds a passkey of this authenticator.
pub(super) async fn add(app: &App, person: &Person, authenticator: &mut SecurityKey, name: &str) -> Value {
    let begun = begin_adding(person, name).await;
    let made = authenticator.create(&begun["creation_options"]);
    verify(app, &begun["mfa_token"], &made).await.ok()
}

/// An authenticator of this server's pages.
pub(super) fn authenticator() -> SecurityKey {
    SecurityKey::new(OWN_ISS)
}

/// Somebody with a passkey.
async fn with_passkey(app: &App, email: &str) -> (Person, SecurityKey) {
    let (person, mut authenticator) = (app.person(email).await, authenticator());
    add(app, &person, &mut authenticator, "first").await;
    (person, authenticator)
}

/// Begins to sign in with a passkey: alone, or as the second factor of a sign-in.
async fn begin(app: &App, token: Option<&Value>) -> Value {
    let body = token.map_or(json!({}), |token| json!({ "mfa_token": token }));
    app.stranger().post("/api/v1/auth/passkeys/begin", &body).await.ok()
}

/// Signs in with a passkey alone.
async fn sign_in_alone(app: &App, authenticator: &mut SecurityKey) -> Reply {
    let begun = begin(app, None).await;
    let shown = authenticator.get(&begun["request_options"]);
    verify(app, &begun["mfa_token"], &shown).await
}

/// Gives the password, which is not enough, and tells the sign-in's token.
async fn give_password(app: &App, email: &str) -> Value {
    let half = super::login(app, email, wardgraph_testkit::PASSWORD).await.ok();
    assert_eq!(half["mfa_required"], true, "{half}");
    half["mfa_token"].clone()
}

/// The claims of an access token.
fn claims(tokens: &Value) -> Value {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let payload = tokens["access_token"].as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// The payload of the newest event of this type, in whatever log.
async fn payload(app: &App, event: &str) -> Value {
    let sql = "select payload from wardgraph.events where type = $1 order by xact desc limit 1";
    let rows = app.database.behind_the_scenes().await.query(sql, &[&event]).await.unwrap();
    rows.first().map_or(Value::Null, |row| row.get(0))
}

/// How many rows a table has.
async fn count(app: &App, table: &str) -> i64 {
    let sql = format!("select count(*) from wardgraph.{table}");
    app.database.behind_the_scenes().await.query_one(&sql, &[]).await.unwrap().get(0)
}
