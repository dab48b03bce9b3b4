//! The token endpoint: who asks, and by what; each grant has a file of its own.

use wardgraph_api::{ClientForm, table::oauth::Token, wire::oauth::TokenRequest};
use wardgraph_gate::{Ceremony, Committed};
use wardgraph_oauth::{Authenticated, ErrorCode, OAuthError, Refusal, client::GrantType, grant::Means};
use wardgraph_tokens::Thumbprint;

use super::{
    authenticate, authorization_code, client_credentials, client_of, device_code, refresh_token, token_exchange, turned_away,
};
use crate::{Failure, Services};

/// A request for tokens of a client that proved who it is, or has nothing to prove it by.
#[derive(Debug)]
pub(in crate::handlers) struct Asked {
    pub(in crate::handlers) pass: Ceremony<Token>,
    pub(in crate::handlers) by: Authenticated,
    pub(in crate::handlers) parameters: TokenRequest,
}

pub(crate) async fn token(
    pass: Ceremony<Token>,
    ClientForm { client, parameters }: ClientForm<TokenRequest>,
    services: Services,
) -> Result<Committed<Token>, Failure> {
    let by = match authenticate(&pass, &client, &services).await {
        Ok(by) => by,
        Err(problem) => return turned_away(pass, &client, problem).await,
    };
    let wanted = grant_type(&by, &parameters);
    let asked = Asked { pass, by, parameters };
    match wanted {
        Ok(GrantType::ClientCredentials) => client_credentials::grant(asked, &services).await,
        Ok(GrantType::RefreshToken) => refresh_token::grant(asked, &services).await,
        Ok(GrantType::AuthorizationCode) => Box::pin(authorization_code::grant(asked, &services)).await,
        Ok(GrantType::DeviceCode) => Box::pin(device_code::grant(asked, &services)).await,
        Ok(GrantType::TokenExchange) => Box::pin(token_exchange::grant(asked, &services)).await,
        Err(refusal) => asked.refuse(refusal).await,
    }
}

/// The grant type that is asked for, if the client may use it.
fn grant_type(by: &Authenticated, parameters: &TokenRequest) -> Result<GrantType, Refusal> {
    let word = parameters.grant_type.as_deref();
    let word = word.ok_or_else(|| Refusal::new(ErrorCode::InvalidRequest, "`grant_type` is missing"))?;
    let unsupported = || Refusal::new(ErrorCode::UnsupportedGrantType, "the grant type is not supported");
    let wanted = GrantType::of(word).ok_or_else(unsupported)?;
    if by.client.grants(wanted) {
        return Ok(wanted);
    }
    Err(Refusal::new(ErrorCode::UnauthorizedClient, "the client may not use this grant type"))
}

impl Asked {
    /// Refuses, on record.
    pub(in crate::handlers) async fn refuse(self, refusal: impl Into<OAuthError>) -> Result<Committed<Token>, Failure> {
        let who = client_of(&self.by.client);
        Ok(self.pass.settle_refusal(who, Vec::new(), Failure::from(refusal.into()).into()).await?)
    }

    /// The key that the tokens are bound to.
    ///
    /// # Errors
    /// Where the client's tokens must be, and it proved possession of none.
    pub(in crate::handlers) fn bound_to(&self) -> Result<Option<Thumbprint>, Refusal> {
        if self.by.client.registered.dpop_bound && self.by.key.is_none() {
            return Err(Refusal::new(
                ErrorCode::InvalidDpopProof,
                "the client's tokens are bound to a key: prove possession of one",
            ));
        }
        Ok(self.by.key)
    }
}

/// What grants are made with.
pub(in crate::handlers) fn means<'a>(services: &'a Services, chance: &'a dyn wardgraph_kernel::Chance) -> Means<'a> {
    let (vault, issuer, lifetimes) = (&services.vault, &services.issuer, services.accounts.lifetimes);
    Means { vault, issuer, lifetimes, chance }
}
