//! `wardgraph role`

mod told;

use std::{io::Write, sync::Arc};

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use wardgraph_api::{validate::Faults, wire::role::NewRole};
use wardgraph_audit::{Entry, Subject};
use wardgraph_gate::{SystemParts, SystemWork};
use wardgraph_http::{shown_effective, shown_grant, shown_role};
use wardgraph_kernel::{
    ClientId, EventType, GrantId, Holder, PageSize, Read, SystemChance, SystemClock, TenantId, Timestamp, UserId,
    Write as Writing,
};
use wardgraph_organizations::{
    Desk, Flaw, Giver, OrganizationError, effective,
    grants::{self, Filter, NewGrant},
    roles::{self, Draft, Kept},
};
use wardgraph_store::Role as DatabaseRole;

use super::{Context, columns::values};
use crate::wire::{StartError, store_beside};

/// Roles of organizations, and who holds them.
#[derive(Debug, Subcommand)]
pub(super) enum Role {
    /// List the roles of an organization: the built-in ones, and those that it made.
    List {
        #[command(flatten)]
        at: At,
    },
    /// Show what a role says, and how many hold it.
    Show {
        /// The role.
        name: String,
        #[command(flatten)]
        at: At,
    },
    /// Make a role.
    Create {
        /// What it is called: 1 to 63 of `a-z 0-9 _ -`, a letter first.
        name: String,
        #[command(flatten)]
        says: Says,
        #[command(flatten)]
        at: At,
    },
    /// Have a role say something else: what is given takes the place of what was, and what is not given stays.
    Edit {
        /// The role.
        name: String,
        #[command(flatten)]
        says: Says,
        #[command(flatten)]
        at: At,
    },
    /// Delete a role that nobody holds and none inherits from.
    Delete {
        /// The role.
        name: String,
        #[command(flatten)]
        at: At,
    },
    /// Have a member or a client hold a role.
    Grant {
        /// The role.
        name: String,
        #[command(flatten)]
        to: Whose,
        /// From when on it counts no more, like `2026-12-31T00:00:00Z`; never if nothing is said.
        #[arg(long)]
        expires_at: Option<Timestamp>,
        #[command(flatten)]
        at: At,
    },
    /// Take a role back that was granted.
    Revoke {
        /// The grant's id, as `wardgraph role grants` tells it.
        grant_id: String,
        #[command(flatten)]
        at: At,
    },
    /// List who was granted which role, the newest grant first.
    Grants {
        /// Those of this role alone.
        #[arg(long)]
        role: Option<String>,
        #[command(flatten)]
        to: Whose,
        #[command(flatten)]
        at: At,
    },
    /// Tell what a member may do, by which roles, and until when.
    Effective {
        /// The member's account id, or a client's id.
        holder: String,
        #[command(flatten)]
        at: At,
    },
}

/// Where, and in what form it is told.
#[derive(Debug, Clone, Args)]
pub(super) struct At {
    /// The organization's id (`org_...`).
    #[arg(long)]
    organization: String,
    /// As JSON, for programs.
    #[arg(long)]
    json: bool,
}

/// What a role says.
#[derive(Debug, Clone, Args)]
pub(super) struct Says {
    /// What it is for.
    #[arg(long)]
    description: Option<String>,
    /// A rule that allows, like `nodes:read` or `nodes:read:production-*`; may come again.
    #[arg(long = "allow")]
    allows: Vec<String>,
    /// A rule that denies, whatever allows it; may come again.
    #[arg(long = "deny")]
    denies: Vec<String>,
    /// A role whose rules it takes over; may come again.
    #[arg(long = "inherit")]
    inherits: Vec<String>,
    /// Without any rule that denies from now on.
    #[arg(long, conflicts_with = "denies")]
    no_denies: bool,
    /// Without any rule that allows from now on.
    #[arg(long, conflicts_with = "allows")]
    no_allows: bool,
    /// Without any role whose rules it takes over from now on.
    #[arg(long, conflicts_with = "inherits")]
    no_inherits: bool,
}

/// Who holds something.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Whose {
    /// A member, by the account's id.
    #[arg(long, conflicts_with = "client")]
    user: Option<String>,
    /// A client, by its id.
    #[arg(long)]
    client: Option<String>,
}

/// What the commands work with.
struct Desks {
    parts: SystemParts,
    organization: TenantId,
}

impl Role {
    pub(super) async fn run(self, context: &Context, out: &mut (impl Write + Send)) -> Result<bool, StartError> {
        let organization = TenantId::parse(&self.at().organization).map_err(|error| format!("--organization: {error}"))?;
        let (config, home) = (context.config()?, context.home()?);
        let Some(store) = store_beside(&config, &home, &[DatabaseRole::App])? else {
            return Err("there is no database yet: start the server first".into());
        };
        let parts = SystemParts { store: store.clone(), clock: Arc::new(SystemClock::start()), chance: Arc::new(SystemChance) };
        let done = self.act(&Desks { parts, organization }, out).await;
        store.close();
        done.map(|()| true)
    }

