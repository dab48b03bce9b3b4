//! People, seen by those who look after them; and whoever would like to.

use std::time::Duration;

use serde_json::{Value, json};
use wardgraph_store::Role;
use wardgraph_testkit::{App, AppOptions, Caller, Person};

use super::{is_believed, login, refresh};

const USERS: &str = "/api/v1/users";
const ME: &str = "/api/v1/users/me";

pub(super) async fn administrator(app: &App, email: &str) -> Person {
    app.person(email).await.made_administrator(app).await
}

pub(super) async fn member(app: &App, of: &Person, email: &str, role: &str) -> Person {
    app.clock.advance(Duration::from_secs(1));
    let person = app.person(email).await;
    of.takes_in(app, &person, role).await;
    signed_in_to(app, email, &of.caller.tenant).await
}

async fn signed_in_to(app: &App, email: &str, organization: &str) -> Person {
    Person::at(app, email, organization).await
}

/// The same person, calling another server.
pub(super) fn at(app: &App, person: &Person) -> Person {
    Person { caller: app.bearer(person.caller.token.as_ref().unwrap()), ..person.clone() }
}

/// No administrator but those whom a test makes.
async fn without_spare(app: &App) {
    let sql = "update wardgraph.users set global_role = null where email = 'spare@example.com'";
    app.database.behind_the_scenes().await.batch_execute(sql).await.unwrap();
}

pub(super) fn user(person: &Person) -> String {
    format!("{USERS}/{}", person.id)
}

pub(super) async fn act(caller: &Caller, person: &Person, act: &str) -> wardgraph_testkit::Reply {
    let request = caller.request("POST", &format!("{}/{act}", user(person)));
    wardgraph_testkit::Reply::of(request).await
}

