//! The tokens of a session: its first ones, and what every answer with tokens says.

use wardgraph_api::wire::{SecretText, auth::Tokens};
use wardgraph_gate::Tx;
use wardgraph_identity::{
    account::Seat,
    refresh::{FamilyKey, family_key},
    session::{Credential, Proof},
};
use wardgraph_kernel::{Chance, Identity, Permission, Secret, SessionId, Timestamp, UserId};
use wardgraph_tokens::{AccessRequest, Chain, OWN_CLIENT};

use super::beginning::Beginning;
use crate::{Failure, Services};

/// Whom an access token is for.
#[derive(Debug)]
pub(in crate::handlers) struct Bearer<'a> {
    pub(in crate::handlers) user: UserId,
    pub(in crate::handlers) generation: i64,
    pub(in crate::handlers) seat: &'a Seat,
    pub(in crate::handlers) session: SessionId,
    /// Until when the session lives if it is not used again.
    pub(in crate::handlers) until: Timestamp,
    pub(in crate::handlers) proof: &'a Proof,
}

/// Begins a session, and makes its first tokens.
pub(in crate::handlers) async fn begin(
    tx: &mut Tx<'_, Identity>,
    begun: &Beginning<'_>,
    services: &Services,
    chance: &dyn Chance,
) -> Result<(SessionId, Tokens), Failure> {
    let id = SessionId::new(begun.now, chance);
    let key = FamilyKey::generate(chance);
    let token = key.token(id, 1);
    let sealed = services.vault.seal(tx, family_key(&id.to_string()), key.expose()).await?;
    let credential = Credential::Tokens { first: &token, family_key: &sealed };
    let until = begun.begin(tx, id, credential, services.accounts.lifetimes).await?;
    let (user, generation, seat, proof) = (begun.user, begun.generation, begun.seat, &begun.proof);
    let bearer = Bearer { user, generation, seat, session: id, until, proof };
    Ok((id, answer(&bearer, token, begun.now, services, chance)?))
}

/// An access token, and the refresh token that follows.
pub(in crate::handlers) fn answer(
    bearer: &Bearer<'_>,
    refresh: Secret,
    now: Timestamp,
    services: &Services,
    chance: &dyn Chance,
) -> Result<Tokens, Failure> {
    let permissions = bearer.seat.permissions();
    let issued = services.issuer.sign(
        &AccessRequest {
            subject: bearer.user.to_string(),
            tenant: bearer.seat.organization.clone(),
            scopes: permissions.iter().map(Permission::word).map(str::to_owned).collect(),
            client_id: OWN_CLIENT.into(),
            client_generation: 0,
            audience: None,
            jkt: None,
            session: Some(bearer.session.to_string()),
            generation: bearer.generation,
            amr: bearer.proof.amr.clone(),
            acr: Some(bearer.proof.acr.clone()),
            auth_time: Some(bearer.proof.at),
            algorithm: None,
            chain: Chain::default(),
            life: Some(services.issuer.life_within(now, bearer.until)),
            now,
        },
        chance,
    )?;
    Ok(Tokens {
        access_token: SecretText(issued.token),
        refresh_token: SecretText(refresh),
        token_type: "Bearer".into(),
        expires_in: issued.life.as_secs(),
    })
}
