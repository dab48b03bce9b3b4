//! The pages of the own account.

use maud::{Markup, html};
use wardgraph_api::wire::{
    account::{Me, MeChange, PasswordChange, Seat, SessionList},
    mfa::FactorList,
    page::{Done, Press},
};
use wardgraph_identity::invitation::Membership;

use super::{
    device,
    fields::{Filled, Line, Screen, Shown, button_of, notice},
    moment::moment,
    second_factor,
    texts::{self, account as a, fields as f, password as p, security as s, sessions as t},
};

/// What the account says, after something was done.
pub(crate) fn account(me: &Me, (places, invites): (&[Membership], bool), token: String, done: Option<Done>) -> Screen {
    let confirmed = if me.email_verified { a::CONFIRMED } else { a::UNCONFIRMED };
    let body = html! {
        (notice(done.map(texts::done)))
        dl {
            div { dt { (f::NAME) } dd { (me.name) } }
            div { dt { (f::EMAIL) } dd { (me.email) " " span.tag { (confirmed) } } }
            @if let Some(seat) = &me.organization {
                div { dt { (a::ORGANIZATION) } dd { (seat.name) } }
                div { dt { (a::ROLE) } dd { (seat.role.as_deref().unwrap_or(a::NO_ROLE)) } }
            }
            div { dt { (a::SINCE) } dd { (moment(me.created_at)) } }
        }
        (organizations(me.organization.as_ref(), places, invites))
        section {
            h2 { (a::CHANGE_NAME) }
            (name_form(&Filled::fresh(token, &[("name", &me.name)])))
        }
    };
    Screen::new(a::TITLE, body).at("/account")
}

/// Where the person works, and where else they could; and whom the organization invites, for who may.
fn organizations(seat: Option<&Seat>, places: &[Membership], invites: bool) -> Markup {
    html! {
        @if invites { p { a.button href="/account/invitations" { (a::INVITATIONS) } } }
        @if places.len() > 1 {
            section {
                h2 { (a::ORGANIZATIONS) }
                p { (a::SWITCH_TEXT) }
                ul.cards {
                    @for place in places {
                        li.row {
                            span { (place.name) }
                            @if seat.is_some_and(|seat| seat.id == place.organization) {
                                span.tag { (a::HERE) }
                            } @else {
                                a href={ "/sign-in?organization=" (place.organization) } aria-label={ (a::SWITCH) ": " (place.name) } { (a::SWITCH) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn name_form(filled: &Filled<'_>) -> Markup {
    let content = html! {
        (filled.line(&Line { name: "name", label: f::NAME, hint: "", kind: "text", autocomplete: "name" }))
        button.main { (a::BUTTON) }
    };
    filled.form("/account", &[("name", f::NAME)], &content)
}

impl Shown for MeChange {
    fn screen(filled: &Filled<'_>) -> Option<Screen> {
        Some(Screen::new(a::CHANGE_NAME, name_form(filled)).at("/account").failing(filled))
    }
}

/// How one signs in, after something was done.
pub(crate) fn security(factors: &FactorList, token: &str, passkeys: bool, done: Option<Done>) -> Screen {
    let body = html! {
        (notice(done.map(texts::done)))
        section {
            h2 { (s::PASSWORD) }
            p { (s::PASSWORD_TEXT) }
            p { a.button href="/account/password" { (s::CHANGE) } }
        }
        (second_factor::section(factors, token, passkeys))
    };
    Screen::new(s::TITLE, body).at("/account/security")
}

impl Shown for PasswordChange {
    fn screen(filled: &Filled<'_>) -> Option<Screen> {
        let line = |name, label, hint, autocomplete| Line { name, label, hint, kind: "password", autocomplete };
        let labels = [("current_password", f::CURRENT_PASSWORD), ("new_password", f::NEW_PASSWORD)];
        let content = html! {
            (filled.line(&line("current_password", f::CURRENT_PASSWORD, "", "current-password")))
            (filled.line(&line("new_password", f::NEW_PASSWORD, f::NEW_PASSWORD_HINT, "new-password")))
            div.row { button.main { (p::BUTTON) } a href="/account/security" { (p::CANCEL) } }
        };
        Some(Screen::new(p::TITLE, filled.form("/account/password", &labels, &content)).at("/account/security").failing(filled))
    }
}

impl Shown for Press {
    fn screen(_: &Filled<'_>) -> Option<Screen> {
        None
    }
}

/// The sessions, after something was done.
pub(crate) fn sessions(list: &SessionList, token: &str, done: Option<Done>) -> Screen {
    let body = html! {
        (notice(done.map(texts::done)))
        p { (t::TEXT) }
        ul.cards {
            @for session in &list.sessions {
                @let name = device::name(&session.device);
                li {
                    h2 { (name) @if session.current { " " span.tag { (t::THIS) } } }
                    dl {
                        div { dt { (t::KIND) } dd { (t::kind(session.kind)) } }
                        div { dt { (t::SIGNED_IN) } dd { (moment(session.created_at)) } }
                        div { dt { (t::LAST_USED) } dd { (moment(session.last_used_at)) } }
                        div { dt { (t::FROM) } dd { (session.ip) } }
                    }
                    @if !session.current {
                        form method="post" action={ "/account/sessions/" (session.id) "/end" } { (button_of(token, t::END, "danger", &name)) }
                    }
                }
            }
        }
    };
    Screen::new(t::TITLE, body).at("/account/sessions")
}
