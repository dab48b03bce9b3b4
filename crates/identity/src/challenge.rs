//! Acts that wait for somebody to show something: a sign-in for its second factor, a factor for its first use.
//!
//! **Invariant:** a try is counted before it is judged, and the tries of one account are judged one after another.

mod offer;
mod state;

pub use offer::{Offered, attempt_offer, offer, offered};

use std::time::Duration;

use aws_lc_rs::hmac::{sign, verify};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;
use wardgraph_kernel::{ChallengeId, Chance, Identity, Secret, SessionId, TenantId, Timestamp, UserId, Write};
use wardgraph_store::{Params, Role, Statement, StatementInfo, StoreError, Tx};

use crate::{
    IdentityError, Keys,
    account::{Seat, seat},
    stored::stored,
};

/// How a challenge's token begins, for whoever finds one where it should not be.
const PREFIX: &str = "wgm_";
/// How long a challenge waits.
pub const LIFE: Duration = Duration::from_mins(10);
/// How many tries it takes.
const MOST_TRIES: i32 = 5;

stored! {
    /// What is waited for.
    Kind {
        /// The second factor of a sign-in.
        Login = "login",
        /// The first code of a new factor of kind `totp`.
        Totp = "totp",
        /// A new passkey.
        Passkey = "passkey",
        /// A passkey, whosever it is, that signs in alone.
        Passwordless = "passwordless",
    }
}

/// The token that stands for a challenge. Whoever has it may try, and has shown nothing else by it.
pub fn token(keys: &Keys, id: ChallengeId) -> Secret {
    let tag = sign(&keys.challenges, id.uuid().as_bytes());
    let bytes = [id.uuid().as_bytes().as_slice(), tag.as_ref()].concat();
    Secret::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// The challenge that a token stands for, if this server made it.
pub fn read(keys: &Keys, token: &str) -> Option<ChallengeId> {
    let bytes = URL_SAFE_NO_PAD.decode(token.strip_prefix(PREFIX)?).ok()?;
    let (id, tag) = bytes.split_at_checked(16)?;
    verify(&keys.challenges, id, tag).ok()?;
    Uuid::from_slice(id).ok().map(ChallengeId::from)
}

const BEGIN_SQL: &str = "insert into challenges
       (challenge_id, kind, user_id, session_id, organization_id, generation, password, network, name, state, created_at, expires_at)
     select $1::uuid, $2::text, $3::uuid, $4::uuid, $5::text, $6::bigint, sha256(convert_to(p.verifier, 'UTF8')), $7::text, $8::text, $9::bytea, $10::timestamptz, $11::timestamptz
     from (values (1)) one(row) left join passwords p on p.user_id = $3";
const BEGIN: Statement<Identity> = Statement::identity("identity.challenge.begin", BEGIN_SQL);
const BEGIN_OWN: Statement<Write> = Statement::writing("identity.own.begin_challenge", &[Role::App], BEGIN_SQL);
/// Counts a try, and holds the challenge until the transaction ends. One that is over brings no row.
const TRY: Statement<Identity> = Statement::identity(
    "identity.challenge.try",
    "update challenges set tries = tries + 1 where challenge_id = $1 and used_at is null and expires_at > $2 and tries < $3
     returning kind, user_id, session_id, organization_id, generation, password, network, name, state",
);
/// The account that a challenge is about, if it is as it was, the session that began it lives, and its owner is a member still. The password's
/// row is held until the transaction ends: one try of an account is judged at a time.
const STANDS: Statement<Identity> = Statement::identity(
    "identity.challenge.stands",
    "select u.email, u.name, m.organization_id, m.role, u.global_role from passwords p join users u using (user_id)
     left join memberships m on m.user_id = u.user_id and m.organization_id = $5
     where u.user_id = $1 and u.generation = $2 and u.disabled_at is null and sha256(convert_to(p.verifier, 'UTF8')) = $3
       and ($4::uuid is null or exists (
         select from sessions s where s.session_id = $4 and s.user_id = u.user_id and s.ended_at is null and s.expires_at > $6))
     for no key update of p for share of u",
);
/// A sign-in that waits for its second factor. No try is counted: nothing is tried yet.
const WAITS: Statement<Identity> = Statement::identity(
    "identity.challenge.waits",
    "select user_id, organization_id from challenges
     where challenge_id = $1 and kind = 'login' and used_at is null and expires_at > $2 and tries < $3 for update",
);
const KEEP_STATE: Statement<Identity> =
    Statement::identity("identity.challenge.keep_state", "update challenges set state = $2 where challenge_id = $1");
const USE: Statement<Identity> =
    Statement::identity("identity.challenge.use", "update challenges set used_at = $2 where challenge_id = $1");

pub(crate) const STATEMENTS: &[&StatementInfo] =
    &[BEGIN.info(), BEGIN_OWN.info(), KEEP_STATE.info(), STANDS.info(), TRY.info(), offer::TRY.info(), USE.info(), WAITS.info()];

/// A challenge that is about to begin.
#[derive(Debug)]
pub struct NewChallenge<'a> {
    /// What is waited for.
    pub kind: Kind,
    /// Who.
    pub user: UserId,
    /// The session that it is begun in.
    pub session: Option<SessionId>,
    /// Where its owner works, or would.
    pub organization: Option<&'a TenantId>,
    /// The account's generation.
    pub generation: i64,
    /// The network, if the account's owner is at home there.
    pub network: Option<&'a str>,
    /// What a factor that is being added will be called.
    pub name: Option<&'a str>,
    /// What the end needs to know of the beginning. It is sealed.
    pub state: Option<&'a [u8]>,
    /// When.
    pub now: Timestamp,
}

