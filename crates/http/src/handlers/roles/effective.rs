//! What somebody may do in the organization, and by what.

use wardgraph_api::{
    Json, Path,
    table::roles::{GetClientPermissions, GetOwnPermissions, GetUserPermissions},
    wire::grant::{Effective, EffectiveRule, HeldBy, HeldRole},
};
use wardgraph_gate::Permit;
use wardgraph_kernel::{ClientId, Endpoint, GlobalRole, Holder, Read, UserId};
use wardgraph_organizations::{
    Holding,
    effective::{self, Counting},
};

use crate::Failure;

pub(crate) async fn of_user(permit: Permit<GetUserPermissions>, Path(id): Path<UserId>) -> Result<Json<Effective>, Failure> {
    read(permit, Holder::User(id)).await
}

pub(crate) async fn own(permit: Permit<GetOwnPermissions>, (): ()) -> Result<Json<Effective>, Failure> {
    let user = permit.account()?.user;
    read(permit, Holder::User(user)).await
}

pub(crate) async fn of_client(
    permit: Permit<GetClientPermissions>,
    Path(id): Path<ClientId>,
) -> Result<Json<Effective>, Failure> {
    read(permit, Holder::Client(id)).await
}

async fn read<E: Endpoint<Mode = Read>>(permit: Permit<E>, holder: Holder) -> Result<Json<Effective>, Failure> {
    let (tenant, now, others) = (permit.tenant().clone(), permit.now(), permit.others());
    let mut work = permit.begin()?;
    let looked = effective::look(&mut work.tx(), &tenant, &holder, now).await?;
    drop(work);
    // It may take a while: no connection is held meanwhile.
    let (held, version) = (looked.held()?, looked.roles_version);
    let told = others.work_out(&held, version, |book, matcher| looked.comes_to(book, matcher).map(|found| shown(holder, found)));
    Ok(Json(told.await??))
}

/// What is shown of what somebody may do.
pub fn shown(holder: Holder, found: effective::Effective) -> Effective {
    let by = match &holder {
        Holder::User(_) => HeldBy::Membership,
        Holder::Client(_) => HeldBy::Registration,
    };
    let (user_id, client_id) = match holder {
        Holder::User(id) => (Some(id), None),
        Holder::Client(id) => (None, Some(id)),
    };
    let held = |holding: Holding| HeldRole {
        role: holding.role.to_string(),
        by: if holding.grant.is_some() { HeldBy::Grant } else { by },
        grant_id: holding.grant,
        expires_at: holding.until,
    };
    Effective {
        user_id,
        client_id,
        disabled: found.disabled,
        roles: found.roles.into_iter().map(held).collect(),
        global_role: found.global.map(|role| GlobalRole::word(role).to_owned()),
        allows: found.allows.iter().map(rule).collect(),
        denies: found.denies.iter().map(rule).collect(),
        permissions: found.permissions.into_iter().map(|permission| permission.word().to_owned()).collect(),
        until: found.until,
    }
}

fn rule(counting: &Counting) -> EffectiveRule {
    EffectiveRule {
        rule: counting.rule.to_string(),
        role: counting.role.to_string(),
        through: counting.through.iter().map(ToString::to_string).collect(),
        until: counting.until,
    }
}
