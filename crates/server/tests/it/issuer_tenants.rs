//! Which issuer may speak for which tenant, and how far.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use wardgraph_kernel::{Permissions, TenantId};
use wardgraph_testkit::{App, AppOptions, Reply};
use wardgraph_tokens::{Issuer, Others, Tenants};

use crate::issuer_kit::Outside;

async fn app(issuers: Vec<Issuer>) -> App {
    App::with(AppOptions { issuers, ..AppOptions::default() }).await
}

async fn call(app: &App, token: &str) -> Reply {
    app.bearer(token).get("/api/v1/whoami").await
}

fn listing(tenants: &[&str], others: Others) -> Tenants {
    Tenants { listed: tenants.iter().map(|tenant| TenantId::parse(tenant).unwrap()).collect(), others }
}

#[tokio::test]
async fn a_tenant_belongs_to_the_issuer_that_lists_it_or_named_it_first() {
    let (a, b, c) = (Outside::start("a").await, Outside::start("b").await, Outside::start("c").await);
    let first_seen = Others::FirstSeen { per_hour: 100 };
    let app = app(vec![
        a.trusted(|config| config.tenants = listing(&["acme"], first_seen)),
        b.trusted(|_| {}),
        c.trusted(|config| config.tenants = listing(&["only"], Others::Refused)),
    ])
    .await;
    for (issuer, tenant, status) in [
        (&b, "acme", 403),
        (&a, "acme", 200),
        // Nobody's yet: whoever comes first has it, and keeps it.
        (&b, "bolt", 200),
        (&a, "bolt", 403),
        (&b, "bolt", 200),
        (&a, "cold", 200),
        (&b, "cold", 403),
        // One that may speak for its list alone.
        (&c, "only", 200),
        (&c, "dust", 403),
        (&b, "only", 403),
        // Organizations are made here.
        (&a, "org_0192", 403),
    ] {
        let reply = call(&app, &issuer.token(tenant)).await;
        assert_eq!(reply.status.as_u16(), status, "{} speaks for {tenant}", issuer.name);
    }
    // The server's own key may speak for any, and takes none away.
    app.operator("bolt", &["kg:read"]).get("/api/v1/whoami").await.ok();
    app.operator("fresh", &["kg:read"]).get("/api/v1/whoami").await.ok();
    call(&app, &b.token("fresh")).await.ok();
    // It is remembered beyond this server's memory: another one over the same database holds to it.
    let other = App::over(
        app.database.clone(),
        AppOptions { issuers: vec![a.trusted(|_| {}), b.trusted(|_| {})], ..AppOptions::default() },
    )
    .await;
    call(&other, &a.token("bolt")).await.problem(403);
    call(&other, &b.token("bolt")).await.ok();
}

