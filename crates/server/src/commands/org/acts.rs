//! What the commands do, each in a transaction with its event: with an organization and its members as those do who see to it, and across organizations as
//! an administrator does.

use std::time::Duration;

use serde_json::{Value, json};
use wardgraph_api::{validate::Faults, wire::organization::NewOrganization};
use wardgraph_audit::Entry;
use wardgraph_gate::{SystemParts, SystemWork};
use wardgraph_kernel::{Cursor, EventType, OrganizationRole, PageSize, TenantId, UserId, Write};
use wardgraph_organizations::{
    Giver,
    members::{self, HandedOver, Member},
    organization::{self, Changed, Listed, Organization, Settings},
};

use crate::wire::StartError;

/// What the commands work with.
pub(super) struct Desk {
    pub(super) parts: SystemParts,
    pub(super) grace: Duration,
}

impl Desk {
    fn everywhere(&self, why: &'static str) -> Result<SystemWork<Write>, StartError> {
        Ok(self.parts.people(why)?)
    }

    fn in_one(&self, why: &'static str, tenant: &TenantId) -> Result<SystemWork<Write>, StartError> {
        Ok(self.parts.organization(why, tenant.clone())?)
    }

    pub(super) async fn list(&self) -> Result<Vec<Listed>, StartError> {
        let size = PageSize::new(i64::from(PageSize::MAX)).unwrap_or_default();
        let (mut all, mut after): (Vec<Listed>, Option<Cursor>) = (Vec::new(), None);
        loop {
            let mut work = self.everywhere("org list")?;
            let page = organization::directory(&mut work.tx(), after, size).await?;
            work.commit(Vec::new()).await?;
            all.extend(page.items);
            after = page.next;
            if after.is_none() {
                return Ok(all);
            }
        }
    }

    pub(super) async fn show(&self, id: &str) -> Result<Organization, StartError> {
        let mut work = self.everywhere("org show")?;
        let found = organization::find(&mut work.tx(), id, None).await?;
        work.commit(Vec::new()).await?;
        Ok(found)
    }

    pub(super) async fn create(&self, name: &str, owner: UserId) -> Result<Organization, StartError> {
        let name = sound(name)?;
        let mut work = self.everywhere("org create")?;
        let now = work.now();
        let made = organization::make(&mut work.tx(), owner, &name, now, &*self.parts.chance).await?;
        let payload = json!({ "before": null, "after": { "name": made.name, "owner_id": owner } });
        work.changed_in(&made.id, Entry::done(EventType::OrganizationCreated, (&made.id).into()).with(payload));
        work.commit(Vec::new()).await?;
        Ok(made)
    }

    pub(super) async fn rename(&self, tenant: &TenantId, name: &str) -> Result<Organization, StartError> {
        let settings = Settings { name: Some(sound(name)?), ..Settings::default() };
        let mut work = self.in_one("org rename", tenant)?;
        let now = work.now();
        let changed = organization::change(&mut work.tx(), tenant.as_str(), None, settings, now).await?;
        let payload = json!({ "before": { "name": changed.before.name }, "after": { "name": changed.after.name } });
        finish(work, EventType::OrganizationUpdated, changed, payload).await
    }

    pub(super) async fn set_networks(&self, tenant: &TenantId, networks: Vec<String>) -> Result<Organization, StartError> {
        let settings = Settings { allowed_networks: Some(networks), ..Settings::default() };
        let mut work = self.in_one("org set", tenant)?;
        let now = work.now();
        let changed = organization::change(&mut work.tx(), tenant.as_str(), None, settings, now).await?;
        let state = |organization: &Organization| json!({ "allowed_networks": organization.settings.allowed_networks });
        let payload = json!({ "before": state(&changed.before), "after": state(&changed.after) });
        finish(work, EventType::OrganizationUpdated, changed, payload).await
    }

    pub(super) async fn delete(&self, tenant: &TenantId, confirm: &str) -> Result<Organization, StartError> {
        let mut work = self.in_one("org delete", tenant)?;
        let now = work.now();
        let changed = organization::delete(&mut work.tx(), tenant.as_str(), None, confirm, self.grace, now).await?;
        let payload = ended(&changed);
        finish(work, EventType::OrganizationDeleted, changed, payload).await
    }

