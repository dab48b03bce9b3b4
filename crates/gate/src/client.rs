//! Clients of the OAuth server, as they are met: in memory, but for the first request of each.
//!
//! **Invariant:** what is remembered of a client that is changed is a second old at most (`a_client_that_is_changed_is_another_within_a_second_on_every_server`,
//! `clients_of_an_organization_that_is_no_more_are_nobody_within_a_second`).

use std::{net::IpAddr, sync::Arc, time::Duration};

use wardgraph_access::{On, Question};
use wardgraph_api::Problem;
use wardgraph_audit::{Circumstances, Entry, Subject};
use wardgraph_kernel::{
    ChangeKind, ClientId, Endpoint, EventType, Holder, Identity, Outcome, Permission, Permissions, Read, Spec, TenantId,
};
use wardgraph_limits::Decision;
use wardgraph_oauth::{
    Client, OAuthError,
    client::{self, document},
};
use wardgraph_shares::{Kept, Room, Shared};
use wardgraph_store::{Plan, Role, Scope, Store, StoreError};
use wardgraph_tokens::{Inspected, TokenError};

use crate::{Ceremony, CeremonyWork, Committed, Gate, Permit, Proven, admit::too_many};

/// How much memory is spent on clients, in bytes, and for how long one is remembered. An organization's have a quarter of it at most, and so have those
/// that are nobody's: whoever registers many large ones has their own looked up again and again.
const ROOM: Room = Room { all: 64 << 20, each: 16 << 20, kept: Kept::For(Duration::from_mins(10)) };

/// The clients that were met.
#[derive(Debug)]
pub(crate) struct ClientRing(Shared<ClientId, Client, Option<TenantId>>);

impl ClientRing {
    pub(crate) fn new() -> Self {
        let weigh = |client: &Client| u32::try_from(client.weight()).unwrap_or(u32::MAX);
        Self(Shared::new(ROOM, |_, client| client.organization.clone(), weigh))
    }
}

impl Gate {
    /// Counts a request of a client that was refused against the network that it came from. Being limited is no failure, and neither is what is a
    /// fault of ours.
    pub fn failed(&self, spec: &'static Spec, from: IpAddr, status: u16) {
        if spec.is_for_clients() && (400..500).contains(&status) && status != 429 {
            self.parts.limiter.charge_network(from, spec.limit, self.parts.clock.elapsed());
        }
    }

    /// What is remembered of a client, unless it was changed since.
    pub(crate) fn remembered(&self, id: &ClientId) -> Option<Arc<Client>> {
        let current = |client: &Arc<Client>| {
            !self.is_revoked(ChangeKind::ClientChanged, id.as_str(), client.generation)
                && !client
                    .organization
                    .as_ref()
                    .is_some_and(|home| self.is_revoked(ChangeKind::OrganizationEnded, home.as_str(), 0))
        };
        self.clients.0.get(id).filter(current)
    }

    /// A client, with no more than it may have by now.
    pub(crate) fn bound(&self, client: Client) -> Arc<Client> {
        Arc::new(client.within(&self.parts.registered_scopes))
    }

    /// Remembers a client.
    pub(crate) fn remember(&self, client: Client) -> Arc<Client> {
        let client = self.bound(client);
        self.clients.0.insert(client.id.clone(), client.clone());
        client
    }

    /// The client of this name, which asks itself; `from` is where it does. From where its organization lets nobody call it is nobody.
    pub(crate) async fn client(self: &Arc<Self>, id: &ClientId, from: IpAddr) -> Result<Option<Arc<Client>>, Problem> {
        let Some(found) = self.named_client(id, from).await? else { return Ok(None) };
        let premises = match &found.organization {
            Some(home) => self.premises(home).await?,
            None => None,
        };
        Ok(premises.is_none_or(|premises| premises.admits(from)).then_some(found))
    }

