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
/// How many are written in one turn.
const MOST_AT_ONCE: usize = 512;
/// How many tenants are written at a time, each in a transaction of its own.
const TENANTS_AT_ONCE: usize = 4;

/// What waits to be written.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    waiting: Vec<Waiting>,
    /// Whether somebody writes, and looks again when done.
    writing: bool,
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
            state.waiting.clear();
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
            if state.waiting.len() >= MOST_WAITING {
                return Err(StoreError::Busy);
            }
            state.waiting.push(Waiting { scope, circumstances, entries, done });
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
            let turn: Vec<Waiting> = {
                let mut state = self.ledger.state();
                if state.waiting.is_empty() {
                    state.writing = false;
                    return;
                }
                let most = state.waiting.len().min(MOST_AT_ONCE);
                state.waiting.drain(..most).collect()
            };
            let mut of_tenants = BTreeMap::<String, Vec<Waiting>>::new();
            for waiting in turn {
                of_tenants.entry(waiting.scope.tenant().to_owned()).or_default().push(waiting);
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
