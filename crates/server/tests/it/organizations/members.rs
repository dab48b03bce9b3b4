//! Members: whose place somebody may touch, and what goes with one.

use serde_json::{Value, json};
use wardgraph_testkit::{App, AppOptions, PASSWORD, Person};

use super::{act, enters, event, joins, number, organization, place};

const KEYS: &str = "/api/v1/users/me/api-keys";
const WHO: &str = "/api/v1/whoami";

fn role(word: &str) -> Value {
    json!({ "role": word })
}

#[tokio::test]
async fn members_are_listed_page_by_page_for_who_looks_after_them() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let admin = joins(&app, &ada, "admin@example.com", "admin").await;
    let analyst = joins(&app, &ada, "analyst@example.com", "analyst").await;
    let path = format!("{}/members", organization(&ada));
    for reader in [&ada, &admin] {
        let page = reader.caller.get(&path).await.ok();
        let roles: Vec<_> = page["members"].as_array().unwrap().iter().map(|member| &member["role"]).collect();
        assert_eq!(roles, ["owner", "admin", "analyst"]);
        assert!(page["members"][2]["since"].is_string() && page["members"][2]["last_used_at"].is_null());
    }
    let first = ada.caller.get(&format!("{path}?limit=2")).await.ok();
    let next = ada.caller.get(&format!("{path}?limit=2&cursor={}", first["next_cursor"].as_str().unwrap())).await.ok();
    assert_eq!((&next["count"], &next["members"][0]["user_id"]), (&json!(1), &json!(analyst.id)));
    analyst.caller.get(&path).await.problem(403);
    let stranger = app.person("elsewhere@example.com").await;
    stranger.caller.get(&path).await.problem(404);
    assert_eq!(event(&app, &ada.caller.tenant, "members.listed").await, json!({ "count": 1 }));
}

#[tokio::test]
async fn nobody_gives_or_takes_what_they_do_not_hold() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let admin = joins(&app, &ada, "admin@example.com", "admin").await;
    let other = joins(&app, &ada, "other@example.com", "admin").await;
    let developer = joins(&app, &ada, "dev@example.com", "developer").await;
    // Upwards, for oneself and for others; an owner; and whoever has no such permission at all.
    admin.caller.patch(&place(&ada, &admin), &role("owner")).await.problem(403);
    admin.caller.patch(&place(&ada, &developer), &role("owner")).await.problem(403);
    admin.caller.patch(&place(&ada, &ada), &role("analyst")).await.problem(403);
    admin.caller.delete(&place(&ada, &ada)).await.problem(403);
    developer.caller.patch(&place(&ada, &developer), &role("admin")).await.problem(403);
    developer.caller.delete(&place(&ada, &admin)).await.problem(403);
    assert_eq!(number(&app, "select count(*) from wardgraph.memberships where role = 'owner' and organization_id in (select organization_id from wardgraph.memberships group by 1 having count(*) > 1)").await, 1);
    // What one holds, one gives: and nothing but what is granted, too.
    let changed = admin.caller.patch(&place(&ada, &developer), &role("admin")).await.ok();
    assert_eq!((&changed["role"], &changed["user_id"]), (&json!("admin"), &json!(developer.id)));
    let told = event(&app, &ada.caller.tenant, "member.role_changed").await;
    assert_eq!(told, json!({ "before": role("developer"), "after": role("admin") }));
    assert_eq!(admin.caller.patch(&place(&ada, &other), &json!({ "role": null })).await.ok()["role"], Value::Null);
    // A body that says nothing takes nothing.
    admin.caller.patch(&place(&ada, &developer), &json!({})).await.problem(400);
    admin.caller.patch(&place(&ada, &developer), &role("super_admin")).await.problem(400);
    // Somebody else's people are not there, by whichever id.
    let bob = app.person("bob@example.com").await;
    admin.caller.patch(&place(&ada, &bob), &role("analyst")).await.problem(404);
    bob.caller.patch(&place(&ada, &developer), &role("analyst")).await.problem(404);
    bob.caller.patch(&place(&bob, &developer), &role("analyst")).await.problem(404);
    bob.caller.delete(&place(&bob, &ada)).await.problem(404);
    // A token whose roles are gone: the database is asked, whatever the server has heard.
    let sql = "set session_replication_role = replica; update wardgraph.memberships set role = 'analyst' where role = 'admin'";
    app.database.behind_the_scenes().await.batch_execute(sql).await.unwrap();
    admin.caller.delete(&place(&ada, &developer)).await.problem(403);
}

