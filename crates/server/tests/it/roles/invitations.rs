//! Invitations to roles that an organization made: given as a grant is, and judged as one, when they are made and when they are followed.

use std::time::Duration;

use serde_json::{Value, json};
use wardgraph_kernel::Clock;
use wardgraph_testkit::{App, PASSWORD, Person, Reply, Window};

use super::{Cast, GRANTS, ROLES, at, edit, grant, joined, kept, make, revoke};

const INVITATIONS: &str = "/api/v1/invitations";

async fn invite(by: &Person, email: &str, role: &str) -> Reply {
    by.caller.post(INVITATIONS, &json!({ "email": email, "role": role })).await
}

/// Invites somebody, and tells the token that was mailed to them.
async fn invited(app: &App, by: &Person, email: &str, role: &str) -> String {
    invite(by, email, role).await.created();
    app.mail_everything().await;
    app.mails.token(email, "invitation")
}

async fn accept(app: &App, token: &str) -> Reply {
    let body = json!({ "token": token, "name": "Joan Clarke", "password": PASSWORD });
    app.stranger().post("/api/v1/auth/accept-invitation", &body).await
}

async fn join(person: &Person, token: &str) -> Reply {
    person.caller.post("/api/v1/users/me/organizations", &json!({ "token": token })).await
}

