//! Signing in and out with a browser.

use wardgraph_api::{
    Form, Held, Onward, Page, Query, Redirect,
    table::pages::{SignIn, SignInPage, SignOut},
    wire::page::{Coming, Done, LocalPath, Press, SignInForm},
};
use wardgraph_gate::{Ceremony, Committed, Permit, Visitor};
use wardgraph_identity::session::Why;
use wardgraph_kernel::Secret;

use super::after;
use crate::{
    Failure, Services,
    handlers::{
        account::sessions,
        auth::{
            login::{self, Ending},
            opening::InBrowser,
        },
    },
    pages::{self, Filled},
};

pub(crate) async fn page(pass: Visitor<SignInPage>, Query(coming): Query<Coming>, services: Services) -> Result<Page, Failure> {
    let browser = pass.browser()?;
    let back = coming.return_to.as_ref().map(LocalPath::as_str);
    let keys = services.accounts.passkeys.is_some().then_some(("passkeys", "yes"));
    let place = coming.organization.as_deref().map(|id| ("organization", id));
    let known: Vec<_> = back.map(|path| ("return_to", path)).into_iter().chain(keys).chain(place).collect();
    Ok(pages::whole(&browser, &pages::sign_in(&Filled::fresh(browser.form_token(), &known), coming.done)))
}

pub(crate) async fn sign_in(
    pass: Ceremony<SignIn>,
    Form(form): Form<SignInForm>,
    services: Services,
) -> Result<Committed<SignIn>, Failure> {
    let browser = pass.browser()?;
    let (credentials, return_to) = form.credentials();
    let answer = |ending| match ending {
        Ending::Session(cookie) => Onward::Go(begun(cookie, return_to.as_ref())),
        Ending::Challenge(challenge) => {
            let back = return_to.as_ref().map(LocalPath::as_str);
            Onward::Show(pages::whole(&browser, &pages::challenge(&challenge, browser.form_token(), back)))
        }
    };
    login::sign_in(pass, credentials, services, InBrowser(&browser), answer).await
}

/// To where whoever signed in wanted to go, with the session.
pub(super) fn begun(cookie: Secret, return_to: Option<&LocalPath>) -> Redirect {
    Redirect { to: return_to.map_or("/account", LocalPath::as_str).to_owned(), session: Held::Begins(cookie) }
}

pub(crate) async fn sign_out(permit: Permit<SignOut>, Form(Press {}): Form<Press>) -> Result<Committed<SignOut>, Failure> {
    let session = permit.account()?.session;
    let answer = Redirect { session: Held::Ends, ..after("/sign-in", Done::SignedOut) };
    sessions::end_one(permit, session, Why::Logout, answer).await
}
