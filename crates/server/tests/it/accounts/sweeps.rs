//! What is past is forgotten: keys that ended long ago, accounts that nobody came for; and nothing that somebody may come for.

use std::time::Duration;

use serde_json::{Value, json};
use wardgraph_testkit::{App, AppOptions, PASSWORD, Person};

use super::{login, register};

const DAY: Duration = Duration::from_hours(24);

async fn verifying() -> App {
    App::with(AppOptions { verifies: true, ..AppOptions::default() }).await
}

async fn strings(app: &App, sql: &str) -> Vec<String> {
    app.database.behind_the_scenes().await.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

const NAMES: &str = "select name from wardgraph.api_keys order by 1";
const USERS: &str = "select email from wardgraph.users order by 1";

#[tokio::test]
async fn keys_are_forgotten_long_after_their_end() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let make = async |name: &str, expires: Option<u32>| {
        let wanted = json!({ "name": name, "scopes": ["nodes:read"], "expires_in": expires });
        ada.caller.post("/api/v1/users/me/api-keys", &wanted).await.created()["id"].as_str().unwrap().to_owned()
    };
    make("stays", None).await;
    make("expires", Some(3_600)).await;
    let revoked = make("revoked", None).await;
    assert_eq!(ada.caller.delete(&format!("/api/v1/users/me/api-keys/{revoked}")).await.status, 204);
    app.clock.advance(90 * DAY);
    app.sweep_accounts().await;
    assert_eq!(strings(&app, NAMES).await, ["expires", "revoked", "stays"]);
    app.clock.advance(Duration::from_secs(1));
    app.sweep_accounts().await;
    assert_eq!(strings(&app, NAMES).await, ["expires", "stays"]);
    app.clock.advance(DAY);
    app.sweep_accounts().await;
    assert_eq!(strings(&app, NAMES).await, ["stays"]);
}

#[tokio::test]
async fn more_keys_than_one_statement_forgets_go_too() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let sql = format!(
        "insert into wardgraph.api_keys (key_id, user_id, organization_id, name, verifier, scopes, networks, created_at, revoked_at)
         select gen_random_uuid(), '{}', '{}', 'old', '', '{{}}', '{{}}', to_timestamp(0), to_timestamp(0) from generate_series(1, 2100)",
        ada.id, ada.caller.tenant
    );
    app.database.behind_the_scenes().await.batch_execute(&sql).await.unwrap();
    app.sweep_accounts().await;
    assert_eq!(strings(&app, "select name from wardgraph.api_keys").await, [""; 0]);
}

#[tokio::test]
async fn an_account_that_nobody_came_for_goes_with_its_organization_and_is_on_record() {
    let app = verifying().await;
    register(&app, "nobody@example.com").await;
    let sql = "select owner_id::text || ' ' || organization_id from wardgraph.organizations";
    let (user, organization) = strings(&app, sql).await[0].split_once(' ').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    register(&app, "came@example.com").await;
    app.mail_everything().await;
    let verification = json!({ "token": app.mails.token("came@example.com", "verify-email"), "password": PASSWORD });
    assert_eq!(app.stranger().post("/api/v1/auth/verify-email", &verification).await.status, 204);
    app.clock.advance(30 * DAY);
    app.sweep_accounts().await;
    assert_eq!(strings(&app, USERS).await.len(), 2);
    app.clock.advance(Duration::from_secs(1));
    app.sweep_accounts().await;
    assert_eq!(strings(&app, USERS).await, ["came@example.com"]);
    assert_eq!(strings(&app, "select organization_id from wardgraph.organizations").await.len(), 1);
    let events = "select jsonb_build_object('log', tenant_id, 'type', type, 'subject', subject, 'actor', actor_id, 'payload', payload)
                  from wardgraph.events where actor_type = 'system' and type in ('user.deleted', 'organization.deleted') order by type";
    let events = app.database.behind_the_scenes().await.query(events, &[]).await.unwrap();
    let events: Vec<Value> = events.iter().map(|row| row.get(0)).collect();
    let actor = "keeper of accounts";
    let dissolved = json!({ "log": organization, "type": "organization.deleted", "subject": organization, "actor": actor,
                            "payload": { "before": { "owner_id": user }, "after": null } });
    let deleted = json!({ "log": "_system", "type": "user.deleted", "subject": user, "actor": actor,
                          "payload": { "reason": "the address was never shown" } });
    assert_eq!(events, [dissolved, deleted]);
    // The address is free again.
    assert_eq!(register(&app, "nobody@example.com").await.status, 202);
}

