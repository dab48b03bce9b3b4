//! What every server must know within a second: what was taken back, and with which keys this server signs.
//!
//! **Invariant:** no token of this server's own is believed on knowledge that is over a second old: calls ask for themselves then, or are told 503
//! (`who_cannot_hear_of_revocations_believes_no_own_token`). What was heard is consulted after the cache of verified tokens, at every call.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use tokio::sync::Mutex;
use wardgraph_kernel::{Change, ChangeKind, Clock, Read, Timestamp};
use wardgraph_store::{
    Plan, Role, Scope, Store,
    changes::{self, Since},
};
use wardgraph_tokens::{Ancestor, Claims, OwnIssuer, OwnKeyError};

/// How often a server asks.
pub(crate) const EVERY: Duration = Duration::from_millis(250);
/// How old knowledge may be.
const FRESH_FOR: Duration = Duration::from_secs(1);

/// What was heard.
#[derive(Debug)]
pub(crate) struct Watch {
    deny: ArcSwap<DenySet>,
    /// When the last good poll began, by the clock that never goes back, in nanoseconds and one; 0 before the first.
    heard_at: AtomicU64,
    attempts: AtomicU64,
    poll: Mutex<Poll>,
}

/// What only one poll at a time looks at.
#[derive(Debug)]
struct Poll {
    since: Since,
    /// The keys at hand are those of the database, as far as was heard.
    keys_are_current: bool,
}

/// What was taken back: by kind and id, with a generation where the kind has one, until it expires by itself.
#[derive(Debug, Default, Clone)]
struct DenySet(HashMap<ChangeKind, HashMap<Box<str>, Denied>>);

#[derive(Debug, Clone, Copy)]
struct Denied {
    number: i64,
    until: Timestamp,
}

impl DenySet {
    fn denies(&self, kind: ChangeKind, subject: &str, number: i64) -> bool {
        // Most of the time nothing of a kind is taken back, and nothing is hashed.
        let denied = self.0.get(&kind).filter(|of_kind| !of_kind.is_empty()).and_then(|of_kind| of_kind.get(subject));
        denied.is_some_and(|denied| !kind.has_generations() || number < denied.number)
    }

    /// Whether a token was taken back that another one came of.
    fn denies_ancestor(&self, token: &Ancestor) -> bool {
        let ends = token.session.iter().chain(&token.agreement);
        ends.into_iter().any(|id| self.denies(ChangeKind::SessionEnded, id, 0))
            || self.denies(ChangeKind::UserGeneration, &token.subject, token.generation)
            || self.denies(ChangeKind::ClientTokens, &token.client_id, token.client_generation)
            || self.denies(ChangeKind::TokenRevoked, &token.token_id, 0)
    }

    /// Adds what is new. Changes are heard in no order, and more than once.
    fn add(&mut self, change: &Change) -> bool {
        let of_kind = self.0.entry(change.kind).or_default();
        let known = of_kind.get(change.subject.as_str()).copied();
        let denied = Denied {
            number: known.map_or(change.number, |known| known.number.max(change.number)),
            until: known.map_or(change.until, |known| known.until.max(change.until)),
        };
        let new = known.is_none_or(|known| (known.number, known.until) != (denied.number, denied.until));
        if new {
            of_kind.insert(change.subject.as_str().into(), denied);
        }
        new
    }

    fn has_expired(&self, now: Timestamp) -> bool {
        self.0.values().flat_map(HashMap::values).any(|denied| denied.until <= now)
    }

    /// Forgets what has expired by itself. True if anything had.
    fn forget(&mut self, now: Timestamp) -> bool {
        let expired = self.has_expired(now);
        self.0.values_mut().for_each(|of_kind| of_kind.retain(|_, denied| denied.until > now));
        expired
    }
}

impl Watch {
    pub(crate) fn new() -> Self {
        let poll = Poll { since: Since::beginning(), keys_are_current: false };
        Self { deny: ArcSwap::default(), heard_at: AtomicU64::new(0), attempts: AtomicU64::new(0), poll: Mutex::new(poll) }
    }

    /// Whether a token of this server's own was taken back.
    pub(crate) fn denies_token(&self, claims: &Claims) -> bool {
        let Some(own) = &claims.own else { return false };
        let deny = self.deny.load();
        own.session.as_deref().is_some_and(|id| deny.denies(ChangeKind::SessionEnded, id, 0))
            || deny.denies(ChangeKind::UserGeneration, &claims.subject, own.generation)
            || deny.denies(ChangeKind::ClientTokens, &own.client_id, own.client_generation)
            || claims.token_id.as_deref().is_some_and(|id| deny.denies(ChangeKind::TokenRevoked, id, 0))
            // What a person agreed to ends as a session does.
            || own.chain().agreement.as_deref().is_some_and(|id| deny.denies(ChangeKind::SessionEnded, id, 0))
            || own.chain().ancestors.iter().any(|token| deny.denies_ancestor(token))
            || deny.denies(ChangeKind::OrganizationEnded, claims.tenant.as_str(), 0)
    }

    pub(crate) fn denies(&self, kind: ChangeKind, subject: &str, number: i64) -> bool {
        self.deny.load().denies(kind, subject, number)
    }

    pub(crate) fn is_fresh(&self, clock: &dyn Clock) -> bool {
        let heard_at = self.heard_at.load(Ordering::Acquire);
        heard_at > 0 && clock.elapsed().saturating_sub(Duration::from_nanos(heard_at - 1)) <= FRESH_FOR
    }

