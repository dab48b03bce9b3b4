//! Tokens that are bound to a key (DPoP, RFC 9449): good with a proof of the key for this very request, and for nothing without.

use std::time::Duration;

use serde_json::{Value, json};
use wardgraph_kernel::Clock;
use wardgraph_testkit::{App, Caller, OWN_ISS, Reply, Signer, token_hash};
use wardgraph_tokens::{AccessRequest, Thumbprint};

const TENANT: &str = "org_a";
const PATH: &str = "/api/v1/whoami";

/// A key, and a token that is bound to it.
struct Holder {
    app: App,
    key: Signer,
    token: String,
}

fn bound(app: &App, key: &Signer, user: &str) -> String {
    let jkt = Thumbprint::parse(&key.thumbprint());
    assert!(jkt.is_some());
    let request = AccessRequest { jkt, ..app.access_request(TENANT, user, &["nodes:write", "search:read"]) };
    app.user_with(&request).token.unwrap()
}

impl Holder {
    async fn new(key: Signer) -> Self {
        let app = App::start().await;
        let token = bound(&app, &key, "u");
        Self { app, key, token }
    }

    /// The claims of a good proof for `GET` [`PATH`], which no other proof has.
    fn claims(&self) -> Value {
        use std::sync::atomic::{AtomicU64, Ordering};
        static NEXT: AtomicU64 = AtomicU64::new(0);
        json!({
            "jti": format!("proof-{}", NEXT.fetch_add(1, Ordering::Relaxed)),
            "htm": "GET",
            "htu": format!("{OWN_ISS}{PATH}"),
            "iat": self.app.clock.now().as_second(),
            "ath": token_hash(&self.token),
            "nonce": self.app.gate.nonce(),
        })
    }

    fn with(&self, name: &str, value: Value) -> Value {
        let mut claims = self.claims();
        claims[name] = value;
        claims
    }

    async fn call(&self, proof: &str) -> Reply {
        self.call_with(&self.app.stranger(), "DPoP", &self.token, &[proof]).await
    }

    async fn call_with(&self, caller: &Caller, scheme: &str, token: &str, proofs: &[&str]) -> Reply {
        let request = caller.request("GET", PATH).header("authorization", format!("{scheme} {token}"));
        Reply::of(proofs.iter().fold(request, |request, proof| request.header("dpop", *proof))).await
    }
}

fn challenge(reply: &Reply) -> &str {
    reply.headers["www-authenticate"].to_str().unwrap()
}

