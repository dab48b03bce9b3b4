//! Owners: whoever ceases to be one leaves another behind, whichever way it comes about; and the organization is theirs by the record.

use serde_json::{Value, json};
use wardgraph_testkit::{App, Person, Reply};

use super::{act, enters, event, joins, number, organization, place};

const ME: &str = "/api/v1/users/me";

/// An organization with an owner to whom nothing is denied, and one who may not see everything.
async fn two_owners(app: &App) -> (Person, Person) {
    let ada = app.person("ada@example.com").await;
    let eve = joins(app, &ada, "eve@example.com", "owner").await;
    app.role(&ada, "no-secrets", &[], &["nodes:read:secret-*"], &[]).await;
    app.granted(&ada, &eve.id, "no-secrets").await;
    (ada, eve)
}

/// Who owns the organization by the record.
async fn owner(app: &App, tenant: &str) -> String {
    let sql = "select owner_id::text from wardgraph.organizations where organization_id = $1";
    app.database.behind_the_scenes().await.query_one(sql, &[&tenant]).await.unwrap().get(0)
}

/// Takes away everything that is granted to somebody.
async fn ungranted(app: &App, person: &Person) {
    let sql = "delete from wardgraph.grants where user_id = $1::text::uuid";
    app.database.behind_the_scenes().await.execute(sql, &[&person.id]).await.unwrap();
}

async fn account(by: &Person, person: &Person, end: &str) -> Reply {
    let path = format!("/api/v1/users/{}{end}", person.id);
    if end.is_empty() { by.caller.delete(&path).await } else { act(&by.caller, &path).await }
}

#[tokio::test]
async fn the_last_owner_to_whom_nothing_is_denied_goes_by_no_way() {
    let app = App::start().await;
    let (ada, eve) = two_owners(&app).await;
    let root = app.person("root@example.com").await.made_administrator(&app).await;
    let own = place(&ada, &ada);
    for reply in [
        ada.caller.patch(&own, &json!({ "role": "admin" })).await,
        ada.caller.patch(&own, &json!({ "role": null })).await,
        ada.caller.delete(&own).await,
        act(&ada.caller, &format!("{}/leave", organization(&ada))).await,
        ada.caller.delete(ME).await,
        account(&root, &ada, "").await,
    ] {
        let told = reply.problem(409);
        assert!(told["detail"].as_str().unwrap().contains("nothing is denied"), "{told}");
    }
    // She who may not see everything is one that it can do without.
    let whole = joins(&app, &ada, "whole@example.com", "owner").await;
    assert_eq!(account(&root, &eve, "").await.status, 204);
    assert_eq!(account(&root, &ada, "").await.status, 204);
    assert_eq!(owner(&app, &ada.caller.tenant).await, whole.id);
}

#[tokio::test]
async fn whoever_is_put_out_or_demoted_leaves_the_organization_to_another_owner_in_its_own_log() {
    let app = App::start().await;
    for way in ["demoted", "put out", "left"] {
        let name = way.replace(' ', "-");
        let ada = app.person(&format!("ada-{name}@example.com")).await;
        let heir = joins(&app, &ada, &format!("heir-{name}@example.com"), "owner").await;
        let reply = match way {
            "demoted" => heir.caller.patch(&place(&ada, &ada), &json!({ "role": "admin" })).await,
            "put out" => heir.caller.delete(&place(&ada, &ada)).await,
            _ => act(&ada.caller, &format!("{}/leave", organization(&ada))).await,
        };
        assert!(reply.status.is_success(), "{way}: {}", reply.text);
        assert_eq!(owner(&app, &ada.caller.tenant).await, heir.id, "{way}");
        let told = event(&app, &ada.caller.tenant, "organization.owner_changed").await;
        assert_eq!(told, json!({ "before": { "owner_id": ada.id }, "after": { "owner_id": heir.id } }), "{way}");
    }
}

#[tokio::test]
async fn an_organization_is_handed_to_somebody_to_whom_nothing_is_denied() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let bob = joins(&app, &ada, "bob@example.com", "admin").await;
    app.role(&ada, "no-secrets", &[], &["nodes:read:secret-*"], &[]).await;
    app.granted(&ada, &bob.id, "no-secrets").await;
    let (path, to) = (format!("{}/transfer", organization(&ada)), json!({ "user_id": bob.id }));
    let told = ada.caller.post(&path, &to).await.problem(409);
    assert!(told["detail"].as_str().unwrap().contains("is denied to this account"), "{told}");
    let roles = async |role: &str| {
        let tenant = &ada.caller.tenant;
        let sql = format!("select count(*) from wardgraph.memberships where organization_id = '{tenant}' and role = '{role}'");
        number(&app, &sql).await
    };
    assert_eq!((roles("owner").await, roles("admin").await), (1, 1), "nothing of it was done");
    assert_eq!(owner(&app, &ada.caller.tenant).await, ada.id);
    ungranted(&app, &bob).await;
    ada.caller.post(&path, &to).await.ok();
    assert_eq!(owner(&app, &ada.caller.tenant).await, bob.id);
}

