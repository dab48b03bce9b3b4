//! Roles that are much to judge.

use serde_json::json;

use super::{Cast, edit};

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
