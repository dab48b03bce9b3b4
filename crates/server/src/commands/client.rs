//! `wardgraph client`

mod change;
mod fields;
mod told;

use std::{io::Write, sync::Arc, time::Duration};

use clap::Subcommand;
use serde_json::json;
use wardgraph_api::wire::registration::NewInitialToken;
use wardgraph_audit::{Entry, Subject};
use wardgraph_gate::{SystemParts, SystemWork};
use wardgraph_http::token_terms;
use wardgraph_kernel::{EventType, Identity, InitialTokenId, Permissions, SystemChance, SystemClock, Timestamp};
use wardgraph_oauth::{
    OAuthError,
    client::{initial, operator},
};
use wardgraph_store::Role;

use super::{
    Context,
    columns::{Form, values},
    ids::{client as client_id, organization},
    sound,
};
use crate::{
    config::Config,
    wire::{StartError, store_beside},
};
use fields::Fields;

/// Clients of the OAuth server.
#[derive(Debug, Subcommand)]
pub(super) enum Client {
    /// Register a client of an organization. Its secret is shown once.
    Create {
        /// The organization's id (`org_...`).
        #[arg(long)]
        organization: String,
        #[command(flatten)]
        fields: Box<Fields>,
        #[command(flatten)]
        form: Form,
    },
    /// List the newest clients.
    List {
        /// Those of this organization alone.
        #[arg(long)]
        organization: Option<String>,
        #[command(flatten)]
        form: Form,
    },
    /// Show what is registered of a client.
    Show {
        /// The client's id.
        client_id: String,
        #[command(flatten)]
        form: Form,
    },
    /// Register something else of a client: what is given takes the place of what was. Where it may do less than before, its tokens are taken back.
    Update {
        /// The client's id.
        client_id: String,
        #[command(flatten)]
        fields: Box<Fields>,
        #[command(flatten)]
        form: Form,
    },
    /// Give a client another secret, which is shown once. Those from before live on for a while.
    RotateSecret {
        /// The client's id.
        client_id: String,
        /// How many seconds those from before live on; 0 ends them at once.
        #[arg(long, default_value_t = 86_400, value_parser = clap::value_parser!(u64).range(0..=2_592_000))]
        overlap_seconds: u64,
        #[command(flatten)]
        form: Form,
    },
    /// Have a client do nothing for now. Its tokens are taken back.
    Disable {
        /// The client's id.
        client_id: String,
    },
    /// Let a client that was disabled work again.
    Enable {
        /// The client's id.
        client_id: String,
    },
    /// Delete a client, with every grant that it had.
    Delete {
        /// The client's id.
        client_id: String,
    },
    /// Make a token by which programs register clients of an organization (RFC 7591). It is shown once.
    InitialToken {
        /// The organization's id (`org_...`).
        #[arg(long)]
        organization: String,
        /// How many clients may be registered by it.
        #[arg(long, default_value_t = 1)]
        uses: i32,
        /// How many seconds it is good for.
        #[arg(long, default_value_t = 86_400)]
        expires_in: i64,
        /// The most that its clients may ask for; `oauth.registered_scopes` if nothing is said.
        #[arg(long = "scope")]
        scopes: Vec<String>,
        /// What its clients may do on their own behalf: a role in the organization.
        #[arg(long)]
        role: Option<String>,
        #[command(flatten)]
        form: Form,
    },
}

/// What the commands work with.
struct Desk {
    parts: SystemParts,
    config: Config,
}

impl Client {
    pub(super) async fn run(self, context: &Context, out: &mut (impl Write + Send)) -> Result<bool, StartError> {
        let (config, home) = (context.config()?, context.home()?);
        let store = store_beside(&config, &home, &[Role::Identity])?;
        let parts = SystemParts { store: store.clone(), clock: Arc::new(SystemClock::start()), chance: Arc::new(SystemChance) };
        let done = self.act(&Desk { parts, config }, out).await;
        store.close();
        done.map(|()| true)
    }

