//! How people do not come to be members of organizations.

use std::time::Duration;

use serde_json::json;
use tokio_postgres::Client;
use wardgraph_identity::link::{self, Kind};
use wardgraph_kernel::LinkId;
use wardgraph_store::Role;
use wardgraph_testkit::{App, Person};

use super::{ACCEPT, INVITATIONS, accept, at, invite, invited, join, members, set_role, statuses};
use crate::accounts::{log, login, register};

#[tokio::test]
async fn an_invitation_is_followed_once() {
    let app = App::start().await;
    let (ada, bob) = (app.person("ada@example.com").await, app.person("bob@example.com").await);
    let token = invited(&app, &ada, "joan@example.com", "analyst").await;
    let (one, other) = tokio::join!(accept(&app, &token), accept(&app, &token));
    let mut both = [one.status.as_u16(), other.status.as_u16()];
    both.sort_unstable();
    assert!(both[0] == 201 && [409, 422, 503].contains(&both[1]), "{both:?}");
    accept(&app, &token).await.problem(422);
    let token = invited(&app, &ada, "bob@example.com", "analyst").await;
    let (one, other) = tokio::join!(join(&bob, &token), join(&bob, &token));
    let mut both = [one.status.as_u16(), other.status.as_u16()];
    both.sort_unstable();
    assert_eq!(both, [201, 422]);
    join(&bob, &token).await.problem(422);
    assert_eq!(members(&app, &ada.caller.tenant).await.len(), 3);
}

#[tokio::test]
async fn an_invitation_is_its_addressees() {
    let app = App::start().await;
    let (ada, mallory) = (app.person("ada@example.com").await, app.person("mallory@example.com").await);
    let token = invited(&app, &ada, "bob@example.com", "owner").await;
    join(&mallory, &token).await.problem(422);
    join(&ada, &token).await.problem(422);
    // A link of another kind is none, nor one of another server, nor half of one.
    let id = LinkId::from(uuid::Uuid::parse_str(&statuses_id(&ada).await).unwrap());
    let of = |kind| link::token(&app.account_keys, kind, id).expose().to_owned();
    for bad in [of(Kind::Reset), of(Kind::Verify), token[..40].to_owned(), format!("{token}A"), "x".into()] {
        accept(&app, &bad).await.problem(422);
        join(&mallory, &bad).await.problem(422);
    }
    for page in ["verify-email", "password-reset/confirm"] {
        let body = if page == "verify-email" {
            json!({ "token": token, "password": "correct horse battery staple" })
        } else {
            json!({ "token": token, "new_password": "marble-tunnel-ferry-quilt" })
        };
        app.stranger().post(&format!("/api/v1/auth/{page}"), &body).await.problem(422);
    }
    accept(&app, &token).await.created();
    assert_eq!(members(&app, &ada.caller.tenant).await, ["ada@example.com owner", "bob@example.com owner"]);
}

