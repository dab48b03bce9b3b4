//! May they? What the interoperability scenario of the AuthZEN group asks, in the words of this server.

use serde_json::{Value, json};
use wardgraph_testkit::Reply;

use super::{Cast, EVALUATION, EVALUATIONS, decision, question, user};

#[tokio::test]
async fn who_may_is_told_by_id_address_and_client() {
    let Cast { app, owner, admin, developer, analyst } = Cast::begin().await;
    app.role(&owner, "ops", &["nodes:write:production-*"], &["nodes:read:production-secret*"], &[]).await;
    app.granted(&owner, &analyst.id, "ops").await;
    let service = app.client_of(&owner, json!({ "role": "data_scientist" })).await;
    let client = json!({ "type": "client", "id": service.id });
    let cases = [
        (user(&developer), "write", "nodes", None, true),
        (user(&developer), "write", "nodes", Some("*"), true),
        (user(&developer), "write", "nodes", Some("anything"), true),
        (user(&developer), "write", "roles", None, false),
        (user(&analyst), "read", "nodes", Some("staging-1"), true),
        // Something of it is denied, so not all of it may be read.
        (user(&analyst), "read", "nodes", None, false),
        (user(&analyst), "write", "nodes", Some("production-1"), true),
        (user(&analyst), "write", "nodes", None, false),
        (user(&analyst), "read", "nodes", Some("production-secret-1"), false),
        (user(&analyst), "read", "search", Some("production-secret-1"), false),
        (json!({ "type": "identity", "id": "dev@example.com" }), "write", "nodes", None, true),
        (json!({ "type": "identity", "id": "Dev@Example.com" }), "write", "nodes", None, true),
        (client.clone(), "train", "indices", None, true),
        (client, "write", "nodes", None, false),
    ];
    for (subject, action, kind, id, expected) in cases {
        let asked = question(subject, action, kind, id);
        let answer = decision(&admin.caller, &asked).await;
        assert_eq!(answer["decision"], expected, "{asked}: {answer}");
        assert_eq!(answer["context"]["reason"].is_string(), !expected, "{asked}: {answer}");
    }
    let refused = decision(&admin.caller, &question(user(&developer), "write", "roles", None)).await;
    assert_eq!(refused["context"]["needs"], json!(["roles:write"]));
    // It is what the database says now, and not what a token said.
    let sql = "update wardgraph.memberships set role = 'analyst' where user_id = $1::text::uuid and organization_id = $2";
    app.database.behind_the_scenes().await.execute(sql, &[&developer.id, &owner.caller.tenant]).await.unwrap();
    assert_eq!(decision(&admin.caller, &question(user(&developer), "write", "nodes", None)).await["decision"], false);
}

#[tokio::test]
async fn what_is_unknown_is_refused_and_tells_nothing() {
    let Cast { app, owner, admin, .. } = Cast::begin().await;
    let elsewhere = app.person("elsewhere@example.com").await;
    let theirs = app.client_of(&elsewhere, json!({ "role": "admin" })).await;
    let nobody = json!({ "type": "user", "id": "01900000-0000-7000-8000-00000000000a" });
    let told = decision(&admin.caller, &question(nobody, "read", "nodes", None)).await;
    assert_eq!(told["decision"], false);
    for subject in [
        user(&elsewhere),
        json!({ "type": "identity", "id": "elsewhere@example.com" }),
        json!({ "type": "identity", "id": "nobody@example.com" }),
        json!({ "type": "client", "id": theirs.id }),
        json!({ "type": "group", "id": "admins" }),
        json!({ "type": "user", "id": "alice@acmecorp.com" }),
        json!({ "type": "user", "id": "'; drop table users; --" }),
        json!({ "type": "user", "id": "*" }),
        json!({ "type": "user" }),
        json!({ "type": "", "id": "\u{0}" }),
    ] {
        let answer = decision(&admin.caller, &question(subject.clone(), "read", "nodes", None)).await;
        assert_eq!(answer, told, "{subject}");
    }
    for (action, kind) in [("read", "todo"), ("can_read", "nodes"), ("*", "nodes"), ("read", "*"), ("read:a", "nodes"), ("", "")]
    {
        let answer = decision(&admin.caller, &question(user(&owner), action, kind, Some("a"))).await;
        assert_eq!(
            (&answer["decision"], answer["context"]["reason"].as_str().unwrap()),
            (&json!(false), "there is no such permission")
        );
    }
    // A name that looks like one that is denied asks for all there are, which allows no more.
    app.role(&owner, "guarded", &["nodes:read"], &["nodes:read:secret-*"], &[]).await;
    app.granted(&owner, &admin.id, "guarded").await;
    for id in ["secret-1", "SECRET-1", "secret\u{2010}1", "s\u{435}cret-1", " secret-1"] {
        let answer = decision(&owner.caller, &question(user(&admin), "read", "nodes", Some(id))).await;
        assert_eq!(answer["decision"], false, "{id:?}");
    }
}

