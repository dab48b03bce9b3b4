//! A unit of work in the caller's tenant: lends its transaction, and ends in a commit that names what happened, or not at all.

use std::fmt;

use serde_json::{Value, json};
use wardgraph_api::{Keep, Kept, Problem, ShownOnce};
use wardgraph_audit::{Circumstances, Entry, Logs, Subject, appends};
use wardgraph_kernel::{AuditedRead, Endpoint, EventType, Mode, Outcome, Read, TenantId, Write};
use wardgraph_store::{Scope, StoreError, Tx, Unit};

use crate::{
    Committed,
    admit::Admission,
    idempotency::{Erased, Key, Record},
};

/// A unit of work of endpoint `E`. Dropped without a commit, it is rolled back.
#[must_use = "work that is not committed is rolled back"]
pub struct Work<E: Endpoint> {
    unit: Unit,
    circumstances: Circumstances,
    tenant: TenantId,
    admission: Admission,
    entries: Vec<Entry>,
    /// What other tenants' logs are told.
    elsewhere: Vec<(String, Entry)>,
    /// What the subjects' events say besides; on the heap, as few say anything.
    told: Option<Box<Value>>,
    key: Option<Key>,
    endpoint: std::marker::PhantomData<fn() -> E>,
}

impl<E: Endpoint<Mode: Mode>> Work<E> {
    pub(crate) fn new(
        unit: Unit,
        circumstances: Circumstances,
        tenant: TenantId,
        admission: Admission,
        key: Option<Key>,
    ) -> Self {
        Self {
            unit,
            circumstances,
            tenant,
            admission,
            entries: Vec::new(),
            elsewhere: Vec::new(),
            told: None,
            key,
            endpoint: std::marker::PhantomData,
        }
    }

    /// Lends the transaction. The handle cannot outlive the work, and moving it moves no transaction.
    pub fn tx(&mut self) -> Tx<'_, <E::Mode as Mode>::Lent> {
        self.unit.tx()
    }

    /// Request event, subjects' events, what was noted, the idempotency record, and the withdrawal of those of what was erased, in one flight with
    /// `COMMIT`.
    async fn close(mut self, request: Entry, subjects: Vec<Entry>, record: Option<Record>) -> Result<(), StoreError> {
        // As of now, and not of when it began: whoever waited for a row stands behind whoever held it.
        let parts = &self.admission.gate.parts;
        let (mut logs, chance) = (Logs::new(parts.clock.now()), &*parts.chance);
        let erased = Erased::of(self.tenant.as_str(), &subjects.iter().chain(&self.entries))?;
        for entry in std::iter::once(request).chain(subjects).chain(self.entries) {
            logs.push(self.tenant.as_str(), &self.circumstances, chance, entry);
        }
        for (tenant, entry) in self.elsewhere {
            logs.push(&tenant, &self.circumstances, chance, entry);
        }
        let (events, record) = (logs.params(), record.as_ref().map(Record::params));
        let record = record.as_ref().map(|params| (Record::STATEMENT, params.as_slice()));
        let withheld = erased.as_ref().map(|erased| (erased.of_the_tenant(), erased.of_all()));
        let withheld = erased.iter().zip(&withheld).flat_map(|(erased, (own, all))| erased.withheld(own, all));
        let closing: Vec<_> = appends(&events).into_iter().chain(record).chain(withheld).collect();
        if erased.is_some() {
            // Others withhold the same answers, each in an order of its own.
            self.unit.keep_with_next();
        }
        self.unit.commit(&closing).await
    }

    fn request(&self, event_type: EventType, outcome: Outcome) -> Entry {
        Entry { event_type, subject: Some(Subject::endpoint(E::SPEC.id)), outcome, payload: self.admission.payload() }
    }

    /// Has on record that a request was answered as it was before, and nothing was done.
    pub(crate) async fn answered_again(self) -> Result<(), StoreError> {
        let mut request = self.request(EventType::RequestCommitted, Outcome::Success);
        if let Value::Object(payload) = &mut request.payload {
            payload.insert("replayed".to_owned(), true.into());
        }
        self.close(request, Vec::new(), None).await
    }
}

impl<E: Endpoint<Mode = Read>> Work<E> {
    /// Lends the transaction for one statement, with which it ends: the whole unit is one flight.
    pub fn once(&mut self) -> Tx<'_, Read> {
        self.unit.end_with_next();
        self.unit.tx()
    }
}

impl<E: Endpoint<Mode = Write>> Work<E> {
    /// Has something besides the subjects on record, with the commit.
    pub fn note(&mut self, event_type: EventType, outcome: Outcome, payload: Value) {
        let subject = Some(Subject::endpoint(E::SPEC.id));
        self.entries.push(Entry { event_type, subject, outcome, payload });
    }

    /// Has the subjects' events say more: what was there before, and what is after. Never a secret.
    pub fn explain(&mut self, payload: Value) {
        self.told = Some(Box::new(payload));
    }

    /// Commits what was done to `subject`, with its event and the request's.
    pub async fn commit(self, subject: impl Into<Subject>, output: E::Output) -> Result<Committed<E>, StoreError>
    where
        E::Output: Keep,
    {
        self.commit_all([subject.into()], output).await
    }

    /// Commits what was done to several subjects, with an event for each and the request's.
    pub async fn commit_all(
        self,
        subjects: impl IntoIterator<Item = Subject>,
        output: E::Output,
    ) -> Result<Committed<E>, StoreError>
    where
        E::Output: Keep,
    {
        let kept = if self.key.is_some() { Some(output.keep()) } else { None };
        self.commit_keeping(subjects, output, kept).await
    }

