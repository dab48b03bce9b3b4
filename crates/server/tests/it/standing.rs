//! What somebody holds decides what they may, on every server and within a second of every change.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use wardgraph_testkit::{App, AppOptions, Caller, Person, Reply};

const MINUTE: Duration = Duration::from_secs(60);

async fn run(app: &App, sql: &str, person: &Person) {
    let sql = sql.replace("$org", &format!("'{}'", person.caller.tenant)).replace("$user", &format!("'{}'", person.id));
    app.database.behind_the_scenes().await.batch_execute(&sql).await.unwrap();
}

/// A person who holds nothing in the organization, with a role there that allows what these rules say.
async fn holder(app: &App, email: &str, allows: &[&str], denies: &[&str]) -> Person {
    let person = app.person(email).await;
    run(app, "update wardgraph.memberships set role = null where user_id = $user", &person).await;
    let person = Person::again(app, email).await;
    let client = app.database.behind_the_scenes().await;
    let sql = "insert into wardgraph.roles (tenant_id, name, description, allows, denies, inherits, created_at, updated_at) values ($1, 'custom', '', $2, $3, '{}', now(), now())";
    client.execute(sql, &[&person.caller.tenant, &allows, &denies]).await.unwrap();
    person
}

const GRANT: &str = "insert into wardgraph.grants (tenant_id, grant_id, user_id, role, granted_by, created_at) values ($org, gen_random_uuid(), $user, 'custom', 'a test', now())";

/// Has every server know of other roles of the organization.
const ROLES_CHANGED: &str = "
    update wardgraph.organizations set roles_version = roles_version + 1 where organization_id = $org;
    insert into wardgraph.changes (tenant_id, kind, subject, number, until)
      select organization_id, 'roles_changed', organization_id, roles_version, now() + interval '2 hours' from wardgraph.organizations where organization_id = $org";
/// The same of other grants of the person's, in one transaction with what comes before.
const GRANTS_CHANGED: &str = "
    update wardgraph.organizations set grants_version = grants_version + 1 where organization_id = $org;
    insert into wardgraph.changes (tenant_id, kind, subject, number, until)
      select organization_id, 'grants_changed', organization_id || '/user/' || $user, grants_version, now() + interval '2 hours' from wardgraph.organizations where organization_id = $org";

async fn together(app: &App, change: &str, announcement: &str, person: &Person) {
    run(app, &format!("begin; {change}; {announcement}; commit"), person).await;
}

async fn status(caller: &Caller) -> u16 {
    caller.get("/nodes").await.status.as_u16()
}

