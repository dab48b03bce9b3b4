//! What clients of the OAuth server send and are answered: tokens, introspection, revocation.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wardgraph_kernel::Secret;

use super::SecretText;
use crate::{
    describe::{Body, Known},
    validate::{Faults, Validate},
};

/// The longest scope parameter.
const MOST_SCOPE: usize = 2_048;
/// The longest token that is looked at.
const MOST_TOKEN_BYTES: usize = 16 << 10;
/// How many targets may be named (RFC 8707), and how long each may be.
const MOST_RESOURCES: usize = 8;
const MOST_RESOURCE: usize = 512;

/// What a client says it is, which nobody has believed yet (RFC 6749, section 2.3; RFC 7521, section 4.2).
#[derive(Debug, Clone, Default)]
pub struct ClientCredentials {
    /// What stands in the header.
    pub header: AuthorizationHeader,
    /// `client_id`.
    pub client_id: Option<String>,
    /// `client_secret`.
    pub client_secret: Option<Secret>,
    /// `client_assertion_type`.
    pub client_assertion_type: Option<String>,
    /// `client_assertion`.
    pub client_assertion: Option<Secret>,
}

/// The `Authorization` header of a request to the OAuth server.
#[derive(Debug, Clone, Default)]
pub enum AuthorizationHeader {
    /// There is none.
    #[default]
    Absent,
    /// `Basic`, with a client's id and its secret.
    Basic {
        /// The id.
        id: String,
        /// The secret.
        secret: Secret,
    },
    /// Another one, several, or one that cannot be read.
    Unreadable,
}

/// How a request is refused (RFC 6749, section 5.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorAnswer {
    /// One of the standards' words: `invalid_request`, `invalid_client`, `invalid_grant`, ...
    pub error: String,
    /// What is wrong, for the programmer.
    pub error_description: String,
}

/// What a token is asked by. Which parameters count depends on `grant_type`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TokenRequest {
    /// `authorization_code`, `client_credentials`, `refresh_token`, `urn:ietf:params:oauth:grant-type:device_code` or
    /// `urn:ietf:params:oauth:grant-type:token-exchange`.
    pub grant_type: Option<String>,
    /// What the token shall be good for, with blanks between; everything that may be had if absent.
    pub scope: Option<String>,
    /// Where the token shall be good (RFC 8707): one address; here if absent.
    pub resource: Vec<String>,
    /// The refresh token, for `refresh_token`.
    pub refresh_token: Option<SecretText>,
    /// The code, for `authorization_code`.
    pub code: Option<SecretText>,
    /// The address that the code was asked with, to the letter.
    pub redirect_uri: Option<String>,
    /// What the code's `code_challenge` was made of (RFC 7636).
    pub code_verifier: Option<SecretText>,
    /// What the device was told to ask with, for a device's grant (RFC 8628).
    pub device_code: Option<SecretText>,
    /// The token that is exchanged (RFC 8693): one of this server's, which the client got or which is meant for it.
    pub subject_token: Option<SecretText>,
    /// `urn:ietf:params:oauth:token-type:access_token`, or `...:jwt`.
    pub subject_token_type: Option<String>,
    /// A token of whoever is to act in its person's place.
    pub actor_token: Option<SecretText>,
    /// What that is, in the same words.
    pub actor_token_type: Option<String>,
    /// What is asked for in exchange, in the same words: an access token, which it is if nothing is said.
    pub requested_token_type: Option<String>,
    /// Where the token shall be good, by name: as `resource`.
    pub audience: Vec<String>,
    /// In which of the person's organizations the new token shall work: its id. That of the exchanged one if absent.
    pub organization: Option<String>,
}

