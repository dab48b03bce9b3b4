//! Signing in and out with a browser.

use wardgraph_api::{
    Form, Held, Page, Query, Redirect,
    table::pages::{SignIn, SignInPage, SignOut},
    wire::page::{Coming, Done, LocalPath, Press, SignInForm},
};
use wardgraph_gate::{Ceremony, Committed, Permit, Visitor};
use wardgraph_identity::session::Why;

use super::after;
use crate::{
    Failure, Services,
    handlers::{
        account::sessions,
        auth::{login, opening::InBrowser},
    },
    pages::{self, Filled},
};

pub(crate) async fn page(pass: Visitor<SignInPage>, Query(coming): Query<Coming>) -> Result<Page, Failure> {
    let browser = pass.browser()?;
    let back = coming.return_to.as_ref().map(LocalPath::as_str);
    let known: Vec<_> = back.map(|path| ("return_to", path)).into_iter().collect();
    Ok(pages::whole(&browser, pages::sign_in(&Filled::fresh(browser.form_token(), &known), coming.done)))
}

pub(crate) async fn sign_in(
    pass: Ceremony<SignIn>,
    Form(form): Form<SignInForm>,
    services: Services,
) -> Result<Committed<SignIn>, Failure> {
    let (credentials, return_to) = form.credentials();
    login::sign_in(pass, credentials, services, InBrowser { return_to }).await
}

pub(crate) async fn sign_out(permit: Permit<SignOut>, Form(Press {}): Form<Press>) -> Result<Committed<SignOut>, Failure> {
    let session = permit.account()?.session;
    let answer = Redirect { session: Held::Ends, ..after("/sign-in", Done::SignedOut) };
    sessions::end_one(permit, session, Why::Logout, answer).await
}
