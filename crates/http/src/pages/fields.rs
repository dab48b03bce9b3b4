//! Forms: what was filled in, what is wrong with it, and fields that say both to everyone (WCAG 2.2: 1.3.5, 3.3.1, 3.3.2, 4.1.2).

use maud::{Markup, html};
use wardgraph_api::{FieldError, Problem};
use wardgraph_gate::browser::FORM_TOKEN;

use super::texts;

/// What a page shows within its frame.
#[derive(Debug)]
pub struct Screen {
    pub(crate) title: &'static str,
    pub(crate) body: Markup,
    /// Where it belongs among the places of somebody who signed in.
    pub(crate) place: Option<&'static str>,
    /// Whether it says that something is wrong.
    pub(crate) fails: bool,
    /// Whether it speaks with authenticators, which takes a script.
    pub(crate) asks_authenticators: bool,
    /// Whether its form is sent on at once, which takes a script.
    pub(crate) sends: bool,
    /// Where it leads at once.
    pub(crate) leads: Option<String>,
}

impl Screen {
    pub(crate) const fn new(title: &'static str, body: Markup) -> Self {
        Self { title, body, place: None, fails: false, asks_authenticators: false, sends: false, leads: None }
    }

    pub(crate) fn at(self, place: &'static str) -> Self {
        Self { place: Some(place), ..self }
    }

    pub(crate) fn asking_authenticators(self, asks: bool) -> Self {
        Self { asks_authenticators: asks, ..self }
    }

    pub(crate) fn failing(self, filled: &Filled<'_>) -> Self {
        Self { fails: filled.problem.is_some(), ..self }
    }
}

/// A kind of form that can be shown, and shown again with what is wrong.
pub(crate) trait Shown {
    /// The page with the form; `None` for a button, which has none of its own.
    fn screen(filled: &Filled<'_>) -> Option<Screen>;
}

/// A form as it was filled in.
#[derive(Debug)]
pub struct Filled<'a> {
    fields: Vec<(String, String)>,
    problem: Option<&'a Problem>,
    token: String,
}

impl<'a> Filled<'a> {
    /// A form that nobody filled in, but for fields that the server knows. `token`: of the form.
    pub(crate) fn fresh(token: String, known: &[(&str, &str)]) -> Self {
        let fields = known.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        Self { fields, problem: None, token }
    }

