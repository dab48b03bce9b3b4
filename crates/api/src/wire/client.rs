//! Clients of the OAuth server, as they are registered. Members are called as in RFC 7591 where it has them.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use wardgraph_kernel::{ClientId, ClientSecretId};

use super::{Name, SecretText};
use crate::{
    describe::{Body, Known},
    validate::{Faults, Validate},
};

/// How many entries a list may have before anything is made of it.
const MOST_ENTRIES: usize = 100;
/// The longest entry.
const MOST_TEXT: usize = 2_048;
/// The largest set of keys, in bytes.
const MOST_KEYS_BYTES: usize = 32 << 10;
/// The longest that a replaced secret lives on: 30 days, in seconds.
const MOST_OVERLAP_S: i64 = 30 * 24 * 3_600;

/// A client that is wanted.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a member of its own of what is sent")]
pub struct NewClient {
    /// What people are shown, 1 to 100 characters.
    pub client_name: Name,
    /// By what it gets tokens: `client_credentials`, `authorization_code`, `refresh_token`.
    pub grant_types: Vec<String>,
    /// How it proves who it is: `client_secret_basic`, `client_secret_post`, `private_key_jwt`, or `none`.
    #[serde(default = "basic")]
    pub token_endpoint_auth_method: String,
    /// Where browsers may be sent back to: `https`, `http` on the own machine (at any port), or a scheme like `com.example.app`. To the letter.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// Where browsers may be sent after signing out.
    #[serde(default)]
    pub post_logout_redirect_uris: Vec<String>,
    /// Where it wants to be told of a sign-out.
    #[serde(default)]
    pub backchannel_logout_uri: Option<String>,
    /// The most that it may ever ask for: permissions, `openid`, `profile`, `email`, `offline_access`.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Other places than this server that it may ask tokens for, and whose tokens it may ask about; this server's own name for the latter here.
    #[serde(default)]
    pub resources: Vec<String>,
    /// What it may do on its own behalf, for `client_credentials`: a role in the organization.
    #[serde(default)]
    pub role: Option<String>,
    /// Whether it is the organization's own, and asks nobody for consent.
    #[serde(default)]
    pub first_party: bool,
    /// Whether its tokens are good only with proof of a key (RFC 9449).
    #[serde(default)]
    pub dpop_bound_access_tokens: bool,
    /// Whether its authorization requests must be pushed (RFC 9126).
    #[serde(default)]
    pub require_pushed_authorization_requests: bool,
    /// What its ID tokens are signed with; as the server sees fit if absent.
    #[serde(default)]
    pub id_token_signed_response_alg: Option<String>,
    /// What its access tokens are signed with; as the server sees fit if absent.
    #[serde(default)]
    pub access_token_signed_response_alg: Option<String>,
    /// Its public keys (RFC 7517), for `private_key_jwt`.
    #[serde(default)]
    #[schemars(with = "Option<Map<String, Value>>")]
    pub jwks: Option<Value>,
    /// Where it publishes them.
    #[serde(default)]
    pub jwks_uri: Option<String>,
    /// Whether it needs to be told which of its sessions ended (OpenID Connect Back-Channel Logout). It always is.
    #[serde(default)]
    pub backchannel_logout_session_required: bool,
    /// What it is told of people by userinfo is signed with this; JSON if absent.
    #[serde(default)]
    pub userinfo_signed_response_alg: Option<String>,
    /// What it is told of tokens is signed with this (RFC 9701); if absent, only where it asks for that.
    #[serde(default)]
    pub introspection_signed_response_alg: Option<String>,
    /// Whether it may do nothing for now.
    #[serde(default)]
    pub disabled: bool,
}

fn basic() -> String {
    "client_secret_basic".into()
}

impl Validate for NewClient {
    fn validate(&self, faults: &mut Faults) {
        faults.name("/client_name", &self.client_name, 1, 100);
        faults.unless(!self.client_name.trim().is_empty(), "/client_name", "must not be blank");
        for (name, list) in [
            ("grant_types", &self.grant_types),
            ("redirect_uris", &self.redirect_uris),
            ("post_logout_redirect_uris", &self.post_logout_redirect_uris),
            ("scopes", &self.scopes),
            ("resources", &self.resources),
        ] {
            faults.unless(list.len() <= MOST_ENTRIES, &format!("/{name}"), "must have at most 100 entries");
            for (index, text) in list.iter().take(MOST_ENTRIES).enumerate() {
                faults.text(&format!("/{name}/{index}"), text, 1, MOST_TEXT);
            }
        }
        for (name, text) in [("backchannel_logout_uri", &self.backchannel_logout_uri), ("jwks_uri", &self.jwks_uri)] {
            if let Some(text) = text {
                faults.text(&format!("/{name}"), text, 1, MOST_TEXT);
            }
        }
        if let Some(keys) = &self.jwks {
            let few = keys.get("keys").and_then(Value::as_array).is_some_and(|keys| (1..=20).contains(&keys.len()));
            faults.unless(few, "/jwks", "must be a set of 1 to 20 keys");
            faults.unless(keys.to_string().len() <= MOST_KEYS_BYTES, "/jwks", "is too large");
            faults.unless(!holds_secrets(keys), "/jwks", "must have public keys alone");
        }
    }
}

