//! What changes clients.

use std::time::Duration;

use serde_json::{Map, Value, json};
use wardgraph_audit::{Entry, Subject};
use wardgraph_http::shown;
use wardgraph_kernel::{ClientId, EventType, Timestamp};
use wardgraph_oauth::{
    AuthMethod, Client,
    client::{self, NewSecret, Source, operator, registered::announce},
};
use wardgraph_tokens::{Revocation, revoke};

use super::{Desk, client_id, fields::Fields, unknown};
use crate::wire::StartError;

/// Members of a client that are not registered, but told of it.
const TOLD: [&str; 6] = ["client_id", "source", "created_at", "updated_at", "disabled_at", "secrets"];

impl Desk {
    pub(super) async fn create(&self, organization: &str, fields: Fields) -> Result<(Client, Option<NewSecret>), StartError> {
        let organization = super::organization(organization)?;
        let new = fields.over(Map::new(), &self.config.own.algorithms)?;
        let mut work = self.begin("client create")?;
        let (now, chance) = (work.now(), &*self.parts.chance);
        let id = ClientId::generate(chance);
        let secret = matches!(new.auth_method, AuthMethod::Basic | AuthMethod::Post).then(|| NewSecret::generate(now, chance));
        let made = client::create_for(&mut work.tx(), Some(&organization), Source::Cli, &id, &new, secret.as_ref(), now).await;
        made.map_err(|error| format!("no client was registered: is `{organization}` an organization of this server? ({error})"))?;
        let client = operator::hold(&mut work.tx(), &id).await?;
        let payload = json!({ "organization": organization.as_str(), "client_name": new.name });
        work.commit(vec![Entry::done(EventType::ClientCreated, Subject::from(&id)).with(payload)]).await?;
        Ok((client, secret))
    }

    pub(super) async fn update(&self, id: &str, fields: Fields) -> Result<Client, StartError> {
        let id = client_id(id)?;
        let mut work = self.begin("client update")?;
        let now = work.now();
        let before = operator::hold(&mut work.tx(), &id).await.map_err(unknown)?;
        described(&before)?;
        let Value::Object(mut was) = serde_json::to_value(shown(before.clone(), now))? else { return Err("no object".into()) };
        was.retain(|name, value| !TOLD.contains(&name.as_str()) && !value.is_null());
        let new = fields.over(was, &self.config.own.algorithms)?;
        if before.organization.is_none() && (new.role.is_some() || new.first_party) {
            return Err("a client of no organization has no role, and asks people for consent".into());
        }
        let (about, disabled) = (before.about.clone(), before.disabled_at.is_some());
        let changed = operator::replace(&mut work.tx(), before, &new, &about, disabled, now).await?;
        announce(&mut work.tx(), &changed, now).await?;
        let payload = json!({ "client_name": new.name, "scopes": new.scopes, "redirect_uris": new.redirect_uris });
        work.commit(vec![Entry::done(EventType::ClientUpdated, Subject::from(&id)).with(payload)]).await?;
        Ok(changed.after)
    }

    pub(super) async fn rotate(&self, id: &str, overlap: Duration) -> Result<(NewSecret, Timestamp), StartError> {
        let id = client_id(id)?;
        let mut work = self.begin("client rotate-secret")?;
        let (now, chance) = (work.now(), &*self.parts.chance);
        let secret = NewSecret::generate(now, chance);
        let until = now.saturating_add(overlap).unwrap_or(Timestamp::MAX);
        let generation = operator::rotate(&mut work.tx(), &id, &secret, until, now).await.map_err(unknown)?;
        revoke(&mut work.tx(), Revocation::Client { id: id.as_str(), generation }, now).await?;
        if overlap.is_zero() {
            revoke(&mut work.tx(), Revocation::ClientTokens { id: id.as_str(), generation }, now).await?;
        }
        let payload = json!({ "secret": secret.id, "others_expire_at": until });
        work.commit(vec![Entry::done(EventType::ClientSecretMade, Subject::from(&id)).with(payload)]).await?;
        Ok((secret, until))
    }

    pub(super) async fn switch(&self, id: &str, disabled: bool) -> Result<(), StartError> {
        let id = client_id(id)?;
        let mut work = self.begin(if disabled { "client disable" } else { "client enable" })?;
        let now = work.now();
        let before = operator::hold(&mut work.tx(), &id).await.map_err(unknown)?;
        let (registered, about) = (before.registered.clone(), before.about.clone());
        let changed = operator::replace(&mut work.tx(), before, &registered, &about, disabled, now).await?;
        announce(&mut work.tx(), &changed, now).await?;
        let payload = json!({ "disabled": disabled });
        work.commit(vec![Entry::done(EventType::ClientUpdated, Subject::from(&id)).with(payload)]).await?;
        Ok(())
    }

    pub(super) async fn delete(&self, id: &str) -> Result<(), StartError> {
        let id = client_id(id)?;
        let mut work = self.begin("client delete")?;
        let now = work.now();
        let before = operator::hold(&mut work.tx(), &id).await.map_err(unknown)?;
        operator::delete(&mut work.tx(), &id).await?;
        // Who is known by a document may come again, of a later generation.
        let generation = if before.source == Source::Document { now.as_millisecond() } else { i64::MAX };
        let id_text = id.as_str();
        revoke(&mut work.tx(), Revocation::Client { id: id_text, generation }, now).await?;
        revoke(&mut work.tx(), Revocation::ClientTokens { id: id_text, generation }, now).await?;
        let payload = json!({ "before": { "client_name": before.registered.name } });
        work.commit(vec![Entry::done(EventType::ClientDeleted, Subject::from(&id)).with(payload)]).await?;
        Ok(())
    }
}

fn described(client: &Client) -> Result<(), StartError> {
    let why = "the client is known by its document, and changes with that alone: `disable` keeps it out";
    if client.source == Source::Document { Err(why.into()) } else { Ok(()) }
}
