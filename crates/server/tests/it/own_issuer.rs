//! This server's own tokens: who believes them, how their keys change, and how fast they are taken back.

use std::time::{Duration, Instant};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde_json::{Value, json};
use wardgraph_kernel::{Identity, TenantId};
use wardgraph_store::{Plan, Role, Scope, Unit};
use wardgraph_testkit::{App, AppOptions, Caller, Cluster, OWN_ISS, Reply, with_claims};
use wardgraph_tokens::{Algorithm, MintError, Revocation, Rotation, revoke};

const TENANT: &str = "org_a";
const MINUTE: Duration = Duration::from_mins(1);

async fn whoami(caller: &Caller) -> Reply {
    caller.get("/api/v1/whoami").await
}

fn part(token: &str, at: usize) -> Value {
    serde_json::from_slice(&B64.decode(token.split('.').nth(at).unwrap()).unwrap()).unwrap()
}

fn token(caller: &Caller) -> &str {
    caller.token.as_deref().unwrap()
}

fn key_of(caller: &Caller) -> String {
    part(token(caller), 0)["kid"].as_str().unwrap().to_owned()
}

async fn published(app: &App) -> Vec<Value> {
    app.stranger().get("/.well-known/jwks.json").await.ok()["keys"].as_array().unwrap().clone()
}

async fn published_ids(app: &App) -> Vec<String> {
    published(app).await.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// A ceremony's transaction: the way in which sessions end.
fn ceremony(app: &App) -> Unit {
    app.store.unit::<Identity>(Role::Identity, Scope::System, Plan::Generic).unwrap()
}

async fn take_back(app: &App, revocation: Revocation<'_>) {
    let mut unit = ceremony(app);
    let now = app.access_request(TENANT, "u", &[]).now;
    revoke(&mut unit.tx::<Identity>(), revocation, now).await.unwrap();
    unit.commit(&[]).await.unwrap();
}

/// Waits until it is so, for a second at most.
async fn within_a_second(what: &str, mut holds: impl AsyncFnMut() -> bool) -> Duration {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < Duration::from_secs(1), "{what}: not within a second");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    began.elapsed()
}

#[tokio::test]
async fn an_own_token_is_believed_and_says_what_it_was_asked_to_say() {
    let app = App::start().await;
    let caller = app.user(TENANT, "user-1", &["nodes:write", "search:read"]);
    let who = whoami(&caller).await.ok();
    assert_eq!(
        (who["subject"].as_str(), who["tenant_id"].as_str(), who["actor_type"].as_str(), who["issuer"].as_str()),
        (Some("user-1"), Some(TENANT), Some("user"), Some("own"))
    );
    assert_eq!(who["permissions"], json!(["nodes:read", "nodes:write", "search:read"]));
    let (header, claims) = (part(token(&caller), 0), part(token(&caller), 1));
    assert_eq!((&header["alg"], &header["typ"]), (&json!("ES256"), &json!("at+jwt")));
    for (name, value) in [
        ("iss", json!(OWN_ISS)),
        ("aud", json!("activekg")),
        ("sub", json!("user-1")),
        ("client_id", json!("wardgraph")),
        ("tenant_id", json!(TENANT)),
        ("scopes", json!(["nodes:write", "search:read"])),
        ("scope", json!("nodes:write search:read")),
        ("sid", json!("session-of-user-1")),
        ("gen", json!(0)),
        ("amr", json!(["pwd"])),
        ("auth_time", claims["iat"].clone()),
    ] {
        assert_eq!(claims[name], value, "{name}");
    }
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 900);
    assert_eq!(claims["jti"].as_str().unwrap().len(), 43);
    caller.create_node("of a user's own organization").await.created();

    app.clock.advance(15 * MINUTE + Duration::from_secs(31));
    whoami(&caller).await.problem(401);
}

#[tokio::test]
async fn a_changed_own_token_is_refused() {
    let app = App::start().await;
    let caller = app.user(TENANT, "user-1", &["nodes:read"]);
    for (name, value) in [
        ("tenant_id", json!("org_b")),
        ("scopes", json!(["system:read"])),
        ("gen", json!(9)),
        ("sid", json!("another")),
        ("exp", json!(4_000_000_000_i64)),
        ("sub", json!("user-2")),
    ] {
        let changed = with_claims(token(&caller), |claims| claims[name] = value.clone());
        whoami(&app.bearer(&changed)).await.problem(401);
    }
    let parts: Vec<_> = token(&caller).split('.').collect();
    for header in [
        json!({ "alg": "none", "typ": "at+jwt" }),
        json!({ "alg": "HS256", "typ": "at+jwt", "kid": key_of(&caller) }),
        json!({ "alg": "ES256", "typ": "at+jwt" }),
        json!({ "alg": "ES256", "typ": "JWT", "kid": key_of(&caller) }),
        json!({ "alg": "ES256", "typ": "at+jwt", "kid": "another" }),
        json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": key_of(&caller) }),
    ] {
        let forged = format!("{}.{}.{}", B64.encode(header.to_string()), parts[1], parts[2]);
        whoami(&app.bearer(&forged)).await.problem(401);
    }
}