    /// The client of this name; `from` is where somebody else names it. Where that may be is for whoever they work for to say.
    pub(crate) async fn named_client(self: &Arc<Self>, id: &ClientId, from: IpAddr) -> Result<Option<Arc<Client>>, Problem> {
        self.fresh().await?;
        if document::is_address(id.as_str()) {
            return Box::pin(self.described(id, from)).await;
        }
        let found = if let Some(known) = self.remembered(id) {
            Some(known)
        } else {
            let found = Box::pin(look_up(&self.parts.store, id)).await;
            let found =
                found.map_err(|error| Problem::unavailable("clients cannot be looked up now").retry_after(2).inside(&error))?;
            found.map(|client| self.remember(client))
        };
        // Clients of an organization that was deleted are nobody.
        let Some(home) = found.as_ref().and_then(|client| client.organization.as_ref()) else { return Ok(found) };
        let is_deleted = self.is_deleted(home).await?;
        Ok(found.filter(|_| !is_deleted))
    }
}

pub(crate) async fn look_up(store: &Store, id: &ClientId) -> Result<Option<Client>, OAuthError> {
    let mut unit = store.unit::<Read>(Role::Identity, Scope::System, Plan::Generic)?;
    unit.end_with_next();
    client::find(&mut unit.tx::<Identity>(), id).await
}

impl<E: Endpoint> Ceremony<E> {
    /// The client of this name that asks, as it is registered now. Waits for nobody if it was met lately.
    ///
    /// # Errors
    /// 503 while that cannot be known.
    pub async fn client(&self, id: &ClientId) -> Result<Option<Arc<Client>>, Problem> {
        self.admission().gate.client(id, self.admission().ip).await
    }

    /// The same of one that a browser names, in which there is a person and not the client.
    ///
    /// # Errors
    /// As [`Self::client`].
    pub async fn named_client(&self, id: &ClientId) -> Result<Option<Arc<Client>>, Problem> {
        self.admission().gate.named_client(id, self.admission().ip).await
    }

    /// The most that a client holds in its organization on its own behalf, whatever its names and denies leave of it: for the scopes of its tokens, which
    /// only bound what is decided. Waits for nobody if it was met lately.
    ///
    /// # Errors
    /// 503 while that cannot be known.
    pub async fn held_by(&self, client: &Client) -> Result<Permissions, Problem> {
        let Some(home) = &client.organization else { return Ok(Permissions::NONE) };
        let (holder, now) = ((Holder::Client(client.id.clone()), client.generation), self.now());
        let roles = self.admission().gate.roles(home, holder, false, now).await?;
        let some = |permission: &Permission| {
            let question = Question { permission: *permission, on: On::Any, user: None };
            roles.as_ref().is_some_and(|roles| roles.matcher.allows(&question, &[]))
        };
        Ok(Permission::ALL.iter().copied().filter(some).collect())
    }

    /// Counts a request of a client that proved who it is.
    ///
    /// # Errors
    /// 429 when it asked too often.
    pub fn charge(&self, client: &Client) -> Result<(), Problem> {
        let parts = &self.admission().gate.parts;
        let decision = parts.limiter.charge_client(client.id.as_str(), E::SPEC.limit, parts.clock.elapsed());
        self.within(decision)
    }

    /// Counts a request of a client that proves nothing where it came from: nobody uses up what the client has elsewhere.
    ///
    /// # Errors
    /// 429 when it asked too often.
    pub fn charge_unproven(&self, client: &Client) -> Result<(), Problem> {
        let admission = self.admission();
        let parts = &admission.gate.parts;
        let elapsed = parts.clock.elapsed();
        self.within(parts.limiter.charge_unproven_client(client.id.as_str(), admission.ip, E::SPEC.limit, elapsed))
    }

    /// Counts a try in a client's name that failed, by whomever. The client itself is not kept out by it: what is right is never counted.
    ///
    /// # Errors
    /// 429 when too many failed.
    pub fn charge_failing(&self, name: &str) -> Result<(), Problem> {
        let parts = &self.admission().gate.parts;
        let decision = parts.limiter.charge_failing_client(name, E::SPEC.limit, parts.clock.elapsed());
        self.within(decision)
    }

    /// Counts a request to the network that it came from: of a client that anybody could be.
    ///
    /// # Errors
    /// 429 when too many came.
    pub fn charge_network(&self) -> Result<(), Problem> {
        let admission = self.admission();
        let parts = &admission.gate.parts;
        self.within(parts.limiter.charge_network(admission.ip, E::SPEC.limit, parts.clock.elapsed()))
    }

