//! An organization is handed over, deleted, and restored.

use serde_json::json;
use wardgraph_api::{
    Json, Path,
    table::organizations::{DeleteOrganization, RestoreOrganization, TransferOrganization},
    wire::organization::{Confirmation, OrganizationId, Transfer},
};
use wardgraph_audit::Entry;
use wardgraph_gate::{Committed, Permit};
use wardgraph_kernel::Permission;
use wardgraph_organizations::{
    members::{self, Transferred},
    organization,
};

use super::{named, own, shown};
use crate::{
    Failure, Services,
    handlers::{refused::refuse, roles::sit_down},
};

pub(crate) async fn transfer(
    permit: Permit<TransferOrganization>,
    (Path(id), Json(wanted)): (Path<OrganizationId>, Json<Transfer>),
) -> Result<Committed<TransferOrganization>, Failure> {
    let (caller, tenant, now) = (permit.account()?, permit.tenant().clone(), permit.now());
    let (user, mut work) = (caller.user, permit.begin()?);
    let handed = async {
        own(&tenant, &id)?;
        let (desk, by) = sit_down(&mut work, &tenant, &caller, now).await?;
        members::transfer(&mut work.tx(), &desk, &by, wanted.user_id).await
    };
    match handed.await {
        Ok(Transferred { before, after, changed }) => {
            work.explain(json!({ "before": { "owner_id": before.owner }, "after": { "owner_id": after.owner, "by": user } }));
            for moved in &changed {
                let (event_type, payload) = moved.told();
                work.changed_in(&tenant, Entry::done(event_type, moved.user.into()).with(payload));
            }
            Ok(work.commit(&after.id, Json(shown(after.clone()))).await?)
        }
        Err(error) => refuse(work, named(&id), error).await,
    }
}

pub(crate) async fn delete(
    permit: Permit<DeleteOrganization>,
    (Path(id), Json(body)): (Path<OrganizationId>, Json<Confirmation>),
    services: Services,
) -> Result<Committed<DeleteOrganization>, Failure> {
    let (caller, tenant, now) = (permit.account()?, permit.tenant().clone(), permit.now());
    let (user, grace, mut work) = (caller.user, services.organizations_grace, permit.begin()?);
    let deleted = async {
        own(&tenant, &id)?;
        sit_down(&mut work, &tenant, &caller, now).await?;
        organization::delete(&mut work.tx(), &id.0, Some(user), &body.confirm, grace, now).await
    };
    match deleted.await {
        Ok(changed) => {
            work.explain(changed.told());
            Ok(work.commit(&changed.after.id, Json(shown(changed.after.clone()))).await?)
        }
        Err(error) => refuse(work, named(&id), error).await,
    }
}

pub(crate) async fn restore(
    permit: Permit<RestoreOrganization>,
    Path(id): Path<OrganizationId>,
) -> Result<Committed<RestoreOrganization>, Failure> {
    let (caller, tenant, now) = (permit.account()?, permit.tenant().clone(), permit.now());
    let (user, mut work) = (caller.user, permit.begin()?);
    let restored = async {
        own(&tenant, &id)?;
        let (_, by) = sit_down(&mut work, &tenant, &caller, now).await?;
        by.must(Permission::OrganizationsDelete)?;
        organization::restore(&mut work.tx(), &id.0, Some(user), now).await
    };
    match restored.await {
        Ok(changed) => {
            work.explain(changed.told());
            Ok(work.commit(&changed.after.id, Json(shown(changed.after.clone()))).await?)
        }
        Err(error) => refuse(work, named(&id), error).await,
    }
}
