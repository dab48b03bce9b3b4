//! Clients that register themselves (RFC 7591), and see to that (RFC 7592); and those that are known by their documents.
//!
//! **Invariant:** of clients that nobody vouched for there are so many at most. Where there is no room, the oldest goes that nobody agreed to
//! (`there_is_room_for_whoever_comes_last`).

use std::time::Duration;

use sha2::{Digest, Sha256};
use wardgraph_kernel::{Chance, ClientId, Identity, Secret, TenantId, Timestamp, UserId};
use wardgraph_store::{Statement, Tx};
use wardgraph_tokens::{Revocation, revoke};

use super::{
    Client, Described, NewSecret, Source, acts, create_for,
    operator::{self, keep_secret},
    own::Changed,
};
use crate::OAuthError;

/// How a registration access token begins, for whoever finds one where it should not be.
const PREFIX: &str = "wgrt_";
/// How long a client that registered itself is safe from making room for others.
const SAFE_FOR: Duration = Duration::from_hours(1);
/// How long a client that nobody agreed to is kept.
const UNUSED_FOR: Duration = Duration::from_hours(30 * 24);
/// How many rows one statement forgets.
const PAGE: i64 = 1_000;

/// Whether there is room for one more; made, if need be. By age alone: a client that describes itself again, or whose document is fetched again, is no
/// younger for it.
pub(super) const MAKE_ROOM: Statement<Identity> = Statement::identity(
    "oauth.client.make_room",
    "with nobodys as (select count(*) as number from clients where organization_id is null and source = $1),
     gone as (delete from clients where (select number from nobodys) >= $3 and client_id in (
       select c.client_id from clients c where c.organization_id is null and c.source = $1 and c.created_at <= $2 and c.disabled_at is null
         and not exists (select from consents k where k.client_id = c.client_id)
         and not exists (select from sessions s where s.client_id = c.client_id and s.ended_at is null)
       order by c.created_at limit 1) returning 1)
     select (select number from nobodys) < $3 or exists (select from gone)",
);
pub(super) const DESCRIBE: Statement<Identity> = Statement::identity(
    "oauth.client.describe",
    "update clients set registration_verifier = $2, about = $3, believed_until = $4, generation = $5 where client_id = $1",
);
pub(super) const BELIEVE: Statement<Identity> =
    Statement::identity("oauth.client.believe", "update clients set believed_until = $2, updated_at = $3 where client_id = $1");
pub(super) const SWEEP: Statement<Identity> = Statement::identity(
    "oauth.client.sweep",
    "delete from clients where client_id in (
       select c.client_id from clients c where c.organization_id is null and c.created_at <= $1 and c.disabled_at is null
         and not exists (select from consents k where k.client_id = c.client_id)
         and not exists (select from sessions s where s.client_id = c.client_id and s.ended_at is null)
       order by c.created_at limit $2) returning 1",
);

/// A client that registered itself just now, or changed what is registered of it, and what it is told once.
#[derive(Debug)]
pub struct Registered {
    /// The client.
    pub client: Client,
    /// Its new secret, if it has one.
    pub secret: Option<NewSecret>,
    /// By what it sees to its registration from now on.
    pub token: Secret,
}

fn token(chance: &dyn Chance) -> (Secret, Vec<u8>) {
    let text = Secret::new(format!("{PREFIX}{}", Secret::generate(chance).expose()));
    let verifier = Sha256::digest(text.expose()).to_vec();
    (text, verifier)
}

async fn has_room(tx: &mut Tx<'_, Identity>, source: Source, before: Timestamp, most: i64) -> Result<bool, OAuthError> {
    let rows = tx.run(&MAKE_ROOM, &[&source.word(), &before, &most]).await?;
    rows.first().map_or(Ok(false), |row| Ok(row.try_get(0)?))
}

