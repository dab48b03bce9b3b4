//! Clients that register themselves (RFC 7591) and see to it (RFC 7592), and the tokens by which an organization lets them.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use wardgraph_kernel::{ClientId, InitialTokenId};

use super::SecretText;
use crate::{
    describe::{Body, Known},
    validate::{Faults, Validate},
};

/// How long an initial token may be good: 90 days, in seconds.
const MOST_LIFE_S: i64 = 90 * 24 * 3_600;
/// How many clients may be registered by one.
const MOST_USES: i32 = 1_000;
/// How many scopes it may have, and how long each may be.
const MOST_SCOPES: usize = 64;
const MOST_SCOPE: usize = 100;

/// What a client says of itself. What is unknown here is passed over.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct ClientMetadata(pub Map<String, Value>);

/// What of it is understood (RFC 7591, section 2; OpenID Connect Registration; RFC 9126; RFC 9449).
#[derive(JsonSchema)]
#[expect(dead_code, reason = "documentation alone")]
struct KnownMetadata {
    /// Where browsers may be sent back to: `https`, `http` on the own machine (at any port), or a scheme like `com.example.app`. To the letter.
    #[serde(default)]
    redirect_uris: Vec<String>,
    /// How it proves who it is: `client_secret_basic` (if absent), `client_secret_post`, `private_key_jwt`, or `none`.
    #[serde(default)]
    token_endpoint_auth_method: Option<String>,
    /// By what it gets tokens: `authorization_code` (if absent), `refresh_token`; `client_credentials` where its initial token has a role.
    #[serde(default)]
    grant_types: Option<Vec<String>>,
    /// `code`.
    #[serde(default)]
    response_types: Option<Vec<String>>,
    /// What people are shown.
    #[serde(default)]
    client_name: Option<String>,
    /// The most that it may ever ask for, with blanks between; what it may not have is left out.
    #[serde(default)]
    scope: Option<String>,
    /// Where browsers may be sent after signing out.
    #[serde(default)]
    post_logout_redirect_uris: Vec<String>,
    /// Where it wants to be told of a sign-out.
    #[serde(default)]
    backchannel_logout_uri: Option<String>,
    /// Its public keys (RFC 7517).
    #[serde(default)]
    jwks: Option<Map<String, Value>>,
    /// Where it publishes them.
    #[serde(default)]
    jwks_uri: Option<String>,
    /// What its ID tokens are signed with.
    #[serde(default)]
    id_token_signed_response_alg: Option<String>,
    /// Whether its tokens are good only with proof of a key (RFC 9449).
    #[serde(default)]
    dpop_bound_access_tokens: Option<bool>,
    /// Whether its authorization requests must be pushed (RFC 9126).
    #[serde(default)]
    require_pushed_authorization_requests: Option<bool>,
    /// Its page; kept, and not shown.
    #[serde(default)]
    client_uri: Option<String>,
    /// Its picture; kept, and neither fetched nor shown.
    #[serde(default)]
    logo_uri: Option<String>,
    /// Its terms; kept, and not shown.
    #[serde(default)]
    tos_uri: Option<String>,
    /// What it does with people's data; kept, and not shown.
    #[serde(default)]
    policy_uri: Option<String>,
    /// Whom to ask.
    #[serde(default)]
    contacts: Option<Vec<String>>,
    /// What it is a copy of.
    #[serde(default)]
    software_id: Option<String>,
    /// Its version.
    #[serde(default)]
    software_version: Option<String>,
    /// `web` or `native`.
    #[serde(default)]
    application_type: Option<String>,
}

impl JsonSchema for ClientMetadata {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ClientMetadata".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        KnownMetadata::json_schema(generator)
    }
}

impl Validate for ClientMetadata {
    fn validate(&self, _: &mut Faults) {}
}

impl Body for ClientMetadata {
    fn example(known: &Known) -> Value {
        json!({
            "client_id": known.client.registered.as_str(),
            "client_name": "An application",
            "redirect_uris": ["https://app.example/cb"],
            "token_endpoint_auth_method": "none",
            "scope": "openid nodes:read",
        })
    }
}

/// A client as it is registered (RFC 7591, section 3.2.1). Its secret, if it has a new one, and its token are shown here and never again.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RegisteredClient {
    /// Its id.
    pub client_id: ClientId,
    /// Its new secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<SecretText>,
    /// When it was registered, in seconds since 1970.
    pub client_id_issued_at: i64,
    /// 0, as secrets do not end by themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret_expires_at: Option<i64>,
    /// By what it sees to its registration.
    pub registration_access_token: SecretText,
    /// Where.
    pub registration_client_uri: String,
    /// What is registered of it.
    #[serde(flatten)]
    #[schemars(with = "ClientMetadata")]
    pub metadata: Map<String, Value>,
}

/// An initial token that is wanted.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewInitialToken {
    /// How many seconds it is good for: 60 to 7,776,000 (90 days); a day if absent.
    pub expires_in: Option<i64>,
    /// How many clients may be registered by it: 1 to 1,000; 1 if absent.
    pub uses: Option<i32>,
    /// The most that its clients may ask for; what the server gives every client that registers itself if absent.
    pub scopes: Option<Vec<String>>,
    /// What its clients may do on their own behalf: a role in the organization. Nothing if absent.
    pub role: Option<String>,
}

impl Validate for NewInitialToken {
    fn validate(&self, faults: &mut Faults) {
        let fits = self.expires_in.is_none_or(|seconds| (60..=MOST_LIFE_S).contains(&seconds));
        faults.unless(fits, "/expires_in", "must be 60 seconds to 90 days");
        let few = self.uses.is_none_or(|uses| (1..=MOST_USES).contains(&uses));
        faults.unless(few, "/uses", "must be 1 to 1,000");
        let scopes = self.scopes.as_deref().unwrap_or_default();
        faults.unless(scopes.len() <= MOST_SCOPES, "/scopes", "must have at most 64 entries");
        for (index, text) in scopes.iter().take(MOST_SCOPES).enumerate() {
            faults.text(&format!("/scopes/{index}"), text, 1, MOST_SCOPE);
        }
    }
}

impl Body for NewInitialToken {
    fn example(_: &Known) -> Value {
        json!({ "expires_in": 3_600, "uses": 1, "scopes": ["openid", "nodes:read"] })
    }
}

/// An initial token, but for its text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InitialToken {
    /// Its id.
    pub id: InitialTokenId,
    /// The most that its clients may ask for.
    pub scopes: Vec<String>,
    /// What its clients may do on their own behalf.
    pub role: Option<String>,
    /// How many clients may still be registered by it.
    pub uses_left: i32,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// An initial token that was made just now.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct IssuedInitialToken {
    /// What is sent as a bearer token to where clients register. It is shown here, and never again.
    pub initial_token: SecretText,
    /// What is shown of it later, too.
    #[serde(flatten)]
    pub shown: InitialToken,
}

/// The organization's initial tokens that are good, the newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InitialTokenList {
    /// The tokens.
    pub initial_tokens: Vec<InitialToken>,
    /// How many.
    pub count: usize,
}
