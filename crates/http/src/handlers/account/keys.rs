//! The caller's API keys.

use std::time::Duration;

use serde_json::json;
use wardgraph_api::{
    FieldError, Issued, Json, Keep, NoContent, Path, Problem, ShownOnce,
    table::account::{CreateApiKey, ListApiKeys, RevokeApiKey, RotateApiKey},
    wire::{
        SecretText,
        api_key::{ApiKey, ApiKeyList, IssuedApiKey, NewApiKey, Rotation},
    },
};
use wardgraph_gate::{Committed, Permit};
use wardgraph_identity::api_key::{self, NewKey, PREFIX};
use wardgraph_kernel::{ApiKeyId, Endpoint, EventType, Read, Timestamp, Write};
use wardgraph_organizations::{
    organization::network,
    scopes::{self, Misfit},
};
use wardgraph_tokens::{Revocation, revoke};

use super::sessions::{is_signed_in, signed_out};
use crate::Failure;

/// How long a replaced key lives on, unless the request says.
const OVERLAP: Duration = Duration::from_hours(24);

pub(crate) async fn list(permit: Permit<ListApiKeys>, (): ()) -> Result<Json<ApiKeyList>, Failure> {
    read(permit).await.map(Json)
}

/// The caller's keys.
pub(crate) async fn read<E: Endpoint<Mode = Read>>(permit: Permit<E>) -> Result<ApiKeyList, Failure> {
    let user = permit.account()?.user;
    let mut work = permit.begin()?;
    let api_keys: Vec<_> = api_key::list(&mut work.once(), user).await?.into_iter().map(wire).collect();
    Ok(ApiKeyList { count: api_keys.len(), api_keys })
}

pub(crate) async fn create(permit: Permit<CreateApiKey>, Json(new): Json<NewApiKey>) -> Result<Committed<CreateApiKey>, Failure> {
    make(permit, new, Issued).await
}

/// Makes a key, which `answer` shows once.
pub(crate) async fn make<E>(
    permit: Permit<E>,
    new: NewApiKey,
    answer: impl FnOnce(IssuedApiKey) -> E::Output + Send,
) -> Result<Committed<E>, Failure>
where
    E: Endpoint<Mode = Write, Output: ShownOnce>,
{
    let (caller, now, chance) = (permit.account()?, permit.now(), permit.chance());
    let tenant = permit.tenant().clone();
    let (mut faults, mut networks) = (Vec::new(), Vec::new());
    for (index, text) in new.allowed_networks.iter().enumerate() {
        match network(text) {
            Some(network) => networks.push(network.to_string()),
            None => faults.push(FieldError::new(format!("/allowed_networks/{index}"), "is no network like `192.0.2.0/24`")),
        }
    }
    let mut work = permit.begin()?;
    if !is_signed_in(&mut work, &caller).await? {
        return Ok(work.refuse(signed_out()).await?);
    }
    let misfits = scopes::misfits(&mut work.tx(), &tenant, caller.user, &new.scopes, now).await?;
    faults.extend(misfits.iter().map(|(place, misfit)| FieldError::new(format!("/scopes/{place}"), told(*misfit))));
    if !faults.is_empty() {
        let mut work = work.undo().await?;
        let beyond = misfits.iter().filter(|(_, misfit)| *misfit == Misfit::Beyond);
        let scopes: Vec<_> = beyond.filter_map(|(place, _)| new.scopes.get(*place)).collect();
        if !scopes.is_empty() {
            work.note(EventType::ApiKeyCreated, None, json!({ "beyond": scopes }));
        }
        return Ok(work.refuse(Problem::invalid("see `errors`").fields(faults)).await?);
    }
    let id = ApiKeyId::new(now, &*chance);
    let (key, verifier) = api_key::make(id, &*chance);
    let expires_at = new.expires_in.map(|seconds| after(now, Duration::from_secs(seconds.unsigned_abs())));
    let wanted = NewKey { id, verifier, name: new.name.into_text(), scopes: new.scopes, networks, expires_at };
    let shown = wire(api_key::create(&mut work.tx(), caller.user, &wanted, now).await?);
    Ok(work.commit_issued(id, answer(IssuedApiKey { key: SecretText(key), shown })).await?)
}

pub(crate) async fn rotate(
    permit: Permit<RotateApiKey>,
    (Path(old), Json(rotation)): (Path<ApiKeyId>, Json<Rotation>),
) -> Result<Committed<RotateApiKey>, Failure> {
    replace(permit, old, &rotation, Issued).await
}

/// Replaces a key of the caller's by one that can do the same, which `answer` shows once.
pub(crate) async fn replace<E>(
    permit: Permit<E>,
    old: ApiKeyId,
    rotation: &Rotation,
    answer: impl FnOnce(IssuedApiKey) -> E::Output + Send,
) -> Result<Committed<E>, Failure>
where
    E: Endpoint<Mode = Write, Output: ShownOnce>,
{
    let (caller, now, chance) = (permit.account()?, permit.now(), permit.chance());
    let id = ApiKeyId::new(now, &*chance);
    let (key, verifier) = api_key::make(id, &*chance);
    let overlap = rotation.overlap_seconds.map_or(OVERLAP, |seconds| Duration::from_secs(seconds.unsigned_abs()));
    let mut work = permit.begin()?;
    if !is_signed_in(&mut work, &caller).await? {
        return Ok(work.refuse(signed_out()).await?);
    }
    let shown = wire(api_key::rotate(&mut work.tx(), caller.user, old, (id, verifier), after(now, overlap), now).await?);
    if overlap.is_zero() {
        revoke(&mut work.tx(), Revocation::ApiKey(&old.to_string()), now).await?;
    }
    work.changed(EventType::ApiKeyCreated, id);
    Ok(work.commit_issued(old, answer(IssuedApiKey { key: SecretText(key), shown })).await?)
}

pub(crate) async fn revoke_one(
    permit: Permit<RevokeApiKey>,
    Path(id): Path<ApiKeyId>,
) -> Result<Committed<RevokeApiKey>, Failure> {
    take_back(permit, id, NoContent).await
}

/// Revokes a key of the caller's.
pub(crate) async fn take_back<E>(permit: Permit<E>, id: ApiKeyId, answer: E::Output) -> Result<Committed<E>, Failure>
where
    E: Endpoint<Mode = Write, Output: Keep>,
{
    let (user, now) = (permit.account()?.user, permit.now());
    let mut work = permit.begin()?;
    api_key::revoke(&mut work.tx(), user, id, now).await?;
    revoke(&mut work.tx(), Revocation::ApiKey(&id.to_string()), now).await?;
    Ok(work.commit(id, answer).await?)
}

const fn told(misfit: Misfit) -> &'static str {
    match misfit {
        Misfit::Unknown => "is no permission",
        Misfit::Beyond => "is more than you may yourself in the organization",
    }
}

fn after(now: Timestamp, wait: Duration) -> Timestamp {
    now.saturating_add(wait).unwrap_or(Timestamp::MAX)
}

fn wire(key: api_key::ApiKey) -> ApiKey {
    ApiKey {
        id: key.id,
        name: key.name,
        prefix: format!("{PREFIX}{}", key.id.uuid().simple()),
        scopes: key.scopes,
        allowed_networks: key.networks,
        created_at: key.created_at,
        expires_at: key.expires_at,
        last_used_at: key.last_used_at,
        revoked_at: key.revoked_at,
        replaced_by: key.successor,
    }
}
