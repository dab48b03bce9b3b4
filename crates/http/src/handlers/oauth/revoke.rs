//! Giving a token back (RFC 7009). Of a refresh token the whole grant ends; of an access token that one. The client's own alone: what is another's,
//! or is none, is answered alike, and stays as it is.

use serde_json::json;
use wardgraph_api::{
    ClientForm, Json,
    table::oauth::Revoke,
    wire::oauth::{Done, TokenQuestion},
};
use wardgraph_audit::Subject;
use wardgraph_gate::{Ceremony, Committed};
use wardgraph_identity::{
    refresh::Presented,
    session::{self, Why, recognise},
};
use wardgraph_kernel::{EventType, Outcome};
use wardgraph_oauth::{Authenticated, ErrorCode, Refusal};
use wardgraph_tokens::{Revocation, revoke};

use super::{authenticate, client_of, turned_away};
use crate::{Failure, Services};

pub(crate) async fn give_back(
    pass: Ceremony<Revoke>,
    ClientForm { client, parameters }: ClientForm<TokenQuestion>,
    services: Services,
) -> Result<Committed<Revoke>, Failure> {
    let by = match authenticate(&pass, &client, &services).await {
        Ok(by) => by,
        Err(problem) => return turned_away(pass, &client, problem).await,
    };
    if by.is_anybodys() {
        pass.charge_network()?;
    }
    let who = client_of(&by.client);
    let Some(token) = parameters.token else {
        let problem = Failure::from(Refusal::new(ErrorCode::InvalidRequest, "`token` is missing")).into();
        return Ok(pass.settle_refusal(who, Vec::new(), problem).await?);
    };
    if Presented::read(token.expose()).is_some() {
        return grant(pass, &by, token.expose(), &services).await;
    }
    let inspected = pass.inspect(token.expose()).await?.ok();
    let own =
        inspected.filter(|inspected| inspected.claims.own.as_ref().is_some_and(|own| &*own.client_id == by.client.id.as_str()));
    let Some(id) = own.and_then(|inspected| inspected.claims.token_id.clone()) else {
        return Ok(pass.settle(who, Vec::new(), Json(Done {})).await?);
    };
    let now = pass.now();
    let mut work = pass.begin()?;
    revoke(&mut work.tx(), Revocation::Token(&id), now).await?;
    work.note(EventType::TokenRevoked, Some(Subject::from(&by.client.id)), Outcome::Success, json!({ "jti": id }));
    Ok(work.commit(who, Json(Done {})).await?)
}

/// Ends the grant that a refresh token is of.
async fn grant(
    pass: Ceremony<Revoke>,
    by: &Authenticated,
    token: &str,
    services: &Services,
) -> Result<Committed<Revoke>, Failure> {
    let now = pass.now();
    let mut work = pass.begin()?;
    let recognised = recognise(&mut work.tx(), &services.vault, token, Some(by.client.id.as_str())).await?;
    if let Some(recognised) = recognised {
        let session = recognised.presented.session;
        if session::end(&mut work.tx(), session, Why::Returned, now).await? {
            revoke(&mut work.tx(), Revocation::Session(&session.to_string()), now).await?;
            let payload = json!({ "session": session });
            work.note(EventType::TokenRevoked, Some(Subject::from(&by.client.id)), Outcome::Success, payload);
        }
    }
    Ok(work.commit(client_of(&by.client), Json(Done {})).await?)
}