    const fn at(&self) -> &At {
        match self {
            Self::List { at }
            | Self::Show { at, .. }
            | Self::Create { at, .. }
            | Self::Edit { at, .. }
            | Self::Delete { at, .. }
            | Self::Grant { at, .. }
            | Self::Revoke { at, .. }
            | Self::Grants { at, .. }
            | Self::Effective { at, .. } => at,
        }
    }

    async fn act(self, desks: &Desks, out: &mut (impl Write + Send)) -> Result<(), StartError> {
        let json = self.at().json;
        match self {
            Self::List { .. } => {
                let found: Vec<_> = desks.list().await?.into_iter().map(shown_role).collect();
                told::roles(out, json, &found)
            }
            Self::Show { name, .. } => values(out, json, &serde_json::to_value(shown_role(desks.show(&name).await?))?),
            Self::Create { name, says, .. } => {
                let made = desks.create(draft(&name, says, None)?).await?;
                values(out, json, &serde_json::to_value(shown_role(made))?)
            }
            Self::Edit { name, says, .. } => {
                let changed = desks.edit(name, says).await?;
                values(out, json, &serde_json::to_value(shown_role(changed))?)
            }
            Self::Delete { name, .. } => desks.delete(&name).await,
            Self::Grant { name, to, expires_at, .. } => {
                let holder = to.holder()?.ok_or("say `--user ID` or `--client ID`")?;
                let made = desks.grant(holder, name, expires_at).await?;
                values(out, json, &serde_json::to_value(shown_grant(made))?)
            }
            Self::Revoke { grant_id, .. } => desks.revoke(&grant_id).await,
            Self::Grants { role, to, .. } => {
                let found: Vec<_> = desks.grants(role, to.holder()?).await?.into_iter().map(shown_grant).collect();
                told::grants(out, json, &found)
            }
            Self::Effective { holder, .. } => {
                let holder = either(&holder)?;
                let found = desks.effective(&holder).await?;
                told::effective(out, json, &shown_effective(holder, found))
            }
        }
    }
}

impl Desks {
    fn read(&self, why: &'static str) -> Result<SystemWork<Read>, StartError> {
        Ok(self.parts.organization(why, self.organization.clone())?)
    }

    async fn change(&self, why: &'static str) -> Result<(SystemWork<Writing>, Desk), StartError> {
        let mut work = self.parts.organization::<Writing>(why, self.organization.clone())?;
        let now = work.now();
        let desk = Desk::open(&mut work.tx(), &self.organization, now).await.map_err(explained)?;
        Ok((work, desk))
    }

    async fn list(&self) -> Result<Vec<Kept>, StartError> {
        let mut work = self.read("role list")?;
        let now = work.now();
        Ok(roles::list(&mut work.tx(), None, most(), now).await.map_err(explained)?.items)
    }

    async fn show(&self, name: &str) -> Result<Kept, StartError> {
        let mut work = self.read("role show")?;
        let (name, now) = (role_name(name)?, work.now());
        roles::get(&mut work.tx(), &name, now).await.map_err(explained)
    }

    async fn create(&self, new: Draft) -> Result<Kept, StartError> {
        let (mut work, desk) = self.change("role create").await?;
        let made = roles::create(&mut work.tx(), &desk, &Giver::operator(), &new).await.map_err(explained)?;
        let payload = json!({ "after": told_of(&made) });
        work.commit(vec![Entry::done(EventType::RoleCreated, Subject::role(&made.name)).with(payload)]).await?;
        Ok(made)
    }

    async fn edit(&self, name: String, says: Says) -> Result<Kept, StartError> {
        let (mut work, desk) = self.change("role edit").await?;
        let (found, now) = (desk.own(&name, |_| true).map_err(explained)?, work.now());
        let kept = roles::get(&mut work.tx(), &found, now).await.map_err(explained)?;
        let new = draft(&name, says, Some(kept))?;
        let changed = roles::replace(&mut work.tx(), &desk, &Giver::operator(), &new).await.map_err(explained)?;
        let payload = json!({ "before": told_of(&changed.before), "after": told_of(&changed.after) });
        work.commit(vec![Entry::done(EventType::RoleUpdated, Subject::role(&changed.after.name)).with(payload)]).await?;
        Ok(changed.after)
    }

    async fn delete(&self, name: &str) -> Result<(), StartError> {
        let (mut work, desk) = self.change("role delete").await?;
        let name = desk.own(name, |_| true).map_err(explained)?;
        let before = roles::delete(&mut work.tx(), &desk, &name).await.map_err(explained)?;
        let payload = json!({ "before": told_of(&before) });
        Ok(work.commit(vec![Entry::done(EventType::RoleDeleted, Subject::role(&before.name)).with(payload)]).await?)
    }

