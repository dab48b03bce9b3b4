//! What of a client is given on the command line.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value, json};
use wardgraph_api::wire::client::NewClient;
use wardgraph_http::registration;
use wardgraph_kernel::Permissions;
use wardgraph_oauth::client::Registration;
use wardgraph_tokens::Algorithm;

use crate::{commands::sound, wire::StartError};

/// What is registered of a client.
#[derive(Debug, Args)]
pub(crate) struct Fields {
    /// What people are shown.
    #[arg(long)]
    name: Option<String>,
    /// By what it gets tokens: `client_credentials`, `authorization_code`, `refresh_token`.
    #[arg(long = "grant-type")]
    grant_types: Vec<String>,
    /// How it proves who it is: `client_secret_basic` (usually), `client_secret_post`, `private_key_jwt`, `none`.
    #[arg(long)]
    auth_method: Option<String>,
    /// Where browsers may be sent back to.
    #[arg(long = "redirect-uri")]
    redirect_uris: Vec<String>,
    /// Where browsers may be sent after signing out.
    #[arg(long = "post-logout-redirect-uri")]
    post_logout_redirect_uris: Vec<String>,
    /// The most that it may ever ask for.
    #[arg(long = "scope")]
    scopes: Vec<String>,
    /// Other places than this server that it may ask tokens for.
    #[arg(long = "resource")]
    resources: Vec<String>,
    /// What it may do on its own behalf: a role in the organization.
    #[arg(long)]
    role: Option<String>,
    /// It is the organization's own, and asks nobody for consent.
    #[arg(long, num_args = 0..=1, default_missing_value = "true")]
    first_party: Option<bool>,
    /// Its tokens are good only with proof of a key (RFC 9449).
    #[arg(long, num_args = 0..=1, default_missing_value = "true")]
    dpop_bound: Option<bool>,
    /// Its authorization requests must be pushed (RFC 9126).
    #[arg(long, num_args = 0..=1, default_missing_value = "true")]
    require_par: Option<bool>,
    /// A file with its public keys, as a JWK set.
    #[arg(long, conflicts_with = "jwks_uri")]
    jwks_file: Option<PathBuf>,
    /// Where it publishes them.
    #[arg(long)]
    jwks_uri: Option<String>,
}

impl Fields {
    /// What is given, in the words of the API.
    fn given(self) -> Result<Map<String, Value>, StartError> {
        let list = |list: Vec<String>| if list.is_empty() { Value::Null } else { json!(list) };
        let jwks = match &self.jwks_file {
            None => Value::Null,
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|error| format!("--jwks-file {}: {error}", path.display()))?;
                serde_json::from_str(&text).map_err(|_| format!("--jwks-file {}: is no JSON", path.display()))?
            }
        };
        let mut given = Map::new();
        for (name, value) in [
            ("client_name", json!(self.name)),
            ("grant_types", list(self.grant_types)),
            ("token_endpoint_auth_method", json!(self.auth_method)),
            ("redirect_uris", list(self.redirect_uris)),
            ("post_logout_redirect_uris", list(self.post_logout_redirect_uris)),
            ("scopes", list(self.scopes)),
            ("resources", list(self.resources)),
            ("role", json!(self.role)),
            ("first_party", json!(self.first_party)),
            ("dpop_bound_access_tokens", json!(self.dpop_bound)),
            ("require_pushed_authorization_requests", json!(self.require_par)),
            ("jwks", jwks),
            ("jwks_uri", json!(self.jwks_uri)),
        ] {
            if !value.is_null() {
                given.insert(name.to_owned(), value);
            }
        }
        Ok(given)
    }

    /// What is registered then, of a client of which `before` is registered.
    pub(super) fn over(self, mut before: Map<String, Value>, algorithms: &[Algorithm]) -> Result<Registration, StartError> {
        let given = self.given()?;
        // Keys are given in one way.
        for (one, other) in [("jwks", "jwks_uri"), ("jwks_uri", "jwks")] {
            if given.contains_key(one) {
                before.remove(other);
            }
        }
        let acts_alone = |of: &Map<String, Value>| {
            let grants = of.get("grant_types").and_then(Value::as_array);
            grants.is_none_or(|grants| grants.iter().any(|grant| grant == "client_credentials"))
        };
        if !acts_alone(&given) {
            before.remove("role");
        }
        before.extend(given);
        for (needed, flag) in [("client_name", "--name"), ("grant_types", "--grant-type")] {
            if !before.contains_key(needed) {
                return Err(format!("{flag} is needed").into());
            }
        }
        let new: NewClient =
            serde_json::from_value(Value::Object(before)).map_err(|_| "--name must be text without control characters")?;
        sound::sound(&new)?;
        registration(new, Permissions::all(), algorithms).map_err(|problem| sound::told(&problem.errors).into())
    }
}
