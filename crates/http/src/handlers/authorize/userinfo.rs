//! What a client is told of the person whose leave it has (OpenID Connect Core, section 5.3).

use wardgraph_api::{
    Told,
    table::authorize::{UserInfo, UserInfoByPost},
};
use wardgraph_gate::Permit;
use wardgraph_identity::account;
use wardgraph_kernel::{Endpoint, Read};
use wardgraph_oauth::id_token::Person;
use wardgraph_tokens::IdKind;

use crate::{Failure, Services};

pub(crate) async fn get(permit: Permit<UserInfo>, (): (), services: Services) -> Result<Told, Failure> {
    tell(permit, &services).await
}

pub(crate) async fn post(permit: Permit<UserInfoByPost>, (): (), services: Services) -> Result<Told, Failure> {
    tell(permit, &services).await
}

async fn tell<E: Endpoint<Mode = Read>>(permit: Permit<E>, services: &Services) -> Result<Told, Failure> {
    let (subject, now) = (permit.person()?, permit.now());
    let client = match &subject.client {
        Some(id) => permit.client(id).await?,
        None => None,
    };
    let mut work = permit.begin()?;
    let found = account::account(&mut work.once(), subject.user).await?;
    let person =
        Person { id: found.id, name: found.name, email: found.email, verified: found.verified, updated_at: found.updated_at };
    let mut claims = person.userinfo(&subject.scopes);
    match client.and_then(|client| client.registered.userinfo_alg.map(|algorithm| (client, algorithm))) {
        None => Ok(Told::Plain(claims)),
        Some((client, algorithm)) => {
            claims.insert("iss".into(), services.issuer.iss().into());
            claims.insert("aud".into(), client.id.as_str().into());
            Ok(Told::Signed(services.issuer.sign_claims(IdKind::Id, &claims, Some(algorithm), now)?))
        }
    }
}
