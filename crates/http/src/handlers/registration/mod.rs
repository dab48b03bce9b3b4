//! Clients that register themselves (RFC 7591), and see to it (RFC 7592).
//!
//! **Invariant:** a client changes and deletes itself alone, by the token that it has now (`a_registration_token_is_good_for_its_own_client_until_it_is_used`).

pub(crate) mod tokens;

use serde_json::{Map, Value, json};
use wardgraph_access::RoleName;
use wardgraph_api::{
    Issued, Json, NoContent, Problem, Registering, Registrant, RegistrationToken,
    table::registration::{DeleteRegistration, GetRegistration, RegisterClient, UpdateRegistration},
    wire::{
        SecretText,
        registration::{ClientMetadata, RegisteredClient},
    },
};
use wardgraph_audit::Subject;
use wardgraph_gate::{Ceremony, CeremonyWork, Committed, Proven};
use wardgraph_kernel::{ClientId, Endpoint, EventType, OrganizationRole, Outcome, Permission, Secret, Timestamp};
use wardgraph_oauth::{
    AuthMethod, Client, ErrorCode, Refusal,
    client::{self, About, Described, GrantType, NewSecret, Source, Terms, initial, operator, registered},
    scope,
};
use wardgraph_organizations::follow::Gift;
use wardgraph_tokens::{Algorithm, Revocation, revoke};

use crate::{Failure, Joining, Services, handlers::oauth::client_of, registering::untrusted};

pub(crate) async fn register(
    pass: Ceremony<RegisterClient>,
    (RegistrationToken(token), Registering(ClientMetadata(said))): (RegistrationToken, Registering<ClientMetadata>),
    services: Services,
) -> Result<Committed<RegisterClient>, Failure> {
    let newcomers = &services.newcomers;
    // Whoever registers proves nothing: every try counts where it comes from.
    pass.charge_network()?;
    if newcomers.joining == Joining::Closed {
        return Err(Problem::forbidden("clients do not register themselves here").into());
    }
    if newcomers.joining == Joining::ByToken && token.is_none() {
        return Err(untrusted().into());
    }
    let (now, chance) = (pass.now(), pass.chance());
    let mut work = pass.begin()?;
    let leave = match &token {
        None => None,
        Some(text) => match initial::spend(&mut work.tx(), text, now).await? {
            Some(leave) => Some(leave),
            None => return Ok(work.refuse(untrusted()).await?),
        },
    };
    if let Some((leave, maker)) = leave.as_ref().and_then(|leave| Some((leave, leave.maker?))) {
        let (organization, by) = (&leave.organization, Permission::ClientsWrite);
        let (role, scopes) = (leave.role.map(RoleName::from), scope::permissions(&leave.scopes));
        let gift = Gift { organization, giver: maker, by, role: role.as_ref(), scopes };
        if !gift.stands(&mut work.tx(), now).await? {
            return Ok(work.refuse(untrusted()).await?);
        }
    }
    let terms = Terms {
        scopes: leave.as_ref().map_or(&*newcomers.scopes, |leave| leave.scopes.as_slice()),
        role: leave.as_ref().and_then(|leave| leave.role),
        algorithms: services.issuer.algorithms(),
        secrets: true,
    };
    let described = match client::read(&said, &terms) {
        Ok(described) => described,
        // What the token is worth is not used up by a mistake.
        Err(unfit) => return Ok(work.refuse(Failure::from(Refusal::from(unfit)).into()).await?),
    };
    let organization = leave.as_ref().map(|leave| &leave.organization);
    let maker = leave.as_ref().and_then(|leave| leave.maker);
    let made = registered::register(&mut work.tx(), organization, maker, &described, newcomers.most, now, &*chance).await;
    let made = match made {
        Ok(Some(made)) => made,
        Ok(None) => {
            let full = Problem::unavailable("no more clients can register themselves now").retry_after(3_600);
            return Ok(work.refuse(full).await?);
        }
        Err(error) => return Err(error.into()),
    };
    let subject = Subject::from(&made.client.id);
    work.note(EventType::ClientCreated, Some(subject), Outcome::Success, json!({ "after": told(&made.client) }));
    let who = client_of(&made.client);
    let answer = shown(&made.client, made.secret, made.token, &services);
    Ok(work.commit(who, Issued(answer)).await?)
}

