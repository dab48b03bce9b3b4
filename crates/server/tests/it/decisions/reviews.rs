//! Reviews: what is held is written down, and each of it kept or revoked.

use serde_json::{Value, json};
use wardgraph_testkit::{Person, Reply};

use super::{Cast, REVIEWS, events};

pub(super) async fn begin(by: &Person, on_due: &str, reviewers: &[&Person]) -> Value {
    let reviewers: Vec<_> = reviewers.iter().map(|person| &person.id).collect();
    let new = json!({ "name": "first quarter", "due_at": "2026-02-01T00:00:00Z", "on_due": on_due, "reviewers": reviewers });
    by.caller.post(REVIEWS, &new).await.created()
}

pub(super) fn path(review: &Value, rest: &str) -> String {
    format!("{REVIEWS}/{}{rest}", review["id"].as_str().unwrap())
}

/// All that a review asks about.
pub(super) async fn items(by: &Person, review: &Value) -> Vec<Value> {
    by.caller.get(&path(review, "/items?limit=1000")).await.ok()["items"].as_array().unwrap().clone()
}

/// The item of this kind that somebody holds.
pub(super) fn of<'a>(items: &'a [Value], kind: &str, holder: &str) -> &'a Value {
    let wanted = |item: &&Value| item["kind"] == kind && item["holder"]["id"] == holder;
    items.iter().find(wanted).unwrap_or_else(|| panic!("{kind} of {holder} in {items:?}"))
}

pub(super) async fn decide(by: &Person, item: &Value, decision: &str) -> Reply {
    let (review, item) = (item["review_id"].as_str().unwrap(), item["id"].as_str().unwrap());
    let said = json!({ "decision": decision, "reason": "looked at it" });
    by.caller.post(&format!("{REVIEWS}/{review}/items/{item}/decide"), &said).await
}

#[tokio::test]
async fn everything_that_is_held_is_asked_about_and_what_is_revoked_is_gone() {
    let Cast { app, owner, admin, developer, analyst } = Cast::begin().await;
    app.role(&owner, "ops", &["edges:write"], &[], &[]).await;
    let grant = app.granted(&owner, &analyst.id, "ops").await;
    let key = json!({ "name": "k", "scopes": ["nodes:read"] });
    let key = developer.caller.post("/api/v1/users/me/api-keys", &key).await.created();
    let with_key = app.bearer(key["key"].as_str().unwrap());
    let service = app.client_of(&owner, json!({ "role": "developer", "scopes": ["nodes:read", "nodes:write"] })).await;
    let as_service = service.caller(&app).await;
    for caller in [&with_key, &as_service, &analyst.caller] {
        caller.get("/nodes").await.ok();
    }
    let review = begin(&owner, "keep", &[]).await;
    assert_eq!((&review["items"], &review["undecided"], &review["closed_at"]), (&json!(7), &json!(7), &json!(null)));
    let asked = items(&admin, &review).await;
    let held = |kind: &str, holder: &str, role: &str| assert_eq!(of(&asked, kind, holder)["role"], role);
    for (person, role) in [(&owner, "owner"), (&admin, "admin"), (&developer, "developer"), (&analyst, "analyst")] {
        held("membership", &person.id, role);
    }
    held("client", &service.id, "developer");
    let granted = of(&asked, "grant", &analyst.id);
    assert_eq!(
        (&granted["role"], &granted["thing_id"], &granted["holder_name"]),
        (&json!("ops"), &json!(grant), &json!("ana@example.com"))
    );
    let of_key = of(&asked, "api_key", &developer.id);
    assert_eq!((&of_key["scopes"], &of_key["thing_id"]), (&json!(["nodes:read"]), &key["id"]));
    assert!(asked.iter().all(|item| item["changed"] == false && item["decision"].is_null()));
    assert!(!json!(asked).to_string().contains("wg_"), "no key is shown");

    let kept = decide(&admin, of(&asked, "membership", &developer.id), "keep").await.ok();
    assert_eq!((&kept["decision"], &kept["outcome"], &kept["decided_by"]), (&json!("keep"), &json!("kept"), &json!(admin.id)));
    for item in [of_key, granted, of(&asked, "client", &service.id), of(&asked, "membership", &analyst.id)] {
        let gone = decide(&admin, item, "revoke").await.ok();
        assert_eq!(
            (&gone["outcome"], &gone["changed"], &gone["reason"]),
            (&json!("revoked"), &json!(false), &json!("looked at it"))
        );
        // It does not come back by another word.
        decide(&admin, item, "keep").await.problem(409);
    }
    app.hear().await;
    with_key.get("/nodes").await.problem(401);
    for caller in [&as_service, &analyst.caller] {
        assert!([401, 403].contains(&caller.get("/nodes").await.status.as_u16()));
    }
    developer.caller.get("/nodes").await.ok();
    let left = app.database.behind_the_scenes().await;
    let sql = "select (select count(*) from wardgraph.grants where tenant_id = $1), (select count(*) from wardgraph.api_keys where organization_id = $1 and revoked_at is null),
                      (select count(*) from wardgraph.memberships where organization_id = $1), (select count(*) from wardgraph.clients where organization_id = $1 and role is not null)";
    let row = left.query_one(sql, &[&owner.caller.tenant]).await.unwrap();
    let counts: Vec<i64> = (0..4).map(|at| row.get(at)).collect();
    assert_eq!(counts, [0, 0, 4, 0], "whoever lost a role is a member still");

    let told = events(&app, &owner.caller.tenant, "review.decided").await;
    let of_grant = told.iter().find(|event| event["subject"] == granted["id"]).unwrap();
    assert_eq!(
        (&of_grant["payload"]["before"]["role"], &of_grant["payload"]["after"]["outcome"]),
        (&json!("ops"), &json!("revoked"))
    );
    assert_eq!((told.len(), &of_grant["actor"]), (5, &json!(admin.id)));
    let count = async |rest: &str| admin.caller.get(&path(&review, rest)).await.ok()["count"].clone();
    assert_eq!((count("/items?undecided=true").await, count("/items?undecided=false").await), (json!(2), json!(5)));
    let first = admin.caller.get(&path(&review, "/items?limit=4")).await.ok();
    let rest = format!("/items?limit=4&cursor={}", first["next_cursor"].as_str().unwrap());
    assert_eq!(count(&rest).await, json!(3));

    let closed = Reply::of(owner.caller.request("POST", &path(&review, "/close"))).await.ok();
    assert_eq!((&closed["closed_by"], &closed["undecided"]), (&json!(owner.id), &json!(2)));
    decide(&owner, of(&asked, "membership", &developer.id), "revoke").await.problem(409);
    Reply::of(owner.caller.request("POST", &path(&review, "/close"))).await.problem(409);
    assert_eq!(admin.caller.get(REVIEWS).await.ok()["reviews"][0]["id"], review["id"]);
}

