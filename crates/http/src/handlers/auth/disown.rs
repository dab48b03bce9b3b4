//! "This was not me": the answer to the mail that tells of a new second factor.

use serde_json::json;
use wardgraph_api::{Json, NoContent, table::disown::DisownFactor, wire::disown::Disowning};
use wardgraph_audit::Subject;
use wardgraph_gate::{Ceremony, Committed};
use wardgraph_identity::{
    account,
    link::{self, Kind},
    session::{self, Why},
};
use wardgraph_kernel::{Endpoint, EventType, Outcome};
use wardgraph_oauth::client;
use wardgraph_tokens::{Revocation, revoke};

use super::{links::spent, person};
use crate::{Failure, Services, handlers::left, pages::disown::Disowned};

pub(crate) async fn disown(
    pass: Ceremony<DisownFactor>,
    Json(body): Json<Disowning>,
    services: Services,
) -> Result<Committed<DisownFactor>, Failure> {
    deny(pass, body, services, |_| NoContent).await
}

/// Removes a second factor that the account's owner did not add, with all else that opens the account but the mail, and what was left in it. `answer` is made of
/// what went.
pub(crate) async fn deny<E: Endpoint>(
    pass: Ceremony<E>,
    body: Disowning,
    services: Services,
    answer: impl FnOnce(&Disowned) -> E::Output + Send,
) -> Result<Committed<E>, Failure> {
    let now = pass.now();
    let id = link::read(&services.accounts.keys, Kind::NotMe, body.token.expose());
    let mut work = pass.begin()?;
    let Some(id) = id else { return Ok(work.refuse(spent()).await?) };
    let Some(owner) = link::take(&mut work.tx(), Kind::NotMe, id, now).await? else {
        return Ok(work.refuse(spent()).await?);
    };
    let user = owner.user;
    // The generation first: a sign-in that is under way has its account's row, and ends with the others.
    let generation = session::end_all(&mut work.tx(), user, Why::Disowned, now).await?;
    revoke(&mut work.tx(), Revocation::User { id: &user.to_string(), generation }, now).await?;
    let removed = account::disown(&mut work.tx(), user, owner.made_at, now).await?;
    work.note(EventType::FactorDisowned, Some(user.into()), Outcome::Success, json!({ "factors": removed.len() }));
    for &factor in &removed {
        work.note(EventType::FactorRemoved, Some(factor.into()), Outcome::Success, json!({ "disowned": true }));
    }
    let left = left::by_link(&mut work, (user, Some(owner.made_at)), "disowned", now).await?;
    let clients = client::disown(&mut work.tx(), user, owner.made_at, now).await?;
    for shut in &clients {
        revoke(&mut work.tx(), Revocation::Client { id: shut.id.as_str(), generation: shut.generation }, now).await?;
        revoke(&mut work.tx(), Revocation::ClientTokens { id: shut.id.as_str(), generation: shut.generation }, now).await?;
        let payload = json!({ "disowned": true, "disabled": true, "organization": shut.organization.as_str() });
        work.note(EventType::ClientUpdated, Some(Subject::from(&shut.id)), Outcome::Success, payload);
    }
    let home = account::home(&mut work.tx(), user).await?;
    let gone = Disowned { factors: removed.len(), left, clients };
    Ok(work.commit(person(user, home), answer(&gone)).await?)
}
