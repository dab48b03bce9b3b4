//! Tokens say what grants allow besides roles: to nobody more in effect than they hold.

use serde_json::json;
use wardgraph_testkit::{App, Person};

async fn grants(app: &App, person: &Person, allows: &[&str], denies: &[&str]) {
    let client = app.database.behind_the_scenes().await;
    let tenant = &person.caller.tenant;
    let role = "insert into wardgraph.roles (tenant_id, name, description, allows, denies, inherits, created_at, updated_at) values ($1, $2, '', $3, $4, $5, now(), now())";
    client.execute(role, &[tenant, &"above", &allows, &denies, &Vec::<String>::new()]).await.unwrap();
    client.execute(role, &[tenant, &"given", &Vec::<String>::new(), &Vec::<String>::new(), &vec!["above"]]).await.unwrap();
    let nothing = "update wardgraph.memberships set role = null where organization_id = $1 and user_id = $2::text::uuid";
    client.execute(nothing, &[tenant, &person.id]).await.unwrap();
    let grant = "insert into wardgraph.grants (tenant_id, grant_id, user_id, role, granted_by, created_at) values ($1, gen_random_uuid(), $2::text::uuid, 'given', 'a test', now())";
    client.execute(grant, &[tenant, &person.id]).await.unwrap();
    app.hear().await;
}

#[tokio::test]
async fn a_token_says_what_is_granted_and_does_what_is_held() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    grants(&app, &ada, &["nodes:*", "edges:read:a-*"], &["nodes:write"]).await;
    let ada = Person::again(&app, "ada@example.com").await;
    let payload = ada.caller.token.as_ref().unwrap().split('.').nth(1).unwrap();
    let claims: serde_json::Value = {
        use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
    };
    assert_eq!(claims["scopes"], json!(["edges:read", "nodes:read", "nodes:write"]), "the most that it could be");
    assert_eq!(ada.caller.get("/api/v1/whoami").await.ok()["permissions"], json!(["nodes:read"]));
    ada.caller.get("/nodes").await.ok();
    ada.caller.create_node("no").await.problem(403);
    ada.caller.get("/edges").await.problem(403);
}

#[tokio::test]
async fn a_service_account_does_what_it_is_granted_besides_its_role() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let client = app.client_of(&ada, json!({ "scopes": ["nodes:read", "events:read"], "role": "analyst" })).await;
    assert_eq!(client.token(&[]).await.ok()["scope"], "nodes:read");
    let sql = "insert into wardgraph.grants (tenant_id, grant_id, client_id, role, granted_by, created_at) values ($1, gen_random_uuid(), $2, 'admin', 'a test', now())";
    let database = app.database.behind_the_scenes().await;
    database.execute(sql, &[&ada.caller.tenant, &client.id]).await.unwrap();
    let announced = "with raised as (update wardgraph.organizations set grants_version = grants_version + 1 where organization_id = $1 returning grants_version)
        insert into wardgraph.changes (tenant_id, kind, subject, number, until) select $1, 'grants_changed', $1 || '/client/' || $2::text, grants_version, now() + interval '2 hours' from raised";
    database.execute(announced, &[&ada.caller.tenant, &client.id]).await.unwrap();
    app.hear().await;
    assert_eq!(client.token(&[]).await.ok()["scope"], "nodes:read events:read");
    let service = client.caller(&app).await;
    service.get("/events").await.ok();
    service.create_node("beyond its scopes").await.problem(403);
}
