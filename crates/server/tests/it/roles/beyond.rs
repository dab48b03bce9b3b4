//! Nobody hands out what they do not hold.

use serde_json::json;
use wardgraph_http::Joining;
use wardgraph_testkit::{App, AppOptions, ClientOptions, Reply, registration};

use super::{Cast, GRANTS, ROLES, at, edit, grant, joined, kept, make, revoke};

#[tokio::test]
async fn nobody_grants_what_they_do_not_hold() {
    let Cast { app, owner, admin, developer, .. } = Cast::begin().await;
    make(&owner, "closer", json!({ "allows": ["organizations:delete"] })).await.created();
    make(&owner, "heir", json!({ "inherits": ["closer"] })).await.created();
    let before = kept(&app).await;
    for role in ["owner", "closer", "heir"] {
        for to in [&admin, &developer] {
            let told = grant(&admin, to, role).await.problem(403);
            assert!(told["detail"].as_str().unwrap().contains("`organizations:delete` is not yours to give"), "{told}");
        }
    }
    for role in ["owner", "analyst"] {
        grant(&developer, &developer, role).await.problem(403);
    }
    for says in [json!({ "inherits": ["owner"] }), json!({ "allows": ["*:*"] }), json!({ "allows": ["organizations:*:a"] })] {
        make(&admin, "mine", says.clone()).await.problem(403);
    }
    assert_eq!(kept(&app).await, before);
    grant(&admin, &developer, "admin").await.created();
    grant(&owner, &admin, "closer").await.created();
    // Who holds it may give it.
    grant(&admin, &developer, "heir").await.created();
    let refused: Vec<_> = owner
        .caller
        .events()
        .await
        .into_iter()
        .filter(|event| event["outcome"] == "refused" && event["type"] == "grant.made")
        .collect();
    assert_eq!(refused.len(), 6, "what was tried is on record: {refused:?}");
    assert!(refused.iter().all(|event| event["payload"]["beyond"].is_array()), "{refused:?}");
}

#[tokio::test]
async fn who_edits_a_role_gives_what_it_says() {
    let Cast { app: _app, owner, admin, .. } = Cast::begin().await;
    make(&owner, "held", json!({ "allows": ["nodes:read"] })).await.created();
    make(&owner, "base", json!({ "allows": ["nodes:read"] })).await.created();
    make(&owner, "above", json!({ "allows": ["organizations:delete"], "inherits": ["base"] })).await.created();
    grant(&owner, &admin, "held").await.created();
    for says in [
        json!({ "allows": ["nodes:read", "organizations:delete"] }),
        json!({ "inherits": ["owner"] }),
        json!({ "inherits": ["above"] }),
    ] {
        edit(&admin, "held", says.clone()).await.problem(403);
    }
    // A role is edited with all that take over its rules.
    edit(&admin, "base", json!({ "allows": ["nodes:write"] })).await.problem(403);
    edit(&admin, "above", json!({ "allows": ["organizations:delete"] })).await.problem(403);
    edit(&admin, "held", json!({ "allows": ["nodes:write"], "description": "more" })).await.ok();
    // What it is for is no rule.
    edit(&admin, "above", json!({ "allows": ["organizations:delete"], "inherits": ["base"], "description": "closes" }))
        .await
        .ok();
}

#[tokio::test]
async fn a_deny_that_goes_is_judged_as_given() {
    let Cast { app, owner, admin, developer, .. } = Cast::begin().await;
    make(&owner, "no-secrets", json!({ "denies": ["nodes:read:secret-*"] })).await.created();
    make(&owner, "guard", json!({ "denies": ["nodes:read:secret-1"] })).await.created();
    let own = grant(&owner, &admin, "no-secrets").await.created();
    let others = grant(&owner, &developer, "guard").await.created();
    let before = kept(&app).await;
    // From oneself, and from others: by an edit, by taking the role back, by a role that inherits.
    edit(&admin, "no-secrets", json!({})).await.problem(403);
    edit(&admin, "no-secrets", json!({ "denies": ["nodes:read:secret-1"] })).await.problem(403);
    revoke(&admin, &own).await.problem(403);
    edit(&admin, "guard", json!({})).await.problem(403);
    revoke(&admin, &others).await.problem(403);
    owner.caller.delete(&format!("{ROLES}/no-secrets")).await.problem(409);
    for says in [json!({ "allows": ["nodes:read"] }), json!({ "inherits": ["analyst"] }), json!({ "allows": ["search:read"] })] {
        make(&admin, "reader", says).await.problem(403);
    }
    for role in ["developer", "analyst", "admin"] {
        grant(&admin, &developer, role).await.problem(403);
    }
    assert_eq!(kept(&app).await, before);
    // Along with the deny it is theirs to give.
    make(&admin, "reader", json!({ "inherits": ["analyst", "no-secrets"] })).await.created();
    grant(&admin, &developer, "reader").await.created();
    assert_eq!(revoke(&owner, &others).await.status, 204);
    edit(&owner, "no-secrets", json!({})).await.ok();
    grant(&admin, &developer, "analyst").await.created();
}