fn emails(page: &Value) -> Vec<&str> {
    page["users"].as_array().unwrap().iter().map(|user| user["email"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn owner_and_admins_read_the_members_of_their_organization_and_nobody_else() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let admin = member(&app, &ada, "admin@example.com", "admin").await;
    let analyst = member(&app, &ada, "analyst@example.com", "analyst").await;
    let stranger = app.person("elsewhere@example.com").await;
    for reader in [&ada, &admin] {
        let page = reader.caller.get(USERS).await.ok();
        assert_eq!(emails(&page), ["ada@example.com", "admin@example.com", "analyst@example.com"]);
        let seen = &page["users"][2];
        assert_eq!(*seen, reader.caller.get(&user(&analyst)).await.ok());
        assert_eq!(
            (&seen["role"], &seen["disabled"], &seen["email_verified"]),
            (&json!("analyst"), &json!(false), &json!(false))
        );
        assert!(seen["last_sign_in_at"].is_string() && seen["created_at"].is_string() && seen["global_role"].is_null());
        // Somebody else's account is not found, however it is asked for.
        reader.caller.get(&user(&stranger)).await.problem(404);
        assert_eq!(reader.caller.get(&format!("{USERS}?email=elsewhere@example.com")).await.ok()["count"], 0);
        assert_eq!(emails(&reader.caller.get(&format!("{USERS}?email=Analyst@Example.com")).await.ok()), ["analyst@example.com"]);
    }
    // Page by page.
    let first = ada.caller.get(&format!("{USERS}?limit=2")).await.ok();
    let next = ada.caller.get(&format!("{USERS}?limit=2&cursor={}", first["next_cursor"].as_str().unwrap())).await.ok();
    assert_eq!((emails(&first).len(), emails(&next), &next["next_cursor"]), (2, vec!["analyst@example.com"], &Value::Null));
    // A cursor of one organization leads nowhere in another.
    stranger.caller.get(&format!("{USERS}?cursor={}", first["next_cursor"].as_str().unwrap())).await.problem(400);
    ada.caller.get(&format!("{USERS}?email=nobody")).await.problem(400);
    // A sign-in elsewhere is not told.
    let seen = ada.caller.get(&user(&analyst)).await.ok()["last_sign_in_at"].clone();
    app.clock.advance(Duration::from_mins(1));
    Person::again(&app, "analyst@example.com").await;
    assert_eq!(ada.caller.get(&user(&analyst)).await.ok()["last_sign_in_at"], seen);
    // Low roles, strangers, outside tokens and keys without the scope.
    analyst.caller.get(USERS).await.problem(403);
    analyst.caller.get(&user(&ada)).await.problem(403);
    app.stranger().get(USERS).await.problem(401);
    let scopes = ["users:read", "users:write", "super_admin", "kg:read"];
    app.caller("tenant-b", &scopes).get(USERS).await.problem(403);
    app.caller(&ada.caller.tenant, &scopes).get(USERS).await.problem(403);
    let key = ada.caller.post("/api/v1/users/me/api-keys", &json!({ "name": "k", "scopes": ["nodes:read"] })).await.created();
    app.bearer(key["key"].as_str().unwrap()).get(USERS).await.problem(403);
    let key = ada.caller.post("/api/v1/users/me/api-keys", &json!({ "name": "k", "scopes": ["users:read"] })).await.created();
    assert_eq!(app.bearer(key["key"].as_str().unwrap()).get(USERS).await.ok()["count"], 3);
}

#[tokio::test]
async fn a_token_that_was_signed_elsewhere_administers_nobody_whatever_it_says() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    // The operator's own key may say anything. Nobody here is a member of its tenant.
    let operator = app.operator("tenant-a", &["users:read", "users:write"]);
    assert_eq!(operator.get(USERS).await.ok()["count"], 0);
    operator.get(&user(&ada)).await.problem(404);
    act(&operator, &ada, "disable").await.problem(403);
    operator.delete(&user(&ada)).await.problem(403);
    operator.delete(ME).await.problem(403);
    assert!(is_believed(&ada.caller).await);
}

#[tokio::test]
async fn only_an_administrator_of_the_server_ends_accounts() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let mallory = member(&app, &ada, "mallory@example.com", "admin").await;
    let root = administrator(&app, "root@example.com").await;
    for caller in [&ada.caller, &mallory.caller, &app.caller("tenant-b", &["kg:write", "users:write", "super_admin"])] {
        for reply in
            [act(caller, &root, "disable").await, act(caller, &mallory, "enable").await, caller.delete(&user(&root)).await]
        {
            assert!(reply.problem(403)["detail"].as_str().unwrap().contains("users:write"));
        }
    }
    // A key of the administrator's carries nothing of the global role.
    let wanted = json!({ "name": "k", "scopes": ["users:write", "nodes:read", "shared:write"] });
    let refused = root.caller.post("/api/v1/users/me/api-keys", &wanted).await.problem(422);
    let fields: Vec<_> = refused["errors"].as_array().unwrap().iter().map(|error| &error["field"]).collect();
    assert_eq!(fields, ["/scopes/0", "/scopes/2"]);
    let events = root.caller.events().await;
    let told = events.iter().find(|event| event["type"] == "api_key.created").unwrap();
    assert_eq!((&told["outcome"], &told["payload"]), (&json!("refused"), &json!({ "beyond": ["users:write", "shared:write"] })));
    let wanted = json!({ "name": "k", "scopes": ["users:read", "nodes:read"] });
    let key = root.caller.post("/api/v1/users/me/api-keys", &wanted).await.created();
    assert_eq!(key["scopes"], wanted["scopes"]);
    let key = app.bearer(key["key"].as_str().unwrap());
    assert_eq!(key.get("/api/v1/whoami").await.ok()["permissions"], json!(["nodes:read", "users:read"]));
    act(&key, &ada, "disable").await.problem(403);
    // The administrator finds everybody, and nothing of what they have.
    let page = root.caller.get(USERS).await.ok();
    assert!(["ada@example.com", "mallory@example.com", "root@example.com"].iter().all(|email| emails(&page).contains(email)));
    let node = ada.caller.create_node("ada's").await.created();
    root.caller.get(&format!("/nodes/{}", node["id"].as_str().unwrap())).await.problem(404);
    let seen = root.caller.get(&user(&ada)).await.ok();
    assert_eq!((&seen["role"], &seen["global_role"]), (&Value::Null, &Value::Null));
    assert_eq!(root.caller.get(&user(&root)).await.ok()["global_role"], "super_admin");
}