    /// Commits what was done to `subject`, and answers with a secret: whoever asks the same again is told that it was done.
    pub async fn commit_issued(self, subject: impl Into<Subject>, output: E::Output) -> Result<Committed<E>, StoreError>
    where
        E::Output: ShownOnce,
    {
        let kept = if self.key.is_some() { Some(Kept::withheld()) } else { None };
        self.commit_keeping([subject.into()], output, kept).await
    }

    async fn commit_keeping(
        mut self,
        subjects: impl IntoIterator<Item = Subject>,
        output: E::Output,
        kept: Option<Result<Kept, serde_json::Error>>,
    ) -> Result<Committed<E>, StoreError> {
        // The mode is `Write` exactly where the table names an event.
        let event_type = E::SPEC.event.unwrap_or(EventType::RequestCommitted);
        let told = self.told.take();
        let done = |subject| Entry {
            payload: told.as_deref().cloned().unwrap_or_else(|| json!({})),
            ..Entry::done(event_type, subject)
        };
        let subjects = subjects.into_iter().map(done).collect();
        let record = match self.key.take().zip(kept) {
            Some((key, kept)) => {
                let record = kept.and_then(|kept| Record::of(key, &self.tenant, event_type, kept, self.admission.now));
                Some(record.map_err(|error| StoreError::Unsafe(format!("an answer cannot be kept: {error}")))?)
            }
            None => None,
        };
        let request = self.request(EventType::RequestCommitted, Outcome::Success);
        self.close(request, subjects, record).await?;
        Ok(Committed::with(Ok(output)))
    }

    /// Has on record what the change took along: an edge that went with its node.
    pub fn changed(&mut self, event_type: EventType, subject: impl Into<Subject>) {
        self.entries.push(Entry::done(event_type, subject.into()));
    }

    /// The same, and says more about it: what was there before, and what is after. Never a secret, and never props.
    pub fn changed_telling(&mut self, event_type: EventType, subject: impl Into<Subject>, payload: Value) {
        self.entries.push(Entry::done(event_type, subject.into()).with(payload));
    }

    /// Has on record, in another tenant's log, what the change did there: for work under the administrator's role, which may.
    pub fn changed_in(&mut self, tenant: &TenantId, entry: Entry) {
        self.elsewhere.push((tenant.to_string(), entry));
    }

    /// Has something on record in the log of what is no tenant's: for work under the administrator's role, which may.
    pub fn changed_in_system(&mut self, entry: Entry) {
        self.elsewhere.push((Scope::System.tenant().to_owned(), entry));
    }

    /// Undoes what the domain did, keeps the transaction for counters and revocations, and commits the refusal.
    pub async fn undo(mut self) -> Result<Undone<E>, StoreError> {
        self.unit.undo().await?;
        self.entries.clear();
        self.elsewhere.clear();
        Ok(Undone { work: self })
    }

    /// Undoes what the domain did, and commits the refusal.
    pub async fn refuse(self, problem: Problem) -> Result<Committed<E>, StoreError> {
        self.undo().await?.refuse(problem).await
    }
}

impl<E: Endpoint<Mode = AuditedRead>> Work<E> {
    /// Commits that `subject` was read, before the answer goes out.
    pub async fn release(self, subject: impl Into<Subject>, output: E::Output) -> Result<Committed<E>, StoreError> {
        self.release_telling(subject, Value::Object(serde_json::Map::new()), output).await
    }

    /// The same, and says more about it.
    pub async fn release_telling(
        self,
        subject: impl Into<Subject>,
        payload: Value,
        output: E::Output,
    ) -> Result<Committed<E>, StoreError> {
        let event_type = E::SPEC.event.unwrap_or(EventType::RequestCommitted);
        let subjects = vec![Entry::done(event_type, subject.into()).with(payload)];
        let request = self.request(EventType::RequestCommitted, Outcome::Success);
        self.close(request, subjects, None).await?;
        Ok(Committed::with(Ok(output)))
    }

    /// Commits that nothing was there to be read.
    pub async fn release_nothing(self, problem: Problem) -> Result<Committed<E>, StoreError> {
        let request = self.request(EventType::RequestRefused, Outcome::Refused);
        self.close(request, Vec::new(), None).await?;
        Ok(Committed::with(Err(problem)))
    }
}

/// Work whose changes were undone: what is written now is kept together with the refusal.
#[must_use = "a refusal that is not committed is rolled back"]
pub struct Undone<E: Endpoint> {
    work: Work<E>,
}

impl<E: Endpoint<Mode = Write>> Undone<E> {
    /// Lends the transaction, for counters and revocations.
    pub fn tx(&mut self) -> Tx<'_, Write> {
        self.work.tx()
    }

    /// Has more on record than that the request was refused.
    pub fn note(&mut self, event_type: EventType, subject: Option<Subject>, payload: Value) {
        self.work.entries.push(Entry { event_type, subject, outcome: Outcome::Refused, payload });
    }

    /// Commits the refusal with its event.
    pub async fn refuse(self, problem: Problem) -> Result<Committed<E>, StoreError> {
        let request = self.work.request(EventType::RequestRefused, Outcome::Refused);
        self.work.close(request, Vec::new(), None).await?;
        Ok(Committed::with(Err(problem)))
    }
}

impl<E: Endpoint> fmt::Debug for Work<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work").field("endpoint", &E::SPEC.id).finish_non_exhaustive()
    }
}

impl<E: Endpoint> fmt::Debug for Undone<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Undone").field("endpoint", &E::SPEC.id).finish_non_exhaustive()
    }
}
