//! Registering with a browser.

use wardgraph_api::{
    Form, Page,
    table::pages::{RegisterByPage, RegisterPage},
    wire::auth::NewAccount,
};
use wardgraph_gate::{Ceremony, Committed, Visitor};

use super::empty;
use crate::{Failure, Registering, Services, handlers::auth::register as flow, pages};

pub(crate) async fn page(pass: Visitor<RegisterPage>, (): (), services: Services) -> Result<Page, Failure> {
    let browser = pass.browser()?;
    match services.accounts.registration {
        Registering::Open => empty::<NewAccount>(&browser, &[]),
        Registering::ByInvitation => Ok(pages::whole(&browser, &pages::not_registering(pages::texts::register::BY_INVITATION))),
        Registering::Closed => Ok(pages::whole(&browser, &pages::not_registering(pages::texts::register::CLOSED))),
    }
}

pub(crate) async fn register(
    pass: Ceremony<RegisterByPage>,
    Form(new): Form<NewAccount>,
    services: Services,
) -> Result<Committed<RegisterByPage>, Failure> {
    let browser = pass.browser()?;
    flow::enrol(pass, new, services, |receipt| pages::whole(&browser, &pages::registered(receipt.verification_required))).await
}