#[tokio::test]
async fn a_disabled_account_ends_within_a_second_everywhere_and_enabling_gives_nothing_back() {
    let one = App::with(AppOptions { listens: true, ..AppOptions::default() }).await;
    let other = App::over(one.database.clone(), AppOptions { listens: true, ..AppOptions::default() }).await;
    let root = administrator(&one, "root@example.com").await;
    let ada = one.person("ada@example.com").await;
    let key = ada.caller.post("/api/v1/users/me/api-keys", &json!({ "name": "k", "scopes": ["nodes:read"] })).await.created();
    let text = key["key"].as_str().unwrap();
    let callers = [
        one.bearer(ada.caller.token.as_ref().unwrap()),
        other.bearer(ada.caller.token.as_ref().unwrap()),
        one.bearer(text),
        other.bearer(text),
    ];
    for caller in &callers {
        assert!(is_believed(caller).await);
    }
    let disabled = act(&root.caller, &ada, "disable").await.ok();
    assert_eq!((&disabled["disabled"], &disabled["email"]), (&json!(true), &json!("ada@example.com")));
    tokio::time::sleep(Duration::from_secs(1)).await;
    for caller in &callers {
        assert!(!is_believed(caller).await);
    }
    login(&one, "ada@example.com", wardgraph_testkit::PASSWORD).await.problem(401);
    refresh(&one, &ada.refresh_token, "").await.problem(401);
    // Again is no other thing.
    act(&root.caller, &ada, "disable").await.ok();
    assert_eq!(act(&root.caller, &ada, "enable").await.ok()["disabled"], false);
    for caller in &callers {
        assert!(!is_believed(caller).await);
    }
    refresh(&one, &ada.refresh_token, "").await.problem(401);
    let again = Person::again(&one, "ada@example.com").await;
    assert!(is_believed(&again.caller).await);
    let types: Vec<_> =
        root.caller.events().await.into_iter().filter(|e| e["subject"] == json!(ada.id)).map(|e| e["type"].clone()).collect();
    assert_eq!(types.iter().filter(|t| **t == "user.disabled").count(), 2, "{types:?}");
    assert_eq!(types.iter().filter(|t| **t == "user.enabled").count(), 1, "{types:?}");
}

#[tokio::test]
async fn a_disabled_administrator_ends_nobody_even_before_it_was_heard() {
    let app = App::start().await;
    let root = administrator(&app, "root@example.com").await;
    let fallen = administrator(&app, "fallen@example.com").await;
    assert!(is_believed(&fallen.caller).await);
    act(&root.caller, &fallen, "disable").await.ok();
    // This server did not hear of it yet: the token is believed, and the account is asked.
    act(&fallen.caller, &root, "disable").await.problem(401);
    fallen.caller.delete(&user(&root)).await.problem(401);
    assert!(is_believed(&root.caller).await);
    app.hear().await;
    assert!(!is_believed(&fallen.caller).await);
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let app = App::start().await;
    let root = administrator(&app, "root@example.com").await;
    without_spare(&app).await;
    for reply in [act(&root.caller, &root, "disable").await, root.caller.delete(&user(&root)).await, root.caller.delete(ME).await]
    {
        assert!(reply.problem(409)["detail"].as_str().unwrap().contains("last administrator"));
    }
    let other = administrator(&app, "other@example.com").await;
    without_spare(&app).await;
    act(&root.caller, &root, "disable").await.ok();
    act(&other.caller, &other, "disable").await.problem(409);
}

#[tokio::test]
async fn two_administrators_who_end_each_other_at_once_leave_one() {
    // On two servers: one of them has one connection for this.
    let app = App::start().await;
    let second = App::over(app.database.clone(), AppOptions::default()).await;
    for round in 0..5 {
        let one = administrator(&app, &format!("one-{round}@example.com")).await;
        let other = administrator(&app, &format!("other-{round}@example.com")).await;
        let sql = format!("update wardgraph.users set global_role = null where email not like '%-{round}@example.com'");
        app.database.behind_the_scenes().await.batch_execute(&sql).await.unwrap();
        let act_on = async |by: &Person, whom: &Person| {
            if round % 2 == 0 { act(&by.caller, whom, "disable").await } else { by.caller.delete(&user(whom)).await }
        };
        let elsewhere = at(&second, &other);
        let (a, b) = tokio::join!(act_on(&one, &other), act_on(&elsewhere, &one));
        let done = [&a, &b].iter().filter(|reply| reply.status.is_success()).count();
        assert_eq!(done, 1, "{} {}", a.text, b.text);
        let sql = "select count(*) from wardgraph.users where global_role is not null and disabled_at is null";
        let left: i64 = app.database.behind_the_scenes().await.query_one(sql, &[]).await.unwrap().get(0);
        assert_eq!(left, 1);
    }
}

