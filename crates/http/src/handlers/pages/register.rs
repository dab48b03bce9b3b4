//! Registering with a browser.

use wardgraph_api::{
    Form, Page,
    table::pages::{RegisterByPage, RegisterPage},
    wire::auth::NewAccount,
};
use wardgraph_gate::{Ceremony, Committed, Visitor};

use super::empty;
use crate::{Failure, Services, handlers::auth::register as flow, pages};

pub(crate) async fn page(pass: Visitor<RegisterPage>, (): ()) -> Result<Page, Failure> {
    empty::<NewAccount>(&*pass.browser()?, &[])
}

pub(crate) async fn register(
    pass: Ceremony<RegisterByPage>,
    Form(new): Form<NewAccount>,
    services: Services,
) -> Result<Committed<RegisterByPage>, Failure> {
    let browser = pass.browser()?;
    flow::enrol(pass, new, services, |receipt| pages::whole(&browser, &pages::registered(receipt.verification_required))).await
}
