//! API keys as pages.

use wardgraph_api::{
    Form, Page, Path, Query,
    table::{
        invitation_pages::{RotateKeyByPage, RotateKeyPage},
        pages::{KeysPage, MakeKey, NewKeyPage, RevokeKeyByPage},
    },
    wire::{
        form::RotationForm,
        page::{Done, KeyForm, Notice, Press},
    },
};
use wardgraph_gate::{Committed, Permit};
use wardgraph_identity::IdentityError;
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

pub(crate) async fn rotation_page(permit: Permit<RotateKeyPage>, Path(id): Path<ApiKeyId>) -> Result<Page, Failure> {
    let (browser, now) = (permit.browser()?, permit.now());
    let list = keys::read(permit).await?;
    let key = list.api_keys.iter().find(|key| key.id == id && pages::is_replaceable(key, now));
    let key = key.ok_or(IdentityError::Missing("API key"))?;
    Ok(pages::whole(&browser, &pages::rotation(key, browser.form_token())))
}

pub(crate) async fn rotate(
    permit: Permit<RotateKeyByPage>,
    (Path(id), Form(form)): (Path<ApiKeyId>, Form<RotationForm>),
) -> Result<Committed<RotateKeyByPage>, Failure> {
    let browser = permit.browser()?;
    keys::replace(permit, id, &form.wanted(), |key| pages::whole(&browser, &pages::made(&key))).await
}

pub(crate) async fn revoke(
    permit: Permit<RevokeKeyByPage>,
    (Path(id), Form(Press {})): (Path<ApiKeyId>, Form<Press>),
) -> Result<Committed<RevokeKeyByPage>, Failure> {
    keys::take_back(permit, id, after("/account/api-keys", Done::KeyRevoked)).await
}