#[tokio::test]
async fn what_is_no_question_is_malformed() {
    let Cast { app: _app, admin, developer, .. } = Cast::begin().await;
    let good = question(user(&developer), "read", "nodes", Some("a"));
    for missing in ["/subject", "/action", "/resource", "/subject/type", "/action/name", "/resource/type"] {
        let mut bad = good.clone();
        let (parent, name) = missing.rsplit_once('/').unwrap();
        bad.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name);
        admin.caller.post(EVALUATION, &bad).await.problem(400);
    }
    for (place, value) in
        [("/subject", json!("dev")), ("/subject/id", json!(7)), ("/action/name", json!(null)), ("/context", json!("now"))]
    {
        let mut bad = good.clone();
        let (parent, name) = place.rsplit_once('/').unwrap();
        bad.pointer_mut(parent).unwrap()[name] = value;
        admin.caller.post(EVALUATION, &bad).await.problem(400);
    }
    // What is not understood is passed over (section 10.1.1).
    let mut more = good.clone();
    more["context"] = json!({ "time": "1985-10-26T01:22-07:00" });
    more["subject"]["properties"] = json!({ "role": "owner" });
    more["resource"]["properties"] = json!({ "owner": "dev" });
    more["tenant_id"] = json!("another");
    assert_eq!(decision(&admin.caller, &more).await, json!({ "decision": true }));
    // Nothing that the asker says of somebody counts.
    more["action"]["name"] = json!("write");
    more["resource"]["type"] = json!("roles");
    assert_eq!(decision(&admin.caller, &more).await["decision"], false);
}

#[tokio::test]
async fn several_questions_are_answered_at_once() {
    let Cast { app: _app, admin, developer, analyst, .. } = Cast::begin().await;
    let each = json!([
        { "resource": { "type": "nodes" } },
        { "action": { "name": "write" }, "resource": { "type": "roles" } },
        { "subject": user(&analyst), "resource": { "type": "nodes", "id": "a" } },
        { "subject": user(&analyst), "action": { "name": "write" }, "resource": { "type": "nodes", "id": "a" } },
        { "resource": { "type": "edges" } },
    ]);
    let asked = |semantic: Option<&str>| {
        let mut all = json!({ "subject": user(&developer), "action": { "name": "read" }, "evaluations": each });
        if let Some(semantic) = semantic {
            all["options"] = json!({ "evaluations_semantic": semantic, "another_option": "value" });
        }
        all
    };
    let decisions = |answer: &Value| -> Vec<bool> {
        assert!(answer.get("decision").is_none(), "{answer}");
        answer["evaluations"].as_array().unwrap().iter().map(|one| one["decision"].as_bool().unwrap()).collect()
    };
    for (semantic, expected) in [
        (None, &[true, false, true, false, true][..]),
        (Some("execute_all"), &[true, false, true, false, true]),
        (Some("deny_on_first_deny"), &[true, false]),
        (Some("permit_on_first_permit"), &[true]),
    ] {
        let answer = admin.caller.post(EVALUATIONS, &asked(semantic)).await.ok();
        assert_eq!(decisions(&answer), expected, "{semantic:?}");
    }
    admin.caller.post(EVALUATIONS, &asked(Some("maybe"))).await.problem(400);
    // Without a list, what is said for all is the one question.
    let one = question(user(&developer), "read", "nodes", None);
    assert_eq!(admin.caller.post(EVALUATIONS, &one).await.ok(), json!({ "decision": true }));
    let mut empty = one.clone();
    empty["evaluations"] = json!([]);
    assert_eq!(admin.caller.post(EVALUATIONS, &empty).await.ok(), json!({ "decision": true }));
    // A part that nobody completes.
    let lacking = json!({ "subject": user(&developer), "evaluations": [{ "resource": { "type": "nodes" } }] });
    admin.caller.post(EVALUATIONS, &lacking).await.problem(400);
}

