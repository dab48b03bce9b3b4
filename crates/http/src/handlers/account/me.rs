//! What an account says of its owner.

use wardgraph_api::{
    Json,
    table::account::{GetMe, UpdateMe},
    wire::account::{Me, MeChange, Seat},
};
use wardgraph_gate::{Committed, Permit};
use wardgraph_identity::account::{self, Account};

use crate::Failure;

pub(crate) async fn get(permit: Permit<GetMe>, (): ()) -> Result<Json<Me>, Failure> {
    let user = permit.account()?.user;
    let mut work = permit.begin()?;
    Ok(Json(wire(account::account(&mut work.once(), user).await?)))
}

pub(crate) async fn update(permit: Permit<UpdateMe>, Json(change): Json<MeChange>) -> Result<Committed<UpdateMe>, Failure> {
    let (user, now) = (permit.account()?.user, permit.now());
    let mut work = permit.begin()?;
    account::rename(&mut work.tx(), user, change.name.trim(), now).await?;
    let me = wire(account::account(&mut work.tx(), user).await?);
    Ok(work.commit(user, Json(me)).await?)
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
            role: seat.role.word().to_owned(),
        }),
        created_at: account.created_at,
        updated_at: account.updated_at,
    }
}
