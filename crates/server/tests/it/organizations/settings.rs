//! An organization is made, and what is set of it holds.

use std::time::Duration;

use serde_json::{Value, json};
use wardgraph_oauth::grant::Terms;
use wardgraph_testkit::{App, AppOptions, Person};

use super::{enters, event, joins, number, organization};
use crate::oauth::claims;

const ORGANIZATIONS: &str = "/api/v1/organizations";
const WHO: &str = "/api/v1/whoami";

#[tokio::test]
async fn whoever_makes_an_organization_owns_it_and_nothing_of_another() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let made = ada.caller.post(ORGANIZATIONS, &json!({ "name": " Analytical Engines " })).await.created();
    assert_eq!((&made["name"], &made["role"], &made["tier"]), (&json!("Analytical Engines"), &json!("owner"), &json!("free")));
    assert_eq!(made["owner_id"], json!(ada.id));
    let id = made["id"].as_str().unwrap();
    // It is where one does not work yet: nothing of it is read by its id.
    ada.caller.get(&format!("{ORGANIZATIONS}/{id}")).await.problem(404);
    let there = enters(&app, "ada@example.com", id).await;
    assert_eq!(there.caller.get(&format!("{ORGANIZATIONS}/{id}")).await.ok(), made);
    assert_eq!(there.caller.get("/api/v1/organization").await.ok(), made);
    assert_eq!(event(&app, id, "organization.created").await["after"]["name"], "Analytical Engines");
    // No key and no outside token makes one, and no sign-in of long ago.
    let key = ada.caller.post("/api/v1/users/me/api-keys", &json!({ "name": "k", "scopes": ["nodes:read"] })).await.created();
    app.bearer(key["key"].as_str().unwrap()).post(ORGANIZATIONS, &json!({ "name": "x" })).await.problem(403);
    app.caller("tenant-b", &["organizations:write"]).post(ORGANIZATIONS, &json!({ "name": "x" })).await.problem(403);
    app.clock.advance(Duration::from_mins(11));
    ada.caller.post(ORGANIZATIONS, &json!({ "name": "x" })).await.problem(401);
}

#[tokio::test]
async fn nobody_owns_more_organizations_than_they_may_however_many_they_make_at_once() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let sql = "with made as (
                 insert into wardgraph.organizations (organization_id, name, owner_id, created_at)
                 select 'org_many' || n, 'x', $1::text::uuid, now() from generate_series(1, 48) n returning organization_id, owner_id)
               insert into wardgraph.memberships (organization_id, user_id, role, created_at) select organization_id, owner_id, 'owner', now() from made";
    app.database.behind_the_scenes().await.execute(sql, &[&ada.id]).await.unwrap();
    let name = json!({ "name": "one more" });
    let make = || ada.caller.post(ORGANIZATIONS, &name);
    let (a, b) = tokio::join!(make(), make());
    let mut told = [a.status.as_u16(), b.status.as_u16()];
    told.sort_unstable();
    assert_eq!(told, [201, 409], "{} {}", a.text, b.text);
}

#[tokio::test]
async fn a_name_shows_what_it_is() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    for bad in ["", "   ", "a\u{0}b", "a\nb", "user\u{202e}gpj", "<script>x</script>", &"x".repeat(201)] {
        ada.caller.post(ORGANIZATIONS, &json!({ "name": bad })).await.problem(422);
        ada.caller.patch(&organization(&ada), &json!({ "name": bad })).await.problem(422);
    }
    assert_eq!(ada.caller.patch(&organization(&ada), &json!({ "name": "'; drop table users; --" })).await.ok()["role"], "owner");
    assert_eq!(number(&app, "select count(*) from wardgraph.organizations where name = '''; drop table users; --'").await, 1);
}

