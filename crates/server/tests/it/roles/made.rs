//! Roles are made, read, changed and deleted.

use serde_json::{Value, json};

use super::{Cast, ROLES, edit, grant, make, places, revoke};

fn names(page: &Value) -> Vec<&str> {
    page["roles"].as_array().unwrap().iter().map(|role| role["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_organization_makes_reads_changes_and_deletes_its_roles() {
    let Cast { app: _app, owner, developer, .. } = Cast::begin().await;
    let says = json!({ "description": "reads \"production\"", "allows": ["nodes:read:production-*", "search:read:*"], "denies": ["nodes:read:production-secret-*"], "inherits": ["analyst"] });
    let made = make(&owner, "reader", says).await.created();
    assert_eq!(made["allows"], json!(["nodes:read:production-*", "search:read"]), "one text for each meaning");
    assert_eq!((&made["denies"], &made["inherits"]), (&json!(["nodes:read:production-secret-*"]), &json!(["analyst"])));
    assert_eq!(
        (&made["description"], &made["is_built_in"], &made["holders"]),
        (&json!("reads \"production\""), &json!(false), &json!(0))
    );
    make(&owner, "reader", json!({})).await.problem(409);

    let page = owner.caller.get(ROLES).await.ok();
    assert_eq!(names(&page), ["owner", "admin", "developer", "data_scientist", "analyst", "reader"]);
    assert_eq!(
        (&page["roles"][0]["holders"], &page["roles"][2]["holders"], &page["roles"][3]["holders"]),
        (&json!(1), &json!(1), &json!(0))
    );
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = owner.caller.get(&format!("{ROLES}?limit=4{cursor}")).await.ok();
        seen.extend(names(&page).into_iter().map(str::to_owned));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, names(&page));

    // What somebody read before it was changed is not what they change.
    let read = owner.caller.get(&format!("{ROLES}/reader")).await;
    let tag = read.headers["etag"].to_str().unwrap().to_owned();
    grant(&owner, &developer, "reader").await.created();
    let changed = edit(&owner, "reader", json!({ "allows": ["nodes:read"] })).await.ok();
    assert_eq!((&changed["allows"], &changed["denies"], &changed["holders"]), (&json!(["nodes:read"]), &json!([]), &json!(1)));
    let stale = owner.caller.request("PUT", &format!("{ROLES}/reader")).header("if-match", &tag).json(&json!({}));
    wardgraph_testkit::Reply::of(stale).await.problem(412);
    let stale = owner.caller.request("DELETE", &format!("{ROLES}/reader")).header("if-match", &tag);
    wardgraph_testkit::Reply::of(stale).await.problem(412);
    assert_eq!(owner.caller.get(&format!("{ROLES}/reader")).await.ok()["allows"], json!(["nodes:read"]));

    let events = owner.caller.events().await;
    // What was refused is on record too, and the clock stands still: in no order.
    let is_done = |event: &Value, event_type: &str| event["type"] == event_type && event["outcome"] == "success";
    let of = |event_type: &str| events.iter().find(|event| is_done(event, event_type)).unwrap_or_else(|| panic!("{event_type}"));
    assert_eq!(of("role.created")["payload"]["after"]["inherits"], json!(["analyst"]));
    let updated = of("role.updated");
    assert_eq!(
        (&updated["payload"]["before"]["inherits"], &updated["payload"]["after"]["inherits"]),
        (&json!(["analyst"]), &json!([]))
    );
    assert_eq!(of("grant.made")["payload"]["after"]["role"], "reader");
}

#[tokio::test]
async fn a_role_that_is_held_or_inherited_from_stays() {
    let Cast { app: _app, owner, developer, .. } = Cast::begin().await;
    make(&owner, "base", json!({ "allows": ["nodes:read"] })).await.created();
    make(&owner, "heir", json!({ "inherits": ["base"] })).await.created();
    let held = grant(&owner, &developer, "base").await.created();
    let told = owner.caller.delete(&format!("{ROLES}/base")).await.problem(409);
    assert!(
        told["detail"].as_str().unwrap().contains("held 1 times, 0 open invitations are to it and 1 roles inherit"),
        "{told}"
    );
    assert_eq!(revoke(&owner, &held).await.status, 204);
    owner.caller.delete(&format!("{ROLES}/base")).await.problem(409);
    assert_eq!(owner.caller.delete(&format!("{ROLES}/heir")).await.status, 204);
    assert_eq!(owner.caller.delete(&format!("{ROLES}/base")).await.status, 204);
    owner.caller.get(&format!("{ROLES}/base")).await.problem(404);
    owner.caller.delete(&format!("{ROLES}/base")).await.problem(404);
    edit(&owner, "base", json!({})).await.problem(404);
    // Nobody gets back what was there before by its name.
    make(&owner, "base", json!({})).await.created();
    assert_eq!(owner.caller.get(&format!("{ROLES}/base")).await.ok()["holders"], 0);
}

#[tokio::test]
async fn built_in_roles_are_nobodys_to_change_or_to_imitate() {
    let Cast { app: _app, owner, .. } = Cast::begin().await;
    for name in ["owner", "admin", "developer", "data_scientist", "analyst"] {
        edit(&owner, name, json!({ "allows": ["*:*"] })).await.problem(409);
        owner.caller.delete(&format!("{ROLES}/{name}")).await.problem(409);
        let shown = owner.caller.get(&format!("{ROLES}/{name}")).await.ok();
        assert!(
            shown["is_built_in"] == true && shown["created_at"].is_null() && !shown["allows"].as_array().unwrap().is_empty(),
            "{shown}"
        );
    }
    for name in ["owner", "analyst", "super_admin", "viewer", "0wner", "adm1n", "data-scientist", "superadmin"] {
        assert_eq!(places(&make(&owner, name, json!({})).await.problem(422)), ["/name"], "{name}");
    }
    // Nor are those of the server an organization's.
    owner.caller.get(&format!("{ROLES}/super_admin")).await.problem(404);
}

#[tokio::test]
async fn what_is_wrong_with_a_role_is_told_with_its_place() {
    let Cast { app: _app, owner, .. } = Cast::begin().await;
    make(&owner, "a", json!({})).await.created();
    for (says, place) in [
        (json!({ "allows": ["nodes:read", "nodes:paint"] }), "/allows/1"),
        (json!({ "denies": ["nodes:read:A"] }), "/denies/0"),
        (json!({ "allows": ["system:read"] }), "/allows/0"),
        (json!({ "denies": ["nodes:read", "users:write"] }), "/denies/1"),
        (json!({ "inherits": ["a", "nobody"] }), "/inherits/1"),
        (json!({ "inherits": ["super_admin"] }), "/inherits/0"),
        (json!({ "inherits": ["Not A Role"] }), "/inherits/0"),
        (json!({ "inherits": ["b"] }), "/inherits"),
        (json!({ "allows": vec!["nodes:read"; 257] }), "/allows"),
        (json!({ "inherits": vec!["a"; 17] }), "/inherits"),
        (json!({ "description": "a\u{202e}b" }), "/description"),
        (json!({ "description": "x".repeat(501) }), "/description"),
    ] {
        assert_eq!(places(&make(&owner, "b", says.clone()).await.problem(422)), [place], "{says}");
    }
    for says in [json!({ "allow": ["nodes:read"] }), json!({ "allows": "nodes:read" }), json!({ "is_built_in": true })] {
        make(&owner, "b", says).await.problem(400);
    }
    owner.caller.get(&format!("{ROLES}/b")).await.problem(404);
}

#[tokio::test]
async fn no_role_inherits_from_itself_however_long_the_way() {
    let Cast { app: _app, owner, .. } = Cast::begin().await;
    make(&owner, "a", json!({ "allows": ["nodes:read"] })).await.created();
    for (name, parent) in [("b", "a"), ("c", "b")] {
        make(&owner, name, json!({ "inherits": [parent] })).await.created();
    }
    for parent in ["a", "b", "c"] {
        assert_eq!(places(&edit(&owner, "a", json!({ "inherits": [parent] })).await.problem(422)), ["/inherits"], "{parent}");
    }
    assert_eq!(owner.caller.get(&format!("{ROLES}/a")).await.ok()["inherits"], json!([]));
    let mut last = "c".to_owned();
    for number in 3..9 {
        let name = format!("d{number}");
        make(&owner, &name, json!({ "inherits": [last] })).await.created();
        last = name;
    }
    assert_eq!(places(&make(&owner, "deep", json!({ "inherits": [last] })).await.problem(422)), ["/inherits"]);
}

#[tokio::test]
async fn a_rule_speaks_of_one_client() {
    let Cast { app, owner, admin, developer, .. } = Cast::begin().await;
    let made = async |name: &str| {
        let new = wardgraph_testkit::registration(json!({ "client_name": name }));
        owner.caller.post("/api/v1/clients", &new).await.created()["client_id"].as_str().unwrap().to_owned()
    };
    let (one, other) = (made("one").await, made("other").await);
    make(&owner, "keeper", json!({ "allows": [format!("clients:read:{one}")] })).await.created();
    make(&owner, "kept-out", json!({ "denies": [format!("clients:read:{one}")] })).await.created();
    grant(&owner, &developer, "keeper").await.created();
    grant(&owner, &admin, "kept-out").await.created();
    app.hear().await;
    let status = async |by: &wardgraph_testkit::Person, path: &str| by.caller.get(path).await.status.as_u16();
    let (path, others) = (format!("/api/v1/clients/{one}"), format!("/api/v1/clients/{other}"));
    for (who, expected) in [(&developer, [200, 403, 403, 403]), (&admin, [403, 200, 403, 403])] {
        let spelled = path.replace("wgc_", "wgc%5F");
        let told = [
            status(who, &path).await,
            status(who, &others).await,
            status(who, "/api/v1/clients").await,
            status(who, &spelled).await,
        ];
        assert_eq!(told, expected);
    }
}