    /// A form that was refused.
    pub(super) fn refused(token: String, fields: Vec<(String, String)>, problem: &'a Problem) -> Self {
        Self { fields, problem: Some(problem), token }
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, text)| text.as_str())
    }

    /// Each text of a field that is there more than once.
    pub(super) fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        self.fields.iter().filter(move |(field, _)| field == name).map(|(_, text)| text.as_str())
    }

    pub(super) fn has(&self, name: &str, value: &str) -> bool {
        self.fields.iter().any(|(field, text)| field == name && text == value)
    }

    /// What is wrong with a field, or with an entry of it.
    fn fault(&self, name: &str) -> Option<&str> {
        let fault = self.problem?.errors.iter().find(|fault| field_of(fault) == name)?;
        Some(if self.text(name).is_some_and(|text| text.trim().is_empty()) { texts::BLANK } else { &fault.detail })
    }

    /// The form itself: what is wrong before it, its token within. `labels`: what its fields are called.
    pub(super) fn form(&self, action: &str, labels: &[(&str, &str)], content: &Markup) -> Markup {
        html! {
            (self.summary(labels))
            (self.bare(action, content))
        }
    }

    /// The form without what is wrong: for a second one on a page.
    pub(super) fn bare(&self, action: &str, content: &Markup) -> Markup {
        html! {
            form method="post" action=(action) novalidate {
                input type="hidden" name=(FORM_TOKEN) value=(self.token);
                (content)
            }
        }
    }

    /// What is wrong, with links to the fields.
    pub(super) fn summary(&self, labels: &[(&str, &str)]) -> Markup {
        let Some(problem) = self.problem else { return html! {} };
        let told: Vec<_> = labels.iter().filter_map(|(name, label)| Some((name, label, self.fault(name)?))).collect();
        html! {
            div.summary role="alert" tabindex="-1" autofocus aria-labelledby="summary-title" {
                h2 #summary-title { (texts::SUMMARY) }
                @if told.is_empty() {
                    p { (sentence(problem)) }
                } @else {
                    ul { @for (name, label, fault) in told { li { a href={ "#" (name) } { (label) " " (fault) "." } } } }
                }
            }
        }
    }

    /// A line to fill in.
    pub(super) fn line(&self, field: &Line<'_>) -> Markup {
        let fault = self.fault(field.name);
        // What is secret is not sent back.
        let kept = self.text(field.name).filter(|_| field.kind != "password" && field.autocomplete != "one-time-code");
        html! {
            div.field.bad[fault.is_some()] {
                label for=(field.name) { (field.label) }
                (self.said(field.name, field.hint))
                input #(field.name) name=(field.name) type=(field.kind) value=[kept] autocomplete=(field.autocomplete)
                    aria-describedby=[self.described(field.name, field.hint)] aria-invalid=[fault.map(|_| "true")]
                    inputmode=[(field.autocomplete == "one-time-code").then_some("numeric")]
                    autocapitalize=[(field.kind != "text").then_some("none")] spellcheck=[(field.kind != "text").then_some("false")] required;
            }
        }
    }

    /// What is said of a field: how it is filled in, and what is wrong with it.
    pub(super) fn said(&self, name: &str, hint: &str) -> Markup {
        html! {
            @if !hint.is_empty() { p.hint id={ (name) "-hint" } { (hint) } }
            @if let Some(fault) = self.fault(name) {
                p.fault id={ (name) "-fault" } { strong { (texts::frame::ERROR) } (sentence_of(fault)) }
            }
        }
    }

    /// The ids of what is said of a field.
    pub(super) fn described(&self, name: &str, hint: &str) -> Option<String> {
        let hint = (!hint.is_empty()).then(|| format!("{name}-hint"));
        let fault = self.fault(name).map(|_| format!("{name}-fault"));
        let ids: Vec<_> = hint.into_iter().chain(fault).collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }

    /// A field that is carried along.
    pub(super) fn carried(&self, name: &str) -> Markup {
        let texts = self.fields.iter().filter(|(field, _)| field == name);
        html! { @for (_, text) in texts { input type="hidden" name=(name) value=(text); } }
    }
}

/// A line of a form.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub(super) name: &'a str,
    pub(super) label: &'a str,
    pub(super) hint: &'a str,
    pub(super) kind: &'a str,
    /// What browsers and password keepers fill in (HTML, section 4.10.18.7).
    pub(super) autocomplete: &'a str,
}

/// A button that is a form's whole content.
pub(super) fn button(token: &str, label: &str, class: &str) -> Markup {
    html! {
        input type="hidden" name=(FORM_TOKEN) value=(token);
        button class=(class) { (label) }
    }
}

/// The same among others like it: whoever hears it is told which one it is.
pub(super) fn button_of(token: &str, label: &str, class: &str, whose: &str) -> Markup {
    html! {
        input type="hidden" name=(FORM_TOKEN) value=(token);
        button class=(class) aria-label={ (label) ": " (whose) } { (label) }
    }
}

/// What was done just now.
pub(super) fn notice(text: Option<&str>) -> Markup {
    html! { @if let Some(text) = text { p.notice role="status" { (text) } } }
}

/// The field that a fault is of: `scopes` for `/scopes/2`.
fn field_of(fault: &FieldError) -> &str {
    fault.field.trim_start_matches('/').split('/').next().unwrap_or_default()
}

/// What is wrong, as a sentence.
pub(super) fn sentence(problem: &Problem) -> String {
    let wait = problem.retry_after_s.map(|seconds| format!(" {}", texts::wait(seconds))).unwrap_or_default();
    format!("{}{wait}", sentence_of(&problem.detail))
}

fn sentence_of(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", letters.as_str())
}
