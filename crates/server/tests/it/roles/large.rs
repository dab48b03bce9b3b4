//! Roles that are much to judge.

use std::time::Duration;

use serde_json::json;
use wardgraph_kernel::Clock;

use super::{Cast, edit, grant, kept, make, revoke};

#[tokio::test]
async fn an_edit_that_is_too_much_to_judge_is_refused_before_it_is_judged() {
    let Cast { app, owner, .. } = Cast::begin().await;
    let client = app.database.behind_the_scenes().await;
    let run = async |sql: &str| {
        client.execute(sql, &[&owner.caller.tenant]).await.unwrap();
    };
    run("insert into wardgraph.roles (tenant_id, name, description, allows, denies, inherits, created_at, updated_at)
         select $1::text, 'part-' || p, '', array(select 'nodes:read:p' || p || '-' || n from generate_series(1, 250) n), '{}', '{}', now(), now()
         from generate_series(1, 16) p")
    .await;
    run("insert into wardgraph.roles (tenant_id, name, description, allows, denies, inherits, created_at, updated_at)
         select $1::text, 'wide', '', '{}', '{}', array(select 'part-' || p from generate_series(1, 16) p), now(), now()")
    .await;
    run("insert into wardgraph.roles (tenant_id, name, description, allows, denies, inherits, created_at, updated_at)
         select $1::text, 'heir-' || n, '', '{}', '{}', '{wide}', now(), now() from generate_series(1, 480) n")
    .await;
    run("update wardgraph.organizations set roles_version = roles_version + 1 where organization_id = $1").await;
    let parts: Vec<_> = (1..=16).map(|part| format!("part-{part}")).collect();
    let wide = json!({ "allows": ["edges:read"], "inherits": parts });
    let told = edit(&owner, "wide", wide.clone()).await.problem(409);
    assert!(told["detail"].as_str().unwrap().contains("2000000 rules"), "{told}");
    edit(&owner, "part-1", json!({ "allows": ["edges:read"] })).await.problem(409);
    // What few inherit from is judged, in the same organization; and so is this one, once few do.
    edit(&owner, "heir-1", json!({ "allows": ["edges:read"], "inherits": ["wide"] })).await.ok();
    run("delete from wardgraph.roles where tenant_id = $1 and name like 'heir-%' and name <> 'heir-1'").await;
    edit(&owner, "wide", wide).await.ok();
}

/// Rules that are each about all that an organization can give.
fn wide(role: usize, rules: usize) -> Vec<String> {
    (0..rules).map(|rule| format!("*:*:r{role}-{rule}")).collect()
}

#[tokio::test]
async fn rules_that_are_about_much_count_as_much_and_what_is_let_in_can_be_told() {
    let Cast { app: _app, owner, developer, .. } = Cast::begin().await;
    let mut made = 0;
    let told = loop {
        let reply = make(&owner, &format!("wide-{made}"), json!({ "allows": wide(made, 256) })).await;
        if reply.status != 201 {
            break reply.problem(409);
        }
        made += 1;
    };
    assert!(told["detail"].as_str().unwrap().contains("60000 permissions"), "{told}");
    assert!((6..=15).contains(&made), "{made}: it is not the number of rules");
    make(&owner, "narrow", json!({ "allows": ["nodes:read:a-*"] })).await.created();
    for role in 0..made {
        grant(&owner, &developer, &format!("wide-{role}")).await.created();
    }
    let found = developer.caller.get("/api/v1/users/me/permissions").await.ok();
    let counts = found["allows"].as_array().unwrap().iter().filter(|rule| rule["rule"].as_str().unwrap().starts_with("*:*:r"));
    assert_eq!(counts.count(), 256 * made);
    let told = owner.caller.get(&format!("/api/v1/users/{}/permissions", developer.id)).await.ok();
    assert_eq!(told, found);
}

#[tokio::test]
async fn so_many_roles_that_end_keep_no_owner_from_what_they_may() {
    let Cast { app, owner, developer, .. } = Cast::begin().await;
    for role in 0..60 {
        let allows = wide(role, 30);
        app.role(&owner, &format!("wide-{role}"), &allows.iter().map(String::as_str).collect::<Vec<_>>(), &[], &[]).await;
        app.granted(&owner, &owner.id, &format!("wide-{role}")).await;
    }
    let sql = "update wardgraph.grants set expires_at = $2::timestamptz + substr(role, 6)::int * interval '1 minute' where tenant_id = $1";
    let soon = app.clock.now() + Duration::from_hours(1);
    app.database.behind_the_scenes().await.execute(sql, &[&owner.caller.tenant, &soon]).await.unwrap();
    app.hear().await;
    let given = grant(&owner, &developer, "wide-1").await.created();
    edit(&owner, "wide-1", json!({ "allows": ["nodes:read"] })).await.ok();
    assert_eq!(revoke(&owner, &given).await.status, 204);
    assert_eq!(kept(&app).await.iter().filter(|row| row.contains(&developer.id)).count(), 0);
}
