//! The pass of someone who is about to prove who they are: reaches identity tables and nothing else.

use std::{fmt, marker::PhantomData, net::IpAddr, sync::Arc};

use serde_json::Value;
use wardgraph_api::Problem;
use wardgraph_audit::{APPEND, Batch, Circumstances, Entry, Subject};
use wardgraph_kernel::{Actor, ActorType, Chance, Endpoint, EventType, Identity, Outcome, Read, TenantId, Timestamp};
use wardgraph_limits::Network;
use wardgraph_store::{Plan, Role, Scope, StoreError, Tx, Unit};
use wardgraph_tokens::{
    Once,
    dpop::{Proof, ProofError},
    spend,
};

use crate::{Browser, Committed, Look, admit::Admission, permit::no_browser, proof::Presented};

/// How much of what a program says of itself is kept, in characters.
const MOST_AGENT: usize = 200;

/// Leave to perform the ceremony of endpoint `E`: a login, a token request, a reset. Nobody is known yet.
#[must_use = "a ceremony that begins nothing answers nothing"]
pub struct Ceremony<E> {
    admission: Admission,
    agent: String,
    presented: Presented,
    endpoint: PhantomData<fn() -> E>,
}

impl<E: Endpoint> Ceremony<E> {
    pub(crate) fn new(admission: Admission, agent: &str, presented: Presented) -> Self {
        let agent = agent.chars().filter(|c| !c.is_control()).take(MOST_AGENT).collect();
        Self { admission, agent, presented, endpoint: PhantomData }
    }

    /// The proof of possession that the request brought, if it brought one, good for this endpoint and made lately. Whether it was used before is
    /// still to be asked: [`Ceremony::spend`].
    ///
    /// # Errors
    /// As [`ProofError`] says.
    pub fn proof(&self) -> Result<Option<Proof>, ProofError> {
        match &self.presented {
            Presented::Nothing => Ok(None),
            Presented::Muddled => Err(ProofError::Malformed),
            Presented::One { proof, path } => {
                let request = (self.admission.spec.method, path.as_ref());
                self.admission.gate.prove(proof, request, None, self.admission.now).map(Some)
            }
        }
    }

    pub(crate) const fn admission(&self) -> &Admission {
        &self.admission
    }

    pub(crate) fn into_admission(self) -> Admission {
        self.admission
    }

    pub(crate) fn vouched(&self, body: &[u8]) -> Result<(), Problem> {
        self.admission.vouched(body)
    }

    /// Which browser asks.
    ///
    /// # Errors
    /// Where the endpoint is no page.
    pub fn browser(&self) -> Result<Arc<Browser>, Problem> {
        self.admission.browser.clone().ok_or_else(no_browser)
    }

    /// Uses proofs and assertions up, on all servers together and whatever becomes of the request. False if one was used before.
    pub async fn spend(&self, once: &[Once]) -> Result<bool, StoreError> {
        if once.is_empty() {
            return Ok(true);
        }
        let mut unit = self.admission.gate.parts.store.unit::<Identity>(Role::Identity, Scope::System, Plan::Generic)?;
        let new = spend(&mut unit.tx::<Identity>(), once).await?;
        unit.commit(&[]).await?;
        Ok(new)
    }

    /// The time of the request.
    pub const fn now(&self) -> Timestamp {
        self.admission.now
    }

    /// Chance, for ids and secrets.
    pub fn chance(&self) -> Arc<dyn Chance> {
        self.admission.gate.parts.chance.clone()
    }

    /// Where the request came from.
    pub const fn ip(&self) -> IpAddr {
        self.admission.ip
    }

    /// The network that the request came from, as rows spell it.
    pub fn network(&self) -> String {
        Network::of(self.admission.ip).to_string()
    }

    /// What the program says of itself: `User-Agent`, shortened.
    pub fn agent(&self) -> &str {
        &self.agent
    }

    /// A look at identity tables, before the unit of work begins.
    pub fn look(&self) -> Result<Look<Identity>, StoreError> {
        let unit = self.admission.gate.parts.store.unit::<Read>(Role::Identity, Scope::System, Plan::Generic)?;
        Ok(Look::new(unit))
    }