#[tokio::test]
async fn an_owner_whose_account_is_disabled_keeps_the_place_and_comes_back_to_it() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let admin = joins(&app, &ada, "admin@example.com", "admin").await;
    let root = app.person("root@example.com").await.made_administrator(&app).await;
    // A thief's account stops, whatever it owns.
    account(&root, &ada, "/disable").await.ok();
    app.hear().await;
    assert_eq!(owner(&app, &ada.caller.tenant).await, ada.id);
    // Nobody below takes it meanwhile.
    admin.caller.get("/nodes").await.ok();
    admin.caller.patch(&place(&ada, &admin), &json!({ "role": "owner" })).await.problem(403);
    admin.caller.patch(&place(&ada, &ada), &json!({ "role": null })).await.problem(403);
    admin.caller.delete(&place(&ada, &ada)).await.problem(403);
    account(&root, &ada, "/enable").await.ok();
    let ada = enters(&app, "ada@example.com", &ada.caller.tenant).await;
    assert_eq!(ada.caller.get("/api/v1/organization").await.ok()["role"], "owner");
    // With another owner it is the same, and neither does that one go while it is the only one who works.
    let eve = joins(&app, &ada, "eve@example.com", "owner").await;
    account(&root, &ada, "/disable").await.ok();
    act(&eve.caller, &format!("{}/leave", organization(&ada))).await.problem(409);
    eve.caller.delete(ME).await.problem(409);
    assert_eq!(eve.caller.delete(&place(&ada, &ada)).await.status, 204);
    assert_eq!(owner(&app, &ada.caller.tenant).await, eve.id);
}

#[tokio::test]
async fn of_two_keepers_whose_accounts_are_deleted_at_once_one_stays() {
    let app = App::start().await;
    for round in 0..3 {
        let one = app.person(&format!("one-{round}@example.com")).await;
        let other = joins(&app, &one, &format!("other-{round}@example.com"), "owner").await;
        let narrow = joins(&app, &one, &format!("narrow-{round}@example.com"), "owner").await;
        app.role(&one, "no-secrets", &[], &["nodes:read:secret-*"], &[]).await;
        app.granted(&one, &narrow.id, "no-secrets").await;
        let leave = format!("{}/leave", organization(&one));
        let (a, b) = tokio::join!(one.caller.delete(ME), act(&other.caller, &leave));
        // Nobody waits to delete their account: who comes second is told to come again.
        let a = if a.status == 503 { one.caller.delete(ME).await } else { a };
        let mut told = [a.status.as_u16(), b.status.as_u16()];
        told.sort_unstable();
        assert_eq!(told, [204, 409], "{} {}", a.text, b.text);
        let sql = format!(
            "select count(*) from wardgraph.memberships where organization_id = '{}' and role = 'owner'",
            one.caller.tenant
        );
        assert_eq!(number(&app, &sql).await, 2);
    }
}

#[tokio::test]
async fn a_session_that_ended_changes_nobody_and_leaves_nothing() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let bob = joins(&app, &ada, "bob@example.com", "admin").await;
    // The gate knows both, and hears of nothing.
    for person in [&ada, &bob] {
        person.caller.get("/api/v1/organization").await.ok();
    }
    let sql = "update wardgraph.sessions set ended_at = now() where organization_id = $1";
    app.database.behind_the_scenes().await.execute(sql, &[&ada.caller.tenant]).await.unwrap();
    let path = organization(&ada);
    for reply in [
        ada.caller.patch(&place(&ada, &bob), &json!({ "role": "analyst" })).await,
        ada.caller.delete(&place(&ada, &bob)).await,
        ada.caller.post(&format!("{path}/transfer"), &json!({ "user_id": bob.id })).await,
        ada.caller.patch(&path, &json!({ "name": "Mine" })).await,
        act(&bob.caller, &format!("{path}/leave")).await,
    ] {
        reply.problem(401);
    }
    let roles = "select string_agg(role, ' ' order by role) from wardgraph.memberships where organization_id = $1";
    let row = app.database.behind_the_scenes().await.query_one(roles, &[&ada.caller.tenant]).await.unwrap();
    assert_eq!(row.get::<_, String>(0), "admin owner");
}

#[tokio::test]
async fn what_was_refused_of_a_member_is_on_record_with_what_was_not_theirs_to_give() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let admin = joins(&app, &ada, "admin@example.com", "admin").await;
    admin.caller.patch(&place(&ada, &admin), &json!({ "role": "owner" })).await.problem(403);
    ada.caller.delete(&place(&ada, &ada)).await.problem(409);
    let sql = "select jsonb_build_object('type', type, 'subject', subject, 'payload', payload) from wardgraph.events
               where tenant_id = $1 and outcome = 'refused' and type like 'member.%' order by type";
    let rows = app.database.behind_the_scenes().await.query(sql, &[&ada.caller.tenant]).await.unwrap();
    let told: Vec<Value> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(
        (&told[0]["type"], &told[0]["subject"], &told[0]["payload"]),
        (&json!("member.removed"), &json!(ada.id), &json!({ "status": 409 }))
    );
    assert_eq!((&told[1]["type"], &told[1]["payload"]["status"]), (&json!("member.role_changed"), &json!(403)));
    assert!(told[1]["payload"]["beyond"].to_string().contains("organizations:delete"), "{told:?}");
}
