//! Clients of the OAuth server, for whoever sees to the organization's.

mod registration;

use std::time::Duration;

use serde_json::{Value, json};
use wardgraph_api::{
    Issued, Json, NoContent, Path,
    table::clients::{CreateClient, DeleteClient, GetClient, ListClients, ReplaceClient, RotateClientSecret},
    wire::{
        SecretText,
        client::{ClientList, IssuedClient, IssuedSecret, NewClient, OAuthClient, SecretRotation},
    },
};
use wardgraph_gate::{Committed, Permit, Tx};
use wardgraph_kernel::{ClientId, Endpoint, OrganizationRole, Permissions, Timestamp, Write};
use wardgraph_oauth::{
    AuthMethod,
    client::{self, NewSecret, Registration},
};
use wardgraph_tokens::{Revocation, revoke};

pub use registration::{registration, shown};

use crate::{
    Failure, Services,
    handlers::account::sessions::{is_signed_in, signed_out},
};

/// How long the secrets from before live on, unless the request says.
const OVERLAP: Duration = Duration::from_hours(24);

pub(crate) async fn list(permit: Permit<ListClients>, (): ()) -> Result<Json<ClientList>, Failure> {
    let now = permit.now();
    let mut work = permit.begin()?;
    let clients: Vec<_> = client::list(&mut work.once()).await?.into_iter().map(|client| shown(client, now)).collect();
    Ok(Json(ClientList { count: clients.len(), clients }))
}

pub(crate) async fn get(permit: Permit<GetClient>, Path(id): Path<ClientId>) -> Result<Json<OAuthClient>, Failure> {
    let now = permit.now();
    let mut work = permit.begin()?;
    Ok(Json(shown(client::get(&mut work.once(), &id).await?, now)))
}

pub(crate) async fn create(
    permit: Permit<CreateClient>,
    Json(new): Json<NewClient>,
    services: Services,
) -> Result<Committed<CreateClient>, Failure> {
    let (caller, now, chance) = (permit.account()?, permit.now(), permit.chance());
    let new = registration(new, may(&permit), services.issuer.algorithms())?;
    let id = ClientId::generate(&*chance);
    let secret = matches!(new.auth_method, AuthMethod::Basic | AuthMethod::Post).then(|| NewSecret::generate(now, &*chance));
    let mut work = permit.begin()?;
    if !is_signed_in(&mut work, &caller).await? {
        return Ok(work.refuse(signed_out()).await?);
    }
    let made = client::create(&mut work.tx(), &id, &new, secret.as_ref(), now).await?;
    let payload = json!({ "after": told(&made.registered) });
    let answer = IssuedClient { client_secret: secret.map(|secret| SecretText(secret.text)), shown: shown(made, now) };
    work.explain(payload);
    Ok(work.commit_issued(&id, Issued(answer)).await?)
}

pub(crate) async fn replace(
    permit: Permit<ReplaceClient>,
    (Path(id), Json(new)): (Path<ClientId>, Json<NewClient>),
    services: Services,
) -> Result<Committed<ReplaceClient>, Failure> {
    let (caller, now) = (permit.account()?, permit.now());
    let disabled = new.disabled;
    let new = registration(new, may(&permit), services.issuer.algorithms())?;
    let mut work = permit.begin()?;
    if !is_signed_in(&mut work, &caller).await? {
        return Ok(work.refuse(signed_out()).await?);
    }
    let changed = client::replace(&mut work.tx(), &id, &new, disabled, now).await?;
    announce(&mut work.tx(), &id, changed.after.generation, changed.takes_back(), now).await?;
    work.explain(
        json!({ "before": told(&changed.before.registered), "after": told(&changed.after.registered), "disabled": disabled }),
    );
    Ok(work.commit(&id, Json(shown(changed.after, now))).await?)
}

pub(crate) async fn delete(permit: Permit<DeleteClient>, Path(id): Path<ClientId>) -> Result<Committed<DeleteClient>, Failure> {
    let (caller, now) = (permit.account()?, permit.now());
    let mut work = permit.begin()?;
    if !is_signed_in(&mut work, &caller).await? {
        return Ok(work.refuse(signed_out()).await?);
    }
    let before = client::delete(&mut work.tx(), &id).await?;
    announce(&mut work.tx(), &id, i64::MAX, true, now).await?;
    work.explain(json!({ "before": told(&before.registered) }));
    Ok(work.commit(&id, NoContent).await?)
}

pub(crate) async fn rotate(
    permit: Permit<RotateClientSecret>,
    (Path(id), Json(rotation)): (Path<ClientId>, Json<SecretRotation>),
) -> Result<Committed<RotateClientSecret>, Failure> {
    let (caller, now, chance) = (permit.account()?, permit.now(), permit.chance());
    let secret = NewSecret::generate(now, &*chance);
    let overlap = rotation.overlap_seconds.map_or(OVERLAP, |seconds| Duration::from_secs(seconds.unsigned_abs()));
    let until = now.saturating_add(overlap).unwrap_or(Timestamp::MAX);
    let mut work = permit.begin()?;
    if !is_signed_in(&mut work, &caller).await? {
        return Ok(work.refuse(signed_out()).await?);
    }
    let generation = client::rotate(&mut work.tx(), &id, &secret, until, now).await?;
    announce(&mut work.tx(), &id, generation, false, now).await?;
    work.explain(json!({ "secret": secret.id, "others_expire_at": until }));
    let answer =
        IssuedSecret { id: secret.id, client_secret: SecretText(secret.text), client_id: id.clone(), others_expire_at: until };
    Ok(work.commit_issued(&id, Issued(answer)).await?)
}

/// Has every server read the client anew, and believe none of the tokens from before if they are good for too much.
async fn announce(
    tx: &mut Tx<'_, Write>,
    id: &ClientId,
    generation: i64,
    takes_back: bool,
    now: Timestamp,
) -> Result<(), Failure> {
    revoke(tx, Revocation::Client { id: id.as_str(), generation }, now).await?;
    if takes_back {
        revoke(tx, Revocation::ClientTokens { id: id.as_str(), generation }, now).await?;
    }
    Ok(())
}

/// What the caller may do.
fn may<E: Endpoint>(permit: &Permit<E>) -> Permissions {
    permit.permissions().collect()
}

/// What the log tells of a registration.
fn told(of: &Registration) -> Value {
    json!({
        "client_name": of.name,
        "grant_types": of.grant_types.iter().map(|grant| grant.word()).collect::<Vec<_>>(),
        "token_endpoint_auth_method": of.auth_method.word(),
        "redirect_uris": of.redirect_uris,
        "post_logout_redirect_uris": of.post_logout_redirect_uris,
        "backchannel_logout_uri": of.backchannel_logout_uri,
        "scopes": of.scopes,
        "resources": of.resources,
        "role": of.role.map(OrganizationRole::word),
        "first_party": of.first_party,
        "dpop_bound_access_tokens": of.dpop_bound,
        "require_pushed_authorization_requests": of.require_par,
        "jwks_uri": of.jwks_uri,
        "has_jwks": of.jwks.is_some(),
    })
}
