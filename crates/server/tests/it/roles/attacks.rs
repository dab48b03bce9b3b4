//! What a stale token, a name and two at once do not come by.

use std::time::Duration;

use serde_json::json;

use super::{Cast, GRANTS, ROLES, edit, grant, kept, make, places};

#[tokio::test]
async fn no_name_rule_or_pattern_says_something_else_than_it_shows() {
    let Cast { app, owner, .. } = Cast::begin().await;
    let tricks = [
        "nodes:read\u{0}",
        "NODES:READ",
        "Nodes:read",
        "nodes:read:*a",
        "nodes:read:a*b",
        "nodes:read:a**",
        "nodes:read:a:b",
        "nodes:read:",
        "n\u{43e}des:read",
        "nodes\u{ff1a}read",
        "nodes\u{2236}read",
        "nodes:read:\u{202e}a",
        "nodes:read:a\u{200b}",
        "nodes:read:a\u{301}",
        "nodes:read:${user_id}${user_id}",
        "nodes:read:${tenant_id}",
        "nodes:read\nnodes:write",
        "nodes:read,nodes:write",
        " nodes:read",
        "nodes:read:'; drop table roles; --",
        "nodes:read:\"a\"",
        "nodes:read:a/../b",
        "nodes:read:-a",
        "*",
        "*:*:*:*",
        "!nodes:read",
        "",
    ];
    for trick in tricks {
        for list in ["allows", "denies"] {
            let told = make(&owner, "trick", json!({ list: [trick] })).await.problem(422);
            assert!(places(&told).iter().all(|place| *place == format!("/{list}/0")), "{trick:?}: {told}");
        }
    }
    for name in [
        "Reader",
        "reader ",
        " reader",
        "rea der",
        "r\u{435}ader",
        "reader\u{0}",
        "reader\n",
        "reader'; drop table roles; --",
        "\"reader\"",
        "reader:a",
        "reader/../owner",
        "-reader",
        "1reader",
        "reader\u{202e}",
        "",
        &"r".repeat(64),
    ] {
        let told = make(&owner, name, json!({})).await.problem(422);
        assert!(places(&told).iter().all(|place| place == "/name"), "{name:?}: {told}");
    }
    for path in ["Owner", "owner%00", "reader%27%3B%20drop%20table%20roles", "%2e%2e%2fgrants", "reader%0a", "%E2%80%AEreader"] {
        for method in ["GET", "DELETE", "PUT"] {
            let body = if method == "PUT" { "{}" } else { "" };
            let asked = owner.caller.request(method, &format!("{ROLES}/{path}")).body(body);
            wardgraph_testkit::Reply::of(asked).await.problem(404);
        }
    }
    assert_eq!(kept(&app).await, [""; 0]);
    // What it is for is told as it was said.
    let said = "it's \"theirs\"; drop table roles; -- \\ %s $1 {}";
    make(&owner, "reader", json!({ "description": said })).await.created();
    assert_eq!(owner.caller.get(&format!("{ROLES}/reader")).await.ok()["description"], said);
}

#[tokio::test]
async fn a_stale_token_changes_nothing() {
    let Cast { app, owner, admin, developer, .. } = Cast::begin().await;
    make(&owner, "plain", json!({ "allows": ["nodes:read"] })).await.created();
    let held = grant(&owner, &developer, "plain").await.created();
    // The gate knows who they are from now on, until it is told of something else.
    admin.caller.get(ROLES).await.ok();
    let client = app.database.behind_the_scenes().await;
    let set = "update wardgraph.memberships set role = $2 where user_id = $1::text::uuid and organization_id = $3";
    // Whoever heard of nothing believes the token still; the database has the last word.
    client.execute(set, &[&admin.id, &"analyst", &owner.caller.tenant]).await.unwrap();
    let before = kept(&app).await;
    grant(&admin, &admin, "developer").await.problem(401);
    make(&admin, "mine", json!({ "allows": ["nodes:write"] })).await.problem(401);
    make(&admin, "mine", json!({ "allows": ["nodes:read"] })).await.problem(401);
    edit(&admin, "plain", json!({ "allows": ["nodes:write"] })).await.problem(401);
    client
        .execute(
            "delete from wardgraph.memberships where user_id = $1::text::uuid and organization_id = $2",
            &[&admin.id, &owner.caller.tenant],
        )
        .await
        .unwrap();
    let outside = make(&admin, "mine", json!({})).await.status.as_u16();
    assert!([401, 403].contains(&outside), "{outside}");
    assert_eq!(kept(&app).await, before);
    // A session that ended, and one that began a while ago.
    client
        .execute("update wardgraph.sessions set ended_at = now() where session_id = $1::text::uuid", &[&owner.session])
        .await
        .unwrap();
    make(&owner, "late", json!({})).await.problem(401);
    super::revoke(&owner, &held).await.problem(401);
    let owner = super::at(&app, "ada@example.com", &owner.caller.tenant).await;
    make(&owner, "in-time", json!({})).await.created();
    app.clock.advance(Duration::from_mins(11));
    make(&owner, "too-late", json!({})).await.problem(401);
    owner.caller.delete(&format!("{ROLES}/in-time")).await.problem(401);
    grant(&owner, &owner, "analyst").await.problem(401);
}

