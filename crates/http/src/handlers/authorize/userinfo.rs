//! What a client is told of the person whose leave it has (OpenID Connect Core, section 5.3): what its scopes say, and the single claims that the person
//! agreed to (section 5.5). Signed, for a client that registered that.

use std::sync::Arc;

use serde_json::{Map, Value};
use uuid::Uuid;
use wardgraph_api::{
    Signable,
    carry::Jwt,
    table::authorize::{UserInfo, UserInfoByPost},
    wire::authorize::PersonClaims,
};
use wardgraph_gate::Permit;
use wardgraph_identity::account;
use wardgraph_kernel::{ClientId, Endpoint, Read, SessionId, UserId};
use wardgraph_oauth::{
    Client,
    told::{self, Person},
};
use wardgraph_tokens::IdKind;

use crate::{Failure, Services};

type Told = Result<Signable<PersonClaims, Jwt>, Failure>;

pub(crate) async fn get(permit: Permit<UserInfo>, (): (), services: Services) -> Told {
    tell(permit, &services).await
}

pub(crate) async fn post(permit: Permit<UserInfoByPost>, (): (), services: Services) -> Told {
    tell(permit, &services).await
}

async fn tell<E: Endpoint<Mode = Read>>(permit: Permit<E>, services: &Services) -> Told {
    let (subject, now) = (permit.person()?, permit.now());
    let (client, single) = match asker(&permit, subject.user).await? {
        None => (None, Vec::new()),
        Some((client, single)) => (Some(client), single),
    };
    let mut work = permit.begin()?;
    let found = account::account(&mut work.once(), subject.user).await?;
    let (name, email) = (found.name, found.email);
    let person = Person { id: found.id, name, email, verified: found.verified, updated_at: found.updated_at };
    let mut claims = person.by_scopes(&subject.scopes);
    if let Some(client) = &client {
        claims.extend(person.by_names(&single, &client.registered.scopes));
    }
    claims.insert("sub".into(), person.id.to_string().into());
    let signing = client.and_then(|client| client.registered.userinfo_alg.map(|algorithm| (client, algorithm)));
    let Some((client, algorithm)) = signing else { return Ok(Signable::Plain(plain(claims)?)) };
    // Nothing in it is a time at which it ends: nobody takes it for a token that opens anything.
    claims.insert("iss".into(), services.issuer.iss().into());
    claims.insert("aud".into(), client.id.as_str().into());
    claims.insert("iat".into(), now.as_second().into());
    Ok(Signable::signed(services.issuer.sign_claims(IdKind::Id, &claims, Some(algorithm), now)?))
}

/// The client that asks, and the single claims that it may be told; `None` where the person asks themselves.
async fn asker<E: Endpoint>(permit: &Permit<E>, user: UserId) -> Result<Option<(Arc<Client>, Vec<String>)>, Failure> {
    let Some(own) = permit.own().filter(|own| own.is_a_clients()) else { return Ok(None) };
    let Some(id) = ClientId::parse(&own.client_id) else { return Ok(None) };
    let Some(client) = permit.client(&id).await? else { return Ok(None) };
    permit.charge(&client)?;
    let session = own.session.as_deref().and_then(|session| Uuid::try_parse(session).ok()).map(SessionId::from);
    let single = match session {
        None => Vec::new(),
        Some(session) => told::agreed(&mut permit.look()?.tx(), user, session, client.id.as_str()).await?,
    };
    Ok(Some((client, single)))
}

fn plain(claims: Map<String, Value>) -> Result<PersonClaims, Failure> {
    let unreadable = |_| wardgraph_api::Problem::internal("what is told of a person cannot be written");
    Ok(serde_json::from_value(Value::Object(claims)).map_err(unreadable)?)
}
