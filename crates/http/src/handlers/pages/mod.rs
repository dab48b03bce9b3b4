//! Pages: what is shown and done is what programs read and do; here it is put into pages.

pub(crate) mod account;
pub(crate) mod invitations;
pub(crate) mod keys;
pub(crate) mod links;
pub(crate) mod register;
pub(crate) mod second_factor;
pub(crate) mod sign_in;

use std::time::Duration;

use wardgraph_api::{
    Document, Page, Problem, Redirect,
    carry::{Css, Script, Svg},
    table::pages::{Home, Icon, PasskeyScript, Stylesheet},
    wire::page::Done,
};
use wardgraph_gate::{Browser, Visitor};

use crate::{
    Failure,
    pages::{self, Filled, Shown},
};

const ICON_FOR: Duration = Duration::from_hours(24);
/// The addresses of look and script change with them.
const STYLE_FOR: Duration = Duration::from_hours(24 * 365);

pub(crate) async fn home(_: Visitor<Home>, (): ()) -> Result<Redirect, Problem> {
    Ok(Redirect::to("/account"))
}

pub(crate) async fn stylesheet(_: Visitor<Stylesheet>, (): ()) -> Result<Document<Css>, Problem> {
    Ok(Document::new(pages::STYLE).kept_for(STYLE_FOR))
}

pub(crate) async fn script(_: Visitor<PasskeyScript>, (): ()) -> Result<Document<Script>, Problem> {
    Ok(Document::new(pages::SCRIPT).kept_for(STYLE_FOR))
}

pub(crate) async fn icon(_: Visitor<Icon>, (): ()) -> Result<Document<Svg>, Problem> {
    Ok(Document::new(pages::ICON).kept_for(ICON_FOR))
}

/// The page with an empty form.
fn empty<T: Shown>(browser: &Browser, known: &[(&str, &str)]) -> Result<Page, Failure> {
    let screen = T::screen(&Filled::fresh(browser.form_token(), known));
    Ok(pages::whole(browser, &screen.ok_or_else(|| Problem::internal("a button has no page"))?))
}

/// To a page that says what was done.
fn after(path: &str, done: Done) -> Redirect {
    Redirect::to(format!("{path}?done={}", done.word()))
}