    pub(super) async fn restore(&self, tenant: &TenantId) -> Result<Organization, StartError> {
        let mut work = self.in_one("org restore", tenant)?;
        let now = work.now();
        let changed = organization::restore(&mut work.tx(), tenant.as_str(), None, now).await?;
        let payload = ended(&changed);
        finish(work, EventType::OrganizationRestored, changed, payload).await
    }

    pub(super) async fn members(&self, id: &str) -> Result<Vec<Member>, StartError> {
        let size = PageSize::new(i64::from(PageSize::MAX)).unwrap_or_default();
        let (mut all, mut after): (Vec<Member>, Option<Cursor>) = (Vec::new(), None);
        loop {
            let mut work = self.everywhere("org members")?;
            organization::find(&mut work.tx(), id, None).await?;
            let page = members::list(&mut work.tx(), id, after, size).await?;
            work.commit(Vec::new()).await?;
            all.extend(page.items);
            after = page.next;
            if after.is_none() {
                return Ok(all);
            }
        }
    }

    pub(super) async fn remove(&self, tenant: &TenantId, user: UserId) -> Result<(), StartError> {
        let mut work = self.in_one("org remove", tenant)?;
        let now = work.now();
        let organization = wardgraph_organizations::Desk::open(&mut work.tx(), tenant, now).await?;
        let taken = members::remove(&mut work.tx(), &organization, &Giver::operator(), user).await?;
        let payload = json!({ "before": { "role": taken.member.role, "since": taken.member.since }, "after": null });
        let gone = Entry::done(EventType::MemberRemoved, user.into()).with(payload);
        let sessions = taken.sessions.into_iter().map(|id| Entry::done(EventType::SessionEnded, id.into()));
        let keys = taken.keys.into_iter().map(|id| Entry::done(EventType::ApiKeyRevoked, id.into()));
        let invitations = taken.invitations.into_iter().map(|id| Entry::done(EventType::InvitationWithdrawn, id.into()));
        Ok(work
            .commit(
                [gone]
                    .into_iter()
                    .chain(sessions)
                    .chain(keys)
                    .chain(invitations)
                    .chain(handed_over(tenant, taken.handed_over))
                    .collect(),
            )
            .await?)
    }

    pub(super) async fn set_role(
        &self,
        tenant: &TenantId,
        user: UserId,
        role: Option<OrganizationRole>,
    ) -> Result<Member, StartError> {
        let mut work = self.in_one("org set-role", tenant)?;
        let now = work.now();
        let organization = wardgraph_organizations::Desk::open(&mut work.tx(), tenant, now).await?;
        let changed = members::set_role(&mut work.tx(), &organization, &Giver::operator(), user, role).await?;
        let payload = json!({ "before": { "role": changed.before }, "after": { "role": changed.after.role } });
        let changed_role = Entry::done(EventType::MemberRoleChanged, user.into()).with(payload);
        work.commit([changed_role].into_iter().chain(handed_over(tenant, changed.handed_over)).collect()).await?;
        Ok(changed.after)
    }
}

/// Whose the organization is from now on, if that is another one.
fn handed_over(organization: &TenantId, handed_over: Option<HandedOver>) -> Option<Entry> {
    let (event_type, payload) = handed_over?.told();
    Some(Entry::done(event_type, organization.into()).with(payload))
}

async fn finish(
    work: SystemWork<Write>,
    event_type: EventType,
    changed: Changed,
    payload: Value,
) -> Result<Organization, StartError> {
    work.commit(vec![Entry::done(event_type, (&changed.after.id).into()).with(payload)]).await?;
    Ok(changed.after)
}

fn ended(changed: &Changed) -> Value {
    let state = |organization: &Organization| {
        let deleted = organization.deleted;
        json!({ "deleted_at": deleted.map(|deleted| deleted.at), "purge_at": deleted.map(|deleted| deleted.purge_at) })
    };
    json!({ "before": state(&changed.before), "after": state(&changed.after) })
}

/// What a name is asked over HTTP is asked here.
fn sound(name: &str) -> Result<String, StartError> {
    let given: NewOrganization = serde_json::from_value(json!({ "name": name })).map_err(|_| "the name must be text")?;
    match Faults::of(&given).first() {
        None => Ok(given.name.trim().to_owned()),
        Some(fault) => Err(format!("the name {}", fault.detail).into()),
    }
}
