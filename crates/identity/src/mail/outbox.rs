//! The messages that wait, and what else of accounts is forgotten by whoever works.

use std::time::Duration;

use uuid::Uuid;
use wardgraph_kernel::{LinkId, Timestamp, Write};
use wardgraph_store::{Role, Row, Statement, StoreError, Tx};

const WORKER: &[Role] = &[Role::Worker];
/// How long a claim holds: longer than sending one message takes with a mail server that answers each step at the last moment. One is claimed at a
/// time, so that a server that ends leaves no others waiting.
const LEASE: Duration = Duration::from_mins(5);
/// How many of a kind are forgotten at once.
const FORGOTTEN_AT_ONCE: usize = 1_000;
/// How long a message is tried, before it is given up.
pub(super) const TRIED_FOR: Duration = Duration::from_hours(3 * 24);

pub(super) const CLAIM: Statement<Write> = Statement::writing(
    "identity.mail.claim",
    WORKER,
    "update mail m set due_at = $2, attempts = m.attempts + 1
     from (select mail_id from mail where due_at <= $1 order by due_at limit 1 for update skip locked) due
     where m.mail_id = due.mail_id returning m.mail_id, m.kind, m.recipient, m.name, m.link_id, m.attempts, m.created_at",
);
/// Only by the latest claim: whoever lost it meanwhile changes nothing.
pub(super) const DONE: Statement<Write> =
    Statement::writing("identity.mail.done", WORKER, "delete from mail where mail_id = $1 and attempts = $2");
pub(super) const DEFER: Statement<Write> =
    Statement::writing("identity.mail.defer", WORKER, "update mail set due_at = $3 where mail_id = $1 and attempts = $2");
pub(super) const FORGET_ATTEMPTS: Statement<Write> = Statement::writing(
    "identity.attempt.forget",
    WORKER,
    "delete from attempts where subject in (select subject from attempts where failed_at < $1 order by failed_at limit 1000) returning 1",
);
pub(super) const FORGET_KEYS: Statement<Write> = Statement::writing(
    "identity.api_key.forget",
    WORKER,
    "delete from api_keys where key_id in (
       select key_id from api_keys where least(revoked_at, expires_at) < $1 order by least(revoked_at, expires_at) limit 1000) returning 1",
);
pub(super) const FORGET_LINKS: Statement<Write> = Statement::writing(
    "identity.link.forget",
    WORKER,
    "delete from links where link_id in (select link_id from links where expires_at < $1 order by expires_at limit 1000) returning 1",
);
pub(super) const FORGET_CHALLENGES: Statement<Write> = Statement::writing(
    "identity.challenge.forget",
    WORKER,
    "delete from challenges where challenge_id in (select challenge_id from challenges where expires_at < $1 order by expires_at limit 1000) returning 1",
);
pub(super) const FORGET_COUNTS: Statement<Write> = Statement::writing(
    "identity.mail.forget_counts",
    WORKER,
    "delete from mail_counts where subject in (select subject from mail_counts where day_from < $1 order by day_from limit 1000) returning 1",
);
pub(super) const FORGET_SESSIONS: Statement<Write> = Statement::writing(
    "identity.session.forget",
    WORKER,
    "delete from sessions where session_id in (select session_id from sessions where expires_at < $1 order by expires_at limit 1000) returning 1",
);

/// A message that is due, and claimed.
#[derive(Debug, Clone)]
pub struct Due {
    /// Its id.
    pub id: Uuid,
    /// Which text it has.
    pub kind: String,
    /// To whom; nobody, where nobody has the address.
    pub recipient: Option<String>,
    /// The person's name.
    pub name: String,
    /// The link in it.
    pub link: Option<LinkId>,
    /// How often it was claimed.
    pub attempts: i32,
    /// When it was written.
    pub created_at: Timestamp,
}

impl Due {
    /// When to try again: minutes, then hours; `None` once it was tried long enough.
    pub fn again(&self, now: Timestamp) -> Option<Timestamp> {
        let doublings = u32::try_from(self.attempts.clamp(0, 7)).unwrap_or(0);
        let wait = Duration::from_secs(30).saturating_mul(2_u32.pow(doublings));
        let given_up = self.created_at.saturating_add(TRIED_FOR).is_ok_and(|until| now >= until);
        now.saturating_add(wait).ok().filter(|_| !given_up)
    }
}

/// Claims the message that has been due for longest.
pub async fn claim(tx: &mut Tx<'_, Write>, now: Timestamp) -> Result<Option<Due>, StoreError> {
    let lease = now.saturating_add(LEASE).unwrap_or(Timestamp::MAX);
    tx.write(&CLAIM, &[&now, &lease]).await?.first().map(read).transpose()
}

/// Forgets a message that was sent, or that nobody is to get.
pub async fn done(tx: &mut Tx<'_, Write>, due: &Due) -> Result<(), StoreError> {
    tx.write(&DONE, &[&due.id, &due.attempts]).await.map(drop)
}

/// Tries a message again at `at`.
pub async fn defer(tx: &mut Tx<'_, Write>, due: &Due, at: Timestamp) -> Result<(), StoreError> {
    tx.write(&DEFER, &[&due.id, &due.attempts, &at]).await.map(drop)
}

/// Forgets failures, links, challenges, counts of messages, sessions and API keys that are past, a bounded number at a time. Tells whether there may be more.
pub async fn sweep(tx: &mut Tx<'_, Write>, now: Timestamp) -> Result<bool, StoreError> {
    let before = |wait: Duration| now.saturating_sub(wait).unwrap_or(Timestamp::MIN);
    let attempts = tx.write(&FORGET_ATTEMPTS, &[&before(crate::lockout::FORGOTTEN_AFTER)]).await?.len();
    let links = tx.write(&FORGET_LINKS, &[&before(Duration::ZERO)]).await?.len();
    let challenges = tx.write(&FORGET_CHALLENGES, &[&before(Duration::ZERO)]).await?.len();
    let counts = tx.write(&FORGET_COUNTS, &[&before(super::bound::DAY)]).await?.len();
    // What is told of a theft needs its session for a while.
    let sessions = tx.write(&FORGET_SESSIONS, &[&before(Duration::from_hours(30 * 24))]).await?.len();
    // Its owner finds a key in the list for a while after it ended.
    let keys = tx.write(&FORGET_KEYS, &[&before(Duration::from_hours(90 * 24))]).await?.len();
    Ok([attempts, links, challenges, counts, sessions, keys].contains(&FORGOTTEN_AT_ONCE))
}

fn read(row: &Row) -> Result<Due, StoreError> {
    Ok(Due {
        id: row.try_get(0)?,
        kind: row.try_get(1)?,
        recipient: row.try_get(2)?,
        name: row.try_get(3)?,
        link: row.try_get::<Option<Uuid>>(4)?.map(LinkId::from),
        attempts: row.try_get(5)?,
        created_at: row.try_get(6)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_tried_for_three_days_ever_more_rarely() {
        let start = Timestamp::UNIX_EPOCH;
        let due = |attempts| Due {
            id: Uuid::nil(),
            kind: "reset".into(),
            recipient: None,
            name: String::new(),
            link: None,
            attempts,
            created_at: start,
        };
        let seconds: Vec<_> = [0, 1, 2, 7, 8, i32::MAX].map(|n| due(n).again(start).unwrap().as_second()).into();
        assert_eq!(seconds, [30, 60, 120, 3_840, 3_840, 3_840]);
        assert_eq!(due(1).again(start + TRIED_FOR), None);
    }
}