/// Every write that hands something out, with who tries it here, or where.
const HANDED_OUT: &[(&str, &str)] = &[
    ("CreateRole", "nobody_grants_what_they_do_not_hold"),
    ("ReplaceRole", "who_edits_a_role_gives_what_it_says"),
    ("DeleteRole", "a_role_that_is_held_or_inherited_from_stays"),
    ("MakeGrant", "nobody_grants_what_they_do_not_hold"),
    ("RevokeGrant", "nobody_takes_what_they_do_not_hold"),
    ("Invite", "what_is_denied_is_handed_out_by_no_other_way"),
    ("InviteByPage", "the same handler as Invite"),
    ("AcceptInvitation", "an_invitation_gives_what_its_inviter_holds_when_it_is_followed"),
    ("AcceptByPage", "the same handler as AcceptInvitation"),
    ("JoinOrganization", "an_invitation_gives_what_its_inviter_holds_when_it_is_followed"),
    ("JoinByPage", "the same handler as JoinOrganization"),
    ("CreateApiKey", "what_is_denied_is_handed_out_by_no_other_way"),
    ("MakeKey", "the same handler as CreateApiKey"),
    ("RotateApiKey", "the scopes of the key before, which the live roles bound"),
    ("RotateKeyByPage", "the same handler as RotateApiKey"),
    ("CreateClient", "what_is_denied_is_handed_out_by_no_other_way"),
    ("ReplaceClient", "what_opens_a_client_is_for_who_holds_what_it_may"),
    ("RotateClientSecret", "what_opens_a_client_is_for_who_holds_what_it_may"),
    ("DeleteClient", "nobody_ends_a_client_that_stands_above_them"),
    ("DeleteRegistration", "the client's own"),
    ("CreateInitialToken", "what_is_denied_is_handed_out_by_no_other_way"),
    ("RegisterClient", "an_initial_token_is_worth_what_its_maker_holds"),
    ("ChangeMember", "neither_a_place_nor_an_organization_is_handed_over_with_more_than_its_giver_holds"),
    ("RemoveMember", "nobody_puts_out_who_holds_more"),
    ("TransferOrganization", "neither_a_place_nor_an_organization_is_handed_over_with_more_than_its_giver_holds"),
    ("SetGlobalRole", "a super administrator's alone, and of no organization"),
    ("BeginReview", "a_review_gives_nothing_that_its_reviewer_does_not_hold"),
    ("DecideReviewItem", "a_review_gives_nothing_that_its_reviewer_does_not_hold"),
    ("Elevate", "an administrator's own, of data alone"),
    ("UpdateRegistration", "a client's own: it has no role but its token's"),
];

#[test]
fn every_write_that_hands_something_out_is_tried() {
    use wardgraph_kernel::EventType as Event;
    let hands_out = |event: Event| {
        matches!(
            event,
            Event::RoleCreated
                | Event::RoleUpdated
                | Event::RoleDeleted
                | Event::GrantMade
                | Event::GrantRevoked
                | Event::InvitationMade
                | Event::MemberJoined
                | Event::ApiKeyCreated
                | Event::ApiKeyRotated
                | Event::ClientCreated
                | Event::ClientUpdated
                | Event::ClientDeleted
                | Event::ClientSecretMade
                | Event::InitialTokenMade
                | Event::MemberRoleChanged
                | Event::MemberRemoved
                | Event::OrganizationOwnerChanged
                | Event::GlobalRoleSet
                | Event::ReviewBegun
                | Event::ReviewDecided
                | Event::ElevationBegun
        )
    };
    let rows = wardgraph_api::table::rows().filter(|row| row.spec.event.is_some_and(hands_out));
    let mut declared: Vec<_> = rows.map(|row| row.spec.id).collect();
    let mut tried: Vec<_> = HANDED_OUT.iter().map(|(id, _)| *id).collect();
    declared.sort_unstable();
    tried.sort_unstable();
    assert_eq!(declared, tried, "whoever adds an endpoint that hands something out tries it");
}

