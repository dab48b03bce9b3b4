//! What people agreed to: which client may do what for them, in which of their organizations.

use uuid::Uuid;
use wardgraph_identity::session::Why;
use wardgraph_kernel::{ConsentId, Identity, Read, SessionId, TenantId, Timestamp, UserId, Write};
use wardgraph_store::{Params, Role, Row, Statement, StatementInfo, StoreError, Tx};

use crate::{Client, Either, OAuthError, scope};

const APP: &[Role] = &[Role::App];
/// The most that one person has: all of them are listed.
const MOST: i64 = 200;

/// What was agreed to when the client was something else counts no more: its person sees it still, and can take it back.
const FIND: Statement<Identity> = Statement::identity(
    "oauth.consent.find",
    "select case when k.client_generation >= coalesce(c.asks_from, 0) then k.scopes else '{}' end, k.updated_at
     from consents k join clients c on c.client_id = k.client_id where k.user_id = $1 and k.client_id = $2 and k.organization_id = $3",
);
/// What is agreed to is added to what was, as far as that counts still. For members alone.
const REMEMBER_SQL: &str = "insert into consents as k (consent_id, user_id, client_id, organization_id, client_name, scopes, created_at, updated_at, client_generation)
     select $1::uuid, m.user_id, $3::text, m.organization_id, $5::text, $6::text[], $7::timestamptz, $7, $8::bigint from memberships m
     where m.user_id = $2 and m.organization_id = $4
     on conflict (user_id, client_id, organization_id) do update set client_name = excluded.client_name, updated_at = excluded.updated_at,
       client_generation = excluded.client_generation,
       scopes = array(select distinct scope from unnest(case when k.client_generation >= $9::bigint then k.scopes || excluded.scopes else excluded.scopes end) scope
                      order by 1)
     returning consent_id";
const REMEMBER: Statement<Write> = Statement::writing("oauth.consent.remember", APP, REMEMBER_SQL);
const REMEMBER_BY_IDENTITY: Statement<Identity> = Statement::identity("oauth.consent.remember_by_identity", REMEMBER_SQL);
/// Whether a person lets as many clients do something as they may, besides this one.
const IS_FULL_SQL: &str = "select count(*) >= $4 from (select from consents where user_id = $1 and (client_id, organization_id) <> ($2, $3) limit $4) others";
const IS_FULL: Statement<Write> = Statement::writing("oauth.consent.is_full", APP, IS_FULL_SQL);
const IS_FULL_BY_IDENTITY: Statement<Identity> = Statement::identity("oauth.consent.is_full_by_identity", IS_FULL_SQL);
const LIST: Statement<Read> = Statement::reading(
    "oauth.consent.list",
    APP,
    "select c.consent_id, c.client_id, c.client_name, c.organization_id, o.name, c.scopes, c.created_at, c.updated_at
     from consents c join organizations o on o.organization_id = c.organization_id
     where c.user_id = $1 order by c.updated_at desc, c.consent_id desc limit $2",
);
const TAKE_BACK: Statement<Write> = Statement::writing(
    "oauth.consent.take_back",
    APP,
    "delete from consents where user_id = $1 and consent_id = $2 returning client_id, organization_id",
);
const UNSAY: Statement<Write> = Statement::writing(
    "oauth.consent.end_codes",
    APP,
    "delete from authorization_codes where user_id = $1 and client_id = $2 and organization_id = $3 and used_at is null",
);
const UNSAY_TO_DEVICES: Statement<Write> = Statement::writing(
    "oauth.consent.end_devices",
    APP,
    "delete from device_authorizations where user_id = $1 and client_id = $2 and organization_id = $3 and used_at is null",
);
const END: Statement<Write> = Statement::writing(
    "oauth.consent.end_sessions",
    APP,
    "update sessions set ended_at = $4, ended_by = $5 where user_id = $1 and client_id = $2 and organization_id = $3 and ended_at is null returning session_id",
);

pub(crate) const STATEMENTS: &[&StatementInfo] = &[
    FIND.info(),
    REMEMBER.info(),
    REMEMBER_BY_IDENTITY.info(),
    IS_FULL.info(),
    IS_FULL_BY_IDENTITY.info(),
    LIST.info(),
    TAKE_BACK.info(),
    UNSAY.info(),
    UNSAY_TO_DEVICES.info(),
    END.info(),
];

/// What somebody agreed to, as they see it.
#[derive(Debug, Clone)]
pub struct Consent {
    /// Its id.
    pub id: ConsentId,
    /// The client.
    pub client: String,
    /// What the client was called.
    pub client_name: String,
    /// Where it may work.
    pub organization: String,
    /// What that is called.
    pub organization_name: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// Since when.
    pub created_at: Timestamp,
    /// When something was agreed to last.
    pub updated_at: Timestamp,
}

