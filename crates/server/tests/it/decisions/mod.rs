//! Decisions for others, and why they are what they are; reviews of who may do what; and administrators in an organization's content.

mod authzen;
mod costs;
mod elevation;
mod elevation_attacks;
mod explain;
mod reviewed;
mod reviews;
mod searches;

use serde_json::{Value, json};
use wardgraph_testkit::{App, Caller, Person};

use crate::cast::{Cast, at, joined};

const EXPLAIN: &str = "/api/v1/authz/explain";
const EVALUATION: &str = "/access/v1/evaluation";
const EVALUATIONS: &str = "/access/v1/evaluations";
const REVIEWS: &str = "/api/v1/reviews";

/// Somebody with a role on the whole server, who signed in since.
async fn on_the_server(app: &App, email: &str, role: &str) -> Person {
    let person = app.person(email).await;
    let sql = "update wardgraph.users set global_role = $2 where user_id = $1::text::uuid";
    app.database.behind_the_scenes().await.execute(sql, &[&person.id, &role]).await.unwrap();
    Person::again(app, email).await
}

/// A question of AuthZEN's.
fn question(subject: Value, action: &str, kind: &str, id: Option<&str>) -> Value {
    let mut resource = json!({ "type": kind });
    if let Some(id) = id {
        resource["id"] = json!(id);
    }
    json!({ "subject": subject, "action": { "name": action }, "resource": resource })
}

/// A member, as AuthZEN names them.
fn user(person: &Person) -> Value {
    json!({ "type": "user", "id": person.id })
}

/// The answer to a question.
async fn decision(by: &Caller, question: &Value) -> Value {
    by.post(EVALUATION, question).await.ok()
}

/// What was done of a type, as a log has it; in no order, as the clock stands still.
async fn events(app: &App, log: &str, word: &str) -> Vec<Value> {
    let sql =
        "select jsonb_build_object('subject', e.subject, 'actor', e.actor_id, 'actor_type', e.actor_type, 'payload', e.payload)
               from wardgraph.events e where e.tenant_id = $1 and e.type = $2 and e.outcome = 'success'";
    let rows = app.database.behind_the_scenes().await.query(sql, &[&log, &word]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}
