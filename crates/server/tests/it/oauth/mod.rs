//! The OAuth server over HTTP: what clients can do, and what whoever attacks them cannot.

mod clients;
mod everywhere;
mod holding;
mod introspection;
mod limited;
mod metadata;
mod refreshing;
mod requests;
mod revocation;
mod service_accounts;
mod signed;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde_json::Value;
use wardgraph_oauth::grant::Terms;
use wardgraph_testkit::{App, Caller, Reply};

/// What a token says.
pub(crate) fn claims(token: &str) -> Value {
    serde_json::from_slice(&B64.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

/// The access token of an answer.
fn access(answer: &Value) -> &str {
    answer["access_token"].as_str().unwrap()
}

/// A grant of these scopes, good here.
fn terms(scopes: &[&str]) -> Terms {
    Terms { scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(), audience: None, jkt: None }
}

/// Whether a token is believed.
async fn is_believed(app: &App, token: &str) -> bool {
    whoami(&app.bearer(token)).await.status == 200
}

async fn whoami(caller: &Caller) -> Reply {
    caller.get("/api/v1/whoami").await
}

/// Type, actor and payload of the events of a log, by time; the requests' own left out.
async fn log(app: &App, tenant: &str) -> Vec<Value> {
    let sql = "select jsonb_build_object('type', type, 'outcome', outcome, 'actor', actor_id, 'actor_type', actor_type, 'subject', subject, 'payload', payload)
               from wardgraph.events where tenant_id = $1 and type not like 'request.%' order by event_id";
    let rows = app.database.behind_the_scenes().await.query(sql, &[&tenant]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// The events of this type.
fn of_type<'a>(log: &'a [Value], event_type: &str) -> Vec<&'a Value> {
    log.iter().filter(|event| event["type"] == event_type).collect()
}
