//! The pass of someone who is about to prove who they are: reaches identity tables and nothing else.

use std::{fmt, marker::PhantomData};

use wardgraph_api::Problem;
use wardgraph_audit::{APPEND, Batch, Circumstances, Entry, Subject};
use wardgraph_kernel::{Actor, ActorType, Endpoint, EventType, Identity, Outcome, Timestamp};
use wardgraph_store::{Plan, Role, Scope, StoreError, Tx, Unit};

use crate::{Committed, admit::Admission};

/// Leave to perform the ceremony of endpoint `E`: a login, a token request, a reset. Nobody is known yet.
#[must_use = "a ceremony that begins nothing answers nothing"]
pub struct Ceremony<E> {
    admission: Admission,
    endpoint: PhantomData<fn() -> E>,
}

impl<E: Endpoint> Ceremony<E> {
    pub(crate) const fn new(admission: Admission) -> Self {
        Self { admission, endpoint: PhantomData }
    }

    /// The time of the request.
    pub const fn now(&self) -> Timestamp {
        self.admission.now
    }

    /// Begins the unit of work, in identity tables.
    pub fn begin(self) -> Result<CeremonyWork<E>, StoreError> {
        let unit = self.admission.gate.parts.store.unit::<Identity>(Role::Identity, Scope::System, Plan::Auto)?;
        Ok(CeremonyWork { unit, admission: self.admission, endpoint: PhantomData })
    }
}

/// A ceremony's unit of work. Both its ends commit: with what was proven, or with the refusal alone.
#[must_use = "work that is not committed is rolled back"]
pub struct CeremonyWork<E> {
    unit: Unit,
    admission: Admission,
    endpoint: PhantomData<fn() -> E>,
}

impl<E: Endpoint> CeremonyWork<E> {
    /// Lends the transaction: identity tables and nothing else.
    pub fn tx(&mut self) -> Tx<'_, Identity> {
        self.unit.tx()
    }

    /// Commits, now that `actor` is known.
    pub async fn commit(self, actor: Actor, output: E::Output) -> Result<Committed<E>, StoreError> {
        self.close(actor, EventType::RequestCommitted, Outcome::Success).await?;
        Ok(Committed::with(Ok(output)))
    }

    /// Undoes what was done so far, and keeps the transaction for counters and revocations.
    pub async fn undo(mut self) -> Result<UndoneCeremony<E>, StoreError> {
        self.unit.undo().await?;
        Ok(UndoneCeremony { work: self })
    }

    /// Undoes what was done so far, and commits the refusal.
    pub async fn refuse(self, problem: Problem) -> Result<Committed<E>, StoreError> {
        self.undo().await?.refuse(problem).await
    }

    async fn close(self, actor: Actor, event_type: EventType, outcome: Outcome) -> Result<(), StoreError> {
        let circumstances = Circumstances { actor, request_id: Some(self.admission.request_id), ip: Some(self.admission.ip) };
        let entry =
            Entry { event_type, subject: Some(Subject::endpoint(E::SPEC.id)), outcome, payload: self.admission.payload() };
        let mut batch = Batch::new(Scope::System.tenant().to_owned(), self.admission.now);
        batch.push(&circumstances, &*self.admission.gate.parts.chance, entry);
        self.unit.commit(&[(&APPEND, &batch.params())]).await
    }
}

/// A ceremony whose changes were undone: what is written now is kept together with the refusal.
#[must_use = "a refusal that is not committed is rolled back"]
pub struct UndoneCeremony<E> {
    work: CeremonyWork<E>,
}

impl<E: Endpoint> UndoneCeremony<E> {
    /// Lends the transaction, for counters and revocations.
    pub fn tx(&mut self) -> Tx<'_, Identity> {
        self.work.tx()
    }

    /// Commits the refusal with its event.
    pub async fn refuse(self, problem: Problem) -> Result<Committed<E>, StoreError> {
        let stranger = Actor { kind: ActorType::User, id: "unknown".into() };
        self.work.close(stranger, EventType::RequestRefused, Outcome::Refused).await?;
        Ok(Committed::with(Err(problem)))
    }
}

impl<E: Endpoint> fmt::Debug for UndoneCeremony<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UndoneCeremony").field("endpoint", &E::SPEC.id).finish_non_exhaustive()
    }
}

impl<E: Endpoint> fmt::Debug for Ceremony<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ceremony").field("endpoint", &E::SPEC.id).finish_non_exhaustive()
    }
}

impl<E: Endpoint> fmt::Debug for CeremonyWork<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CeremonyWork").field("endpoint", &E::SPEC.id).finish_non_exhaustive()
    }
}