pub(crate) async fn read(
    pass: Ceremony<GetRegistration>,
    shown_by: Registrant,
    services: Services,
) -> Result<Committed<GetRegistration>, Failure> {
    pass.charge_network()?;
    let mut look = pass.look()?;
    let found = match ClientId::parse(&shown_by.id) {
        Some(id) => client::find(&mut look.tx(), &id).await?,
        None => None,
    };
    drop(look);
    match found.filter(|client| client.sees_to_itself_by(&shown_by.token)) {
        Some(client) => Ok(pass.answer(Json(shown(&client, None, shown_by.token, &services)))),
        None => Ok(pass.refuse("not_the_registrant", untrusted())),
    }
}

pub(crate) async fn update(
    pass: Ceremony<UpdateRegistration>,
    (shown_by, Registering(ClientMetadata(mut said))): (Registrant, Registering<ClientMetadata>),
    services: Services,
) -> Result<Committed<UpdateRegistration>, Failure> {
    pass.charge_network()?;
    let (now, chance) = (pass.now(), pass.chance());
    let mut work = pass.begin()?;
    let Some(before) = held(&mut work, &shown_by).await? else {
        return Ok(work.refuse(untrusted()).await?);
    };
    let described = match anew(&mut said, &before, &services, now) {
        Ok(described) => described,
        Err(refusal) => {
            let who = client_of(&before);
            return Ok(work.undo().await?.refuse_as(who, Failure::from(refusal).into()).await?);
        }
    };
    let was = told(&before);
    let (changed, made) = registered::describe_anew(&mut work.tx(), before, &described, now, &*chance).await?;
    let payload = json!({ "before": was, "after": told(&changed.after) });
    work.note(EventType::ClientUpdated, Some(Subject::from(&made.client.id)), Outcome::Success, payload);
    let who = client_of(&made.client);
    let answer = shown(&made.client, made.secret, made.token, &services);
    Ok(work.commit(who, Json(answer)).await?)
}

pub(crate) async fn delete(
    pass: Ceremony<DeleteRegistration>,
    shown_by: Registrant,
) -> Result<Committed<DeleteRegistration>, Failure> {
    pass.charge_network()?;
    let now = pass.now();
    let mut work = pass.begin()?;
    let Some(before) = held(&mut work, &shown_by).await? else {
        return Ok(work.refuse(untrusted()).await?);
    };
    operator::delete(&mut work.tx(), &before.id).await?;
    let (id, generation) = (before.id.as_str(), i64::MAX);
    revoke(&mut work.tx(), Revocation::Client { id, generation }, now).await?;
    revoke(&mut work.tx(), Revocation::ClientTokens { id, generation }, now).await?;
    let payload = json!({ "before": told(&before) });
    work.note(EventType::ClientDeleted, Some(Subject::from(&before.id)), Outcome::Success, payload);
    // It is no more: what it did stands in the log of whose it was.
    let who: Proven = client_of(&before);
    Ok(work.commit(who, NoContent).await?)
}