#[tokio::test]
async fn a_deleted_account_leaves_nothing_that_opens_anything() {
    let app = App::start().await;
    let root = administrator(&app, "root@example.com").await;
    let ada = app.person("ada@example.com").await;
    let key = ada.caller.post("/api/v1/users/me/api-keys", &json!({ "name": "k", "scopes": ["nodes:read"] })).await.created();
    let key = app.bearer(key["key"].as_str().unwrap());
    assert!(is_believed(&key).await);
    assert_eq!(root.caller.delete(&user(&ada)).await.status, 204);
    app.hear().await;
    assert!(!is_believed(&key).await && !is_believed(&ada.caller).await);
    refresh(&app, &ada.refresh_token, "").await.problem(401);
    login(&app, "ada@example.com", wardgraph_testkit::PASSWORD).await.problem(401);
    root.caller.get(&user(&ada)).await.problem(404);
    root.caller.delete(&user(&ada)).await.problem(404);
    act(&root.caller, &ada, "disable").await.problem(404);
    act(&root.caller, &ada, "enable").await.problem(404);
    let client = app.database.behind_the_scenes().await;
    for table in ["users", "passwords", "sessions", "api_keys", "memberships", "links"] {
        let sql = format!("select count(*) from wardgraph.{table} where user_id = $1::text::uuid");
        let left: i64 = client.query_one(&sql, &[&ada.id]).await.unwrap().get(0);
        assert_eq!(left, 0, "{table}");
    }
    let sql = "select count(*) from wardgraph.organizations where organization_id = $1";
    assert_eq!(client.query_one(sql, &[&ada.caller.tenant]).await.unwrap().get::<_, i64>(0), 0, "nobody was in it");
    // The address is free again.
    assert_ne!(app.person("ada@example.com").await.id, ada.id);
}

#[tokio::test]
async fn nobody_leaves_members_or_data_without_an_owner() {
    let app = App::start().await;
    let root = administrator(&app, "root@example.com").await;
    let ada = app.person("ada@example.com").await;
    let developer = member(&app, &ada, "dev@example.com", "developer").await;
    for reply in [ada.caller.delete(ME).await, root.caller.delete(&user(&ada)).await] {
        assert!(reply.problem(409)["detail"].as_str().unwrap().contains("other members"));
    }
    // Who owns nothing that anybody needs can leave.
    assert_eq!(developer.caller.delete(ME).await.status, 204);
    let node = ada.caller.create_node("something").await.created();
    for reply in [ada.caller.delete(ME).await, root.caller.delete(&user(&ada)).await] {
        assert!(reply.problem(409)["detail"].as_str().unwrap().contains("has data"));
    }
    // A disabled owner is none that could take over; one who is not is.
    let heir = member(&app, &ada, "heir@example.com", "owner").await;
    act(&root.caller, &heir, "disable").await.ok();
    ada.caller.delete(ME).await.problem(409);
    act(&root.caller, &heir, "enable").await.ok();
    assert_eq!(ada.caller.delete(ME).await.status, 204);
    app.hear().await;
    assert!(!is_believed(&ada.caller).await);
    let sql = "select owner_id::text from wardgraph.organizations where organization_id = $1";
    let owner: String = app.database.behind_the_scenes().await.query_one(sql, &[&ada.caller.tenant]).await.unwrap().get(0);
    assert_eq!(owner, heir.id);
    let heir = signed_in_to(&app, "heir@example.com", &ada.caller.tenant).await;
    heir.caller.get(&format!("/nodes/{}", node["id"].as_str().unwrap())).await.ok();
}

#[tokio::test]
async fn an_own_account_ends_after_a_fresh_sign_in_alone() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let key = ada.caller.post("/api/v1/users/me/api-keys", &json!({ "name": "k", "scopes": ["nodes:read"] })).await.created();
    app.bearer(key["key"].as_str().unwrap()).delete(ME).await.problem(403);
    app.clock.advance(Duration::from_mins(11));
    ada.caller.delete(ME).await.problem(401);
    assert!(is_believed(&ada.caller).await);
    let again = Person::again(&app, "ada@example.com").await;
    assert_eq!(again.caller.delete(ME).await.status, 204);
    app.hear().await;
    assert!(!is_believed(&again.caller).await && !is_believed(&ada.caller).await);
}

