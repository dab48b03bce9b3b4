//! Clients, seen by their organization; and registered by whoever runs the server.

use serde_json::Value;
use uuid::Uuid;
use wardgraph_kernel::{ClientId, Cursor, Identity, OrganizationRole, Page, PageSize, Read, TenantId, Timestamp, Write};
use wardgraph_store::{Param, Role, Statement, Tx};
use wardgraph_tokens::Algorithm;

use super::{
    Client, NewSecret, Registrar, Registration, Source,
    anew::{Anew, is_called_otherwise, set_anew, with_room},
    rows::{client_columns, read},
};
use crate::{AuthMethod, OAuthError};

const APP: &[Role] = &[Role::App];
/// How many clients an organization may have. The count may be passed by clients that are registered at once, not by many.
pub(super) const MOST: i64 = 1_000;
/// Where a listed client's mark stands, behind the columns of every client.
const MARK: usize = 32;
/// How many secrets of a client may be good at once.
pub(super) const MOST_SECRETS: i64 = 5;

const CREATE_SQL: &str = "insert into clients (organization_id, client_id, source, created_at, updated_at, name, auth_method, grant_types, redirect_uris,
       post_logout_redirect_uris, backchannel_logout_uri, scopes, resources, role, first_party, dpop_bound, require_par, id_token_alg, access_token_alg, jwks, jwks_uri,
       backchannel_logout_session, userinfo_alg, introspection_alg)
     select $1::text, $2::text, $3::text, $4::timestamptz, $4, $5::text, $6::text, $7::text[], $8::text[], $9::text[], $10::text, $11::text[], $12::text[], $13::text,
       $14::boolean, $15::boolean, $16::boolean, $17::text, $18::text, $19::text, $20::text, $22::boolean, $23::text, $24::text
     where (select count(*) from clients where organization_id = $1) < $21
     returning client_id";
pub(super) const CREATE: Statement<Write> = Statement::writing("oauth.client.create", APP, CREATE_SQL);
pub(super) const CREATE_FOR: Statement<Identity> = Statement::identity("oauth.client.create_for", CREATE_SQL);

const KEEP_SECRET_SQL: &str = "insert into client_secrets (organization_id, client_id, secret_id, verifier, created_at) select $1::text, $2::text, $3::uuid, $4::bytea, $5::timestamptz";
pub(super) const KEEP_SECRET: Statement<Write> = Statement::writing("oauth.client.keep_secret", APP, KEEP_SECRET_SQL);
pub(super) const KEEP_SECRET_FOR: Statement<Identity> = Statement::identity("oauth.client.keep_secret_for", KEEP_SECRET_SQL);

/// What orders clients that were registered at one moment.
macro_rules! mark {
    () => {
        "left(md5(c.client_id), 16) collate \"C\""
    };
}
pub(super) const LIST: Statement<Read> = Statement::reading(
    "oauth.client.list",
    APP,
    concat!(
        "select ",
        client_columns!(),
        ", ",
        mark!(),
        " from clients c where c.organization_id = $1 and (c.created_at, ",
        mark!(),
        ") < ($2, $3::text) order by c.created_at desc, ",
        mark!(),
        " desc limit $4"
    ),
);
pub(super) const GET: Statement<Read> = Statement::reading(
    "oauth.client.get",
    APP,
    concat!("select ", client_columns!(), " from clients c where c.organization_id = $1 and c.client_id = $2"),
);
/// The same, held until the transaction ends.
pub(super) const HOLD: Statement<Write> = Statement::writing(
    "oauth.client.hold",
    APP,
    concat!("select ", client_columns!(), " from clients c where c.organization_id = $1 and c.client_id = $2 for update of c"),
);
/// What an organization made of a client is its own: nobody else trusts it any more, unless whoever runs the server made it.
pub(super) const REPLACE: Statement<Write> = Statement::writing(
    "oauth.client.replace",
    APP,
    concat!(
        "update clients set ",
        set_anew!(),
        ", source = case when $25::boolean and source = 'cli' then source else 'api' end
         where client_id = $1 and organization_id = $24 returning generation"
    ),
);
/// A client that proves itself otherwise from now on has none: one from before does not revive.
pub(super) const FORGET_SECRETS: Statement<Write> = Statement::writing(
    "oauth.client.forget_secrets",
    APP,
    "delete from client_secrets where organization_id = $1 and client_id = $2",
);
/// What it had been granted goes along.
pub(super) const DELETE: Statement<Write> = Statement::writing(
    "oauth.client.delete",
    APP,
    "delete from clients where organization_id = $1 and client_id = $2 returning client_id",
);
/// The secrets from before end, those that ended are forgotten, and whoever remembers the client is to read it anew.
pub(super) const EXPIRE: Statement<Write> = Statement::writing(
    "oauth.client.expire_secrets",
    APP,
    "with ended as (delete from client_secrets where organization_id = $1 and client_id = $2 and expires_at <= $3),
     ending as (update client_secrets set expires_at = least(expires_at, $4) where organization_id = $1 and client_id = $2 and (expires_at is null or expires_at > $3) returning 1)
     update clients set generation = generation + 1, updated_at = $3 where organization_id = $1 and client_id = $2
     returning generation, (select count(*) from ending)",
);

