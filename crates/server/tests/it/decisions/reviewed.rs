//! What a review comes to: by its due date, by what changed meanwhile, and as evidence.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    Cast, at, events,
    reviews::{begin, decide, items, of, path},
};

const MONTH: Duration = Duration::from_hours(32 * 24);

#[tokio::test]
async fn what_is_not_reviewed_by_the_due_date_goes_by_the_rule() {
    let Cast { app, owner, admin, developer, analyst } = Cast::begin().await;
    app.granted(&owner, &developer.id, "analyst").await;
    let review = begin(&owner, "revoke", &[]).await;
    let asked = items(&owner, &review).await;
    decide(&owner, of(&asked, "membership", &admin.id), "keep").await.ok();
    app.close_due_reviews().await;
    assert!(items(&owner, &review).await.iter().any(|item| item["decision"].is_null()), "it is not due yet");
    app.clock.advance(MONTH);
    app.close_due_reviews().await;
    app.hear().await;
    let owner = at(&app, "ada@example.com", &owner.caller.tenant).await;
    let closed = owner.caller.get(&path(&review, "")).await.ok();
    assert_eq!((&closed["undecided"], &closed["closed_by"]), (&json!(0), &json!(null)));
    assert!(closed["closed_at"].is_string());
    let decided = items(&owner, &review).await;
    let outcome = |kind: &str, holder: &str| of(&decided, kind, holder)["outcome"].as_str().unwrap().to_owned();
    assert_eq!(outcome("membership", &admin.id), "kept");
    assert_eq!(outcome("membership", &owner.id), "last_owner");
    assert_eq!((outcome("membership", &developer.id), outcome("grant", &developer.id)), ("revoked".into(), "revoked".into()));
    assert_eq!(outcome("membership", &analyst.id), "revoked");
    let by_schedule = of(&decided, "membership", &analyst.id);
    assert!(by_schedule["decided_by"].is_null() && by_schedule["reason"].is_string());
    let analyst = at(&app, "ana@example.com", &owner.caller.tenant).await;
    analyst.caller.get("/nodes").await.problem(403);
    let told = events(&app, &owner.caller.tenant, "review.decided").await;
    let scheduled = told.iter().filter(|event| event["actor_type"] == "scheduler").count();
    assert_eq!((scheduled, told.len()), (4, 5));
    assert_eq!(events(&app, &owner.caller.tenant, "review.closed").await[0]["actor_type"], "scheduler");
    // Once, and nothing is left to do.
    app.clock.advance(Duration::from_hours(1));
    app.close_due_reviews().await;
    assert_eq!(events(&app, &owner.caller.tenant, "review.decided").await.len(), 5);
    let jobs = "select count(*) from wardgraph.jobs where kind = 'review'";
    assert_eq!(app.database.behind_the_scenes().await.query_one(jobs, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn where_the_rule_is_to_keep_everything_stays() {
    let Cast { app, owner, developer, .. } = Cast::begin().await;
    let review = begin(&owner, "keep", &[]).await;
    app.clock.advance(MONTH);
    app.close_due_reviews().await;
    let owner = at(&app, "ada@example.com", &owner.caller.tenant).await;
    assert!(items(&owner, &review).await.iter().all(|item| item["outcome"] == "kept"));
    at(&app, &developer.email, &owner.caller.tenant).await.caller.get("/nodes").await.ok();
}

#[tokio::test]
async fn what_changed_since_is_said_and_not_taken() {
    let Cast { app, owner, developer, analyst, .. } = Cast::begin().await;
    let grant = app.granted(&owner, &analyst.id, "developer").await;
    let review = begin(&owner, "revoke", &[]).await;
    let sql = "update wardgraph.memberships set role = 'admin' where user_id = $1::text::uuid and organization_id = $2";
    let client = app.database.behind_the_scenes().await;
    client.execute(sql, &[&developer.id, &owner.caller.tenant]).await.unwrap();
    client.execute("delete from wardgraph.grants where grant_id = $1", &[&grant.uuid()]).await.unwrap();
    let asked = items(&owner, &review).await;
    let (promoted, gone) = (of(&asked, "membership", &developer.id), of(&asked, "grant", &analyst.id));
    assert!(promoted["changed"] == true && gone["changed"] == true);
    assert_eq!(of(&asked, "membership", &analyst.id)["changed"], false);
    decide(&owner, promoted, "revoke").await.problem(409);
    assert_eq!(decide(&owner, gone, "revoke").await.ok()["outcome"], "gone");
    app.clock.advance(MONTH);
    app.close_due_reviews().await;
    let owner = at(&app, "ada@example.com", &owner.caller.tenant).await;
    let decided = items(&owner, &review).await;
    assert_eq!(of(&decided, "membership", &developer.id)["outcome"], "changed");
}

#[tokio::test]
async fn the_evidence_is_known_by_what_it_says() {
    let Cast { app, owner, developer, .. } = Cast::begin().await;
    let review = begin(&owner, "keep", &[]).await;
    let asked = items(&owner, &review).await;
    let one = of(&asked, "membership", &developer.id);
    let said = json!({ "decision": "revoke", "reason": "=HYPERLINK(\"https://evil.example\",\"x\")" });
    let place = path(&review, &format!("/items/{}/decide", one["id"].as_str().unwrap()));
    owner.caller.post(&place, &said).await.ok();

    let exported = owner.caller.get(&path(&review, "/export")).await;
    assert_eq!((exported.status.as_u16(), exported.headers["content-type"].to_str().unwrap()), (200, "application/jsonl"));
    let (before, last) = exported.text.trim_end().rsplit_once('\n').unwrap();
    let last: Value = serde_json::from_str(last).unwrap();
    let sha256 = format!("{:x}", Sha256::digest(format!("{before}\n")));
    assert_eq!((&last["sha256"], &last["lines"]), (&json!(sha256), &json!(5)));
    let lines: Vec<Value> = before.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["review"]["id"], review["id"]);
    let line = lines.iter().find(|line| line["id"] == one["id"]).unwrap();
    assert_eq!(
        (&line["outcome"], &line["decided_by"], &line["role"]),
        (&json!("revoked"), &json!(owner.id), &json!("developer"))
    );

    let table = owner.caller.get(&path(&review, "/export.csv")).await;
    assert_eq!(table.headers["content-type"], "text/csv; charset=utf-8");
    assert!(table.text.contains("\"'=HYPERLINK(\"\"https://evil.example\"\",\"\"x\"\")\"") && !table.text.contains("\"=HYP"));
    let (rows, last) = table.text.trim_end().rsplit_once("\r\n").unwrap();
    let of_table = format!("{:x}", Sha256::digest(format!("{rows}\r\n")));
    assert!(last.starts_with(&format!("\"sha256\",\"{of_table}\"")), "{last}");
    // What was handed out stands in the log.
    let told = events(&app, &owner.caller.tenant, "review.exported").await;
    let hashes: BTreeSet<_> = told.iter().map(|event| event["payload"]["sha256"].as_str().unwrap()).collect();
    assert_eq!(hashes, BTreeSet::from([&*sha256, &*of_table]));
    app.clock.advance(Duration::from_mins(11));
    owner.caller.get(&path(&review, "/export")).await.problem(401);
}

#[tokio::test]
async fn what_nobody_uses_is_listed() {
    let Cast { app, owner, admin, developer, analyst } = Cast::begin().await;
    let list = async |by: &wardgraph_testkit::Person, days: &str| {
        let told = by.caller.get(&format!("/api/v1/grants/unused{days}")).await.ok();
        let holders = told["unused"].as_array().unwrap().iter().map(|one| one["holder"]["id"].as_str().unwrap().to_owned());
        holders.collect::<Vec<_>>()
    };
    let client = app.database.behind_the_scenes().await;
    let sql = "update wardgraph.memberships set created_at = '2025-01-01', last_used_at = $2::text::timestamptz where user_id = $1::text::uuid and organization_id = $3";
    let of = &owner.caller.tenant;
    client.execute(sql, &[&developer.id, &None::<String>, of]).await.unwrap();
    client.execute(sql, &[&analyst.id, &Some("2025-11-01"), of]).await.unwrap();
    assert_eq!(list(&admin, "").await, std::slice::from_ref(&developer.id));
    assert_eq!(list(&admin, "?days=30").await, [developer.id.clone(), analyst.id.clone()]);
    assert_eq!(list(&admin, "?days=3650").await, [""; 0]);
    for days in ["0", "-1", "3651"] {
        admin.caller.get(&format!("/api/v1/grants/unused?days={days}")).await.problem(422);
    }
    developer.caller.get("/api/v1/grants/unused").await.problem(403);
    // A review writes it down.
    let review = begin(&owner, "keep", &[]).await;
    assert_eq!(review["unused"], 1);
    let asked = owner.caller.get(&path(&review, "/items?unused=true")).await.ok();
    assert_eq!((&asked["count"], &asked["items"][0]["holder"]["id"]), (&json!(1), &json!(developer.id)));
}

#[tokio::test]
async fn what_is_due_leaves_one_owner_to_whom_nothing_is_denied_and_whose_the_organization_is() {
    let Cast { app, owner, .. } = Cast::begin().await;
    let second = super::joined(&app, &owner, "second@example.com", "owner").await;
    let narrow = super::joined(&app, &owner, "narrow@example.com", "owner").await;
    app.role(&owner, "no-secrets", &[], &["nodes:read:secret-*"], &[]).await;
    app.granted(&owner, &narrow.id, "no-secrets").await;
    let review = begin(&owner, "revoke", &[]).await;
    app.clock.advance(MONTH);
    app.close_due_reviews().await;
    app.hear().await;
    let sql = "select m.user_id::text, o.owner_id::text,
                      (select count(*) from wardgraph.grants g where g.tenant_id = $1 and g.user_id = m.user_id)
               from wardgraph.memberships m join wardgraph.organizations o using (organization_id) where m.organization_id = $1 and m.role = 'owner'";
    let rows = app.database.behind_the_scenes().await.query(sql, &[&owner.caller.tenant]).await.unwrap();
    assert_eq!(rows.len(), 1);
    let (left, by_record, denied): (String, String, i64) = (rows[0].get(0), rows[0].get(1), rows[0].get(2));
    assert_eq!((&left, denied), (&by_record, 0), "whose it is by the record is who owns it");
    // In whichever order they came: the log leads from the first to the last.
    let told = events(&app, &owner.caller.tenant, "organization.owner_changed").await;
    assert_eq!(told.is_empty(), left == owner.id, "{told:?}");
    assert!(told.iter().all(|event| event["actor_type"] == "scheduler"));
    let email = [&owner, &second, &narrow].into_iter().find(|person| person.id == left).unwrap().email.clone();
    let left = at(&app, &email, &owner.caller.tenant).await;
    let decided = items(&left, &review).await;
    assert_eq!(of(&decided, "membership", &left.id)["outcome"], "last_owner");
    assert_eq!(decided.iter().filter(|item| item["outcome"] == "last_owner").count(), 1);
}
