//! The pages on which a device's code is entered, and on which somebody decides about it (RFC 8628, sections 3.3 and 5.4).

use maud::html;
use wardgraph_api::wire::device::{DeviceCodeForm, DeviceDecisionForm};
use wardgraph_gate::browser::FORM_TOKEN;

use super::{
    fields::{Filled, Line, Screen, Shown},
    texts::{consent as c, device_code as d, scopes as s},
};

/// Where the code is entered. `led`: whether a link brought it.
pub(crate) fn enter(filled: &Filled<'_>, led: bool) -> Screen {
    let code = Line { name: "user_code", label: d::CODE, hint: d::CODE_HINT, kind: "text", autocomplete: "off" };
    let content = html! {
        (filled.line(&code))
        button.main { (d::NEXT) }
    };
    let body = html! {
        p { (d::TEXT) }
        @if led { p.notice { (d::LED) } }
        (filled.form("/oauth2/device", &[("user_code", d::CODE)], &content))
    };
    Screen::new(d::TITLE, body).failing(filled)
}

impl Shown for DeviceCodeForm {
    fn screen(filled: &Filled<'_>) -> Option<Screen> {
        Some(enter(filled, false))
    }
}

impl Shown for DeviceDecisionForm {
    fn screen(filled: &Filled<'_>) -> Option<Screen> {
        Some(enter(filled, false))
    }
}

/// What somebody is asked about a device.
#[derive(Debug)]
pub(crate) struct DeviceQuestion<'a> {
    /// The code.
    pub(crate) code: &'a str,
    /// What its client is called.
    pub(crate) name: &'a str,
    /// The organization that the client belongs to.
    pub(crate) owner: &'a str,
    /// Who is asked.
    pub(crate) person: &'a str,
    /// Where the client may work, and what that is called.
    pub(crate) places: &'a [(String, String)],
    /// The one that is offered first.
    pub(crate) chosen: &'a str,
    /// What it asks for.
    pub(crate) scopes: &'a [String],
    /// Where somebody else signs in.
    pub(crate) elsewhere: &'a str,
    /// The token of the form.
    pub(crate) token: &'a str,
}

/// The question.
pub(crate) fn question(question: &DeviceQuestion<'_>) -> Screen {
    let body = html! {
        p { strong { (question.name) } " " (d::OF) " " strong { (question.owner) } " " (d::ASKS) }
        p { strong.secret { (question.code) } }
        p.notice role="note" { (d::WARNING) }
        form method="post" action="/oauth2/device/decision" {
            input type="hidden" name=(FORM_TOKEN) value=(question.token);
            input type="hidden" name="user_code" value=(question.code);
            h2 { (c::MAY) }
            ul.scopes { @for scope in question.scopes { li { (s::words(scope)) } } }
            (super::consent::organizations(question.places, question.chosen))
            p.hint { (c::NARROWED) }
            div.row {
                button.main name="decision" value="allow" { (d::ALLOW) }
                button name="decision" value="deny" { (d::DENY) }
            }
        }
        ul.links { li { (c::SIGNED_IN_AS) " " strong { (question.person) } ". " a href=(question.elsewhere) { (c::ELSE) } } }
    };
    Screen::new(d::QUESTION, body)
}

/// What was decided.
pub(crate) fn decided(allowed: bool) -> Screen {
    let (title, text) = if allowed { (d::ALLOWED, d::ALLOWED_TEXT) } else { (d::DENIED, d::DENIED_TEXT) };
    let body = html! {
        p.notice role="status" { (text) }
        ul.links { li { a href="/account/applications" { (d::APPLICATIONS) } } }
    };
    Screen::new(title, body)
}