#[tokio::test]
async fn the_published_keys_are_public_kept_a_while_and_verify() {
    let algorithms = vec![Algorithm::ES256, Algorithm::EdDSA, Algorithm::RS256];
    let app = App::with(AppOptions { algorithms: algorithms.clone(), ..AppOptions::default() }).await;
    let reply = app.stranger().get("/.well-known/jwks.json").await;
    assert_eq!(reply.headers["content-type"], "application/jwk-set+json");
    assert_eq!(reply.headers["cache-control"], "public, max-age=300");
    let keys = published(&app).await;
    assert_eq!(keys.len(), 3);
    for key in &keys {
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(key.get(private).is_none(), "{key}");
        }
        assert_eq!(key["use"], "sig");
    }
    // Every algorithm that a client may ask for is believed.
    for algorithm in algorithms {
        let mut request = app.access_request(TENANT, "u", &["nodes:read"]);
        request.algorithm = Some(algorithm);
        let caller = app.user_with(&request);
        assert_eq!(part(token(&caller), 0)["alg"], algorithm.word());
        whoami(&caller).await.ok();
    }
    // Someone else verifies by the published set alone.
    let caller = app.user(TENANT, "u", &["nodes:read"]);
    let key = keys.iter().find(|key| key["kid"] == key_of(&caller).as_str()).unwrap();
    let coordinate = |name: &str| B64.decode(key[name].as_str().unwrap()).unwrap();
    let point = [vec![4], coordinate("x"), coordinate("y")].concat();
    let (message, signature) = token(&caller).rsplit_once('.').unwrap();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message.as_bytes(), &B64.decode(signature).unwrap()).unwrap();
    // Other answers are not kept.
    assert_eq!(app.stranger().get("/health").await.headers["cache-control"], "no-store");
}

#[tokio::test]
async fn an_own_token_speaks_for_organizations_made_here_and_no_other_issuer_does() {
    let app = App::start().await;
    let mut request = app.access_request(TENANT, "u", &["nodes:read"]);
    request.tenant = TenantId::parse("acme").unwrap();
    assert_eq!(app.issuer.sign(&request, &wardgraph_kernel::SystemChance).unwrap_err(), MintError::Tenant);
    // The outside issuer of these tests may speak for any tenant that was not made here.
    whoami(&app.caller("acme", &["nodes:read"])).await.ok();
    whoami(&app.caller(TENANT, &["nodes:read"])).await.problem(403);
    whoami(&app.operator(TENANT, &["nodes:read"])).await.ok();
}

#[tokio::test]
async fn keys_follow_one_another_without_a_pause() {
    let app = App::start().await;
    let before = app.user(TENANT, "u", &["nodes:read"]);
    let made = app.keys.rotate_signing(Rotation::Overlapping).await.unwrap();
    app.hear().await;
    // Published, and not signing yet.
    assert_eq!(made.len(), 1);
    assert!(published_ids(&app).await.contains(&made[0].key_id));
    assert_eq!(key_of(&app.user(TENANT, "u", &["nodes:read"])), key_of(&before));
    whoami(&before).await.ok();

    app.clock.advance(10 * MINUTE);
    let last_of_old = before;
    let after = app.user(TENANT, "u", &["nodes:read"]);
    assert_eq!(key_of(&after), made[0].key_id);
    for caller in [&last_of_old, &after] {
        whoami(caller).await.ok();
    }
    app.clock.advance(62 * MINUTE);
    app.keys.turn().await.unwrap();
    app.hear().await;
    assert_eq!(published_ids(&app).await, [made[0].key_id.clone()]);
    whoami(&app.user(TENANT, "u", &["nodes:read"])).await.ok();
    let events = app.database.behind_the_scenes().await;
    let count = "select count(*) from wardgraph.events where tenant_id = '_system' and type = 'signing_key.made'";
    assert_eq!(events.query_one(count, &[]).await.unwrap().get::<_, i64>(0), 1);
}

#[tokio::test]
async fn an_old_key_is_followed_by_itself_once() {
    let app = App::start().await;
    let other = App::over(app.database.clone(), AppOptions::default()).await;
    assert_eq!(published_ids(&app).await, published_ids(&other).await, "the second server made no key of its own");
    for server in [&app, &other] {
        server.clock.advance(Duration::from_hours(30 * 24 + 1));
    }
    let (one, two) = tokio::join!(app.keys.turn(), other.keys.turn());
    one.unwrap();
    two.unwrap();
    app.hear().await;
    assert_eq!(published_ids(&app).await.len(), 2);
}

