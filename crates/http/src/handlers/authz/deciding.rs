//! Whom decisions are about, what their roles come to, and what that says of a question.

use std::sync::Arc;

use uuid::Uuid;
use wardgraph_access::{Held, Matcher, Name, Need, On, Question};
use wardgraph_api::wire::authzen::{Decision, DecisionAction, DecisionContext, DecisionResource, DecisionSubject};
use wardgraph_gate::{Others, Permit, Tx};
use wardgraph_identity::Address;
use wardgraph_kernel::{ClientId, Endpoint, Holder, Permission, Read, TenantId, Timestamp, UserId};
use wardgraph_organizations::{held, subjects};

use crate::Failure;

/// Everything else than a member or a client of the caller's organization is nobody: no answer tells whether it is there.
const NOBODY: &str = "the subject is not known in the organization";
const NO_PERMISSION: &str = "there is no such permission";

/// The types of subjects.
pub(super) const USER: &str = "user";
pub(super) const IDENTITY: &str = "identity";
pub(super) const CLIENT: &str = "client";

/// Somebody who is asked about, and what their roles come to.
#[derive(Debug, Clone)]
pub(super) struct Asker {
    pub(super) holder: Holder,
    pub(super) matcher: Arc<Matcher>,
}

/// Somebody who is asked about, and what the call's own transaction says that they hold.
#[derive(Debug, Clone)]
pub(super) struct Somebody {
    pub(super) holder: Holder,
    pub(super) held: Held,
    pub(super) roles_version: i64,
}

/// What decisions are made of.
#[derive(Debug)]
pub(super) struct Deciding {
    organization: TenantId,
    now: Timestamp,
    others: Others,
}

/// The name of a resource, as the gate would read it from a path.
#[derive(Debug)]
pub(super) struct Named(Option<String>);

impl Asker {
    pub(super) fn user(&self) -> Option<UserId> {
        match &self.holder {
            Holder::User(id) => Some(*id),
            Holder::Client(_) => None,
        }
    }

    /// Whether they may.
    pub(super) fn may(&self, permission: Permission, on: On<'_>) -> bool {
        self.matcher.allows(&Question { permission, on, user: self.user() }, &[])
    }

    fn decide(&self, permission: Permission, on: On<'_>) -> Decision {
        let question = Question { permission, on, user: self.user() };
        if self.matcher.allows(&question, &[]) {
            return Decision { decision: true, context: None };
        }
        let why = self.matcher.explain(&question, &[]);
        let reason =
            if why.denied_by.is_empty() { "no role of the subject's allows it" } else { "a role of the subject's denies it" };
        let needs = why.needs.into_iter().filter_map(|need| match need {
            Need::Rule(rule) => Some(rule),
            Need::NoDeny | Need::Scope { .. } => None,
        });
        refused_for(reason, needs.collect())
    }
}

impl Named {
    /// What is no name asks for all that there are: it allows nothing that the name would not.
    pub(super) fn of(id: Option<&str>) -> Self {
        Self(id.and_then(|text| match Uuid::try_parse(text) {
            Ok(id) => Some(id.hyphenated().to_string()),
            Err(_) => Name::read(text).is_ok().then(|| text.to_owned()),
        }))
    }

    pub(super) fn on(&self) -> On<'_> {
        self.0.as_deref().and_then(|text| Name::read(text).ok()).map_or(On::All, On::Named)
    }
}

impl Deciding {
    pub(super) fn of<E: Endpoint>(permit: &Permit<E>) -> Self {
        Self { organization: permit.tenant().clone(), now: permit.now(), others: permit.others() }
    }

    /// A holder and what they hold; `None` for whoever holds nothing here.
    pub(super) async fn holder(&self, tx: &mut Tx<'_, Read>, holder: Holder) -> Result<Option<Somebody>, Failure> {
        let standing = held::standing(tx, &self.organization, &holder, self.now).await?;
        Ok(standing.map(|standing| Somebody { holder, held: standing.held, roles_version: standing.roles_version }))
    }

    /// Whom a question is about.
    pub(super) async fn subject(&self, tx: &mut Tx<'_, Read>, subject: &DecisionSubject) -> Result<Option<Somebody>, Failure> {
        let holder = match (subject.kind.as_str(), subject.id.as_deref()) {
            (USER, Some(id)) => Uuid::try_parse(id).ok().map(|id| Holder::User(id.into())),
            (CLIENT, Some(id)) => ClientId::parse(id).map(Holder::Client),
            (IDENTITY, Some(address)) => match Address::parse(address) {
                Some(address) => subjects::by_address(tx, &self.organization, address.as_str()).await?.map(Holder::User),
                None => None,
            },
            _ => None,
        };
        match holder {
            Some(holder) => self.holder(tx, holder).await,
            None => Ok(None),
        }
    }

    /// What the roles of somebody come to. Asked once the transaction has ended, as it may take its time.
    pub(super) async fn asker(&self, somebody: Somebody) -> Result<Asker, Failure> {
        let matcher = self.others.matcher(&somebody.held, somebody.roles_version).await?;
        Ok(Asker { holder: somebody.holder, matcher })
    }
}

/// Answers a question about somebody, or about nobody.
pub(super) fn decide(asker: Option<&Asker>, action: &DecisionAction, resource: &DecisionResource) -> Decision {
    let Some(asker) = asker else { return refused(NOBODY) };
    let Some(permission) = permission(&resource.kind, &action.name) else { return refused(NO_PERMISSION) };
    asker.decide(permission, Named::of(resource.id.as_deref()).on())
}

/// The permission that a type of resource and an action are the words of.
pub(super) fn permission(resource: &str, action: &str) -> Option<Permission> {
    Permission::ALL.iter().copied().find(|permission| permission.word().split_once(':') == Some((resource, action)))
}

fn refused(reason: &str) -> Decision {
    refused_for(reason, Vec::new())
}

fn refused_for(reason: &str, needs: Vec<String>) -> Decision {
    Decision { decision: false, context: Some(DecisionContext { reason: reason.to_owned(), needs }) }
}

/// Why a search finds nothing.
pub(super) fn nothing(reason: &str) -> DecisionContext {
    DecisionContext { reason: reason.to_owned(), needs: Vec::new() }
}

/// The same for somebody who is nobody here.
pub(super) fn nobody() -> DecisionContext {
    nothing(NOBODY)
}

/// The same for what is no permission.
pub(super) fn no_permission() -> DecisionContext {
    nothing(NO_PERMISSION)
}