/// Whether a key of the set has what is nobody else's to know (RFC 7518, sections 6.2.2, 6.3.2, 6.4).
fn holds_secrets(keys: &Value) -> bool {
    let keys = keys.get("keys").and_then(Value::as_array);
    keys.is_some_and(|keys| {
        keys.iter().any(|key| ["d", "p", "q", "dp", "dq", "qi", "oth", "k"].iter().any(|name| key.get(name).is_some()))
    })
}

impl Body for NewClient {
    fn example(_: &Known) -> Value {
        json!({
            "client_name": "nightly import",
            "grant_types": ["client_credentials"],
            "token_endpoint_auth_method": "client_secret_basic",
            "scopes": ["nodes:write"],
            "role": "developer",
        })
    }
}

/// A client, but for what opens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[expect(clippy::struct_excessive_bools, reason = "each is a member of its own of what is shown")]
pub struct OAuthClient {
    /// Its id.
    pub client_id: ClientId,
    /// What people are shown.
    pub client_name: String,
    /// By what it gets tokens.
    pub grant_types: Vec<String>,
    /// How it proves who it is.
    pub token_endpoint_auth_method: String,
    /// Where browsers may be sent back to.
    pub redirect_uris: Vec<String>,
    /// Where browsers may be sent after signing out.
    pub post_logout_redirect_uris: Vec<String>,
    /// Where it wants to be told of a sign-out.
    pub backchannel_logout_uri: Option<String>,
    /// The most that it may ever ask for.
    pub scopes: Vec<String>,
    /// Other places than this server that it may ask tokens for.
    pub resources: Vec<String>,
    /// What it may do on its own behalf.
    pub role: Option<String>,
    /// Whether it asks nobody for consent.
    pub first_party: bool,
    /// Whether its tokens are good only with proof of a key.
    pub dpop_bound_access_tokens: bool,
    /// Whether its authorization requests must be pushed.
    pub require_pushed_authorization_requests: bool,
    /// What its ID tokens are signed with.
    pub id_token_signed_response_alg: String,
    /// What its access tokens are signed with.
    pub access_token_signed_response_alg: Option<String>,
    /// Its public keys.
    #[schemars(with = "Option<Map<String, Value>>")]
    pub jwks: Option<Value>,
    /// Where it publishes them.
    pub jwks_uri: Option<String>,
    /// Whether it needs to be told which of its sessions ended.
    pub backchannel_logout_session_required: bool,
    /// What it is told of people by userinfo is signed with this.
    pub userinfo_signed_response_alg: Option<String>,
    /// What it is told of tokens is signed with this.
    pub introspection_signed_response_alg: Option<String>,
    /// How it came to be: `api`, `cli`, `dynamic`, `document`.
    pub source: String,
    /// When.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// Since when it may do nothing.
    pub disabled_at: Option<Timestamp>,
    /// When the secrets that are good now end; null for the one that does not end by itself.
    pub secrets: Vec<Option<Timestamp>>,
}

/// A client that was registered just now.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct IssuedClient {
    /// Its secret, if it has one. It is shown here, and never again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<SecretText>,
    /// What is shown of it later, too.
    #[serde(flatten)]
    pub shown: OAuthClient,
}

/// The own organization's clients, the newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ClientList {
    /// The clients.
    pub clients: Vec<OAuthClient>,
    /// How many there are on this page.
    pub count: usize,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<String>,
}

/// Which of the organization's clients are asked for.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientFilter {
    /// How many, 1 to 1,000; 100 if absent.
    #[schemars(range(min = 1, max = 1_000))]
    pub limit: Option<i64>,
    /// Where to go on: `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl Validate for ClientFilter {
    fn validate(&self, _: &mut Faults) {}
}

/// How a client gets another secret.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretRotation {
    /// How many seconds those from before live on: up to 2,592,000 (30 days), or 0 to end them at once; a day if absent.
    #[serde(default)]
    pub overlap_seconds: Option<i64>,
}

impl Validate for SecretRotation {
    fn validate(&self, faults: &mut Faults) {
        let fits = self.overlap_seconds.is_none_or(|seconds| (0..=MOST_OVERLAP_S).contains(&seconds));
        faults.unless(fits, "/overlap_seconds", "must be 0 seconds to 30 days");
    }
}

impl Body for SecretRotation {
    fn example(_: &Known) -> Value {
        json!({ "overlap_seconds": 3_600 })
    }
}

/// A secret that was made just now. It is shown here, and never again.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct IssuedSecret {
    /// Its id.
    pub id: ClientSecretId,
    /// What opens.
    pub client_secret: SecretText,
    /// Whose it is.
    pub client_id: ClientId,
    /// When those from before end.
    pub others_expire_at: Timestamp,
}
