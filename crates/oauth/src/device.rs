//! Device authorization (RFC 8628): a device that has no browser shows a code, a person enters it elsewhere and decides, and the device gets its tokens.
//!
//! **Invariants:** a device's code is good once, for ten minutes, for the client and the key that it was asked with, while the browser's session lives in
//! which somebody allowed it; nobody allows what was decided before (`a_device_gets_tokens_once_and_whoever_comes_again_ends_them`,
//! `what_was_decided_is_decided`). Codes that people enter are counted before they are judged (`codes_are_not_found_by_trying`).

mod guesses;
mod present;
mod user_code;

pub(crate) use guesses::WINDOW;
pub use guesses::{Counted, count, forgive};
pub use present::{Presented, finish, polled, present};
pub use user_code::UserCode;

use std::time::Duration;

use uuid::Uuid;
use wardgraph_identity::session::Proof;
use wardgraph_kernel::{Chance, ClientId, CodeId, Identity, Secret, SessionId, TenantId, Timestamp, UserId};
use wardgraph_store::{Statement, StatementInfo, StoreError, Tx};
use wardgraph_tokens::Thumbprint;

use crate::reference;

/// How a device's code begins, for whoever finds one where it should not be.
const PREFIX: &str = "wgd_";
/// How long a person may take to enter it and to decide.
pub const LIFE: Duration = Duration::from_mins(10);
/// How long a device waits between two questions, in seconds, at first.
pub const INTERVAL_S: i32 = 5;
/// How many devices of one client may wait at once, and how many of an organization's clients together, or of all those that are nobody's.
const MOST: i64 = 2_000;
const MOST_OF_ONE: i64 = 5_000;
/// How many in all, since of so many codes one could be found by trying. Whoever has but a few waiting is let in beyond that, up to twice as many: so
/// nobody fills the places of others.
const MOST_IN_ALL: i64 = 50_000;
const FEW: i64 = 50;
/// How often another code is drawn where one is another device's.
const DRAWS: u32 = 3;

const START: Statement<Identity> = Statement::identity(
    "oauth.device.start",
    "insert into device_authorizations (code_id, verifier, user_code, client_id, scopes, resource, jkt, created_at, expires_at, interval_s, whose)
     select $1::uuid, $2::bytea, $3::bytea, $4::text, $5::text[], $6::text, $7::text, $8::timestamptz, $9::timestamptz, $10::int, $11::text
     where (select count(*) from (select 1 from device_authorizations where client_id = $4 and expires_at > $8 limit $12) waiting) < $12
       and (select count(*) from (select 1 from device_authorizations where whose = $11 and expires_at > $8 limit $13) waiting) < $13
       and case when (select count(*) from (select 1 from device_authorizations where expires_at > $8 limit $14) waiting) < $14 then true
                else (select count(*) from (select 1 from device_authorizations where whose = $11 and expires_at > $8 limit $15) waiting) < $15
                 and (select count(*) from (select 1 from device_authorizations where expires_at > $8 limit 2 * $14) waiting) < 2 * $14 end
     on conflict (user_code) do nothing returning code_id",
);
/// One that waits for somebody to decide.
const FIND: Statement<Identity> = Statement::identity(
    "oauth.device.find",
    "select code_id, client_id, scopes from device_authorizations
     where user_code = $1 and expires_at > $2 and allowed_at is null and denied_at is null and used_at is null",
);
/// Somebody whose account is as it was. Held: who takes it out of their hands meanwhile waits, and then finds what they let in.
const ALLOW: Statement<Identity> = Statement::identity(
    "oauth.device.allow",
    "update device_authorizations set allowed_at = $2, user_id = $3, organization_id = $4, session_id = $5, generation = $6, amr = $7, acr = $8, auth_time = $9,
       scopes = $10
     where code_id = $1 and expires_at > $2 and allowed_at is null and denied_at is null and used_at is null
       and exists (select from users u where u.user_id = $3 and u.generation = $6 and u.disabled_at is null for share)
     returning code_id",
);
const DENY: Statement<Identity> = Statement::identity(
    "oauth.device.deny",
    "update device_authorizations set denied_at = $2
     where code_id = $1 and expires_at > $2 and allowed_at is null and denied_at is null and used_at is null returning code_id",
);

