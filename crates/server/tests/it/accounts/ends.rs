//! The ends of accounts, and what of them is on record: in whose log, with what before and after, and what was refused.

use std::time::Duration;

use serde_json::{Value, json};
use wardgraph_testkit::{App, AppOptions, Person, Reply};

use super::people::{act, administrator, at, member, user};

const ME: &str = "/api/v1/users/me";

/// The events of a log of these types, the oldest first, as a new connection sees them.
async fn events(app: &App, tenant: &str, of: &str) -> Vec<Value> {
    let sql =
        "select jsonb_build_object('type', type, 'outcome', outcome, 'subject', subject, 'payload', payload, 'actor', actor_id)
               from wardgraph.events where tenant_id = $1 and type = any(string_to_array($2, ' ')) order by xact, event_id";
    let client = app.database.behind_the_scenes().await;
    client.query(sql, &[&tenant, &of]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

const ORGANIZATIONS: &str = "organization.deleted organization.owner_changed";

#[tokio::test]
async fn an_organization_that_ends_or_changes_hands_has_it_in_its_own_log() {
    let app = App::start().await;
    let root = administrator(&app, "root@example.com").await;
    let ada = app.person("ada@example.com").await;
    let heir = member(&app, &ada, "heir@example.com", "owner").await;
    // An owner by role alone: nothing changes hands.
    let other = member(&app, &ada, "other@example.com", "owner").await;
    assert_eq!(root.caller.delete(&user(&other)).await.status, 204);
    assert_eq!(events(&app, &ada.caller.tenant, ORGANIZATIONS).await, [Value::Null; 0]);
    // Its owner leaves, at an administrator's word.
    assert_eq!(root.caller.delete(&user(&ada)).await.status, 204);
    let changed = json!({
        "type": "organization.owner_changed", "outcome": "success", "subject": ada.caller.tenant, "actor": root.id,
        "payload": { "before": { "owner_id": ada.id }, "after": { "owner_id": heir.id } },
    });
    assert_eq!(events(&app, &ada.caller.tenant, ORGANIZATIONS).await, std::slice::from_ref(&changed));
    assert_eq!(events(&app, &root.caller.tenant, ORGANIZATIONS).await, [Value::Null; 0], "it is told where it happened");
    // The heir deletes the own account, which takes two organizations along: that of the session, and one of its own.
    let own = Person::again(&app, "heir@example.com").await;
    assert_ne!(own.caller.tenant, ada.caller.tenant);
    assert_eq!(own.caller.delete(ME).await.status, 204);
    for (tenant, before) in [(&ada.caller.tenant, vec![changed]), (&own.caller.tenant, Vec::new())] {
        let deleted = json!({
            "type": "organization.deleted", "outcome": "success", "subject": tenant, "actor": own.id,
            "payload": { "before": { "owner_id": own.id }, "after": null },
        });
        assert_eq!(events(&app, tenant, ORGANIZATIONS).await, [before, vec![deleted]].concat());
    }
}

#[tokio::test]
async fn what_an_administrator_was_refused_is_on_record_with_whom_it_was_about() {
    let app = App::start().await;
    let root = administrator(&app, "root@example.com").await;
    let fallen = administrator(&app, "fallen@example.com").await;
    let ada = app.person("ada@example.com").await;
    member(&app, &ada, "dev@example.com", "developer").await;
    let nobody = Person { id: "01900000-0000-7000-8000-0000000000ee".into(), ..ada.clone() };
    act(&root.caller, &nobody, "disable").await.problem(404);
    act(&root.caller, &nobody, "enable").await.problem(404);
    root.caller.delete(&user(&nobody)).await.problem(404);
    root.caller.delete(&format!("{}/mfa", user(&nobody))).await.problem(404);
    root.caller.get(&user(&nobody)).await.problem(404);
    root.caller.delete(&user(&ada)).await.problem(409);
    ada.caller.delete(ME).await.problem(409);
    // Met before: who was not is asked for at the door.
    fallen.caller.get("/api/v1/whoami").await.ok();
    act(&root.caller, &fallen, "disable").await.ok();
    // Not heard of yet: the token is believed, and the account is asked.
    act(&fallen.caller, &ada, "disable").await.problem(401);
    let told = async |tenant: &str| {
        let of = "user.disabled user.enabled user.deleted user.factors_taken user.read";
        let told = events(&app, tenant, of).await.into_iter().filter(|event| event["outcome"] == "refused");
        told.map(|event| format!("{} {} {}", event["type"].as_str().unwrap(), event["subject"], event["payload"]["status"]))
            .collect::<Vec<_>>()
    };
    let id = |person: &Person| json!(person.id);
    assert_eq!(
        told(&root.caller.tenant).await,
        [
            format!("user.disabled {} 404", id(&nobody)),
            format!("user.enabled {} 404", id(&nobody)),
            format!("user.deleted {} 404", id(&nobody)),
            format!("user.factors_taken {} 404", id(&nobody)),
            format!("user.deleted {} 409", id(&ada)),
        ]
    );
    assert_eq!(told(&fallen.caller.tenant).await, [format!("user.disabled {} 401", id(&ada))]);
    assert_eq!(told(&ada.caller.tenant).await, [format!("user.deleted {} 409", id(&ada))]);
    let refused = events(&app, &root.caller.tenant, "request.refused").await;
    assert_eq!(refused.iter().filter(|event| event["subject"] == "GetUser").count(), 1);
    assert_eq!(refused.len(), 6);
}

#[tokio::test]
async fn who_reads_accounts_is_on_record() {
    let app = App::start().await;
    let root = administrator(&app, "root@example.com").await;
    let ada = app.person("ada@example.com").await;
    root.caller.get("/api/v1/users?limit=2").await.ok();
    root.caller.get(&user(&ada)).await.ok();
    ada.caller.get("/api/v1/users").await.ok();
    let read = async |tenant: &str| -> Vec<Value> {
        let read = events(&app, tenant, "users.listed user.read").await.into_iter();
        read.map(|event| json!([event["type"], event["subject"], event["payload"], event["actor"]])).collect()
    };
    let listed = |person: &Person, of: &str, count: u32| json!(["users.listed", person.caller.tenant, { "of": of, "count": count }, person.id]);
    assert_eq!(read(&root.caller.tenant).await, [listed(&root, "accounts", 2), json!(["user.read", ada.id, {}, root.id])]);
    assert_eq!(read(&ada.caller.tenant).await, [listed(&ada, "members", 1)]);
}

#[tokio::test]
async fn of_two_owners_who_leave_at_once_the_second_waits_and_stays() {
    let app = App::start().await;
    let second = App::over(app.database.clone(), AppOptions::default()).await;
    let one = app.person("one@example.com").await;
    let other = member(&app, &one, "other@example.com", "owner").await;
    let root = administrator(&app, "root@example.com").await;
    one.caller.create_node("what needs an owner").await.created();
    // Somebody holds the organization's row: whoever leaves has to wait for it, whether its owner by the record or by the role.
    let (holder, watcher) = (app.database.behind_the_scenes().await, app.database.behind_the_scenes().await);
    holder.batch_execute("begin").await.unwrap();
    let hold = "select from wardgraph.organizations where organization_id = $1 for update";
    holder.query(hold, &[&one.caller.tenant]).await.unwrap();
    let elsewhere = at(&second, &root);
    let (one, other) = (user(&one), user(&other));
    let release = async {
        let waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
        let both = async {
            while watcher.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) < 2 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let both = tokio::time::timeout(Duration::from_secs(4), both).await;
        holder.batch_execute("commit").await.unwrap();
        both
    };
    let (a, b, both) = tokio::join!(root.caller.delete(&one), elsewhere.caller.delete(&other), release);
    assert!(both.is_ok(), "one of them did not wait: {} {}", a.text, b.text);
    let (stayed, gone): (Vec<Reply>, Vec<Reply>) = [a, b].into_iter().partition(|reply| reply.status == 409);
    assert_eq!((stayed.len(), gone.len()), (1, 1));
    assert_eq!(gone[0].status, 204);
    // Refused because it looked, and not by a constraint that happened to hold.
    assert!(stayed[0].body["detail"].as_str().unwrap().contains("has data"), "{}", stayed[0].text);
}