impl NewChallenge<'_> {
    /// One of this account, about which no more is to be said.
    pub const fn of(kind: Kind, user: UserId, generation: i64, now: Timestamp) -> Self {
        Self { kind, user, session: None, organization: None, generation, network: None, name: None, state: None, now }
    }
}

/// A challenge that somebody tries, held.
#[derive(Debug, Clone)]
pub struct Held {
    /// Its id.
    pub id: ChallengeId,
    /// What is waited for.
    pub kind: Kind,
    /// Who; `None` while nobody is known.
    pub user: Option<UserId>,
    /// The session that it was begun in.
    pub session: Option<SessionId>,
    /// Where its owner works, or would.
    pub organization: Option<TenantId>,
    /// The account's generation.
    pub generation: i64,
    /// The network, if the account's owner was at home there.
    pub network: Option<String>,
    /// What a factor that is being added will be called.
    pub name: Option<String>,
    password: Option<Vec<u8>>,
    state: Option<Vec<u8>>,
}

impl Held {
    /// What the beginning left for the end.
    pub fn state(&self, keys: &Keys) -> Result<zeroize::Zeroizing<Vec<u8>>, IdentityError> {
        self.asked(keys)?.ok_or(IdentityError::Unreadable("a challenge's state"))
    }

    /// The same, for a sign-in of which nothing was asked yet, or something was ([`keep_state`]).
    pub fn asked(&self, keys: &Keys) -> Result<Option<zeroize::Zeroizing<Vec<u8>>>, IdentityError> {
        let open = |sealed| state::open(keys, self.id, sealed).ok_or(IdentityError::Unreadable("a challenge's state"));
        self.state.as_deref().map(open).transpose()
    }
}

/// The account that a challenge is about, as it is now.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Whose it is.
    pub user: UserId,
    /// Its address.
    pub email: String,
    /// The person's name.
    pub name: String,
    /// Its place in the challenge's organization; `None` for one who is no member any more.
    pub seat: Option<Seat>,
}

/// Begins a challenge for somebody who is no caller yet, and tells its token.
pub async fn begin(
    tx: &mut Tx<'_, Identity>,
    keys: &Keys,
    new: &NewChallenge<'_>,
    chance: &dyn Chance,
) -> Result<Secret, IdentityError> {
    let id = ChallengeId::new(new.now, chance);
    let values = Values::of(keys, id, new)?;
    tx.run(&BEGIN, &values.params(new)).await?;
    Ok(token(keys, id))
}

/// Begins a challenge for a caller, of the own account, and tells its token.
pub async fn begin_own(
    tx: &mut Tx<'_, Write>,
    keys: &Keys,
    new: &NewChallenge<'_>,
    chance: &dyn Chance,
) -> Result<Secret, IdentityError> {
    let id = ChallengeId::new(new.now, chance);
    let values = Values::of(keys, id, new)?;
    tx.write(&BEGIN_OWN, &values.params(new)).await?;
    Ok(token(keys, id))
}

/// What a challenge's row is made of, besides what is in [`NewChallenge`] as it stands.
struct Values {
    id: Uuid,
    kind: &'static str,
    user: Uuid,
    session: Option<Uuid>,
    organization: Option<String>,
    state: Option<Vec<u8>>,
    expires_at: Timestamp,
}

impl Values {
    fn of(keys: &Keys, id: ChallengeId, new: &NewChallenge<'_>) -> Result<Self, IdentityError> {
        let state = new.state.map(|state| state::seal(keys, id, state)).transpose()?;
        Ok(Self {
            id: id.uuid(),
            kind: new.kind.word(),
            user: new.user.uuid(),
            session: new.session.map(SessionId::uuid),
            organization: new.organization.map(ToString::to_string),
            state,
            expires_at: new.now.saturating_add(LIFE).unwrap_or(Timestamp::MAX),
        })
    }

