//! What is left in the audit log by those who were turned away, and what is folded there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::{HeaderMap, Uri};
use serde_json::{Value, json};
use wardgraph_api::table::graph::GetNode;
use wardgraph_gate::{Arrival, Proxies};
use wardgraph_kernel::{LimitClass, RequestId};
use wardgraph_limits::{LimitTable, Policy};
use wardgraph_store::Role;
use wardgraph_testkit::{App, AppOptions, Caller, Reply};

/// Events by everyone, in the order of their ids, as the superuser sees them.
async fn log(app: &App) -> Vec<Value> {
    let sql = "select to_jsonb(e) || jsonb_build_object('ip', host(ip)) from wardgraph.events e order by tenant_id, event_id";
    app.database.behind_the_scenes().await.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// The folded events of one type, as (tenant, actor, subject, reason, count).
async fn folded(app: &App, event_type: &str) -> Vec<Value> {
    let of_type = log(app).await.into_iter().filter(|event| event["type"] == event_type);
    of_type.map(|e| json!([e["tenant_id"], e["actor_id"], e["subject"], e["payload"]["reason"], e["payload"]["count"]])).collect()
}

#[tokio::test]
async fn fifty_strangers_calls_are_one_event_with_a_count() {
    let app = App::start().await;
    for _ in 0..50 {
        app.stranger().get("/nodes").await.problem(401);
    }
    assert!(log(&app).await.is_empty(), "nothing is written while the request waits");
    app.gate.record().await.unwrap();
    assert_eq!(folded(&app, "access.refused").await, [json!(["_system", "unknown", "ListNodes", "unauthenticated", 50])]);
    let log = log(&app).await;
    assert_eq!((log.len(), &log[0]["ip"], &log[0]["outcome"]), (1, &json!("127.0.0.1"), &json!("refused")));
    app.gate.record().await.unwrap();
    assert_eq!(folded(&app, "access.refused").await.len(), 1, "what was written is not written again");
    app.stranger().get("/nodes").await.problem(401);
    app.gate.record().await.unwrap();
    assert_eq!(folded(&app, "access.refused").await.len(), 2);
}

#[tokio::test]
async fn a_refused_member_is_on_record_in_its_own_tenant() {
    let limits = LimitTable::disabled().with_tenant(LimitClass::Search, Some(Policy::new(1, 1).unwrap()));
    let app = App::with(AppOptions { limits, ..AppOptions::default() }).await;
    let caller = app.caller("tenant-a", &["search:read"]);
    for _ in 0..3 {
        caller.get("/events").await.problem(403);
        caller.post("/search", &json!({ "query": "x", "mode": "text" })).await;
    }
    app.gate.record().await.unwrap();
    let mut refused = folded(&app, "access.refused").await;
    refused.sort_by_key(ToString::to_string);
    let expected = [["ListEvents", "forbidden", "3"], ["Search", "rate_limited", "2"]];
    let expected = expected
        .map(|[subject, reason, count]| json!(["tenant-a", "user-of-tenant-a", subject, reason, count.parse::<u64>().unwrap()]));
    assert_eq!(refused, expected);
    let seen = app.caller("tenant-a", &["events:read"]).get("/events?event_type=access.refused").await.ok();
    assert_eq!(seen["count"], 2, "the tenant sees who was refused in it");
    let neighbour = app.caller("tenant-b", &["events:read"]).get("/events").await.ok();
    assert_eq!(neighbour["count"], 0, "its neighbour does not");
}

#[tokio::test]
async fn a_flood_of_addresses_is_bounded_and_counted() {
    let app = App::start().await;
    let headers = HeaderMap::new();
    let request_id: RequestId = app.gate.request_id();
    for n in 0..12_000_u32 {
        let peer = IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + n));
        assert!(
            app.gate
                .admit::<GetNode>(&Arrival { target: &Uri::from_static("/nodes"), headers: &headers, peer, request_id })
                .await
                .is_err()
        );
    }
    app.caller("tenant-a", &["search:read"]).get("/events").await.problem(403);
    app.gate.record().await.unwrap();
    let counts = folded(&app, "access.refused").await;
    assert_eq!(counts.len(), 2_502, "a quarter of ten thousand, one that counts the rest, and a tenant's beside them");
    let rest = json!(["_system", "gate", null, "more kinds at once than are told apart", 9_500]);
    assert!(counts.contains(&rest), "{:?}", counts.last());
    assert!(counts.contains(&json!(["tenant-a", "user-of-tenant-a", "ListEvents", "forbidden", 1])), "{:?}", counts.last());
    assert_eq!(counts.iter().map(|e| e[4].as_u64().unwrap()).sum::<u64>(), 12_001);
}

