//! Who is invited to an organization: in a member's name, since an invitation is its inviter's word while it holds.

use std::{io::Write, time::Duration};

use clap::Subcommand;
use serde_json::json;
use wardgraph_api::wire::invitation::{Invitation, InvitationStatus, NewInvitation};
use wardgraph_audit::Entry;
use wardgraph_http::shown_invitation;
use wardgraph_identity::{
    Address,
    invitation::{self, Ended, GOOD_FOR},
    mail,
};
use wardgraph_kernel::{EventType, InvitationId, Permission, Read, TenantId, Timestamp, UserId};

use super::acts::Desk;
use crate::{
    commands::{
        behalf,
        columns::{Form, Listing, page_size, values},
        ids::{organization as tenant, user, uuid},
        sound::{self, explained},
    },
    wire::StartError,
};

const HEAD: [&str; 7] = ["INVITATION", "EMAIL", "ROLE", "BY", "MADE", "UNTIL", "STATUS"];

/// Invitations.
#[derive(Debug, Subcommand)]
pub(in crate::commands) enum Invitations {
    /// Invite somebody by e-mail, in a member's name. An open invitation to the same address ends.
    Invite {
        /// The organization's id (`org_...`).
        organization: String,
        /// The e-mail address.
        #[arg(long)]
        email: String,
        /// To hold which role of the organization, built in or its own.
        #[arg(long)]
        role: String,
        /// Who invites: the id of an account that looks after the organization, and could give the role.
        #[arg(long)]
        by: String,
        /// For how many seconds it is good: five minutes to 30 days; a week if nothing is said.
        #[arg(long)]
        expires_in: Option<i64>,
        #[command(flatten)]
        form: Form,
    },
    /// List the invitations of an organization, the newest first.
    #[command(name = "invitations")]
    List {
        /// Its id (`org_...`).
        organization: String,
        #[command(flatten)]
        form: Form,
    },
    /// Withdraw an invitation: its link is good for nothing any more.
    Withdraw {
        /// The organization's id (`org_...`).
        organization: String,
        /// The invitation's id.
        invitation: String,
    },
}

impl Invitations {
    pub(super) async fn run(self, desk: &Desk, out: &mut (impl Write + Send)) -> Result<(), StartError> {
        match self {
            Self::Invite { organization, email, role, by, expires_in, form } => {
                let new = sound::read(json!({ "email": email, "role": role, "expires_in": expires_in }))?;
                let made = Box::pin(invite(desk, &tenant(&organization)?, new, user(&by)?)).await?;
                values(out, form, &json!(made))
            }
            Self::List { organization, form } => list(desk, &organization, out, form).await,
            Self::Withdraw { organization, invitation } => {
                let id = uuid(&invitation, "an invitation's id is a UUID: `wardgraph org invitations` shows them")?;
                withdraw(desk, &tenant(&organization)?, id).await?;
                Ok(writeln!(out, "{invitation} can be followed no more")?)
            }
        }
    }
}

/// Counts nobody's mails: that guards others from organizations, and not from whoever runs the server.
async fn invite(desk: &Desk, organization: &TenantId, new: NewInvitation, by: UserId) -> Result<Invitation, StartError> {
    let email = Address::parse(&new.email).ok_or("--email: must be an e-mail address")?;
    let life = new.expires_in.map_or(GOOD_FOR, |seconds| Duration::from_secs(seconds.unsigned_abs()));
    let mut work = desk.parts.organization("org invite", organization.clone())?;
    let (now, chance) = (work.now(), &*desk.parts.chance);
    let (held, giver) = behalf::of(&mut work, organization, by, Permission::MembersWrite).await?;
    let inviter = invitation::inviter(&mut work.tx(), by).await?;
    let role = held.role(&new.role).map_err(explained)?;
    held.may_promise(&giver, role.clone()).await.map_err(explained)?;
    let expires_at = now.saturating_add(life).unwrap_or(Timestamp::MAX);
    let wanted = invitation::NewInvitation { email: &email, role: role.as_str(), expires_at };
    let made = invitation::make(&mut work.tx(), &inviter, &wanted, now, chance).await?;
    for replaced in &made.replaced {
        held.may_take_back(&giver, replaced).await.map_err(explained)?;
    }
    mail::invite(&mut work.tx(), made.id, &email, (&inviter.email, &inviter.organization), now, chance).await?;
    let after = json!({ "role": role.as_str(), "invited_by": by, "expires_at": expires_at });
    let entry = Entry::done(EventType::InvitationMade, made.id.into()).with(json!({ "before": null, "after": after }));
    work.commit([entry].into_iter().chain(made.replaced.iter().map(withdrawn)).collect()).await?;
    Ok(Invitation {
        id: made.id,
        email: email.to_string(),
        role: role.to_string(),
        invited_by: by,
        status: InvitationStatus::Open,
        created_at: now,
        expires_at,
    })
}

async fn list(desk: &Desk, id: &str, out: &mut (impl Write + Send), form: Form) -> Result<(), StartError> {
    let tenant = desk.show(id).await?.id;
    let (mut list, mut after) = (Listing::new(out, form, "invitations", HEAD), None);
    loop {
        let mut work = desk.parts.organization::<Read>("org invitations", tenant.clone())?;
        let now = work.now();
        let page = invitation::list(&mut work.tx(), after, page_size(), now).await?;
        drop(work);
        let found: Vec<Invitation> = page.items.into_iter().map(shown_invitation).collect();
        list.page(&found, line, |one| json!(one))?;
        after = page.next;
        if after.is_none() {
            return list.end();
        }
    }
}

fn line(one: &Invitation) -> [String; 7] {
    let status = match one.status {
        InvitationStatus::Open => "open",
        InvitationStatus::Used => "used",
        InvitationStatus::Withdrawn => "withdrawn",
        InvitationStatus::Expired => "expired",
    };
    [
        one.id.to_string(),
        one.email.clone(),
        one.role.clone(),
        one.invited_by.to_string(),
        one.created_at.to_string(),
        one.expires_at.to_string(),
        status.to_owned(),
    ]
}

async fn withdraw(desk: &Desk, organization: &TenantId, id: InvitationId) -> Result<(), StartError> {
    let mut work = desk.parts.organization("org withdraw", organization.clone())?;
    let now = work.now();
    let ended = invitation::withdraw(&mut work.tx(), id, now).await?;
    Ok(work.commit(vec![withdrawn(&ended)]).await?)
}

/// The event of an invitation that can be followed no more.
pub(super) fn withdrawn(ended: &Ended) -> Entry {
    Entry::done(EventType::InvitationWithdrawn, ended.id.into()).with(ended.told())
}