async fn statuses_id(of: &Person) -> String {
    of.caller.get(INVITATIONS).await.ok()["invitations"][0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_invitation_that_was_withdrawn_or_is_too_old_gives_nothing() {
    let app = App::start().await;
    let (ada, bob) = (app.person("ada@example.com").await, app.person("bob@example.com").await);
    let first = invited(&app, &ada, "joan@example.com", "analyst").await;
    app.clock.advance(Duration::from_secs(1));
    let second = invited(&app, &ada, "joan@example.com", "developer").await;
    assert_eq!(statuses(&ada.caller.get(INVITATIONS).await.ok()), ["joan@example.com open", "joan@example.com withdrawn"]);
    accept(&app, &first).await.problem(422);
    let own = invited(&app, &ada, "bob@example.com", "analyst").await;
    for invitation in ada.caller.get(INVITATIONS).await.ok()["invitations"].as_array().unwrap() {
        ada.caller.delete(&format!("{INVITATIONS}/{}", invitation["id"].as_str().unwrap())).await;
    }
    accept(&app, &second).await.problem(422);
    join(&bob, &own).await.problem(422);
    let (old, own) =
        (invited(&app, &ada, "jo@example.com", "analyst").await, invited(&app, &ada, "bob@example.com", "analyst").await);
    app.clock.advance(Duration::from_hours(7 * 24));
    accept(&app, &old).await.problem(422);
    join(&Person::again(&app, "bob@example.com").await, &own).await.problem(422);
    login(&app, "joan@example.com", wardgraph_testkit::PASSWORD).await.problem(401);
    assert_eq!(members(&app, &ada.caller.tenant).await, ["ada@example.com owner"]);
}

#[tokio::test]
async fn an_invitation_ends_with_its_inviters_role() {
    let app = App::start().await;
    let (ada, bob) = (app.person("ada@example.com").await, app.person("bob@example.com").await);
    let tenant = ada.caller.tenant.clone();
    let eve = app.person("eve@example.com").await;
    ada.takes_in(&app, &eve, "owner").await;
    let eve = at(&app, "eve@example.com", &tenant).await;
    let owners = invited(&app, &eve, "joan@example.com", "owner").await;
    let own = invited(&app, &eve, "bob@example.com", "admin").await;
    // As an admin she would not have invited an owner.
    set_role(&app, &eve, &tenant, "admin").await;
    accept(&app, &owners).await.problem(422);
    for role in ["developer", "analyst"] {
        set_role(&app, &eve, &tenant, role).await;
        accept(&app, &owners).await.problem(422);
        join(&bob, &own).await.problem(422);
        // Her token says that she is an owner still.
        assert_eq!(eve.caller.get("/api/v1/users").await.status, 200);
        // The database says that it is of what she was before.
        invite(&eve.caller, "x@example.com", "analyst").await.problem(401);
        eve.caller.delete(&format!("{INVITATIONS}/{}", statuses_id(&ada).await)).await.problem(401);
    }
    set_role(&app, &eve, &tenant, "owner").await;
    let client = app.database.behind_the_scenes().await;
    client.execute("update wardgraph.users set disabled_at = now() where email = 'eve@example.com'", &[]).await.unwrap();
    accept(&app, &owners).await.problem(422);
    join(&bob, &own).await.problem(422);
    client.execute("update wardgraph.users set disabled_at = null where email = 'eve@example.com'", &[]).await.unwrap();
    client.execute("delete from wardgraph.memberships where user_id = $1::text::uuid", &[&eve.id]).await.unwrap();
    accept(&app, &owners).await.problem(422);
    join(&bob, &own).await.problem(422);
    invite(&eve.caller, "x@example.com", "analyst").await.problem(401);
    assert_eq!(members(&app, &tenant).await, ["ada@example.com owner"]);
}

#[tokio::test]
async fn nobody_gives_a_role_above_the_own_nor_takes_one() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let tenant = ada.caller.tenant.clone();
    let mut others = Vec::new();
    for (email, role) in [("admin@example.com", "admin"), ("dev@example.com", "developer"), ("ana@example.com", "analyst")] {
        app.clock.advance(Duration::from_secs(1));
        let person = app.person(email).await;
        ada.takes_in(&app, &person, role).await;
        others.push(at(&app, email, &tenant).await);
    }
    invite(&others[0].caller, "x@example.com", "owner").await.problem(403);
    invite(&others[0].caller, "x@example.com", "admin").await.created();
    for low in &others[1..] {
        invite(&low.caller, "y@example.com", "analyst").await.problem(403);
        low.caller.get(INVITATIONS).await.problem(403);
        low.caller.delete(&format!("{INVITATIONS}/{}", statuses_id(&ada).await)).await.problem(403);
    }
    app.stranger().get(INVITATIONS).await.problem(401);
    invite(&app.caller(&tenant, &["members:write", "super_admin"]), "z@example.com", "owner").await.problem(403);
    invite(&app.operator(&tenant, &["members:write"]), "z@example.com", "owner").await.problem(403);
    // Who is a member already keeps the role: an invitation is no way to another one.
    let token = invited(&app, &others[0], "ana@example.com", "admin").await;
    join(&others[2], &token).await.problem(409);
    assert!(members(&app, &tenant).await.contains(&"ana@example.com analyst".to_owned()));
    // A sign-in of a while ago invites nobody.
    app.clock.advance(Duration::from_mins(11));
    invite(&ada.caller, "late@example.com", "analyst").await.problem(401);
    assert_eq!(ada.caller.get(INVITATIONS).await.ok()["count"], 2);
}

#[tokio::test]
async fn another_organizations_invitations_are_not_found() {
    let app = App::start().await;
    let (ada, bob) = (app.person("ada@example.com").await, app.person("bob@example.com").await);
    let token = invited(&app, &ada, "joan@example.com", "analyst").await;
    let id = statuses_id(&ada).await;
    bob.caller.delete(&format!("{INVITATIONS}/{id}")).await.problem(404);
    assert_eq!(bob.caller.get(INVITATIONS).await.ok()["count"], 0);
    let page = ada.caller.get(&format!("{INVITATIONS}?limit=1")).await.ok();
    assert!(page["next_cursor"].is_null());
    // A body that names another organization is not taken in.
    let named = json!({ "email": "x@example.com", "role": "owner", "organization": ada.caller.tenant });
    bob.caller.post(INVITATIONS, &named).await.problem(400);
    let named = json!({ "token": token, "name": "J", "password": "correct horse battery staple", "role": "owner" });
    app.stranger().post(ACCEPT, &named).await.problem(400);
    accept(&app, &token).await.created();
    assert_eq!(members(&app, &ada.caller.tenant).await, ["ada@example.com owner", "joan@example.com analyst"]);
}

#[tokio::test]
async fn a_session_that_has_ended_invites_nobody_although_its_token_is_believed_still() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let thief = Person::again(&app, "ada@example.com").await;
    assert_eq!(ada.caller.delete(&format!("/api/v1/users/me/sessions/{}", thief.session)).await.status, 204);
    // The server has not heard of it yet.
    assert_eq!(thief.caller.get(INVITATIONS).await.status, 200);
    invite(&thief.caller, "accomplice@example.com", "owner").await.problem(401);
    assert_eq!(ada.caller.get(INVITATIONS).await.ok()["count"], 0);
}