#[tokio::test]
async fn a_leaked_key_is_taken_back_with_every_token_it_signed() {
    let app = App::start().await;
    let before = app.user(TENANT, "u", &["nodes:read"]);
    whoami(&before).await.ok();
    let made = app.keys.rotate_signing(Rotation::Revoking).await.unwrap();
    assert_eq!(made[0].revoked, [key_of(&before)]);
    app.hear().await;
    // It was verified and remembered before.
    whoami(&before).await.problem(401);
    let after = app.user(TENANT, "u", &["nodes:read"]);
    assert_eq!(key_of(&after), made[0].key_id);
    whoami(&after).await.ok();
    assert_eq!(published_ids(&app).await, [made[0].key_id.clone()]);
}

#[tokio::test]
async fn taking_back_leaves_no_key_of_an_algorithm_that_is_used_no_more() {
    let both = AppOptions { algorithms: vec![Algorithm::ES256, Algorithm::EdDSA], ..AppOptions::default() };
    let before = App::with(both).await;
    let app =
        App::over(before.database.clone(), AppOptions { algorithms: vec![Algorithm::ES256], ..AppOptions::default() }).await;
    assert_eq!(published_ids(&app).await.len(), 2);
    let made = app.keys.rotate_signing(Rotation::Revoking).await.unwrap();
    assert_eq!((made.len(), made[0].revoked.len()), (1, 2));
    app.hear().await;
    assert_eq!(published_ids(&app).await, [made[0].key_id.clone()]);
}

#[tokio::test]
async fn who_was_away_while_a_key_was_taken_back_does_not_believe_it() {
    let app = App::start().await;
    let own = app.user(TENANT, "u", &["nodes:read"]);
    whoami(&own).await.ok();
    let other = App::over(app.database.clone(), AppOptions::default()).await;
    other.keys.rotate_signing(Rotation::Revoking).await.unwrap();
    // The change that told of it has expired meanwhile: nobody announces it any more.
    app.database.behind_the_scenes().await.batch_execute("delete from wardgraph.changes").await.unwrap();
    app.clock.advance(2 * MINUTE);
    whoami(&own).await.problem(401);
}

#[tokio::test]
async fn what_is_taken_back_ends_its_tokens_and_no_others() {
    let app = App::start().await;
    let of = |user: &str, generation: i64| {
        let mut request = app.access_request(TENANT, user, &["nodes:read"]);
        request.generation = generation;
        request.session = Some(format!("session-{user}-{generation}"));
        app.user_with(&request)
    };
    let (ann, bob, cat) = ([of("ann", 0), of("ann", 1), of("ann", 2)], of("bob", 0), [of("cat", 0), of("cat", 0)]);
    for caller in ann.iter().chain([&bob]).chain(&cat) {
        whoami(caller).await.ok();
    }
    take_back(&app, Revocation::User { id: "ann", generation: 2 }).await;
    take_back(&app, Revocation::Session("session-bob-0")).await;
    let id = part(token(&cat[0]), 1)["jti"].as_str().unwrap().to_owned();
    take_back(&app, Revocation::Token(&id)).await;
    // Ids of one kind are no other kind's.
    take_back(&app, Revocation::Session("ann")).await;
    take_back(&app, Revocation::ApiKey("cat")).await;
    app.hear().await;
    for (name, caller, status) in [
        ("generation 0", &ann[0], 401),
        ("generation 1", &ann[1], 401),
        ("generation 2", &ann[2], 200),
        ("an ended session", &bob, 401),
        ("a revoked token", &cat[0], 401),
        ("its neighbour", &cat[1], 200),
        ("a new session", &of("bob", 1), 200),
    ] {
        assert_eq!(whoami(caller).await.status.as_u16(), status, "{name}");
    }
    // A server that starts later knows it too.
    let other = App::over(app.database.clone(), AppOptions::default()).await;
    whoami(&other.bearer(token(&bob))).await.problem(401);
}

#[tokio::test]
async fn an_outside_token_of_the_same_words_is_not_taken_back() {
    let app = App::start().await;
    let outside = app.caller("acme", &["nodes:read"]);
    let subject = whoami(&outside).await.ok()["subject"].as_str().unwrap().to_owned();
    take_back(&app, Revocation::User { id: &subject, generation: 9 }).await;
    app.hear().await;
    whoami(&outside).await.ok();
}

