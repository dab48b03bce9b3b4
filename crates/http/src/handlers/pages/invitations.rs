//! Invitations as pages, and the first administrator. The page that a link leads to changes nothing: mail programs open links before people do.

use wardgraph_api::{
    Form, Page, Path, Query, Redirect,
    table::invitation_pages::{
        AcceptByPage, InvitationPage, InvitationsPage, InviteByPage, JoinByPage, JoinPage, NewInvitationPage, SetUpByPage,
        SetupPage, WithdrawByPage,
    },
    wire::{
        auth::Followed,
        form::{InvitationsView, InviteForm},
        invitation::{Acceptance, InvitationFilter, Joining, Setup},
        page::{Done, Press},
    },
};
use wardgraph_gate::{Ceremony, Committed, Permit, Visitor};
use wardgraph_kernel::{InvitationId, OrganizationRole};
use wardgraph_organizations::held;

use super::{after, empty, links::token};
use crate::{
    Failure, Services,
    handlers::invitations::{follow, make, setup},
    pages::{self, invitations as screens},
};

pub(crate) async fn page(
    pass: Visitor<InvitationPage>,
    Query(followed): Query<Followed>,
    services: Services,
) -> Result<Page, Failure> {
    let makes_accounts = services.accounts.registration.by_invitation().is_ok();
    let closed = (!makes_accounts).then_some(("closed", "yes"));
    let known: Vec<_> = [("token", token(&followed))].into_iter().chain(closed).collect();
    empty::<Acceptance>(&*pass.browser()?, &known)
}

pub(crate) async fn accept(
    pass: Ceremony<AcceptByPage>,
    Form(body): Form<Acceptance>,
    services: Services,
) -> Result<Committed<AcceptByPage>, Failure> {
    follow::begin(pass, body, services, |_| after("/sign-in", Done::Joined)).await
}

pub(crate) async fn join_page(
    permit: Permit<JoinPage>,
    Query(followed): Query<Followed>,
    services: Services,
) -> Result<Page, Failure> {
    let browser = permit.browser()?;
    let text = token(&followed);
    let shown = follow::shown(permit, text, &services).await?;
    Ok(pages::whole(&browser, &screens::joining(shown.as_ref(), text, browser.form_token())))
}

pub(crate) async fn join(
    permit: Permit<JoinByPage>,
    Form(body): Form<Joining>,
    services: Services,
) -> Result<Committed<JoinByPage>, Failure> {
    Box::pin(follow::enter(permit, body, services, |_| after("/account", Done::Joined))).await
}

pub(crate) async fn setup_page(pass: Visitor<SetupPage>, Query(followed): Query<Followed>) -> Result<Page, Failure> {
    empty::<Setup>(&*pass.browser()?, &[("token", token(&followed))])
}

pub(crate) async fn set_up(
    pass: Ceremony<SetUpByPage>,
    Form(body): Form<Setup>,
    services: Services,
) -> Result<Committed<SetUpByPage>, Failure> {
    let to: Redirect = after("/sign-in", Done::SetUp);
    setup::begin(pass, body, services, to).await
}

pub(crate) async fn list(permit: Permit<InvitationsPage>, Query(view): Query<InvitationsView>) -> Result<Page, Failure> {
    let browser = permit.browser()?;
    let page = make::read(permit, InvitationFilter { limit: None, cursor: view.cursor }).await?;
    Ok(pages::whole(&browser, &screens::invitations(&page, &browser.form_token(), view.done)))
}

pub(crate) async fn new_page(permit: Permit<NewInvitationPage>, (): ()) -> Result<Page, Failure> {
    let (browser, tenant) = (permit.browser()?, permit.tenant().clone());
    let mut work = permit.begin()?;
    let book = held::rulebook(&mut work.once(), &tenant).await?;
    let names = book.roles().map(|role| role.name().as_str());
    let own: Vec<_> = names.filter(|name| OrganizationRole::of(name).is_none()).map(|name| ("own_role", name)).collect();
    empty::<InviteForm>(&browser, &own)
}

pub(crate) async fn invite(
    permit: Permit<InviteByPage>,
    Form(form): Form<InviteForm>,
    services: Services,
) -> Result<Committed<InviteByPage>, Failure> {
    Box::pin(make::send(permit, form.wanted(), services, |_| after("/account/invitations", Done::Invited))).await
}

pub(crate) async fn withdraw(
    permit: Permit<WithdrawByPage>,
    (Path(id), Form(Press {})): (Path<InvitationId>, Form<Press>),
) -> Result<Committed<WithdrawByPage>, Failure> {
    make::take_back(permit, id, after("/account/invitations", Done::Withdrawn)).await
}
