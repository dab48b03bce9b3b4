//! The tokens of a code (RFC 6749, section 4.1.3; OpenID Connect Core, section 3.1.3). A code that is used twice ends what it gave.

use serde_json::json;
use wardgraph_api::{
    Json,
    table::oauth::Token,
    wire::{SecretText, oauth::TokenAnswer},
};
use wardgraph_gate::{Committed, Tx, UndoneCeremony};
use wardgraph_identity::{
    account,
    refresh::Client as Program,
    session::{self, Use, Why},
};
use wardgraph_kernel::{EventType, Identity, Outcome, SessionId, TenantId, Timestamp, UserId};
use wardgraph_oauth::{
    Client, ErrorCode, Refusal,
    client::GrantType,
    code::{self, Claimed, Code, Presented},
    follow,
    grant::{self, Granted, Terms, Tokens},
    id_token::IdToken,
    scope,
    told::{self, Person},
};
use wardgraph_tokens::{IdKind, Revocation, revoke};

use super::{
    issued,
    token::{Asked, means},
    token_type,
};
use crate::{Failure, Services, handlers::auth::person};

pub(super) async fn grant(asked: Asked, services: &Services) -> Result<Committed<Token>, Failure> {
    let (now, chance, ip, device) = (asked.pass.now(), asked.pass.chance(), asked.pass.ip(), asked.pass.agent().to_owned());
    let Some(text) = asked.parameters.code.clone() else {
        return asked.refuse(Refusal::new(ErrorCode::InvalidRequest, "`code` is missing")).await;
    };
    let key = match asked.bound_to() {
        Ok(key) => key,
        Err(refusal) => return asked.refuse(refusal).await,
    };
    let Asked { pass, by, parameters } = asked;
    let network = pass.network();
    let claimed = Claimed {
        code: text.expose(),
        client: by.client.id.as_str(),
        redirect_uri: parameters.redirect_uri.as_deref(),
        verifier: parameters.code_verifier.as_ref().map(|text| text.expose()),
        jkt: key,
    };
    let mut work = pass.begin()?;
    let code = match code::present(&mut work.tx(), &claimed, now).await? {
        Presented::Good(code) => code,
        Presented::Bad(why) => {
            let mut work = work.undo().await?;
            let payload = json!({ "client_id": by.client.id.as_str(), "reason": why });
            work.note(EventType::AuthorizationRefused, None, Outcome::Refused, payload);
            return Ok(work.refuse(wrong()).await?);
        }
        Presented::Again { user, organization, gave } => {
            let again = Again { user, organization, gave, client: by.client.id.as_str() };
            return replayed(work.undo().await?, again, now).await;
        }
    };
    let audience = services.issuer.audience();
    if parameters.resource.iter().any(|asked| asked != code.resource.as_deref().unwrap_or(audience)) {
        let refusal = Refusal::new(ErrorCode::InvalidTarget, "the code is good for another resource");
        return Ok(work.refuse(Failure::from(refusal).into()).await?);
    }
    let program = Program::new(if by.is_confidential() { by.client.id.as_str() } else { &device }, network);
    let at = Use { client: &program, device: &device, ip, now };
    let granted = Granted {
        client: &by.client,
        user: code.user,
        seat: &code.seat,
        generation: code.generation,
        proof: &code.proof,
        terms: Terms { scopes: code.scopes.clone(), audience: code.resource.clone(), jkt: key },
        at: &at,
    };
    let tokens = grant::begin(&mut work.tx(), &granted, &means(services, &*chance)).await?;
    code::finish(&mut work.tx(), code.id, tokens.session, now).await?;
    follow::begin(&mut work.tx(), tokens.session, code.session).await?;
    told::remember(&mut work.tx(), tokens.session, &code.userinfo_claims).await?;
    let id_token = id_token(&mut work.tx(), &by.client, &code, &tokens, services, now).await?;
    let entry = issued(&by.client, GrantType::AuthorizationCode.word(), &tokens.access, &tokens.scopes);
    work.note(entry.event_type, entry.subject, Outcome::Success, entry.payload);
    let answer = TokenAnswer {
        access_token: SecretText(tokens.access.token),
        token_type: token_type(key),
        expires_in: tokens.access.life.as_secs(),
        scope: tokens.scopes.join(" "),
        refresh_token: tokens.refresh.map(SecretText),
        id_token,
        issued_token_type: None,
    };
    Ok(work.commit(person(code.user, Some(code.seat.organization.clone())), Json(answer)).await?)
}

/// The ID token, where one was asked for.
pub(super) async fn id_token(
    tx: &mut Tx<'_, Identity>,
    client: &Client,
    code: &Code,
    tokens: &Tokens,
    services: &Services,
    now: Timestamp,
) -> Result<Option<SecretText>, Failure> {
    if !tokens.scopes.iter().any(|scope| scope == scope::OPENID) {
        return Ok(None);
    }
    let found = account::person(tx, code.user).await?;
    let person =
        Person { id: code.user, name: found.name, email: found.email, verified: found.verified, updated_at: found.updated_at };
    let algorithm = client.registered.id_token_alg;
    let claims = IdToken {
        iss: services.issuer.iss(),
        client: client.id.as_str(),
        person: &person,
        registered: &client.registered.scopes,
        claims: &code.claims,
        session: tokens.session,
        proof: &code.proof,
        nonce: code.nonce.as_deref(),
        access_token: tokens.access.token.expose(),
        algorithm,
        now,
    };
    let signed = services.issuer.sign_claims(IdKind::Id, &claims.claims(), Some(algorithm), now)?;
    Ok(Some(SecretText(signed)))
}

/// A code that was used before.
struct Again<'a> {
    user: UserId,
    organization: TenantId,
    gave: Option<SessionId>,
    client: &'a str,
}

/// Ends what a code gave: either who presents it stole it, or who used it before did.
async fn replayed(mut work: UndoneCeremony<Token>, again: Again<'_>, now: Timestamp) -> Result<Committed<Token>, Failure> {
    if let Some(session) = again.gave {
        session::end(&mut work.tx(), session, Why::Replayed, now).await?;
        revoke(&mut work.tx(), Revocation::Session(&session.to_string()), now).await?;
    }
    let payload = json!({ "client_id": again.client });
    work.note(EventType::CodeReplayed, again.gave.map(Into::into), Outcome::Refused, payload);
    Ok(work.refuse_as(person(again.user, Some(again.organization)), wrong()).await?)
}

/// The one answer.
fn wrong() -> wardgraph_api::Problem {
    let why = "the code is good no more, or was given for another client, address, verifier or key";
    Failure::from(Refusal::new(ErrorCode::InvalidGrant, why)).into()
}