    fn params<'a>(&'a self, new: &'a NewChallenge<'_>) -> [wardgraph_store::Param<'a>; 11] {
        [
            &self.id,
            &self.kind,
            &self.user,
            &self.session,
            &self.organization,
            &new.generation,
            &new.network,
            &new.name,
            &self.state,
            &new.now,
            &self.expires_at,
        ]
    }
}

/// Counts a try of a challenge, and holds it. `None` for one that is over: used, too old, or tried too often.
pub async fn attempt(tx: &mut Tx<'_, Identity>, id: ChallengeId, now: Timestamp) -> Result<Option<Held>, IdentityError> {
    let rows = tx.run(&TRY, &[&id.uuid(), &now, &MOST_TRIES]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    // A kind of another version is nothing that can be tried here.
    let Some(kind) = Kind::of(row.try_get(0)?) else { return Ok(None) };
    let organization = row.try_get::<Option<String>>(3)?.map(|id| TenantId::parse(&id)).transpose();
    Ok(Some(Held {
        id,
        kind,
        user: row.try_get::<Option<Uuid>>(1)?.map(UserId::from),
        session: row.try_get::<Option<Uuid>>(2)?.map(SessionId::from),
        organization: organization.map_err(|_| IdentityError::Unreadable("an organization's id"))?,
        generation: row.try_get(4)?,
        password: row.try_get(5)?,
        network: row.try_get(6)?,
        name: row.try_get(7)?,
        state: row.try_get(8)?,
    }))
}

/// The account that a challenge is about, held. `None` if it is not as it was: disabled, with another password, its sessions ended.
pub async fn stands(tx: &mut Tx<'_, Identity>, held: &Held, now: Timestamp) -> Result<Option<Standing>, IdentityError> {
    let Some(user) = held.user else { return Ok(None) };
    let (session, organization) = (held.session.map(SessionId::uuid), held.organization.as_ref().map(ToString::to_string));
    let params: Params<'_> = &[&user.uuid(), &held.generation, &held.password, &session, &organization, &now];
    let rows = tx.run(&STANDS, params).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let seat = seat(row.try_get(2)?, row.try_get(3)?, row.try_get(4)?)?;
    Ok(Some(Standing { user, email: row.try_get(0)?, name: row.try_get(1)?, seat }))
}

/// A sign-in that waits for its second factor.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// Whose password was right.
    pub user: UserId,
    /// Where they would work.
    pub organization: Option<TenantId>,
}

/// The sign-in that a challenge is, if it waits still. Held until the transaction ends.
pub async fn waiting(tx: &mut Tx<'_, Identity>, id: ChallengeId, now: Timestamp) -> Result<Option<Waiting>, IdentityError> {
    let rows = tx.run(&WAITS, &[&id.uuid(), &now, &MOST_TRIES]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let organization = row.try_get::<Option<String>>(1)?.map(|id| TenantId::parse(&id)).transpose();
    let organization = organization.map_err(|_| IdentityError::Unreadable("an organization's id"))?;
    Ok(row.try_get::<Option<Uuid>>(0)?.map(|user| Waiting { user: user.into(), organization }))
}

/// Keeps what was asked now: what was asked before is answered by nothing any more.
pub async fn keep_state(tx: &mut Tx<'_, Identity>, keys: &Keys, id: ChallengeId, state: &[u8]) -> Result<(), IdentityError> {
    let sealed = state::seal(keys, id, state)?;
    Ok(tx.run(&KEEP_STATE, &[&id.uuid(), &sealed]).await.map(drop)?)
}

/// Uses a challenge up.
pub async fn finish(tx: &mut Tx<'_, Identity>, held: &Held, now: Timestamp) -> Result<(), StoreError> {
    tx.run(&USE, &[&held.id.uuid(), &now]).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardgraph_kernel::SeededChance;

    #[test]
    fn a_token_stands_for_one_challenge_of_one_server() {
        let (keys, others) = (Keys::of(&[1; 32]), Keys::of(&[2; 32]));
        let id = ChallengeId::new(Timestamp::UNIX_EPOCH, &SeededChance::new(1));
        let token = token(&keys, id);
        assert_eq!(read(&keys, token.expose()), Some(id));
        assert_eq!(read(&others, token.expose()), None);
        for bad in ["", "wgm_", "wgm_AAAA", token.expose().get(4..).unwrap(), &format!("{}AAAA", token.expose())] {
            assert_eq!(read(&keys, bad), None, "{bad}");
        }
    }
}
