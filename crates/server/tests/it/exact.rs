//! Bodies are understood exactly or refused: members that nobody knows, members twice, numbers that would be changed, half characters.

use serde_json::{Value, json};
use wardgraph_api::table::Row;
use wardgraph_testkit::{App, Reply};

use crate::hostile::{ask, bodied, counted, fields, sending, with};

/// Pointers to every object of the body that is no free form, as the API description knows them: those members are all that it may have.
fn objects(row: &Row) -> Vec<String> {
    let parents = fields(row).into_iter().map(|field| field.rsplit_once('/').unwrap().0.to_owned());
    parents.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

#[tokio::test]
async fn unknown_members_are_refused_and_named_wherever_they_stand() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let known = app.known(&owner).await;
    let before = counted(&app, &owner.tenant).await;
    // What is unknown of a client is passed over (RFC 7591, section 2), and so is what comes with a question of AuthZEN's.
    for row in bodied().filter(|row| !row.spec.is_for_clients() && !row.spec.speaks_authzen()) {
        let sample = (row.sample)(&known).unwrap();
        for place in objects(row) {
            for (name, raw) in [("null", "null"), ("an object", "{}"), ("a text", "\"x\"")] {
                let field = format!("{place}/no_such_member");
                let reply = ask(sending(&owner, row, &known, with(&sample, &field, raw.as_bytes())), name).await;
                // An item of a batch is refused alone.
                let errors = match reply.status.as_u16() {
                    200 => reply.body["results"][0]["errors"].clone(),
                    _ => reply.problem(400)["errors"].clone(),
                };
                assert_eq!(errors[0]["field"], field.as_str(), "{}: {errors}", row.spec.id);
                let detail = errors[0]["detail"].as_str().unwrap();
                assert!(detail.contains("unknown field `no_such_member`"), "{}: {errors}", row.spec.id);
            }
        }
        // Accounts, which Active Graph KG had not, are no tenant's: their bodies name none.
        if row.spec.rows.are_peoples() || row.spec.access.admits_strangers() {
            continue;
        }
        // The tenant that a body names, as bodies of Active Graph KG do, is passed over.
        for tenant in ["null", "\"tenant-b\"", "7"] {
            let known = app.data(&owner, &known).await;
            let sample = (row.sample)(&known).unwrap();
            let reply = ask(sending(&owner, row, &known, with(&sample, "/tenant_id", tenant.as_bytes())), tenant).await;
            assert!(reply.status.is_success(), "{}: {}", row.spec.id, reply.text);
        }
    }
    assert!(counted(&app, &owner.tenant).await.2 > before.2);
}

#[tokio::test]
async fn a_misspelt_filter_does_not_widen_a_search() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    for misspelt in [
        json!({ "query": "x", "metadata_filter": { "a": "b" } }),
        json!({ "query": "x", "filter": { "metdata": { "a": "b" } } }),
        json!({ "query": "x", "filters": {} }),
    ] {
        owner.post("/search", &misspelt).await.problem(400);
    }
    // All that a client of Active Graph KG may send.
    let body = json!({
        "query": "x", "top_k": 3, "metadata_filters": { "a": "b" }, "compound_filter": { "c": { "d": 1 } }, "tenant_id": "tenant-a",
        "use_weighted_score": false, "use_hybrid": true, "use_reranker": true, "decay_lambda": 0.01, "drift_beta": 0.1,
    });
    owner.post("/search", &body).await.ok();
    let node = json!({
        "classes": ["A"], "props": { "text": "t" }, "payload_ref": null, "metadata": {}, "refresh_policy": {},
        "triggers": [{ "name": "t", "threshold": 0.85 }], "tenant_id": "tenant-a", "extract": false, "extract_before_embed": true,
    });
    owner.post("/nodes", &node).await.created();
    let batch = |goes_on: bool| json!({ "nodes": [node], "continue_on_error": goes_on, "tenant_id": "tenant-a", "extract": true, "extract_before_embed": null });
    owner.post("/nodes/batch", &batch(true)).await.ok();
    let refused = owner.post("/nodes/batch", &batch(false)).await.problem(422);
    assert_eq!(refused["errors"][0]["field"], "/continue_on_error");
}