impl Validate for TokenRequest {
    fn validate(&self, faults: &mut Faults) {
        faults.unless(self.scope.as_ref().is_none_or(|scope| scope.len() <= MOST_SCOPE), "scope", "is too long");
        for (name, list) in [("resource", &self.resource), ("audience", &self.audience)] {
            let few = list.len() <= MOST_RESOURCES && list.iter().all(|resource| resource.len() <= MOST_RESOURCE);
            faults.unless(few, name, "is too long, or comes too often");
        }
        let tokens =
            [("refresh_token", &self.refresh_token), ("subject_token", &self.subject_token), ("actor_token", &self.actor_token)];
        for (name, token) in tokens {
            let fits = token.as_ref().is_none_or(|token| token.expose().len() <= MOST_TOKEN_BYTES);
            faults.unless(fits, name, "is too long");
        }
        let short = |text: Option<&str>| text.is_none_or(|text| text.len() <= MOST_SCOPE);
        faults.unless(short(self.code.as_ref().map(|code| code.expose())), "code", "is too long");
        faults.unless(short(self.redirect_uri.as_deref()), "redirect_uri", "is too long");
        faults.unless(short(self.code_verifier.as_ref().map(|text| text.expose())), "code_verifier", "is too long");
        faults.unless(short(self.device_code.as_ref().map(|text| text.expose())), "device_code", "is too long");
    }
}

impl Body for TokenRequest {
    const LISTS: &'static [&'static str] = &["resource", "audience"];

    fn example(known: &Known) -> Value {
        let client = &known.client;
        json!({ "grant_type": "client_credentials", "client_id": client.id, "client_secret": client.secret, "scope": "nodes:read" })
    }
}

/// Tokens (RFC 6749, section 5.1).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct TokenAnswer {
    /// What calls are made with: a JSON Web Token (RFC 9068).
    pub access_token: SecretText,
    /// How it is sent: `Bearer`, or `DPoP` with a proof of the key that it is bound to (RFC 9449).
    pub token_type: String,
    /// How many seconds the access token lives.
    pub expires_in: u64,
    /// What it is good for.
    pub scope: String,
    /// What the next tokens are got with, once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<SecretText>,
    /// Who signed in, and how, where the scope `openid` was given (OpenID Connect Core, section 3.1.3.3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token: Option<SecretText>,
    /// What the access token is called, where it was got in exchange for another (RFC 8693, section 2.2.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_token_type: Option<String>,
}

/// A token that is asked about (RFC 7662), or given back (RFC 7009).
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TokenQuestion {
    /// The token.
    pub token: Option<SecretText>,
    /// `access_token` or `refresh_token`: where to look first. What it really is is found out.
    pub token_type_hint: Option<String>,
}

impl Validate for TokenQuestion {
    fn validate(&self, faults: &mut Faults) {
        let fits = self.token.as_ref().is_none_or(|token| token.expose().len() <= MOST_TOKEN_BYTES);
        faults.unless(fits, "token", "is too long");
    }
}

impl Body for TokenQuestion {
    fn example(known: &Known) -> Value {
        let client = &known.client;
        json!({ "token": client.access_token, "client_id": client.id, "client_secret": client.secret })
    }
}

/// What is known of a token (RFC 7662, section 2.2). Of one that is good for nothing, or is none of the asker's business, nothing else is told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Introspection {
    /// Whether it is good now.
    pub active: bool,
    /// What it is good for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The client that got it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// How it is sent: `Bearer` or `DPoP`; `refresh_token` for what is sent to nobody but this server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_type: Option<String>,
    /// When it ends, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iat: Option<i64>,
    /// Who acts: a person's id, or the client's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// Where it is good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aud: Option<String>,
    /// This server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// The key without which it is good for nothing (RFC 9449, section 6.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
    /// The token's own id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// The organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// How the person proved who they are (RFC 9470, section 6.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// When they did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// Who acts in the person's place: `sub`, and within `act` whoever did before (RFC 8693, section 4.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Value>,
}

/// Which key a token is bound to (RFC 7800).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Confirmation {
    /// The key's thumbprint (RFC 7638).
    pub jkt: String,
}

/// Nothing to say but that it was done: 200.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Done {}