#[tokio::test]
async fn nobody_reviews_themselves_or_what_is_above_them() {
    let Cast { app, owner, admin, developer, analyst } = Cast::begin().await;
    let key = json!({ "name": "k", "scopes": ["nodes:read"] });
    owner.caller.post("/api/v1/users/me/api-keys", &key).await.created();
    admin.caller.post("/api/v1/users/me/api-keys", &key).await.created();
    let review = begin(&admin, "keep", &[]).await;
    let asked = items(&admin, &review).await;
    for kind in ["membership", "api_key"] {
        for decision in ["keep", "revoke"] {
            decide(&admin, of(&asked, kind, &admin.id), decision).await.problem(403);
        }
        decide(&admin, of(&asked, kind, &owner.id), "revoke").await.problem(403);
    }
    decide(&admin, of(&asked, "membership", &owner.id), "keep").await.ok();
    for low in [&developer, &analyst] {
        decide(low, of(&asked, "membership", &owner.id), "revoke").await.problem(403);
        low.caller.get(REVIEWS).await.problem(403);
        low.caller
            .post(REVIEWS, &json!({ "name": "r", "due_at": "2026-02-01T00:00:00Z", "on_due": "revoke" }))
            .await
            .problem(403);
        low.caller.get(&path(&review, "/export")).await.problem(403);
    }
    // What was refused is on record.
    let refused =
        "select count(*) from wardgraph.events where tenant_id = $1 and type = 'review.decided' and outcome = 'refused'";
    let row = app.database.behind_the_scenes().await.query_one(refused, &[&owner.caller.tenant]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 6);
    // Others were named to decide.
    let named = begin(&admin, "keep", &[&owner]).await;
    let asked = items(&admin, &named).await;
    decide(&admin, of(&asked, "membership", &developer.id), "revoke").await.problem(403);
    decide(&owner, of(&asked, "membership", &developer.id), "revoke").await.ok();
    let elsewhere = app.person("elsewhere@example.com").await;
    let new = json!({ "name": "r", "due_at": "2026-02-01T00:00:00Z", "on_due": "keep", "reviewers": [elsewhere.id] });
    admin.caller.post(REVIEWS, &new).await.problem(422);
    let past = json!({ "name": "r", "due_at": "2025-12-31T00:00:00Z", "on_due": "revoke" });
    admin.caller.post(REVIEWS, &past).await.problem(422);
}