/// Who is in an organization, and as what by the membership itself.
async fn members(app: &App, organization: &str) -> Vec<String> {
    let sql = "select u.email || ' ' || coalesce(m.role, '-') from wardgraph.memberships m join wardgraph.users u using (user_id)
               where m.organization_id = $1 order by 1";
    let client = app.database.behind_the_scenes().await;
    client.query(sql, &[&organization]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// The roles that somebody holds by grants, as they see it.
async fn granted(person: &Person) -> Vec<Value> {
    let told = person.caller.get("/api/v1/users/me/permissions").await.ok();
    let roles = told["roles"].as_array().unwrap().iter();
    roles.filter(|held| held["by"] == "grant").map(|held| held["role"].clone()).collect()
}

#[tokio::test]
async fn whoever_follows_an_invitation_to_an_own_role_is_granted_it() {
    let Cast { app, owner, .. } = Cast::begin().await;
    let tenant = owner.caller.tenant.clone();
    let joan = app.person("joan@example.com").await;
    make(&owner, "reader", json!({ "allows": ["nodes:read"] })).await.created();
    let to_new = invited(&app, &owner, "new@example.com", "reader").await;
    let to_joan = invited(&app, &owner, "joan@example.com", "reader").await;
    let listed = owner.caller.get(INVITATIONS).await.ok();
    let roles: Vec<_> = listed["invitations"].as_array().unwrap().iter().map(|invitation| &invitation["role"]).collect();
    assert_eq!(roles, ["reader", "reader"]);

    // The membership itself gives nothing.
    let seat = accept(&app, &to_new).await.created();
    assert_eq!((&seat["id"], &seat["role"]), (&json!(tenant), &json!(null)));
    assert_eq!(join(&joan, &to_joan).await.created()["role"], json!(null));
    let there = members(&app, &tenant).await;
    assert!(there.contains(&"new@example.com -".to_owned()) && there.contains(&"joan@example.com -".to_owned()), "{there:?}");
    for email in ["new@example.com", "joan@example.com"] {
        let person = at(&app, email, &tenant).await;
        assert_eq!(granted(&person).await, ["reader"], "{email}");
        person.caller.get("/nodes").await.ok();
        person.caller.create_node("not a reader's to make").await.problem(403);
        let subject = format!("{tenant}/user/{}", person.id);
        let sql = "select count(*) from wardgraph.changes where kind = 'grants_changed' and subject = $1";
        let row = app.database.behind_the_scenes().await.query_one(sql, &[&subject]).await.unwrap();
        assert!(row.get::<_, i64>(0) > 0, "every server hears of {email}");
    }
    let grants = owner.caller.get(&format!("{GRANTS}?role=reader")).await.ok();
    assert_eq!(grants["count"], 2);
    for held in grants["grants"].as_array().unwrap() {
        let giver = json!(format!("user/{}", owner.id));
        assert_eq!((&held["granted_by"], &held["expires_at"]), (&giver, &json!(null)), "{held}");
    }
    let events = owner.caller.events().await;
    let made: Vec<_> = events.iter().filter(|event| event["type"] == "grant.made").collect();
    assert_eq!(made.len(), 2);
    for event in made {
        assert_eq!((&event["payload"]["before"], &event["payload"]["after"]["role"]), (&json!(null), &json!("reader")));
    }
    let joins = events.iter().filter(|event| event["type"] == "member.joined" && event["payload"]["after"]["role"] == "reader");
    assert_eq!(joins.count(), 2);
    // What was given by it is taken back as any grant is.
    assert_eq!(revoke(&owner, &grants["grants"][0]).await.status, 204);
}

#[tokio::test]
async fn an_invitation_to_a_role_is_judged_when_it_is_followed() {
    let Cast { app, owner, admin, .. } = Cast::begin().await;
    let joan = app.person("joan@example.com").await;
    make(&owner, "reader", json!({ "allows": ["nodes:read"] })).await.created();
    let to_new = invited(&app, &admin, "new@example.com", "reader").await;
    let to_joan = invited(&app, &admin, "joan@example.com", "reader").await;
    let before = members(&app, &owner.caller.tenant).await;
    let refused = async |why: &str| {
        let both = [accept(&app, &to_new).await, join(&joan, &to_joan).await];
        assert!(both.iter().all(|reply| reply.status == 422), "{why}");
        assert_eq!(members(&app, &owner.caller.tenant).await, before, "{why}");
    };
    // It is mightier by now than the admin is who invited to it.
    edit(&owner, "reader", json!({ "allows": ["nodes:read", "organizations:delete"] })).await.ok();
    refused("it holds more than who invited").await;
    edit(&owner, "reader", json!({ "allows": ["nodes:read"] })).await.ok();
    // Some of it is denied to the admin by now, and would not be denied to others.
    make(&owner, "no-secrets", json!({ "denies": ["nodes:read:secret-*"] })).await.created();
    let denied = grant(&owner, &admin, "no-secrets").await.created();
    refused("it would give a deny away").await;
    edit(&owner, "reader", json!({ "allows": ["nodes:read"], "denies": ["nodes:read:secret-*"] })).await.ok();
    accept(&app, &to_new).await.created();
    assert_eq!(granted(&at(&app, "new@example.com", &owner.caller.tenant).await).await, ["reader"]);
    // And who may invite no more, or is no member any more, gives nothing, however little it is.
    assert_eq!(revoke(&owner, &denied).await.status, 204);
    let place = format!("/api/v1/organizations/{}/members/{}", owner.caller.tenant, admin.id);
    owner.caller.patch(&place, &json!({ "role": "developer" })).await.ok();
    join(&joan, &to_joan).await.problem(422);
    assert_eq!(owner.caller.delete(&place).await.status, 204);
    join(&joan, &to_joan).await.problem(422);
    let client = app.database.behind_the_scenes().await;
    let used = "select count(*) from wardgraph.invitations where email = 'joan@example.com' and used_at is not null";
    assert_eq!(client.query_one(used, &[]).await.unwrap().get::<_, i64>(0), 0);
    assert!(!members(&app, &owner.caller.tenant).await.iter().any(|member| member.starts_with("joan")));
}

#[tokio::test]
async fn who_is_invited_gets_no_more_than_who_invites_holds_for_good() {
    let Cast { app, owner, .. } = Cast::begin().await;
    let low = joined(&app, &owner, "low@example.com", "analyst").await;
    make(&owner, "inviter", json!({ "allows": ["members:write"] })).await.created();
    make(&owner, "linker", json!({ "allows": ["edges:write"] })).await.created();
    invite(&low, "x@example.com", "analyst").await.problem(403);
    grant(&owner, &low, "inviter").await.created();
    app.hear().await;
    // Whoever holds the permission invites, by whatever role, to what they hold themselves.
    let made = invite(&low, "a@example.com", "analyst").await.created();
    invite(&low, "b@example.com", "inviter").await.created();
    for above in ["developer", "admin", "owner", "linker"] {
        let told = invite(&low, "x@example.com", above).await.problem(403);
        assert!(told["detail"].as_str().unwrap().contains("not yours to give"), "{above}: {told}");
    }
    let until = app.clock.now() + Duration::from_hours(1);
    let for_a_while = json!({ "user_id": low.id, "role": "linker", "expires_at": until });
    let held = owner.caller.post(GRANTS, &for_a_while).await.created();
    app.hear().await;
    invite(&low, "x@example.com", "linker").await.problem(403);
    assert_eq!(revoke(&owner, &held).await.status, 204);
    grant(&owner, &low, "linker").await.created();
    app.hear().await;
    invite(&low, "c@example.com", "linker").await.created();
    // And withdraws, as whoever may invite does.
    let path = format!("{INVITATIONS}/{}", made["id"].as_str().unwrap());
    assert_eq!(low.caller.delete(&path).await.status, 204);
    let key = json!({ "name": "k", "scopes": ["members:write", "edges:write"] });
    let key = owner.caller.post("/api/v1/users/me/api-keys", &key).await.created();
    let by_key = app.bearer(key["key"].as_str().unwrap());
    by_key.post(INVITATIONS, &json!({ "email": "d@example.com", "role": "linker" })).await.problem(403);
}

#[tokio::test]
async fn a_role_is_named_exactly_and_is_the_organizations_own() {
    let Cast { app, owner, .. } = Cast::begin().await;
    let other = app.person("mallory@example.com").await;
    make(&other, "theirs", json!({ "allows": ["nodes:read"] })).await.created();
    make(&other, "auditor", json!({ "allows": ["*:*"] })).await.created();
    make(&owner, "auditor", json!({ "allows": ["events:read"] })).await.created();
    let long = "a".repeat(64);
    let looking_alike = ["\u{430}uditor", "Auditor", "auditor ", "auditor\u{200b}", "audit\u{3bf}r", "a\u{301}uditor"];
    let others =
        ["theirs", "nobodys", "super_admin", "*", "aud*", "${user_id}", "owner:*", "auditor'; drop table grants; --", &long, ""];
    for role in looking_alike.into_iter().chain(others) {
        assert_eq!(super::places(&invite(&owner, "x@example.com", role).await.problem(422)), ["/role"], "{role:?}");
    }
    assert_eq!(owner.caller.get(INVITATIONS).await.ok()["count"], 0);
    // What another organization calls the same is another role.
    let token = invited(&app, &owner, "mallory@example.com", "auditor").await;
    join(&other, &token).await.created();
    let there = at(&app, "mallory@example.com", &owner.caller.tenant).await;
    there.caller.get("/nodes").await.problem(403);
    there.caller.get(ROLES).await.problem(403);
}

#[tokio::test]
async fn a_role_is_not_deleted_while_somebody_is_invited_to_it() {
    let Cast { app, owner, .. } = Cast::begin().await;
    let joan = app.person("joan@example.com").await;
    let path = format!("{ROLES}/reader");
    make(&owner, "reader", json!({ "allows": ["nodes:read"] })).await.created();
    let made = invite(&owner, "x@example.com", "reader").await.created();
    let told = owner.caller.delete(&path).await.problem(409);
    assert!(told["detail"].as_str().unwrap().contains("1 open invitations are to it"), "{told}");
    let withdrawn = format!("{INVITATIONS}/{}", made["id"].as_str().unwrap());
    assert_eq!(owner.caller.delete(&withdrawn).await.status, 204);
    // One that is past is in nobody's way.
    let short = json!({ "email": "y@example.com", "role": "reader", "expires_in": 300 });
    owner.caller.post(INVITATIONS, &short).await.created();
    owner.caller.delete(&path).await.problem(409);
    app.clock.advance(Duration::from_secs(301));
    assert_eq!(owner.caller.delete(&path).await.status, 204);

    // Where it is gone all the same, nobody is let in by it, and nothing is left half done.
    make(&owner, "reader", json!({ "allows": ["nodes:read"] })).await.created();
    let to_new = invited(&app, &owner, "new@example.com", "reader").await;
    let to_joan = invited(&app, &owner, "joan@example.com", "reader").await;
    let client = app.database.behind_the_scenes().await;
    client.execute("delete from wardgraph.roles", &[]).await.unwrap();
    let before = kept(&app).await;
    accept(&app, &to_new).await.problem(422);
    join(&joan, &to_joan).await.problem(422);
    assert_eq!(kept(&app).await, before);
    let new = "select count(*) from wardgraph.users where email = 'new@example.com'";
    assert_eq!(client.query_one(new, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn of_a_deletion_and_an_acceptance_at_once_one_finds_what_the_other_did() {
    let Cast { app, owner, .. } = Cast::begin().await;
    for round in 0..4 {
        let (role, email) = (format!("reader-{round}"), format!("new-{round}@example.com"));
        make(&owner, &role, json!({ "allows": ["nodes:read"] })).await.created();
        let token = invited(&app, &owner, &email, &role).await;
        let path = format!("{ROLES}/{role}");
        let (accepted, deleted) = tokio::join!(accept(&app, &token), owner.caller.delete(&path));
        // Who came while the other one held the organization comes again.
        let accepted = if accepted.status == 503 { accept(&app, &token).await } else { accepted };
        accepted.created();
        // It is promised, or held: nobody holds what is not there.
        deleted.problem(409);
        at(&app, &email, &owner.caller.tenant).await.caller.get("/nodes").await.ok();
    }
}

#[tokio::test]
async fn who_is_a_member_is_given_nothing_and_denied_nothing_by_an_invitation() {
    let Cast { app, owner, admin, developer, .. } = Cast::begin().await;
    make(&owner, "locked", json!({ "denies": ["*:*"] })).await.created();
    make(&owner, "reader", json!({ "allows": ["events:read"] })).await.created();
    let to_owner = invited(&app, &admin, "ada@example.com", "locked").await;
    let to_developer = invited(&app, &admin, "dev@example.com", "reader").await;
    let before = kept(&app).await;
    join(&owner, &to_owner).await.problem(409);
    join(&developer, &to_developer).await.problem(409);
    accept(&app, &to_owner).await.problem(409);
    assert_eq!(kept(&app).await, before);
    assert_eq!((granted(&owner).await.len(), granted(&developer).await.len()), (0, 0));
    app.hear().await;
    owner.caller.create_node("an owner's still").await.created();
}

#[tokio::test]
async fn the_pages_offer_the_organizations_own_roles() {
    let Cast { app, owner, .. } = Cast::begin().await;
    app.person("joan@example.com").await;
    let low = joined(&app, &owner, "low@example.com", "analyst").await;
    make(&owner, "inviter", json!({ "allows": ["members:write"] })).await.created();
    let window = Window::open(&app);
    window.sign_in("ada@example.com").await;
    let form = window.get("/account/invitations/new").await.text;
    assert!(form.contains("<option value=\"inviter\">inviter</option>"), "{form}");
    assert!(form.find("value=\"analyst\"").unwrap() < form.find("value=\"inviter\"").unwrap(), "the least first");
    let refused = window.send("/account/invitations/new", &[("email", "no address"), ("role", "inviter")]).await;
    assert!(refused.status == 422 && refused.text.contains("value=\"inviter\" selected"), "{}", refused.text);
    let unknown = window.send("/account/invitations/new", &[("email", "x@example.com"), ("role", "\"><script>")]).await;
    assert!(unknown.status == 422 && unknown.text.contains("href=\"#role\""), "{}", unknown.text);
    assert!(!unknown.text.contains("\"><script>"), "{}", unknown.text);
    let sent = window.send("/account/invitations/new", &[("email", "joan@example.com"), ("role", "inviter")]).await;
    assert_eq!(sent.leads(), "/account/invitations?done=invited");
    assert!(window.get("/account/invitations").await.text.contains("<dd>inviter</dd>"));

    app.mail_everything().await;
    let token = app.mails.token("joan@example.com", "invitation");
    let (joans, link) = (Window::open(&app), format!("/account/invitation?token={token}"));
    joans.sign_in("joan@example.com").await;
    assert!(joans.get(&link).await.text.contains("<dd>inviter</dd>"));
    assert_eq!(joans.send("/account/invitation", &[("token", &token)]).await.leads(), "/account?done=joined");
    // Who may invite is led there, by whatever role they may.
    let lows = Window::open(&app);
    let fields = [("email", "low@example.com"), ("password", PASSWORD), ("organization", &owner.caller.tenant)];
    lows.get("/sign-in").await;
    assert_eq!(lows.send("/sign-in", &fields).await.leads(), "/account");
    assert!(!lows.get("/account").await.text.contains("/account/invitations"));
    grant(&owner, &low, "inviter").await.created();
    app.hear().await;
    assert!(lows.get("/account").await.text.contains("/account/invitations"));
    assert_eq!(lows.get("/account/invitations").await.status, 200);
}
