//! What clients ask people for, and what people see of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wardgraph_kernel::{ConsentId, Timestamp};

use super::page::LocalPath;
use crate::{
    describe::{Body, Known},
    validate::{Faults, Validate},
};

macro_rules! parameters {
    ($( $(#[$doc:meta])* $name:ident; )*) => {
        /// The parameters of an authorization request.
        #[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
        pub struct AuthorizationParameters {
            $( $(#[$doc])* #[serde(default)] pub $name: Option<String>, )*
            /// Whom the tokens are for (RFC 8707); this server, if nothing is said.
            #[serde(default)]
            pub resource: Vec<String>,
        }

        impl AuthorizationParameters {
            /// Names and values, as a query has them.
            pub fn pairs(self) -> Vec<(String, String)> {
                let one = [$((stringify!($name), self.$name)),*];
                let one = one.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
                one.chain(self.resource.into_iter().map(|value| ("resource".to_owned(), value))).collect()
            }
        }
    };
}

parameters! {
    /// The client. Where a client pushes its request, it is the one that authenticates.
    client_id;
    /// `code`.
    response_type;
    /// Where the answer goes: an address that the client registered.
    redirect_uri;
    /// What is asked for: words, separated by blanks.
    scope;
    /// Comes back with the answer.
    state;
    /// `query`, or `form_post`.
    response_mode;
    /// SHA-256 of the `code_verifier` that will be shown (RFC 7636), in base64url.
    code_challenge;
    /// `S256`.
    code_challenge_method;
    /// Stands in the ID token.
    nonce;
    /// `none`, or what the person is to be asked in any case: `login`, `consent`, `select_account`.
    prompt;
    /// For how many seconds a sign-in is recent enough.
    max_age;
    /// Who is probably there: an e-mail address.
    login_hint;
    /// Who must be there: an ID token.
    id_token_hint;
    /// How strong a sign-in would be liked: `aal1`, `aal2`.
    acr_values;
    /// Languages for pages. Pages are in English.
    ui_locales;
    /// Which claims are wanted (OpenID Connect Core, section 5.5).
    claims;
    /// The thumbprint of the key that the client will prove to hold (RFC 9449, section 10).
    dpop_jkt;
    /// In which of the person's organizations the client would work: its id.
    organization;
    /// A request that was pushed (RFC 9126).
    request_uri;
    /// Request objects are not taken.
    request;
    /// Clients are registered beforehand.
    registration;
}

impl Validate for AuthorizationParameters {
    fn validate(&self, _: &mut Faults) {}
}

impl Body for AuthorizationParameters {
    const LISTS: &'static [&'static str] = &["resource"];

    fn example(known: &Known) -> Value {
        json!({
            "client_id": known.oauth.client_id,
            "response_type": "code",
            "redirect_uri": known.oauth.redirect_uri,
            "scope": "openid",
            "state": "af0ifjsldkj",
            "prompt": "none",
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            "code_challenge_method": "S256",
        })
    }
}

/// A request that was pushed.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PushedRequest {
    /// What the browser carries.
    pub request_uri: String,
    /// For how many seconds a browser may come with it.
    pub expires_in: u64,
}

/// What somebody agrees to, as the page asked them.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentForm {
    /// The client.
    pub client_id: String,
    /// The organization where it may work.
    pub organization: String,
    /// What it may do.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The request, to which the browser goes back.
    pub return_to: LocalPath,
}

impl Validate for ConsentForm {
    fn validate(&self, faults: &mut Faults) {
        if self.scopes.is_empty()
            || self.scopes.len() > 64
            || self.scopes.iter().any(|scope| scope.is_empty() || scope.len() > 128)
        {
            faults.add("/scopes", "must be 1 to 64 words");
        }
    }
}

impl Body for ConsentForm {
    const LISTS: &'static [&'static str] = &["scopes"];

    fn example(known: &Known) -> Value {
        json!({
            "client_id": known.oauth.client_id,
            "organization": known.oauth.organization,
            "scopes": ["openid"],
            "return_to": "/oauth2/authorize?client_id=wgc",
        })
    }
}

/// What a client says when it has a person sign out (OpenID Connect RP-Initiated Logout).
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct SignOutForm {
    /// An ID token of whoever is to sign out.
    #[serde(default)]
    pub id_token_hint: Option<String>,
    /// The client, where no ID token says it.
    #[serde(default)]
    pub client_id: Option<String>,
    /// Where the browser goes then: an address that the client registered for it.
    #[serde(default)]
    pub post_logout_redirect_uri: Option<String>,
    /// Comes back with it.
    #[serde(default)]
    pub state: Option<String>,
    /// Who is probably there.
    #[serde(default)]
    pub logout_hint: Option<String>,
    /// Languages for pages. Pages are in English.
    #[serde(default)]
    pub ui_locales: Option<String>,
}

impl Validate for SignOutForm {
    fn validate(&self, _: &mut Faults) {}
}

impl Body for SignOutForm {
    fn example(known: &Known) -> Value {
        json!({ "id_token_hint": known.oauth.id_token })
    }
}

/// What a client is told of a person, as far as they agreed to it (OpenID Connect Core, section 5.1).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PersonClaims {
    /// Who.
    pub sub: String,
    /// The name, with the scope `profile` or where it was asked for by `claims`; so is each one below.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When any of it was changed last, in seconds since 1970; with the scope `profile`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<i64>,
    /// The address, with the scope `email`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether it was shown to be theirs, with the scope `email`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
}

/// What somebody agreed to.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Consent {
    /// Its id.
    pub id: ConsentId,
    /// The client.
    pub client_id: String,
    /// What the client was called.
    pub client_name: String,
    /// Where it may work.
    pub organization_id: String,
    /// What that is called.
    pub organization_name: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// Since when.
    pub created_at: Timestamp,
    /// When something was agreed to last.
    pub updated_at: Timestamp,
}

/// What somebody agreed to, the last first.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ConsentList {
    /// Each of them.
    pub consents: Vec<Consent>,
    /// How many there are.
    pub count: usize,
}

/// Where tokens for this API come from (RFC 9728).
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ResourceMetadata {
    /// What the API is called as the audience of tokens.
    pub resource: String,
    /// Who issues them.
    pub authorization_servers: Vec<String>,
    /// What can be asked for.
    pub scopes_supported: Vec<String>,
    /// How a token is sent.
    pub bearer_methods_supported: Vec<String>,
    /// By what proofs of possession may be signed (RFC 9449), for tokens that are bound to a key.
    pub dpop_signing_alg_values_supported: Vec<String>,
    /// What the API is called.
    pub resource_name: String,
    /// Its documentation.
    pub resource_documentation: String,
}