#[tokio::test]
async fn what_is_changed_is_told_and_what_is_absent_stays() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let admin = joins(&app, &ada, "admin@example.com", "admin").await;
    let developer = joins(&app, &ada, "dev@example.com", "developer").await;
    let path = organization(&ada);
    let changed =
        admin.caller.patch(&path, &json!({ "name": "Engines", "session_idle_seconds": 900, "retention_days": 30 })).await.ok();
    assert_eq!(
        (&changed["name"], &changed["session_idle_seconds"], &changed["retention_days"]),
        (&json!("Engines"), &json!(900), &json!(30))
    );
    let changed = admin.caller.patch(&path, &json!({ "session_idle_seconds": null })).await.ok();
    assert_eq!(
        (&changed["name"], &changed["session_idle_seconds"], &changed["retention_days"]),
        (&json!("Engines"), &Value::Null, &json!(30))
    );
    let told = event(&app, &ada.caller.tenant, "organization.updated").await;
    assert_eq!((&told["before"]["session_idle_seconds"], &told["after"]["session_idle_seconds"]), (&json!(900), &Value::Null));
    for bad in [
        json!({ "session_idle_seconds": 10 }),
        json!({ "retention_days": 0 }),
        json!({ "allowed_networks": ["nowhere"] }),
        json!({ "allowed_networks": ["192.0.2.0/33"] }),
        json!({ "name": null }),
        json!({ "tier": "enterprise" }),
        json!({ "owner_id": admin.id }),
    ] {
        let status = ada.caller.patch(&path, &bad).await.status.as_u16();
        assert!(matches!(status, 400 | 422), "{status} {bad}");
    }
    developer.caller.patch(&path, &json!({ "name": "mine" })).await.problem(403);
    let stranger = app.person("elsewhere@example.com").await;
    stranger.caller.patch(&path, &json!({ "name": "mine" })).await.problem(404);
    assert_eq!(developer.caller.get(&path).await.ok()["name"], "Engines");
}

#[tokio::test]
async fn a_deleted_node_can_be_brought_back_for_as_long_as_the_organization_says() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let other = app.person("elsewhere@example.com").await;
    ada.caller.patch(&organization(&ada), &json!({ "retention_days": 2 })).await.ok();
    app.hear().await;
    let mut deleted = Vec::new();
    for person in [&ada, &other] {
        let node = person.caller.create_node("a wombat in the garden").await.created();
        let path = format!("/nodes/{}", node["id"].as_str().unwrap());
        assert_eq!(person.caller.delete(&path).await.status, 204);
        deleted.push(format!("{path}/restore"));
    }
    app.clock.advance(Duration::from_hours(2 * 24 - 1));
    let again = enters(&app, "ada@example.com", &ada.caller.tenant).await;
    again.caller.post(&deleted[0], &json!({})).await.ok();
    assert_eq!(again.caller.delete(deleted[0].trim_end_matches("/restore")).await.status, 204);
    app.clock.advance(Duration::from_hours(2 * 24 + 1));
    let again = enters(&app, "ada@example.com", &ada.caller.tenant).await;
    again.caller.post(&deleted[0], &json!({})).await.problem(404);
    let elsewhere = enters(&app, "elsewhere@example.com", &other.caller.tenant).await;
    elsewhere.caller.post(&deleted[1], &json!({})).await.ok();
}

#[tokio::test]
async fn sessions_last_as_long_as_the_organization_says_and_never_longer_than_the_server() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let refresh = async |token: &str| app.stranger().post("/api/v1/auth/refresh", &json!({ "refresh_token": token })).await;
    ada.caller.patch(&organization(&ada), &json!({ "session_idle_seconds": 600, "session_lifetime_seconds": 1000 })).await.ok();
    app.clock.advance(Duration::from_secs(590));
    let next = refresh(&ada.refresh_token).await.ok()["refresh_token"].as_str().unwrap().to_owned();
    // It was used, and has been there for long enough.
    app.clock.advance(Duration::from_secs(420));
    refresh(&next).await.problem(401);
    let idle = Person::again(&app, "ada@example.com").await;
    app.clock.advance(Duration::from_secs(601));
    refresh(&idle.refresh_token).await.problem(401);
    // More than the server lets is not more.
    let ada = Person::again(&app, "ada@example.com").await;
    ada.caller
        .patch(&organization(&ada), &json!({ "session_idle_seconds": 100_000_000, "session_lifetime_seconds": null }))
        .await
        .ok();
    app.clock.advance(Duration::from_hours(15 * 24));
    refresh(&ada.refresh_token).await.problem(401);
}

