//! `wardgraph org`

mod acts;

use std::{io::Write, sync::Arc};

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use wardgraph_gate::SystemParts;
use wardgraph_kernel::{OrganizationRole, SystemChance, SystemClock, TenantId, UserId};
use wardgraph_organizations::{
    members::Member,
    organization::{self, Organization},
};
use wardgraph_store::Role;

use super::{
    Context,
    columns::{or_none, table, values},
};
use crate::wire::{StartError, store_beside};

/// Organizations and their members.
#[derive(Debug, Subcommand)]
pub(super) enum Org {
    /// List all organizations.
    List {
        #[command(flatten)]
        form: Form,
    },
    /// Show an organization.
    Show {
        /// Its id (`org_...`).
        organization: String,
        #[command(flatten)]
        form: Form,
    },
    /// Make an organization for somebody, who owns it.
    Create {
        /// What it is called.
        #[arg(long)]
        name: String,
        /// The id of its owner's account.
        #[arg(long)]
        owner: String,
        #[command(flatten)]
        form: Form,
    },
    /// Call an organization something else.
    Rename {
        /// Its id (`org_...`).
        organization: String,
        /// What it is to be called.
        name: String,
        #[command(flatten)]
        form: Form,
    },
    /// Set from where an organization lets people call.
    Set {
        /// Its id (`org_...`).
        organization: String,
        /// Networks like `192.0.2.0/24`, and addresses, with commas between them; nothing (`''`) for everywhere.
        #[arg(long)]
        allowed_networks: String,
        #[command(flatten)]
        form: Form,
    },
    /// Delete an organization: nothing works there any more. It can be restored until its grace is over (`organizations.grace_days`).
    Delete {
        /// Its id (`org_...`).
        organization: String,
        /// What it is called, so that none is deleted by mistake.
        #[arg(long)]
        confirm: String,
        #[command(flatten)]
        form: Form,
    },
    /// Restore an organization that was deleted.
    Restore {
        /// Its id (`org_...`).
        organization: String,
        #[command(flatten)]
        form: Form,
    },
    /// List the members of an organization.
    Members {
        /// Its id (`org_...`).
        organization: String,
        #[command(flatten)]
        form: Form,
    },
    /// Put a member out of an organization. Their sessions, keys and consents there end.
    Remove {
        /// Its id (`org_...`).
        organization: String,
        /// The id of the member's account.
        user: String,
    },
    /// Give a member another role.
    SetRole {
        /// Its id (`org_...`).
        organization: String,
        /// The id of the member's account.
        user: String,
        /// `owner`, `admin`, `developer`, `data_scientist`, `analyst`; `none` for nothing but what is granted besides.
        role: String,
        #[command(flatten)]
        form: Form,
    },
}

/// In what form it is told.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Form {
    /// As JSON, for programs.
    #[arg(long)]
    json: bool,
}

impl Org {
    pub(super) async fn run(self, context: &Context, out: &mut (impl Write + Send)) -> Result<bool, StartError> {
        let (config, home) = (context.config()?, context.home()?);
        let Some(store) = store_beside(&config, &home, &[Role::App, Role::Admin])? else {
            return Err("there is no database yet: start the server first".into());
        };
        let parts = SystemParts { store: store.clone(), clock: Arc::new(SystemClock::start()), chance: Arc::new(SystemChance) };
        let done = self.act(&acts::Desk { parts, grace: config.organizations_grace }, out).await;
        store.close();
        done.map(|()| true)
    }