#[tokio::test]
async fn a_subscribers_many_addresses_are_one_network() {
    let app = App::start().await;
    let headers = HeaderMap::new();
    for last in 1..=500_u16 {
        let peer = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 1, 2, last, 3, 4, last));
        let target = Uri::from_static("/nodes");
        let arrival = Arrival { target: &target, headers: &headers, peer, request_id: app.gate.request_id() };
        assert!(app.gate.admit::<GetNode>(&arrival).await.is_err());
    }
    app.gate.record().await.unwrap();
    let log = log(&app).await;
    assert_eq!((log.len(), &log[0]["ip"], &log[0]["payload"]["count"]), (1, &json!("2001:db8:1:2::"), &json!(500)));
}

#[tokio::test]
async fn a_flood_of_paths_is_one_event() {
    let app = App::start().await;
    for n in 0..40 {
        app.stranger().get(&format!("/nodes/{n}")).await.problem(401);
        app.stranger().get(&format!("/nowhere/{n}")).await.problem(404);
    }
    app.gate.record().await.unwrap();
    assert_eq!(folded(&app, "access.refused").await, [json!(["_system", "unknown", "GetNode", "unauthenticated", 40])]);
    assert_eq!(log(&app).await.len(), 1);
}

async fn from(caller: &Caller, address: &str) {
    Reply::of(caller.request("GET", "/api/v1/whoami").header("x-forwarded-for", address)).await.ok();
}

#[tokio::test]
async fn a_token_is_on_record_once_for_each_address() {
    let proxies = Proxies { count: 1, ..Proxies::default() };
    let app = App::with(AppOptions { proxies, ..AppOptions::default() }).await;
    let (first, second) = (app.caller("tenant-a", &["nodes:read"]), app.caller("tenant-a", &["nodes:write"]));
    for _ in 0..3 {
        for caller in [&first, &second] {
            from(caller, "198.51.100.1").await;
            app.gate.record().await.unwrap();
            from(caller, "198.51.100.2").await;
            app.gate.record().await.unwrap();
        }
    }
    let accepted = log(&app).await;
    let mut of: Vec<_> = accepted.iter().map(|e| (e["type"].as_str().unwrap(), e["ip"].as_str().unwrap())).collect();
    of.sort_unstable();
    let (one, two) = (("token.accepted", "198.51.100.1"), ("token.accepted", "198.51.100.2"));
    assert_eq!(of, [one, one, two, two], "two tokens from two addresses each");
    assert!(accepted.iter().all(|e| e["tenant_id"] == "tenant-a" && e["outcome"] == "success" && e["category"] == "auth"));
    let token = first.token.unwrap();
    assert!(!json!(accepted).to_string().contains(&token), "a token is never written down");
}

