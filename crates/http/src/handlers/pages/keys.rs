//! API keys as pages.

use wardgraph_api::{
    Form, Page, Path, Query,
    table::pages::{KeysPage, MakeKey, NewKeyPage, RevokeKeyByPage},
    wire::page::{Done, KeyForm, Notice, Press},
};
use wardgraph_gate::{Committed, Permit};
use wardgraph_kernel::ApiKeyId;

use super::{after, empty};
use crate::{Failure, handlers::account::keys, pages};

pub(crate) async fn page(permit: Permit<KeysPage>, Query(notice): Query<Notice>) -> Result<Page, Failure> {
    let (browser, now) = (permit.browser()?, permit.now());
    let list = keys::read(permit).await?;
    Ok(pages::whole(&browser, &pages::keys(&list, &browser.form_token(), now, notice.done)))
}

pub(crate) async fn new_page(permit: Permit<NewKeyPage>, (): ()) -> Result<Page, Failure> {
    empty::<KeyForm>(&*permit.browser()?, &[])
}

pub(crate) async fn make(permit: Permit<MakeKey>, Form(form): Form<KeyForm>) -> Result<Committed<MakeKey>, Failure> {
    let browser = permit.browser()?;
    keys::make(permit, form.wanted(), |key| pages::whole(&browser, &pages::made(&key))).await
}

pub(crate) async fn revoke(
    permit: Permit<RevokeKeyByPage>,
    (Path(id), Form(Press {})): (Path<ApiKeyId>, Form<Press>),
) -> Result<Committed<RevokeKeyByPage>, Failure> {
    keys::take_back(permit, id, after("/account/api-keys", Done::KeyRevoked)).await
}