    async fn act(self, desk: &acts::Desk, out: &mut (impl Write + Send)) -> Result<(), StartError> {
        match self {
            Self::List { form } => {
                let found = desk.list().await?;
                let lines = found.iter().map(|one| {
                    let state = if one.deleted_at.is_some() { "deleted" } else { "active" };
                    let cells = [&*one.id, &*one.name, &*one.tier, state].map(str::to_owned);
                    let [id, name, tier, state] = cells;
                    [id, name, tier, one.members.to_string(), one.created_at.to_string(), state]
                });
                let lines = lines.collect();
                let whole = form.json.then(|| {
                    let all = found.iter().map(|one| {
                        json!({ "id": one.id, "name": one.name, "tier": one.tier, "members": one.members, "created_at": one.created_at, "deleted_at": one.deleted_at })
                    });
                    let all: Vec<Value> = all.collect();
                    json!({ "count": all.len(), "organizations": all })
                });
                table(out, whole.as_ref(), ["ORGANIZATION", "NAME", "TIER", "MEMBERS", "CREATED", "STATE"], lines)
            }
            Self::Show { organization, form } => values(out, form.json, &shown(&desk.show(&organization).await?)),
            Self::Create { name, owner, form } => values(out, form.json, &shown(&desk.create(&name, user(&owner)?).await?)),
            Self::Rename { organization, name, form } => {
                values(out, form.json, &shown(&desk.rename(&tenant(&organization)?, &name).await?))
            }
            Self::Set { organization, allowed_networks, form } => {
                let changed = desk.set_networks(&tenant(&organization)?, networks(&allowed_networks)?).await?;
                values(out, form.json, &shown(&changed))
            }
            Self::Delete { organization, confirm, form } => {
                values(out, form.json, &shown(&desk.delete(&tenant(&organization)?, &confirm).await?))
            }
            Self::Restore { organization, form } => values(out, form.json, &shown(&desk.restore(&tenant(&organization)?).await?)),
            Self::Members { organization, form } => {
                let found = desk.members(&organization).await?;
                let lines = found.iter().map(|member| {
                    let state = if member.disabled { "disabled" } else { "enabled" };
                    let last = or_none(member.last_used_at);
                    let role = or_none(member.role.as_ref());
                    [member.user.to_string(), member.email.clone(), role, member.since.to_string(), last, state.to_owned()]
                });
                let lines = lines.collect();
                let all: Vec<Value> = found.iter().map(told).collect();
                let whole = form.json.then(|| json!({ "count": all.len(), "members": all }));
                table(out, whole.as_ref(), ["USER", "EMAIL", "ROLE", "SINCE", "LAST USED", "STATE"], lines)
            }
            Self::Remove { organization, user: id } => {
                desk.remove(&tenant(&organization)?, user(&id)?).await?;
                Ok(writeln!(out, "{id} is no member of {organization} any more")?)
            }
            Self::SetRole { organization, user: id, role, form } => {
                let member = desk.set_role(&tenant(&organization)?, user(&id)?, wanted(&role)?).await?;
                values(out, form.json, &told(&member))
            }
        }
    }
}

fn shown(organization: &Organization) -> Value {
    let settings = &organization.settings;
    json!({
        "id": organization.id.as_str(),
        "name": organization.name,
        "tier": organization.tier,
        "owner_id": organization.owner,
        "requires_mfa": settings.requires_mfa,
        "session_idle_seconds": settings.session_idle_seconds,
        "session_lifetime_seconds": settings.session_lifetime_seconds,
        "allowed_networks": settings.allowed_networks,
        "retention_days": settings.retention_days,
        "created_at": organization.created_at,
        "deleted_at": organization.deleted.map(|deleted| deleted.at),
        "purge_at": organization.deleted.map(|deleted| deleted.purge_at),
    })
}

fn told(member: &Member) -> Value {
    json!({
        "user_id": member.user,
        "email": member.email,
        "name": member.name,
        "role": member.role,
        "disabled": member.disabled,
        "since": member.since,
        "last_used_at": member.last_used_at,
    })
}

fn tenant(text: &str) -> Result<TenantId, StartError> {
    TenantId::parse(text).map_err(|_| "there is no such organization".into())
}

fn networks(text: &str) -> Result<Vec<String>, StartError> {
    let texts = text.split(',').map(str::trim).filter(|text| !text.is_empty());
    let read = |text: &str| organization::network(text).map(|network| network.to_string());
    texts.map(|text| read(text).ok_or_else(|| format!("`{text}` is no network like `192.0.2.0/24`").into())).collect()
}

/// The account that an id names.
pub(super) fn user(text: &str) -> Result<UserId, StartError> {
    serde_json::from_value(json!(text)).map_err(|_| "an account's id is a UUID: `wardgraph user list` shows them".into())
}

fn wanted(text: &str) -> Result<Option<OrganizationRole>, StartError> {
    match (text, OrganizationRole::of(text)) {
        ("none", _) => Ok(None),
        (_, Some(role)) => Ok(Some(role)),
        (_, None) => Err("a role is `owner`, `admin`, `developer`, `data_scientist`, `analyst`, or `none`".into()),
    }
}