    /// Asks, unless somebody else's asking has just brought an answer: of many callers at once, one asks for all.
    pub(crate) async fn freshen(&self, store: &Store, issuer: &OwnIssuer, clock: &dyn Clock) -> Result<(), OwnKeyError> {
        let attempts = self.attempts.load(Ordering::Acquire);
        let mut poll = self.poll.lock().await;
        if self.is_fresh(clock) {
            return Ok(());
        }
        if self.attempts.load(Ordering::Acquire) != attempts {
            return Err(wardgraph_store::StoreError::Unavailable("another call has just asked in vain".into()).into());
        }
        self.ask(&mut poll, store, issuer, clock).await
    }

    /// Asks what changed since it was asked last, and takes it in.
    pub(crate) async fn hear(&self, store: &Store, issuer: &OwnIssuer, clock: &dyn Clock) -> Result<(), OwnKeyError> {
        self.ask(&mut *self.poll.lock().await, store, issuer, clock).await
    }

    async fn ask(&self, poll: &mut Poll, store: &Store, issuer: &OwnIssuer, clock: &dyn Clock) -> Result<(), OwnKeyError> {
        let began = clock.elapsed();
        // A change that was not heard in time may be forgotten already: whoever was away looks for himself.
        poll.keys_are_current &= self.is_fresh(clock);
        let outcome = self.take_in(poll, store, issuer, clock.now()).await;
        self.attempts.fetch_add(1, Ordering::Release);
        if outcome.is_ok() {
            let nanos = u64::try_from(began.as_nanos()).unwrap_or(u64::MAX - 1);
            self.heard_at.store(nanos.saturating_add(1), Ordering::Release);
        }
        outcome
    }

    async fn take_in(&self, poll: &mut Poll, store: &Store, issuer: &OwnIssuer, now: Timestamp) -> Result<(), OwnKeyError> {
        let (mut from, mut next_poll) = (poll.since.clone(), None);
        loop {
            // The worker's role: neither a flood of requests nor one of logins takes its connections.
            let mut unit = store.unit::<Read>(Role::Worker, Scope::Nobody, Plan::Generic)?;
            unit.end_with_next();
            let (heard, began) = changes::poll(&mut unit.tx::<Read>(), &from, now).await?;
            if next_poll.is_none() && began.is_before(&from) {
                // Another Postgres than before, which has seen fewer transactions: nothing that was heard says where it stands.
                (from, poll.keys_are_current) = (Since::beginning(), false);
                continue;
            }
            next_poll.get_or_insert(began);
            self.take(&heard.changes, poll, now);
            if !heard.more {
                break;
            }
            from = heard.next;
        }
        if !poll.keys_are_current {
            let mut unit = store.unit::<Read>(Role::Worker, Scope::System, Plan::Generic)?;
            issuer.load(&mut unit.tx::<Read>(), now).await?;
            unit.commit(&[]).await?;
            poll.keys_are_current = true;
        }
        poll.since = next_poll.unwrap_or(from);
        Ok(())
    }

    fn take(&self, changes: &[Change], poll: &mut Poll, now: Timestamp) {
        poll.keys_are_current &= changes.iter().all(|change| change.kind != ChangeKind::SigningKeys);
        let known = self.deny.load();
        let revocations: Vec<_> = changes.iter().filter(|change| change.kind != ChangeKind::SigningKeys).collect();
        if revocations.is_empty() && !known.has_expired(now) {
            return;
        }
        let mut deny = DenySet::clone(&known);
        let added = revocations.into_iter().filter(|change| deny.add(change)).count();
        if deny.forget(now) || added > 0 {
            self.deny.store(Arc::new(deny));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn change(kind: ChangeKind, subject: &str, number: i64, until: i64) -> Change {
        Change { kind, subject: subject.to_owned(), number, until: at(until) }
    }

    #[test]
    fn what_was_taken_back_is_denied_by_its_kind_and_id_alone() {
        let mut deny = DenySet::default();
        assert!(!deny.denies(ChangeKind::SessionEnded, "a", 0));
        assert!(deny.add(&change(ChangeKind::SessionEnded, "a", 0, 10)));
        assert!(deny.denies(ChangeKind::SessionEnded, "a", 0));
        for (kind, id) in [(ChangeKind::SessionEnded, "b"), (ChangeKind::TokenRevoked, "a"), (ChangeKind::UserGeneration, "a")] {
            assert!(!deny.denies(kind, id, 0), "{kind:?} {id}");
        }
    }

    #[test]
    fn a_generation_denies_those_before_it_in_whatever_order_they_are_heard() {
        let mut deny = DenySet::default();
        for generation in [3, 1, 2] {
            deny.add(&change(ChangeKind::UserGeneration, "u", generation, 10));
        }
        let denied: Vec<_> = (0..5).map(|generation| deny.denies(ChangeKind::UserGeneration, "u", generation)).collect();
        assert_eq!(denied, [true, true, true, false, false]);
    }

    #[test]
    fn what_is_heard_twice_is_nothing_new() {
        let mut deny = DenySet::default();
        let change = change(ChangeKind::SessionEnded, "a", 0, 10);
        assert_eq!([deny.add(&change), deny.add(&change)], [true, false]);
    }

    #[test]
    fn what_expired_by_itself_is_forgotten() {
        let mut deny = DenySet::default();
        deny.add(&change(ChangeKind::SessionEnded, "a", 0, 10));
        deny.add(&change(ChangeKind::SessionEnded, "b", 0, 20));
        assert_eq!([deny.forget(at(9)), deny.forget(at(10))], [false, true]);
        assert!(!deny.denies(ChangeKind::SessionEnded, "a", 0) && deny.denies(ChangeKind::SessionEnded, "b", 0));
    }
}