#[tokio::test]
async fn nobody_is_flooded_with_invitations() {
    let app = App::start().await;
    let (ada, bob) = (app.person("ada@example.com").await, app.person("bob@example.com").await);
    // One address, whoever invites.
    for by in [&ada, &bob, &ada] {
        invite(&by.caller, "victim@example.com", "analyst").await.created();
    }
    for by in [&ada, &bob] {
        let refused = invite(&by.caller, "victim@example.com", "analyst").await;
        assert!(refused.headers.contains_key("retry-after"));
        refused.problem(429);
    }
    app.mail_everything().await;
    assert_eq!(app.mails.to("victim@example.com").len(), 3);
    // What was refused left the invitation that is there alone.
    accept(&app, &app.mails.token("victim@example.com", "invitation")).await.created();
    // One organization, whoever is invited.
    let client = app.database.behind_the_scenes().await;
    let fill = "insert into wardgraph.invitations select gen_random_uuid(), $1, 'n' || n || '@example.com', 'analyst', $2::text::uuid, '', to_timestamp(1767225600), to_timestamp(1767225900), null, null from generate_series(1, 97) n";
    client.execute(fill, &[&ada.caller.tenant, &ada.id]).await.unwrap();
    invite(&ada.caller, "last@example.com", "analyst").await.created();
    let refused = invite(&ada.caller, "more@example.com", "analyst").await;
    assert!(refused.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() > 80_000);
    refused.problem(429);
    invite(&bob.caller, "more@example.com", "analyst").await.created();
    app.clock.advance(Duration::from_hours(25));
    let ada = Person::again(&app, "ada@example.com").await;
    invite(&ada.caller, "more@example.com", "analyst").await.created();
}

#[tokio::test]
async fn a_hostile_name_is_mailed_as_words() {
    let app = App::start().await;
    let new = json!({ "email": "eve@example.com", "password": wardgraph_testkit::PASSWORD, "name": "Win at https://evil.example/?a=1 & <i>now</i>" });
    assert_eq!(app.stranger().post("/api/v1/auth/register", &new).await.status, 202);
    let eve = Person::again(&app, "eve@example.com").await;
    invited(&app, &eve, "victim@example.com", "analyst").await;
    let mail = app.mails.to("victim@example.com").pop().unwrap();
    assert!(mail.text.contains("“Win at https evil example a 1 & i now i 's organization”"), "{}", mail.text);
    assert_eq!(mail.text.matches("://").count(), 1, "the own link alone: {}", mail.text);
}