#[track_caller]
fn refused(reply: &Reply, error: &str, what: &str) {
    assert_eq!(reply.status.as_u16(), 401, "{what}: {}", reply.text);
    let challenge = challenge(reply);
    assert!(challenge.starts_with("DPoP realm=") && challenge.contains(&format!("error=\"{error}\"")), "{what}: {challenge}");
    assert!(challenge.contains(r#"algs="ES256 EdDSA Ed25519 RS256""#), "{what}: {challenge}");
}

#[tokio::test]
async fn a_bound_token_is_good_with_a_proof_of_its_key() {
    for key in [Signer::es256(), Signer::eddsa(), Signer::rs256()] {
        let holder = Holder::new(key).await;
        for scheme in ["DPoP", "dpop"] {
            let proof = holder.key.prove(&holder.claims());
            let reply = holder.call_with(&holder.app.stranger(), scheme, &holder.token, &[&proof]).await;
            assert_eq!(reply.headers["dpop-nonce"].to_str().unwrap(), holder.app.gate.nonce());
            assert_eq!(reply.ok()["tenant_id"], TENANT);
        }
        // Query and fragment are not part of what is proven, and the address may be spelled otherwise.
        let spelled = format!("{}{PATH}?a=b", OWN_ISS.to_uppercase().replace("HTTPS://", "https://"));
        let reply = holder.call(&holder.key.prove(&holder.with("htu", json!(spelled)))).await;
        assert_eq!(reply.status.as_u16(), 200, "{}", reply.text);
    }
}

#[tokio::test]
async fn a_stolen_token_is_good_for_nothing_without_its_key() {
    let holder = Holder::new(Signer::es256()).await;
    let thief = Signer::es256();
    let bearer = holder.call_with(&holder.app.stranger(), "Bearer", &holder.token, &[]).await;
    refused(&bearer, "invalid_token", "as a bearer token");
    let proof = holder.key.prove(&holder.claims());
    let bearer = holder.call_with(&holder.app.stranger(), "Bearer", &holder.token, &[&proof]).await;
    refused(&bearer, "invalid_token", "as a bearer token with a good proof");
    refused(&holder.call_with(&holder.app.stranger(), "DPoP", &holder.token, &[]).await, "invalid_dpop_proof", "without a proof");
    refused(&holder.call(&thief.prove(&holder.claims())).await, "invalid_dpop_proof", "with the thief's key");
    // The holder's public key in the header, the thief's signature below it.
    let forged = thief.sign(&holder.key.proof_header(), &holder.claims());
    refused(&holder.call(&forged).await, "invalid_dpop_proof", "with the thief's signature");
    let (one, two) = (holder.key.prove(&holder.claims()), holder.key.prove(&holder.claims()));
    let twice = holder.call_with(&holder.app.stranger(), "DPoP", &holder.token, &[&one, &two]).await;
    refused(&twice, "invalid_dpop_proof", "with two proofs");
    assert_eq!(holder.call(&one).await.status.as_u16(), 200, "the holder");
}

#[tokio::test]
async fn a_token_that_is_bound_to_no_key_is_no_bound_one() {
    let holder = Holder::new(Signer::es256()).await;
    let plain = holder.app.user(TENANT, "u", &[]).token.unwrap();
    let mut claims = holder.claims();
    claims["ath"] = json!(token_hash(&plain));
    let reply = holder.call_with(&holder.app.stranger(), "DPoP", &plain, &[&holder.key.prove(&claims)]).await;
    refused(&reply, "invalid_token", "a token without a key");
    // Of another issuer, whatever it says.
    let outside = holder.app.caller("tenant-a", &["kg:read"]).token.unwrap();
    claims["ath"] = json!(token_hash(&outside));
    let reply = holder.call_with(&holder.app.stranger(), "DPoP", &outside, &[&holder.key.prove(&claims)]).await;
    refused(&reply, "invalid_token", "a token of another issuer");
    // A proof does no harm to a bearer token, and no good.
    let reply = holder.call_with(&holder.app.stranger(), "Bearer", &plain, &["nonsense"]).await;
    assert_eq!(reply.status.as_u16(), 200, "{}", reply.text);
    // Two credentials are none.
    let both = holder.app.bearer(&plain);
    let proof = holder.key.prove(&holder.claims());
    refused_as_none(&holder.call_with(&both, "DPoP", &holder.token, &[&proof]).await);
    let key = holder.app.stranger().request("GET", PATH).header("x-api-key", "wg_x").header("dpop", &proof);
    refused_as_none(&Reply::of(key.header("authorization", format!("DPoP {}", holder.token))).await);
}

#[track_caller]
fn refused_as_none(reply: &Reply) {
    assert_eq!(reply.status.as_u16(), 401, "{}", reply.text);
    assert!(
        challenge(reply).starts_with(r#"Bearer realm="wardgraph""#) && !challenge(reply).contains("error="),
        "{}",
        challenge(reply)
    );
}

#[tokio::test]
async fn a_proof_is_for_this_request_alone() {
    let holder = Holder::new(Signer::es256()).await;
    let other = bound(&holder.app, &holder.key, "v");
    let now = holder.app.clock.now().as_second();
    for (name, value) in [
        ("htm", json!("POST")),
        ("htm", json!("get")),
        ("htu", json!(format!("{OWN_ISS}/api/v1/users"))),
        ("htu", json!(format!("https://evil.test{PATH}"))),
        ("htu", json!(format!("{}{PATH}", holder.app.base))),
        ("htu", json!(PATH)),
        ("iat", json!(now - 61)),
        ("iat", json!(now + 11)),
        ("ath", json!(token_hash(&other))),
        ("ath", json!("")),
        ("jti", json!("")),
        ("jti", json!("x".repeat(257))),
    ] {
        let claims = holder.with(name, value);
        refused(&holder.call(&holder.key.prove(&claims)).await, "invalid_dpop_proof", &claims.to_string());
    }
    // The address is the configured one, whatever the request says of its host.
    let claims = holder.with("htu", json!(format!("https://evil.test{PATH}")));
    let proof = holder.key.prove(&claims);
    let request = holder.app.stranger().request("GET", PATH).header("host", "evil.test").header("x-forwarded-host", "evil.test");
    let request = request.header("authorization", format!("DPoP {}", holder.token)).header("dpop", &proof);
    refused(&Reply::of(request).await, "invalid_dpop_proof", "another host");
}

#[tokio::test]
async fn a_proof_needs_a_nonce_that_the_answer_brings() {
    let holder = Holder::new(Signer::es256()).await;
    let mut claims = holder.claims();
    claims.as_object_mut().unwrap().remove("nonce");
    let reply = holder.call(&holder.key.prove(&claims)).await;
    refused(&reply, "use_dpop_nonce", "without a nonce");
    let nonce = reply.headers["dpop-nonce"].to_str().unwrap().to_owned();
    refused(&holder.call(&holder.key.prove(&holder.with("nonce", json!("made-up")))).await, "use_dpop_nonce", "made up");
    assert_eq!(holder.call(&holder.key.prove(&holder.with("nonce", json!(nonce)))).await.status.as_u16(), 200);
    // It is good for a while, and then another one is.
    holder.app.clock.advance(Duration::from_mins(5));
    let reply = holder.call(&holder.key.prove(&holder.with("nonce", json!(nonce)))).await;
    refused(&reply, "use_dpop_nonce", "an old one");
    assert_ne!(reply.headers["dpop-nonce"].to_str().unwrap(), nonce);
    // Nobody else is told.
    let plain = holder.app.user(TENANT, "u", &[]).get(PATH).await;
    assert!(!plain.headers.contains_key("dpop-nonce"));
}

#[tokio::test]
async fn a_proof_comes_but_once() {
    let holder = Holder::new(Signer::es256()).await;
    let claims = holder.claims();
    let proof = holder.key.prove(&claims);
    assert_eq!(holder.call(&proof).await.status.as_u16(), 200);
    refused(&holder.call(&proof).await, "invalid_dpop_proof", "replayed");
    // The same id in another proof, signed anew.
    let mut again = claims.clone();
    again["iat"] = json!(holder.app.clock.now().as_second() - 1);
    refused(&holder.call(&holder.key.prove(&again)).await, "invalid_dpop_proof", "the same id");
    holder.app.clock.advance(Duration::from_secs(50));
    refused(&holder.call(&proof).await, "invalid_dpop_proof", "replayed as late as can be");
    // Another token of the same key, with another proof that has the same id: still the same id.
    let many = futures_util::future::join_all((0..20).map(|_| async { holder.claims() })).await;
    let fresh = holder.key.prove(&many[0]);
    let answers = futures_util::future::join_all((0..20).map(|_| holder.call(&fresh))).await;
    let good = answers.iter().filter(|reply| reply.status.as_u16() == 200).count();
    assert_eq!(good, 1, "of many at once, one is the first");
}

#[tokio::test]
async fn a_proof_does_not_choose_how_it_is_checked() {
    let holder = Holder::new(Signer::es256()).await;
    let with = |name: &str, value: Value| {
        let mut header = holder.key.proof_header();
        header[name] = value;
        header
    };
    let mut private = holder.key.jwk();
    private["d"] = json!("AAAA");
    let weak = json!({ "kty": "RSA", "n": "_".repeat(171), "e": "AQAB" });
    for header in [
        with("alg", json!("none")),
        with("alg", json!("HS256")),
        with("alg", json!("RS256")),
        with("alg", json!("ES384")),
        with("typ", json!("JWT")),
        with("typ", json!("at+jwt")),
        with("jwk", private),
        with("jwk", json!({ "kty": "oct", "k": "AAAA" })),
        with("jwk", Value::Null),
        with("crit", json!(["b64"])),
        with("jku", json!("https://evil.test/jwks")),
        with("x5u", json!("https://evil.test/cert")),
    ] {
        refused(&holder.call(&holder.key.sign(&header, &holder.claims())).await, "invalid_dpop_proof", &header.to_string());
    }
    let header = json!({ "typ": "dpop+jwt", "alg": "RS256", "jwk": weak });
    refused(&holder.call(&Signer::rs256().sign(&header, &holder.claims())).await, "invalid_dpop_proof", "a small RSA key");
    for text in ["", "a.b.c", &"a".repeat(9_000), "eyJ.."] {
        let reply = holder.call_with(&holder.app.stranger(), "DPoP", &holder.token, &[text]).await;
        refused(&reply, "invalid_dpop_proof", text);
    }
    // An access token is no proof, and a proof is no access token.
    refused(&holder.call(&holder.token).await, "invalid_dpop_proof", "a token as its own proof");
    let proof = holder.key.prove(&holder.claims());
    let reply = holder.call_with(&holder.app.stranger(), "DPoP", &proof, &[&proof]).await;
    assert_eq!(reply.status.as_u16(), 401);
}

#[tokio::test]
async fn other_refusals_of_a_bound_token_speak_its_scheme() {
    let holder = Holder::new(Signer::es256()).await;
    let request = |method: &str, path: &str| {
        let mut claims = holder.with("htu", json!(format!("{OWN_ISS}{path}")));
        claims["htm"] = json!(method);
        let proof = holder.key.prove(&claims);
        let request = holder.app.stranger().request(method, path).header("dpop", proof);
        Reply::of(request.header("authorization", format!("DPoP {}", holder.token)))
    };
    let reply = request("GET", "/metrics").await;
    assert_eq!(reply.status.as_u16(), 403, "{}", reply.text);
    assert!(challenge(&reply).starts_with("DPoP ") && challenge(&reply).contains("insufficient_scope"), "{}", challenge(&reply));
}

#[tokio::test]
async fn a_token_says_which_key_it_is_bound_to_and_ends_with_its_session() {
    let holder = Holder::new(Signer::eddsa()).await;
    let claims: Value = {
        use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
        serde_json::from_slice(&B64.decode(holder.token.split('.').nth(1).unwrap()).unwrap()).unwrap()
    };
    assert_eq!(claims["cnf"], json!({ "jkt": holder.key.thumbprint() }));
    assert_eq!(holder.call(&holder.key.prove(&holder.claims())).await.status.as_u16(), 200);
    holder.app.clock.advance(Duration::from_hours(2));
    holder.app.hear().await;
    let reply = holder.call(&holder.key.prove(&holder.claims())).await;
    refused(&reply, "invalid_token", "expired");
}