    /// Begins the unit of work, in identity tables.
    pub fn begin(self) -> Result<CeremonyWork<E>, StoreError> {
        let unit = self.admission.gate.parts.store.unit::<Identity>(Role::Identity, Scope::System, Plan::Generic)?;
        Ok(CeremonyWork { unit, admission: self.admission, entries: Vec::new(), endpoint: PhantomData })
    }
}

/// Whom a ceremony turned out to be about.
#[derive(Debug, Clone)]
pub struct Proven {
    /// Who acts.
    pub actor: Actor,
    /// Whose log tells of it; the system's if it is nobody's.
    pub tenant: Option<TenantId>,
}

impl From<Actor> for Proven {
    fn from(actor: Actor) -> Self {
        Self { actor, tenant: None }
    }
}

impl Proven {
    /// Nobody that is known.
    pub fn nobody() -> Self {
        Actor { kind: ActorType::User, id: "unknown".into() }.into()
    }
}

/// A ceremony's unit of work. Both its ends commit: with what was proven, or with the refusal alone.
#[must_use = "work that is not committed is rolled back"]
pub struct CeremonyWork<E> {
    unit: Unit,
    admission: Admission,
    entries: Vec<Entry>,
    endpoint: PhantomData<fn() -> E>,
}

impl<E: Endpoint> CeremonyWork<E> {
    pub(crate) const fn admission(&self) -> &Admission {
        &self.admission
    }

    /// Lends the transaction: identity tables and nothing else.
    pub fn tx(&mut self) -> Tx<'_, Identity> {
        self.unit.tx()
    }

    /// Has on record what the ceremony did to `subject`: what the table says, unless it is something else.
    pub fn note(&mut self, event_type: EventType, subject: Option<Subject>, outcome: Outcome, payload: Value) {
        self.entries.push(Entry { event_type, subject, outcome, payload });
    }

    /// Commits, now that it is known whom it was about.
    pub async fn commit(self, who: impl Into<Proven>, output: E::Output) -> Result<Committed<E>, StoreError> {
        self.close(who.into(), EventType::RequestCommitted, Outcome::Success).await?;
        Ok(Committed::with(Ok(output)))
    }

    /// Has what was done so far stay, and the rows that it holds held, whatever is undone later: a try that is counted before it is judged, so that
    /// tries which are made at once are judged one after another.
    pub async fn keep(&mut self) -> Result<(), StoreError> {
        self.unit.keep().await
    }

    /// Undoes what was done so far, or since [`CeremonyWork::keep`], and keeps the transaction for counters and revocations.
    pub async fn undo(mut self) -> Result<UndoneCeremony<E>, StoreError> {
        self.unit.undo().await?;
        self.entries.clear();
        Ok(UndoneCeremony { work: self })
    }

    /// Undoes what was done so far, and commits the refusal.
    pub async fn refuse(self, problem: Problem) -> Result<Committed<E>, StoreError> {
        self.undo().await?.refuse(problem).await
    }

    async fn close(mut self, who: Proven, event_type: EventType, outcome: Outcome) -> Result<(), StoreError> {
        let circumstances =
            Circumstances { actor: who.actor, request_id: Some(self.admission.request_id), ip: Some(self.admission.ip) };
        let request =
            Entry { event_type, subject: Some(Subject::endpoint(E::SPEC.id)), outcome, payload: self.admission.payload() };
        let log = who.tenant.map_or(Scope::System, Scope::Tenant);
        let mut batch = Batch::new(log.tenant().to_owned(), self.admission.gate.parts.clock.now());
        for entry in std::iter::once(request).chain(self.entries) {
            batch.push(&circumstances, &*self.admission.gate.parts.chance, entry);
        }
        if log != Scope::System {
            self.unit.rebind(log);
        }
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

    /// Has more on record than that the request was refused.
    pub fn note(&mut self, event_type: EventType, subject: Option<Subject>, outcome: Outcome, payload: Value) {
        self.work.note(event_type, subject, outcome, payload);
    }

    /// Commits the refusal with its event.
    pub async fn refuse(self, problem: Problem) -> Result<Committed<E>, StoreError> {
        self.refuse_as(Proven::nobody(), problem).await
    }

    /// Commits the refusal of somebody who is known.
    pub async fn refuse_as(self, who: Proven, problem: Problem) -> Result<Committed<E>, StoreError> {
        self.work.close(who, EventType::RequestRefused, Outcome::Refused).await?;
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