#[tokio::test]
async fn no_access_token_is_good_for_longer_than_its_session_lives() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let scopes = json!({ "grant_types": ["client_credentials", "refresh_token"], "scopes": ["nodes:read", "offline_access"] });
    let client = app.client_of(&ada, scopes).await;
    let refresh = async |token: &Value| app.stranger().post("/api/v1/auth/refresh", &json!({ "refresh_token": token })).await;
    let lives = |token: &str| -> i64 {
        let said = claims(token);
        said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap()
    };
    assert_eq!(Person::signing_in(&app, &ada.email).await["expires_in"], 900);
    ada.caller.patch(&organization(&ada), &json!({ "session_lifetime_seconds": 600 })).await.ok();

    // Whoever signs in, and whoever refreshes, has what is left.
    let first = Person::signing_in(&app, &ada.email).await;
    assert_eq!((&first["expires_in"], lives(first["access_token"].as_str().unwrap())), (&json!(600), 600));
    let terms = Terms { scopes: vec!["nodes:read".into(), "offline_access".into()], audience: None, jkt: None };
    let (granted, theirs) = app.grant(&client, &ada, terms).await;
    assert_eq!(lives(&granted), 600, "a client's too");
    app.clock.advance(Duration::from_secs(400));
    let next = refresh(&first["refresh_token"]).await.ok();
    assert_eq!((&next["expires_in"], lives(next["access_token"].as_str().unwrap())), (&json!(200), 200));
    let form = [("grant_type", "refresh_token"), ("refresh_token", theirs.as_deref().unwrap())];
    let theirs = client.form("/oauth2/token", &form).await.ok();
    assert_eq!((&theirs["expires_in"], lives(theirs["access_token"].as_str().unwrap())), (&json!(200), 200));
    let told = client.introspect(theirs["refresh_token"].as_str().unwrap()).await;
    assert_eq!(told["exp"], claims(theirs["access_token"].as_str().unwrap())["exp"], "of the grant itself");
    app.clock.advance(Duration::from_secs(199));
    let bearer = app.bearer(next["access_token"].as_str().unwrap());
    bearer.get(WHO).await.ok();
    // The session is over, and clocks may differ by 30 seconds.
    app.clock.advance(Duration::from_secs(32));
    bearer.get(WHO).await.problem(401);

    // Nor for longer than it may go unused.
    let ada = Person::again(&app, &ada.email).await;
    let idle = json!({ "session_lifetime_seconds": null, "session_idle_seconds": 300 });
    ada.caller.patch(&organization(&ada), &idle).await.ok();
    let first = Person::signing_in(&app, &ada.email).await;
    app.clock.advance(Duration::from_secs(200));
    let next = refresh(&first["refresh_token"]).await.ok();
    assert_eq!((&first["expires_in"], &next["expires_in"]), (&json!(300), &json!(300)), "it was used just now");
}

#[tokio::test]
async fn nobody_calls_from_outside_of_the_networks_and_nobody_shuts_themselves_out() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let key = ada.caller.post("/api/v1/users/me/api-keys", &json!({ "name": "k", "scopes": ["nodes:read"] })).await.created();
    let refused = ada.caller.patch(&organization(&ada), &json!({ "allowed_networks": ["192.0.2.0/24"] })).await.problem(409);
    assert!(refused["detail"].as_str().unwrap().contains("could not change it back"));
    let changed = ada.caller.patch(&organization(&ada), &json!({ "allowed_networks": ["127.0.0.1", "192.0.2.7/24"] })).await.ok();
    assert_eq!(changed["allowed_networks"], json!(["127.0.0.1/32", "192.0.2.0/24"]));
    app.hear().await;
    ada.caller.get(WHO).await.ok();
    let bob = app.person("bob@example.com").await;
    // As whoever calls from elsewhere finds it.
    let sql = "update wardgraph.organizations set allowed_networks = '{192.0.2.0/24}' where organization_id = $1";
    app.database.behind_the_scenes().await.execute(sql, &[&ada.caller.tenant]).await.unwrap();
    let elsewhere = App::over(app.database.clone(), AppOptions::default()).await;
    for (token, path) in [(ada.caller.token.as_deref().unwrap(), "/nodes"), (key["key"].as_str().unwrap(), WHO)] {
        let refused = elsewhere.bearer(token).get(path).await.problem(403);
        assert!(refused["detail"].as_str().unwrap().contains("address"), "{refused}");
    }
    // Other organizations' people call as ever.
    elsewhere.bearer(bob.caller.token.as_deref().unwrap()).get(WHO).await.ok();
}

