//! The caller's second factors.

use wardgraph_api::{
    Issued, Json, Keep, NoContent, Path, ShownOnce,
    table::mfa::{ListFactors, MakeRecoveryCodes, RemoveFactor, RenameFactor},
    wire::{
        SecretText,
        mfa::{Factor, FactorChange, FactorList, RecoveryCodes},
    },
};
use wardgraph_gate::{Committed, Permit};
use wardgraph_identity::{
    IdentityError, factor,
    mail::{Notice, notify_own},
    recovery::{self, Codes},
    session::Why,
};
use wardgraph_kernel::{Endpoint, FactorId, Read, Write};

use crate::{
    Failure, Services,
    handlers::account::sessions::{end_others, is_signed_in, signed_out},
};

pub(crate) async fn list(permit: Permit<ListFactors>, (): (), services: Services) -> Result<Json<FactorList>, Failure> {
    read(permit, &services).await.map(Json)
}

/// The caller's second factors.
pub(crate) async fn read<E: Endpoint<Mode = Read>>(permit: Permit<E>, services: &Services) -> Result<FactorList, Failure> {
    let user = permit.account()?.user;
    let mut work = permit.begin()?;
    let found = factor::list(&mut work.once(), user).await?;
    let factors: Vec<_> = found.factors.into_iter().map(wire).collect();
    let required = found.required || services.accounts.factors.required;
    Ok(FactorList { count: factors.len(), factors, recovery_codes_left: found.codes_left, required })
}

pub(crate) async fn rename(
    permit: Permit<RenameFactor>,
    (Path(id), Json(change)): (Path<FactorId>, Json<FactorChange>),
) -> Result<Committed<RenameFactor>, Failure> {
    call(permit, id, &change, Json).await
}

/// Calls a second factor of the caller's something else.
pub(crate) async fn call<E>(
    permit: Permit<E>,
    id: FactorId,
    change: &FactorChange,
    answer: impl FnOnce(Factor) -> E::Output + Send,
) -> Result<Committed<E>, Failure>
where
    E: Endpoint<Mode = Write, Output: Keep>,
{
    let user = permit.account()?.user;
    let mut work = permit.begin()?;
    let renamed = factor::rename(&mut work.tx(), user, id, change.name.trim()).await?;
    Ok(work.commit(id, answer(wire(renamed))).await?)
}

pub(crate) async fn remove(
    permit: Permit<RemoveFactor>,
    Path(id): Path<FactorId>,
    services: Services,
) -> Result<Committed<RemoveFactor>, Failure> {
    take_away(permit, id, &services, NoContent).await
}

/// Removes a second factor of the caller's.
pub(crate) async fn take_away<E>(
    permit: Permit<E>,
    id: FactorId,
    services: &Services,
    answer: E::Output,
) -> Result<Committed<E>, Failure>
where
    E: Endpoint<Mode = Write, Output: Keep>,
{
    let (caller, now, chance) = (permit.account()?, permit.now(), permit.chance());
    let mut work = permit.begin()?;
    if !is_signed_in(&mut work, &caller).await? {
        return Ok(work.refuse(signed_out()).await?);
    }
    match factor::remove(&mut work.tx(), caller.user, id, services.accounts.factors.required).await {
        Ok(()) => {}
        Err(error @ IdentityError::Required) => return Ok(work.refuse(Failure::from(error).into()).await?),
        Err(error) => return Err(error.into()),
    }
    notify_own(&mut work.tx(), caller.user, Notice::FactorRemoved, now, &*chance).await?;
    end_others(&mut work, caller, Why::Factors, now).await?;
    Ok(work.commit(id, answer).await?)
}

pub(crate) async fn make_codes(permit: Permit<MakeRecoveryCodes>, (): ()) -> Result<Committed<MakeRecoveryCodes>, Failure> {
    replace_codes(permit, Issued).await
}

/// Makes new recovery codes of the caller's, which `answer` shows once.
pub(crate) async fn replace_codes<E>(
    permit: Permit<E>,
    answer: impl FnOnce(RecoveryCodes) -> E::Output + Send,
) -> Result<Committed<E>, Failure>
where
    E: Endpoint<Mode = Write, Output: ShownOnce>,
{
    let (caller, now, chance) = (permit.account()?, permit.now(), permit.chance());
    let mut work = permit.begin()?;
    if !is_signed_in(&mut work, &caller).await? {
        return Ok(work.refuse(signed_out()).await?);
    }
    let codes = Codes::make(&*chance);
    recovery::replace(&mut work.tx(), caller.user, &codes, now).await?;
    notify_own(&mut work.tx(), caller.user, Notice::RecoveryMade, now, &*chance).await?;
    end_others(&mut work, caller, Why::Factors, now).await?;
    let recovery_codes = codes.texts.into_iter().map(SecretText).collect();
    Ok(work.commit_issued(caller.user, answer(RecoveryCodes { recovery_codes })).await?)
}

fn wire(factor: factor::Factor) -> Factor {
    Factor {
        id: factor.id,
        method: factor.kind,
        name: factor.name,
        created_at: factor.created_at,
        last_used_at: factor.last_used_at,
        synced: factor.synced,
        counter_went_back_at: factor.went_back_at,
    }
}
