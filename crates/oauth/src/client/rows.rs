//! Rows of clients.

use wardgraph_kernel::{ClientId, Identity, OrganizationRole, TenantId, Timestamp};
use wardgraph_store::{Row, Statement, Tx};
use wardgraph_tokens::Algorithm;

use super::{About, Client, GrantType, KeptSecret, Registration, Source};
use crate::{AuthMethod, OAuthError};

/// A client and its secrets, in one row.
macro_rules! client_columns {
    () => {
        "c.client_id, c.organization_id, c.generation, c.source, c.created_at, c.updated_at, c.disabled_at,
         c.name, c.auth_method, c.grant_types, c.redirect_uris, c.post_logout_redirect_uris, c.backchannel_logout_uri, c.scopes, c.resources, c.role,
         c.first_party, c.dpop_bound, c.require_par, c.id_token_alg, c.access_token_alg, c.jwks, c.jwks_uri,
         c.backchannel_logout_session, c.userinfo_alg, c.introspection_alg,
         array(select s.verifier from client_secrets s where s.client_id = c.client_id order by s.secret_id),
         array(select s.expires_at from client_secrets s where s.client_id = c.client_id order by s.secret_id),
         c.about, c.believed_until, c.registration_verifier, coalesce(c.asks_from, 0)"
    };
}

pub(super) use client_columns;

pub(super) const FIND: Statement<Identity> =
    Statement::identity("oauth.client.find", concat!("select ", client_columns!(), " from clients c where c.client_id = $1"));

/// The client of this id, before it proved to be it.
pub async fn find(tx: &mut Tx<'_, Identity>, id: &ClientId) -> Result<Option<Client>, OAuthError> {
    tx.run(&FIND, &[&id.as_str()]).await?.first().map(read).transpose()
}

/// Reads a row of [`client_columns`].
pub(super) fn read(row: &Row) -> Result<Client, OAuthError> {
    let text = |at| row.try_get::<&str>(at);
    let organization: Option<&str> = row.try_get(1)?;
    let (verifiers, ends): (Vec<Vec<u8>>, Vec<Option<Timestamp>>) = (row.try_get(26)?, row.try_get(27)?);
    let secrets = verifiers.into_iter().zip(ends).map(|(verifier, expires_at)| {
        let verifier = verifier.try_into().map_err(|_| OAuthError::Unreadable("a secret's verifier"))?;
        Ok(KeptSecret { verifier, expires_at })
    });
    let grant_types: Vec<String> = row.try_get(9)?;
    let grant_types = grant_types.iter().map(|word| GrantType::of(word)).collect::<Option<_>>();
    let role: Option<&str> = row.try_get(15)?;
    let role = role.map(|word| OrganizationRole::of(word).ok_or(OAuthError::Unreadable("a role"))).transpose()?;
    let algorithm = |word: &str| word.parse::<Algorithm>().map_err(|_| OAuthError::Unreadable("an algorithm"));
    Ok(Client {
        id: ClientId::parse(text(0)?).ok_or(OAuthError::Unreadable("an id"))?,
        organization: organization
            .map(TenantId::parse)
            .transpose()
            .map_err(|_| OAuthError::Unreadable("an organization's id"))?,
        generation: row.try_get(2)?,
        source: Source::of(text(3)?).ok_or(OAuthError::Unreadable("where it came from"))?,
        created_at: row.try_get(4)?,
        updated_at: row.try_get(5)?,
        disabled_at: row.try_get(6)?,
        registered: Registration {
            name: row.try_get(7)?,
            auth_method: AuthMethod::of(text(8)?).ok_or(OAuthError::Unreadable("a way to authenticate"))?,
            grant_types: grant_types.ok_or(OAuthError::Unreadable("a grant type"))?,
            redirect_uris: row.try_get(10)?,
            post_logout_redirect_uris: row.try_get(11)?,
            backchannel_logout_uri: row.try_get(12)?,
            scopes: row.try_get(13)?,
            resources: row.try_get(14)?,
            role,
            first_party: row.try_get(16)?,
            dpop_bound: row.try_get(17)?,
            require_par: row.try_get(18)?,
            id_token_alg: algorithm(text(19)?)?,
            access_token_alg: row.try_get::<Option<&str>>(20)?.map(algorithm).transpose()?,
            jwks: row.try_get(21)?,
            jwks_uri: row.try_get(22)?,
            backchannel_logout_session: row.try_get(23)?,
            userinfo_alg: row.try_get::<Option<&str>>(24)?.map(algorithm).transpose()?,
            introspection_alg: row.try_get::<Option<&str>>(25)?.map(algorithm).transpose()?,
        },
        about: About::read(row.try_get(28)?).ok_or(OAuthError::Unreadable("what it says of itself"))?,
        believed_until: row.try_get(29)?,
        registration_verifier: row.try_get(30)?,
        asks_from: row.try_get(31)?,
        secrets: secrets.collect::<Result<_, OAuthError>>()?,
    })
}