    async fn grant(&self, holder: Holder, role: String, until: Option<Timestamp>) -> Result<grants::Grant, StartError> {
        let (mut work, desk) = self.change("role grant").await?;
        let id = GrantId::new(work.now(), &*self.parts.chance);
        let new = NewGrant { id, holder, role, expires_at: until };
        let made = grants::make(&mut work.tx(), &desk, &Giver::operator(), &new).await.map_err(explained)?;
        let payload = json!({ "before": null, "after": told_of_grant(&made) });
        work.commit(vec![Entry::done(EventType::GrantMade, id.into()).with(payload)]).await?;
        Ok(made)
    }

    async fn revoke(&self, id: &str) -> Result<(), StartError> {
        let id: GrantId = serde_json::from_value(Value::String(id.to_owned())).map_err(|_| "the grant's id is a UUID")?;
        let (mut work, desk) = self.change("role revoke").await?;
        let before = grants::revoke(&mut work.tx(), &desk, &Giver::operator(), id).await.map_err(explained)?;
        let payload = json!({ "before": told_of_grant(&before), "after": null });
        Ok(work.commit(vec![Entry::done(EventType::GrantRevoked, id.into()).with(payload)]).await?)
    }

    async fn grants(&self, role: Option<String>, holder: Option<Holder>) -> Result<Vec<grants::Grant>, StartError> {
        let mut work = self.read("role grants")?;
        let (user, client) = match holder {
            Some(Holder::User(id)) => (Some(id), None),
            Some(Holder::Client(id)) => (None, Some(id)),
            None => (None, None),
        };
        let (filter, now) = (Filter { user, client, role }, work.now());
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = grants::list(&mut work.tx(), &filter, after, most(), now).await.map_err(explained)?;
            all.extend(page.items);
            after = page.next;
            if after.is_none() {
                return Ok(all);
            }
        }
    }

    async fn effective(&self, holder: &Holder) -> Result<effective::Effective, StartError> {
        let mut work = self.read("role effective")?;
        let now = work.now();
        effective::effective(&mut work.tx(), &self.organization, holder, now).await.map_err(explained)
    }
}

impl Whose {
    fn holder(&self) -> Result<Option<Holder>, StartError> {
        match (&self.user, &self.client) {
            (Some(user), _) => Ok(Some(Holder::User(user_id(user).ok_or("--user: the account's id is a UUID")?))),
            (None, Some(client)) => Ok(Some(Holder::Client(client_id(client)?))),
            (None, None) => Ok(None),
        }
    }
}

/// What is wanted of a role: of one that is there already, what is not said stays as it is.
fn draft(name: &str, says: Says, kept: Option<Kept>) -> Result<Draft, StartError> {
    let (description, allows, denies, inherits) =
        kept.map(|kept| (kept.description, kept.allows, kept.denies, kept.inherits)).unwrap_or_default();
    let or = |given: Vec<String>, none: bool, kept: Vec<String>| if given.is_empty() && !none { kept } else { given };
    let new = json!({
        "name": name,
        "description": says.description.unwrap_or(description),
        "allows": or(says.allows, says.no_allows, allows),
        "denies": or(says.denies, says.no_denies, denies),
        "inherits": or(says.inherits, says.no_inherits, inherits),
    });
    // What the API asks of a role is asked here.
    let new: NewRole = serde_json::from_value(new)?;
    let faults = Faults::of(&new);
    if !faults.is_empty() {
        let told: Vec<_> =
            faults.iter().map(|fault| format!("{}: {}", fault.field.trim_start_matches('/'), fault.detail)).collect();
        return Err(told.join("\n").into());
    }
    let read = roles::draft(&new.name, new.description.into_text(), &new.allows, &new.denies, &new.inherits);
    read.map_err(|flaws| explained(OrganizationError::Unfit(flaws)))
}

fn explained(error: OrganizationError) -> StartError {
    match error {
        OrganizationError::Unfit(flaws) => {
            let told = |Flaw { place, detail }: Flaw| format!("{place}: {detail}");
            flaws.into_iter().map(told).collect::<Vec<_>>().join("\n").into()
        }
        other => other.into(),
    }
}

fn role_name(text: &str) -> Result<wardgraph_access::RoleName, StartError> {
    Ok(wardgraph_access::RoleName::read(text)?)
}

fn either(text: &str) -> Result<Holder, StartError> {
    Ok(match user_id(text) {
        Some(user) => Holder::User(user),
        None => Holder::Client(client_id(text)?),
    })
}

fn user_id(text: &str) -> Option<UserId> {
    serde_json::from_value(Value::String(text.to_owned())).ok()
}

fn client_id(text: &str) -> Result<ClientId, StartError> {
    ClientId::parse(text).ok_or_else(|| "the client's id has 1 to 512 visible characters".into())
}

/// As many as are told at once.
fn most() -> PageSize {
    PageSize::new(i64::from(PageSize::MAX)).unwrap_or_default()
}

fn told_of(role: &Kept) -> Value {
    json!({ "description": role.description, "allows": role.allows, "denies": role.denies, "inherits": role.inherits })
}

fn told_of_grant(grant: &grants::Grant) -> Value {
    json!({ "holder": grant.holder.to_string(), "role": grant.role, "granted_by": grant.granted_by, "expires_at": grant.expires_at })
}
