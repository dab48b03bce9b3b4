//! What the commands do, each in a transaction with its event: with an organization and its members as those do who see to it, and across organizations as
//! an administrator does.

use std::{io::Write as Out, time::Duration};

use serde_json::json;
use wardgraph_api::wire::organization::{NewOrganization, TierChange};
use wardgraph_audit::Entry;
use wardgraph_gate::{SystemParts, SystemWork};
use wardgraph_kernel::{EventType, OrganizationRole, TenantId, UserId, Write};
use wardgraph_organizations::{
    Giver,
    members::{self, HandedOver, Member},
    organization::{self, Changed, Organization, Settings},
};

use super::{invitations::withdrawn, told};
use crate::{
    commands::{
        columns::{Form, Listing, page_size},
        sound::{self, explained},
    },
    wire::StartError,
};

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

    pub(super) async fn list(&self, out: &mut (impl Out + Send), form: Form) -> Result<(), StartError> {
        let (mut list, mut after) = (Listing::new(out, form, "organizations", told::ORGANIZATIONS), None);
        loop {
            let mut work = self.everywhere("org list")?;
            let page = organization::directory(&mut work.tx(), after, page_size()).await?;
            work.commit(Vec::new()).await?;
            list.page(&page.items, told::organization_line, told::listed)?;
            after = page.next;
            if after.is_none() {
                return list.end();
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
        let name = named(name)?;
        let mut work = self.everywhere("org create")?;
        let now = work.now();
        let made = organization::make(&mut work.tx(), owner, &name, now, &*self.parts.chance).await?;
        let payload = json!({ "before": null, "after": { "name": made.name, "owner_id": owner } });
        work.changed_in(&made.id, Entry::done(EventType::OrganizationCreated, (&made.id).into()).with(payload));
        work.commit(Vec::new()).await?;
        Ok(made)
    }

    pub(super) async fn rename(&self, tenant: &TenantId, name: &str) -> Result<Organization, StartError> {
        let settings = Settings { name: Some(named(name)?), ..Settings::default() };
        let mut work = self.in_one("org rename", tenant)?;
        let now = work.now();
        let changed = organization::change(&mut work.tx(), tenant.as_str(), None, settings, now).await?;
        finish(work, EventType::OrganizationUpdated, changed).await
    }

    pub(super) async fn set(&self, tenant: &TenantId, settings: Settings) -> Result<Organization, StartError> {
        let mut work = self.in_one("org set", tenant)?;
        let now = work.now();
        let changed = organization::change(&mut work.tx(), tenant.as_str(), None, settings, now).await?;
        finish(work, EventType::OrganizationUpdated, changed).await
    }

    pub(super) async fn set_tier(&self, tenant: &TenantId, tier: &str) -> Result<Organization, StartError> {
        let wanted: TierChange =
            sound::read(json!({ "tier": tier })).map_err(|_| "a tier is `free`, `basic`, `pro` or `enterprise`")?;
        let mut work = self.everywhere("org set-tier")?;
        let now = work.now();
        let changed = organization::set_tier(&mut work.tx(), tenant.as_str(), wanted.tier.word(), now).await?;
        let payload = changed.told();
        work.changed_in(tenant, Entry::done(EventType::OrganizationTierSet, tenant.into()).with(payload));
        work.commit(Vec::new()).await?;
        Ok(changed.after)
    }

    pub(super) async fn transfer(&self, tenant: &TenantId, to: UserId) -> Result<Organization, StartError> {
        let mut work = self.in_one("org transfer", tenant)?;
        let now = work.now();
        let desk = wardgraph_organizations::Desk::open(&mut work.tx(), tenant, now).await.map_err(explained)?;
        let handed = members::transfer(&mut work.tx(), &desk, &Giver::operator(), to).await.map_err(explained)?;
        let payload = json!({ "before": { "owner_id": handed.before.owner }, "after": { "owner_id": to } });
        let owner = Entry::done(EventType::OrganizationOwnerChanged, tenant.into()).with(payload);
        let roles = handed.changed.iter().map(|moved| {
            let (event_type, payload) = moved.told();
            Entry::done(event_type, moved.user.into()).with(payload)
        });
        work.commit([owner].into_iter().chain(roles).collect()).await?;
        self.show(tenant.as_str()).await
    }

    pub(super) async fn delete(&self, tenant: &TenantId, confirm: &str) -> Result<Organization, StartError> {
        let mut work = self.in_one("org delete", tenant)?;
        let now = work.now();
        let changed = organization::delete(&mut work.tx(), tenant.as_str(), None, confirm, self.grace, now).await?;
        finish(work, EventType::OrganizationDeleted, changed).await
    }

    pub(super) async fn restore(&self, tenant: &TenantId) -> Result<Organization, StartError> {
        let mut work = self.in_one("org restore", tenant)?;
        let now = work.now();
        let changed = organization::restore(&mut work.tx(), tenant.as_str(), None, now).await?;
        finish(work, EventType::OrganizationRestored, changed).await
    }

    pub(super) async fn members(&self, id: &str, out: &mut (impl Out + Send), form: Form) -> Result<(), StartError> {
        // An organization that is not there is told before anything is.
        self.show(id).await?;
        let (mut list, mut after) = (Listing::new(out, form, "members", told::MEMBERS), None);
        loop {
            let mut work = self.everywhere("org members")?;
            let page = members::list(&mut work.tx(), id, after, page_size()).await?;
            work.commit(Vec::new()).await?;
            list.page(&page.items, told::member_line, told::member)?;
            after = page.next;
            if after.is_none() {
                return list.end();
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
        let invitations = taken.invitations.iter().map(withdrawn);
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

async fn finish(work: SystemWork<Write>, event_type: EventType, changed: Changed) -> Result<Organization, StartError> {
    work.commit(vec![Entry::done(event_type, (&changed.after.id).into()).with(changed.told())]).await?;
    Ok(changed.after)
}

fn named(name: &str) -> Result<String, StartError> {
    let given: NewOrganization = sound::read(json!({ "name": name }))?;
    Ok(given.name.trim().to_owned())
}
