//! The organization's roles as they stand, and what they allow to those who were asked about so far.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use uuid::Uuid;
use wardgraph_access::{Held, Matcher, Name, Need, On, Question, Rulebook};
use wardgraph_api::wire::authzen::{Decision, DecisionAction, DecisionContext, DecisionResource, DecisionSubject};
use wardgraph_gate::Tx;
use wardgraph_identity::Address;
use wardgraph_kernel::{ClientId, Holder, Permission, Read, TenantId, Timestamp, UserId};
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

/// What decisions are made of.
#[derive(Debug)]
pub(super) struct Deciding {
    organization: TenantId,
    now: Timestamp,
    book: Rulebook,
    compiled: HashMap<Held, Arc<Matcher>>,
    known: HashMap<DecisionSubject, Option<Asker>>,
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
    /// Reads the organization's roles.
    pub(super) async fn open(tx: &mut Tx<'_, Read>, organization: &TenantId, now: Timestamp) -> Result<Self, Failure> {
        let book = held::rulebook(tx, organization).await?;
        Ok(Self { organization: organization.clone(), now, book, compiled: HashMap::new(), known: HashMap::new() })
    }

    /// What a set of roles comes to.
    pub(super) fn matcher(&mut self, held: &Held) -> Result<Arc<Matcher>, Failure> {
        match self.compiled.entry(held.clone()) {
            Entry::Occupied(known) => Ok(known.get().clone()),
            Entry::Vacant(room) => {
                let compiled = self.book.compile(held).map_err(wardgraph_organizations::OrganizationError::from)?;
                Ok(room.insert(Arc::new(compiled)).clone())
            }
        }
    }

    /// A holder and what they hold; `None` for whoever holds nothing here.
    pub(super) async fn holder(&mut self, tx: &mut Tx<'_, Read>, holder: Holder) -> Result<Option<Asker>, Failure> {
        let Some(standing) = held::standing(tx, &self.organization, &holder, self.now).await? else { return Ok(None) };
        Ok(Some(Asker { holder, matcher: self.matcher(&standing.held)? }))
    }

    /// Whom a question is about. Each is looked up once.
    pub(super) async fn subject(&mut self, tx: &mut Tx<'_, Read>, subject: &DecisionSubject) -> Result<Option<Asker>, Failure> {
        if let Some(known) = self.known.get(subject) {
            return Ok(known.clone());
        }
        let holder = match (subject.kind.as_str(), subject.id.as_deref()) {
            (USER, Some(id)) => Uuid::try_parse(id).ok().map(|id| Holder::User(id.into())),
            (CLIENT, Some(id)) => ClientId::parse(id).map(Holder::Client),
            (IDENTITY, Some(address)) => match Address::parse(address) {
                Some(address) => subjects::by_address(tx, &self.organization, address.as_str()).await?.map(Holder::User),
                None => None,
            },
            _ => None,
        };
        let found = match holder {
            Some(holder) => self.holder(tx, holder).await?,
            None => None,
        };
        self.known.insert(subject.clone(), found.clone());
        Ok(found)
    }

    /// How many subjects were asked about.
    pub(super) fn asked(&self) -> usize {
        self.known.len()
    }

    /// Answers a question.
    pub(super) async fn decide(
        &mut self,
        tx: &mut Tx<'_, Read>,
        subject: &DecisionSubject,
        action: &DecisionAction,
        resource: &DecisionResource,
    ) -> Result<Decision, Failure> {
        let Some(asker) = self.subject(tx, subject).await? else { return Ok(refused(NOBODY)) };
        let Some(permission) = permission(&resource.kind, &action.name) else { return Ok(refused(NO_PERMISSION)) };
        Ok(asker.decide(permission, Named::of(resource.id.as_deref()).on()))
    }
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