#[tokio::test]
async fn who_registered_an_invited_address_first_gets_nothing_by_it() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    // A squatter, who cannot read what is mailed there.
    register(&app, "joan@example.com").await;
    let squatter = Person::again(&app, "joan@example.com").await;
    let token = invited(&app, &ada, "joan@example.com", "admin").await;
    accept(&app, &token).await.problem(409);
    assert_eq!(squatter.caller.get("/api/v1/users/me/organizations").await.ok()["count"], 1);
    // Joan sets a new password, by what is mailed to her, and is let in.
    app.stranger().post("/api/v1/auth/password-reset", &json!({ "email": "joan@example.com" })).await;
    app.mail_everything().await;
    let reset =
        json!({ "token": app.mails.token("joan@example.com", "reset-password"), "new_password": "marble-tunnel-ferry-quilt" });
    assert_eq!(app.stranger().post("/api/v1/auth/password-reset/confirm", &reset).await.status, 204);
    app.hear().await;
    join(&squatter, &token).await.problem(401);
    let tokens = login(&app, "joan@example.com", "marble-tunnel-ferry-quilt").await.ok();
    join(&Person::of(&app, "joan@example.com", &tokens), &token).await.created();
}

#[tokio::test]
async fn the_database_itself_lets_nobody_in_without_an_invitation() {
    let app = App::start().await;
    let (ada, bob) = (app.person("ada@example.com").await, app.person("bob@example.com").await);
    invited(&app, &ada, "bob@example.com", "analyst").await;
    let admin = app.database.connect_as(Role::Admin).await;
    let insert =
        "insert into wardgraph.memberships (organization_id, user_id, role, created_at) values ($1, $2::text::uuid, $3, now())";
    for role in ["analyst", "owner"] {
        let error = admin.execute(insert, &[&ada.caller.tenant, &bob.id, &role]).await.unwrap_err();
        assert_eq!(error.code().unwrap().code(), "42501", "{role}: the invitation was not used up at this very moment");
    }
    let client = app.database.connect_as(Role::App).await;
    let bound = "select set_config('app.current_tenant_id', $1, false), set_config('app.current_user_id', $2, false)";
    client.execute(bound, &[&bob.caller.tenant, &bob.id]).await.unwrap();
    // He sees the one to his address, and changes nothing of it; he has nobody mailed to.
    let seen = client.query("select organization_id from wardgraph.invitations", &[]).await.unwrap();
    assert_eq!(seen.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>(), [ada.caller.tenant.as_str()]);
    let withdraw = "update wardgraph.invitations set withdrawn_at = now()";
    assert_eq!(client.execute(withdraw, &[]).await.unwrap(), 0);
    for denied in [
        "update wardgraph.invitations set role = 'owner'",
        "update wardgraph.invitations set used_at = null",
        "insert into wardgraph.memberships select * from wardgraph.memberships",
        "insert into wardgraph.mail (mail_id, kind, recipient, name, link_id, created_at, due_at) select gen_random_uuid(), 'invitation', 'x@example.com', '', invitation_id, now(), now() from wardgraph.invitations",
        "insert into wardgraph.mail (mail_id, kind, recipient, name, link_id, created_at, due_at) select gen_random_uuid(), 'invitation', email, '', invitation_id, now(), now() from wardgraph.invitations",
        "insert into wardgraph.invitations select gen_random_uuid(), organization_id, email, role, inviter_id, '', created_at, expires_at from wardgraph.invitations",
        "select 1 from wardgraph.setup_links",
    ] {
        let error = client.execute(denied, &[]).await.expect_err(denied);
        assert_eq!(error.code().unwrap().code(), "42501", "{denied}");
    }
}

/// What the database says of a grant that somebody makes by hand, which is undone; nothing, where it lets it be.
async fn refused_grant(of: &Client, tenant: &str, [user, role, by, second]: [&str; 4]) -> Option<String> {
    let sql = format!(
        "insert into wardgraph.grants (tenant_id, grant_id, user_id, role, granted_by, created_at)
         values ('{tenant}', gen_random_uuid(), '{user}', '{role}', '{by}', '2026-01-01T00:00:0{second}Z')"
    );
    of.batch_execute("savepoint before").await.unwrap();
    let made = of.batch_execute(&sql).await;
    of.batch_execute("rollback to before").await.unwrap();
    made.err().map(|error| error.code().unwrap().code().to_owned())
}

