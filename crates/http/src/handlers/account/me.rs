//! What an account says of its owner.

use wardgraph_api::{
    Json, Keep,
    table::account::{GetMe, UpdateMe},
    wire::account::{Me, MeChange, Seat},
};
use wardgraph_gate::{Committed, Permit};
use wardgraph_identity::account::{self, Account};
use wardgraph_kernel::{Endpoint, Read, Write};

use crate::Failure;

pub(crate) async fn get(permit: Permit<GetMe>, (): ()) -> Result<Json<Me>, Failure> {
    read(permit).await.map(Json)
}

/// What the account says of its owner.
pub(crate) async fn read<E: Endpoint<Mode = Read>>(permit: Permit<E>) -> Result<Me, Failure> {
    let user = permit.account()?.user;
    let mut work = permit.begin()?;
    Ok(wire(account::account(&mut work.once(), user).await?))
}

pub(crate) async fn update(permit: Permit<UpdateMe>, Json(change): Json<MeChange>) -> Result<Committed<UpdateMe>, Failure> {
    rename(permit, change, Json).await
}

/// Gives the account's owner another name.
pub(crate) async fn rename<E>(
    permit: Permit<E>,
    change: MeChange,
    answer: impl FnOnce(Me) -> E::Output + Send,
) -> Result<Committed<E>, Failure>
where
    E: Endpoint<Mode = Write, Output: Keep>,
{
    let (user, now) = (permit.account()?.user, permit.now());
    let mut work = permit.begin()?;
    account::rename(&mut work.tx(), user, change.name.trim(), now).await?;
    let me = wire(account::account(&mut work.tx(), user).await?);
    Ok(work.commit(user, answer(me)).await?)
}

fn wire(account: Account) -> Me {
    Me {
        id: account.id,
        email: account.email,
        name: account.name,
        email_verified: account.verified,
        organization: account.seat.map(|(seat, name)| Seat {
            id: seat.organization.to_string(),
            name,
            role: seat.role.map(|role| role.word().to_owned()),
        }),
        created_at: account.created_at,
        updated_at: account.updated_at,
    }
}