/// The client that shows its own token, held until the transaction ends.
async fn held<E: Endpoint>(work: &mut CeremonyWork<E>, shown_by: &Registrant) -> Result<Option<Client>, Failure> {
    let Some(id) = ClientId::parse(&shown_by.id) else { return Ok(None) };
    match operator::hold(&mut work.tx(), &id).await {
        Ok(client) => Ok(Some(client).filter(|client| client.sees_to_itself_by(&shown_by.token))),
        Err(wardgraph_oauth::OAuthError::NoClient) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What a client says anew (RFC 7592, section 2.2): it names itself, and may have what it had.
fn anew(said: &mut Map<String, Value>, before: &Client, services: &Services, now: Timestamp) -> Result<Described, Refusal> {
    let unfit = |why: &'static str| Refusal::new(ErrorCode::InvalidClientMetadata, why);
    if said.get("client_id").and_then(Value::as_str) != Some(before.id.as_str()) {
        return Err(unfit("`client_id` must be the client's own"));
    }
    for given in ["registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"] {
        if said.contains_key(given) {
            return Err(unfit("what the server gave is not the client's to change"));
        }
    }
    if let Some(secret) = said.remove("client_secret") {
        let known = secret.as_str().is_some_and(|secret| before.knows(&Secret::new(secret), now));
        if !known {
            return Err(unfit("`client_secret` must be the client's own"));
        }
    }
    let newcomers = &services.newcomers;
    // The organization's word for it was given once: what it has then is the most. Nobody's have what the server gives.
    let had = &before.registered.scopes;
    let terms = Terms {
        scopes: if before.organization.is_some() { had } else { &newcomers.scopes },
        role: before.registered.role,
        algorithms: services.issuer.algorithms(),
        secrets: true,
    };
    Ok(client::read(said, &terms)?)
}

/// What a client is told of itself.
fn shown(client: &Client, secret: Option<NewSecret>, token: Secret, services: &Services) -> RegisteredClient {
    let uri = format!("{}/oauth2/register/{}", services.issuer.iss(), client.id);
    RegisteredClient {
        client_id: client.id.clone(),
        client_secret_expires_at: secret.as_ref().map(|_| 0),
        client_secret: secret.map(|secret| SecretText(secret.text)),
        client_id_issued_at: client.created_at.as_second(),
        registration_access_token: SecretText(token),
        registration_client_uri: uri,
        metadata: metadata(client),
    }
}

/// What is registered of a client, in the standard's words; what is not there is left out.
fn metadata(client: &Client) -> Map<String, Value> {
    let of = &client.registered;
    let About { client_uri, logo_uri, tos_uri, policy_uri, contacts, software_id, software_version, application_type } =
        &client.about;
    let by_code = of.grant_types.contains(&GrantType::AuthorizationCode);
    let members = json!({
        "client_name": of.name,
        "token_endpoint_auth_method": of.auth_method.word(),
        "grant_types": of.grant_types.iter().map(|grant| grant.word()).collect::<Vec<_>>(),
        "response_types": if by_code { vec!["code"] } else { Vec::new() },
        "redirect_uris": of.redirect_uris,
        "post_logout_redirect_uris": of.post_logout_redirect_uris,
        "backchannel_logout_uri": of.backchannel_logout_uri,
        "backchannel_logout_session_required": of.backchannel_logout_session.then_some(true),
        "userinfo_signed_response_alg": of.userinfo_alg.map(Algorithm::word),
        "introspection_signed_response_alg": of.introspection_alg.map(Algorithm::word),
        "scope": of.scopes.join(" "),
        "id_token_signed_response_alg": of.id_token_alg.word(),
        "dpop_bound_access_tokens": of.dpop_bound,
        "require_pushed_authorization_requests": of.require_par,
        "jwks": of.jwks.as_deref().and_then(|keys| serde_json::from_str::<Value>(keys).ok()),
        "jwks_uri": of.jwks_uri,
        "client_uri": client_uri,
        "logo_uri": logo_uri,
        "tos_uri": tos_uri,
        "policy_uri": policy_uri,
        "contacts": contacts,
        "software_id": software_id,
        "software_version": software_version,
        "application_type": application_type,
    });
    let Value::Object(mut members) = members else { return Map::new() };
    members.retain(|_, value| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty()));
    members
}

/// What the log tells of a registration.
fn told(client: &Client) -> Value {
    let of = &client.registered;
    json!({
        "client_name": of.name,
        "source": Source::Dynamic.word(),
        "grant_types": of.grant_types.iter().map(|grant| grant.word()).collect::<Vec<_>>(),
        "token_endpoint_auth_method": AuthMethod::word(of.auth_method),
        "redirect_uris": of.redirect_uris,
        "scopes": of.scopes,
        "role": of.role.map(OrganizationRole::word),
        "jwks_uri": of.jwks_uri,
        "has_jwks": of.jwks.is_some(),
    })
}