#[tokio::test]
async fn a_change_of_a_slow_transaction_is_not_passed_over() {
    let app = App::start().await;
    let (slow, quick) = (app.user(TENANT, "slow", &["nodes:read"]), app.user(TENANT, "quick", &["nodes:read"]));
    let now = app.access_request(TENANT, "u", &[]).now;
    let mut unit = app
        .store
        .unit::<wardgraph_kernel::Write>(Role::App, Scope::Tenant(TenantId::parse(TENANT).unwrap()), Plan::Generic)
        .unwrap();
    revoke(&mut unit.tx::<wardgraph_kernel::Write>(), Revocation::Session("session-of-slow"), now).await.unwrap();
    take_back(&app, Revocation::Session("session-of-quick")).await;
    app.hear().await;
    assert_eq!((whoami(&slow).await.status, whoami(&quick).await.status), (200.try_into().unwrap(), 401.try_into().unwrap()));
    unit.commit(&[]).await.unwrap();
    app.hear().await;
    assert_eq!((whoami(&slow).await.status, whoami(&quick).await.status), (401.try_into().unwrap(), 401.try_into().unwrap()));
}

#[tokio::test]
async fn two_servers_see_a_revocation_within_a_second() {
    let listening = || AppOptions { listens: true, ..AppOptions::default() };
    let database = Cluster::get().database().await;
    let (one, two) = (App::over(database.clone(), listening()).await, App::over(database, listening()).await);
    for turn in 0..5 {
        let caller = one.user(TENANT, &format!("user-{turn}"), &["nodes:read"]);
        let elsewhere = two.bearer(token(&caller));
        whoami(&caller).await.ok();
        whoami(&elsewhere).await.ok();
        take_back(&one, Revocation::Session(&format!("session-of-user-{turn}"))).await;
        let took = within_a_second("the revocation", async || whoami(&elsewhere).await.status == 401).await;
        within_a_second("the revocation, where it was made", async || whoami(&caller).await.status == 401).await;
        assert!(took < Duration::from_secs(1));
    }
}

#[tokio::test]
async fn two_servers_see_a_rotation_within_a_second() {
    let listening = || AppOptions { listens: true, ..AppOptions::default() };
    let database = Cluster::get().database().await;
    let (one, two) = (App::over(database.clone(), listening()).await, App::over(database, listening()).await);
    let before = one.user(TENANT, "u", &["nodes:read"]);
    let made = one.keys.rotate_signing(Rotation::Overlapping).await.unwrap();
    within_a_second("the new key", async || published_ids(&two).await.contains(&made[0].key_id)).await;
    for clock in [&one.clock, &two.clock] {
        clock.advance(10 * MINUTE);
    }
    within_a_second("the new key", async || published_ids(&one).await.contains(&made[0].key_id)).await;
    let after = one.user(TENANT, "u", &["nodes:read"]);
    assert_eq!(key_of(&after), made[0].key_id);
    for caller in [&before, &after] {
        whoami(&two.bearer(token(caller))).await.ok();
    }
}

#[tokio::test]
async fn who_cannot_hear_of_revocations_believes_no_own_token() {
    let app = App::start().await;
    let (own, outside) = (app.user(TENANT, "u", &["nodes:read"]), app.caller("acme", &["nodes:read"]));
    whoami(&own).await.ok();
    let client = app.database.behind_the_scenes().await;
    client.batch_execute("revoke select on wardgraph.changes from wardgraph_worker").await.unwrap();
    // What was heard is a second old at most.
    whoami(&own).await.ok();
    app.clock.advance(Duration::from_millis(1_001));
    let refused = whoami(&own).await;
    assert_eq!(refused.headers["retry-after"], "1");
    refused.problem(503);
    whoami(&outside).await.ok();
    // The calls ask by themselves as soon as there is an answer.
    take_back(&app, Revocation::Session("session-of-u")).await;
    client.batch_execute("grant select on wardgraph.changes to wardgraph_worker").await.unwrap();
    whoami(&own).await.problem(401);
    whoami(&app.user(TENANT, "v", &["nodes:read"])).await.ok();
}

#[tokio::test]
async fn changes_are_forgotten_when_their_tokens_have_expired() {
    let app = App::start().await;
    let caller = app.user(TENANT, "u", &["nodes:read"]);
    take_back(&app, Revocation::Session("session-of-u")).await;
    app.hear().await;
    whoami(&caller).await.problem(401);
    let client = app.database.behind_the_scenes().await;
    let count = async || {
        client
            .query_one("select count(*) from wardgraph.changes where kind = 'session_ended'", &[])
            .await
            .unwrap()
            .get::<_, i64>(0)
    };
    app.clock.advance(119 * MINUTE);
    app.keys.turn().await.unwrap();
    assert_eq!(count().await, 1);
    app.clock.advance(2 * MINUTE);
    app.keys.turn().await.unwrap();
    assert_eq!(count().await, 0);
    app.hear().await;
    whoami(&caller).await.problem(401);
}