#[tokio::test]
async fn another_organizations_reviews_are_not_there() {
    let Cast { app, owner, .. } = Cast::begin().await;
    let neighbour = app.person("elsewhere@example.com").await;
    let (review, theirs) = (begin(&owner, "keep", &[]).await, begin(&neighbour, "keep", &[]).await);
    let (asked, of_theirs) = (items(&owner, &review).await, items(&neighbour, &theirs).await);
    for rest in ["", "/items", "/export", "/export.csv"] {
        neighbour.caller.get(&path(&review, rest)).await.problem(404);
    }
    Reply::of(neighbour.caller.request("POST", &path(&review, "/close"))).await.problem(404);
    decide(&neighbour, &asked[0], "revoke").await.problem(404);
    // Neither by a review of one's own with an item of theirs, nor the other way round.
    for (review, item) in [(&theirs, &asked[0]), (&review, &of_theirs[0])] {
        let mixed = json!({ "review_id": review["id"], "id": item["id"] });
        decide(&neighbour, &mixed, "revoke").await.problem(404);
    }
    assert_eq!(neighbour.caller.get(REVIEWS).await.ok()["count"], 1);
    assert!(items(&owner, &review).await.iter().all(|item| item["decision"].is_null()));
}

#[tokio::test]
async fn of_two_owners_who_revoke_each_other_one_stays() {
    let Cast { app, owner, .. } = Cast::begin().await;
    let second = super::joined(&app, &owner, "second@example.com", "owner").await;
    let review = begin(&owner, "keep", &[]).await;
    let asked = items(&owner, &review).await;
    let (mine, theirs) = (of(&asked, "membership", &owner.id), of(&asked, "membership", &second.id));
    let (one, other) = tokio::join!(decide(&owner, theirs, "revoke"), decide(&second, mine, "revoke"));
    let mut both = [one.status.as_u16(), other.status.as_u16()];
    both.sort_unstable();
    assert!(both[0] == 200 && [401, 403, 409].contains(&both[1]), "{} {}", one.text, other.text);
    let sql = "select count(*) from wardgraph.memberships where organization_id = $1 and role = 'owner'";
    let row = app.database.behind_the_scenes().await.query_one(sql, &[&owner.caller.tenant]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 1);
}

#[tokio::test]
async fn who_loses_an_owners_role_by_a_review_owns_nothing_by_the_record() {
    let Cast { app, owner, .. } = Cast::begin().await;
    let second = super::joined(&app, &owner, "second@example.com", "owner").await;
    let review = begin(&owner, "keep", &[]).await;
    let asked = items(&owner, &review).await;
    decide(&second, of(&asked, "membership", &owner.id), "revoke").await.ok();
    let sql = "select owner_id::text from wardgraph.organizations where organization_id = $1";
    let row = app.database.behind_the_scenes().await.query_one(sql, &[&owner.caller.tenant]).await.unwrap();
    assert_eq!(row.get::<_, String>(0), second.id);
    let told = events(&app, &owner.caller.tenant, "organization.owner_changed").await;
    assert_eq!(told.len(), 1);
    assert_eq!(
        (&told[0]["subject"], &told[0]["payload"]),
        (&json!(owner.caller.tenant), &json!({ "before": { "owner_id": owner.id }, "after": { "owner_id": second.id } }))
    );
}

#[tokio::test]
async fn a_review_takes_no_role_from_the_last_owner_to_whom_nothing_is_denied() {
    let Cast { app, owner, .. } = Cast::begin().await;
    let narrow = super::joined(&app, &owner, "narrow@example.com", "owner").await;
    app.role(&owner, "no-secrets", &[], &["nodes:read:secret-*"], &[]).await;
    app.granted(&owner, &narrow.id, "no-secrets").await;
    let review = begin(&owner, "keep", &[]).await;
    let asked = items(&owner, &review).await;
    let told = decide(&narrow, of(&asked, "membership", &owner.id), "revoke").await.problem(409);
    assert!(told["detail"].as_str().unwrap().contains("nothing is denied"), "{told}");
    assert_eq!(decide(&owner, of(&asked, "membership", &narrow.id), "revoke").await.ok()["outcome"], "revoked");
}
