//! Clients of the OAuth server that nobody registered.

use std::sync::Arc;

use wardgraph_http::{Joining, Newcomers};
use wardgraph_kernel::{Permission, Permissions};
use wardgraph_oauth::scope;

use super::{ConfigError, Settings};

/// Reads and checks `oauth.*`.
pub(super) fn newcomers(settings: &Settings) -> Result<Newcomers, ConfigError> {
    let word = settings.get("oauth.registration")?;
    let joining = match word.value() {
        "closed" => Joining::Closed,
        "token" => Joining::ByToken,
        "open" => Joining::Open,
        _ => return Err(word.refuse("`closed`, `token` or `open`")),
    };
    let data: Permissions = Permissions::outside_ceiling().iter().filter(|of| *of != Permission::AdminRefresh).collect();
    let scopes = settings.list("oauth.registered_scopes")?;
    let may = |word: &String| scope::is_known(word) && data.covers(Permissions::from_scopes([word.as_str()]));
    if scopes.is_empty() || !scopes.iter().all(may) {
        let wanted = "a list of `openid`, `profile`, `email`, `offline_access` and permissions on data, like `nodes:read`";
        return Err(settings.get("oauth.registered_scopes")?.refuse(wanted));
    }
    Ok(Newcomers {
        joining,
        documents: settings.flag("oauth.client_id_metadata_documents")?,
        scopes: Arc::from(scopes),
        most: i64::try_from(settings.number("oauth.most_registered")?).unwrap_or(i64::MAX),
    })
}
