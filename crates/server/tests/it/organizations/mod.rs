//! Organizations: who is in them, what is set of them, how they end; and whoever would like to.

mod command;
mod deleted;
mod elsewhere;
mod ends;
mod erasing;
mod invited;
mod members;
mod networks;
mod owners;
mod settings;
mod switching;

use std::time::Duration;

use serde_json::Value;
use wardgraph_testkit::{App, Caller, Person, Reply};

/// Where an organization is seen to.
fn organization(person: &Person) -> String {
    format!("/api/v1/organizations/{}", person.caller.tenant)
}

/// Where a member's place is seen to.
fn place(of: &Person, member: &Person) -> String {
    format!("{}/members/{}", organization(of), member.id)
}

/// Somebody new who is a member of the organization of `of`, and signed in to it.
async fn joins(app: &App, of: &Person, email: &str, role: &str) -> Person {
    app.clock.advance(Duration::from_secs(1));
    let person = app.person(email).await;
    of.takes_in(app, &person, role).await;
    enters(app, email, &of.caller.tenant).await
}

/// Signs in to an organization.
async fn enters(app: &App, email: &str, organization: &str) -> Person {
    Person::at(app, email, organization).await
}

/// Posts nothing.
async fn act(caller: &Caller, path: &str) -> Reply {
    Reply::of(caller.request("POST", path)).await
}

/// Deletes with a body.
async fn delete(caller: &Caller, path: &str, body: &Value) -> Reply {
    Reply::of(caller.request("DELETE", path).json(body)).await
}

/// The one value of a query behind the scenes.
async fn number(app: &App, sql: &str) -> i64 {
    app.database.behind_the_scenes().await.query_one(sql, &[]).await.unwrap().get(0)
}

/// The payload of the newest event of a type in an organization's log.
async fn event(app: &App, tenant: &str, kind: &str) -> Value {
    let sql = "select payload from wardgraph.events where tenant_id = $1 and type = $2 and outcome = 'success' order by xact desc limit 1";
    let row = app.database.behind_the_scenes().await.query_opt(sql, &[&tenant, &kind]).await.unwrap();
    row.unwrap_or_else(|| panic!("no {kind} in the log of {tenant}")).get(0)
}
