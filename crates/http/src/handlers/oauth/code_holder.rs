//! What a code brings that somebody's leave gave, whichever way it came: tokens once, and their end if it comes twice.

use std::net::IpAddr;

use serde_json::json;
use wardgraph_api::{
    Json, Problem,
    table::oauth::Token,
    wire::{SecretText, oauth::TokenAnswer},
};
use wardgraph_gate::{CeremonyWork, Committed, Tx, UndoneCeremony};
use wardgraph_identity::{
    account,
    refresh::Client as Program,
    session::{self, Use, Why},
};
use wardgraph_kernel::{Chance, EventType, Identity, Outcome, SessionId, TenantId, Timestamp, UserId};
use wardgraph_oauth::{
    Authenticated, Client, ErrorCode, Refusal,
    client::GrantType,
    code::Code,
    grant::{self, Granted, Terms, Tokens},
    id_token::IdToken,
    scope,
    told::Person,
};
use wardgraph_tokens::{IdKind, Revocation, Thumbprint, revoke};

use super::{
    issued, outside,
    token::{Asked, means},
    token_type,
};
use crate::{
    Failure, Services,
    handlers::{admitted::admits, auth::person, granted::with_grants},
};

/// Whoever presents a code, and from where.
pub(super) struct Holder {
    pub(super) by: Authenticated,
    pub(super) key: Option<Thumbprint>,
    /// What the program says of itself.
    pub(super) device: String,
    pub(super) network: String,
    pub(super) ip: IpAddr,
    pub(super) now: Timestamp,
    /// The resources that it names (RFC 8707).
    pub(super) resources: Vec<String>,
}

impl Holder {
    /// Whoever asks for tokens.
    ///
    /// # Errors
    /// [`Asked::bound_to`].
    pub(super) fn of(asked: &Asked) -> Result<Self, Refusal> {
        let pass = &asked.pass;
        Ok(Self {
            by: asked.by.clone(),
            key: asked.bound_to()?,
            device: pass.agent().to_owned(),
            network: pass.network(),
            ip: pass.ip(),
            now: pass.now(),
            resources: asked.parameters.resource.clone(),
        })
    }

    /// Why it gets no token from where it asks, or for a resource that the code is not good for.
    pub(super) async fn elsewhere(
        &self,
        tx: &mut Tx<'_, Identity>,
        code: &Code,
        services: &Services,
    ) -> Result<Option<Refusal>, Failure> {
        if !admits(tx, &code.seat.organization, self.ip).await? {
            return Ok(Some(outside()));
        }
        let good_for = code.resource.as_deref().unwrap_or(services.issuer.audience());
        let refusal = || Refusal::new(ErrorCode::InvalidTarget, "the code is good for another resource");
        Ok(self.resources.iter().any(|asked| asked != good_for).then(refusal))
    }

    /// Begins what the code gives leave to.
    pub(super) async fn begin(
        &self,
        work: &mut CeremonyWork<Token>,
        code: &Code,
        services: &Services,
        chance: &dyn Chance,
    ) -> Result<Tokens, Failure> {
        let client = &self.by.client;
        let name = if self.by.is_confidential() { client.id.as_str() } else { &self.device };
        let program = Program::new(name, self.network.clone());
        let seat = with_grants(&mut work.tx(), code.user, &code.seat, self.now).await?;
        let granted = Granted {
            client,
            user: code.user,
            seat: &seat,
            generation: code.generation,
            proof: &code.proof,
            terms: Terms { scopes: code.scopes.clone(), audience: code.resource.clone(), jkt: self.key },
            at: &Use { client: &program, device: &self.device, ip: self.ip, now: self.now },
        };
        Ok(grant::begin(&mut work.tx(), &granted, &means(services, chance)).await?)
    }

    /// Answers with the tokens, on record.
    pub(super) async fn answer(
        &self,
        mut work: CeremonyWork<Token>,
        grant_type: GrantType,
        code: &Code,
        tokens: Tokens,
        services: &Services,
    ) -> Result<Committed<Token>, Failure> {
        let client = &self.by.client;
        let id_token = id_token(&mut work.tx(), client, code, &tokens, services, self.now).await?;
        let entry = issued(client, grant_type.word(), &tokens.access, &tokens.scopes);
        work.note(entry.event_type, entry.subject, Outcome::Success, entry.payload);
        let answer = TokenAnswer {
            access_token: SecretText(tokens.access.token),
            token_type: token_type(self.key),
            expires_in: tokens.access.life.as_secs(),
            scope: tokens.scopes.join(" "),
            refresh_token: tokens.refresh.map(SecretText),
            id_token,
            issued_token_type: None,
        };
        Ok(work.commit(person(code.user, Some(code.seat.organization.clone())), Json(answer)).await?)
    }

    /// Ends what a code gave that was used before: either who presents it stole it, or who used it then did.
    pub(super) async fn replayed(
        &self,
        mut work: UndoneCeremony<Token>,
        whose: (UserId, TenantId),
        gave: Option<SessionId>,
        wrong: Problem,
    ) -> Result<Committed<Token>, Failure> {
        if let Some(session) = gave {
            session::end(&mut work.tx(), session, Why::Replayed, self.now).await?;
            revoke(&mut work.tx(), Revocation::Session(&session.to_string()), self.now).await?;
        }
        let payload = json!({ "client_id": self.by.client.id.as_str() });
        work.note(EventType::CodeReplayed, gave.map(Into::into), Outcome::Refused, payload);
        Ok(work.refuse_as(person(whose.0, Some(whose.1)), wrong).await?)
    }
}

/// The ID token, where one was asked for.
async fn id_token(
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
