//! A session begins: the one place where a row of `sessions` comes into being.

use wardgraph_kernel::{Identity, Secret, SessionId, TenantId, Timestamp, UserId};
use wardgraph_store::{Question, Statement, StoreError, Tx, Value};

use crate::{
    session::{Lifetimes, Proof, Use, Why, ids},
    sha256,
};

pub(super) const BEGIN: Statement<Identity> = Statement::identity(
    "identity.session.begin",
    "insert into sessions (session_id, user_id, organization_id, browser, family_key, number, verifier, program, network, device, ip, created_at, last_used_at,
       expires_at, amr, acr, auth_time)
     values ($1, $2, $3, $4::bytea is null, $4, 1, $5, $6, $7, $8, $9::text::inet, $10, $10, $11, $12, $13, $14)
     returning (select o.session_idle_seconds from organizations o where o.organization_id = $3),
               (select o.session_lifetime_seconds from organizations o where o.organization_id = $3)",
);
/// The sessions beyond as many as there may be of an account's own, or of one client's: those that were not used for longest.
pub(super) const CROWDED: Statement<Identity> = Statement::identity(
    "identity.session.crowded",
    "update sessions set ended_at = $2, ended_by = $4 where session_id in (
       select session_id from sessions where user_id = $1 and client_id is not distinct from $5::text and ended_at is null and expires_at > $2
       order by last_used_at desc, session_id desc offset $3 limit 100)
     returning session_id",
);

/// How many sessions an account may have of its own; and each client of its leave. No application has a person's own sessions end, or another's.
const MOST: i64 = 100;

/// What whoever begins a session holds from then on. Of the secret its SHA-256 is kept.
#[derive(Debug, Clone, Copy)]
pub enum Credential<'a> {
    /// A program, refresh tokens: the first one, and the key that all of its family follow from, sealed.
    Tokens {
        /// The first token.
        first: &'a Secret,
        /// The family's key, sealed.
        family_key: &'a [u8],
    },
    /// A browser, its cookie.
    Cookie(&'a Secret),
}

/// A session that is about to begin.
#[derive(Debug)]
pub struct NewSession<'a> {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// Where they work.
    pub organization: &'a TenantId,
    /// What they will hold.
    pub credential: Credential<'a>,
    /// Who signed in, from where, and when.
    pub at: &'a Use<'a>,
    /// How long it may last.
    pub lifetimes: Lifetimes,
    /// How its owner proved who they are.
    pub proof: &'a Proof,
}

/// A session that began.
#[derive(Debug)]
pub struct Begun {
    /// Until when it lives if it is not used.
    pub until: Timestamp,
    /// Those that ended for it, as there were more than there may be: that is to be announced.
    pub crowded: Vec<SessionId>,
}

/// Begins a session of an account's own.
pub async fn begin(tx: &mut Tx<'_, Identity>, new: &NewSession<'_>) -> Result<Begun, StoreError> {
    tx.ask(open(new).and(crowded(new.user, None, new.at.now)).map(|(until, crowded)| Begun { until, crowded })).await
}

/// Ends the sessions of an account that are more than there may be, its own or those of a client, and tells which ones.
pub fn crowded(user: UserId, client: Option<&str>, now: Timestamp) -> Question<'_, Vec<SessionId>, StoreError> {
    let values: Vec<Value<'_>> =
        vec![Box::new(user.uuid()), Box::new(now), Box::new(MOST), Box::new(Why::Crowded.word()), Box::new(client)];
    Question::new(&CROWDED, values, |rows| ids(&rows))
}

/// Begins a session, whoever's it will be: who gives it to a client sees to it that there are not too many. Tells until when it lives if it is not
/// used: no token of it is to be good for longer.
pub fn open<'q>(new: &'q NewSession<'_>) -> Question<'q, Timestamp, StoreError> {
    let (secret, family_key) = match new.credential {
        Credential::Tokens { first, family_key } => (first, Some(family_key)),
        Credential::Cookie(cookie) => (cookie, None),
    };
    let (verifier, ip, now) = (sha256::verifier(secret.expose()), new.at.ip.to_string(), new.at.now);
    let expires = now.saturating_add(new.lifetimes.absolute).unwrap_or(Timestamp::MAX);
    let values: Vec<Value<'q>> = vec![
        Box::new(new.id.uuid()),
        Box::new(new.user.uuid()),
        Box::new(new.organization.as_str()),
        Box::new(family_key),
        Box::new(verifier.to_vec()),
        Box::new(&new.at.client.program),
        Box::new(&new.at.client.network),
        Box::new(new.at.device),
        Box::new(ip),
        Box::new(now),
        Box::new(expires),
        Box::new(&new.proof.amr),
        Box::new(&new.proof.acr),
        Box::new(new.proof.at),
    ];
    let lifetimes = new.lifetimes;
    Question::new(&BEGIN, values, move |rows| {
        let row = rows.first().ok_or(StoreError::Ended)?;
        Ok(lifetimes.within(row.try_get(0)?, row.try_get(1)?).until(now, now))
    })
}