#[tokio::test]
async fn what_is_denied_is_handed_out_by_no_other_way() {
    let Cast { app, owner, admin, .. } = Cast::begin().await;
    make(&owner, "no-secrets", json!({ "denies": ["nodes:read:secret-*"] })).await.created();
    grant(&owner, &admin, "no-secrets").await.created();
    let invitation = |role: &str| json!({ "email": format!("{role}@example.com"), "role": role });
    admin.caller.post("/api/v1/invitations", &invitation("analyst")).await.problem(403);
    admin.caller.post("/api/v1/clients", &registration(json!({}))).await.problem(422);
    let token = json!({ "role": "developer", "scopes": ["nodes:read"] });
    admin.caller.post("/api/v1/initial-tokens", &token).await.problem(422);
    // A client that acts for people alone is bound by what they may; and who registers it names no more than they may do to all that there is.
    let code = json!({ "grant_types": ["authorization_code"], "redirect_uris": ["https://app.example/cb"], "role": null });
    admin.caller.post("/api/v1/clients", &registration(code)).await.problem(422);
    // So is a key, by what its owner may: the deny is in force for it too.
    let key = json!({ "name": "k", "scopes": ["nodes:read", "edges:write:a-*"] });
    assert_eq!(admin.caller.post("/api/v1/users/me/api-keys", &key).await.created()["scopes"], key["scopes"]);
    for scope in ["organizations:delete", "organizations:delete:a", "users:write", "nodes:read:A", "nodes:read:**", "nodes:*"] {
        let key = json!({ "name": "k", "scopes": ["nodes:read", scope] });
        let told = admin.caller.post("/api/v1/users/me/api-keys", &key).await.problem(422);
        assert_eq!(super::places(&told), ["/scopes/1"], "{scope}");
    }
    // Who looks after members no more invites nobody, whatever the membership says.
    make(&owner, "no-members", json!({ "denies": ["members:write"] })).await.created();
    joined(&app, &owner, "eve@example.com", "owner").await;
    grant(&owner, &owner, "no-members").await.created();
    owner.caller.post("/api/v1/invitations", &invitation("admin")).await.problem(403);
}

#[tokio::test]
async fn what_opens_a_client_is_for_who_holds_what_it_may() {
    let Cast { app, owner, admin, .. } = Cast::begin().await;
    let client = app.client_of(&owner, json!({})).await;
    make(&owner, "closer", json!({ "allows": ["organizations:delete"] })).await.created();
    let to_client = json!({ "client_id": client.id, "role": "closer" });
    let secrets = format!("/api/v1/clients/{}/secrets", client.id);
    admin.caller.post(&secrets, &json!({})).await.created();
    admin.caller.post(GRANTS, &to_client).await.problem(403);
    owner.caller.post(GRANTS, &to_client).await.created();
    // What it was granted is above the admin: neither a new secret nor another key is theirs.
    admin.caller.post(&secrets, &json!({})).await.problem(403);
    admin.caller.put(&format!("/api/v1/clients/{}", client.id), &registration(json!({}))).await.problem(403);
    owner.caller.post(&secrets, &json!({})).await.created();
}

#[tokio::test]
async fn an_invitation_gives_what_its_inviter_holds_when_it_is_followed() {
    let Cast { app, owner, admin, .. } = Cast::begin().await;
    let joan = app.person("joan@example.com").await;
    let [to_new, to_joan] = ["new@example.com", "joan@example.com"].map(|email| (email, "developer"));
    let (_, first) = app.invitation(&admin, to_new.0, to_new.1).await;
    let (_, second) = app.invitation(&admin, to_joan.0, to_joan.1).await;
    make(&owner, "no-secrets", json!({ "denies": ["nodes:read:secret-*"] })).await.created();
    let held = grant(&owner, &admin, "no-secrets").await.created();
    let acceptance = json!({ "token": first, "name": "New", "password": "marble-tunnel-ferry-quilt" });
    app.stranger().post("/api/v1/auth/accept-invitation", &acceptance).await.problem(422);
    joan.caller.post("/api/v1/users/me/organizations", &json!({ "token": second })).await.problem(422);
    assert_eq!(revoke(&owner, &held).await.status, 204);
    app.stranger().post("/api/v1/auth/accept-invitation", &acceptance).await.created();
    joan.caller.post("/api/v1/users/me/organizations", &json!({ "token": second })).await.created();
}

