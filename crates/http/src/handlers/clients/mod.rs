//! Clients of the OAuth server, for whoever sees to the organization's.

mod registration;

use std::time::Duration;

use serde_json::{Value, json};
use wardgraph_api::{
    Issued, Json, NoContent, Path, Problem, Query,
    table::clients::{CreateClient, DeleteClient, GetClient, ListClients, ReplaceClient, RotateClientSecret},
    wire::{
        SecretText,
        client::{ClientFilter, ClientList, IssuedClient, IssuedSecret, NewClient, OAuthClient, SecretRotation},
    },
};
use wardgraph_gate::{Account, Committed, Permit, Tx, Work};
use wardgraph_kernel::{ClientId, Endpoint, List, OrganizationRole, Permissions, TenantId, Timestamp, Write};
use wardgraph_oauth::{
    OAuthError,
    client::{self, NewSecret, Registration},
};
use wardgraph_organizations::OrganizationError;
use wardgraph_tokens::{Revocation, revoke};

pub use registration::{registration, shown};

use crate::{
    Failure, Services,
    handlers::{
        account::sessions::{is_signed_in, signed_out},
        page,
        refused::refuse,
        roles::sit_down,
    },
};

/// How long the secrets from before live on, unless the request says.
const OVERLAP: Duration = Duration::from_hours(24);

pub(crate) async fn list(permit: Permit<ListClients>, Query(filter): Query<ClientFilter>) -> Result<Json<ClientList>, Failure> {
    let (list, now) = (List { name: "clients", tenant: permit.tenant().clone(), of: None }, permit.now());
    let (size, after) = page(&list, filter.limit, filter.cursor.as_deref())?;
    let mut work = permit.begin()?;
    let found = client::list(&mut work.once(), after, size).await?;
    let clients: Vec<_> = found.items.into_iter().map(|client| shown(client, now)).collect();
    Ok(Json(ClientList { count: clients.len(), clients, next_cursor: found.next.map(|cursor| cursor.encode(&list)) }))
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
    let (caller, tenant, now, chance) = (permit.account()?, permit.tenant().clone(), permit.now(), permit.chance());
    let new = registration(new, may(&permit), services.issuer.algorithms())?;
    let id = ClientId::generate(&*chance);
    let secret = new.auth_method.has_secret().then(|| NewSecret::generate(now, &*chance));
    let mut work = permit.begin()?;
    if !is_signed_in(&mut work, &caller).await? {
        return Ok(work.refuse(signed_out()).await?);
    }
    if let Err(error) = may_hold(&mut work, (&tenant, &caller), None, new.role, now).await {
        return refuse(work, None, error).await;
    }
    let made = async {
        let by = client::registrar(&mut work.tx(), caller.user).await?;
        client::create(&mut work.tx(), &by, &id, &new, secret.as_ref(), now).await
    };
    let made = match made.await {
        Ok(made) => made,
        Err(error) => return refused(work, error).await,
    };
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
    let (caller, tenant, now) = (permit.account()?, permit.tenant().clone(), permit.now());
    let disabled = new.disabled;
    let new = registration(new, may(&permit), services.issuer.algorithms())?;
    let mut work = permit.begin()?;
    if !is_signed_in(&mut work, &caller).await? {
        return Ok(work.refuse(signed_out()).await?);
    }
    if let Err(error) = may_hold(&mut work, (&tenant, &caller), Some(&id), new.role, now).await {
        return refuse(work, Some((&id).into()), error).await;
    }
    let changed = async {
        let by = client::registrar(&mut work.tx(), caller.user).await?;
        client::replace(&mut work.tx(), &by, &id, &new, disabled, now).await
    };
    let changed = match changed.await {
        Ok(changed) => changed,
        Err(error) => return refused(work, error).await,
    };
    announce(&mut work.tx(), &id, changed.after.generation, changed.takes_back(), now).await?;
    work.explain(
        json!({ "before": told(&changed.before.registered), "after": told(&changed.after.registered), "disabled": disabled }),
    );
    Ok(work.commit(&id, Json(shown(changed.after, now))).await?)
}

pub(crate) async fn delete(permit: Permit<DeleteClient>, Path(id): Path<ClientId>) -> Result<Committed<DeleteClient>, Failure> {
    let (caller, tenant, now) = (permit.account()?, permit.tenant().clone(), permit.now());
    let mut work = permit.begin()?;
    if !is_signed_in(&mut work, &caller).await? {
        return Ok(work.refuse(signed_out()).await?);
    }
    let may_end = async {
        let (desk, by) = sit_down(&mut work, &tenant, &caller, now).await?;
        desk.may_end(&mut work.tx(), &by, &id).await
    };
    if let Err(error) = may_end.await {
        return refuse(work, Some((&id).into()), error).await;
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
    let (caller, tenant, now, chance) = (permit.account()?, permit.tenant().clone(), permit.now(), permit.chance());
    let secret = NewSecret::generate(now, &*chance);
    let overlap = rotation.overlap_seconds.map_or(OVERLAP, |seconds| Duration::from_secs(seconds.unsigned_abs()));
    let until = now.saturating_add(overlap).unwrap_or(Timestamp::MAX);
    let mut work = permit.begin()?;
    if !is_signed_in(&mut work, &caller).await? {
        return Ok(work.refuse(signed_out()).await?);
    }
    if let Err(error) = may_hold(&mut work, (&tenant, &caller), Some(&id), None, now).await {
        return refuse(work, Some((&id).into()), error).await;
    }
    let rotated = async {
        let by = client::registrar(&mut work.tx(), caller.user).await?;
        client::rotate(&mut work.tx(), &by, &id, &secret, until, now).await
    };
    let generation = match rotated.await {
        Ok(generation) => generation,
        Err(error) => return refused(work, error).await,
    };
    // A secret that ends at once is one that somebody else may have used.
    announce(&mut work.tx(), &id, generation, overlap.is_zero(), now).await?;
    work.explain(json!({ "secret": secret.id, "others_expire_at": until }));
    let answer =
        IssuedSecret { id: secret.id, client_secret: SecretText(secret.text), client_id: id.clone(), others_expire_at: until };
    Ok(work.commit_issued(&id, Issued(answer)).await?)
}

/// Whether the caller holds all that the client may do on its own behalf: who sees to what opens it could do it.
async fn may_hold<E: Endpoint<Mode = Write>>(
    work: &mut Work<E>,
    (tenant, caller): (&TenantId, &Account),
    id: Option<&ClientId>,
    role: Option<OrganizationRole>,
    now: Timestamp,
) -> Result<(), OrganizationError> {
    let (desk, by) = sit_down(work, tenant, caller, now).await?;
    desk.may_hold(&mut work.tx(), &by, id, role).await
}

/// Refuses what is above whoever asks, on record; every other failure is what it is.
async fn refused<E: Endpoint<Mode = Write>>(work: Work<E>, error: OAuthError) -> Result<Committed<E>, Failure> {
    match error {
        OAuthError::Above(why) => Ok(work.refuse(Problem::forbidden(why)).await?),
        other => Err(other.into()),
    }
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
        "backchannel_logout_session_required": of.backchannel_logout_session,
        "userinfo_signed_response_alg": of.userinfo_alg.map(wardgraph_tokens::Algorithm::word),
        "introspection_signed_response_alg": of.introspection_alg.map(wardgraph_tokens::Algorithm::word),
        "has_jwks": of.jwks.is_some(),
    })
}
