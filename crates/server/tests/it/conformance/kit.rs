//! A client as OpenID Connect expects one, and one as FAPI 2.0 does.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::{
    digest::{SHA256, digest},
    signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde_json::{Value, json};
use wardgraph_kernel::Clock;
use wardgraph_testkit::{App, OWN_ISS, Reply, Signer, Window, token_hash};

use crate::front::kit::{Answer, Site, VERIFIER, agree, answer, form, somebody};

/// A server, somebody who is signed in at a window, and a client of theirs.
pub(super) struct Scene {
    pub(super) app: App,
    pub(super) window: Window,
    pub(super) site: Site,
    pub(super) organization: String,
}

impl Scene {
    /// With a confidential client, but for what `change` says.
    pub(super) async fn with(change: Value) -> Self {
        let app = App::start().await;
        let (ada, window) = somebody(&app, "ada@example.com").await;
        let organization = ada.caller.tenant.clone();
        Self { site: Site::of(&app, &organization, change).await, app, window, organization }
    }

    /// What the client is told where this is asked of somebody who agrees.
    pub(super) async fn send(&self, change: &[(&str, &str)]) -> Answer {
        self.site.send(&self.window, change).await
    }

    /// Tokens, asked for so.
    pub(super) async fn tokens(&self, change: &[(&str, &str)]) -> Value {
        self.site.tokens(&self.app, &self.window, change).await
    }

    /// What userinfo tells whoever has these tokens.
    pub(super) async fn told(&self, tokens: &Value) -> Value {
        self.app.bearer(access(tokens)).get("/oauth2/userinfo").await.ok()
    }

    /// Whether an access token is good here.
    pub(super) async fn is_good(&self, tokens: &Value) -> bool {
        self.app.hear().await;
        self.app.bearer(access(tokens)).get("/oauth2/userinfo").await.status == 200
    }

    /// What an ID token says, once its signature is verified by what is published.
    pub(super) async fn verified(&self, token: &Value) -> (Value, Value) {
        let text = token.as_str().expect("an ID token");
        let (message, signature) = text.rsplit_once('.').unwrap();
        let parts: Vec<Value> =
            message.split('.').map(|part| serde_json::from_slice(&B64.decode(part).unwrap()).unwrap()).collect();
        let keys = self.app.stranger().get("/.well-known/jwks.json").await.ok();
        let named = keys["keys"].as_array().unwrap().iter().filter(|key| key["kid"] == parts[0]["kid"]).collect::<Vec<_>>();
        let [key] = named[..] else { panic!("one key is called {}", parts[0]["kid"]) };
        assert_eq!((&parts[0]["alg"], &key["alg"], &key["use"]), (&json!("ES256"), &json!("ES256"), &json!("sig")));
        let coordinate = |name: &str| B64.decode(key[name].as_str().unwrap()).unwrap();
        let point = [vec![4], coordinate("x"), coordinate("y")].concat();
        let signature = B64.decode(signature).unwrap();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message.as_bytes(), &signature).expect("its signature");
        (parts[0].clone(), parts[1].clone())
    }
}

/// The access token of an answer.
pub(super) fn access(tokens: &Value) -> &str {
    tokens["access_token"].as_str().unwrap()
}

/// The left half of a SHA-256, as `at_hash` has it.
pub(super) fn half_hash(text: &str) -> String {
    B64.encode(&digest(&SHA256, text.as_bytes()).as_ref()[..16])
}

