//! `wardgraph client`

use std::{io::Write, sync::Arc};

use clap::Subcommand;
use serde_json::{Value, json};
use wardgraph_api::{FieldError, validate::Faults, wire::client::NewClient};
use wardgraph_audit::{Entry, Subject};
use wardgraph_gate::SystemParts;
use wardgraph_http::registration;
use wardgraph_kernel::{ClientId, EventType, Permissions, SystemChance, SystemClock, TenantId};
use wardgraph_oauth::{
    AuthMethod,
    client::{self, NewSecret, Registration},
};
use wardgraph_store::Role;
use wardgraph_tokens::Algorithm;

use super::Context;
use crate::wire::{StartError, store_beside};

/// Clients of the OAuth server.
#[derive(Debug, Subcommand)]
pub(super) enum Client {
    /// Register a client of an organization. Its secret is shown once.
    Create {
        /// The organization's id (`org_...`).
        #[arg(long)]
        organization: String,
        /// What people are shown.
        #[arg(long)]
        name: String,
        /// By what it gets tokens: `client_credentials`, `authorization_code`, `refresh_token`.
        #[arg(long = "grant-type", required = true)]
        grant_types: Vec<String>,
        /// How it proves who it is: `client_secret_basic`, `client_secret_post`, `none`.
        #[arg(long, default_value = "client_secret_basic")]
        auth_method: String,
        /// Where browsers may be sent back to.
        #[arg(long = "redirect-uri")]
        redirect_uris: Vec<String>,
        /// The most that it may ever ask for.
        #[arg(long = "scope")]
        scopes: Vec<String>,
        /// What it may do on its own behalf: a role in the organization.
        #[arg(long)]
        role: Option<String>,
        /// It is the organization's own, and asks nobody for consent.
        #[arg(long)]
        first_party: bool,
    },
}

impl Client {
    pub(super) async fn run(self, context: &Context, out: &mut (impl Write + Send)) -> Result<bool, StartError> {
        let Self::Create { organization, name, grant_types, auth_method, redirect_uris, scopes, role, first_party } = self;
        let wanted = json!({
            "client_name": name,
            "grant_types": grant_types,
            "token_endpoint_auth_method": auth_method,
            "redirect_uris": redirect_uris,
            "scopes": scopes,
            "role": role,
            "first_party": first_party,
        });
        let (config, home) = (context.config()?, context.home()?);
        let organization = TenantId::parse(&organization).map_err(|error| format!("--organization: {error}"))?;
        let new = registered(wanted, &config.own.algorithms)?;
        let Some(store) = store_beside(&config, &home, &[Role::Identity])? else {
            return Err("there is no database yet: start the server first".into());
        };
        let parts = SystemParts { store: store.clone(), clock: Arc::new(SystemClock::start()), chance: Arc::new(SystemChance) };
        let made = make(&parts, &organization, &new).await;
        store.close();
        let (id, secret) = made?;
        writeln!(out, "client_id: {id}")?;
        if let Some(secret) = secret {
            writeln!(out, "client_secret: {}", secret.text.expose())?;
        }
        Ok(true)
    }
}

async fn make(
    parts: &SystemParts,
    organization: &TenantId,
    new: &Registration,
) -> Result<(ClientId, Option<NewSecret>), StartError> {
    let mut work = parts.accounts("client create")?;
    let (now, chance) = (work.now(), &*parts.chance);
    let id = ClientId::generate(chance);
    let secret = matches!(new.auth_method, AuthMethod::Basic | AuthMethod::Post).then(|| NewSecret::generate(now, chance));
    let made = client::create_for(&mut work.tx(), organization, &id, new, secret.as_ref(), now).await;
    made.map_err(|error| format!("no client was registered: is `{organization}` an organization of this server? ({error})"))?;
    let payload = json!({ "organization": organization.as_str(), "client_name": new.name });
    work.commit(vec![Entry::done(EventType::ClientCreated, Subject::from(&id)).with(payload)]).await?;
    Ok((id, secret))
}

/// What registering over HTTP asks of a client is asked here.
fn registered(wanted: Value, algorithms: &[Algorithm]) -> Result<Registration, StartError> {
    let new: NewClient = serde_json::from_value(wanted).map_err(|_| "--name must be text without control characters")?;
    let faults = Faults::of(&new);
    if !faults.is_empty() {
        return Err(told(&faults).into());
    }
    registration(new, Permissions::all(), algorithms).map_err(|problem| told(&problem.errors).into())
}

fn told(faults: &[FieldError]) -> String {
    let lines: Vec<_> = faults.iter().map(|fault| format!("{}: {}", fault.field.trim_start_matches('/'), fault.detail)).collect();
    lines.join("\n")
}
