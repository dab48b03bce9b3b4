//! What a client is told of the person whose leave it has (OpenID Connect Core, section 5.3).

use wardgraph_api::{
    Json,
    table::authorize::{UserInfo, UserInfoByPost},
    wire::authorize::PersonClaims,
};
use wardgraph_gate::Permit;
use wardgraph_identity::account;
use wardgraph_kernel::{Endpoint, Read};
use wardgraph_oauth::scope::{EMAIL, PROFILE};

use crate::Failure;

pub(crate) async fn get(permit: Permit<UserInfo>, (): ()) -> Result<Json<PersonClaims>, Failure> {
    tell(permit).await
}

pub(crate) async fn post(permit: Permit<UserInfoByPost>, (): ()) -> Result<Json<PersonClaims>, Failure> {
    tell(permit).await
}

async fn tell<E: Endpoint<Mode = Read>>(permit: Permit<E>) -> Result<Json<PersonClaims>, Failure> {
    let subject = permit.person()?;
    let mut work = permit.begin()?;
    let found = account::account(&mut work.once(), subject.user).await?;
    let may = |word: &str| subject.scopes.iter().any(|scope| scope == word);
    let (profile, email) = (may(PROFILE), may(EMAIL));
    Ok(Json(PersonClaims {
        sub: found.id.to_string(),
        name: profile.then_some(found.name),
        updated_at: profile.then(|| found.updated_at.as_second()),
        email: email.then_some(found.email),
        email_verified: email.then_some(found.verified),
    }))
}