/// Registers a client that describes itself: of the organization whose token it has, at its maker's word, or of none, of which there may be `most`. `None` if there is no room.
pub async fn register(
    tx: &mut Tx<'_, Identity>,
    organization: Option<&TenantId>,
    maker: Option<UserId>,
    described: &Described,
    most: i64,
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<Option<Registered>, OAuthError> {
    let safe = now.saturating_sub(SAFE_FOR).unwrap_or(Timestamp::MIN);
    if organization.is_none() && !has_room(tx, Source::Dynamic, safe, most).await? {
        return Ok(None);
    }
    let id = ClientId::generate(chance);
    let secret = described.registered.auth_method.has_secret().then(|| NewSecret::generate(now, chance));
    create_for(tx, organization, Source::Dynamic, &id, &described.registered, secret.as_ref(), now).await?;
    let (token, verifier) = token(chance);
    let until = None::<Timestamp>;
    tx.run(&DESCRIBE, &[&id.as_str(), &Some(verifier), &described.about.text(), &until, &1_i64]).await?;
    if let Some(maker) = maker {
        acts::sign_for(tx, &id, maker, now).await?;
    }
    Ok(Some(Registered { client: operator::hold(tx, &id).await?, secret, token }))
}

/// Has a client that is held describe itself anew. Its token is another from then on; and where people would have agreed to something else, they are
/// asked again.
pub async fn describe_anew(
    tx: &mut Tx<'_, Identity>,
    before: Client,
    described: &Described,
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<(Changed, Registered), OAuthError> {
    let (old, new) = (&before.registered, &described.registered);
    let had = old.auth_method.has_secret();
    let changed = operator::replace(tx, before, new, &described.about, false, now).await?;
    announce(tx, &changed, now).await?;
    let client = &changed.after;
    let mut secret = None;
    if new.auth_method.has_secret() && !had {
        let made = NewSecret::generate(now, chance);
        keep_secret(tx, client, &made, now).await?;
        secret = Some(made);
    }
    let (token, verifier) = token(chance);
    let (about, until) = (described.about.text(), None::<Timestamp>);
    tx.run(&DESCRIBE, &[&client.id.as_str(), &Some(verifier), &about, &until, &client.generation]).await?;
    let client = client.clone();
    Ok((changed, Registered { client, secret, token }))
}

/// Has every server read a client anew that was changed, and believe none of the tokens from before if they are good for too much.
pub async fn announce(tx: &mut Tx<'_, Identity>, changed: &Changed, now: Timestamp) -> Result<(), OAuthError> {
    let (id, generation) = (changed.after.id.as_str(), changed.after.generation);
    revoke(tx, Revocation::Client { id, generation }, now).await?;
    if changed.takes_back() {
        revoke(tx, Revocation::ClientTokens { id, generation }, now).await?;
    }
    Ok(())
}

/// What became of a document that was fetched.
#[derive(Debug)]
pub enum Kept {
    /// Its client was met for the first time.
    New(Client),
    /// It says something else than before.
    Changed(Client),
    /// It says what it said.
    Same(Client),
    /// There is no room for it.
    NoRoom,
}

/// Keeps what a document says.
pub async fn keep_document(
    tx: &mut Tx<'_, Identity>,
    id: &ClientId,
    described: &Described,
    until: Timestamp,
    most: i64,
    now: Timestamp,
) -> Result<Kept, OAuthError> {
    match operator::hold(tx, id).await {
        Ok(before) if before.registered == described.registered && before.about == described.about => {
            tx.run(&BELIEVE, &[&id.as_str(), &Some(until), &now]).await?;
            Ok(Kept::Same(Client { believed_until: Some(until), updated_at: now, ..before }))
        }
        Ok(before) => {
            let disabled = before.disabled_at.is_some();
            let changed = operator::replace(tx, before, &described.registered, &described.about, disabled, now).await?;
            announce(tx, &changed, now).await?;
            tx.run(&BELIEVE, &[&id.as_str(), &Some(until), &now]).await?;
            Ok(Kept::Changed(Client { believed_until: Some(until), ..changed.after }))
        }
        Err(OAuthError::NoClient) => {
            if !has_room(tx, Source::Document, now, most).await? {
                return Ok(Kept::NoRoom);
            }
            create_for(tx, None, Source::Document, id, &described.registered, None, now).await?;
            // Generations go on where they were, should the client have been forgotten in between.
            let (nothing, generation) = (None::<Vec<u8>>, now.as_millisecond());
            tx.run(&DESCRIBE, &[&id.as_str(), &nothing, &described.about.text(), &Some(until), &generation]).await?;
            Ok(Kept::New(operator::hold(tx, id).await?))
        }
        Err(error) => Err(error),
    }
}

/// Forgets clients of no organization that nobody agreed to for a while. Tells whether there may be more.
pub async fn sweep(tx: &mut Tx<'_, Identity>, now: Timestamp) -> Result<bool, OAuthError> {
    let old = now.saturating_sub(UNUSED_FOR).unwrap_or(Timestamp::MIN);
    let gone = tx.run(&SWEEP, &[&old, &PAGE]).await?.len();
    Ok(gone >= usize::try_from(PAGE).unwrap_or(usize::MAX))
}