/// A text that comes once.
fn once(kind: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("conformance-{kind}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A server with a client after FAPI 2.0: it proves who it is by a key, pushes its requests, and its tokens are bound to another key.
pub(super) struct Profile {
    pub(super) scene: Scene,
    pub(super) own: Signer,
    pub(super) key: Signer,
}

impl Profile {
    pub(super) async fn new() -> Self {
        let own = Signer::es256();
        Self { scene: Scene::with(registered(&own)).await, own, key: Signer::es256() }
    }

    /// Another client of the same kind, which proves who it is by `own`.
    pub(super) async fn another(&self, own: &Signer) -> Site {
        Site::of(&self.scene.app, &self.scene.organization, registered(own)).await
    }

    pub(super) fn now(&self) -> i64 {
        self.scene.app.clock.now().as_second()
    }

    /// The claims of a good assertion of the client.
    pub(super) fn assertion_claims(&self) -> Value {
        let (id, now) = (&self.scene.site.id, self.now());
        json!({ "iss": id, "sub": id, "aud": OWN_ISS, "iat": now, "exp": now + 60, "jti": once("assertion") })
    }

    /// The claims of a good proof for a request.
    pub(super) fn proof_claims(&self, method: &str, path: &str, token: Option<&str>) -> Value {
        let mut claims = json!({
            "jti": once("proof"), "htm": method, "htu": format!("{OWN_ISS}{path}"), "iat": self.now(), "nonce": self.scene.app.gate.nonce(),
        });
        if let Some(token) = token {
            claims["ath"] = json!(token_hash(token));
        }
        claims
    }

    /// Posts a form with this assertion and these proofs.
    pub(super) async fn post(&self, path: &str, fields: &[(&str, &str)], assertion: Option<&str>, proofs: &[String]) -> Reply {
        let mut fields: Vec<_> = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        if let Some(assertion) = assertion {
            fields.push(("client_assertion".into(), assertion.into()));
            fields.push(("client_assertion_type".into(), "urn:ietf:params:oauth:client-assertion-type:jwt-bearer".into()));
        }
        let request = self.scene.app.stranger().request("POST", path);
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form(&fields));
        Reply::of(proofs.iter().fold(request, |request, proof| request.header("dpop", proof))).await
    }

    fn assertion(&self) -> String {
        self.own.assert("own", &self.assertion_claims())
    }

    /// Pushes a request, but for what `change` says, with proofs.
    pub(super) async fn push_with(&self, change: &[(&str, &str)], proofs: &[String]) -> Reply {
        let parameters = self.scene.site.parameters(change);
        let fields: Vec<_> = parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.post("/oauth2/par", &fields, Some(&self.assertion()), proofs).await
    }

    /// The same without proofs.
    pub(super) async fn push(&self, change: &[(&str, &str)]) -> Reply {
        self.push_with(change, &[]).await
    }

    /// Where a browser is sent with what was pushed.
    pub(super) fn by_reference(&self, pushed: &Value, more: &str) -> String {
        let fields = [("client_id", self.scene.site.id.as_str()), ("request_uri", pushed["request_uri"].as_str().unwrap())];
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        format!("/oauth2/authorize?{query}{more}")
    }

    /// Sends somebody who agrees there.
    pub(super) async fn follow(&self, to: &str) -> Answer {
        let Scene { window, site, .. } = &self.scene;
        answer(&agree(window, window.get(to).await).await, &site.redirect)
    }

    /// A code for a request that is pushed so.
    pub(super) async fn code(&self, change: &[(&str, &str)]) -> String {
        let pushed = self.push(change).await.created();
        self.follow(&self.by_reference(&pushed, "")).await["code"].clone()
    }

    /// Asks the token endpoint with a code, but for what `change` says, with proofs.
    pub(super) async fn redeem_with(
        &self,
        code: &str,
        change: &[(&str, &str)],
        assertion: Option<&str>,
        proofs: &[String],
    ) -> Reply {
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &*self.scene.site.redirect),
            ("code_verifier", VERIFIER),
        ];
        fields.retain(|(name, _)| !change.iter().any(|(changed, _)| changed == name));
        fields.extend(change.iter().copied().filter(|(_, value)| !value.is_empty()));
        self.post("/oauth2/token", &fields, assertion, proofs).await
    }

    /// The same as the client does it, with a proof of its key.
    pub(super) async fn redeem(&self, code: &str, change: &[(&str, &str)]) -> Reply {
        let proof = self.key.prove(&self.proof_claims("POST", "/oauth2/token", None));
        self.redeem_with(code, change, Some(&self.assertion()), &[proof]).await
    }

    /// Tokens of somebody who agreed.
    pub(super) async fn tokens(&self, change: &[(&str, &str)]) -> Value {
        let code = self.code(change).await;
        self.redeem(&code, &[]).await.ok()
    }

    /// Asks the resource with a token and these proofs.
    pub(super) async fn call(&self, scheme: &str, tokens: &Value, proofs: &[String]) -> Reply {
        let request = self.scene.app.stranger().request("GET", "/oauth2/userinfo");
        let request = request.header("authorization", format!("{scheme} {}", access(tokens)));
        Reply::of(proofs.iter().fold(request, |request, proof| request.header("dpop", proof))).await
    }

    /// The claims of a good proof for the resource.
    pub(super) fn resource_claims(&self, tokens: &Value) -> Value {
        self.proof_claims("GET", "/oauth2/userinfo", Some(access(tokens)))
    }
}

fn registered(own: &Signer) -> Value {
    let mut jwk = own.jwk();
    jwk["kid"] = json!("own");
    let jwks = json!({ "keys": [jwk] }).to_string();
    json!({ "auth_method": "private_key_jwt", "jwks": jwks, "dpop_bound": true, "require_par": true })
}
