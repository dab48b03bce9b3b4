//! From what is sent to what is registered, and from there to what is shown.

use wardgraph_api::{
    FieldError, Problem,
    wire::client::{NewClient, OAuthClient},
};
use wardgraph_kernel::{OrganizationRole, Permissions, Timestamp};
use wardgraph_oauth::{
    AuthMethod, Client,
    client::{GrantType, Registration, check},
    scope,
};
use wardgraph_tokens::Algorithm;

/// What is registered, if all of it may be: nobody gives a client more than `may` holds. `algorithms` are those that this server signs with, its
/// favourite first.
///
/// # Errors
/// 422 with a fault for each member.
pub fn registration(new: NewClient, may: Permissions, algorithms: &[Algorithm]) -> Result<Registration, Problem> {
    let mut faults = Vec::new();
    let mut fault = |place: &str, detail: &str| faults.push(FieldError::new(format!("/{place}"), detail));

    let mut grant_types = Vec::new();
    for (index, word) in new.grant_types.iter().enumerate() {
        match GrantType::of(word) {
            Some(known) if grant_types.contains(&known) => fault(&format!("grant_types/{index}"), "comes twice"),
            Some(known) => grant_types.push(known),
            None => fault(&format!("grant_types/{index}"), "is no grant type of this server"),
        }
    }
    let auth_method = AuthMethod::of(&new.token_endpoint_auth_method).unwrap_or_else(|| {
        fault("token_endpoint_auth_method", "is no way to authenticate here");
        AuthMethod::Basic
    });
    let role = new.role.as_deref().and_then(|word| {
        OrganizationRole::of(word).or_else(|| {
            fault("role", "is no role in an organization");
            None
        })
    });
    let mut algorithm = |place: &str, word: Option<&String>| {
        let known = word.and_then(|word| word.parse::<Algorithm>().ok()).filter(|known| algorithms.contains(known));
        if word.is_some() && known.is_none() {
            fault(place, "is no algorithm that this server signs with");
        }
        known
    };
    let id_token_alg = algorithm("id_token_signed_response_alg", new.id_token_signed_response_alg.as_ref());
    let access_token_alg = algorithm("access_token_signed_response_alg", new.access_token_signed_response_alg.as_ref());
    let userinfo_alg = algorithm("userinfo_signed_response_alg", new.userinfo_signed_response_alg.as_ref());
    let introspection_alg = algorithm("introspection_signed_response_alg", new.introspection_signed_response_alg.as_ref());
    for (index, word) in new.scopes.iter().enumerate() {
        if !may.covers(Permissions::from_scopes([word.as_str()])) {
            fault(&format!("scopes/{index}"), "is more than you may yourself");
        }
    }
    if role.is_some_and(|role| !may.covers(role.permissions().intersect(scope::permissions(&new.scopes)))) {
        fault("role", "is more than you may yourself");
    }

    let registered = Registration {
        name: new.client_name.into_text(),
        auth_method,
        grant_types,
        redirect_uris: new.redirect_uris,
        post_logout_redirect_uris: new.post_logout_redirect_uris,
        backchannel_logout_uri: new.backchannel_logout_uri,
        scopes: new.scopes,
        resources: new.resources,
        role,
        first_party: new.first_party,
        dpop_bound: new.dpop_bound_access_tokens,
        require_par: new.require_pushed_authorization_requests,
        id_token_alg: id_token_alg.or_else(|| algorithms.first().copied()).unwrap_or(Algorithm::ES256),
        access_token_alg,
        jwks: new.jwks.map(|keys| keys.to_string()),
        jwks_uri: new.jwks_uri,
        backchannel_logout_session: new.backchannel_logout_session_required,
        userinfo_alg,
        introspection_alg,
    };
    // What goes together is judged once each member is one.
    if faults.is_empty() {
        faults.extend(check(&registered).into_iter().map(|fault| FieldError::new(format!("/{}", fault.place), fault.detail)));
    }
    if faults.is_empty() { Ok(registered) } else { Err(Problem::invalid("see `errors`").fields(faults)) }
}

/// What is shown of a client at `now`.
pub fn shown(client: Client, now: Timestamp) -> OAuthClient {
    let of = client.registered;
    OAuthClient {
        client_id: client.id,
        client_name: of.name,
        grant_types: of.grant_types.iter().map(|grant| grant.word().to_owned()).collect(),
        token_endpoint_auth_method: of.auth_method.word().into(),
        redirect_uris: of.redirect_uris,
        post_logout_redirect_uris: of.post_logout_redirect_uris,
        backchannel_logout_uri: of.backchannel_logout_uri,
        scopes: of.scopes,
        resources: of.resources,
        role: of.role.map(|role| role.word().to_owned()),
        first_party: of.first_party,
        dpop_bound_access_tokens: of.dpop_bound,
        require_pushed_authorization_requests: of.require_par,
        id_token_signed_response_alg: of.id_token_alg.word().into(),
        access_token_signed_response_alg: of.access_token_alg.map(|algorithm| algorithm.word().to_owned()),
        jwks: of.jwks.and_then(|keys| serde_json::from_str(&keys).ok()),
        jwks_uri: of.jwks_uri,
        backchannel_logout_session_required: of.backchannel_logout_session,
        userinfo_signed_response_alg: of.userinfo_alg.map(|algorithm| algorithm.word().to_owned()),
        introspection_signed_response_alg: of.introspection_alg.map(|algorithm| algorithm.word().to_owned()),
        source: client.source.word().into(),
        created_at: client.created_at,
        updated_at: client.updated_at,
        disabled_at: client.disabled_at,
        secrets: client.secrets.iter().map(|secret| secret.expires_at).filter(|end| end.is_none_or(|end| now < end)).collect(),
    }
}
