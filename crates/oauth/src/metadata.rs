//! What is published of this server (RFC 8414, OpenID Connect Discovery): made of what there is. Whoever adds a feature adds it here.

use serde_json::{Map, Value, json};
use wardgraph_kernel::Permission;
use wardgraph_tokens::{Algorithm, OwnIssuer};

use crate::{AuthMethod, client::GrantType, scope};

/// A feature of the server that stands in its metadata.
type Feature = fn(&Published<'_>) -> Vec<(&'static str, Value)>;

/// Every feature there is.
const FEATURES: &[Feature] = &[server, authorization, tokens, devices, proofs, introspection, revocation, logout, newcomers];

/// The grant types that the token endpoint takes.
const GRANT_TYPES: &[GrantType] = &[
    GrantType::AuthorizationCode,
    GrantType::ClientCredentials,
    GrantType::RefreshToken,
    GrantType::DeviceCode,
    GrantType::TokenExchange,
];

/// The ways in which clients authenticate.
const AUTH_METHODS: &[AuthMethod] = &[AuthMethod::Basic, AuthMethod::Post, AuthMethod::PrivateKeyJwt, AuthMethod::None];

/// What the metadata is made of.
#[derive(Debug)]
pub struct Published<'a> {
    /// This server as an issuer.
    pub issuer: &'a OwnIssuer,
    /// Whether clients register themselves.
    pub registers: bool,
    /// Whether clients are known by the documents at their ids.
    pub documents: bool,
}

impl Published<'_> {
    fn at(&self, path: &str) -> Value {
        format!("{}{path}", self.issuer.iss()).into()
    }

    fn algorithms(&self) -> Vec<&'static str> {
        self.issuer.algorithms().iter().map(|algorithm| algorithm.word()).collect()
    }
}

/// The document: the same for every client.
pub fn document(published: &Published<'_>) -> Value {
    let members = FEATURES.iter().flat_map(|feature| feature(published));
    Value::Object(members.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
}

fn server(of: &Published<'_>) -> Vec<(&'static str, Value)> {
    let permissions = Permission::ALL.iter().map(|permission| permission.word());
    let scopes: Vec<&str> = scope::PERSONAL.iter().copied().chain(permissions).collect();
    vec![
        ("issuer", of.issuer.iss().into()),
        ("jwks_uri", of.at("/.well-known/jwks.json")),
        ("scopes_supported", json!(scopes)),
        ("service_documentation", of.at("/docs")),
        ("subject_types_supported", json!(["public"])),
        ("id_token_signing_alg_values_supported", json!(of.algorithms())),
    ]
}

/// Somebody's agreement, and what is told of them.
fn authorization(of: &Published<'_>) -> Vec<(&'static str, Value)> {
    vec![
        ("authorization_endpoint", of.at("/oauth2/authorize")),
        ("authorization_response_iss_parameter_supported", true.into()),
        ("response_types_supported", json!(["code"])),
        ("response_modes_supported", json!(["query", "form_post"])),
        ("code_challenge_methods_supported", json!(["S256"])),
        ("prompt_values_supported", json!(["none", "login", "consent", "select_account"])),
        ("acr_values_supported", json!(["aal1", "aal2"])),
        ("ui_locales_supported", json!(["en"])),
        ("claims_parameter_supported", true.into()),
        ("request_parameter_supported", false.into()),
        ("request_uri_parameter_supported", false.into()),
        ("claim_types_supported", json!(["normal"])),
        (
            "claims_supported",
            json!([
                "sub",
                "iss",
                "aud",
                "azp",
                "exp",
                "iat",
                "auth_time",
                "nonce",
                "acr",
                "amr",
                "sid",
                "at_hash",
                "name",
                "updated_at",
                "email",
                "email_verified"
            ]),
        ),
        ("pushed_authorization_request_endpoint", of.at("/oauth2/par")),
        ("require_pushed_authorization_requests", false.into()),
        ("userinfo_endpoint", of.at("/oauth2/userinfo")),
        ("userinfo_signing_alg_values_supported", json!(of.algorithms())),
        ("end_session_endpoint", of.at("/oauth2/logout")),
    ]
}

fn tokens(of: &Published<'_>) -> Vec<(&'static str, Value)> {
    vec![
        ("token_endpoint", of.at("/oauth2/token")),
        ("grant_types_supported", json!(GRANT_TYPES.iter().map(|grant| grant.word()).collect::<Vec<_>>())),
        ("token_endpoint_auth_methods_supported", json!(methods(AUTH_METHODS))),
    ]
}

/// Devices without a browser (RFC 8628, section 4).
fn devices(of: &Published<'_>) -> Vec<(&'static str, Value)> {
    vec![("device_authorization_endpoint", of.at("/oauth2/device_authorization"))]
}

/// Proofs of possession (RFC 9449, section 5.1), and by what clients sign who they are (RFC 8414, section 2).
fn proofs(_: &Published<'_>) -> Vec<(&'static str, Value)> {
    [
        "dpop_signing_alg_values_supported",
        "token_endpoint_auth_signing_alg_values_supported",
        "introspection_endpoint_auth_signing_alg_values_supported",
        "revocation_endpoint_auth_signing_alg_values_supported",
    ]
    .map(|name| (name, json!(Algorithm::NAMES)))
    .into()
}

fn introspection(of: &Published<'_>) -> Vec<(&'static str, Value)> {
    vec![
        ("introspection_endpoint", of.at("/oauth2/introspect")),
        ("introspection_endpoint_auth_methods_supported", json!(methods(&confidential()))),
        ("introspection_signing_alg_values_supported", json!(of.algorithms())),
    ]
}

/// Clients are told of sign-outs (OpenID Connect Back-Channel Logout, section 2.1).
fn logout(_: &Published<'_>) -> Vec<(&'static str, Value)> {
    vec![("backchannel_logout_supported", true.into()), ("backchannel_logout_session_supported", true.into())]
}

fn revocation(of: &Published<'_>) -> Vec<(&'static str, Value)> {
    vec![
        ("revocation_endpoint", of.at("/oauth2/revoke")),
        ("revocation_endpoint_auth_methods_supported", json!(methods(AUTH_METHODS))),
    ]
}

/// Clients that nobody registered (RFC 7591, section 3; draft-ietf-oauth-client-id-metadata-document, section 6).
fn newcomers(of: &Published<'_>) -> Vec<(&'static str, Value)> {
    let mut members = vec![("client_id_metadata_document_supported", of.documents.into())];
    if of.registers {
        members.push(("registration_endpoint", of.at("/oauth2/register")));
    }
    members
}

fn confidential() -> Vec<AuthMethod> {
    AUTH_METHODS.iter().copied().filter(|method| *method != AuthMethod::None).collect()
}

fn methods(methods: &[AuthMethod]) -> Vec<&'static str> {
    methods.iter().map(|method| method.word()).collect()
}