/// Waits until every caller is answered with this status, for a second at most.
async fn within_a_second(what: &str, callers: &[&Caller], expected: u16) {
    let began = Instant::now();
    for caller in callers {
        loop {
            let found = status(caller).await;
            if found == expected {
                break;
            }
            assert!(began.elapsed() < Duration::from_secs(1), "{what}: {found} after a second");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test]
async fn whoever_is_demoted_is_it_within_a_second_on_every_server() {
    let listening = || AppOptions { listens: true, ..AppOptions::default() };
    let one = App::with(listening()).await;
    let other = App::over(one.database.clone(), listening()).await;
    let ada = holder(&one, "ada@example.com", &["nodes:read"], &[]).await;
    let elsewhere = other.bearer(ada.caller.token.as_ref().unwrap());
    let callers = [&ada.caller, &elsewhere];
    assert_eq!((status(callers[0]).await, status(callers[1]).await), (403, 403));

    together(&one, GRANT, GRANTS_CHANGED, &ada).await;
    within_a_second("a grant", &callers, 200).await;
    let deny = "update wardgraph.roles set denies = '{nodes:read:secret-*}' where tenant_id = $org";
    together(&one, deny, ROLES_CHANGED, &ada).await;
    within_a_second("a role's deny", &callers, 403).await;
    together(&one, "update wardgraph.roles set denies = '{}' where tenant_id = $org", ROLES_CHANGED, &ada).await;
    within_a_second("a deny that is gone", &callers, 200).await;
    together(&one, "delete from wardgraph.grants where tenant_id = $org", GRANTS_CHANGED, &ada).await;
    within_a_second("a grant that is gone", &callers, 403).await;
    // What the token says of scopes is the same as ever: it lives, and does what the roles say.
    for caller in callers {
        assert_eq!(caller.get("/api/v1/whoami").await.ok()["permissions"], json!([]));
    }
    together(&one, "delete from wardgraph.memberships where user_id = $user and organization_id = $org", GRANTS_CHANGED, &ada)
        .await;
    within_a_second("a membership that is gone", &callers, 401).await;
}

#[tokio::test]
async fn what_was_given_for_a_while_ends_by_the_clock() {
    let app = App::start().await;
    let ada = holder(&app, "ada@example.com", &["nodes:read"], &[]).await;
    let until =
        "(timestamptz 'epoch' + interval '1 second' * $second)".replace("$second", &(wardgraph_testkit::START + 300).to_string());
    let grant = GRANT.replace("created_at)", "created_at, expires_at)").replace("now())", &format!("now(), {until})"));
    run(&app, &grant, &ada).await;
    assert_eq!(status(&ada.caller).await, 200);
    app.clock.advance(5 * MINUTE - Duration::from_millis(1));
    assert_eq!(status(&ada.caller).await, 200);
    app.clock.advance(Duration::from_millis(1));
    assert_eq!(status(&ada.caller).await, 403);
    ada.caller.get("/api/v1/whoami").await.ok();
}

#[tokio::test]
async fn what_cannot_be_known_lets_nobody_in() {
    let app = App::start().await;
    let (ada, bob) = (app.person("ada@example.com").await, app.person("bob@example.com").await);
    assert_eq!(status(&ada.caller).await, 200);
    let client = app.database.behind_the_scenes().await;
    // Who was met is known; who was not cannot be.
    client.batch_execute("alter table wardgraph.grants rename to away").await.unwrap();
    assert_eq!(status(&ada.caller).await, 200);
    let refused = bob.caller.get("/nodes").await;
    assert!(refused.headers.contains_key("retry-after"));
    refused.problem(503);
    let outside = app.caller("acme", &["nodes:read"]);
    assert_eq!(status(&outside).await, 200);
    // Nor is anybody let in by what they held before, once it is known that it changed.
    together(&app, "select 1", GRANTS_CHANGED, &ada).await;
    app.hear().await;
    ada.caller.get("/nodes").await.problem(503);
    client.batch_execute("alter table wardgraph.away rename to grants").await.unwrap();
    assert_eq!((status(&ada.caller).await, status(&bob.caller).await), (200, 200));
    // Whether it changed must be known as of the last second.
    client.batch_execute("revoke select on wardgraph.changes from wardgraph_worker").await.unwrap();
    app.clock.advance(Duration::from_millis(1_001));
    ada.caller.get("/nodes").await.problem(503);
    assert_eq!(status(&outside).await, 200);
    client.batch_execute("grant select on wardgraph.changes to wardgraph_worker").await.unwrap();
    assert_eq!(status(&ada.caller).await, 200);
}

#[tokio::test]
async fn a_role_that_nobody_can_read_lets_nobody_in() {
    let app = App::start().await;
    let ada = holder(&app, "ada@example.com", &["nodes:read", "nodes:paint"], &[]).await;
    run(&app, GRANT, &ada).await;
    ada.caller.get("/nodes").await.problem(500);
    together(&app, "update wardgraph.roles set allows = '{nodes:read}' where tenant_id = $org", ROLES_CHANGED, &ada).await;
    app.hear().await;
    assert_eq!(status(&ada.caller).await, 200);
    // Nor does a grant of a role that is not there: what it would have denied is not known.
    together(&app, "update wardgraph.grants set role = 'gone' where tenant_id = $org", GRANTS_CHANGED, &ada).await;
    app.hear().await;
    ada.caller.get("/nodes").await.problem(500);
}

#[tokio::test]
async fn a_deny_is_slipped_past_by_no_other_spelling() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let ids: Vec<String> = [ada.caller.create_node("one").await, ada.caller.create_node("other").await]
        .map(|reply| reply.created()["id"].as_str().unwrap().to_owned())
        .into();
    let sql = "insert into wardgraph.roles (tenant_id, name, description, allows, denies, inherits, created_at, updated_at) values ($1, 'custom', '', '{nodes:write}', array['nodes:read:' || $2::text], '{}', now(), now())";
    app.database.behind_the_scenes().await.execute(sql, &[&ada.caller.tenant, &ids[0]]).await.unwrap();
    together(&app, GRANT, GRANTS_CHANGED, &ada).await;
    app.hear().await;
    let get = async |id: &str| ada.caller.get(&format!("/nodes/{id}")).await.status.as_u16();
    assert_eq!(get(&ids[1]).await, 200, "nothing denies the other one, although she owns the organization");
    let simple = ids[0].replace('-', "");
    let percent = format!("%{:02x}{}", ids[0].as_bytes()[0], &ids[0][1..]);
    for spelled in
        [ids[0].clone(), ids[0].to_uppercase(), simple.clone(), simple.to_uppercase(), format!("urn:uuid:{}", ids[0]), percent]
    {
        assert_eq!(get(&spelled).await, 403, "{spelled}");
    }
    // Where nothing is named, all is asked for: a deny of a part denies it.
    assert_eq!(status(&ada.caller).await, 403);
    assert_eq!(ada.caller.patch(&format!("/nodes/{}", ids[0]), &json!({ "props": {} })).await.status, 403);
}

#[tokio::test]
async fn what_a_client_or_a_key_does_for_somebody_ends_with_what_they_hold() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let key = ada.caller.post("/api/v1/users/me/api-keys", &json!({ "name": "k", "scopes": ["nodes:read"] })).await.created();
    let key = app.bearer(key["key"].as_str().unwrap());
    let service = app.client_of(&ada, json!({ "scopes": ["nodes:read"], "role": "analyst" })).await.caller(&app).await;
    assert_eq!((status(&key).await, status(&service).await), (200, 200));
    let sql = "insert into wardgraph.roles (tenant_id, name, description, allows, denies, inherits, created_at, updated_at) values ($org, 'custom', '', '{}', '{nodes:*}', '{}', now(), now())";
    run(&app, sql, &ada).await;
    together(&app, GRANT, GRANTS_CHANGED, &ada).await;
    app.hear().await;
    assert_eq!((status(&key).await, status(&ada.caller).await, status(&service).await), (403, 403, 200));
    let grant = GRANT
        .replace("user_id, role", "client_id, role")
        .replace("$user", "(select client_id from wardgraph.clients where organization_id = $org)");
    let announced = "
        update wardgraph.organizations set grants_version = grants_version + 1 where organization_id = $org;
        insert into wardgraph.changes (tenant_id, kind, subject, number, until)
          select organization_id, 'grants_changed', organization_id || '/client/' || client_id, grants_version, now() + interval '2 hours'
          from wardgraph.organizations join wardgraph.clients using (organization_id) where organization_id = $org";
    together(&app, &grant, announced, &ada).await;
    app.hear().await;
    assert_eq!(status(&service).await, 403);
}