#[tokio::test]
async fn nobody_but_a_person_who_signed_in_changes_roles() {
    let Cast { app, owner, developer, .. } = Cast::begin().await;
    let key = json!({ "name": "k", "scopes": ["roles:write"] });
    let key = owner.caller.post("/api/v1/users/me/api-keys", &key).await.created();
    let service = app.client_of(&owner, json!({ "role": "owner", "scopes": ["roles:write", "nodes:read"] })).await;
    let token = service.token(&[]).await.ok();
    let service = app.bearer(token["access_token"].as_str().unwrap());
    let minted = app.operator(&owner.caller.tenant, &["roles:write"]);
    let outside = app.caller(&owner.caller.tenant, &["roles:write", "*:*"]);
    let with_key = app.bearer(key["key"].as_str().unwrap());
    let before = kept(&app).await;
    for caller in [&minted, &outside, &with_key, &service, &developer.caller] {
        let role = json!({ "name": "mine" });
        assert!([401, 403].contains(&caller.post(ROLES, &role).await.status.as_u16()));
        let grant = json!({ "user_id": developer.id, "role": "owner" });
        assert!([401, 403].contains(&caller.post(GRANTS, &grant).await.status.as_u16()));
    }
    assert_eq!(kept(&app).await, before);
}

#[tokio::test]
async fn edits_that_together_make_a_circle_are_one_after_the_other() {
    let Cast { app: _app, owner, admin, .. } = Cast::begin().await;
    for turn in 0..5 {
        let (a, b) = (format!("a{turn}"), format!("b{turn}"));
        for name in [&a, &b] {
            make(&owner, name, json!({})).await.created();
        }
        let (one, other) =
            tokio::join!(edit(&owner, &a, json!({ "inherits": [b] })), edit(&admin, &b, json!({ "inherits": [a] })));
        let mut both = [one.status.as_u16(), other.status.as_u16()];
        both.sort_unstable();
        assert_eq!(both, [200, 422], "{} {}", one.text, other.text);
    }
    // Of what is granted twice at once one is, and of what is deleted while it is granted either.
    let (one, other) = tokio::join!(grant(&owner, &admin, "a0"), grant(&owner, &admin, "a0"));
    let mut both = [one.status.as_u16(), other.status.as_u16()];
    both.sort_unstable();
    assert_eq!(both, [201, 409]);
    make(&owner, "fleeting", json!({})).await.created();
    let gone = owner.caller.delete("/api/v1/roles/fleeting");
    let (held, gone) = tokio::join!(grant(&owner, &admin, "fleeting"), gone);
    let both = (held.status.as_u16(), gone.status.as_u16());
    assert!([(201, 409), (422, 204)].contains(&both), "{both:?}");
}

#[tokio::test]
async fn nobody_has_more_roles_than_can_be_looked_through() {
    let Cast { app, owner, developer, .. } = Cast::begin().await;
    for number in 0..127 {
        app.role(&owner, &format!("r{number}"), &[], &[], &[]).await;
        app.granted(&owner, &developer.id, &format!("r{number}")).await;
    }
    // With that of the membership they are 128.
    app.role(&owner, "last", &[], &[], &[]).await;
    grant(&owner, &developer, "last").await.problem(409);
    developer.caller.get("/api/v1/users/me/permissions").await.ok();
}

#[tokio::test]
async fn a_place_is_a_role_too_and_who_holds_too_many_is_mended() {
    let Cast { app, owner, admin, developer, .. } = Cast::begin().await;
    let code = json!({ "grant_types": ["authorization_code"], "redirect_uris": ["https://app.example/cb"], "role": null });
    let client = app.client_of(&owner, code).await;
    let place = |of: &str| format!("/api/v1/organizations/{}/members/{of}", owner.caller.tenant);
    owner.caller.patch(&place(&developer.id), &json!({ "role": null })).await.ok();
    let behind = app.database.behind_the_scenes().await;
    let to_client = "insert into wardgraph.grants (tenant_id, grant_id, client_id, role, granted_by, created_at)
                     values ($1, gen_random_uuid(), $2, $3, 'operator', now())";
    let mut ids = Vec::new();
    for number in 0..128 {
        let name = format!("r{number}");
        app.role(&owner, &name, &[], &[], &[]).await;
        ids.push(app.granted(&owner, &developer.id, &name).await);
        behind.execute(to_client, &[&owner.caller.tenant, &client.id, &name]).await.unwrap();
    }
    let told = owner.caller.patch(&place(&developer.id), &json!({ "role": "analyst" })).await.problem(409);
    assert!(told["detail"].as_str().unwrap().contains("128"), "{told}");
    let transfer = format!("/api/v1/organizations/{}/transfer", owner.caller.tenant);
    owner.caller.post(&transfer, &json!({ "user_id": developer.id })).await.problem(409);
    let changed = wardgraph_testkit::registration(json!({ "role": "analyst" }));
    owner.caller.put(&format!("/api/v1/clients/{}", client.id), &changed).await.problem(409);

    // However it came about: nothing of it is for good, and nobody else is in its way.
    app.role(&owner, "closer", &["organizations:delete"], &[], &[]).await;
    app.granted(&owner, &developer.id, "closer").await;
    let held = json!({ "id": ids[0].to_string() });
    // Each is taken by who holds it: an admin does not hold all of it.
    super::revoke(&admin, &held).await.problem(403);
    admin.caller.delete(&place(&developer.id)).await.problem(403);
    edit(&admin, "r1", json!({ "allows": ["nodes:read"] })).await.ok();
    grant(&owner, &admin, "r1").await.created();
    assert_eq!(super::revoke(&owner, &held).await.status, 204);
    app.granted(&owner, &developer.id, "r0").await;
    assert_eq!(owner.caller.delete(&place(&developer.id)).await.status, 204);
}
