//! Accounts that are there: listed, shown, disabled and enabled, and given roles on the whole server.

use std::{io::Write, sync::Arc};

use clap::Subcommand;
use serde_json::{Value, json};
use wardgraph_audit::{Entry, Subject};
use wardgraph_gate::{SystemParts, SystemWork};
use wardgraph_identity::{
    Address,
    people::{self, Listing as Listed, Person, Who},
};
use wardgraph_kernel::{EventType, GlobalRole, SystemChance, SystemClock, UserId, Write as Writing};
use wardgraph_oauth::left::{self, What};
use wardgraph_store::Role;
use wardgraph_tokens::{Revocation, revoke};

use crate::{
    commands::{
        Context,
        columns::{Form, Listing, or_none, page_size, values},
        ids::user,
    },
    wire::{StartError, store_beside},
};

/// Accounts that are there.
#[derive(Debug, Subcommand)]
pub(in crate::commands) enum Seen {
    /// List accounts.
    List {
        /// The one with this e-mail address alone.
        #[arg(long)]
        email: Option<String>,
        #[command(flatten)]
        form: Form,
    },
    /// Show an account.
    Show {
        /// Its id.
        user: String,
        #[command(flatten)]
        form: Form,
    },
    /// Have an account do nothing. Its sessions and keys end.
    Disable {
        /// Its id.
        user: String,
    },
    /// Let the owner of a disabled account sign in again. What ended does not come back.
    Enable {
        /// Its id.
        user: String,
    },
    /// Give somebody a role on the whole server, or take it.
    GlobalRole {
        /// The account's id.
        user: String,
        /// `super_admin`, `system_operator`, `billing_admin`, `viewer`, or `none`.
        role: String,
    },
}

impl Seen {
    pub(in crate::commands) async fn run(self, context: &Context, out: &mut (impl Write + Send)) -> Result<bool, StartError> {
        let (config, home) = (context.config()?, context.home()?);
        let store = store_beside(&config, &home, &[Role::Admin])?;
        let parts = SystemParts { store: store.clone(), clock: Arc::new(SystemClock::start()), chance: Arc::new(SystemChance) };
        let done = self.act(&parts, out).await;
        store.close();
        done.map(|()| true)
    }

    async fn act(self, parts: &SystemParts, out: &mut (impl Write + Send)) -> Result<(), StartError> {
        match self {
            Self::List { email, form } => list(parts, email.as_deref(), out, form).await,
            Self::Show { user: id, form } => {
                let mut work = parts.people("user show")?;
                let found = people::find(&mut work.tx(), Who::Everybody, user(&id)?).await?;
                work.commit(Vec::new()).await?;
                values(out, form, &shown(&found))
            }
            Self::Disable { user: id } => {
                disable(parts, user(&id)?).await?;
                Ok(writeln!(out, "{id} may do nothing any more")?)
            }
            Self::Enable { user: id } => {
                let user = user(&id)?;
                let mut work = parts.people("user enable")?;
                let now = work.now();
                people::enable(&mut work.tx(), user, now).await?;
                work.commit(vec![Entry::done(EventType::UserEnabled, user.into())]).await?;
                Ok(writeln!(out, "{id} can sign in again")?)
            }
            Self::GlobalRole { user: id, role } => {
                let told = set_global_role(parts, user(&id)?, wanted(&role)?).await?;
                Ok(writeln!(out, "{id} has the role {role} on the whole server; it was {told} before")?)
            }
        }
    }
}

async fn list(parts: &SystemParts, email: Option<&str>, out: &mut (impl Write + Send), form: Form) -> Result<(), StartError> {
    let email = email.map(|text| Address::parse(text).ok_or("--email: must be an e-mail address")).transpose()?;
    let head = ["USER", "EMAIL", "NAME", "GLOBAL ROLE", "LAST SIGN-IN", "STATE"];
    let (mut list, mut after) = (Listing::new(out, form, "users", head), None);
    loop {
        let mut work = parts.people("user list")?;
        let listing = Listed { who: Who::Everybody, email: email.as_ref() };
        let page = people::list(&mut work.tx(), &listing, after, page_size()).await?;
        work.commit(Vec::new()).await?;
        list.page(&page.items, line, shown)?;
        after = page.next;
        if after.is_none() {
            return list.end();
        }
    }
}

fn line(person: &Person) -> [String; 6] {
    let (role, last) = (or_none(person.global_role.as_ref()), or_none(person.last_sign_in_at));
    [person.id.to_string(), person.email.clone(), person.name.clone(), role, last, state(person).to_owned()]
}

async fn disable(parts: &SystemParts, user: UserId) -> Result<(), StartError> {
    let mut work = parts.people("user disable")?;
    let now = work.now();
    let administrators = people::administrators(&mut work.tx()).await?;
    let generation = people::disable(&mut work.tx(), &administrators, user, now).await?;
    for left in left::take_back(&mut work.tx(), user, None, now).await? {
        if let What::Consent { id, .. } = left.what {
            revoke(&mut work.tx(), Revocation::Session(&id.to_string()), now).await?;
        }
        let (event_type, subject) = taken_back(&left.what);
        let entry = Entry::done(event_type, subject).with(json!({ "why": "disabled", "account": user }));
        work.changed_in(&left.organization, entry);
    }
    announce(&mut work, user, generation).await?;
    Ok(work.commit(vec![Entry::done(EventType::UserDisabled, user.into())]).await?)
}

fn taken_back(what: &What) -> (EventType, Subject) {
    match what {
        What::Invitation { id, .. } => (EventType::InvitationWithdrawn, (*id).into()),
        What::InitialToken(id) => (EventType::InitialTokenWithdrawn, (*id).into()),
        What::Consent { id, .. } => (EventType::ConsentRevoked, (*id).into()),
    }
}

/// Tells the role before.
async fn set_global_role(parts: &SystemParts, user: UserId, role: Option<GlobalRole>) -> Result<String, StartError> {
    let mut work = parts.people("user global-role")?;
    let now = work.now();
    let administrators = people::administrators(&mut work.tx()).await?;
    let set = people::set_global_role(&mut work.tx(), &administrators, user, role, now).await?;
    announce(&mut work, user, set.generation).await?;
    let payload = json!({ "before": { "global_role": set.before }, "after": { "global_role": role.map(GlobalRole::word) } });
    work.commit(vec![Entry::done(EventType::GlobalRoleSet, user.into()).with(payload)]).await?;
    Ok(set.before.unwrap_or_else(|| "none".to_owned()))
}

async fn announce(work: &mut SystemWork<Writing>, user: UserId, generation: i64) -> Result<(), StartError> {
    let now = work.now();
    Ok(revoke(&mut work.tx(), Revocation::User { id: &user.to_string(), generation }, now).await?)
}

fn wanted(text: &str) -> Result<Option<GlobalRole>, StartError> {
    match (text, GlobalRole::of(text)) {
        ("none", _) => Ok(None),
        (_, Some(role)) => Ok(Some(role)),
        (_, None) => Err("a role is `super_admin`, `system_operator`, `billing_admin`, `viewer`, or `none`".into()),
    }
}

fn shown(person: &Person) -> Value {
    json!({
        "id": person.id,
        "email": person.email,
        "name": person.name,
        "global_role": person.global_role,
        "email_verified": person.verified,
        "disabled": person.disabled,
        "created_at": person.created_at,
        "last_sign_in_at": person.last_sign_in_at,
    })
}

const fn state(person: &Person) -> &'static str {
    if person.disabled { "disabled" } else { "enabled" }
}