/// Registers a client of the caller's organization, with its first secret if it has one. That whoever asks holds its role was asked.
///
/// # Errors
/// [`OAuthError::TooMany`].
pub async fn create(
    tx: &mut Tx<'_, Write>,
    by: &Registrar,
    id: &ClientId,
    new: &Registration,
    secret: Option<&NewSecret>,
    now: Timestamp,
) -> Result<Client, OAuthError> {
    let tenant = tx.tenant();
    let first = First { tenant: Some(&tenant), id: id.as_str(), source: Source::Api.word(), now, new, words: Words::of(new) };
    let rows = tx.write(&CREATE, &first.params()).await?;
    if rows.is_empty() {
        return Err(OAuthError::TooMany { what: "clients in an organization", most: MOST });
    }
    if let Some(secret) = secret {
        tx.write(&KEEP_SECRET, &[&tenant, &id.as_str(), &secret.id.uuid(), &secret.verifier.as_slice(), &now]).await?;
    }
    by.sign(tx, id, now).await?;
    hold(tx, id).await
}

/// Registers a client of any organization, or of none: at the word of whoever runs the server, or before anyone is known.
pub async fn create_for(
    tx: &mut Tx<'_, Identity>,
    organization: Option<&TenantId>,
    source: Source,
    id: &ClientId,
    new: &Registration,
    secret: Option<&NewSecret>,
    now: Timestamp,
) -> Result<(), OAuthError> {
    let tenant = organization.map(TenantId::as_str);
    let first = First { tenant, id: id.as_str(), source: source.word(), now, new, words: Words::of(new) };
    let rows = tx.run(&CREATE_FOR, &first.params()).await?;
    if rows.is_empty() {
        return Err(OAuthError::TooMany { what: "clients in an organization", most: MOST });
    }
    if let Some(secret) = secret {
        tx.run(&KEEP_SECRET_FOR, &[&tenant, &id.as_str(), &secret.id.uuid(), &secret.verifier.as_slice(), &now]).await?;
    }
    Ok(())
}

/// The organization's clients, the newest first. A cursor is the moment at which a client was registered, and its mark.
pub async fn list(tx: &mut Tx<'_, Read>, after: Option<Cursor>, size: PageSize) -> Result<Page<Client>, OAuthError> {
    let (tenant, after) = (tx.tenant(), after.map(|cursor| cursor.id().as_u64_pair()));
    let moment = |micros: u64| i64::try_from(micros).ok().and_then(|micros| Timestamp::from_microsecond(micros).ok());
    let at = after.map_or(Timestamp::MAX, |(micros, _)| moment(micros).unwrap_or(Timestamp::UNIX_EPOCH));
    let mark = format!("{:016x}", after.unwrap_or_default().1);
    let rows = tx.query(&LIST, &[&tenant, &at, &mark, &size.probe()]).await?;
    let found = rows.iter().map(|row| {
        let mark = u64::from_str_radix(row.try_get(MARK)?, 16).map_err(|_| OAuthError::Unreadable("a mark"))?;
        Ok((mark, read(row)?))
    });
    let id = |(mark, client): &(u64, Client)| {
        Uuid::from_u64_pair(u64::try_from(client.created_at.as_microsecond()).unwrap_or_default(), *mark)
    };
    let page = Page::cut(found.collect::<Result<_, OAuthError>>()?, size, id);
    Ok(Page { items: page.items.into_iter().map(|(_, client)| client).collect(), next: page.next })
}

/// One of the organization's clients.
pub async fn get(tx: &mut Tx<'_, Read>, id: &ClientId) -> Result<Client, OAuthError> {
    let tenant = tx.tenant();
    tx.query(&GET, &[&tenant, &id.as_str()]).await?.first().map(read).ok_or(OAuthError::NoClient)?
}

/// One of the organization's clients, held until the transaction ends.
async fn hold(tx: &mut Tx<'_, Write>, id: &ClientId) -> Result<Client, OAuthError> {
    let tenant = tx.tenant();
    tx.write(&HOLD, &[&tenant, &id.as_str()]).await?.first().map(read).ok_or(OAuthError::NoClient)?
}

/// A client before and after it was changed.
#[derive(Debug)]
pub struct Changed {
    /// As it was.
    pub before: Client,
    /// As it is.
    pub after: Client,
}

impl Changed {
    /// Whether the tokens that it got are good for more than it may now: they are to be taken back then.
    pub fn takes_back(&self) -> bool {
        let (before, after) = (&self.before.registered, &self.after.registered);
        let narrower = |less: &[String], more: &[String]| more.iter().any(|word| !less.contains(word));
        (self.after.disabled_at.is_some() && self.before.disabled_at.is_none())
            || narrower(&after.scopes, &before.scopes)
            || narrower(&after.resources, &before.resources)
            || before.grant_types.iter().any(|grant| !after.grant_types.contains(grant))
            || before.role != after.role
            || (after.dpop_bound && !before.dpop_bound)
            || before.auth_method != after.auth_method
            || (before.auth_method == AuthMethod::PrivateKeyJwt && loses_a_key(before, after))
    }
}

