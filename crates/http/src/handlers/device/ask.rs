//! A device asks (RFC 8628, section 3.1).

use serde_json::json;
use wardgraph_api::{
    ClientForm, Json, Problem,
    table::device::AskForDevice,
    wire::{
        SecretText,
        device::{DeviceAnswer, DeviceRequest},
    },
};
use wardgraph_audit::Subject;
use wardgraph_gate::{Ceremony, Committed};
use wardgraph_kernel::{CodeId, EventType, Outcome};
use wardgraph_oauth::{
    Authenticated, ErrorCode, Refusal,
    client::GrantType,
    device::{self, Wanted},
    scope, target,
};
use wardgraph_tokens::Thumbprint;

use crate::{
    Failure, Services,
    handlers::oauth::{authenticate, client_of, turned_away},
};

pub(crate) async fn ask(
    pass: Ceremony<AskForDevice>,
    ClientForm { client, parameters }: ClientForm<DeviceRequest>,
    services: Services,
) -> Result<Committed<AskForDevice>, Failure> {
    let by = match authenticate(&pass, &client, &services).await {
        Ok(by) => by,
        Err(problem) => return turned_away(pass, &client, problem).await,
    };
    if by.is_anybodys() {
        pass.charge_network()?;
    }
    let wanted = match judge(&by, &parameters, services.issuer.audience()) {
        Ok(wanted) => wanted,
        Err(refusal) => {
            let problem = Failure::from(refusal).into();
            return Ok(pass.settle_refusal(client_of(&by.client), Vec::new(), problem).await?);
        }
    };
    let (now, chance) = (pass.now(), pass.chance());
    let mut work = pass.begin()?;
    let (resource, id) = (wanted.resource.as_deref(), CodeId::new(now, &*chance));
    let (client, organization) = (&by.client.id, by.client.organization.as_ref());
    let wanted = Wanted { client, organization, scopes: &wanted.scopes, resource, key: wanted.key };
    let Some(started) = device::start(&mut work.tx(), &wanted, id, now, &*chance).await? else {
        let problem = Problem::too_many("too many devices wait for their people").retry_after(device::LIFE.as_secs());
        return Ok(work.refuse(problem).await?);
    };
    let payload = json!({ "scope": wanted.scopes.join(" ") });
    work.note(EventType::DeviceAsked, Some(Subject::from(&by.client.id)), Outcome::Success, payload);
    let (user_code, uri) = (started.user_code.to_string(), format!("{}/oauth2/device", services.issuer.iss()));
    let answer = DeviceAnswer {
        device_code: SecretText(started.device_code),
        verification_uri_complete: format!("{uri}?user_code={user_code}"),
        verification_uri: uri,
        user_code,
        expires_in: device::LIFE.as_secs(),
        interval: device::INTERVAL_S,
    };
    Ok(work.commit(client_of(&by.client), Json(answer)).await?)
}

/// What is asked for, as far as it may be had.
struct Judged {
    scopes: Vec<String>,
    resource: Option<String>,
    key: Option<Thumbprint>,
}

fn judge(by: &Authenticated, asked: &DeviceRequest, ours: &str) -> Result<Judged, Refusal> {
    let client = &by.client;
    if !client.grants(GrantType::DeviceCode) {
        return Err(Refusal::new(ErrorCode::UnauthorizedClient, "the client may not use this grant type"));
    }
    let scopes = scope::asked(asked.scope.as_deref(), &client.registered.scopes)?;
    if scopes.is_empty() {
        return Err(Refusal::new(ErrorCode::InvalidScope, "nothing is open to this client"));
    }
    Ok(Judged { scopes, resource: target::of(client, &asked.resource, ours)?, key: by.key })
}