#[tokio::test]
async fn a_role_that_the_organization_made_reaches_as_far_as_its_rules() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let keeper = joins(&app, &ada, "keeper@example.com", "analyst").await;
    let developer = joins(&app, &ada, "dev@example.com", "developer").await;
    let analyst = joins(&app, &ada, "analyst@example.com", "analyst").await;
    let client = app.database.behind_the_scenes().await;
    let made = "insert into wardgraph.roles (tenant_id, name, description, allows, denies, inherits, created_at, updated_at)
                values ($1, 'keeper', '', '{members:write}', '{}', '{analyst}', now(), now())";
    client.execute(made, &[&ada.caller.tenant]).await.unwrap();
    let granted = "insert into wardgraph.grants (tenant_id, grant_id, user_id, role, granted_by, created_at) values ($1, gen_random_uuid(), $2::text::uuid, 'keeper', '', now())";
    client.execute(granted, &[&ada.caller.tenant, &keeper.id]).await.unwrap();
    let raise = "update wardgraph.organizations set roles_version = roles_version + 1, grants_version = grants_version + 1 where organization_id = $1";
    client.execute(raise, &[&ada.caller.tenant]).await.unwrap();
    let server = App::over(app.database.clone(), AppOptions::default()).await;
    server.clock.advance(std::time::Duration::from_mins(1));
    let keeper = enters(&server, "keeper@example.com", &ada.caller.tenant).await;
    keeper.caller.patch(&place(&ada, &developer), &role("analyst")).await.problem(403);
    keeper.caller.patch(&place(&ada, &analyst), &role("developer")).await.problem(403);
    keeper.caller.delete(&place(&ada, &ada)).await.problem(403);
    assert_eq!(keeper.caller.delete(&place(&ada, &analyst)).await.status, 204);
}

#[tokio::test]
async fn the_last_owner_stays() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    joins(&app, &ada, "admin@example.com", "admin").await;
    let leave = format!("{}/leave", organization(&ada));
    for reply in [
        ada.caller.patch(&place(&ada, &ada), &role("admin")).await,
        ada.caller.patch(&place(&ada, &ada), &json!({ "role": null })).await,
        ada.caller.delete(&place(&ada, &ada)).await,
        act(&ada.caller, &leave).await,
    ] {
        assert!(reply.problem(409)["detail"].as_str().unwrap().contains("last owner"));
    }
    // An owner who may do nothing is none.
    let heir = joins(&app, &ada, "heir@example.com", "owner").await;
    let disable = "update wardgraph.users set disabled_at = now() where user_id = $1::text::uuid";
    app.database.behind_the_scenes().await.execute(disable, &[&heir.id]).await.unwrap();
    act(&ada.caller, &leave).await.problem(409);
    let enable = "update wardgraph.users set disabled_at = null where user_id = $1::text::uuid";
    app.database.behind_the_scenes().await.execute(enable, &[&heir.id]).await.unwrap();
    assert_eq!(act(&ada.caller, &leave).await.status, 204);
    let read = heir.caller.get("/api/v1/organization").await.ok();
    assert_eq!(read["owner_id"], json!(heir.id));
    assert_eq!(event(&app, &ada.caller.tenant, "member.left").await["before"]["role"], "owner");
}

#[tokio::test]
async fn two_owners_who_remove_or_demote_each_other_at_once_leave_one() {
    let app = App::start().await;
    for round in 0..6 {
        let one = app.person(&format!("one-{round}@example.com")).await;
        let other = joins(&app, &one, &format!("other-{round}@example.com"), "owner").await;
        let against = async |by: &Person, whom: &Person| {
            if round % 2 == 0 {
                by.caller.delete(&place(&one, whom)).await
            } else {
                by.caller.patch(&place(&one, whom), &role("analyst")).await
            }
        };
        let (a, b) = tokio::join!(against(&one, &other), against(&other, &one));
        let done = [&a, &b].iter().filter(|reply| reply.status.is_success()).count();
        assert_eq!(done, 1, "{} {}", a.text, b.text);
        let owners = format!(
            "select count(*) from wardgraph.memberships where organization_id = '{}' and role = 'owner'",
            one.caller.tenant
        );
        assert_eq!(number(&app, &owners).await, 1);
        let recorded = format!(
            "select count(*) from wardgraph.organizations o join wardgraph.memberships m on m.organization_id = o.organization_id and m.user_id = o.owner_id
             where o.organization_id = '{}' and m.role = 'owner'",
            one.caller.tenant
        );
        assert_eq!(number(&app, &recorded).await, 1, "the record names who is left");
    }
}

#[tokio::test]
async fn two_owners_who_leave_at_once_leave_one() {
    let app = App::start().await;
    for round in 0..4 {
        let one = app.person(&format!("one-{round}@example.com")).await;
        let other = joins(&app, &one, &format!("other-{round}@example.com"), "owner").await;
        let path = format!("{}/leave", organization(&one));
        let (a, b) = tokio::join!(act(&one.caller, &path), act(&other.caller, &path));
        let mut told = [a.status.as_u16(), b.status.as_u16()];
        told.sort_unstable();
        assert_eq!(told, [204, 409], "{} {}", a.text, b.text);
    }
}

