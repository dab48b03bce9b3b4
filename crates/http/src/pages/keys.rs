//! The pages of API keys.

use maud::{Markup, html};
use wardgraph_api::wire::{
    api_key::{ApiKey, ApiKeyList, IssuedApiKey},
    form::{Overlap, RotationForm},
    page::{Done, KeyForm, KeyLife},
};
use wardgraph_kernel::{OrganizationRole, Permission, Timestamp};

use super::{
    fields::{Filled, Line, Screen, Shown, button_of, notice},
    moment::moment,
    texts::{self, fields as f, keys as k},
};

const PLACE: &str = "/account/api-keys";

/// The keys, after something was done.
pub(crate) fn keys(list: &ApiKeyList, token: &str, now: Timestamp, done: Option<Done>) -> Screen {
    let body = html! {
        (notice(done.map(texts::done)))
        p { (k::TEXT) }
        p { a.button href="/account/api-keys/new" { (k::NEW) } }
        @if list.api_keys.is_empty() { p.hint { (k::NONE) } }
        ul.cards {
            @for key in &list.api_keys {
                li { (card(key, token, now)) }
            }
        }
    };
    Screen::new(k::TITLE, body).at(PLACE)
}

fn card(key: &ApiKey, token: &str, now: Timestamp) -> Markup {
    let expired = key.expires_at.is_some_and(|end| end <= now);
    let state = if key.revoked_at.is_some() {
        k::REVOKED
    } else if expired {
        k::EXPIRED
    } else {
        k::ACTIVE
    };
    html! {
        h2 { (key.name) " " span.tag { (state) } }
        dl {
            div { dt { (k::KEY) } dd { code { (key.prefix) "…" } } }
            div { dt { (k::SCOPES) } dd { (key.scopes.join(", ")) } }
            @if !key.allowed_networks.is_empty() { div { dt { (k::NETWORKS) } dd { (key.allowed_networks.join(", ")) } } }
            div { dt { (k::CREATED) } dd { (moment(key.created_at)) } }
            div { dt { (k::ENDS) } dd { @if let Some(end) = key.expires_at { (moment(end)) } @else { (k::NEVER) } } }
            div { dt { (k::LAST_USED) } dd { @if let Some(last) = key.last_used_at { (moment(last)) } @else { (k::UNUSED) } } }
        }
        @if state == k::ACTIVE {
            div.row {
                @if is_replaceable(key, now) {
                    a.button href={ (PLACE) "/" (key.id) "/rotate" } aria-label={ (k::ROTATE) ": " (key.name) } { (k::ROTATE) }
                }
                form method="post" action={ (PLACE) "/" (key.id) "/revoke" } { (button_of(token, k::REVOKE, "danger", &key.name)) }
            }
        }
    }
}

/// Whether a key can be replaced by another one: it lives, and was not yet.
pub(crate) fn is_replaceable(key: &ApiKey, now: Timestamp) -> bool {
    key.revoked_at.is_none() && key.replaced_by.is_none() && key.expires_at.is_none_or(|end| end > now)
}

/// The page to replace a key.
pub(crate) fn rotation(key: &ApiKey, token: String) -> Screen {
    rotation_form(&Filled::fresh(token, &[("key", &key.name)]))
}

/// It stands at the address that it sends to.
fn rotation_form(filled: &Filled<'_>) -> Screen {
    let content = html! {
        p { (k::ROTATE_TEXT) }
        @if let Some(name) = filled.text("key") { dl { div { dt { (f::NAME) } dd { (name) } } } }
        div.field {
            label for="overlap" { (k::OVERLAP) }
            (filled.said("overlap", k::OVERLAP_HINT))
            select #overlap name="overlap" aria-describedby=[filled.described("overlap", k::OVERLAP_HINT)] {
                @for overlap in Overlap::ALL { option value=(overlap.word()) selected[filled.has("overlap", overlap.word())] { (k::overlap(overlap)) } }
            }
        }
        div.row { button.main { (k::ROTATE) } a href=(PLACE) { (k::CANCEL) } }
    };
    Screen::new(k::ROTATE, filled.form("rotate", &[("overlap", k::OVERLAP)], &content)).at(PLACE).failing(filled)
}

impl Shown for RotationForm {
    fn screen(filled: &Filled<'_>) -> Option<Screen> {
        Some(rotation_form(filled))
    }
}

impl Shown for KeyForm {
    fn screen(filled: &Filled<'_>) -> Option<Screen> {
        let name = Line { name: "name", label: f::NAME, hint: k::NAME_HINT, kind: "text", autocomplete: "off" };
        let labels = [("name", f::NAME), ("scopes", k::SCOPES), ("life", k::LIFE), ("allowed_networks", k::NETWORKS)];
        let content = html! {
            (filled.line(&name))
            (scopes(filled))
            div.field {
                label for="life" { (k::LIFE) }
                select #life name="life" {
                    @for life in KeyLife::ALL { option value=(life.word()) selected[filled.has("life", life.word())] { (k::life(life)) } }
                }
            }
            div.field {
                label for="allowed_networks" { (k::NETWORKS) }
                (filled.said("allowed_networks", k::NETWORKS_HINT))
                textarea #allowed_networks name="allowed_networks" rows="3" spellcheck="false" autocomplete="off"
                    aria-describedby=[filled.described("allowed_networks", k::NETWORKS_HINT)] { (filled.text("allowed_networks").unwrap_or_default()) }
            }
            div.row { button.main { (k::BUTTON) } a href=(PLACE) { (k::CANCEL) } }
        };
        Some(Screen::new(k::NEW, filled.form("/account/api-keys/new", &labels, &content)).at(PLACE).failing(filled))
    }
}

/// What a key may do, of all that anybody in an organization may. What the person may not is refused when the form is sent.
fn scopes(filled: &Filled<'_>) -> Markup {
    let all = OrganizationRole::Owner.permissions();
    html! {
        fieldset #scopes aria-describedby=[filled.described("scopes", k::SCOPES_HINT)] {
            legend { (k::SCOPES) }
            (filled.said("scopes", k::SCOPES_HINT))
            div.choices {
                @for permission in all.iter().map(Permission::word) {
                    label.choice {
                        input type="checkbox" name="scopes" value=(permission) checked[filled.has("scopes", permission)];
                        code { (permission) }
                    }
                }
            }
        }
    }
}

/// A key that was made just now.
pub(crate) fn made(key: &IssuedApiKey) -> Screen {
    let body = html! {
        p.notice role="status" { (k::ONCE) }
        div.field {
            label for="key" { (k::KEY) }
            input.secret #key type="text" readonly value=(key.key.expose()) autocomplete="off" spellcheck="false";
        }
        dl {
            div { dt { (f::NAME) } dd { (key.shown.name) } }
            div { dt { (k::SCOPES) } dd { (key.shown.scopes.join(", ")) } }
        }
        p { a.button href=(PLACE) { (k::BACK) } }
    };
    Screen::new(k::MADE, body).at(PLACE)
}