#[tokio::test]
async fn a_member_twice_a_changed_number_and_half_a_character_are_refused_wherever_they_stand() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let known = app.known(&owner).await;
    let before = counted(&app, &owner.tenant).await;
    for row in bodied() {
        let sample = (row.sample)(&known).unwrap();
        for field in fields(row) {
            for (raw, below) in [
                (r#"{"a": {"b": 1, "\u0062": 2}}"#, "/a/b"),
                (r#"{"a": [0, 12345678901234567890123]}"#, "/a/1"),
                (r#"{"a": [{"b": 1e400}]}"#, "/a/0/b"),
                (r#"{"a": [-0.0]}"#, "/a/0"),
                (r#"{"a": "\ud800"}"#, "/a"),
            ] {
                let reply = ask(sending(&owner, row, &known, with(&sample, &field, raw.as_bytes())), raw).await;
                assert_eq!(reply.status, 400, "{}: {raw}", row.spec.id);
                if !row.spec.is_for_clients() {
                    assert_eq!(reply.body["errors"][0]["field"], json!(format!("{field}{below}")), "{}: {raw}", row.spec.id);
                }
            }
        }
        let members = sample.as_object().unwrap().iter().map(|(name, value)| format!("{}: {value}", json!(name)));
        let twice = ["\"no_such\": 1", "\"no_such\": 2"].map(str::to_owned).into_iter().chain(members).collect::<Vec<_>>();
        let twice = format!("{{{}}}", twice.join(", "));
        let reply = ask(sending(&owner, row, &known, twice.into_bytes()), "a member twice").await;
        if row.spec.is_for_clients() {
            assert_eq!(reply.status, 400, "{}", row.spec.id);
        } else {
            assert_eq!(reply.problem(400)["errors"][0]["field"], "/no_such", "{}", row.spec.id);
        }
    }
    for query in ["props={\"a\":1,\"a\":2}", "metadata={\"n\":1e999}"] {
        let problem = owner.get(&format!("/nodes?{query}")).await.problem(400);
        assert!(problem["detail"].as_str().unwrap().contains("that can be taken"), "{problem}");
    }
    assert_eq!(counted(&app, &owner.tenant).await, before);
}

#[tokio::test]
async fn numbers_come_back_as_they_were_sent() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let numbers = r#"[0,-1,9007199254740993,18446744073709551615,-9223372036854775808,0.1,0.30000000000000004,1.5e-30,5e-324,1.7976931348623157e308,2.2250738585072014e-308,1e22]"#;
    let body = format!(r#"{{"classes":["A"],"props":{{"n":{numbers}}}}}"#);
    let made = Reply::of(owner.request("POST", "/nodes").body(body)).await.created();
    let read = owner.get(&format!("/nodes/{}", made["id"].as_str().unwrap())).await.ok();
    let sent: Value = serde_json::from_str(numbers).unwrap();
    assert_eq!(read["props"]["n"].to_string(), sent.to_string());
}

#[tokio::test]
async fn a_leap_second_is_refused_and_what_would_have_no_effect_too() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let leap = "2016-12-31T23:59:60Z";
    let node = json!({ "classes": ["A"], "props": {}, "created_at": leap });
    assert_eq!(owner.post("/nodes", &node).await.problem(400)["errors"][0]["field"], "/created_at");
    let batch = owner.post("/nodes/batch", &json!({ "nodes": [node] })).await.ok();
    assert_eq!(batch["results"][0]["errors"][0]["field"], "/nodes/0/created_at");
    owner.get(&format!("/nodes?created_after={leap}")).await.problem(400);
    owner.get("/nodes?created_after=2016-12-31T23:59:59Z").await.ok();
    for (more, field) in [
        (json!({ "decay_lambda": 0.5 }), "/decay_lambda"),
        (json!({ "drift_beta": 0.5 }), "/drift_beta"),
        (json!({ "mode": "text", "use_hybrid": true }), "/use_hybrid"),
        (json!({ "mode": "text", "use_hybrid": false }), "/use_hybrid"),
        (json!({ "mode": "hybrid", "use_hybrid": false }), "/use_hybrid"),
    ] {
        let mut request = more.clone();
        request["query"] = json!("x");
        let problem = owner.post("/search", &request).await.problem(422);
        assert_eq!(problem["errors"][0]["field"], field, "{request}: {problem}");
    }
    for more in [json!({ "decay_lambda": 0.5, "use_weighted_score": true }), json!({ "mode": "hybrid", "use_hybrid": true })] {
        let mut request = more.clone();
        request["query"] = json!("x");
        owner.post("/search", &request).await.ok();
    }
}

#[tokio::test]
async fn a_refusal_names_the_place_and_the_way_out() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let problem = owner.post("/nodes", &json!({ "classes": ["A"] })).await.problem(400);
    assert_eq!(problem["errors"], json!([{ "field": "/props", "detail": "missing field `props`" }]));
    let batch = owner.post("/nodes/batch", &json!({ "nodes": [{ "classes": ["A"] }] })).await.ok();
    let missing = json!([{ "field": "/nodes/0/props", "detail": "missing field `props`" }]);
    assert_eq!(batch["results"], json!([{ "status": "refused", "errors": missing }]));
    let problem = owner.get("/nodes/policy-17").await.problem(400);
    assert!(problem["detail"].as_str().unwrap().contains("?external_id="), "{problem}");
    let problem = owner.get("/edges/policy-17").await.problem(400);
    assert!(!problem["detail"].as_str().unwrap().contains("external_id"), "{problem}");
    for list in ["/nodes", "/edges", "/events", "/nodes/deleted"] {
        let problem = owner.get(&format!("{list}?limit=5000")).await.problem(422);
        assert_eq!(problem["errors"], json!([{ "field": "limit", "detail": "must be 1 to 1000" }]), "{list}");
    }
}
