//! Administrators of the server in an organization's content.

use std::time::Duration;

use serde_json::json;
use wardgraph_access::On;
use wardgraph_api::{
    Issued, Json, NoContent, Path, Problem, Query,
    table::elevation::{Elevate, EndElevation, ListElevations},
    wire::{
        SecretText,
        elevation::{Elevation, ElevationFilter, ElevationPage, IssuedElevation, NewElevation},
        organization::OrganizationId,
    },
};
use wardgraph_audit::Entry;
use wardgraph_gate::{Committed, Permit};
use wardgraph_identity::mail::{Notice, notify_own};
use wardgraph_kernel::{ElevationId, EventType, List, Permission, TenantId};
use wardgraph_organizations::{
    OrganizationError,
    elevation::{self, Opening},
};
use wardgraph_tokens::{AccessRequest, Chain, ELEVATION, Revocation, revoke};

use crate::{
    Failure, Services,
    handlers::{account::sessions::signed_out, oauth::token_type, page, refused::refuse},
};

pub(crate) async fn begin(
    permit: Permit<Elevate>,
    (Path(OrganizationId(organization)), Json(new)): (Path<OrganizationId>, Json<NewElevation>),
    services: Services,
) -> Result<Committed<Elevate>, Failure> {
    let (caller, now, chance) = (permit.account()?, permit.now(), permit.chance());
    let session = permit.ancestor().ok_or_else(|| Problem::forbidden("the session's token cannot be taken back"))?;
    let key = permit.own().and_then(|own| own.jkt);
    let mut work = permit.begin()?;
    let asked = elevation::administrator(&mut work.tx(), caller.user, caller.session, caller.generation).await?;
    let Some(administrator) = asked else { return Ok(work.refuse(signed_out()).await?) };
    let scopes: Vec<String> = administrator.content().into_iter().map(|one| one.word().to_owned()).collect();
    if scopes.is_empty() {
        return Ok(work.refuse(Problem::forbidden("the account goes into no organization any more")).await?);
    }
    let organization = match TenantId::parse(&organization) {
        Ok(organization) if elevation::is_there(&mut work.tx(), &organization).await? => organization,
        _ => return Ok(work.refuse(Problem::not_found("there is no such organization")).await?),
    };
    let id = ElevationId::new(now, &*chance);
    let asked = new.expires_in.map(|seconds| Duration::from_secs(seconds.unsigned_abs()));
    let request = AccessRequest {
        // Nobody's account: what it may do, its scopes say alone.
        subject: format!("elevation-{id}"),
        tenant: organization.clone(),
        scopes: scopes.clone(),
        client_id: ELEVATION.to_owned(),
        client_generation: 0,
        audience: None,
        jkt: key,
        session: None,
        generation: 0,
        amr: Vec::new(),
        acr: None,
        auth_time: None,
        algorithm: None,
        // It ends with the session that it came of, and with every token of the account.
        chain: Chain { actors: vec![caller.user.to_string()], ancestors: vec![session], agreement: None },
        life: Some(asked.unwrap_or_else(|| services.issuer.life())),
        now,
    };
    let token = services.issuer.sign(&request, &*chance)?;
    let opening = Opening {
        id,
        organization: &organization,
        user: caller.user,
        name: &administrator.name,
        reason: &new.reason,
        scopes: &scopes,
        token_id: &token.id,
        expires_at: token.expires_at,
    };
    if !elevation::begin(&mut work.tx(), &opening, now).await? {
        return Ok(work.refuse(Problem::conflict("the account has too many ways in open: close some of them")).await?);
    }
    for owner in elevation::owners(&mut work.tx(), &organization).await? {
        notify_own(&mut work.tx(), owner, Notice::Elevated, now, &*chance).await?;
    }
    let told = json!({
        "organization_id": organization.as_str(),
        "administrator_id": caller.user,
        "reason": &*new.reason,
        "scopes": scopes,
        "jti": token.id,
        "expires_at": token.expires_at,
    });
    let entered = || Entry::done(EventType::OrganizationEntered, id.into()).with(told.clone());
    work.changed_in(&organization, entered());
    work.changed_in_system(entered());
    work.explain(told.clone());
    let answer = IssuedElevation {
        id,
        organization_id: organization.to_string(),
        access_token: SecretText(token.token),
        token_type: token_type(key),
        expires_in: token.life.as_secs(),
        scope: request.scopes.join(" "),
    };
    Ok(work.commit_issued(id, Issued(answer)).await?)
}

pub(crate) async fn end(permit: Permit<EndElevation>, Path(id): Path<ElevationId>) -> Result<Committed<EndElevation>, Failure> {
    let (caller, now) = (permit.account()?, permit.now());
    let (own, sees_to_it) = (permit.tenant().clone(), permit.authority().allows(Permission::OrganizationsWrite, On::All));
    let mut work = permit.begin()?;
    let found = elevation::find(&mut work.tx(), id).await?;
    let Some(open) = found.filter(|open| open.user == caller.user || sees_to_it && open.organization == own.as_str()) else {
        let problem = Problem::not_found("there is no such elevation, or it is another organization's");
        return refuse(work, Some(id.into()), problem).await;
    };
    if open.is_closed {
        return refuse(work, Some(id.into()), Problem::conflict("it is closed already")).await;
    }
    let organization =
        TenantId::parse(&open.organization).map_err(|_| OrganizationError::Unreadable("an elevation's organization"))?;
    elevation::end(&mut work.tx(), &organization, id, Some(caller.user), now).await?;
    revoke(&mut work.tx(), Revocation::Token(&open.token_id), now).await?;
    let told = json!({ "organization_id": open.organization, "administrator_id": open.user });
    work.changed_in(&organization, Entry::done(EventType::OrganizationLeft, id.into()).with(told.clone()));
    work.changed_in_system(Entry::done(EventType::OrganizationLeft, id.into()).with(told.clone()));
    work.explain(told);
    Ok(work.commit(id, NoContent).await?)
}

pub(crate) async fn list(
    permit: Permit<ListElevations>,
    Query(filter): Query<ElevationFilter>,
) -> Result<Json<ElevationPage>, Failure> {
    let list = List { name: "elevations", tenant: permit.tenant().clone(), of: None };
    let (size, after) = page(&list, filter.limit, filter.cursor.as_deref())?;
    let mut work = permit.begin()?;
    let found = elevation::list(&mut work.once(), &list.tenant, after, size).await?;
    let elevations: Vec<_> = found.items.into_iter().map(wire).collect();
    Ok(Json(ElevationPage { count: elevations.len(), elevations, next_cursor: found.next.map(|cursor| cursor.encode(&list)) }))
}

/// A way in, as the API tells it.
pub fn wire(of: elevation::Elevation) -> Elevation {
    Elevation {
        id: of.id,
        administrator_id: of.user,
        administrator_name: of.name,
        reason: of.reason,
        scopes: of.scopes,
        created_at: of.created_at,
        expires_at: of.expires_at,
        ended_at: of.ended_at,
        ended_by: of.ended_by,
    }
}
