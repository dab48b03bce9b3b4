//! A client that is registered anew: what its row says then, whoever changes it.

use wardgraph_kernel::Timestamp;
use wardgraph_store::{Param, Row};

use super::{
    Registration,
    own::{MOST_SECRETS, Words},
};
use crate::OAuthError;

/// What every statement that registers a client anew sets, by the parameters of [`Anew`].
macro_rules! set_anew {
    () => {
        "generation = generation + 1, updated_at = $2, name = $3, auth_method = $4, grant_types = $5, redirect_uris = $6, post_logout_redirect_uris = $7,
           backchannel_logout_uri = $8, scopes = $9, resources = $10, role = $11, first_party = $12, dpop_bound = $13, require_par = $14, id_token_alg = $15,
           access_token_alg = $16, jwks = $17, jwks_uri = $18, disabled_at = case when $19::boolean then coalesce(disabled_at, $2) end,
           backchannel_logout_session = $20, userinfo_alg = $21, introspection_alg = $22,
           asks_from = case when $23::boolean then generation + 1 else asks_from end"
    };
}
pub(super) use set_anew;

/// A client's row, anew.
pub(super) struct Anew<'a> {
    id: &'a str,
    now: Timestamp,
    new: &'a Registration,
    words: Words,
    disabled: bool,
    asks: bool,
}

impl<'a> Anew<'a> {
    /// `asks`: whether what people agreed to before counts no more.
    pub(super) fn of(id: &'a str, new: &'a Registration, disabled: bool, asks: bool, now: Timestamp) -> Self {
        Self { id, now, new, words: Words::of(new), disabled, asks }
    }

    /// The parameters from `$1`, the client's id, to `$23`; what a statement takes besides follows them.
    pub(super) fn params<'b>(&'b self, besides: &[Param<'b>]) -> Vec<Param<'b>> {
        let (new, words) = (self.new, &self.words);
        let mut params: Vec<Param<'b>> = vec![
            &self.id,
            &self.now,
            &new.name,
            &words.auth_method,
            &words.grant_types,
            &new.redirect_uris,
            &new.post_logout_redirect_uris,
            &new.backchannel_logout_uri,
            &new.scopes,
            &new.resources,
            &words.role,
            &new.first_party,
            &new.dpop_bound,
            &new.require_par,
            &words.id_token_alg,
            &words.access_token_alg,
            &new.jwks,
            &new.jwks_uri,
            &self.disabled,
            &new.backchannel_logout_session,
            &words.userinfo_alg,
            &words.introspection_alg,
            &self.asks,
        ];
        params.extend_from_slice(besides);
        params
    }
}

/// Whether people know it by something else from now on: they would be led elsewhere, it has another name, or it proves itself otherwise.
pub(super) fn is_called_otherwise(old: &Registration, new: &Registration) -> bool {
    new.redirect_uris.iter().any(|uri| !old.redirect_uris.contains(uri))
        || old.name != new.name
        || old.auth_method != new.auth_method
}

/// The same where nobody in an organization answers for the change: whose keys it has by now, nobody knows.
pub(super) fn is_another(old: &Registration, new: &Registration) -> bool {
    is_called_otherwise(old, new) || old.jwks != new.jwks || old.jwks_uri != new.jwks_uri
}

/// The generation of a client whose secrets end at `until`, if there is room beside them for another.
pub(super) fn with_room(expired: &[Row], until: Timestamp, now: Timestamp) -> Result<i64, OAuthError> {
    let row = expired.first().ok_or(OAuthError::NoClient)?;
    if until > now && row.try_get::<i64>(1)? >= MOST_SECRETS {
        return Err(OAuthError::TooMany { what: "secrets of a client that are good at once", most: MOST_SECRETS });
    }
    Ok(row.try_get(0)?)
}
