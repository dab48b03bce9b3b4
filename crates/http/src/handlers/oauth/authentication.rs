//! From what a client says of itself to the client.

use serde_json::json;
use wardgraph_api::{
    Problem,
    wire::oauth::{AuthorizationHeader, ClientCredentials},
};
use wardgraph_audit::{Entry, Subject};
use wardgraph_gate::{Ceremony, Committed, Proven};
use wardgraph_kernel::{ClientId, Endpoint, EventType, Outcome};
use wardgraph_oauth::{
    Authenticated, ErrorCode, Refusal,
    authenticate::{self, Proof},
};

use crate::Failure;

/// The client that asks, if it proves who it is in exactly one way (RFC 6749, section 2.3).
///
/// # Errors
/// What is to be answered; see [`turned_away`].
pub(in crate::handlers) async fn authenticate<E: Endpoint>(
    pass: &Ceremony<E>,
    given: &ClientCredentials,
) -> Result<Authenticated, Problem> {
    let (name, proof) = match shown(given) {
        Ok(shown) => shown,
        Err(refusal) => return Err(Failure::from(refusal).into()),
    };
    let by_header = matches!(proof, Proof::InHeader(_));
    let Some(id) = ClientId::parse(&name) else { return Err(Failure::from(authenticate::wrong(by_header)).into()) };
    let found = pass.client(&id).await?;
    match authenticate::judge(found, &proof, pass.now()) {
        Ok(authenticated) => {
            pass.charge(&authenticated.client)?;
            Ok(authenticated)
        }
        Err(refusal) => {
            pass.charge_failing(id.as_str())?;
            Err(Failure::from(refusal).into())
        }
    }
}

/// What a client shows: one name, and one thing to prove it by.
fn shown(given: &ClientCredentials) -> Result<(String, Proof), Refusal> {
    let malformed = |why: &'static str| Refusal::new(ErrorCode::InvalidRequest, why);
    let ways = [
        !matches!(given.header, AuthorizationHeader::Absent),
        given.client_secret.is_some(),
        given.client_assertion.is_some() || given.client_assertion_type.is_some(),
    ];
    if ways.into_iter().filter(|way| *way).count() > 1 {
        return Err(malformed("the client authenticates in more than one way"));
    }
    match &given.header {
        AuthorizationHeader::Unreadable => Err(authenticate::wrong(true)),
        AuthorizationHeader::Basic { id, secret } => {
            if given.client_id.as_ref().is_some_and(|named| named != id) {
                return Err(malformed("the header and the form name different clients"));
            }
            Ok((id.clone(), Proof::InHeader(secret.clone())))
        }
        AuthorizationHeader::Absent => {
            let name = given.client_id.clone().ok_or_else(|| authenticate::wrong(false))?;
            if given.client_assertion.is_some() || given.client_assertion_type.is_some() {
                return Err(authenticate::wrong(false));
            }
            Ok((name, given.client_secret.clone().map_or(Proof::Nothing, Proof::InForm)))
        }
    }
}

/// Answers whoever is not let in, and has it on record where somebody tried to be a client.
pub(in crate::handlers) async fn turned_away<E: Endpoint>(
    pass: Ceremony<E>,
    given: &ClientCredentials,
    problem: Problem,
) -> Result<Committed<E>, Failure> {
    if problem.status != 401 {
        return Err(problem.into());
    }
    let named = match &given.header {
        AuthorizationHeader::Basic { id, .. } => Some(id),
        _ => given.client_id.as_ref(),
    };
    let subject = named.and_then(|name| ClientId::parse(name)).map(|id| Subject::from(&id));
    let entry = Entry { event_type: EventType::ClientRefused, subject, outcome: Outcome::Refused, payload: json!({}) };
    Ok(pass.settle_refusal(Proven::nobody(), vec![entry], problem).await?)
}