#[tokio::test]
async fn whoever_requires_a_second_factor_has_shown_one() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    ada.caller.patch(&organization(&ada), &json!({ "requires_mfa": true })).await.problem(409);
    let authenticator = ada.adds_an_app(&app).await;
    let ada = Person::again_with(&app, "ada@example.com", &authenticator.recovery_code(0)).await;
    assert_eq!(ada.caller.patch(&organization(&ada), &json!({ "requires_mfa": true })).await.ok()["requires_mfa"], true);
}

#[tokio::test]
async fn an_administrator_of_the_server_sets_tiers_lists_organizations_and_reads_nothing_of_them() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let root = app.person("root@example.com").await.made_administrator(&app).await;
    let path = format!("{}/tier", organization(&ada));
    for caller in [&ada.caller, &app.operator(&ada.caller.tenant, &["users:write"])] {
        caller.put(&path, &json!({ "tier": "enterprise" })).await.problem(403);
    }
    assert_eq!(root.caller.put(&path, &json!({ "tier": "pro" })).await.ok()["tier"], "pro");
    root.caller.put(&path, &json!({ "tier": "gold" })).await.problem(400);
    root.caller.put(&format!("{ORGANIZATIONS}/org_nobody/tier"), &json!({ "tier": "pro" })).await.problem(404);
    let told = event(&app, &ada.caller.tenant, "organization.tier_set").await;
    assert_eq!((&told["before"]["tier"], &told["after"]["tier"]), (&json!("free"), &json!("pro")));
    ada.caller.get(ORGANIZATIONS).await.problem(403);
    app.operator("tenant-a", &["directory:read"]).get(ORGANIZATIONS).await.problem(403);
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = root.caller.get(&format!("{ORGANIZATIONS}?limit=1{cursor}")).await.ok();
        let one = page["organizations"][0].clone();
        let mut members: Vec<_> = one.as_object().unwrap().keys().cloned().collect();
        members.sort();
        assert_eq!(members, ["created_at", "deleted_at", "id", "members", "name", "tier"]);
        ids.push(one["id"].as_str().unwrap().to_owned());
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert!(ids.contains(&ada.caller.tenant) && ids.contains(&root.caller.tenant));
    assert_eq!(number(&app, "select count(*) from wardgraph.organizations").await, i64::try_from(ids.len()).unwrap());
    root.caller.get(&organization(&ada)).await.problem(404);
}

#[tokio::test]
async fn a_role_on_the_whole_server_is_an_administrators_to_give_and_somebody_has_it_still() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let root = app.person("root@example.com").await.made_administrator(&app).await;
    let path = |person: &Person| format!("/api/v1/users/{}/global-role", person.id);
    ada.caller.put(&path(&ada), &json!({ "role": "super_admin" })).await.problem(403);
    for word in ["viewer", "system_operator", "billing_admin"] {
        assert_eq!(root.caller.put(&path(&ada), &json!({ "role": word })).await.ok()["global_role"], word);
        app.hear().await;
        ada.caller.get(WHO).await.problem(401);
        let lesser = Person::again(&app, "ada@example.com").await;
        lesser.caller.put(&path(&lesser), &json!({ "role": "super_admin" })).await.problem(403);
        lesser.caller.put(&path(&root), &json!({ "role": null })).await.problem(403);
    }
    let told = event(&app, &root.caller.tenant, "user.global_role_set").await;
    assert_eq!(told, json!({ "before": { "global_role": "system_operator" }, "after": { "global_role": "billing_admin" } }));
    root.caller.put(&path(&ada), &json!({})).await.problem(400);
    root.caller.put(&path(&ada), &json!({ "role": "owner" })).await.problem(400);
    // Those of lesser roles administer nothing: the last one who does stays.
    let spare = "update wardgraph.users set global_role = null where email = 'spare@example.com'";
    app.database.behind_the_scenes().await.batch_execute(spare).await.unwrap();
    root.caller.put(&path(&root), &json!({ "role": "viewer" })).await.problem(409);
    root.caller.put(&path(&root), &json!({ "role": null })).await.problem(409);
    root.caller.put(&path(&ada), &json!({ "role": "super_admin" })).await.ok();
    assert_eq!(root.caller.put(&path(&root), &json!({ "role": null })).await.ok()["global_role"], Value::Null);
}
