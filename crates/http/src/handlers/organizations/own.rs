//! An organization is made, read and changed.

use ipnet::IpNet;
use serde_json::json;
use wardgraph_api::{
    Created, FieldError, Json, Keep, Path, Problem,
    table::{
        mfa::RequireMfa,
        organizations::{ChangeOrganization, CreateOrganization, GetOrganization, GetOwnOrganization, SetTier},
    },
    wire::{
        mfa::MfaRequirement,
        organization::{NewOrganization, Organization, OrganizationChange, OrganizationId, TierChange},
    },
};
use wardgraph_audit::Entry;
use wardgraph_gate::{Committed, Permit};
use wardgraph_identity::session::MULTIPLE;
use wardgraph_kernel::{Endpoint, EventType, Read, Write};
use wardgraph_organizations::organization::{self, Settings, network};

use super::{named, own, shown};
use crate::{
    Failure,
    handlers::{
        refused::{Refused, refuse},
        roles::sit_down,
        users::acting,
    },
};

pub(crate) async fn create(
    permit: Permit<CreateOrganization>,
    Json(new): Json<NewOrganization>,
) -> Result<Committed<CreateOrganization>, Failure> {
    let (user, now, chance) = (permit.account()?.user, permit.now(), permit.chance());
    let mut work = permit.begin()?;
    let made = match organization::make(&mut work.tx(), user, new.name.trim(), now, &*chance).await {
        Ok(made) => made,
        Err(error) => return refuse(work, None, error).await,
    };
    // Its own log begins with it; the log of where the caller works has the request.
    let payload = json!({ "before": null, "after": { "name": made.name, "owner_id": user } });
    work.changed_in(&made.id, Entry::done(EventType::OrganizationCreated, (&made.id).into()).with(payload));
    Ok(work.commit_all([], Created(shown(made))).await?)
}

pub(crate) async fn get_own(permit: Permit<GetOwnOrganization>, (): ()) -> Result<Json<Organization>, Failure> {
    read(permit).await.map(Json)
}

pub(crate) async fn get(permit: Permit<GetOrganization>, Path(id): Path<OrganizationId>) -> Result<Json<Organization>, Failure> {
    own(permit.tenant(), &id)?;
    read(permit).await.map(Json)
}

async fn read<E: Endpoint<Mode = Read>>(permit: Permit<E>) -> Result<Organization, Failure> {
    let (user, tenant) = (permit.account()?.user, permit.tenant().clone());
    let mut work = permit.begin()?;
    Ok(shown(organization::find(&mut work.once(), tenant.as_str(), Some(user)).await?))
}

pub(crate) async fn change(
    permit: Permit<ChangeOrganization>,
    (Path(id), Json(wanted)): (Path<OrganizationId>, Json<OrganizationChange>),
) -> Result<Committed<ChangeOrganization>, Failure> {
    set(permit, &id, wanted, Json).await
}

pub(crate) async fn require_mfa(
    permit: Permit<RequireMfa>,
    Json(wanted): Json<MfaRequirement>,
) -> Result<Committed<RequireMfa>, Failure> {
    let change = OrganizationChange { requires_mfa: Some(wanted.required), ..OrganizationChange::default() };
    let id = OrganizationId(permit.tenant().to_string());
    set(permit, &id, change, |_| Json(wanted)).await
}

/// Sets what is said of the organization that the caller works in, and names.
async fn set<E>(
    permit: Permit<E>,
    id: &OrganizationId,
    wanted: OrganizationChange,
    answer: impl FnOnce(Organization) -> E::Output + Send,
) -> Result<Committed<E>, Failure>
where
    E: Endpoint<Mode = Write, Output: Keep>,
{
    let (caller, tenant, now, ip) = (permit.account()?, permit.tenant().clone(), permit.now(), permit.ip());
    let shown_two = permit.own().is_some_and(|own| own.amr.iter().any(|method| method == MULTIPLE));
    let mut work = permit.begin()?;
    let changed = async {
        own(&tenant, id)?;
        let networks = wanted.allowed_networks.as_deref().map(networks).transpose()?;
        // Nobody shuts themselves out, and with them perhaps everybody.
        if wanted.requires_mfa == Some(true) && !shown_two {
            let what = "whoever requires a second factor of others has shown one: sign in with it first";
            return Err(Problem::conflict(what).into());
        }
        if networks.as_deref().is_some_and(|networks| !organization::admits(networks, ip)) {
            let what = "you call from an address that is in none of these networks: you could not change it back";
            return Err(Problem::conflict(what).into());
        }
        let settings = Settings {
            name: wanted.name.map(|name| name.trim().to_owned()),
            requires_mfa: wanted.requires_mfa,
            session_idle_seconds: wanted.session_idle_seconds,
            session_lifetime_seconds: wanted.session_lifetime_seconds,
            allowed_networks: networks.map(|networks| networks.iter().map(ToString::to_string).collect()),
            retention_days: wanted.retention_days,
        };
        sit_down(&mut work, &tenant, &caller, now).await?;
        Ok::<_, Refused>(organization::change(&mut work.tx(), tenant.as_str(), Some(caller.user), settings, now).await?)
    };
    match changed.await {
        Ok(changed) => {
            work.explain(changed.told());
            Ok(work.commit(&tenant, answer(shown(changed.after))).await?)
        }
        Err(refused) => refuse(work, named(id), refused).await,
    }
}

/// The networks that texts spell.
fn networks(texts: &[String]) -> Result<Vec<IpNet>, Failure> {
    let (mut found, mut faults) = (Vec::new(), Vec::new());
    for (index, text) in texts.iter().enumerate() {
        match network(text) {
            Some(network) => found.push(network),
            None => faults.push(FieldError::new(format!("/allowed_networks/{index}"), "is no network like `192.0.2.0/24`")),
        }
    }
    if faults.is_empty() { Ok(found) } else { Err(Problem::invalid("see `errors`").fields(faults).into()) }
}

pub(crate) async fn set_tier(
    permit: Permit<SetTier>,
    (Path(id), Json(wanted)): (Path<OrganizationId>, Json<TierChange>),
) -> Result<Committed<SetTier>, Failure> {
    let (caller, now) = (permit.account()?.user, permit.now());
    let mut work = permit.begin()?;
    let set = async {
        let changed = organization::set_tier(&mut work.tx(), &id.0, wanted.tier.word(), now).await?;
        acting(&mut work, caller).await?;
        Ok::<_, Failure>(changed)
    };
    match set.await {
        Ok(changed) => {
            // It concerns the organization, whose log tells of it.
            let entry = Entry::done(EventType::OrganizationTierSet, (&changed.after.id).into()).with(changed.told());
            work.changed_in(&changed.after.id, entry);
            Ok(work.commit_all([], Json(shown(changed.after.clone()))).await?)
        }
        Err(failure) => refuse(work, None, failure).await,
    }
}
