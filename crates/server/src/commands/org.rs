//! `wardgraph org`

mod acts;
mod elevations;
mod invitations;
mod reviews;
mod set;
mod told;

use std::{io::Write, sync::Arc};

use clap::Subcommand;
use wardgraph_gate::SystemParts;
use wardgraph_kernel::{OrganizationRole, SystemChance, SystemClock};
use wardgraph_store::Role;

use super::{
    Context,
    columns::{Form, values},
    ids::{organization as tenant, user},
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
    /// Set how an organization works: from where one may call, second factors, how long sessions last, how long what is past is kept.
    Set {
        /// Its id (`org_...`).
        organization: String,
        #[command(flatten)]
        wanted: set::Wanted,
        #[command(flatten)]
        form: Form,
    },
    /// Put an organization into another tier.
    SetTier {
        /// Its id (`org_...`).
        organization: String,
        /// `free`, `basic`, `pro` or `enterprise`.
        tier: String,
        #[command(flatten)]
        form: Form,
    },
    /// Hand an organization over to another member, who owns it from then on. Who did stays an admin.
    Transfer {
        /// Its id (`org_...`).
        organization: String,
        /// The id of the member's account.
        user: String,
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
    #[command(flatten)]
    Invitations(invitations::Invitations),
    #[command(flatten)]
    Elevations(elevations::Elevations),
    /// Reviews of who may do what.
    #[command(subcommand)]
    Review(reviews::Reviews),
    /// List what is held in an organization and was not used for long, what was unused for longest first.
    Unused {
        /// Its id (`org_...`).
        organization: String,
        /// For how many days, 1 to 3650.
        #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(i64).range(1..=3_650))]
        days: i64,
        #[command(flatten)]
        form: Form,
    },
}

impl Org {
    pub(super) async fn run(self, context: &Context, out: &mut (impl Write + Send)) -> Result<bool, StartError> {
        let (config, home) = (context.config()?, context.home()?);
        let store = store_beside(&config, &home, &[Role::App, Role::Admin])?;
        let parts = SystemParts { store: store.clone(), clock: Arc::new(SystemClock::start()), chance: Arc::new(SystemChance) };
        let done = Box::pin(self.act(&acts::Desk { parts, grace: config.organizations_grace }, out)).await;
        store.close();
        done.map(|()| true)
    }

    async fn act(self, desk: &acts::Desk, out: &mut (impl Write + Send)) -> Result<(), StartError> {
        let (form, shown) = match self {
            Self::List { form } => return desk.list(out, form).await,
            Self::Members { organization, form } => return desk.members(&organization, out, form).await,
            Self::Remove { organization, user: id } => {
                desk.remove(&tenant(&organization)?, user(&id)?).await?;
                return Ok(writeln!(out, "{id} is no member of {organization} any more")?);
            }
            Self::SetRole { organization, user: id, role, form } => {
                let member = desk.set_role(&tenant(&organization)?, user(&id)?, wanted(&role)?).await?;
                return values(out, form, &told::member(&member));
            }
            Self::Invitations(act) => return act.run(desk, out).await,
            Self::Elevations(act) => return act.run(desk, out).await,
            Self::Review(act) => return Box::pin(act.run(desk, out)).await,
            Self::Unused { organization, days, form } => return reviews::unused(desk, &organization, days, out, form).await,
            Self::Show { organization, form } => (form, desk.show(&organization).await?),
            Self::Create { name, owner, form } => (form, desk.create(&name, user(&owner)?).await?),
            Self::Rename { organization, name, form } => (form, desk.rename(&tenant(&organization)?, &name).await?),
            Self::Set { organization, wanted, form } => (form, desk.set(&tenant(&organization)?, wanted.settings()?).await?),
            Self::SetTier { organization, tier, form } => (form, desk.set_tier(&tenant(&organization)?, &tier).await?),
            Self::Transfer { organization, user: id, form } => (form, desk.transfer(&tenant(&organization)?, user(&id)?).await?),
            Self::Delete { organization, confirm, form } => (form, desk.delete(&tenant(&organization)?, &confirm).await?),
            Self::Restore { organization, form } => (form, desk.restore(&tenant(&organization)?).await?),
        };
        values(out, form, &told::organization(&shown))
    }
}

fn wanted(text: &str) -> Result<Option<OrganizationRole>, StartError> {
    match (text, OrganizationRole::of(text)) {
        ("none", _) => Ok(None),
        (_, Some(role)) => Ok(Some(role)),
        (_, None) => Err("a role is `owner`, `admin`, `developer`, `data_scientist`, `analyst`, or `none`".into()),
    }
}