#[tokio::test]
async fn nothing_goes_that_somebody_may_come_for() {
    let app = verifying().await;
    let client = app.database.behind_the_scenes().await;
    let names = ["administers", "asked", "has-data", "has-deleted", "has-key", "has-member", "invited", "signed-in"];
    for name in names {
        assert_eq!(register(&app, &format!("{name}@example.com")).await.status, 202);
    }
    let of = |name: &str, sql: &str| {
        let sql = sql.replace("$user", &format!("(select user_id from wardgraph.users where email = '{name}@example.com')"));
        sql.replace(
            "$organization",
            &format!("(select organization_id from wardgraph.organizations join wardgraph.users on user_id = owner_id where email = '{name}@example.com')"),
        )
    };
    let node = "insert into wardgraph.nodes (tenant_id, node_id, classes, props, metadata, refresh_policy, triggers, created_at, updated_at)
                values ($organization, gen_random_uuid(), '{}', '{}', '{}', '{}', '[]', now(), now())";
    let key = "insert into wardgraph.api_keys (key_id, user_id, organization_id, name, verifier, scopes, networks, created_at)
               values (gen_random_uuid(), $user, $organization, 'k', '', '{}', '{}', now())";
    let member = "insert into wardgraph.memberships select $organization, user_id, 'analyst', now() from wardgraph.users where email = 'invited@example.com'";
    let session = "insert into wardgraph.sessions (session_id, user_id, organization_id, family_key, number, verifier, program, network, device, ip, created_at, last_used_at, expires_at, amr, acr, auth_time)
                   values (gen_random_uuid(), $user, $organization, '', 1, '', '', '', '', '127.0.0.1', to_timestamp(0), to_timestamp(0), 'infinity', '{pwd}', 'aal1', to_timestamp(0))";
    for (name, sql) in [
        ("administers", "update wardgraph.users set global_role = 'super_admin' where user_id = $user"),
        ("has-data", node),
        ("has-key", key),
        ("has-member", member),
        ("signed-in", session),
    ] {
        client.batch_execute(&of(name, sql)).await.unwrap();
    }
    // What waits for its end can come back: its owner's organization stays, too.
    client.batch_execute(&of("has-deleted", node)).await.unwrap();
    let tenant = strings(&app, &of("has-deleted", "select $organization")).await.remove(0);
    let id = strings(&app, &format!("select node_id::text from wardgraph.nodes where tenant_id = '{tenant}'")).await.remove(0);
    assert!(app.user(&tenant, "somebody", &["kg:write"]).delete(&format!("/nodes/{id}")).await.status.is_success());
    app.clock.advance(29 * DAY + Duration::from_hours(23));
    let reset = app.stranger().post("/api/v1/auth/password-reset", &json!({ "email": "asked@example.com" })).await;
    assert_eq!(reset.status, 202);
    app.clock.advance(Duration::from_mins(61));
    // Again at the last moment: there is a link on its way, good for a day.
    assert_eq!(register(&app, "asked@example.com").await.status, 202);
    app.sweep_accounts().await;
    assert_eq!(strings(&app, USERS).await, names.map(|name| format!("{name}@example.com")));
    // The link was not followed.
    app.clock.advance(DAY);
    app.sweep_accounts().await;
    assert!(!strings(&app, USERS).await.contains(&"asked@example.com".to_owned()));
}

#[tokio::test]
async fn where_no_address_needs_to_be_shown_nobody_is_swept_away() {
    let app = App::start().await;
    app.person("ada@example.com").await;
    app.clock.advance(400 * DAY);
    app.sweep_accounts().await;
    assert_eq!(strings(&app, "select session_id::text from wardgraph.sessions").await, [""; 0]);
    assert_eq!(strings(&app, USERS).await, ["ada@example.com"]);
    Person::again(&app, "ada@example.com").await;
}

#[tokio::test]
async fn more_accounts_than_one_statement_finds_go_each_by_itself() {
    let app = verifying().await;
    let sql = "insert into wardgraph.users (user_id, email, name, created_at, updated_at)
               select gen_random_uuid(), n || '@example.com', '', to_timestamp(0), to_timestamp(0) from generate_series(1, 230) n";
    app.database.behind_the_scenes().await.batch_execute(sql).await.unwrap();
    // Some that stay, more than a page of them, are in nobody's way.
    let stay = "insert into wardgraph.users (user_id, email, name, created_at, updated_at)
                select ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, n || '@stays.example', '', to_timestamp(0), to_timestamp(0) from generate_series(1, 120) n;
                insert into wardgraph.organizations (organization_id, name, owner_id, created_at)
                select 'org_stays' || right(user_id::text, 3), '', user_id, to_timestamp(0) from wardgraph.users where email like '%stays.example';
                insert into wardgraph.nodes (tenant_id, node_id, classes, props, metadata, refresh_policy, triggers, created_at, updated_at)
                select organization_id, gen_random_uuid(), '{}', '{}', '{}', '{}', '[]', now(), now() from wardgraph.organizations";
    app.database.behind_the_scenes().await.batch_execute(stay).await.unwrap();
    app.sweep_accounts().await;
    assert_eq!(strings(&app, "select email from wardgraph.users where email not like '%stays.example'").await, [""; 0]);
    assert_eq!(strings(&app, USERS).await.len(), 120);
    let told = "select subject from wardgraph.events where type = 'user.deleted'";
    assert_eq!(strings(&app, told).await.len(), 230);
    login(&app, "1@example.com", PASSWORD).await.problem(401);
}
