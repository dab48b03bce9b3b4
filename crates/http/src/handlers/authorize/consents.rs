//! What somebody agreed to: seen, and taken back.

use wardgraph_api::{
    Form, Json, Keep, NoContent, Page, Path, Problem, Query,
    table::authorize::{ApplicationsPage, ListConsents, RevokeConsent, RevokeConsentByPage},
    wire::{
        authorize::{Consent, ConsentList},
        page::{Done, Notice, Press},
    },
};
use wardgraph_gate::{Committed, Permit};
use wardgraph_kernel::{ConsentId, Endpoint, EventType, Read, Write};
use wardgraph_oauth::consent;
use wardgraph_tokens::{Revocation, revoke};

use crate::{Failure, handlers::pages::after, pages};

pub(crate) async fn list(permit: Permit<ListConsents>, (): ()) -> Result<Json<ConsentList>, Failure> {
    read(permit).await.map(Json)
}

async fn read<E: Endpoint<Mode = Read>>(permit: Permit<E>) -> Result<ConsentList, Failure> {
    let user = permit.account()?.user;
    let mut work = permit.begin()?;
    let consents: Vec<_> = consent::list(&mut work.once(), user).await?.into_iter().map(wire).collect();
    Ok(ConsentList { count: consents.len(), consents })
}

pub(crate) async fn take_back_one(
    permit: Permit<RevokeConsent>,
    Path(id): Path<ConsentId>,
) -> Result<Committed<RevokeConsent>, Failure> {
    take_back(permit, id, NoContent).await
}

async fn take_back<E>(permit: Permit<E>, id: ConsentId, answer: E::Output) -> Result<Committed<E>, Failure>
where
    E: Endpoint<Mode = Write, Output: Keep>,
{
    let (user, now) = (permit.account()?.user, permit.now());
    let mut work = permit.begin()?;
    let ended = consent::take_back(&mut work.tx(), user, id, now).await?;
    let ended = ended.ok_or_else(|| Problem::not_found("the account has no such consent"))?;
    // What was exchanged for a token of another organization's ends with what was agreed to here.
    revoke(&mut work.tx(), Revocation::Session(&id.to_string()), now).await?;
    for session in ended {
        revoke(&mut work.tx(), Revocation::Session(&session.to_string()), now).await?;
        work.changed(EventType::SessionEnded, session);
    }
    Ok(work.commit(id, answer).await?)
}

pub(crate) async fn page(permit: Permit<ApplicationsPage>, Query(notice): Query<Notice>) -> Result<Page, Failure> {
    let browser = permit.browser()?;
    let list = read(permit).await?;
    Ok(pages::whole(&browser, &pages::consent::applications(&list, &browser.form_token(), notice.done)))
}

pub(crate) async fn take_back_by_page(
    permit: Permit<RevokeConsentByPage>,
    (Path(id), Form(Press {})): (Path<ConsentId>, Form<Press>),
) -> Result<Committed<RevokeConsentByPage>, Failure> {
    take_back(permit, id, after("/account/applications", Done::ConsentRevoked)).await
}

fn wire(consent: consent::Consent) -> Consent {
    Consent {
        id: consent.id,
        client_id: consent.client,
        client_name: consent.client_name,
        organization_id: consent.organization,
        organization_name: consent.organization_name,
        scopes: consent.scopes,
        created_at: consent.created_at,
        updated_at: consent.updated_at,
    }
}
