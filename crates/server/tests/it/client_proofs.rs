//! Clients that prove who they are by a key (`private_key_jwt`), and clients whose tokens are bound to one (DPoP), where they get them.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use wardgraph_kernel::Clock;
use wardgraph_testkit::{App, AppOptions, Cluster, OAuthClient, OWN_ISS, Reply, Signer, token_hash};

const TOKEN: &str = "/oauth2/token";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A text that no other call gets.
fn fresh(kind: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("{kind}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A server with a service that proves who it is by a key.
struct Keyed {
    app: App,
    key: Signer,
    client: OAuthClient,
}

impl Keyed {
    async fn new() -> Self {
        Self::over(App::start().await).await
    }

    async fn over(app: App) -> Self {
        let key = Signer::es256();
        let person = app.person(&format!("{}@example.com", fresh("owner"))).await;
        let mut jwk = key.jwk();
        jwk["kid"] = json!("one");
        let changes = json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": { "keys": [jwk] } });
        let client = app.client_of(&person, changes).await;
        Self { app, key, client }
    }

    fn claims(&self) -> Value {
        let now = self.app.clock.now().as_second();
        json!({ "iss": self.client.id, "sub": self.client.id, "aud": OWN_ISS, "iat": now, "exp": now + 60, "jti": fresh("assertion") })
    }

    fn with(&self, name: &str, value: Value) -> Value {
        let mut claims = self.claims();
        claims[name] = value;
        claims
    }

    async fn token(&self, assertion: &str) -> Reply {
        send(&self.app, TOKEN, &[("grant_type", "client_credentials"), ("client_assertion", assertion)]).await
    }
}

/// Sends a form with an assertion of the usual type.
async fn send(app: &App, path: &str, fields: &[(&str, &str)]) -> Reply {
    let fields = [fields, &[("client_assertion_type", ASSERTION_TYPE)]].concat();
    Reply::of(app.stranger().posting_form(path, &fields)).await
}

#[tokio::test]
async fn a_client_proves_who_it_is_by_its_key() {
    let keyed = Keyed::new().await;
    let answer = keyed.token(&keyed.key.assert("one", &keyed.claims())).await.ok();
    assert_eq!(answer["token_type"], "Bearer");
    let token = answer["access_token"].as_str().unwrap().to_owned();
    keyed.app.bearer(&token).get("/api/v1/whoami").await.ok();
    // With its name in the form, and without the key's.
    let assertion = keyed.key.sign(&json!({ "alg": "ES256" }), &keyed.claims());
    let fields =
        [("grant_type", "client_credentials"), ("client_id", keyed.client.id.as_str()), ("client_assertion", &assertion)];
    send(&keyed.app, TOKEN, &fields).await.ok();
    // Everywhere that clients authenticate.
    let assertion = keyed.key.assert("one", &keyed.claims());
    let known = send(&keyed.app, "/oauth2/introspect", &[("token", &token), ("client_assertion", &assertion)]).await.ok();
    assert_eq!(known["active"], true);
    let assertion = keyed.key.assert("one", &keyed.claims());
    send(&keyed.app, "/oauth2/revoke", &[("token", &token), ("client_assertion", &assertion)]).await.ok();
}

#[tokio::test]
async fn nobody_else_is_the_client() {
    let keyed = Keyed::new().await;
    let person = keyed.app.person("other@example.com").await;
    let other = keyed.app.client_of(&person, json!({})).await;
    let stranger = Signer::es256();
    let now = keyed.app.clock.now().as_second();
    let header = json!({ "alg": "ES256", "kid": "one" });
    let with = |name: &str, value: Value| {
        let mut header = header.clone();
        header[name] = value;
        header
    };
    let good = keyed.claims();
    let mut attempts = vec![
        ("another's key", stranger.assert("one", &good)),
        ("an unknown key", keyed.key.assert("two", &good)),
        ("no algorithm", keyed.key.sign(&with("alg", json!("none")), &good)),
        ("a shared secret", keyed.key.sign(&with("alg", json!("HS256")), &good)),
        ("a key of its own", stranger.sign(&with("jwk", stranger.jwk()), &good)),
        ("a key elsewhere", stranger.sign(&with("jku", json!("https://evil.test/jwks")), &good)),
        ("an access token's type", keyed.key.sign(&with("typ", json!("at+jwt")), &good)),
        ("a proof's type", keyed.key.sign(&with("typ", json!("dpop+jwt")), &good)),
        ("nonsense", "a.b.c".to_owned()),
        ("a large one", "a".repeat(9_000)),
    ];
    for (name, value) in [
        ("iss", json!(other.id)),
        ("sub", json!(other.id)),
        ("aud", json!("https://elsewhere.test")),
        ("aud", json!(format!("{OWN_ISS}/oauth2/token"))),
        ("aud", json!([OWN_ISS])),
        ("aud", json!([OWN_ISS, "https://elsewhere.test"])),
        ("exp", json!(now - 11)),
        ("exp", json!(now + 3_600)),
        ("iat", json!(now + 60)),
        ("nbf", json!(now + 60)),
        ("jti", json!("")),
        ("jti", Value::Null),
    ] {
        attempts.push((name, keyed.key.assert("one", &keyed.with(name, value))));
    }
    for (what, assertion) in &attempts {
        let reply = keyed.token(assertion).await;
        assert_eq!(reply.refused(401), "invalid_client", "{what}");
        // In the same words, whatever it is.
        assert_eq!(reply.body["error_description"], keyed.token("a.b.c").await.body["error_description"], "{what}");
    }
    // One that is good, in another client's name, or beside another proof, or of a type that is none.
    let named = |id: &str, more: &[(&'static str, &'static str)]| {
        let assertion = keyed.key.assert("one", &keyed.claims());
        let fields = [("grant_type", "client_credentials"), ("client_id", id), ("client_assertion", assertion.as_str())];
        let fields: Vec<_> = fields.into_iter().chain(more.iter().copied()).collect();
        keyed.app.stranger().posting_form(TOKEN, &fields)
    };
    let typed = ("client_assertion_type", ASSERTION_TYPE);
    assert_eq!(Reply::of(named(&other.id, &[typed])).await.refused(401), "invalid_client");
    assert_eq!(Reply::of(named(&keyed.client.id, &[typed, ("client_secret", "x")])).await.refused(400), "invalid_request");
    assert_eq!(Reply::of(named(&keyed.client.id, &[])).await.refused(400), "invalid_request");
    let wrong_type = ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer");
    assert_eq!(Reply::of(named(&keyed.client.id, &[wrong_type])).await.refused(400), "invalid_request");
    let basic = named(&keyed.client.id, &[typed]).basic_auth(&other.id, other.secret.as_deref());
    assert_eq!(Reply::of(basic).await.refused(400), "invalid_request");
    // It has no secret, and is nobody without its key.
    let fields = [("grant_type", "client_credentials"), ("client_id", keyed.client.id.as_str())];
    assert_eq!(Reply::of(keyed.app.stranger().posting_form(TOKEN, &fields)).await.refused(401), "invalid_client");
    keyed.token(&keyed.key.assert("one", &keyed.claims())).await.ok();
}

#[tokio::test]
async fn an_assertion_comes_but_once_on_all_servers() {
    let database = Cluster::get().database().await;
    let keyed = Keyed::over(App::over(database.clone(), AppOptions::default()).await).await;
    let elsewhere = App::over(database, AppOptions::default()).await;
    let assertion = keyed.key.assert("one", &keyed.claims());
    keyed.token(&assertion).await.ok();
    assert_eq!(keyed.token(&assertion).await.refused(401), "invalid_client");
    let fields = [("grant_type", "client_credentials"), ("client_assertion", assertion.as_str())];
    assert_eq!(send(&elsewhere, TOKEN, &fields).await.refused(401), "invalid_client");
    // Signed anew, it is the same one.
    let mut claims = keyed.claims();
    let assertion = keyed.key.assert("one", &claims);
    // What was refused for something else afterwards was used up too.
    let fields = [("grant_type", "password"), ("client_assertion", assertion.as_str())];
    assert_eq!(send(&keyed.app, TOKEN, &fields).await.refused(400), "unsupported_grant_type");
    claims["exp"] = json!(keyed.app.clock.now().as_second() + 61);
    assert_eq!(keyed.token(&keyed.key.assert("one", &claims)).await.refused(401), "invalid_client");
    // Of many at once one is the first.
    let one = keyed.key.assert("one", &keyed.claims());
    let answers =
        futures_util::future::join_all(
            (0..12).map(|turn| {
                let (one, app) = (one.clone(), if turn % 2 == 0 { &keyed.app } else { &elsewhere });
                async move {
                    send(app, TOKEN, &[("grant_type", "client_credentials"), ("client_assertion", &one)]).await.status.as_u16()
                }
            }),
        );
    assert_eq!(answers.await.into_iter().filter(|status| *status == 200).count(), 1);
    // They are forgotten once nobody would believe them.
    let left = async || -> i64 {
        let client = keyed.app.database.behind_the_scenes().await;
        client.query_one("select count(*) from wardgraph.used_ids", &[]).await.unwrap().get(0)
    };
    keyed.app.keys.turn().await.unwrap();
    assert!(left().await >= 3);
    keyed.app.clock.advance(std::time::Duration::from_mins(10));
    keyed.app.keys.turn().await.unwrap();
    assert_eq!(left().await, 0);
}

#[tokio::test]
async fn a_poisoned_key_set_is_not_registered() {
    let app = App::start().await;
    let person = app.person("owner@example.com").await;
    let (one, other) = (Signer::es256().jwk(), Signer::es256().jwk());
    let with = |mut key: Value, name: &str, value: Value| {
        key[name] = value;
        key
    };
    for keys in [
        json!([with(one.clone(), "d", json!("AAAA"))]),
        json!([one.clone(), { "kty": "oct", "k": "AAAA" }]),
        json!([with(one.clone(), "kid", json!("a")), with(other.clone(), "kid", json!("a"))]),
        json!([{ "kty": "RSA", "n": "_".repeat(171), "e": "AQAB" }]),
        json!([with(one.clone(), "use", json!("enc"))]),
        json!(vec![one.clone(); 33]),
        json!([]),
    ] {
        let changes = json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": { "keys": keys } });
        let reply = person.caller.post("/api/v1/clients", &wardgraph_testkit::registration(changes)).await;
        assert_eq!(reply.status.as_u16(), 422, "{keys}: {}", reply.text);
    }
    for address in ["http://app.example/keys", "https://user@app.example/keys", "file:///etc/passwd", "keys"] {
        let changes = json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": address });
        let reply = person.caller.post("/api/v1/clients", &wardgraph_testkit::registration(changes)).await;
        assert_eq!(reply.status.as_u16(), 422, "{address}: {}", reply.text);
    }
}

#[tokio::test]
async fn a_client_that_publishes_its_keys_is_asked_for_them_and_nobody_private_is() {
    let at = crate::issuer_kit::Outside::start("client").await;
    let egress = wardgraph_egress::Egress::new(wardgraph_egress::Names::System, None).unwrap();
    let rules = wardgraph_egress::Rules::operator([&at.address()], &[]);
    let client_keys = wardgraph_tokens::RemoteKeys::new(egress.client(rules, std::time::Duration::from_secs(1)));
    let options = AppOptions { client_keys: Some(std::sync::Arc::new(client_keys)), ..AppOptions::default() };
    // The same client, at a server that lets tenants name no private address.
    for (options, good) in [(options, true), (AppOptions::default(), false)] {
        let app = App::with(options).await;
        let person = app.person("owner@example.com").await;
        let changes = json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://app.example/keys" });
        let client = app.client_of(&person, changes).await;
        let moved = "update wardgraph.clients set jwks_uri = $2 where client_id = $1";
        app.database.behind_the_scenes().await.execute(moved, &[&client.id, &at.address().as_str()]).await.unwrap();
        let now = app.clock.now().as_second();
        let claims = json!({ "iss": client.id, "sub": client.id, "aud": OWN_ISS, "exp": now + 60, "jti": "one" });
        let assertion = at.key.sign(Some(at.key.id), &claims);
        let reply = send(&app, TOKEN, &[("grant_type", "client_credentials"), ("client_assertion", &assertion)]).await;
        assert_eq!(reply.status.as_u16(), if good { 200 } else { 401 }, "{}", reply.text);
    }
    assert_eq!(at.asked(), 1);
}

/// A server with a service whose tokens are asked for with proofs of a key.
struct Bound {
    app: App,
    key: Signer,
    client: OAuthClient,
}

impl Bound {
    async fn new(changes: Value) -> Self {
        let app = App::start().await;
        let person = app.person("owner@example.com").await;
        let client = app.client_of(&person, changes).await;
        Self { app, key: Signer::es256(), client }
    }

    fn claims(&self, method: &str, path: &str) -> Value {
        json!({
            "jti": fresh("proof"), "htm": method, "htu": format!("{OWN_ISS}{path}"),
            "iat": self.app.clock.now().as_second(), "nonce": self.app.gate.nonce(),
        })
    }

    async fn token(&self, proofs: &[&str]) -> Reply {
        let request = self.client.posting(TOKEN, &[("grant_type", "client_credentials")]);
        Reply::of(proofs.iter().fold(request, |request, proof| request.header("dpop", *proof))).await
    }
}

#[tokio::test]
async fn a_token_is_bound_to_the_key_that_was_proved_when_it_was_asked_for() {
    let bound = Bound::new(json!({})).await;
    let reply = bound.token(&[&bound.key.prove(&bound.claims("POST", TOKEN))]).await;
    assert_eq!(reply.headers["dpop-nonce"].to_str().unwrap(), bound.app.gate.nonce());
    let answer = reply.ok();
    assert_eq!(answer["token_type"], "DPoP");
    let token = answer["access_token"].as_str().unwrap();
    let known = bound.client.introspect(token).await;
    assert_eq!((&known["cnf"], &known["token_type"]), (&json!({ "jkt": bound.key.thumbprint() }), &json!("DPoP")));
    // Good with a proof, for nothing without.
    assert_eq!(bound.app.bearer(token).get("/nodes").await.status.as_u16(), 401);
    for (key, status) in [(&bound.key, 200), (&Signer::es256(), 401)] {
        let mut claims = bound.claims("GET", "/nodes");
        claims["ath"] = json!(token_hash(token));
        let request = bound.app.stranger().request("GET", "/nodes").header("dpop", key.prove(&claims));
        let reply = Reply::of(request.header("authorization", format!("DPoP {token}"))).await;
        assert_eq!(reply.status.as_u16(), status, "{}", reply.text);
    }
    // Without a proof it is an ordinary token.
    let answer = bound.token(&[]).await.ok();
    assert_eq!(answer["token_type"], "Bearer");
    assert_eq!(bound.client.introspect(answer["access_token"].as_str().unwrap()).await.get("cnf"), None);
}

#[tokio::test]
async fn a_client_whose_tokens_must_be_bound_gets_no_other() {
    let bound = Bound::new(json!({ "dpop_bound_access_tokens": true })).await;
    assert_eq!(bound.token(&[]).await.refused(400), "invalid_dpop_proof");
    assert_eq!(bound.token(&[&bound.key.prove(&bound.claims("POST", TOKEN))]).await.ok()["token_type"], "DPoP");
}

#[tokio::test]
async fn a_proof_is_for_the_token_endpoint_fresh_and_signed_by_its_key() {
    let bound = Bound::new(json!({})).await;
    let now = bound.app.clock.now().as_second();
    let with = |name: &str, value: Value| {
        let mut claims = bound.claims("POST", TOKEN);
        claims[name] = value;
        bound.key.prove(&claims)
    };
    for proof in [
        with("htm", json!("GET")),
        with("htu", json!(format!("{OWN_ISS}/oauth2/introspect"))),
        with("htu", json!(format!("https://evil.test{TOKEN}"))),
        with("htu", json!(format!("{}{TOKEN}", bound.app.base))),
        with("iat", json!(now - 61)),
        with("iat", json!(now + 11)),
        with("jti", Value::Null),
        Signer::es256().sign(&bound.key.proof_header(), &bound.claims("POST", TOKEN)),
        "nonsense".to_owned(),
    ] {
        assert_eq!(bound.token(&[&proof]).await.refused(400), "invalid_dpop_proof", "{proof}");
    }
    let (one, two) = (with("iat", json!(now)), with("iat", json!(now)));
    assert_eq!(bound.token(&[&one, &two]).await.refused(400), "invalid_dpop_proof");
    // The nonce is told, and then it goes.
    let reply = bound.token(&[&with("nonce", Value::String("old".into()))]).await;
    assert_eq!(reply.refused(400), "use_dpop_nonce");
    let nonce = reply.headers["dpop-nonce"].to_str().unwrap();
    bound.token(&[&with("nonce", json!(nonce))]).await.ok();
}

#[tokio::test]
async fn of_two_servers_one_takes_a_proof() {
    let database = Cluster::get().database().await;
    let (one, two) = (App::over(database.clone(), AppOptions::default()).await, App::over(database, AppOptions::default()).await);
    let person = one.person("owner@example.com").await;
    let client = one.client_of(&person, json!({})).await;
    let (id, secret, method) = (&client.id, &client.secret, &client.auth_method);
    let elsewhere = two.client(&json!({ "client_id": id, "client_secret": secret, "token_endpoint_auth_method": method }));
    assert_eq!(one.gate.nonce(), two.gate.nonce(), "all servers have the same nonces");
    let key = Signer::eddsa();
    let proof = key.prove(&json!({
        "jti": "one", "htm": "POST", "htu": format!("{OWN_ISS}{TOKEN}"), "iat": one.clock.now().as_second(), "nonce": one.gate.nonce(),
    }));
    let ask =
        |client: &OAuthClient| Reply::of(client.posting(TOKEN, &[("grant_type", "client_credentials")]).header("dpop", &proof));
    let answers = futures_util::future::join_all((0..10).map(|turn| ask(if turn % 2 == 0 { &client } else { &elsewhere }))).await;
    let good: Vec<_> = answers.iter().filter(|reply| reply.status == 200).collect();
    assert_eq!(good.len(), 1);
    assert_eq!(ask(&client).await.refused(400), "invalid_dpop_proof");
    assert_eq!(ask(&elsewhere).await.refused(400), "invalid_dpop_proof");
}

#[tokio::test]
async fn what_a_key_can_do_is_told() {
    let app = App::start().await;
    let told = app.stranger().get("/.well-known/oauth-authorization-server").await.ok();
    assert_eq!(told["dpop_signing_alg_values_supported"], json!(["ES256", "EdDSA", "Ed25519", "RS256"]));
    let resource = app.stranger().get("/.well-known/oauth-protected-resource").await.ok();
    assert_eq!(resource["dpop_signing_alg_values_supported"], told["dpop_signing_alg_values_supported"]);
    assert_eq!(told["token_endpoint_auth_signing_alg_values_supported"], json!(["ES256", "EdDSA", "Ed25519", "RS256"]));
    assert!(told["token_endpoint_auth_methods_supported"].as_array().unwrap().contains(&json!("private_key_jwt")));
}
