//! Events that share a transaction: of many requests at once, one commit has all on record, and each of them waits for it.
//!
//! **Invariant:** nothing that is settled here is answered before its events are committed, whoever wrote them; and a client that leaves takes nobody
//! else's along (`what_many_clients_ask_at_once_is_on_record_before_it_is_answered`).

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{sync::oneshot, task::JoinSet};
use wardgraph_audit::{APPEND, Batch, Circumstances, Entry};
use wardgraph_kernel::AuditedRead;
use wardgraph_store::{Plan, Role, Scope, StoreError};

use crate::Gate;

/// How many requests may wait at once.
const MOST_WAITING: usize = 8_192;
/// How many of one tenant may, which are written in one transaction.
const MOST_OF_ONE: usize = 2_048;
/// How many tenants are written at a time, each in a transaction of its own.
const TENANTS_AT_ONCE: usize = 4;

/// What waits to be written.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    waiting: Waitings<Waiting>,
    /// Whether somebody writes, and looks again when done.
    writing: bool,
}

/// Who waits, by tenant: one that asks for much uses up its own places.
#[derive(Debug)]
struct Waitings<T> {
    of_tenants: BTreeMap<String, Vec<T>>,
    count: usize,
}

impl<T> Default for Waitings<T> {
    fn default() -> Self {
        Self { of_tenants: BTreeMap::new(), count: 0 }
    }
}

impl<T> Waitings<T> {
    /// Has one more wait, if there is a place.
    fn push(&mut self, tenant: &str, waiting: T) -> bool {
        let others = self.of_tenants.get(tenant).map_or(0, Vec::len);
        if self.count >= MOST_WAITING || others >= MOST_OF_ONE {
            return false;
        }
        self.count += 1;
        match self.of_tenants.get_mut(tenant) {
            Some(others) => others.push(waiting),
            None => drop(self.of_tenants.insert(tenant.to_owned(), vec![waiting])),
        }
        true
    }

    /// All that wait.
    fn take(&mut self) -> BTreeMap<String, Vec<T>> {
        std::mem::take(self).of_tenants
    }
}

/// The events of one request.
#[derive(Debug)]
struct Waiting {
    scope: Scope,
    circumstances: Circumstances,
    entries: Vec<Entry>,
    done: oneshot::Sender<bool>,
}

impl Ledger {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whoever writes. One that ends by a panic has nobody wait for it: the next request begins another.
struct Writer<'a>(&'a Gate);

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut state = self.0.ledger.state();
            state.writing = false;
            // Whoever waits is told by what is dropped with it.
            state.waiting.take();
        }
    }
}

impl Gate {
    /// Has events of a request on record together with those of others, and waits for the commit.
    pub(crate) async fn settle(
        self: &Arc<Self>,
        scope: Scope,
        circumstances: Circumstances,
        entries: Vec<Entry>,
    ) -> Result<(), StoreError> {
        let (done, written) = oneshot::channel();
        let begins = {
            let mut state = self.ledger.state();
            let tenant = scope.tenant().to_owned();
            if !state.waiting.push(&tenant, Waiting { scope, circumstances, entries, done }) {
                return Err(StoreError::Busy);
            }
            !std::mem::replace(&mut state.writing, true)
        };
        if begins {
            // A task of its own: whoever began it may leave.
            tokio::spawn(self.clone().write_all());
        }
        match written.await {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(StoreError::Unavailable("events could not be written".into())),
        }
    }

    /// Writes until nothing waits.
    async fn write_all(self: Arc<Self>) {
        let _writer = Writer(&self);
        loop {
            let mut of_tenants = {
                let mut state = self.ledger.state();
                let turn = state.waiting.take();
                state.writing = !turn.is_empty();
                turn
            };
            if of_tenants.is_empty() {
                return;
            }
            // One tenant's is written here, as it nearly always is.
            if of_tenants.len() == 1 {
                if let Some((_, together)) = of_tenants.pop_first() {
                    self.clone().write(together).await;
                }
                continue;
            }
            let mut writing = JoinSet::new();
            for together in of_tenants.into_values() {
                if writing.len() >= TENANTS_AT_ONCE {
                    writing.join_next().await;
                }
                writing.spawn(self.clone().write(together));
            }
            while writing.join_next().await.is_some() {}
        }
    }

    /// Writes what is of one tenant, and tells everybody.
    async fn write(self: Arc<Self>, together: Vec<Waiting>) {
        let Some(scope) = together.first().map(|first| first.scope.clone()) else { return };
        let mut batch = Batch::new(scope.tenant().to_owned(), self.parts.clock.now());
        let mut told = Vec::with_capacity(together.len());
        for waiting in together {
            for entry in waiting.entries {
                batch.push(&waiting.circumstances, &*self.parts.chance, entry);
            }
            told.push(waiting.done);
        }
        let written = async {
            let unit = self.parts.store.unit::<AuditedRead>(Role::App, scope, Plan::Generic)?;
            unit.commit(&[(&APPEND, &batch.params())]).await
        };
        let outcome = written.await;
        if let Err(error) = &outcome {
            tracing::warn!(%error, "events of clients could not be written: their requests are refused");
        }
        for done in told {
            // Whoever left does not hear it.
            let _ = done.send(outcome.is_ok());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_uses_up_its_own_places() {
        let mut waitings = Waitings::default();
        let admitted = (0..MOST_OF_ONE * 2).filter(|number| waitings.push("busy", *number)).count();
        assert_eq!(admitted, MOST_OF_ONE);
        assert!(waitings.push("quiet", 0));
        let turn = waitings.take();
        assert_eq!((turn["busy"].len(), turn["quiet"].len()), (MOST_OF_ONE, 1));
        assert!(waitings.push("busy", 0), "whoever is written makes place");
    }

    #[test]
    fn all_tenants_together_are_bounded() {
        let mut waitings = Waitings::default();
        let admitted = (0..MOST_WAITING * 2).filter(|number| waitings.push(&format!("t{number}"), *number)).count();
        assert_eq!(admitted, MOST_WAITING);
        assert_eq!(waitings.take().len(), MOST_WAITING);
    }
}
