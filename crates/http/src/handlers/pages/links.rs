//! Mailed links, as a browser follows them. The page that one leads to changes nothing: mail programs open links before people do.

use wardgraph_api::{
    Form, Page, Query, Redirect,
    table::disown::{DisownByPage, DisownPage},
    table::pages::{ConfirmAddress, ConfirmAddressPage, Forgot, ForgotPage, ResetByPage, ResetPage},
    wire::{
        auth::{Followed, PasswordReset, ResetRequest, Verification},
        disown::Disowning,
        page::Done,
    },
};
use wardgraph_gate::{Ceremony, Committed, Visitor};

use super::{after, empty};
use crate::{
    Failure, Services,
    handlers::auth::{disown as denial, links},
    pages,
};

pub(crate) async fn confirmation(pass: Visitor<ConfirmAddressPage>, Query(followed): Query<Followed>) -> Result<Page, Failure> {
    empty::<Verification>(&*pass.browser()?, &[("token", token(&followed))])
}

pub(crate) async fn confirm(
    pass: Ceremony<ConfirmAddress>,
    Form(body): Form<Verification>,
    services: Services,
) -> Result<Committed<ConfirmAddress>, Failure> {
    links::confirm_address(pass, body, services, to_sign_in(Done::Confirmed)).await
}

pub(crate) async fn forgot_page(pass: Visitor<ForgotPage>, (): ()) -> Result<Page, Failure> {
    empty::<ResetRequest>(&*pass.browser()?, &[])
}

pub(crate) async fn forgot(
    pass: Ceremony<Forgot>,
    Form(body): Form<ResetRequest>,
    services: Services,
) -> Result<Committed<Forgot>, Failure> {
    let browser = pass.browser()?;
    links::ask(pass, body, services, |_| pages::whole(&browser, &pages::mailed(pages::texts::mailed::FORGOT))).await
}

pub(crate) async fn reset_page(pass: Visitor<ResetPage>, Query(followed): Query<Followed>) -> Result<Page, Failure> {
    empty::<PasswordReset>(&*pass.browser()?, &[("token", token(&followed))])
}

pub(crate) async fn reset(
    pass: Ceremony<ResetByPage>,
    Form(body): Form<PasswordReset>,
    services: Services,
) -> Result<Committed<ResetByPage>, Failure> {
    links::set_anew(pass, body, services, to_sign_in(Done::Reset)).await
}

pub(crate) async fn disown_page(pass: Visitor<DisownPage>, Query(followed): Query<Followed>) -> Result<Page, Failure> {
    empty::<Disowning>(&*pass.browser()?, &[("token", token(&followed))])
}

pub(crate) async fn disown(
    pass: Ceremony<DisownByPage>,
    Form(body): Form<Disowning>,
    services: Services,
) -> Result<Committed<DisownByPage>, Failure> {
    let browser = pass.browser()?;
    denial::deny(pass, body, services, |gone| pages::whole(&browser, &pages::disown::disowned(gone))).await
}

pub(super) fn token(followed: &Followed) -> &str {
    followed.token.as_ref().map(|token| token.expose()).unwrap_or_default()
}

fn to_sign_in(done: Done) -> Redirect {
    after("/sign-in", done)
}
