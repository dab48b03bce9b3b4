//! The tokens of a session: its first ones, and what every answer with tokens says.

use std::net::IpAddr;

use wardgraph_api::wire::{SecretText, auth::Tokens};
use wardgraph_gate::Tx;
use wardgraph_identity::{
    account::Seat,
    refresh::{Client, FamilyKey},
    session::{self, NewSession, Use},
};
use wardgraph_kernel::{Chance, Identity, Permission, Secret, SessionId, Timestamp, UserId};
use wardgraph_tokens::{AccessRequest, Revocation, revoke};
use wardgraph_vault::Field;

use crate::{Failure, Services};

/// `client_id` of sessions that no OAuth client asked for.
const CLIENT: &str = "wardgraph";

/// Who signed in, where, and when.
#[derive(Debug)]
pub(super) struct Beginning<'a> {
    pub(super) user: UserId,
    pub(super) generation: i64,
    pub(super) seat: &'a Seat,
    pub(super) device: &'a str,
    pub(super) ip: IpAddr,
    pub(super) network: String,
    pub(super) now: Timestamp,
}

/// Whom an access token is for.
#[derive(Debug)]
pub(super) struct Bearer<'a> {
    pub(super) user: UserId,
    pub(super) generation: i64,
    pub(super) seat: &'a Seat,
    pub(super) session: SessionId,
    pub(super) signed_in_at: Timestamp,
}

/// Where the key of a session's family is sealed.
pub(super) const fn family_key(session: &str) -> Field<'_> {
    Field { table: "sessions", column: "family_key", row: session }
}

/// Begins a session, and makes its first tokens.
pub(super) async fn begin(
    tx: &mut Tx<'_, Identity>,
    begun: &Beginning<'_>,
    services: &Services,
    chance: &dyn Chance,
) -> Result<(SessionId, Tokens), Failure> {
    let id = SessionId::new(begun.now, chance);
    let key = FamilyKey::generate(chance);
    let token = key.token(id, 1);
    let sealed = services.vault.seal(tx, family_key(&id.to_string()), key.expose()).await?;
    let client = Client::new(begun.device, begun.network.clone());
    let at = Use { client: &client, device: begun.device, ip: begun.ip, now: begun.now };
    let lifetimes = services.accounts.lifetimes;
    let organization = &begun.seat.organization;
    let new = NewSession { id, user: begun.user, organization, sealed: &sealed, token: &token, at: &at, lifetimes };
    session::create(tx, &new).await?;
    for ended in session::end_crowded(tx, begun.user, begun.now).await? {
        revoke(tx, Revocation::Session(&ended.to_string()), begun.now).await?;
    }
    let bearer =
        Bearer { user: begun.user, generation: begun.generation, seat: begun.seat, session: id, signed_in_at: begun.now };
    Ok((id, answer(&bearer, token, begun.now, services, chance)?))
}

/// An access token, and the refresh token that follows.
pub(super) fn answer(
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
            client_id: CLIENT.into(),
            session: Some(bearer.session.to_string()),
            generation: bearer.generation,
            amr: vec!["pwd".into()],
            acr: None,
            auth_time: Some(bearer.signed_in_at),
            algorithm: None,
            life: None,
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
