//! The pages of invitations, and of the first administrator.

use maud::{Markup, html};
use wardgraph_api::wire::{
    form::InviteForm,
    invitation::{Acceptance, Invitation, InvitationPage, InvitationStatus, Joining, Setup},
    page::Done,
};
use wardgraph_identity::invitation::Shown as Offered;
use wardgraph_kernel::OrganizationRole;

use super::{
    fields::{Filled, Line, Screen, Shown, button_of, notice},
    moment::moment,
    sign_in::{EMAIL, NEW_PASSWORD, links},
    texts::{self, fields as f, invitations as t, register, setup as s},
};

const PLACE: &str = "/account";
const NAME: Line<'_> = Line { name: "name", label: f::NAME, hint: register::NAME_HINT, kind: "text", autocomplete: "name" };
const PASSWORD: Line<'_> = Line { name: "password", label: f::PASSWORD, ..NEW_PASSWORD };

impl Shown for Acceptance {
    fn screen(filled: &Filled<'_>) -> Option<Screen> {
        let labels = [("token", f::LINK), ("name", f::NAME), ("password", f::PASSWORD)];
        let content = html! {
            p { (t::NEW_HERE) }
            (filled.carried("token"))
            (filled.line(&NAME))
            (filled.line(&PASSWORD))
            button.main { (t::ACCEPT) }
        };
        let token: String = form_urlencoded::byte_serialize(filled.text("token").unwrap_or_default().as_bytes()).collect();
        let body = html! {
            @if filled.text("closed").is_some() { p { (t::CLOSED) } } @else { (filled.form("/invitation", &labels, &content)) }
            (links(&[(&format!("/account/invitation?token={token}"), t::HAVE, t::SIGN_IN)]))
        };
        Some(Screen::new(t::TITLE, body).failing(filled))
    }
}

/// An invitation to the address of somebody who signed in; `None` for what is none.
pub(crate) fn joining(offered: Option<&Offered>, text: &str, token: String) -> Screen {
    let Some(offered) = offered else { return Screen::new(t::TITLE, html! { p { (t::NOT_YOURS) } }).at(PLACE) };
    let known = [("token", text), ("organization", &offered.organization), ("role", t::role_of(&offered.role))];
    join_form(&Filled::fresh(token, &known))
}

fn join_form(filled: &Filled<'_>) -> Screen {
    let content = html! {
        @if let (Some(organization), Some(role)) = (filled.text("organization"), filled.text("role")) {
            p { (t::JOIN_TEXT) }
            dl {
                div { dt { (texts::account::ORGANIZATION) } dd { (organization) } }
                div { dt { (texts::account::ROLE) } dd { (role) } }
            }
        }
        (filled.carried("token"))
        div.row { button.main { (t::JOIN) } a href="/account" { (texts::password::CANCEL) } }
    };
    Screen::new(t::TITLE, filled.form("/account/invitation", &[("token", f::LINK)], &content)).at(PLACE).failing(filled)
}

impl Shown for Joining {
    fn screen(filled: &Filled<'_>) -> Option<Screen> {
        Some(join_form(filled))
    }
}

impl Shown for Setup {
    fn screen(filled: &Filled<'_>) -> Option<Screen> {
        let labels = [("token", f::LINK), ("name", f::NAME), ("email", f::EMAIL), ("password", f::PASSWORD)];
        let content = html! {
            p { (s::TEXT) }
            (filled.carried("token"))
            (filled.line(&NAME))
            (filled.line(&Line { hint: s::EMAIL_HINT, autocomplete: "email", ..EMAIL }))
            (filled.line(&PASSWORD))
            button.main { (s::BUTTON) }
        };
        Some(Screen::new(s::TITLE, filled.form("/setup", &labels, &content)).failing(filled))
    }
}

/// The invitations of an organization, after something was done.
pub(crate) fn invitations(page: &InvitationPage, token: &str, done: Option<Done>) -> Screen {
    let body = html! {
        (notice(done.map(texts::done)))
        p { (t::TEXT) }
        p { a.button href="/account/invitations/new" { (t::INVITE) } }
        @if page.invitations.is_empty() { p.hint { (t::NONE) } }
        ul.cards {
            @for invitation in &page.invitations { li { (card(invitation, token)) } }
        }
        @if let Some(cursor) = &page.next_cursor {
            p.after { a href={ "/account/invitations?cursor=" (cursor) } { (t::OLDER) } }
        }
    };
    Screen::new(t::LIST, body).at(PLACE)
}

fn card(invitation: &Invitation, token: &str) -> Markup {
    html! {
        h2 { (invitation.email) " " span.tag { (t::status(invitation.status)) } }
        dl {
            div { dt { (t::ROLE) } dd { (t::role_of(&invitation.role)) } }
            div { dt { (t::INVITED) } dd { (moment(invitation.created_at)) } }
            div { dt { (t::ENDS) } dd { (moment(invitation.expires_at)) } }
        }
        @if invitation.status == InvitationStatus::Open {
            form method="post" action={ "/account/invitations/" (invitation.id) "/withdraw" } {
                (button_of(token, t::WITHDRAW, "danger", &invitation.email))
            }
        }
    }
}

impl Shown for InviteForm {
    fn screen(filled: &Filled<'_>) -> Option<Screen> {
        let labels = [("email", f::EMAIL), ("role", t::ROLE)];
        // The least first: what is chosen by not choosing.
        let roles = OrganizationRole::ALL.iter().rev();
        // A form that was refused knows of the organization's own the chosen one alone.
        let is_new = |role: &&str| OrganizationRole::of(role).is_none() && !filled.has("own_role", role);
        let own = filled.texts("own_role").chain(filled.text("role").filter(is_new));
        let content = html! {
            (filled.line(&Line { autocomplete: "off", ..EMAIL }))
            div.field {
                label for="role" { (t::ROLE) }
                (filled.said("role", t::ROLE_HINT))
                select #role name="role" aria-describedby=[filled.described("role", t::ROLE_HINT)] {
                    @for role in roles { option value=(role.word()) selected[filled.has("role", role.word())] { (t::role(*role)) } }
                    @for role in own { option value=(role) selected[filled.has("role", role)] { (role) } }
                }
            }
            div.row { button.main { (t::SEND) } a href="/account/invitations" { (texts::password::CANCEL) } }
        };
        Some(Screen::new(t::INVITE, filled.form("/account/invitations/new", &labels, &content)).at(PLACE).failing(filled))
    }
}