#[tokio::test]
async fn who_reads_members_sees_no_others_and_changes_none_whatever_the_statement_says() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let analyst = member(&app, &ada, "analyst@example.com", "analyst").await;
    let bob = app.person("bob@example.com").await;
    bob.caller.post("/api/v1/users/me/api-keys", &json!({ "name": "k", "scopes": ["nodes:read"] })).await.created();
    let client = app.database.connect_as(Role::App).await;
    let sql = "select set_config('app.current_members_of', $1, false), set_config('app.current_tenant_id', $1, false)";
    client.execute(sql, &[&ada.caller.tenant]).await.unwrap();
    let all = async |sql: &str| -> Vec<String> { client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect() };
    assert_eq!(all("select email from wardgraph.users order by 1").await, ["ada@example.com", "analyst@example.com"]);
    // The analyst's place in an organization of their own, and the sign-ins there, are nobody's business here.
    assert_eq!(all("select distinct organization_id from wardgraph.memberships").await, [ada.caller.tenant.as_str()]);
    assert_eq!(all("select distinct organization_id from wardgraph.sessions").await, [ada.caller.tenant.as_str()]);
    for table in ["passwords", "api_keys"] {
        assert_eq!(all(&format!("select user_id::text from wardgraph.{table}")).await, [""; 0], "{table}");
    }
    for changes in ["update wardgraph.users set name = 'x'", "update wardgraph.sessions set ended_at = now()"] {
        assert_eq!(client.execute(changes, &[]).await.unwrap(), 0, "{changes}");
    }
    let admin = app.database.connect_as(Role::Admin).await;
    for denied in [
        "update wardgraph.users set email = 'x'",
        "insert into wardgraph.memberships (organization_id, user_id, role, created_at) select organization_id, user_id, 'admin', created_at from wardgraph.memberships",
        "update wardgraph.memberships set role = 'owner'",
        "select verifier from wardgraph.passwords",
        "select verifier from wardgraph.api_keys",
        "select family_key from wardgraph.sessions",
        "update wardgraph.api_keys set scopes = '{}'",
    ] {
        let error = admin.execute(denied, &[]).await.expect_err(denied);
        assert_eq!(error.code().unwrap().code(), "42501", "{denied}");
    }
    let error = client.execute("delete from wardgraph.users", &[]).await.unwrap_err();
    assert_eq!(error.code().unwrap().code(), "42501");
    assert!(is_believed(&analyst.caller).await && is_believed(&bob.caller).await);
}

#[tokio::test]
async fn an_administrator_ends_a_persons_sessions_and_nothing_else() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let mallory = member(&app, &ada, "mallory@example.com", "admin").await;
    let root = administrator(&app, "root@example.com").await;
    let window = wardgraph_testkit::Window::open(&app);
    window.sign_in("ada@example.com").await;
    let made = ada.caller.post("/api/v1/users/me/api-keys", &json!({ "name": "k", "scopes": ["nodes:read"] })).await.created();
    let key = app.bearer(made["key"].as_str().unwrap());
    let sessions = format!("{}/sessions", user(&ada));
    mallory.caller.delete(&sessions).await.problem(403);
    ada.caller.delete(&sessions).await.problem(403);
    root.caller.delete(&format!("{USERS}/00000000-0000-7000-8000-000000000000/sessions")).await.problem(404);
    assert!(is_believed(&ada.caller).await);

    assert_eq!(root.caller.delete(&sessions).await.status, 204);
    app.hear().await;
    assert!(!is_believed(&ada.caller).await && is_believed(&mallory.caller).await && is_believed(&root.caller).await);
    refresh(&app, &ada.refresh_token, "").await.problem(401);
    assert!(window.get("/account").await.leads().starts_with("/sign-in"));
    assert!(is_believed(&key).await, "keys live on");
    let again = Person::again(&app, "ada@example.com").await;
    assert_eq!(again.caller.get("/api/v1/users/me/sessions").await.ok()["count"], 1);
    // On record, with whose they were; and a new connection sees why.
    let events = root.caller.events().await.into_iter().filter(|event| event["type"] == "session.ended");
    let told: Vec<_> = events.map(|event| json!([event["outcome"], event["subject"]])).collect();
    let refused = json!(["refused", "00000000-0000-7000-8000-000000000000"]);
    assert!(told.len() == 2 && told.contains(&refused) && told.contains(&json!(["success", ada.id])), "{told:?}");
    let sql = "select count(*) from wardgraph.sessions where user_id = $1::text::uuid and ended_by = 'administrator'";
    let count: i64 = app.database.behind_the_scenes().await.query_one(sql, &[&ada.id]).await.unwrap().get(0);
    assert_eq!(count, 2);
}
