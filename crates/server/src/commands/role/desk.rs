//! What the commands do, each in a transaction with its event.

use std::io::Write as Out;

use serde_json::{Value, json};
use wardgraph_access::RoleName;
use wardgraph_api::wire::{authz::ExplainedOf, grant::Grant, role::Role};
use wardgraph_audit::{Entry, Subject};
use wardgraph_gate::{SystemParts, SystemWork};
use wardgraph_http::{shown_grant, shown_role};
use wardgraph_kernel::{EventType, GrantId, Holder, Read, TenantId, Timestamp, Write};
use wardgraph_organizations::{
    Desk, Giver, effective,
    grants::{self, Filter, NewGrant},
    roles::{self, Draft, Kept},
};

use super::{explain::Asked, says::Says, told};
use crate::{
    commands::{
        columns::{Form, Listing, page_size},
        ids::uuid,
        sound::explained,
    },
    wire::StartError,
};

/// What the commands work with.
pub(super) struct Desks {
    pub(super) parts: SystemParts,
    pub(super) organization: TenantId,
}

impl Desks {
    fn read(&self, why: &'static str) -> Result<SystemWork<Read>, StartError> {
        Ok(self.parts.organization(why, self.organization.clone())?)
    }

    pub(super) async fn change(&self, why: &'static str) -> Result<(SystemWork<Write>, Desk), StartError> {
        let mut work = self.parts.organization::<Write>(why, self.organization.clone())?;
        let now = work.now();
        let desk = Desk::open(&mut work.tx(), &self.organization, now).await.map_err(explained)?;
        Ok((work, desk))
    }

    pub(super) async fn list(&self, out: &mut (impl Out + Send), form: Form) -> Result<(), StartError> {
        let (mut list, mut after) = (Listing::new(out, form, "roles", told::ROLES), None);
        loop {
            let mut work = self.read("role list")?;
            let now = work.now();
            let page = roles::list(&mut work.tx(), after, page_size(), now).await.map_err(explained)?;
            drop(work);
            let found: Vec<Role> = page.items.into_iter().map(shown_role).collect();
            list.page(&found, told::role_line, |one| json!(one))?;
            after = page.next;
            if after.is_none() {
                return list.end();
            }
        }
    }

    pub(super) async fn show(&self, name: &str) -> Result<Kept, StartError> {
        let mut work = self.read("role show")?;
        let (name, now) = (RoleName::read(name)?, work.now());
        roles::get(&mut work.tx(), &name, now).await.map_err(explained)
    }

    pub(super) async fn create(&self, new: Draft) -> Result<Kept, StartError> {
        let (mut work, desk) = self.change("role create").await?;
        let made = roles::create(&mut work.tx(), &desk, &Giver::operator(), &new).await.map_err(explained)?;
        let payload = json!({ "before": null, "after": told_of(&made) });
        work.commit(vec![Entry::done(EventType::RoleCreated, Subject::role(&made.name)).with(payload)]).await?;
        Ok(made)
    }

    pub(super) async fn edit(&self, name: String, says: Says) -> Result<Kept, StartError> {
        let (mut work, desk) = self.change("role edit").await?;
        let (found, now) = (desk.own(&name, |_| true).map_err(explained)?, work.now());
        let kept = roles::get(&mut work.tx(), &found, now).await.map_err(explained)?;
        let new = says.draft(&name, Some(kept))?;
        let changed = roles::replace(&mut work.tx(), &desk, &Giver::operator(), &new).await.map_err(explained)?;
        let payload = json!({ "before": told_of(&changed.before), "after": told_of(&changed.after) });
        work.commit(vec![Entry::done(EventType::RoleUpdated, Subject::role(&changed.after.name)).with(payload)]).await?;
        Ok(changed.after)
    }

    pub(super) async fn delete(&self, name: &str) -> Result<Kept, StartError> {
        let (mut work, desk) = self.change("role delete").await?;
        let name = desk.own(name, |_| true).map_err(explained)?;
        let before = roles::delete(&mut work.tx(), &desk, &name).await.map_err(explained)?;
        let payload = json!({ "before": told_of(&before), "after": null });
        work.commit(vec![Entry::done(EventType::RoleDeleted, Subject::role(&before.name)).with(payload)]).await?;
        Ok(before)
    }

    pub(super) async fn grant(
        &self,
        holder: Holder,
        role: String,
        until: Option<Timestamp>,
    ) -> Result<grants::Grant, StartError> {
        let (mut work, desk) = self.change("role grant").await?;
        let id = GrantId::new(work.now(), &*self.parts.chance);
        let new = NewGrant { id, holder, role, expires_at: until };
        let made = grants::make(&mut work.tx(), &desk, &Giver::operator(), &new).await.map_err(explained)?;
        let payload = json!({ "before": null, "after": told_of_grant(&made) });
        work.commit(vec![Entry::done(EventType::GrantMade, id.into()).with(payload)]).await?;
        Ok(made)
    }

    pub(super) async fn revoke(&self, id: &str) -> Result<grants::Grant, StartError> {
        let id: GrantId = uuid(id, "a grant's id is a UUID: `wardgraph role grants` shows them")?;
        let (mut work, desk) = self.change("role revoke").await?;
        let before = grants::revoke(&mut work.tx(), &desk, &Giver::operator(), id).await.map_err(explained)?;
        let payload = json!({ "before": told_of_grant(&before), "after": null });
        work.commit(vec![Entry::done(EventType::GrantRevoked, id.into()).with(payload)]).await?;
        Ok(before)
    }

    pub(super) async fn grants(
        &self,
        role: Option<String>,
        holder: Option<Holder>,
        out: &mut (impl Out + Send),
        form: Form,
    ) -> Result<(), StartError> {
        let (user, client) = match holder {
            Some(Holder::User(id)) => (Some(id), None),
            Some(Holder::Client(id)) => (None, Some(id)),
            None => (None, None),
        };
        let filter = Filter { user, client, role };
        let (mut list, mut after) = (Listing::new(out, form, "grants", told::GRANTS), None);
        loop {
            let mut work = self.read("role grants")?;
            let now = work.now();
            let page = grants::list(&mut work.tx(), &filter, after, page_size(), now).await.map_err(explained)?;
            drop(work);
            let found: Vec<Grant> = page.items.into_iter().map(shown_grant).collect();
            list.page(&found, told::grant_line, |one| json!(one))?;
            after = page.next;
            if after.is_none() {
                return list.end();
            }
        }
    }

    pub(super) async fn effective(&self, holder: &Holder) -> Result<effective::Effective, StartError> {
        let mut work = self.read("role effective")?;
        let now = work.now();
        effective::effective(&mut work.tx(), &self.organization, holder, now).await.map_err(explained)
    }

    pub(super) async fn explain(&self, asked: Asked) -> Result<ExplainedOf, StartError> {
        let mut work = self.read("role explain")?;
        let now = work.now();
        asked.answer(&mut work.tx(), &self.organization, now).await
    }
}

fn told_of(role: &Kept) -> Value {
    json!({ "description": role.description, "allows": role.allows, "denies": role.denies, "inherits": role.inherits })
}

fn told_of_grant(grant: &grants::Grant) -> Value {
    json!({ "holder": grant.holder.to_string(), "role": grant.role, "granted_by": grant.granted_by, "expires_at": grant.expires_at })
}
