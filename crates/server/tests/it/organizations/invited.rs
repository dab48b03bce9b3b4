//! Invitations into an organization that was deleted.

use serde_json::{Value, json};
use wardgraph_testkit::{App, PASSWORD, Person};

use super::{act, delete, enters, number, organization};

#[tokio::test]
async fn nobody_follows_an_invitation_into_an_organization_that_was_deleted() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let (_, to_somebody_new) = app.invitation(&ada, "new@example.com", "developer").await;
    let (_, to_bob) = app.invitation(&ada, "bob@example.com", "developer").await;
    let new = json!({ "token": to_somebody_new, "name": "Joan Clarke", "password": PASSWORD });
    let accept = async || app.stranger().post("/api/v1/auth/accept-invitation", &new).await;
    let join = async |bob: &Person| bob.caller.post("/api/v1/users/me/organizations", &json!({ "token": to_bob })).await;
    delete(&ada.caller, &organization(&ada), &json!({ "confirm": ada.caller.tenant })).await.ok();
    app.hear().await;
    let bob = app.person("bob@example.com").await;
    accept().await.problem(422);
    join(&bob).await.problem(422);
    assert_eq!(number(&app, "select count(*) from wardgraph.users where email = 'new@example.com'").await, 0);
    assert_eq!(number(&app, "select count(*) from wardgraph.invitations where used_at is not null").await, 0);
    // Once it is restored they are what they were.
    let ada = enters(&app, "ada@example.com", &ada.caller.tenant).await;
    assert_eq!(act(&ada.caller, &format!("{}/restore", organization(&ada))).await.ok()["deleted_at"], Value::Null);
    app.hear().await;
    accept().await.created();
    join(&bob).await.created();
}