/// Whether a key is no longer one of the client's: whoever held it holds what it got. Of keys that are published elsewhere nobody here knows which
/// they were.
fn loses_a_key(before: &Registration, after: &Registration) -> bool {
    let keys = |of: &Registration| {
        let set = of.jwks.as_deref().and_then(|set| serde_json::from_str::<Value>(set).ok());
        set.and_then(|set| set.get("keys")?.as_array().cloned()).unwrap_or_default()
    };
    let left = keys(after);
    before.jwks_uri != after.jwks_uri || keys(before).iter().any(|key| !left.contains(key))
}

/// Registers something else of a client. People are asked anew about what they would not have agreed to. That whoever asks holds what it is to be and was
/// was asked.
///
/// # Errors
/// [`OAuthError::NoClient`].
pub async fn replace(
    tx: &mut Tx<'_, Write>,
    by: &Registrar,
    id: &ClientId,
    new: &Registration,
    disabled: bool,
    now: Timestamp,
) -> Result<Changed, OAuthError> {
    let before = hold(tx, id).await?;
    let tenant = tx.tenant();
    if !new.auth_method.has_secret() {
        tx.write(&FORGET_SECRETS, &[&tenant, &id.as_str()]).await?;
    }
    let anew = Anew::of(id.as_str(), new, disabled, is_called_otherwise(&before.registered, new), now);
    tx.write(&REPLACE, &anew.params(&[&tenant, &by.operator])).await?;
    by.sign(tx, id, now).await?;
    Ok(Changed { before, after: hold(tx, id).await? })
}

/// Deletes a client, with what it had been granted; tells what it was.
pub async fn delete(tx: &mut Tx<'_, Write>, id: &ClientId) -> Result<Client, OAuthError> {
    let before = hold(tx, id).await?;
    let tenant = tx.tenant();
    tx.write(&DELETE, &[&tenant, &id.as_str()]).await?;
    Ok(before)
}

/// Gives a client another secret; those from before end at `until`. Tells its generation from then on.
///
/// # Errors
/// [`OAuthError::NoSecret`] for one that authenticates otherwise; [`OAuthError::Above`] for one whose secret is not for whoever asks.
pub async fn rotate(
    tx: &mut Tx<'_, Write>,
    by: &Registrar,
    id: &ClientId,
    secret: &NewSecret,
    until: Timestamp,
    now: Timestamp,
) -> Result<i64, OAuthError> {
    let client = hold(tx, id).await?;
    by.may_hold(&client)?;
    if !client.registered.auth_method.has_secret() {
        return Err(OAuthError::NoSecret);
    }
    let tenant = tx.tenant();
    let rows = tx.write(&EXPIRE, &[&tenant, &id.as_str(), &now, &until]).await?;
    let generation = with_room(&rows, until, now)?;
    tx.write(&KEEP_SECRET, &[&tenant, &id.as_str(), &secret.id.uuid(), &secret.verifier.as_slice(), &now]).await?;
    by.sign(tx, id, now).await?;
    Ok(generation)
}

/// What stands in rows as words.
pub(super) struct Words {
    pub(super) auth_method: &'static str,
    pub(super) grant_types: Vec<&'static str>,
    pub(super) role: Option<&'static str>,
    pub(super) id_token_alg: &'static str,
    pub(super) access_token_alg: Option<&'static str>,
    pub(super) userinfo_alg: Option<&'static str>,
    pub(super) introspection_alg: Option<&'static str>,
}

impl Words {
    pub(super) fn of(registered: &Registration) -> Self {
        Self {
            auth_method: registered.auth_method.word(),
            grant_types: registered.grant_types.iter().map(|grant| grant.word()).collect(),
            role: registered.role.map(OrganizationRole::word),
            id_token_alg: registered.id_token_alg.word(),
            access_token_alg: registered.access_token_alg.map(Algorithm::word),
            userinfo_alg: registered.userinfo_alg.map(Algorithm::word),
            introspection_alg: registered.introspection_alg.map(Algorithm::word),
        }
    }
}

/// A client's first row.
struct First<'a> {
    tenant: Option<&'a str>,
    id: &'a str,
    source: &'static str,
    now: Timestamp,
    new: &'a Registration,
    words: Words,
}

impl First<'_> {
    /// The parameters of [`CREATE_SQL`].
    fn params(&self) -> [Param<'_>; 24] {
        let (new, words) = (self.new, &self.words);
        [
            &self.tenant,
            &self.id,
            &self.source,
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
            &MOST,
            &new.backchannel_logout_session,
            &words.userinfo_alg,
            &words.introspection_alg,
        ]
    }
}
