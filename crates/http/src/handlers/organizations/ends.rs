//! An organization is handed over, deleted, and restored.

use serde_json::json;
use wardgraph_api::{
    Json, Path,
    table::organizations::{DeleteOrganization, RestoreOrganization, TransferOrganization},
    wire::organization::{Confirmation, OrganizationId, Transfer},
};
use wardgraph_gate::{Committed, Permit};
use wardgraph_kernel::{EventType, Permission};
use wardgraph_organizations::{
    members::{self, By},
    organization,
};

use super::{own, refuse, session, shown, told};
use crate::{Failure, Services};

pub(crate) async fn transfer(
    permit: Permit<TransferOrganization>,
    (Path(id), Json(wanted)): (Path<OrganizationId>, Json<Transfer>),
) -> Result<Committed<TransferOrganization>, Failure> {
    own(&permit, &id)?;
    let (by, now) = (session(&permit)?, permit.now());
    let (user, mut work) = (by.user, permit.begin()?);
    match members::transfer(&mut work.tx(), &id.0, by, wanted.user_id, now).await {
        Ok((before, after)) => {
            work.explain(json!({ "before": { "owner_id": before.owner }, "after": { "owner_id": after.owner, "by": user } }));
            work.changed(EventType::MemberRoleChanged, user);
            work.changed(EventType::MemberRoleChanged, wanted.user_id);
            Ok(work.commit(&after.id, Json(shown(after.clone()))).await?)
        }
        Err(error) => refuse(work, error).await,
    }
}

pub(crate) async fn delete(
    permit: Permit<DeleteOrganization>,
    (Path(id), Json(body)): (Path<OrganizationId>, Json<Confirmation>),
    services: Services,
) -> Result<Committed<DeleteOrganization>, Failure> {
    own(&permit, &id)?;
    let (by, now, grace) = (session(&permit)?, permit.now(), services.organizations_grace);
    let (user, mut work) = (by.user, permit.begin()?);
    let deleted = async {
        let held = organization::hold(&mut work.tx(), &id.0, Some(user)).await?;
        members::still(&mut work.tx(), &held.id, (By::Member(by), Permission::OrganizationsDelete), now).await?;
        organization::delete(&mut work.tx(), &id.0, Some(user), &body.confirm, grace, now).await
    };
    match deleted.await {
        Ok(changed) => {
            work.explain(told(&changed));
            Ok(work.commit(&changed.after.id, Json(shown(changed.after.clone()))).await?)
        }
        Err(error) => refuse(work, error).await,
    }
}

pub(crate) async fn restore(
    permit: Permit<RestoreOrganization>,
    Path(id): Path<OrganizationId>,
) -> Result<Committed<RestoreOrganization>, Failure> {
    own(&permit, &id)?;
    let (by, now) = (session(&permit)?, permit.now());
    let (user, mut work) = (by.user, permit.begin()?);
    let restored = async {
        let held = organization::hold(&mut work.tx(), &id.0, Some(user)).await?;
        members::still(&mut work.tx(), &held.id, (By::Member(by), Permission::OrganizationsDelete), now).await?;
        organization::restore(&mut work.tx(), &id.0, Some(user), now).await
    };
    match restored.await {
        Ok(changed) => {
            work.explain(told(&changed));
            Ok(work.commit(&changed.after.id, Json(shown(changed.after.clone()))).await?)
        }
        Err(error) => refuse(work, error).await,
    }
}