pub(crate) const STATEMENTS: &[&StatementInfo] = &[
    START.info(),
    FIND.info(),
    ALLOW.info(),
    DENY.info(),
    guesses::COUNT.info(),
    guesses::FORGIVE.info(),
    present::FINISH.info(),
    present::HOLD.info(),
    present::POLLED.info(),
    present::STAND.info(),
];

/// What a device asks for.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// Its client.
    pub client: &'a ClientId,
    /// Whose client that is, if it is anybody's.
    pub organization: Option<&'a TenantId>,
    /// For what.
    pub scopes: &'a [String],
    /// Where its tokens are to be good; here if nothing is said.
    pub resource: Option<&'a str>,
    /// The key that it proved to hold.
    pub key: Option<Thumbprint>,
}

/// What a device is told.
#[derive(Debug)]
pub struct Started {
    /// What it polls with.
    pub device_code: Secret,
    /// What it shows.
    pub user_code: UserCode,
}

/// Begins to wait for somebody's decision; `None` where too many wait.
pub async fn start(
    tx: &mut Tx<'_, Identity>,
    wanted: &Wanted<'_>,
    id: CodeId,
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<Option<Started>, StoreError> {
    let (device_code, verifier) = reference::make(PREFIX, id.uuid(), chance);
    let (client, key) = (wanted.client.as_str(), wanted.key.map(|key| key.to_string()));
    let whose = wanted.organization.map_or("", TenantId::as_str);
    let expires = now.saturating_add(LIFE).unwrap_or(now);
    for _ in 0..DRAWS {
        let user_code = UserCode::generate(chance);
        let rows = tx
            .run(
                &START,
                &[
                    &id.uuid(),
                    &verifier,
                    &user_code.verifier(),
                    &client,
                    &wanted.scopes,
                    &wanted.resource,
                    &key,
                    &now,
                    &expires,
                    &INTERVAL_S,
                    &whose,
                    &MOST,
                    &MOST_OF_ONE,
                    &MOST_IN_ALL,
                    &FEW,
                ],
            )
            .await?;
        if !rows.is_empty() {
            return Ok(Some(Started { device_code, user_code }));
        }
    }
    Ok(None)
}

/// A device that waits for somebody to decide.
#[derive(Debug)]
pub struct Waiting {
    /// Its row.
    pub id: CodeId,
    /// Its client.
    pub client: String,
    /// What it asks for.
    pub scopes: Vec<String>,
}

/// The device that shows this code and waits; `None` if there is none.
pub async fn find(tx: &mut Tx<'_, Identity>, code: &UserCode, now: Timestamp) -> Result<Option<Waiting>, StoreError> {
    let rows = tx.run(&FIND, &[&code.verifier(), &now]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let id = row.try_get::<Uuid>(0)?.into();
    Ok(Some(Waiting { id, client: row.try_get(1)?, scopes: row.try_get(2)? }))
}

/// Who lets a device do what.
#[derive(Debug)]
pub struct Allowing<'a> {
    /// Who.
    pub user: UserId,
    /// Where.
    pub organization: &'a TenantId,
    /// In which session of a browser.
    pub session: SessionId,
    /// The account's generation.
    pub generation: i64,
    /// How they proved who they are.
    pub proof: &'a Proof,
    /// For what: no more than was asked.
    pub scopes: &'a [String],
}

/// Allows a device what somebody lets it do. False if it waits no more.
pub async fn allow(tx: &mut Tx<'_, Identity>, id: CodeId, allowing: &Allowing<'_>, now: Timestamp) -> Result<bool, StoreError> {
    let (organization, proof) = (allowing.organization.as_str(), allowing.proof);
    let rows = tx
        .run(
            &ALLOW,
            &[
                &id.uuid(),
                &now,
                &allowing.user.uuid(),
                &organization,
                &allowing.session.uuid(),
                &allowing.generation,
                &proof.amr,
                &proof.acr,
                &proof.at,
                &allowing.scopes,
            ],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// Refuses a device for good. False if it waits no more.
pub async fn deny(tx: &mut Tx<'_, Identity>, id: CodeId, now: Timestamp) -> Result<bool, StoreError> {
    tx.run(&DENY, &[&id.uuid(), &now]).await.map(|rows| !rows.is_empty())
}
