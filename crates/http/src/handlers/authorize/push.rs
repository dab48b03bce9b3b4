//! Pushed authorization requests (RFC 9126).

use serde_json::json;
use wardgraph_api::{
    ClientForm, Created, Problem,
    table::authorize::PushRequest,
    wire::authorize::{AuthorizationParameters, PushedRequest},
};
use wardgraph_audit::{Entry, Subject};
use wardgraph_gate::{Ceremony, Committed};
use wardgraph_kernel::{EventType, Outcome, PushedRequestId};
use wardgraph_oauth::{
    Client, par,
    request::{Fault, Origin, Params, Told, check},
};
use wardgraph_tokens::Thumbprint;

use super::registered;
use crate::{
    Failure, Services,
    handlers::oauth::{authenticate, client_of, turned_away},
};

pub(crate) async fn push(
    pass: Ceremony<PushRequest>,
    form: ClientForm<AuthorizationParameters>,
    services: Services,
) -> Result<Committed<PushRequest>, Failure> {
    let (client, key) = match authenticate(&pass, &form.client, &services).await {
        Ok(by) => {
            if by.is_anybodys() {
                pass.charge_network()?;
            }
            (by.client, by.key)
        }
        Err(problem) => return turned_away(pass, &form.client, problem).await,
    };
    let params = match judged(&client, key, form.parameters, &services) {
        Ok(params) => params,
        Err(fault) => {
            let problem = Problem::malformed(fault.description).error_code(fault.error);
            let told = json!({ "client_id": client.id.as_str(), "error": fault.error });
            let subject = Some(Subject::from(&client.id));
            let entry = Entry { event_type: EventType::AuthorizationRefused, subject, outcome: Outcome::Refused, payload: told };
            return Ok(pass.settle_refusal(client_of(&client), vec![entry], problem).await?);
        }
    };
    let (now, chance) = (pass.now(), pass.chance());
    let mut work = pass.begin()?;
    let id = PushedRequestId::new(now, &*chance);
    let pushed = par::push(&mut work.tx(), client.id.as_str(), &params, id, now, &*chance).await?;
    let Some(reference) = pushed else {
        let problem = Problem::too_many("too many requests of this client wait").retry_after(par::LIFE.as_secs());
        return Ok(work.undo().await?.refuse_as(client_of(&client), problem).await?);
    };
    work.note(EventType::RequestPushed, None, Outcome::Success, json!({ "client_id": client.id.as_str() }));
    let answer = PushedRequest { request_uri: reference.expose().to_owned(), expires_in: par::LIFE.as_secs() };
    Ok(work.commit(client_of(&client), Created(answer)).await?)
}

/// The parameters that are kept of a client's request, if it could be granted.
fn judged(client: &Client, key: Option<Thumbprint>, sent: AuthorizationParameters, services: &Services) -> Result<Params, Fault> {
    if sent.request_uri.is_some() {
        return Err(Fault::new("invalid_request", "request_uri cannot be pushed (RFC 9126, section 2.1)"));
    }
    let params = Params::of(sent.pairs()).ok_or(Fault::new("invalid_request", "the request is too long"))?;
    // A client that authenticates need not name itself again.
    let params = if params.has("client_id") { params } else { params.with("client_id", client.id.as_str()) };
    // A key that is proved to be held is one that the code is bound to (RFC 9449, section 10.1).
    let params = match key.map(|key| key.to_string()) {
        Some(key) if params.has("dpop_jkt") && params.one("dpop_jkt") != Some(&key) => {
            return Err(Fault::new("invalid_dpop_proof", "dpop_jkt names another key than the proof is by"));
        }
        Some(key) => params.with("dpop_jkt", key),
        None => params,
    };
    match check(&registered(client, services), &params, Origin::Pushed) {
        Ok(_) => Ok(params),
        Err(Told::Person(why)) => Err(Fault::new("invalid_request", why)),
        Err(Told::Client(_, fault)) => Err(fault),
    }
}
