//! Second factors with a browser: shown at a sign-in, added, removed.

use wardgraph_api::{
    Form, Held, Onward, Page, Path, Query, Redirect,
    table::{
        invitation_pages::{RenameFactorByPage, RenameFactorPage},
        pages::{AddFactor, EnrolSigningIn, NewCodesByPage, NewFactorPage, RemoveFactorByPage, SecondFactor},
    },
    wire::{
        mfa::{Enabled, FactorChange, Method},
        page::{Adding, Done as What, EnrolForm, FactorForm, LocalPath, Press, SecondFactorForm},
    },
};
use wardgraph_gate::{Browser, Ceremony, Committed, Permit};
use wardgraph_identity::IdentityError;
use wardgraph_kernel::{FactorId, Secret};

use super::{after, empty, sign_in::begun};
use crate::{
    Failure, Services,
    handlers::{
        auth::opening::InBrowser,
        mfa::{
            enrol as flow, factors,
            verify::{self, Done},
        },
    },
    pages,
};

pub(crate) async fn show(
    pass: Ceremony<SecondFactor>,
    Form(form): Form<SecondFactorForm>,
    services: Services,
) -> Result<Committed<SecondFactor>, Failure> {
    let browser = pass.browser()?;
    let (shown, return_to) = form.shown();
    let answer = |done| match done {
        Done::SignedIn(cookie, _) => Onward::Go(begun(cookie, return_to.as_ref())),
        Done::Enabled(enabled, cookie) => added(&browser, enabled, cookie, return_to.as_ref()),
    };
    Box::pin(verify::show(pass, shown, services, InBrowser(&browser), answer)).await
}

/// A factor counts: its recovery codes are shown, if it has some, and a session begins, if it was added while signing in.
fn added(browser: &Browser, enabled: Enabled, cookie: Option<Secret>, return_to: Option<&LocalPath>) -> Onward {
    let to = return_to.map(LocalPath::as_str);
    let Some(codes) = enabled.recovery_codes else {
        return Onward::Go(cookie.map_or_else(
            || after("/account/security", What::FactorAdded),
            |cookie| Redirect { to: to.unwrap_or("/account").to_owned(), session: Held::Begins(cookie) },
        ));
    };
    let session = cookie.map_or(Held::Stays, Held::Begins);
    let page = pages::whole(browser, &pages::recovery_codes(&codes, to.unwrap_or("/account/security")));
    Onward::Show(Page { session, ..page })
}

pub(crate) async fn enrol(
    pass: Ceremony<EnrolSigningIn>,
    Form(form): Form<EnrolForm>,
    services: Services,
) -> Result<Committed<EnrolSigningIn>, Failure> {
    let browser = pass.browser()?;
    let (wanted, return_to) = form.wanted();
    let back = return_to.as_ref().map(LocalPath::as_str);
    let answer = |enrolment| pages::whole(&browser, &pages::enrolment(&enrolment, browser.form_token(), back));
    flow::begin_signing_in(pass, wanted, services, answer).await
}

pub(crate) async fn new_page(
    permit: Permit<NewFactorPage>,
    Query(adding): Query<Adding>,
    services: Services,
) -> Result<Page, Failure> {
    let method = match adding.method.unwrap_or(Method::Totp) {
        Method::Totp => "totp",
        Method::Webauthn => services.accounts.party().map(|_| "webauthn")?,
    };
    empty::<FactorForm>(&*permit.browser()?, &[("method", method)])
}

pub(crate) async fn add(
    permit: Permit<AddFactor>,
    Form(form): Form<FactorForm>,
    services: Services,
) -> Result<Committed<AddFactor>, Failure> {
    let browser = permit.browser()?;
    let answer = |enrolment| pages::whole(&browser, &pages::enrolment(&enrolment, browser.form_token(), None));
    Box::pin(flow::begin(permit, form.wanted(), services, answer)).await
}

pub(crate) async fn rename_page(
    permit: Permit<RenameFactorPage>,
    Path(id): Path<FactorId>,
    services: Services,
) -> Result<Page, Failure> {
    let browser = permit.browser()?;
    let list = factors::read(permit, &services).await?;
    let factor = list.factors.iter().find(|factor| factor.id == id).ok_or(IdentityError::Missing("second factor"))?;
    empty::<FactorChange>(&browser, &[("name", &factor.name)])
}

pub(crate) async fn rename(
    permit: Permit<RenameFactorByPage>,
    (Path(id), Form(change)): (Path<FactorId>, Form<FactorChange>),
) -> Result<Committed<RenameFactorByPage>, Failure> {
    factors::call(permit, id, &change, |_| after("/account/security", What::FactorRenamed)).await
}

pub(crate) async fn remove(
    permit: Permit<RemoveFactorByPage>,
    (Path(id), Form(Press {})): (Path<FactorId>, Form<Press>),
    services: Services,
) -> Result<Committed<RemoveFactorByPage>, Failure> {
    factors::take_away(permit, id, &services, after("/account/security", What::FactorRemoved)).await
}

pub(crate) async fn new_codes(
    permit: Permit<NewCodesByPage>,
    Form(Press {}): Form<Press>,
) -> Result<Committed<NewCodesByPage>, Failure> {
    let browser = permit.browser()?;
    let answer = |codes: wardgraph_api::wire::mfa::RecoveryCodes| {
        pages::whole(&browser, &pages::recovery_codes(&codes.recovery_codes, "/account/security"))
    };
    factors::replace_codes(permit, answer).await
}
