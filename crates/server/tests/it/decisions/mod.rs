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
use wardgraph_testkit::{App, Caller, PASSWORD, Person};

const EXPLAIN: &str = "/api/v1/authz/explain";
const EVALUATION: &str = "/access/v1/evaluation";
const EVALUATIONS: &str = "/access/v1/evaluations";
const REVIEWS: &str = "/api/v1/reviews";

/// An organization with somebody of four ranks.
struct Cast {
    app: App,
    owner: Person,
    admin: Person,
    developer: Person,
    analyst: Person,
}

impl Cast {
    async fn begin() -> Self {
        let app = App::start().await;
        let owner = app.person("ada@example.com").await;
        let admin = joined(&app, &owner, "bob@example.com", "admin").await;
        let developer = joined(&app, &owner, "dev@example.com", "developer").await;
        let analyst = joined(&app, &owner, "ana@example.com", "analyst").await;
        Self { app, owner, admin, developer, analyst }
    }
}

/// Somebody who is a member of the organization of `owner`, and works there.
async fn joined(app: &App, owner: &Person, email: &str, role: &str) -> Person {
    let member = app.person(email).await;
    owner.takes_in(app, &member, role).await;
    at(app, email, &owner.caller.tenant).await
}

/// Somebody signs in to an organization.
async fn at(app: &App, email: &str, organization: &str) -> Person {
    let credentials = json!({ "email": email, "password": PASSWORD, "organization": organization });
    Person::of(app, email, &app.stranger().post("/api/v1/auth/login", &credentials).await.ok())
}

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
