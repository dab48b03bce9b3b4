//! A client on its own behalf (RFC 6749, section 4.4): a service account, with the role that it was given.

use wardgraph_api::{
    Json,
    table::oauth::Token,
    wire::{SecretText, oauth::TokenAnswer},
};
use wardgraph_gate::Committed;
use wardgraph_kernel::Permissions;
use wardgraph_oauth::{ErrorCode, OAuthError, Refusal, client::GrantType, scope, target};
use wardgraph_tokens::{AccessRequest, Chain, Issued};

use super::{client_of, issued, token::Asked, token_type};
use crate::{Failure, Services};

pub(super) async fn grant(asked: Asked, services: &Services) -> Result<Committed<Token>, Failure> {
    let granted = asked.pass.held_by(&asked.by.client).await?;
    let (token, scopes) = match sign(&asked, granted, services) {
        Ok(signed) => signed,
        Err(OAuthError::Refused(refusal)) => return asked.refuse(refusal).await,
        Err(error) => return Err(error.into()),
    };
    let client = &asked.by.client;
    let (who, entry) = (client_of(client), issued(client, GrantType::ClientCredentials.word(), &token, &scopes));
    let answer = TokenAnswer {
        access_token: SecretText(token.token),
        token_type: token_type(asked.by.key),
        expires_in: token.life.as_secs(),
        scope: scopes.join(" "),
        refresh_token: None,
        id_token: None,
        issued_token_type: None,
    };
    Ok(asked.pass.settle(who, vec![entry], Json(answer)).await?)
}

fn sign(asked: &Asked, granted: Permissions, services: &Services) -> Result<(Issued, Vec<String>), OAuthError> {
    let (client, parameters) = (&asked.by.client, &asked.parameters);
    if !asked.by.is_confidential() {
        return Err(Refusal::new(ErrorCode::UnauthorizedClient, "a client that proves nothing gets nothing of its own").into());
    }
    let nobodys = || Refusal::new(ErrorCode::UnauthorizedClient, "a client of no organization gets nothing of its own");
    let organization = client.organization.clone().ok_or_else(nobodys)?;
    let scopes = scope::asked(parameters.scope.as_deref(), &client.own_scopes(granted))?;
    let request = AccessRequest {
        subject: client.id.to_string(),
        tenant: organization,
        scopes: scopes.clone(),
        client_id: client.id.to_string(),
        client_generation: client.generation,
        audience: target::of(client, &parameters.resource, services.issuer.audience())?,
        jkt: asked.bound_to()?,
        session: None,
        generation: 0,
        amr: Vec::new(),
        acr: None,
        auth_time: None,
        algorithm: client.registered.access_token_alg,
        chain: Chain::default(),
        life: None,
        now: asked.pass.now(),
    };
    let token = services.issuer.sign(&request, &*asked.pass.chance())?;
    Ok((token, scopes))
}
