//! The pages of second factors.

use maud::{Markup, PreEscaped, html};
use wardgraph_api::wire::{
    SecretText,
    mfa::{Begun, Enrolment, Factor, FactorChange, FactorList, Method, MfaChallenge},
    page::{EnrolForm, FactorForm, SecondFactorForm},
};

use super::{
    fields::{Filled, Line, Screen, Shown, button, button_of},
    moment::moment,
    texts::{fields as f, second_factor as t},
};

const CODE: Line<'_> = Line { name: "code", label: t::CODE, hint: t::CODE_HINT, kind: "text", autocomplete: "one-time-code" };
const RECOVERY: Line<'_> =
    Line { name: "recovery_code", label: t::RECOVERY, hint: t::RECOVERY_HINT, kind: "text", autocomplete: "off" };

/// What a sign-in asks besides the password, or asks to be added.
pub(crate) fn challenge(challenge: &MfaChallenge, token: String, back: Option<&str>) -> Screen {
    let methods = challenge.methods.iter().chain(&challenge.enrol).map(|method| ("methods", method.as_str()));
    let known = [("mfa_token", challenge.mfa_token.expose())].into_iter().chain(back.map(|path| ("return_to", path)));
    let known: Vec<_> = known.chain(methods).collect();
    let filled = Filled::fresh(token, &known);
    if challenge.enrol.is_empty() { asked(&filled) } else { required(&filled) }
}

fn asked(filled: &Filled<'_>) -> Screen {
    let carried = html! { (filled.carried("mfa_token")) (filled.carried("return_to")) (filled.carried("methods")) };
    let [app, key] = ["totp", "webauthn"].map(|method| filled.has("methods", method));
    let code = html! { (carried) (filled.line(&CODE)) button.main { (t::BUTTON) } };
    let recovery = html! { (carried) (filled.line(&RECOVERY)) button { (t::RECOVERY_BUTTON) } };
    let opened = filled.text("recovery_code").is_some();
    let body = html! {
        (filled.summary(&[("code", t::CODE), ("recovery_code", t::RECOVERY)]))
        @if key { (asking("/sign-in/second-factor", filled, &carried, t::USE_PASSKEY, "get", None)) }
        @if app {
            p { (t::TEXT) }
            (filled.bare("/sign-in/second-factor", &code))
        }
        details open[opened] {
            summary { (t::LOST) }
            (filled.bare("/sign-in/second-factor", &recovery))
        }
        p.links { a href="/sign-in" { (t::AGAIN) } }
    };
    Screen::new(t::TITLE, body).failing(filled).asking_authenticators(key)
}

/// An organization that wants a second factor of somebody who has none.
fn required(filled: &Filled<'_>) -> Screen {
    let passkeys = filled.has("methods", "webauthn");
    let content = html! {
        p { (t::REQUIRED) }
        (filled.carried("mfa_token"))
        (filled.carried("return_to"))
        (filled.carried("methods"))
        div.stack {
            button.main name="method" value="totp" { (t::ADD_APP) }
            @if passkeys { button name="method" value="webauthn" { (t::ADD_PASSKEY) } }
        }
    };
    Screen::new(t::REQUIRED_TITLE, filled.form("/sign-in/new-factor", &[], &content)).failing(filled)
}

impl Shown for SecondFactorForm {
    fn screen(filled: &Filled<'_>) -> Option<Screen> {
        Some(match filled.text("adding") {
            Some("totp") => adding(filled, None),
            Some(_) => failed_to_add(filled),
            None => asked(filled),
        })
    }
}

impl Shown for EnrolForm {
    fn screen(filled: &Filled<'_>) -> Option<Screen> {
        Some(required(filled))
    }
}

impl Shown for FactorForm {
    fn screen(filled: &Filled<'_>) -> Option<Screen> {
        let name = Line { name: "name", label: f::NAME, hint: t::NAME_HINT, kind: "text", autocomplete: "off" };
        let content = html! {
            (filled.carried("method"))
            (filled.line(&name))
            div.row { button.main { (t::CONTINUE) } a href="/account/security" { (t::CANCEL) } }
        };
        let form = filled.form("/account/security/new-factor", &[("name", f::NAME)], &content);
        let title = if filled.has("method", "webauthn") { t::ADD_PASSKEY } else { t::ADD_APP };
        Some(Screen::new(title, form).at("/account/security").failing(filled))
    }
}

/// It stands at the address that it sends to.
impl Shown for FactorChange {
    fn screen(filled: &Filled<'_>) -> Option<Screen> {
        let name = Line { name: "name", label: f::NAME, hint: t::NAME_HINT, kind: "text", autocomplete: "off" };
        let content = html! {
            (filled.line(&name))
            div.row { button.main { (t::RENAME_BUTTON) } a href="/account/security" { (t::CANCEL) } }
        };
        let form = filled.form("rename", &[("name", f::NAME)], &content);
        Some(Screen::new(t::RENAME_TITLE, form).at("/account/security").failing(filled))
    }
}