    /// Refuses what is too much, and has it on record.
    fn within(&self, decision: Decision) -> Result<(), Problem> {
        if decision.admitted {
            return Ok(());
        }
        let (problem, _) = *self.admission().refuse(None, "rate_limited", too_many(decision), Some(decision));
        Err(problem)
    }

    /// What a token of this server's own says, wherever it is good: for whoever is asked about it.
    ///
    /// # Errors
    /// In the inner result what is wrong with it, [`TokenError::Revoked`] included; 503 while that cannot be known.
    pub async fn inspect(&self, token: &str) -> Result<Result<Inspected, TokenError>, Problem> {
        let gate = &self.admission().gate;
        gate.fresh().await?;
        let inspected = match gate.parts.verifier.inspect(token, self.now()) {
            Ok(inspected) => inspected,
            Err(error) => return Ok(Err(error)),
        };
        let over = gate.watch.denies_token(&inspected.claims) || gate.is_deleted(&inspected.claims.tenant).await?;
        Ok(if over { Err(TokenError::Revoked) } else { Ok(inspected) })
    }

    /// Has what was done without a transaction on record, together with what others do at the same time, and answers once it is.
    pub async fn settle(
        self,
        who: impl Into<Proven>,
        entries: Vec<Entry>,
        output: E::Output,
    ) -> Result<Committed<E>, StoreError> {
        self.close(who.into(), EventType::RequestCommitted, Outcome::Success, entries).await?;
        Ok(Committed::with(Ok(output)))
    }

    /// Has a refusal on record, together with what others do at the same time, and answers once it is.
    pub async fn settle_refusal(
        self,
        who: impl Into<Proven>,
        entries: Vec<Entry>,
        problem: Problem,
    ) -> Result<Committed<E>, StoreError> {
        self.close(who.into(), EventType::RequestRefused, Outcome::Refused, entries).await?;
        Ok(Committed::with(Err(problem)))
    }

    async fn close(self, who: Proven, event_type: EventType, outcome: Outcome, entries: Vec<Entry>) -> Result<(), StoreError> {
        let admission = self.into_admission();
        let circumstances = Circumstances { actor: who.actor, request_id: Some(admission.request_id), ip: Some(admission.ip) };
        let request = Entry { event_type, subject: Some(Subject::endpoint(E::SPEC.id)), outcome, payload: admission.payload() };
        let scope = who.tenant.map_or(Scope::System, Scope::Tenant);
        admission.gate.settle(scope, circumstances, std::iter::once(request).chain(entries).collect()).await
    }
}

impl<E: Endpoint> CeremonyWork<E> {
    /// Counts what a client is to get of a person who is there and agreed. Whoever only names a client uses up nothing of it.
    ///
    /// # Errors
    /// 429 when it got too much.
    pub fn charge(&self, client: &Client) -> Result<(), Problem> {
        let parts = &self.admission().gate.parts;
        let decision = parts.limiter.charge_client(client.id.as_str(), E::SPEC.limit, parts.clock.elapsed());
        if decision.admitted { Ok(()) } else { Err(too_many(decision)) }
    }
}

impl<E: Endpoint> Permit<E> {
    /// Counts a request of a client with a person's leave, besides what it counts for the organization.
    ///
    /// # Errors
    /// 429 when it asked too often.
    pub fn charge(&self, client: &Client) -> Result<(), Problem> {
        let parts = &self.admission().gate.parts;
        let decision = parts.limiter.charge_client(client.id.as_str(), E::SPEC.limit, parts.clock.elapsed());
        if decision.admitted {
            return Ok(());
        }
        let (problem, _) = *self.admission().refuse(Some(self.caller()), "rate_limited", too_many(decision), Some(decision));
        Err(problem)
    }
}

impl<E: Endpoint<Mode = Read>> Ceremony<E> {
    /// Answers without a trace: nothing was changed, and nothing was tried in vain.
    pub fn answer(self, output: E::Output) -> Committed<E> {
        Committed::with(Ok(output))
    }

    /// Refuses, and has it on record like any refusal.
    pub fn refuse(self, reason: &'static str, problem: Problem) -> Committed<E> {
        let (problem, _) = *self.into_admission().refuse(None, reason, problem, None);
        Committed::with(Err(problem))
    }
}
