//! The own account, its password and its sessions, as pages.

use wardgraph_api::{
    Form, Page, Path, Query,
    table::pages::{AccountPage, ChangePasswordByPage, EndSessionByPage, PasswordPage, Rename, SecurityPage, SessionsPage},
    wire::{
        account::{MeChange, PasswordChange},
        page::{Done, Notice, Press},
    },
};
use wardgraph_gate::{Committed, Permit};
use wardgraph_identity::{invitation, session::Why};
use wardgraph_kernel::{Permission, SessionId};

use super::{after, empty};
use crate::{
    Failure, Services,
    handlers::{
        account::{me, password, sessions as flow},
        mfa::factors,
    },
    pages::{self, account as screens},
};

pub(crate) async fn page(permit: Permit<AccountPage>, Query(notice): Query<Notice>) -> Result<Page, Failure> {
    let (browser, user) = (permit.browser()?, permit.account()?.user);
    let invites = permit.permissions().any(|permission| permission == Permission::MembersWrite);
    let places = invitation::memberships(&mut permit.look()?.tx(), user).await?;
    let me = me::read(permit).await?;
    Ok(pages::whole(&browser, &screens::account(&me, (&places, invites), browser.form_token(), notice.done)))
}

pub(crate) async fn rename(permit: Permit<Rename>, Form(change): Form<MeChange>) -> Result<Committed<Rename>, Failure> {
    me::rename(permit, change, |_| after("/account", Done::Renamed)).await
}

pub(crate) async fn security(
    permit: Permit<SecurityPage>,
    Query(notice): Query<Notice>,
    services: Services,
) -> Result<Page, Failure> {
    let browser = permit.browser()?;
    let factors = factors::read(permit, &services).await?;
    Ok(pages::whole(
        &browser,
        &screens::security(&factors, &browser.form_token(), services.accounts.passkeys.is_some(), notice.done),
    ))
}

pub(crate) async fn password_page(permit: Permit<PasswordPage>, (): ()) -> Result<Page, Failure> {
    empty::<PasswordChange>(&*permit.browser()?, &[])
}

pub(crate) async fn change_password(
    permit: Permit<ChangePasswordByPage>,
    Form(body): Form<PasswordChange>,
    services: Services,
) -> Result<Committed<ChangePasswordByPage>, Failure> {
    Box::pin(password::replace(permit, body, services, after("/account/security", Done::PasswordChanged))).await
}

pub(crate) async fn sessions(
    permit: Permit<SessionsPage>,
    Query(notice): Query<Notice>,
    services: Services,
) -> Result<Page, Failure> {
    let browser = permit.browser()?;
    let list = flow::read(permit, &services).await?;
    Ok(pages::whole(&browser, &screens::sessions(&list, &browser.form_token(), notice.done)))
}

pub(crate) async fn end_session(
    permit: Permit<EndSessionByPage>,
    (Path(id), Form(Press {})): (Path<SessionId>, Form<Press>),
) -> Result<Committed<EndSessionByPage>, Failure> {
    flow::end_one(permit, id, Why::Revoked, after("/account/sessions", Done::SessionEnded)).await
}