#[tokio::test]
async fn a_member_who_may_change_roles_gives_no_more_than_they_hold() {
    let Cast { app, owner, developer, .. } = Cast::begin().await;
    make(&owner, "keeper", json!({ "allows": ["roles:write", "nodes:read"] })).await.created();
    let keeper = joined(&app, &owner, "kim@example.com", "analyst").await;
    let held = grant(&owner, &keeper, "keeper").await.created();
    app.hear().await;
    make(&keeper, "reader", json!({ "allows": ["nodes:read:a-*"] })).await.created();
    grant(&keeper, &developer, "reader").await.created();
    for (to, role) in [(&keeper, "admin"), (&keeper, "developer"), (&developer, "owner")] {
        grant(&keeper, to, role).await.problem(403);
    }
    edit(&keeper, "keeper", json!({ "allows": ["*:*"] })).await.problem(403);
    edit(&keeper, "reader", json!({ "allows": ["nodes:write"] })).await.problem(403);
    make(&keeper, "mine", json!({ "inherits": ["developer"] })).await.problem(403);
    // What is one's own one may give up, and is back with nobody's leave but another's.
    assert_eq!(revoke(&keeper, &held).await.status, 204);
    app.hear().await;
    make(&keeper, "late", json!({})).await.problem(403);
    revoke(&keeper, &held).await.problem(403);
}

#[tokio::test]
async fn an_initial_token_is_worth_what_its_maker_holds() {
    let mut newcomers = ClientOptions::default();
    newcomers.rules.joining = Joining::ByToken;
    let app = App::with(AppOptions { newcomers, ..AppOptions::default() }).await;
    let owner = app.person("ada@example.com").await;
    let admin = joined(&app, &owner, "bob@example.com", "admin").await;
    let wanted = json!({ "role": "analyst", "scopes": ["nodes:read"], "uses": 9 });
    let made = admin.caller.post("/api/v1/initial-tokens", &wanted).await.created();
    let register = async || {
        let said = json!({ "grant_types": ["client_credentials"], "client_name": "a service", "scope": "nodes:read" });
        let asked = app.stranger().request("POST", "/oauth2/register").bearer_auth(made["initial_token"].as_str().unwrap());
        Reply::of(asked.json(&said)).await.status.as_u16()
    };
    assert_eq!(register().await, 201);
    make(&owner, "no-secrets", json!({ "denies": ["nodes:read:secret-*"] })).await.created();
    let held = grant(&owner, &admin, "no-secrets").await.created();
    assert_eq!(register().await, 401);
    admin.caller.post("/api/v1/initial-tokens", &wanted).await.problem(403);
    make(&owner, "no-clients", json!({ "denies": ["clients:write"] })).await.created();
    assert_eq!(revoke(&owner, &held).await.status, 204);
    assert_eq!(register().await, 201);
    grant(&owner, &admin, "no-clients").await.created();
    assert_eq!(register().await, 401);
}

#[tokio::test]
async fn a_role_on_the_whole_server_is_given_away_in_no_organization() {
    let Cast { app, owner, analyst, .. } = Cast::begin().await;
    make(&owner, "keeper", json!({ "allows": ["roles:write", "members:write"] })).await.created();
    make(&owner, "looker", json!({ "allows": ["users:read", "admin:refresh"] })).await.created();
    let root = joined(&app, &owner, "root@example.com", "analyst").await;
    grant(&owner, &root, "keeper").await.created();
    app.hear().await;
    let administers = "update wardgraph.users set global_role = 'super_admin' where user_id = $1::text::uuid";
    let client = app.database.behind_the_scenes().await;
    for person in [&root, &owner] {
        client.execute(administers, &[&person.id]).await.unwrap();
    }
    let root = at(&app, "root@example.com", &owner.caller.tenant).await;
    let before = kept(&app).await;
    for word in ["users:read", "admin:refresh"] {
        make(&root, "mine", json!({ "allows": [word] })).await.problem(403);
    }
    for to in [&root, &analyst] {
        grant(&root, to, "looker").await.problem(403);
    }
    let invitation = json!({ "email": "x@example.com", "role": "looker" });
    root.caller.post("/api/v1/invitations", &invitation).await.problem(403);
    assert_eq!(kept(&app).await, before);
    let events = owner.caller.events().await;
    for (word, times) in [("role.created", 2), ("grant.made", 2), ("invitation.made", 1)] {
        let refused: Vec<_> = events.iter().filter(|event| event["type"] == word && event["outcome"] == "refused").collect();
        assert_eq!(refused.len(), times, "{word}: {events:?}");
        assert!(refused.iter().all(|event| event["payload"]["beyond"].is_array()), "{refused:?}");
    }
    // What they hold there they give, and who owns it all that an owner gives.
    make(&root, "mine", json!({ "allows": ["nodes:read", "members:write"] })).await.created();
    let owner = at(&app, "ada@example.com", &owner.caller.tenant).await;
    make(&owner, "all", json!({ "allows": ["*:*"] })).await.created();
    grant(&owner, &analyst, "looker").await.created();
    grant(&owner, &analyst, "owner").await.created();
}
