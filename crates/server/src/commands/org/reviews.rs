//! Reviews of who may do what in an organization. They are begun, decided and closed in a member's name, whom the evidence names.

mod changes;
mod lists;

pub(super) use lists::unused;

use std::io::Write;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use wardgraph_kernel::{ReviewId, TenantId, Timestamp};
use wardgraph_organizations::review::ItemFilter;

use super::acts::Desk;
use crate::{
    commands::{
        columns::{Form, values},
        ids::{organization as tenant, uuid},
        sound,
    },
    wire::StartError,
};

/// Reviews of who may do what.
#[derive(Debug, Subcommand)]
pub(in crate::commands) enum Reviews {
    /// Begin a review of everything that members, clients and API keys hold, as it stands now.
    Begin {
        /// The organization's id (`org_...`).
        organization: String,
        #[command(flatten)]
        new: New,
        #[command(flatten)]
        by: By,
        #[command(flatten)]
        form: Form,
    },
    /// List the reviews of an organization, the newest first.
    List {
        /// Its id (`org_...`).
        organization: String,
        #[command(flatten)]
        form: Form,
    },
    /// Show a review, and how far it is.
    Show {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        form: Form,
    },
    /// List what a review asks about.
    Items {
        #[command(flatten)]
        which: Which,
        /// That alone about which nobody decided.
        #[arg(long)]
        undecided: bool,
        /// That alone which was not used for long.
        #[arg(long)]
        unused: bool,
        #[command(flatten)]
        form: Form,
    },
    /// Decide about something in a review. What is revoked is gone at once; nobody decides about their own, or revokes what is above them.
    Decide {
        #[command(flatten)]
        which: Which,
        /// The item's id, as `wardgraph org review items` tells it.
        item: String,
        /// What becomes of it.
        decision: Word,
        /// Why.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        by: By,
        #[command(flatten)]
        form: Form,
    },
    /// End a review. What nobody decided about stays.
    Close {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        by: By,
        #[command(flatten)]
        form: Form,
    },
    /// Write the evidence of a review: who decided what, when and why. The last line has the SHA-256 of those before it, and so has the log.
    Export {
        #[command(flatten)]
        which: Which,
        /// As comma-separated values, and not as JSON Lines.
        #[arg(long)]
        csv: bool,
    },
}

/// What kind of review.
#[derive(Debug, Clone, Args)]
pub(in crate::commands) struct New {
    /// What it is called.
    #[arg(long)]
    name: String,
    /// By when it is to be done, like `2027-03-31T12:00:00Z`.
    #[arg(long)]
    due_at: Timestamp,
    /// What becomes then of what nobody decided about.
    #[arg(long)]
    on_due: Word,
    /// A member who decides, by the account's id; may come again. Everybody who may, if nobody is named.
    #[arg(long = "reviewer")]
    reviewers: Vec<String>,
}

/// Which review.
#[derive(Debug, Clone, Args)]
pub(in crate::commands) struct Which {
    /// The organization's id (`org_...`).
    organization: String,
    /// The review's id.
    review: String,
}

/// In whose name.
#[derive(Debug, Clone, Args)]
pub(in crate::commands) struct By {
    /// In whose name, who could do it themselves: the id of a member's account. The evidence names them, and the log that it was done from here.
    #[arg(long)]
    by: String,
}

/// What becomes of something.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(in crate::commands) enum Word {
    /// It stays.
    Keep,
    /// It goes.
    Revoke,
}

impl Word {
    const fn said(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Revoke => "revoke",
        }
    }
}

impl Which {
    fn read(&self) -> Result<(TenantId, ReviewId), StartError> {
        let review = uuid(&self.review, "a review's id is a UUID: `wardgraph org review list` shows them")?;
        Ok((tenant(&self.organization)?, review))
    }
}

impl Reviews {
    pub(super) async fn run(self, desk: &Desk, out: &mut (impl Write + Send)) -> Result<(), StartError> {
        match self {
            Self::Begin { organization, new, by, form } => {
                values(out, form, &json!(changes::begin(desk, &tenant(&organization)?, new, &by).await?))
            }
            Self::List { organization, form } => lists::list(desk, &organization, out, form).await,
            Self::Show { which, form } => values(out, form, &json!(lists::show(desk, &which).await?)),
            Self::Items { which, undecided, unused, form } => {
                let filter = ItemFilter { undecided: undecided.then_some(true), unused: unused.then_some(true) };
                lists::items(desk, &which, filter, out, form).await
            }
            Self::Decide { which, item, decision, reason, by, form } => {
                let item = uuid(&item, "an item's id is a UUID: `wardgraph org review items` shows them")?;
                let said = sound::read(json!({ "decision": decision.said(), "reason": reason }))?;
                values(out, form, &json!(changes::decide(desk, &which, item, &said, &by).await?))
            }
            Self::Close { which, by, form } => values(out, form, &json!(changes::close(desk, &which, &by).await?)),
            Self::Export { which, csv } => Ok(write!(out, "{}", changes::export(desk, &which, csv).await?.text)?),
        }
    }
}
