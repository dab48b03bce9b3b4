//! Somebody agrees. What they agreed to is remembered; the request to which they go back is judged by it.

use wardgraph_api::{Form, Problem, Redirect, table::authorize::Agree, wire::authorize::ConsentForm};
use wardgraph_gate::{Committed, Permit};
use wardgraph_kernel::{ClientId, ConsentId, TenantId};
use wardgraph_oauth::{
    OAuthError,
    client::{Source, document},
    consent::{self, Agreement},
    scope,
};

use super::progress;
use crate::{
    Failure,
    handlers::account::sessions::{is_signed_in, signed_out},
};

pub(crate) async fn agree(permit: Permit<Agree>, Form(form): Form<ConsentForm>) -> Result<Committed<Agree>, Failure> {
    let (caller, browser, now, chance) = (permit.account()?, permit.browser()?, permit.now(), permit.chance());
    let user = caller.user;
    let unknown = || Problem::not_found("there is no such application");
    let client = permit.named_client(&ClientId::parse(&form.client_id).ok_or_else(unknown)?).await?;
    let client = client.filter(|client| client.disabled_at.is_none()).ok_or_else(unknown)?;
    let Some(back) = progress::agreed(&form.return_to, &form.organization, &browser) else {
        return Err(Problem::malformed("the form does not say to which request it belongs").into());
    };
    let elsewhere = || Problem::not_found("you are no member of this organization");
    let organization = TenantId::parse(&form.organization).map_err(|_| elsewhere())?;
    let mut scopes = form.scopes;
    scopes.retain(|scope| scope::holds(&client.registered.scopes, scope));
    if scopes.is_empty() {
        return Err(Problem::malformed("the form agrees to nothing that the application may do").into());
    }
    scopes.sort();
    scopes.dedup();
    // Of one that is known by its document the host is what its person knows it by.
    let name = match client.source {
        Source::Document => format!("{} ({})", client.registered.name, document::host(client.id.as_str())),
        _ => client.registered.name.clone(),
    };
    let agreement = Agreement { user, client: &client, client_name: &name, organization: &organization, scopes: &scopes };
    let mut work = permit.begin()?;
    // What is agreed to outlives the session: whoever ends it meanwhile waits, and then finds what was agreed to.
    if !is_signed_in(&mut work, &caller).await? {
        return Ok(work.refuse(signed_out()).await?);
    }
    match consent::remember(&mut work.tx(), &agreement, ConsentId::new(now, &*chance), now).await {
        Ok(Some(id)) => Ok(work.commit(id, Redirect::to(back.as_str())).await?),
        Ok(None) => Ok(work.refuse(elsewhere()).await?),
        Err(error @ OAuthError::TooMany { .. }) => Ok(work.refuse(Failure::from(error).into()).await?),
        Err(error) => Err(error.into()),
    }
}