#[tokio::test]
async fn so_many_questions_are_answered_and_no_more() {
    let Cast { app: _app, admin, developer, .. } = Cast::begin().await;
    let many = |count: usize| {
        let each: Vec<_> = (0..count).map(|n| json!({ "resource": { "type": "nodes", "id": format!("n-{n}") } })).collect();
        json!({ "subject": user(&developer), "action": { "name": "read" }, "evaluations": each })
    };
    let answer = admin.caller.post(EVALUATIONS, &many(1_000)).await.ok();
    assert_eq!(answer["evaluations"].as_array().unwrap().len(), 1_000);
    admin.caller.post(EVALUATIONS, &many(1_001)).await.problem(400);
    admin.caller.post(EVALUATIONS, &many(5_000)).await.problem(400);
    let of_many: Vec<_> = (0..60).map(|n| json!({ "subject": { "type": "user", "id": format!("u{n}") } })).collect();
    let of_many = json!({ "action": { "name": "read" }, "resource": { "type": "nodes" }, "evaluations": of_many });
    admin.caller.post(EVALUATIONS, &of_many).await.problem(400);
}

#[tokio::test]
async fn only_whoever_may_ask_about_others_is_answered() {
    let Cast { app, owner, admin, developer, analyst } = Cast::begin().await;
    let asked = question(user(&owner), "read", "nodes", None);
    let key = json!({ "name": "pdp", "scopes": ["authz:read"] });
    let key = admin.caller.post("/api/v1/users/me/api-keys", &key).await.created();
    assert_eq!(decision(&app.bearer(key["key"].as_str().unwrap()), &asked).await["decision"], true);
    for path in [EVALUATION, EVALUATIONS, "/access/v1/search/subject", "/access/v1/search/resource", "/access/v1/search/action"] {
        for low in [&developer.caller, &analyst.caller, &app.caller(&owner.caller.tenant, &["authz:read", "super_admin"])] {
            low.post(path, &asked).await.problem(403);
        }
        app.stranger().post(path, &asked).await.problem(401);
    }
}

#[tokio::test]
async fn a_request_is_called_what_its_client_calls_it() {
    let Cast { app, admin, developer, .. } = Cast::begin().await;
    let asked = question(user(&developer), "read", "nodes", None);
    let named = async |caller: &wardgraph_testkit::Caller, id: &str| {
        let request = caller.request("POST", EVALUATION).header("x-request-id", id).json(&asked);
        Reply::of(request).await.headers["x-request-id"].to_str().unwrap().to_owned()
    };
    let id = "bfe9eb29-ab87-4ca3-be83-a1d5d8305716";
    for caller in [&admin.caller, &developer.caller, &app.stranger()] {
        assert_eq!(named(caller, id).await, id);
    }
    // What cannot be said back is not; and nowhere else is a client believed.
    assert_ne!(named(&admin.caller, &"x".repeat(300)).await.len(), 300);
    let elsewhere = Reply::of(admin.caller.request("GET", "/api/v1/whoami").header("x-request-id", id)).await;
    assert_ne!(elsewhere.headers["x-request-id"], id);
}

#[tokio::test]
async fn where_to_ask_is_published() {
    let Cast { app, .. } = Cast::begin().await;
    let published = app.stranger().get("/.well-known/authzen-configuration").await.ok();
    let at = published["policy_decision_point"].as_str().unwrap();
    assert_eq!(at, app.issuer.iss());
    for (name, path) in [
        ("access_evaluation_endpoint", EVALUATION),
        ("access_evaluations_endpoint", EVALUATIONS),
        ("search_subject_endpoint", "/access/v1/search/subject"),
        ("search_resource_endpoint", "/access/v1/search/resource"),
        ("search_action_endpoint", "/access/v1/search/action"),
    ] {
        assert_eq!(published[name], format!("{at}{path}"));
    }
}