#[tokio::test]
async fn the_database_itself_grants_nothing_but_what_an_invitation_says_to_who_became_a_member_by_it() {
    let app = App::start().await;
    let (ada, bob) = (app.person("ada@example.com").await, app.person("bob@example.com").await);
    invited(&app, &ada, "bob@example.com", "analyst").await;
    let (tenant, inviter) = (&*ada.caller.tenant, format!("user/{}", ada.id));
    let use_up = "update wardgraph.invitations set used_at = '2026-01-01T00:00:00Z' where email = 'bob@example.com'";
    let is_member = async |of: &Client, role: Option<&str>| {
        let sql = "insert into wardgraph.memberships (organization_id, user_id, role, created_at)
                   values ($1, $2::text::uuid, $3, '2026-01-01T00:00:00Z')";
        of.execute(sql, &[&tenant, &bob.id, &role]).await.unwrap();
    };
    let wanted = [&*bob.id, "analyst", &*inviter, "0"];
    let no_right = Some("42501".to_owned());
    for role in [Role::Admin, Role::Identity] {
        let client = app.database.connect_as(role).await;
        client.batch_execute("begin").await.unwrap();
        // Not to who was a member before, whatever is said of who grants it; nor before the invitation was used up, or to who is no member.
        for owner in ["operator", &*inviter] {
            assert_eq!(refused_grant(&client, tenant, [&ada.id, "owner", owner, "0"]).await, no_right, "{role:?} {owner}");
        }
        assert_eq!(refused_grant(&client, tenant, wanted).await, no_right, "{role:?}: the invitation was not followed");
        assert_eq!(client.execute(use_up, &[]).await.unwrap(), 1);
        assert_eq!(refused_grant(&client, tenant, wanted).await, no_right, "{role:?}: nobody became a member");
        // Nor besides a role that the membership itself gives.
        client.batch_execute("savepoint outside").await.unwrap();
        is_member(&client, Some("analyst")).await;
        assert_eq!(refused_grant(&client, tenant, wanted).await, no_right, "{role:?}: the membership says it");
        client.batch_execute("rollback to outside").await.unwrap();
        is_member(&client, None).await;
        for other in [
            [&*ada.id, "analyst", &*inviter, "0"],
            [&*bob.id, "owner", &*inviter, "0"],
            [&*bob.id, "analyst", "operator", "0"],
            [&*bob.id, "analyst", &*format!("user/{}", bob.id), "0"],
            [&*bob.id, "analyst", &*inviter, "1"],
        ] {
            assert_eq!(refused_grant(&client, tenant, other).await, no_right, "{role:?} {other:?}");
        }
        assert_eq!(refused_grant(&client, tenant, wanted).await, None, "{role:?}: what the invitation says");
        client.batch_execute("rollback").await.unwrap();
        // What was granted is neither taken away nor made to last.
        for denied in [
            "delete from wardgraph.grants",
            "update wardgraph.grants set role = 'owner'",
            "update wardgraph.grants set expires_at = null",
        ] {
            let error = client.execute(denied, &[]).await.expect_err(denied);
            assert_eq!(error.code().unwrap().code(), "42501", "{role:?}: {denied}");
        }
    }
}

#[tokio::test]
async fn what_a_stolen_account_invited_to_is_withdrawn_with_what_opens_it() {
    let app = App::start().await;
    let root = crate::accounts::people::administrator(&app, "root@example.com").await;
    for (round, way) in ["reset", "disable", "take_factors"].into_iter().enumerate() {
        let email = format!("ada{round}@example.com");
        let ada = app.person(&email).await;
        let shown = "update wardgraph.users set verified_at = now() where email = $1";
        app.database.behind_the_scenes().await.execute(shown, &[&email]).await.unwrap();
        let token = invited(&app, &ada, "joan@example.com", "owner").await;
        let own = invited(&app, &ada, "root@example.com", "owner").await;
        match way {
            "reset" => {
                assert_eq!(app.stranger().post("/api/v1/auth/password-reset", &json!({ "email": email })).await.status, 202);
                app.mail_everything().await;
                let body =
                    json!({ "token": app.mails.token(&email, "reset-password"), "new_password": "marble-tunnel-ferry-quilt" });
                assert_eq!(app.stranger().post("/api/v1/auth/password-reset/confirm", &body).await.status, 204);
            }
            "disable" => {
                crate::accounts::people::act(&root.caller, &ada, "disable").await.ok();
                crate::accounts::people::act(&root.caller, &ada, "enable").await.ok();
            }
            _ => assert_eq!(root.caller.delete(&format!("/api/v1/users/{}/mfa", ada.id)).await.status, 204),
        }
        accept(&app, &token).await.problem(422);
        join(&root, &own).await.problem(422);
        let sql = "select count(*) from wardgraph.invitations where inviter_id = $1::text::uuid and withdrawn_at is null";
        let left: i64 = app.database.behind_the_scenes().await.query_one(sql, &[&ada.id]).await.unwrap().get(0);
        let told = log(&app, &ada.caller.tenant).await.iter().filter(|event| *event == "invitation.withdrawn success").count();
        assert_eq!((left, told), (0, 2), "{way}");
    }
}

