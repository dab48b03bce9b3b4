//! Invitations over HTTP: how people come to be members of organizations, and how they cannot.

mod attacks;
mod inviting;
mod pages;

use serde_json::{Value, json};
use wardgraph_testkit::{App, Caller, PASSWORD, Person, Reply};

const INVITATIONS: &str = "/api/v1/invitations";
const ACCEPT: &str = "/api/v1/auth/accept-invitation";
const ORGANIZATIONS: &str = "/api/v1/users/me/organizations";

async fn invite(caller: &Caller, email: &str, role: &str) -> Reply {
    caller.post(INVITATIONS, &json!({ "email": email, "role": role })).await
}

/// Invites somebody, and tells the token that was mailed to them.
async fn invited(app: &App, by: &Person, email: &str, role: &str) -> String {
    invite(&by.caller, email, role).await.created();
    app.mail_everything().await;
    app.mails.token(email, "invitation")
}

async fn accept(app: &App, token: &str) -> Reply {
    app.stranger().post(ACCEPT, &json!({ "token": token, "name": "Joan Clarke", "password": PASSWORD })).await
}

async fn join(person: &Person, token: &str) -> Reply {
    person.caller.post(ORGANIZATIONS, &json!({ "token": token })).await
}

/// The same person, signed in to an organization.
async fn at(app: &App, email: &str, organization: &str) -> Person {
    Person::at(app, email, organization).await
}

async fn set_role(app: &App, of: &Person, organization: &str, role: &str) {
    let sql = "update wardgraph.memberships set role = $3 where organization_id = $1 and user_id = $2::text::uuid";
    let client = app.database.behind_the_scenes().await;
    assert_eq!(client.execute(sql, &[&organization, &of.id, &role]).await.unwrap(), 1);
}

/// Who is in an organization, and as what.
async fn members(app: &App, organization: &str) -> Vec<String> {
    let sql = "select u.email || ' ' || m.role from wardgraph.memberships m join wardgraph.users u using (user_id) where m.organization_id = $1 order by 1";
    let client = app.database.behind_the_scenes().await;
    client.query(sql, &[&organization]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

fn statuses(page: &Value) -> Vec<String> {
    let status =
        |invitation: &Value| format!("{} {}", invitation["email"].as_str().unwrap(), invitation["status"].as_str().unwrap());
    page["invitations"].as_array().unwrap().iter().map(status).collect()
}
