//! An outside issuer for tests: it signs, publishes its keys, takes them back, goes down and comes back.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinSet,
};
use wardgraph_egress::{Address, Egress, Names, Rules};
use wardgraph_kernel::Permissions;
use wardgraph_testkit::START;
use wardgraph_tokens::{Algorithm, DEFAULT_LEEWAY, Issuer, IssuerConfig, IssuerKeys, KeyTimes, Others, PublishedKeys, Tenants};

/// `aud` of the server's tokens.
const AUDIENCE: &str = "activekg";

/// A key of the issuer.
pub(crate) struct SigningKey {
    pub(crate) id: &'static str,
    pair: Pair,
}

enum Pair {
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

impl SigningKey {
    pub(crate) fn ec(id: &'static str) -> Self {
        Self { id, pair: Pair::Ec(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap()) }
    }

    pub(crate) fn ed(id: &'static str) -> Self {
        Self { id, pair: Pair::Ed(Ed25519KeyPair::generate().unwrap()) }
    }

    /// The key as it is published.
    pub(crate) fn jwk(&self) -> Value {
        match &self.pair {
            Pair::Ec(pair) => {
                let point = pair.public_key().as_ref();
                json!({ "kty": "EC", "crv": "P-256", "kid": self.id, "use": "sig", "x": B64.encode(&point[1..33]), "y": B64.encode(&point[33..]) })
            }
            Pair::Ed(pair) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "kid": self.id, "alg": "EdDSA", "x": B64.encode(pair.public_key().as_ref()) })
            }
        }
    }

    /// A token of these claims, under a header that names `kid`, if any.
    pub(crate) fn sign(&self, kid: Option<&str>, claims: &Value) -> String {
        let alg = if matches!(self.pair, Pair::Ec(_)) { "ES256" } else { "EdDSA" };
        let mut header = json!({ "alg": alg, "typ": "JWT" });
        if let Some(kid) = kid {
            header["kid"] = kid.into();
        }
        let message = format!("{}.{}", B64.encode(header.to_string()), B64.encode(claims.to_string()));
        let signature = match &self.pair {
            Pair::Ec(pair) => pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap().as_ref().to_vec(),
            Pair::Ed(pair) => pair.sign(message.as_bytes()).as_ref().to_vec(),
        };
        format!("{message}.{}", B64.encode(signature))
    }
}

/// An issuer at an address of this machine.
pub(crate) struct Outside {
    pub(crate) name: &'static str,
    pub(crate) key: SigningKey,
    /// What it answers who asks for its keys: whole, head included.
    pub(crate) answer: Arc<Mutex<Vec<u8>>>,
    pub(crate) up: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
    port: u16,
    _server: JoinSet<()>,
}

impl Outside {
    pub(crate) async fn start(name: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (up, asked, answer) =
            (Arc::new(AtomicBool::new(true)), Arc::<AtomicUsize>::default(), Arc::<Mutex<Vec<u8>>>::default());
        let mut server = JoinSet::new();
        let (is_up, count, answers) = (up.clone(), asked.clone(), answer.clone());
        server.spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                if !is_up.load(Ordering::SeqCst) {
                    continue;
                }
                count.fetch_add(1, Ordering::SeqCst);
                let _ = stream.read(&mut [0; 4_096]).await;
                // Long enough for others to come while it is asked.
                tokio::time::sleep(Duration::from_millis(20)).await;
                let bytes = answers.lock().unwrap().clone();
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
            }
        });
        let this = Self { name, key: SigningKey::ec("first"), answer, up, asked, port, _server: server };
        this.publish(&json!({ "keys": [this.key.jwk()] }));
        this
    }

    pub(crate) fn publish(&self, keys: &Value) {
        let body = keys.to_string();
        let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
        *self.answer.lock().unwrap() = [head, body].concat().into();
    }

    /// How often its keys were asked for.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// Where its keys are.
    pub(crate) fn address(&self) -> Address {
        Address::parse(&format!("http://127.0.0.1:{}/keys", self.port)).unwrap()
    }

    pub(crate) fn iss(&self) -> String {
        format!("https://{}.test", self.name)
    }

    /// The issuer as the server trusts it, changed as a test wants.
    pub(crate) fn trusted(&self, change: impl FnOnce(&mut IssuerConfig)) -> Issuer {
        let address = self.address();
        let client = Egress::new(Names::System, None).unwrap().client(Rules::operator([&address], &[]), Duration::from_secs(1));
        let algorithms = vec![Algorithm::ES256, Algorithm::EdDSA];
        let mut config = IssuerConfig {
            name: self.name.into(),
            keys: IssuerKeys::Published(Arc::new(PublishedKeys::new(address, client, algorithms, KeyTimes::default()))),
            audiences: vec![AUDIENCE.into()],
            issuer: Some(self.iss()),
            leeway: DEFAULT_LEEWAY,
            ceiling: Permissions::outside_ceiling(),
            tenants: Tenants { listed: [].into(), others: Others::FirstSeen { per_hour: 100 } },
        };
        change(&mut config);
        Issuer::new(config).unwrap()
    }

    /// Claims of a token of `tenant` that lives for a day.
    pub(crate) fn claims(&self, tenant: &str) -> Value {
        json!({
            "iss": self.iss(), "aud": AUDIENCE, "sub": "someone", "tenant_id": tenant,
            "scope": "kg:read kg:write events:read system:read", "exp": START + 86_400,
        })
    }

    /// A good token.
    pub(crate) fn token(&self, tenant: &str) -> String {
        self.key.sign(Some(self.key.id), &self.claims(tenant))
    }
}