/// Waits until somebody waits for a row that `of` holds.
async fn somebody_waits(app: &App) {
    let client = app.database.behind_the_scenes().await;
    let sql = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    for _ in 0..500 {
        if client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0) > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nobody waits");
}

#[tokio::test]
async fn an_inviters_role_is_what_it_is_when_the_invitation_is_used_up() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let tenant = ada.caller.tenant.clone();
    let eve = app.person("eve@example.com").await;
    ada.takes_in(&app, &eve, "owner").await;
    let eve = at(&app, "eve@example.com", &tenant).await;
    let token = invited(&app, &eve, "joan@example.com", "owner").await;
    let mut holder = app.database.behind_the_scenes().await;
    let (hold, demote) = (
        "select from wardgraph.organizations where organization_id = $1 for update",
        "update wardgraph.memberships set role = 'analyst' where organization_id = $1 and user_id = $2::text::uuid",
    );
    // Somebody follows the invitation while who invited is made less: whoever changes a role holds the organization.
    let held = holder.transaction().await.unwrap();
    held.execute(hold, &[&tenant]).await.unwrap();
    held.execute(demote, &[&tenant, &eve.id]).await.unwrap();
    accept(&app, &token).await.problem(503);
    held.commit().await.unwrap();
    accept(&app, &token).await.problem(422);
    // Somebody invites, and waits for the organization meanwhile.
    set_role(&app, &eve, &tenant, "owner").await;
    let eve = at(&app, "eve@example.com", &tenant).await;
    let held = holder.transaction().await.unwrap();
    held.execute(hold, &[&tenant]).await.unwrap();
    let demoted = async {
        somebody_waits(&app).await;
        held.execute(demote, &[&tenant, &eve.id]).await.unwrap();
        held.commit().await.unwrap();
    };
    let (made, ()) = tokio::join!(invite(&eve.caller, "jo@example.com", "owner"), demoted);
    made.problem(401);
    assert_eq!(members(&app, &tenant).await, ["ada@example.com owner", "eve@example.com analyst"]);
}

#[tokio::test]
async fn while_an_organization_is_held_nobody_waits_to_join_it() {
    let app = App::start().await;
    let (ada, bob) = (app.person("ada@example.com").await, app.person("bob@example.com").await);
    let mallory = app.person("mallory@example.com").await;
    let to_bob = invited(&app, &ada, "bob@example.com", "analyst").await;
    let to_new = invited(&app, &ada, "joan@example.com", "analyst").await;
    let spent = invited(&app, &ada, "mallory@example.com", "analyst").await;
    join(&mallory, &spent).await.created();
    let mut holder = app.database.behind_the_scenes().await;
    let held = holder.transaction().await.unwrap();
    let hold = "select from wardgraph.organizations where organization_id = $1 for update";
    held.execute(hold, &[&ada.caller.tenant]).await.unwrap();
    let begun = std::time::Instant::now();
    // What cannot be followed is refused as ever; what can be is to be followed again.
    join(&mallory, &spent).await.problem(422);
    join(&mallory, &to_bob).await.problem(422);
    accept(&app, &spent).await.problem(422);
    join(&bob, &to_bob).await.problem(503);
    accept(&app, &to_new).await.problem(503);
    ada.caller.delete("/api/v1/users/me").await.problem(503);
    assert!(begun.elapsed() < Duration::from_secs(4), "somebody waited");
    held.rollback().await.unwrap();
    join(&bob, &to_bob).await.created();
    accept(&app, &to_new).await.created();
    assert_eq!(members(&app, &ada.caller.tenant).await.len(), 4);
}

#[tokio::test]
async fn an_invitation_that_is_past_is_not_withdrawn_by_another() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    invited(&app, &ada, "joan@example.com", "analyst").await;
    app.clock.advance(Duration::from_hours(7 * 24));
    let ada = Person::again(&app, "ada@example.com").await;
    invited(&app, &ada, "joan@example.com", "analyst").await;
    assert_eq!(statuses(&ada.caller.get(INVITATIONS).await.ok()), ["joan@example.com open", "joan@example.com expired"]);
    assert!(!log(&app, &ada.caller.tenant).await.contains(&"invitation.withdrawn success".to_owned()));
}