    async fn act(self, desk: &Desk, out: &mut (impl Write + Send)) -> Result<(), StartError> {
        match self {
            Self::Create { organization, fields, form } => {
                let (client, secret) = desk.create(&organization, *fields).await?;
                told::made(out, form, &client, secret.as_ref(), desk.now())
            }
            Self::List { organization, form } => told::all(out, form, &desk.list(organization.as_deref()).await?, desk.now()),
            Self::Show { client_id, form } => told::one(out, form, &desk.show(&client_id).await?, desk.now()),
            Self::Update { client_id, fields, form } => {
                told::one(out, form, &desk.update(&client_id, *fields).await?, desk.now())
            }
            Self::RotateSecret { client_id, overlap_seconds, form } => {
                let (secret, until) = desk.rotate(&client_id, Duration::from_secs(overlap_seconds)).await?;
                let answer = json!({ "client_id": client_id, "client_secret": secret.text.expose(), "others_expire_at": until });
                values(out, form, &answer)
            }
            Self::Disable { client_id } => desk.switch(&client_id, true).await,
            Self::Enable { client_id } => desk.switch(&client_id, false).await,
            Self::Delete { client_id } => desk.delete(&client_id).await,
            Self::InitialToken { organization, uses, expires_in, scopes, role, form } => {
                let scopes = Some(scopes).filter(|scopes| !scopes.is_empty());
                let new = NewInitialToken { expires_in: Some(expires_in), uses: Some(uses), scopes, role };
                values(out, form, &desk.initial_token(&organization, new).await?)
            }
        }
    }
}

impl Desk {
    fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    fn begin(&self, why: &'static str) -> Result<SystemWork<Identity>, StartError> {
        Ok(self.parts.accounts(why)?)
    }

    async fn list(&self, organization: Option<&str>) -> Result<Vec<wardgraph_oauth::Client>, StartError> {
        let organization = organization.map(self::organization).transpose()?;
        let mut work = self.begin("client list")?;
        let found = operator::list(&mut work.tx(), organization.as_ref()).await?;
        work.commit(Vec::new()).await?;
        Ok(found)
    }

    async fn show(&self, id: &str) -> Result<wardgraph_oauth::Client, StartError> {
        let id = client_id(id)?;
        let mut work = self.begin("client show")?;
        let found = operator::hold(&mut work.tx(), &id).await.map_err(unknown)?;
        work.commit(Vec::new()).await?;
        Ok(found)
    }

    async fn initial_token(&self, organization: &str, new: NewInitialToken) -> Result<serde_json::Value, StartError> {
        let organization = self::organization(organization)?;
        sound::sound(&new)?;
        let mut work = self.begin("client initial-token")?;
        let (now, chance) = (work.now(), &*self.parts.chance);
        let terms = token_terms(new, Permissions::all(), &self.config.newcomers.scopes, now);
        let terms = terms.map_err(|problem| sound::told(&problem.errors))?;
        let id = InitialTokenId::new(now, chance);
        let wanted = initial::NewToken {
            organization: &organization,
            maker: None,
            scopes: &terms.scopes,
            role: terms.role,
            uses: terms.uses,
            expires_at: terms.expires_at,
        };
        let text = initial::make(&mut work.tx(), id, &wanted, now, chance).await;
        let text = text.map_err(|error| format!("no token was made: is `{organization}` an organization here? ({error})"))?;
        let payload = json!({ "organization": organization.as_str(), "scopes": terms.scopes, "uses": terms.uses });
        work.commit(vec![Entry::done(EventType::InitialTokenMade, Subject::from(id)).with(payload)]).await?;
        Ok(json!({
            "initial_token": text.expose(),
            "id": id,
            "uses_left": terms.uses,
            "scopes": terms.scopes,
            "role": terms.role.map(wardgraph_kernel::OrganizationRole::word),
            "expires_at": terms.expires_at,
        }))
    }
}

fn unknown(error: OAuthError) -> StartError {
    if matches!(error, OAuthError::NoClient) { "there is no such client".into() } else { error.into() }
}