/// What somebody agreed to before.
#[derive(Debug, Clone)]
pub struct Agreed {
    /// All that they agreed to.
    pub scopes: Vec<String>,
    /// When they did last.
    pub at: Timestamp,
}

impl Agreed {
    /// Whether that is all of this: who agreed to writing agreed to reading what is written.
    pub fn covers(&self, scopes: &[String]) -> bool {
        scopes.iter().all(|word| scope::holds(&self.scopes, word))
    }
}

/// What somebody agreed to before.
pub async fn find(
    tx: &mut Tx<'_, Identity>,
    user: UserId,
    client: &str,
    organization: &TenantId,
) -> Result<Option<Agreed>, StoreError> {
    let rows = tx.run(&FIND, &[&user.uuid(), &client, &organization.as_str()]).await?;
    let read = |row: &Row| Ok(Agreed { scopes: row.try_get(0)?, at: row.try_get(1)? });
    rows.first().map(read).transpose()
}

/// What somebody agrees to.
#[derive(Debug)]
pub struct Agreement<'a> {
    /// Who.
    pub user: UserId,
    /// The client, as it is now.
    pub client: &'a Client,
    /// What they are told that it is called.
    pub client_name: &'a str,
    /// Where it may work.
    pub organization: &'a TenantId,
    /// What it may do.
    pub scopes: &'a [String],
}

/// Remembers what somebody agreed to; `None` for somebody who is no member there.
///
/// # Errors
/// [`OAuthError::TooMany`] for whoever lets that many do something already: an agreement that its person does not see, nobody takes back.
pub async fn remember(
    tx: &mut impl Either,
    agreed: &Agreement<'_>,
    id: ConsentId,
    now: Timestamp,
) -> Result<Option<ConsentId>, OAuthError> {
    let (user, client, organization) = (agreed.user.uuid(), agreed.client.id.as_str(), agreed.organization.as_str());
    let full = tx.either(&IS_FULL, &IS_FULL_BY_IDENTITY, &[&user, &client, &organization, &MOST]).await?;
    if full.first().map(|row| row.try_get(0)).transpose()?.unwrap_or(false) {
        return Err(OAuthError::TooMany { what: "applications that one person lets do something", most: MOST });
    }
    let params: Params<'_> = &[
        &id.uuid(),
        &user,
        &client,
        &organization,
        &agreed.client_name,
        &agreed.scopes,
        &now,
        &agreed.client.generation,
        &agreed.client.asks_from,
    ];
    let rows = tx.either(&REMEMBER, &REMEMBER_BY_IDENTITY, params).await?;
    Ok(rows.first().map(|row| row.try_get::<Uuid>(0).map(ConsentId::from)).transpose()?)
}

/// What an account's owner agreed to.
pub async fn list(tx: &mut Tx<'_, Read>, user: UserId) -> Result<Vec<Consent>, StoreError> {
    tx.query(&LIST, &[&user.uuid(), &MOST]).await?.iter().map(read).collect()
}

/// Takes back what was agreed to, and ends the client's sessions that came of it. `None` if the account has no such consent.
pub async fn take_back(
    tx: &mut Tx<'_, Write>,
    user: UserId,
    id: ConsentId,
    now: Timestamp,
) -> Result<Option<Vec<SessionId>>, StoreError> {
    let rows = tx.write(&TAKE_BACK, &[&user.uuid(), &id.uuid()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let (client, organization): (String, String) = (row.try_get(0)?, row.try_get(1)?);
    // Codes first: one that is being used is waited for, and what it gives is found below.
    tx.write(&UNSAY, &[&user.uuid(), &client, &organization]).await?;
    tx.write(&UNSAY_TO_DEVICES, &[&user.uuid(), &client, &organization]).await?;
    let ended = tx.write(&END, &[&user.uuid(), &client, &organization, &now, &Why::Revoked.word()]).await?;
    ended.iter().map(|row| row.try_get::<Uuid>(0).map(SessionId::from)).collect::<Result<_, _>>().map(Some)
}

fn read(row: &Row) -> Result<Consent, StoreError> {
    Ok(Consent {
        id: row.try_get::<Uuid>(0)?.into(),
        client: row.try_get(1)?,
        client_name: row.try_get(2)?,
        organization: row.try_get(3)?,
        organization_name: row.try_get(4)?,
        scopes: row.try_get(5)?,
        created_at: row.try_get(6)?,
        updated_at: row.try_get(7)?,
    })
}