/// Types of the events of one request, in the order of their ids.
async fn of_request(app: &App, reply: &Reply) -> Vec<String> {
    let id = reply.headers["x-request-id"].to_str().unwrap();
    log(app).await.iter().filter(|e| e["request_id"] == id).map(|e| e["type"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_body_that_names_another_tenant_is_on_record_with_what_it_did() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let known = app.known(&owner).await;
    let node = |text: &str, tenant: Value| json!({ "classes": ["T"], "props": { "text": text }, "tenant_id": tenant });
    let edge = |rel: &str, tenant: Value| json!({ "src": known.node, "rel": rel, "dst": known.other, "tenant_id": tenant });
    let claims = [
        ("/nodes", node("claimed", json!("tenant-b")), vec!["request.committed", "node.created", "tenant.claim_ignored"]),
        (
            "/nodes/batch",
            json!({ "nodes": [node("mine", json!("tenant-a")), node("yours", json!("tenant-b"))] }),
            vec!["request.committed", "node.created", "node.created", "tenant.claim_ignored"],
        ),
        ("/edges", edge("A", json!("tenant-b")), vec!["request.committed", "edge.created", "tenant.claim_ignored"]),
        (
            "/edges/batch",
            json!({ "edges": [edge("B", json!("tenant-b")), edge("C", Value::Null)] }),
            vec!["request.committed", "edge.created", "edge.created", "tenant.claim_ignored"],
        ),
    ];
    for (path, body, expected) in claims {
        let reply = owner.post(path, &body).await;
        assert!(reply.status.is_success(), "{path}: {}", reply.text);
        assert_eq!(of_request(&app, &reply).await, expected, "{path}");
    }
    let all = log(&app).await;
    let ignored: Vec<_> = all.iter().filter(|e| e["type"] == "tenant.claim_ignored").collect();
    assert!(ignored.iter().all(|e| e["tenant_id"] == "tenant-a" && e["payload"]["named"] == "tenant-b"), "{ignored:?}");
    assert!(ignored.iter().all(|e| all.iter().any(|other| other["type"] == "request.committed" && other["xact"] == e["xact"])));
    let elsewhere = all.iter().filter(|e| e["tenant_id"] == "tenant-b").count();
    assert_eq!(elsewhere, 0, "the named tenant learns nothing");

    for _ in 0..2 {
        owner.post("/search", &json!({ "query": "claimed", "mode": "text", "tenant_id": "tenant-b" })).await.ok();
    }
    app.gate.record().await.unwrap();
    let of_search = folded(&app, "tenant.claim_ignored").await;
    let found = of_search.iter().filter(|e| e[2] == "Search").collect::<Vec<_>>();
    assert_eq!(found, [&json!(["tenant-a", "user-of-tenant-a", "Search", "another tenant was named", 2])]);
}

#[tokio::test]
async fn what_cannot_be_written_is_kept_and_written_later() {
    let app = App::start().await;
    let superuser = app.database.behind_the_scenes().await;
    superuser.batch_execute("revoke insert on wardgraph.events from wardgraph_app").await.unwrap();
    for round in 0..3 {
        app.stranger().get("/nodes").await.problem(401);
        app.caller("tenant-a", &[]).get("/nodes").await.problem(403);
        assert!(app.gate.record().await.is_err(), "{round}");
    }
    assert!(log(&app).await.is_empty());
    superuser.batch_execute("grant insert on wardgraph.events to wardgraph_app").await.unwrap();
    app.gate.record().await.unwrap();
    let expected = [
        json!(["_system", "unknown", "ListNodes", "unauthenticated", 3]),
        json!(["tenant-a", "user-of-tenant-a", "ListNodes", "forbidden", 3]),
    ];
    assert_eq!(folded(&app, "access.refused").await, expected);
}

#[tokio::test]
async fn one_tenants_unwritable_refusals_do_not_hold_up_anothers() {
    let app = App::start().await;
    let superuser = app.database.behind_the_scenes().await;
    superuser.batch_execute("alter table wardgraph.events add constraint broken check (tenant_id <> 'tenant-a')").await.unwrap();
    for tenant in ["tenant-a", "tenant-b"] {
        app.caller(tenant, &[]).get("/nodes").await.problem(403);
    }
    assert!(app.gate.record().await.is_err());
    let tenants = async || folded(&app, "access.refused").await.iter().map(|e| e[0].clone()).collect::<Vec<_>>();
    assert_eq!(tenants().await, ["tenant-b"]);
    superuser.batch_execute("alter table wardgraph.events drop constraint broken").await.unwrap();
    app.gate.record().await.unwrap();
    assert_eq!(tenants().await, ["tenant-a", "tenant-b"]);
}

#[tokio::test]
async fn events_of_one_request_stand_in_the_order_in_which_they_were_made() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let nodes: Vec<_> = (0..200).map(|n| json!({ "classes": ["T"], "props": { "text": format!("n {n}") } })).collect();
    let reply = owner.post("/nodes/batch", &json!({ "nodes": nodes })).await;
    let id = reply.headers["x-request-id"].to_str().unwrap().to_owned();
    let created: Vec<Value> = reply.ok()["results"].as_array().unwrap().iter().map(|result| result["id"].clone()).collect();
    let log = log(&app).await;
    let of: Vec<_> = log.iter().filter(|e| e["request_id"] == id.as_str()).collect();
    assert_eq!((of.len(), &of[0]["type"]), (201, &json!("request.committed")));
    assert_eq!(of[1..].iter().map(|e| e["subject"].clone()).collect::<Vec<_>>(), created);
}

#[tokio::test]
async fn the_serving_roles_cannot_alter_the_log() {
    let app = App::start().await;
    app.known(&app.owner("tenant-a")).await;
    let before = log(&app).await;
    assert!(before.len() >= 6);
    for role in [Role::App, Role::Worker, Role::Identity, Role::Admin] {
        let client = app.database.connect_as(role).await;
        for sql in [
            "update wardgraph.events set outcome = 'refused'",
            "delete from wardgraph.events",
            "truncate wardgraph.events",
            "drop table wardgraph.events",
            "alter table wardgraph.events disable row level security",
        ] {
            let bound = format!("begin; set local app.current_tenant_id = 'tenant-a'; {sql}; commit");
            let error = client.batch_execute(&bound).await.unwrap_err();
            assert_eq!(error.code().unwrap().code(), "42501", "{role:?}: {sql}");
            client.batch_execute("rollback").await.unwrap();
        }
    }
    assert_eq!(log(&app).await, before);
}