/// What an authenticator is to be told, and the form for what it says then.
pub(crate) fn enrolment(enrolment: &Enrolment, token: String, back: Option<&str>) -> Screen {
    let adding = match enrolment.method {
        Method::Totp => "totp",
        Method::Webauthn => "webauthn",
    };
    let known = [("mfa_token", enrolment.mfa_token.expose()), ("adding", adding)];
    let known: Vec<_> = known.into_iter().chain(back.map(|path| ("return_to", path))).collect();
    let filled = Filled::fresh(token, &known);
    match &enrolment.begun {
        Begun::App(app) => {
            let secret = html! {
                ol.steps {
                    li { (t::SCAN) div.qr role="img" aria-label=(t::QR) { (PreEscaped(app.qr_svg.expose())) } }
                    li { (t::TYPE) " " code { (grouped(app.secret.expose())) } }
                    li { (t::SHOW) }
                }
            };
            self::adding(&filled, Some(&secret))
        }
        Begun::Passkey { creation_options } => {
            let carried = html! { (filled.carried("mfa_token")) (filled.carried("adding")) (filled.carried("return_to")) };
            let options = serde_json::to_string(creation_options).unwrap_or_default();
            let body = html! {
                p { (t::PASSKEY_TEXT) }
                (asking("/sign-in/second-factor", &filled, &carried, t::MAKE_PASSKEY, "create", Some(&options)))
                p.links { a href="/account/security" { (t::CANCEL) } }
            };
            Screen::new(t::ADD_PASSKEY, body).at("/account/security").asking_authenticators(true)
        }
    }
}

/// A passkey that was not what was asked: it is begun anew.
fn failed_to_add(filled: &Filled<'_>) -> Screen {
    let body = html! {
        (filled.summary(&[]))
        p { a.button href="/account/security" { (t::BACK) } }
    };
    Screen::new(t::ADD_PASSKEY, body).failing(filled)
}

/// The form by which the script sends what an authenticator says; without the script, a word that it takes one.
fn asking(action: &str, filled: &Filled<'_>, carried: &Markup, label: &str, does: &str, options: Option<&str>) -> Markup {
    let content = html! {
        (carried)
        input type="hidden" name="credential" value="";
        button.(if does == "offer" { "plain" } else { "main" }) type="button" hidden { (label) }
        p.fault role="alert" hidden { (t::PASSKEY_FAILED) }
        noscript { p.hint { (t::NO_SCRIPT) } }
    };
    html! { div.passkey data-does=(does) data-options=[options] { (filled.bare(action, &content)) } }
}

/// Signing in with a passkey alone: by the button, or by what the browser offers in the field of the address.
pub(super) fn alone(filled: &Filled<'_>) -> Markup {
    let carried = html! { input type="hidden" name="mfa_token" value=""; (filled.carried("return_to")) };
    asking("/sign-in/second-factor", filled, &carried, t::ALONE, "offer", None)
}

fn adding(filled: &Filled<'_>, secret: Option<&Markup>) -> Screen {
    let content = html! {
        (filled.carried("mfa_token"))
        (filled.carried("adding"))
        (filled.carried("return_to"))
        (filled.line(&CODE))
        button.main { (t::FINISH) }
    };
    let body = html! {
        @if let Some(secret) = secret { (secret) }
        (filled.form("/sign-in/second-factor", &[("code", t::CODE)], &content))
    };
    Screen::new(t::ADD_APP, body).at("/account/security").failing(filled)
}

/// A secret in groups of four, to be typed.
fn grouped(secret: &str) -> String {
    let letters: Vec<char> = secret.chars().collect();
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// Recovery codes, shown once: to be printed, or kept as a file.
pub(crate) fn recovery_codes(codes: &[SecretText], back: &str) -> Screen {
    let texts: Vec<_> = codes.iter().map(|code| code.expose()).collect();
    let body = html! {
        p.notice role="status" { (t::CODES_ONCE) }
        p { (t::CODES_TEXT) }
        ol.codes { @for text in &texts { li { code { (text) } } } }
        p.row {
            a.button href={ "data:text/plain," (texts.join("%0A")) } download="wardgraph-recovery-codes.txt" { (t::DOWNLOAD) }
            a href=(back) { (t::KEPT) }
        }
    };
    Screen::new(t::CODES, body).at("/account/security")
}

/// The second factors of an account.
pub(super) fn section(list: &FactorList, token: &str, passkeys: bool) -> Markup {
    html! {
        section {
            h2 { (t::SECTION) }
            p { @if list.required { (t::SECTION_REQUIRED) } @else { (t::SECTION_TEXT) } }
            @if !list.factors.is_empty() {
                ul.cards { @for factor in &list.factors { li { (card(factor, token)) } } }
            }
            p.after.row {
                a.button href="/account/security/new-factor?method=totp" { (t::ADD_APP) }
                @if passkeys { a.button href="/account/security/new-factor?method=webauthn" { (t::ADD_PASSKEY) } }
            }
        }
        @if !list.factors.is_empty() {
            section {
                h2 { (t::CODES) }
                p { (t::left(list.recovery_codes_left)) }
                form method="post" action="/account/security/recovery-codes" { (button(token, t::NEW_CODES, "plain")) }
            }
        }
    }
}

fn card(factor: &Factor, token: &str) -> Markup {
    html! {
        h3 { (factor.name) " " span.tag { (t::method(&factor.method)) } }
        dl {
            div { dt { (t::ADDED) } dd { (moment(factor.created_at)) } }
            div { dt { (t::USED) } dd { @if let Some(used) = factor.last_used_at { (moment(used)) } @else { (t::UNUSED) } } }
        }
        div.row {
            a.button href={ "/account/security/factors/" (factor.id) "/rename" } aria-label={ (t::RENAME) ": " (factor.name) } { (t::RENAME) }
            form method="post" action={ "/account/security/factors/" (factor.id) "/remove" } { (button_of(token, t::REMOVE, "danger", &factor.name)) }
        }
    }
}
