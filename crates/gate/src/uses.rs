//! Which of what callers hold was used: noted at most once a minute for each permission of each holder, and written down together.

use std::{
    mem,
    sync::{Mutex, PoisonError},
};

use wardgraph_access::{Name, On, Question, RoleName};
use wardgraph_kernel::{Holder, Identity, Permission, Timestamp};
use wardgraph_organizations::used::{self, Used};
use wardgraph_store::{Plan, Role, Scope, StoreError};

use crate::{Authority, Gate, authority::Roles, resource::Resource};

/// How many uses wait to be written down.
const MOST: usize = 10_000;

/// What was used, and is not written down yet.
#[derive(Debug, Default)]
pub(crate) struct Uses(Mutex<Vec<Use>>);

#[derive(Debug)]
struct Use {
    roles: Roles,
    permission: Option<Permission>,
    name: Option<String>,
    at: Timestamp,
}

impl Use {
    /// The roles by which it was allowed. Whoever holds more that allow it than are told apart is taken to have used all that they hold: nobody loses
    /// what they may have used.
    fn by(&self) -> Vec<RoleName> {
        let Some(permission) = self.permission else { return Vec::new() };
        let user = match self.roles.known.holder() {
            Holder::User(id) => Some(*id),
            Holder::Client(_) => None,
        };
        let on = self.name.as_deref().and_then(|text| Name::read(text).ok()).map_or(On::All, On::Named);
        let explained = self.roles.matcher.explain(&Question { permission, on, user }, &[]);
        if explained.is_shortened {
            return self.roles.known.roles().cloned().collect();
        }
        explained.allowed_by.iter().flat_map(|source| source.through.iter().cloned()).collect()
    }
}

impl Gate {
    /// Notes that a caller was let in by what they hold.
    pub(crate) fn note_use(&self, authority: &Authority, permission: Option<Permission>, resource: Resource, now: Timestamp) {
        let Some(roles) = authority.roles().filter(|roles| roles.known.is_used(permission, now)) else { return };
        let mut uses = self.uses.0.lock().unwrap_or_else(PoisonError::into_inner);
        // When more is used at once than this, some seems to have been used earlier than it was.
        if uses.len() < MOST {
            uses.push(Use { roles: roles.clone(), permission, name: resource.into_name(), at: now });
        }
    }

    /// Writes down what was used. What cannot be written is lost: it would be a minute newer than what is known.
    pub(crate) async fn record_uses(&self) -> Result<(), StoreError> {
        let uses = mem::take(&mut *self.uses.0.lock().unwrap_or_else(PoisonError::into_inner));
        if uses.is_empty() {
            return Ok(());
        }
        let mut all = Used::default();
        for one in uses {
            let known = &one.roles.known;
            all.note(known.tenant(), known.holder(), one.by(), one.at);
            // Every rule was read: whoever waits for this thread goes first.
            tokio::task::yield_now().await;
        }
        let mut unit = self.parts.store.unit::<Identity>(Role::Identity, Scope::System, Plan::Generic)?;
        used::record(&mut unit.tx::<Identity>(), &all).await?;
        unit.commit(&[]).await
    }
}
