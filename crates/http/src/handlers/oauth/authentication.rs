//! From what a client says of itself to the client.

use serde_json::json;
use wardgraph_api::{
    Problem,
    wire::oauth::{AuthorizationHeader, ClientCredentials},
};
use wardgraph_audit::{Entry, Subject};
use wardgraph_gate::{Ceremony, Committed, Proven};
use wardgraph_kernel::{ClientId, Endpoint, EventType, Outcome, Secret};
use wardgraph_oauth::{
    Authenticated, ErrorCode, Refusal,
    assertion::{self, ASSERTION_TYPE, Measure},
    authenticate::{self, Evidence},
};
use wardgraph_tokens::{Once, assertion::named_client, dpop::ProofError};

use crate::{Failure, Services};

/// The client that asks, if it proves who it is in exactly one way (RFC 6749, section 2.3), and the key that it proves to hold besides, if it does
/// (RFC 9449, section 5). What may come but once is used up then, whatever becomes of the request.
///
/// # Errors
/// What is to be answered; see [`turned_away`].
pub(in crate::handlers) async fn authenticate<E: Endpoint>(
    pass: &Ceremony<E>,
    given: &ClientCredentials,
    services: &Services,
) -> Result<Authenticated, Problem> {
    let (name, shown) = shown(given).map_err(refused)?;
    let by_header = matches!(shown, Shown::Itself(Evidence::InHeader(_)));
    let id = ClientId::parse(&name).ok_or_else(|| refused(authenticate::wrong(by_header)))?;
    let found = pass.client(&id).await?;
    let judged = match &shown {
        Shown::Itself(proof) => authenticate::judge(found, proof, pass.now()).map(|authenticated| (authenticated, None)),
        Shown::Signed(text) => {
            let means = Measure { issuer: services.issuer.iss(), published: &services.client_keys, now: pass.now() };
            let judged = assertion::judge(found, text.expose(), &means).await;
            judged.map(|(authenticated, once)| (authenticated, Some(once)))
        }
    };
    let (authenticated, asserted) = match judged {
        Ok(judged) => judged,
        Err(refusal) => {
            pass.charge_failing(id.as_str())?;
            return Err(refused(refusal));
        }
    };
    if authenticated.is_confidential() {
        pass.charge(&authenticated.client)?;
    } else {
        pass.charge_unproven(&authenticated.client)?;
    }
    let proof = pass.proof().map_err(unproven)?;
    let once: Vec<_> = asserted.into_iter().chain(proof.as_ref().map(Once::from)).collect();
    if !pass.spend(&once).await.map_err(Failure::from)? {
        return Err(if asserted.is_some() { refused(authenticate::wrong(false)) } else { unproven(ProofError::Replayed) });
    }
    Ok(Authenticated { key: proof.map(|proof| proof.key()), ..authenticated })
}

/// By what a client proves who it is.
enum Shown {
    /// By what it knows, or by nothing.
    Itself(Evidence),
    /// By an assertion that it signed.
    Signed(Secret),
}

/// What a client shows: one name, and one thing to prove it by.
fn shown(given: &ClientCredentials) -> Result<(String, Shown), Refusal> {
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
            Ok((id.clone(), Shown::Itself(Evidence::InHeader(secret.clone()))))
        }
        AuthorizationHeader::Absent => match (&given.client_assertion, given.client_assertion_type.as_deref()) {
            (None, None) => {
                let name = given.client_id.clone().ok_or_else(|| authenticate::wrong(false))?;
                Ok((name, Shown::Itself(given.client_secret.clone().map_or(Evidence::Nothing, Evidence::InForm))))
            }
            (Some(text), Some(ASSERTION_TYPE)) => {
                // The assertion must be of the client that the form names; where that names none, it names the client itself (RFC 7521, section 4.2).
                let itself = || named_client(text.expose()).map_err(|_| authenticate::wrong(false));
                let name = given.client_id.clone().map_or_else(itself, Ok)?;
                Ok((name, Shown::Signed(text.clone())))
            }
            _ => Err(malformed(
                "`client_assertion` and `client_assertion_type` go together, and the type must be that of RFC 7523",
            )),
        },
    }
}

fn refused(refusal: Refusal) -> Problem {
    Failure::from(refusal).into()
}

/// The answer to a proof of possession that is not believed.
fn unproven(error: ProofError) -> Problem {
    let code = match error {
        ProofError::Nonce => ErrorCode::UseDpopNonce,
        _ => ErrorCode::InvalidDpopProof,
    };
    refused(Refusal::new(code, error.description()))
}

/// Answers whoever is not let in, and has it on record where somebody tried to be a client.
pub(in crate::handlers) async fn turned_away<E: Endpoint>(
    pass: Ceremony<E>,
    given: &ClientCredentials,
    problem: Problem,
) -> Result<Committed<E>, Failure> {
    let forged = problem.error_code == Some(ErrorCode::InvalidDpopProof.word());
    if problem.status != 401 && !forged {
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