#[tokio::test]
async fn which_grants_are_used_is_noted() {
    let app = App::start().await;
    let ada = holder(&app, "ada@example.com", &["nodes:read"], &[]).await;
    let sql = "insert into wardgraph.roles (tenant_id, name, description, allows, denies, inherits, created_at, updated_at) values ($org, 'idle', '', '{edges:read}', '{}', '{}', now(), now())";
    run(&app, sql, &ada).await;
    run(&app, GRANT, &ada).await;
    run(&app, &GRANT.replace("'custom'", "'idle'"), &ada).await;
    let keeping = tokio::spawn(app.gate.clone().keep_records());
    assert_eq!(status(&ada.caller).await, 200);
    let client = app.database.behind_the_scenes().await;
    let used = async || {
        let sql = "select g.role, g.last_used_at is not null, m.last_used_at is not null from wardgraph.grants g join wardgraph.memberships m using (user_id) where g.tenant_id = $1 order by 1";
        let rows = client.query(sql, &[&ada.caller.tenant]).await.unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect::<Vec<(String, bool, bool)>>()
    };
    for _ in 0..60 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        if used().await[0].1 {
            break;
        }
    }
    assert_eq!(used().await, [("custom".to_owned(), true, true), ("idle".to_owned(), false, true)]);
    keeping.abort();
}

#[tokio::test]
async fn who_was_met_needs_no_database() {
    let app = App::start().await;
    let ada = holder(&app, "ada@example.com", &["nodes:read"], &[]).await;
    run(&app, GRANT, &ada).await;
    let whoami = async || -> Value { Reply::of(ada.caller.request("GET", "/api/v1/whoami")).await.ok() };
    assert_eq!(whoami().await["permissions"], json!(["nodes:read"]));
    let client = app.database.behind_the_scenes().await;
    client
        .batch_execute("alter table wardgraph.grants rename to away; alter table wardgraph.roles rename to away_too")
        .await
        .unwrap();
    assert_eq!(whoami().await["permissions"], json!(["nodes:read"]));
}