#[tokio::test]
async fn an_issuer_that_is_refused_a_tenant_leaves_nothing_in_it_but_the_operators_log() {
    let (a, b) = (Outside::start("a").await, Outside::start("b").await);
    let app = app(vec![a.trusted(|_| {}), b.trusted(|_| {})]).await;
    call(&app, &a.token("acme")).await.ok();
    let told = call(&app, &b.token("acme")).await.problem(403);
    assert_eq!(told["detail"], "the token is not for this tenant");
    app.gate.record().await.unwrap();
    let log = app.owner("acme").get("/events").await.ok();
    let types: Vec<_> =
        log["events"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect();
    assert_eq!(types.iter().filter(|kind| *kind == "tenant.bound").count(), 1, "{log}");
    assert!(!types.iter().any(|kind| kind == "access.refused"), "{log}");
    let bound = log["events"].as_array().unwrap().iter().find(|event| event["type"] == "tenant.bound").unwrap();
    assert_eq!((&bound["payload"]["issuer"], &bound["actor_id"]), (&json!(a.iss()), &json!("someone")));
}

#[tokio::test]
async fn new_tenants_are_capped_by_issuer_and_hour() {
    let (a, b) = (Outside::start("a").await, Outside::start("b").await);
    let capped = |per_hour| listing(&["listed"], Others::FirstSeen { per_hour });
    let app = app(vec![a.trusted(|config| config.tenants = capped(2)), b.trusted(|_| {})]).await;
    for tenant in ["one", "two", "one", "listed"] {
        call(&app, &a.token(tenant)).await.ok();
    }
    for tenant in ["three", "four"] {
        let reply = call(&app, &a.token(tenant)).await;
        assert_eq!(reply.headers.get("retry-after").unwrap(), "3600", "{tenant}");
        reply.problem(429);
    }
    // The known ones and the other issuer's are as good as ever, and what was refused is nobody's.
    call(&app, &a.token("two")).await.ok();
    call(&app, &b.token("three")).await.ok();
    app.clock.advance(Duration::from_hours(1));
    call(&app, &a.token("four")).await.ok();
    call(&app, &a.token("five")).await.ok();
    call(&app, &a.token("six")).await.problem(429);
    call(&app, &a.token("three")).await.problem(403);
}

#[tokio::test]
async fn of_two_issuers_that_name_a_new_tenant_at_once_one_has_it() {
    let (a, b) = (Outside::start("a").await, Outside::start("b").await);
    let app = app(vec![a.trusted(|_| {}), b.trusted(|_| {})]).await;
    // The keys are at hand before it begins.
    call(&app, &a.token("a-own")).await.ok();
    call(&app, &b.token("b-own")).await.ok();
    for round in 0..10 {
        let tenant = format!("wanted-{round}");
        let calls = (0..8).map(|turn| {
            let issuer = if turn % 2 == 0 { &a } else { &b };
            let (app, token) = (&app, issuer.token(&tenant));
            async move { call(app, &token).await.status.as_u16() }
        });
        let statuses = join_all(calls).await;
        let (of_a, of_b): (Vec<_>, Vec<_>) = statuses.iter().enumerate().partition(|(turn, _)| turn % 2 == 0);
        let all = |statuses: &[(usize, &u16)], status| statuses.iter().all(|(_, one)| **one == status);
        assert!(all(&of_a, 200) && all(&of_b, 403) || all(&of_a, 403) && all(&of_b, 200), "{statuses:?}");
    }
}

#[tokio::test]
async fn each_issuer_has_its_own_algorithms_audiences_and_ceiling() {
    let (a, b) = (Outside::start("a").await, Outside::start("b").await);
    let app = app(vec![
        a.trusted(|config| {
            config.audiences = vec!["first".into(), "second".into()];
            config.ceiling = Permissions::from_scopes(["nodes:read", "system:read"]);
        }),
        b.trusted(|_| {}),
    ])
    .await;
    let token = |issuer: &Outside, aud: serde_json::Value| {
        let mut claims = issuer.claims(&format!("of-{}", issuer.name));
        claims["aud"] = aud;
        issuer.key.sign(Some(issuer.key.id), &claims)
    };
    for (issuer, aud, status) in [
        (&a, json!("first"), 200),
        (&a, json!(["elsewhere", "second"]), 200),
        (&a, json!("activekg"), 401),
        (&b, json!("activekg"), 200),
        (&b, json!("first"), 401),
    ] {
        assert_eq!(call(&app, &token(issuer, aud.clone())).await.status.as_u16(), status, "{} {aud}", issuer.name);
    }
    let permissions = |told: serde_json::Value| told["permissions"].clone();
    assert_eq!(permissions(call(&app, &token(&a, json!("first"))).await.ok()), json!(["nodes:read", "system:read"]));
    let of_b = permissions(call(&app, &token(&b, json!("activekg"))).await.ok());
    assert!(!of_b.as_array().unwrap().contains(&json!("system:read")), "{of_b}");
    // One issuer's key is not the other's, and a name that another issuer's key has changes nothing.
    call(&app, &a.key.sign(Some("first"), &b.claims("of-b"))).await.problem(401);
}

#[tokio::test]
async fn without_the_database_a_new_tenant_waits_and_a_known_one_does_not() {
    let a = Outside::start("a").await;
    let app = app(vec![a.trusted(|_| {})]).await;
    call(&app, &a.token("known")).await.ok();
    app.store.close();
    call(&app, &a.token("known")).await.ok();
    let reply = call(&app, &a.token("unknown")).await;
    assert!(reply.headers.contains_key("retry-after"));
    reply.problem(503);
}
