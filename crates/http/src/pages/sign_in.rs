//! The pages of strangers: signing in, registering, mailed links.

use maud::{Markup, html};
use wardgraph_api::wire::{
    auth::{NewAccount, PasswordReset, ResetRequest, Verification},
    page::{Done, SignInForm},
};

use super::{
    fields::{Filled, Line, Screen, Shown, notice},
    second_factor,
    texts::{self, confirm, fields as f, forgot, mailed as m, register, reset as r, sign_in as s},
};

pub(super) const EMAIL: Line<'_> =
    Line { name: "email", label: f::EMAIL, hint: "", kind: "email", autocomplete: "username webauthn" };

/// The page to sign in, after something was done.
pub(crate) fn sign_in(filled: &Filled<'_>, done: Option<Done>) -> Screen {
    let password = Line { name: "password", label: f::PASSWORD, hint: "", kind: "password", autocomplete: "current-password" };
    let labels = [("email", f::EMAIL), ("password", f::PASSWORD)];
    let content = html! {
        (filled.carried("return_to"))
        (filled.carried("passkeys"))
        (filled.carried("organization"))
        (filled.line(&EMAIL))
        (filled.line(&password))
        button.main { (s::BUTTON) }
    };
    let body = html! {
        (notice(done.map(texts::done)))
        (filled.form("/sign-in", &labels, &content))
        @if filled.text("passkeys").is_some() { (second_factor::alone(filled)) }
        (links(&[("/forgot-password", "", s::FORGOT), ("/register", s::NEW, s::REGISTER)]))
    };
    Screen::new(s::TITLE, body).failing(filled).asking_authenticators(filled.text("passkeys").is_some())
}

impl Shown for SignInForm {
    fn screen(filled: &Filled<'_>) -> Option<Screen> {
        Some(sign_in(filled, None))
    }
}

impl Shown for NewAccount {
    fn screen(filled: &Filled<'_>) -> Option<Screen> {
        let name = Line { name: "name", label: f::NAME, hint: register::NAME_HINT, kind: "text", autocomplete: "name" };
        let labels = [("name", f::NAME), ("email", f::EMAIL), ("password", f::PASSWORD)];
        let content = html! {
            (filled.line(&name))
            (filled.line(&EMAIL))
            (filled.line(&Line { name: "password", label: f::PASSWORD, ..NEW_PASSWORD }))
            button.main { (register::BUTTON) }
        };
        let body = html! {
            (filled.form("/register", &labels, &content))
            (links(&[("/sign-in", register::HAVE, s::TITLE)]))
        };
        Some(Screen::new(register::TITLE, body).failing(filled))
    }
}

pub(super) const NEW_PASSWORD: Line<'_> = Line {
    name: "new_password",
    label: f::NEW_PASSWORD,
    hint: f::NEW_PASSWORD_HINT,
    kind: "password",
    autocomplete: "new-password",
};

impl Shown for Verification {
    fn screen(filled: &Filled<'_>) -> Option<Screen> {
        let labels = [("token", f::LINK), ("password", f::PASSWORD)];
        let password =
            Line { name: "password", label: f::PASSWORD, hint: "", kind: "password", autocomplete: "current-password" };
        let content = html! {
            p { (confirm::TEXT) }
            (filled.carried("token"))
            (filled.line(&password))
            button.main { (confirm::BUTTON) }
        };
        let body = html! {
            (filled.form("/verify-email", &labels, &content))
            (links(&[("/forgot-password", confirm::FORGOT, forgot::TITLE)]))
        };
        Some(Screen::new(confirm::TITLE, body).failing(filled))
    }
}

impl Shown for ResetRequest {
    fn screen(filled: &Filled<'_>) -> Option<Screen> {
        let content = html! {
            p { (forgot::TEXT) }
            (filled.line(&EMAIL))
            button.main { (forgot::BUTTON) }
        };
        let body = html! {
            (filled.form("/forgot-password", &[("email", f::EMAIL)], &content))
            (links(&[("/sign-in", "", forgot::BACK)]))
        };
        Some(Screen::new(forgot::TITLE, body).failing(filled))
    }
}

impl Shown for PasswordReset {
    fn screen(filled: &Filled<'_>) -> Option<Screen> {
        let labels = [("token", f::LINK), ("new_password", f::NEW_PASSWORD)];
        let content = html! {
            p { (r::TEXT) }
            (filled.carried("token"))
            (filled.line(&NEW_PASSWORD))
            button.main { (r::BUTTON) }
        };
        Some(Screen::new(r::TITLE, filled.form("/reset-password", &labels, &content)).failing(filled))
    }
}

/// Says that nobody registers here, and who has an account.
pub(crate) fn not_registering(text: &'static str) -> Screen {
    let body = html! {
        p { (text) }
        (links(&[("/sign-in", register::HAVE, s::TITLE)]))
    };
    Screen::new(register::TITLE, body)
}

/// Says what becomes of a registration, whether the address was free or taken.
pub(crate) fn registered(verifies: bool) -> Screen {
    mailed(if verifies { m::REGISTERED } else { m::READY })
}

/// Says to look into the mail.
pub(crate) fn mailed(text: &'static str) -> Screen {
    let body = html! {
        p { (text) }
        p.hint { (m::NOTHING) }
        p { a href="/sign-in" { (m::BACK) } }
    };
    Screen::new(m::TITLE, body)
}

/// Where else to go: address, what is asked, where it leads.
pub(super) fn links(links: &[(&str, &str, &str)]) -> Markup {
    html! {
        ul.links {
            @for (path, question, name) in links { li { (question) " " a href=(path) { (name) } } }
        }
    }
}
