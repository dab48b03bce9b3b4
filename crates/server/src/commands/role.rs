//! `wardgraph role`

mod desk;
mod explain;
mod says;
mod told;

use std::{io::Write, sync::Arc};

use clap::{Args, Subcommand};
use serde_json::json;
use wardgraph_gate::SystemParts;
use wardgraph_http::{shown_effective, shown_grant, shown_role};
use wardgraph_kernel::{Holder, SystemChance, SystemClock, Timestamp};
use wardgraph_store::Role as DatabaseRole;

use super::{
    Context,
    columns::{Form, values},
    ids,
};
use crate::wire::{StartError, store_beside};
use desk::Desks;
use says::Says;

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
    /// Tell whether somebody may do something, which rule of which role says so, and what would be needed.
    Explain {
        /// The member's account id, or a client's id.
        holder: String,
        /// The permission, like `nodes:read`.
        permission: String,
        /// The name of what it would be used on; all there are if nothing is said.
        #[arg(long)]
        resource: Option<String>,
        /// A scope of the token or API key that it would be used with; may come again. None narrows anything if nothing is said.
        #[arg(long = "scope")]
        scopes: Vec<String>,
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
    #[command(flatten)]
    form: Form,
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

impl Role {
    pub(super) async fn run(self, context: &Context, out: &mut (impl Write + Send)) -> Result<bool, StartError> {
        let organization = ids::organization(&self.at().organization)?;
        let (config, home) = (context.config()?, context.home()?);
        let store = store_beside(&config, &home, &[DatabaseRole::App])?;
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
            | Self::Explain { at, .. }
            | Self::Effective { at, .. } => at,
        }
    }

    async fn act(self, desks: &Desks, out: &mut (impl Write + Send)) -> Result<(), StartError> {
        let form = self.at().form;
        match self {
            Self::List { .. } => desks.list(out, form).await,
            Self::Show { name, .. } => values(out, form, &json!(shown_role(desks.show(&name).await?))),
            Self::Create { name, says, .. } => {
                values(out, form, &json!(shown_role(desks.create(says.draft(&name, None)?).await?)))
            }
            Self::Edit { name, says, .. } => values(out, form, &json!(shown_role(desks.edit(name, says).await?))),
            Self::Delete { name, .. } => told::gone(out, form, &json!(shown_role(desks.delete(&name).await?))),
            Self::Grant { name, to, expires_at, .. } => {
                let holder = to.holder()?.ok_or("say `--user ID` or `--client ID`")?;
                values(out, form, &json!(shown_grant(desks.grant(holder, name, expires_at).await?)))
            }
            Self::Revoke { grant_id, .. } => told::gone(out, form, &json!(shown_grant(desks.revoke(&grant_id).await?))),
            Self::Grants { role, to, .. } => desks.grants(role, to.holder()?, out, form).await,
            Self::Explain { holder, permission, resource, scopes, .. } => {
                let asked = explain::Asked::read(&holder, &permission, resource, &scopes)?;
                told::explained(out, form, &desks.explain(asked).await?)
            }
            Self::Effective { holder, .. } => {
                let holder = ids::holder(&holder)?;
                let found = desks.effective(&holder).await?;
                told::effective(out, form, &shown_effective(holder, found))
            }
        }
    }
}

impl Whose {
    fn holder(&self) -> Result<Option<Holder>, StartError> {
        match (&self.user, &self.client) {
            (Some(user), _) => Ok(Some(Holder::User(ids::user(user)?))),
            (None, Some(client)) => Ok(Some(Holder::Client(ids::client(client)?))),
            (None, None) => Ok(None),
        }
    }
}
