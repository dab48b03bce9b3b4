//! The first administrator of a server, by a link that was printed by a command beside its database.

use serde_json::json;
use wardgraph_api::{FieldError, Json, NoContent, Problem, table::invitations::SetUp, wire::invitation::Setup};
use wardgraph_gate::{Ceremony, Committed};
use wardgraph_identity::{
    account::{self, Registration},
    setup::{self, SetupToken},
};
use wardgraph_kernel::{Endpoint, EventType, GlobalRole, Outcome};

use super::spent;
use crate::{
    Failure, Services,
    handlers::auth::{address, person},
};

pub(crate) async fn set_up(
    pass: Ceremony<SetUp>,
    Json(body): Json<Setup>,
    services: Services,
) -> Result<Committed<SetUp>, Failure> {
    begin(pass, body, services, NoContent).await
}

/// Makes an administrator of the server, with an organization of their own.
pub(crate) async fn begin<E: Endpoint>(
    pass: Ceremony<E>,
    body: Setup,
    services: Services,
    answer: E::Output,
) -> Result<Committed<E>, Failure> {
    let (accounts, now, chance) = (&services.accounts, pass.now(), pass.chance());
    let Some(token) = SetupToken::read(body.token.expose()) else {
        return Ok(pass.begin()?.refuse(over()).await?);
    };
    let Some(link) = setup::look(&mut pass.look()?.tx(), &token, now).await? else {
        return Ok(pass.begin()?.refuse(over()).await?);
    };
    let (email, name) = (address(&body.email)?, body.name.trim().to_owned());
    if link.email.is_some_and(|wanted| wanted != email.as_str()) {
        let fault = FieldError::new("/email", "is not the one that the link was made for");
        return Ok(pass.begin()?.refuse(Problem::invalid("see `errors`").fields(vec![fault])).await?);
    }
    let words = [email.to_string(), name.clone()];
    let verifier = accounts.verifier(&body.password, words, "/password", chance.clone()).await?;
    let mut work = pass.begin()?;
    let Some(link) = setup::take(&mut work.tx(), &token, now).await? else {
        return Ok(work.refuse(over()).await?);
    };
    let new = Registration { email, name, verifier, mailed: false };
    let role = GlobalRole::SuperAdmin;
    let Some((user, tenant)) = account::found(&mut work.tx(), &new, Some(role), now, &*chance).await? else {
        let fault = FieldError::new("/email", "has an account already: take another address");
        return Ok(work.refuse(Problem::invalid("see `errors`").fields(vec![fault])).await?);
    };
    let payload = json!({ "global_role": role.word(), "link": link.id });
    work.note(EventType::UserRegistered, Some(user.into()), Outcome::Success, json!({ "global_role": role.word() }));
    work.note(EventType::ServerSetUp, Some(user.into()), Outcome::Success, payload);
    Ok(work.commit(person(user, Some(tenant)), answer).await?)
}

fn over() -> Problem {
    spent("was used, is too old, is no link of this server, or the server has an administrator: have another one printed")
}
