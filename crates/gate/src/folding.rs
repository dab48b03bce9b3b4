//! Writing down what was folded: once a second, one transaction a tenant.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::json;
use wardgraph_audit::{APPEND, Batch, Circumstances, Entry, Folded, Refusal, Subject};
use wardgraph_kernel::{Actor, ActorType, AuditedRead, EventType, Outcome};
use wardgraph_store::{Plan, Role, Scope, StoreError};

use crate::Gate;

impl Gate {
    /// Writes down what was folded, every second until the task is dropped. What cannot be written is tried again, within the fold's bounds.
    pub async fn keep_records(self: Arc<Self>) {
        let mut second = tokio::time::interval(Duration::from_secs(1));
        loop {
            second.tick().await;
            if let Err(error) = self.record().await {
                tracing::warn!(%error, "refusals could not be written to the audit log; they are kept and tried again");
            }
            if let Err(error) = self.record_used_keys().await {
                tracing::warn!(%error, "it could not be noted when API keys were used last");
            }
            if let Err(error) = self.record_uses().await {
                tracing::warn!(%error, "it could not be noted when roles were used last");
            }
        }
    }

    /// Writes down what was folded so far.
    pub async fn record(&self) -> Result<(), StoreError> {
        let Folded { counts, overflow } = self.fold.drain();
        let mut by_tenant = BTreeMap::<_, Vec<_>>::new();
        for (refusal, times) in counts {
            by_tenant.entry(refusal.tenant.clone()).or_default().push((refusal, times));
        }
        if overflow > 0 {
            by_tenant.entry(None).or_default();
        }
        let (mut outcome, mut reachable) = (Ok(()), true);
        for (tenant, refusals) in by_tenant {
            let overflow = if tenant.is_none() { overflow } else { 0 };
            let written = if reachable {
                self.record_of(tenant.map_or(Scope::System, Scope::Tenant), &refusals, overflow).await
            } else {
                Err(StoreError::Busy)
            };
            if let Err(error) = written {
                for (refusal, times) in refusals {
                    self.fold.add_many(refusal, times);
                }
                self.fold.add_overflow(overflow);
                // What is refused to one tenant is still tried for the next; a database that is away is not asked again and again.
                reachable &= !matches!(error, StoreError::Unavailable(_) | StoreError::Busy | StoreError::Timeout);
                outcome = outcome.and(Err(error));
            }
        }
        outcome
    }

    async fn record_of(&self, scope: Scope, refusals: &[(Refusal, u64)], overflow: u64) -> Result<(), StoreError> {
        let mut batch = Batch::new(scope.tenant().to_owned(), self.parts.clock.now());
        for (refusal, times) in refusals {
            let actor = refusal.actor.clone().unwrap_or(Actor { kind: ActorType::User, id: "unknown".into() });
            let circumstances = Circumstances { actor, request_id: None, ip: Some(refusal.ip) };
            let outcome = if refusal.event_type == EventType::TokenAccepted { Outcome::Success } else { Outcome::Refused };
            let payload = json!({ "reason": refusal.reason, "count": times });
            let entry =
                Entry { event_type: refusal.event_type, subject: Some(Subject::endpoint(refusal.endpoint)), outcome, payload };
            batch.push(&circumstances, &*self.parts.chance, entry);
        }
        if overflow > 0 {
            let circumstances = Circumstances { actor: Actor::system("gate"), request_id: None, ip: None };
            let payload = json!({ "reason": "more kinds at once than are told apart", "count": overflow });
            let entry = Entry { event_type: EventType::AccessRefused, subject: None, outcome: Outcome::Refused, payload };
            batch.push(&circumstances, &*self.parts.chance, entry);
        }
        let unit = self.parts.store.unit::<AuditedRead>(Role::App, scope, Plan::Generic)?;
        unit.commit(&[(&APPEND, &batch.params())]).await
    }
}