#[tokio::test]
async fn whoever_is_put_out_has_nothing_left_there_and_gets_nothing_back() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let eve = joins(&app, &ada, "eve@example.com", "admin").await;
    let at_home = Person::again(&app, "eve@example.com").await;
    let made = eve.caller.post(KEYS, &json!({ "name": "k", "scopes": ["nodes:read"] })).await.created();
    let key = app.bearer(made["key"].as_str().unwrap());
    key.get("/nodes").await.ok();
    let invited = json!({ "email": "mallory@example.com", "role": "developer" });
    eve.caller.post("/api/v1/invitations", &invited).await.created();
    let granted = "insert into wardgraph.grants (tenant_id, grant_id, user_id, role, granted_by, created_at) values ($1, gen_random_uuid(), $2::text::uuid, 'developer', '', now())";
    app.database.behind_the_scenes().await.execute(granted, &[&ada.caller.tenant, &eve.id]).await.unwrap();
    assert_eq!(ada.caller.delete(&place(&ada, &eve)).await.status, 204);
    app.hear().await;
    eve.caller.get(WHO).await.problem(401);
    assert!(matches!(key.get("/nodes").await.status.as_u16(), 401 | 403));
    let refreshing = json!({ "refresh_token": eve.refresh_token });
    app.stranger().post("/api/v1/auth/refresh", &refreshing).await.problem(401);
    // Where else she works is her own business.
    at_home.caller.get(WHO).await.ok();
    let at = |table: &str, condition: &str| {
        format!("select count(*) from wardgraph.{table} where {condition} and user_id = '{}'", eve.id)
    };
    let here = format!("organization_id = '{}'", ada.caller.tenant);
    assert_eq!(number(&app, &at("sessions", &format!("{here} and ended_at is null"))).await, 0);
    assert_eq!(number(&app, &at("api_keys", &format!("{here} and revoked_at is null"))).await, 0);
    assert_eq!(number(&app, &at("grants", "true")).await, 0);
    let open = "select count(*) from wardgraph.invitations where withdrawn_at is null and used_at is null";
    assert_eq!(number(&app, open).await, 0);
    let told = event(&app, &ada.caller.tenant, "member.removed").await;
    assert_eq!((&told["before"]["role"], &told["after"]), (&json!("admin"), &Value::Null));
    // Nothing revives with a new membership.
    ada.takes_in(&app, &eve, "admin").await;
    app.hear().await;
    eve.caller.get(WHO).await.problem(401);
    assert!(matches!(key.get("/nodes").await.status.as_u16(), 401 | 403));
    app.stranger().post("/api/v1/auth/refresh", &refreshing).await.problem(401);
}

#[tokio::test]
async fn another_role_and_an_end_reach_a_second_server_within_a_second() {
    let one = App::with(AppOptions { listens: true, ..AppOptions::default() }).await;
    let other = App::over(one.database.clone(), AppOptions { listens: true, ..AppOptions::default() }).await;
    let ada = one.person("ada@example.com").await;
    let dev = joins(&one, &ada, "dev@example.com", "developer").await;
    let there = other.bearer(dev.caller.token.as_ref().unwrap());
    let node = json!({ "classes": ["Person"], "props": {} });
    there.post("/nodes", &node).await.created();
    ada.caller.patch(&place(&ada, &dev), &role("analyst")).await.ok();
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    // By its roles, or since the token said others: it writes nothing.
    assert!(matches!(there.post("/nodes", &node).await.status.as_u16(), 401 | 403));
    ada.caller.delete(&place(&ada, &dev)).await;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    there.get(WHO).await.problem(401);
}

#[tokio::test]
async fn whoever_is_put_out_of_their_only_organization_signs_in_still_and_owns_one() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    // Who follows an invitation has no other.
    let (_, token) = app.invitation(&ada, "eve@example.com", "developer").await;
    let new = json!({ "token": token, "name": "Eve Moneypenny", "password": PASSWORD });
    app.stranger().post("/api/v1/auth/accept-invitation", &new).await.created();
    let eve = Person::again(&app, "eve@example.com").await;
    assert_eq!(eve.caller.tenant, ada.caller.tenant);
    assert_eq!(ada.caller.delete(&place(&ada, &eve)).await.status, 204);
    app.hear().await;
    // Where she was put out she is nobody, and asking for it makes nothing.
    let there = json!({ "email": "eve@example.com", "password": PASSWORD, "organization": ada.caller.tenant });
    app.stranger().post("/api/v1/auth/login", &there).await.problem(403);
    let count = format!("select count(*) from wardgraph.memberships where user_id = '{}'", eve.id);
    assert_eq!(number(&app, &count).await, 0);
    // Twice at once, and it is one organization.
    let (one, other) = tokio::join!(Person::again(&app, "eve@example.com"), Person::again(&app, "eve@example.com"));
    assert_eq!(one.caller.tenant, other.caller.tenant);
    assert_ne!(one.caller.tenant, ada.caller.tenant);
    assert_eq!(number(&app, &count).await, 1);
    let own = one.caller.get(&organization(&one)).await.ok();
    assert_eq!((&own["name"], &own["role"]), (&json!("Eve Moneypenny's organization"), &json!("owner")));
    let told = event(&app, &one.caller.tenant, "organization.created").await;
    assert_eq!((&told["before"], &told["after"]["owner_id"]), (&Value::Null, &json!(eve.id)));
    assert_eq!(Person::again(&app, "eve@example.com").await.caller.tenant, one.caller.tenant);
}
