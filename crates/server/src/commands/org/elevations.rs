//! Administrators of the server in an organization's content. Nobody goes in from here: a way in is a token of somebody who signed in, and ends with their
//! session.

use std::io::Write;

use clap::Subcommand;
use serde_json::json;
use wardgraph_api::wire::elevation::Elevation;
use wardgraph_audit::Entry;
use wardgraph_http::shown_elevation;
use wardgraph_kernel::{ElevationId, EventType, Read};
use wardgraph_organizations::elevation;
use wardgraph_tokens::{Revocation, revoke};

use super::acts::Desk;
use crate::{
    commands::{
        columns::{Form, Listing, page_size},
        ids::{organization, uuid},
    },
    wire::StartError,
};

const HEAD: [&str; 7] = ["ELEVATION", "ADMINISTRATOR", "NAME", "FROM", "UNTIL", "ENDED", "REASON"];

/// Administrators in an organization's content.
#[derive(Debug, Subcommand)]
pub(in crate::commands) enum Elevations {
    /// List who of the server's administrators could be in an organization's content, when and why, the newest first.
    Elevations {
        /// Its id (`org_...`).
        organization: String,
        #[command(flatten)]
        form: Form,
    },
    /// Close an administrator's way into an organization's content before its time: within a second no server takes its token.
    EndElevation {
        /// Its id, as `wardgraph org elevations` tells it.
        elevation: String,
    },
}

impl Elevations {
    pub(super) async fn run(self, desk: &Desk, out: &mut (impl Write + Send)) -> Result<(), StartError> {
        match self {
            Self::Elevations { organization, form } => list(desk, &organization, out, form).await,
            Self::EndElevation { elevation } => {
                let id = uuid(&elevation, "an elevation's id is a UUID: `wardgraph org elevations` shows them")?;
                let organization = end(desk, id).await?;
                Ok(writeln!(out, "{elevation} leads into {organization} no more")?)
            }
        }
    }
}

async fn list(desk: &Desk, id: &str, out: &mut (impl Write + Send), form: Form) -> Result<(), StartError> {
    let tenant = desk.show(id).await?.id;
    let (mut list, mut after) = (Listing::new(out, form, "elevations", HEAD), None);
    loop {
        let mut work = desk.parts.organization::<Read>("org elevations", tenant.clone())?;
        let page = elevation::list(&mut work.tx(), &tenant, after, page_size()).await?;
        drop(work);
        let found: Vec<Elevation> = page.items.into_iter().map(shown_elevation).collect();
        list.page(&found, line, |one| json!(one))?;
        after = page.next;
        if after.is_none() {
            return list.end();
        }
    }
}

fn line(one: &Elevation) -> [String; 7] {
    let ended = one.ended_at.map_or_else(|| "-".to_owned(), |at| at.to_string());
    [
        one.id.to_string(),
        one.administrator_id.to_string(),
        one.administrator_name.clone(),
        one.created_at.to_string(),
        one.expires_at.to_string(),
        ended,
        one.reason.clone(),
    ]
}

/// Tells where it led.
async fn end(desk: &Desk, id: ElevationId) -> Result<String, StartError> {
    let mut work = desk.parts.people("org end-elevation")?;
    let now = work.now();
    let open = elevation::find(&mut work.tx(), id).await?.ok_or("there is no such elevation")?;
    if open.is_closed {
        return Err("it is closed already".into());
    }
    let tenant = organization(&open.organization)?;
    elevation::end(&mut work.tx(), &tenant, id, None, now).await?;
    revoke(&mut work.tx(), Revocation::Token(&open.token_id), now).await?;
    let told = json!({ "organization_id": open.organization, "administrator_id": open.user });
    let left = || Entry::done(EventType::OrganizationLeft, id.into()).with(told.clone());
    work.changed_in(&tenant, left());
    work.commit(vec![Entry::done(EventType::ElevationEnded, id.into()).with(told.clone()), left()]).await?;
    Ok(open.organization)
}
