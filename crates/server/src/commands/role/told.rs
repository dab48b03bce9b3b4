//! What is told of roles: to people in columns, to programs as JSON.

use std::io::Write;

use serde_json::{Value, json};
use wardgraph_api::wire::{
    authz::{DecidingRule, ExplainedOf, Missing},
    grant::{Effective, EffectiveRule, Grant},
    role::Role,
};

use crate::{
    commands::columns::{Form, Listing, or_none, values},
    wire::StartError,
};

pub(super) const ROLES: [&str; 6] = ["ROLE", "KIND", "HOLDERS", "ALLOWS", "DENIES", "INHERITS"];
pub(super) const GRANTS: [&str; 6] = ["GRANT", "ROLE", "HOLDER", "BY", "UNTIL", "USED"];

/// A role, in columns.
pub(super) fn role_line(role: &Role) -> [String; 6] {
    let says = |list: &[String]| if list.len() > 3 { format!("{} rules", list.len()) } else { list.join(",") };
    let kind = if role.is_built_in { "built-in" } else { "own" };
    let (allows, denies) = (says(&role.allows), says(&role.denies));
    [role.name.clone(), kind.to_owned(), role.holders.to_string(), allows, denies, role.inherits.join(",")]
}

/// A grant, in columns.
pub(super) fn grant_line(grant: &Grant) -> [String; 6] {
    let user = grant.user_id.map(|id| format!("user/{id}"));
    let client = grant.client_id.as_ref().map(|id| format!("client/{}", id.as_str()));
    let (until, last) = (or_none(grant.expires_at), or_none(grant.last_used_at));
    [grant.id.to_string(), grant.role.clone(), or_none(user.or(client)), grant.granted_by.clone(), until, last]
}

/// What is there no more, as it was: to programs, who asked for an answer. People see that nothing went wrong.
pub(super) fn gone(out: &mut impl Write, form: Form, was: &Value) -> Result<(), StartError> {
    if form.json { values(out, form, was) } else { Ok(()) }
}

/// What somebody may do.
pub(super) fn effective(out: &mut impl Write, form: Form, found: &Effective) -> Result<(), StartError> {
    if form.json {
        return values(out, form, &json!(found));
    }
    if found.disabled {
        writeln!(out, "disabled: nothing of this may be done for now")?;
    }
    if let Some(global) = &found.global_role {
        writeln!(out, "on the whole server: {global}")?;
    }
    let mut list = Listing::new(out, form, "rules", ["EFFECT", "RULE", "ROLE", "THROUGH", "UNTIL"]);
    let rules: Vec<_> = both(&found.denies, &found.allows).collect();
    let line = |(effect, rule): &(&str, &EffectiveRule)| {
        [(*effect).to_owned(), rule.rule.clone(), rule.role.clone(), rule.through.join(","), or_none(rule.until)]
    };
    list.page(&rules, line, |(_, rule)| json!(rule))?;
    list.end()?;
    Ok(writeln!(out, "on everything: {}", found.permissions.join(" "))?)
}

/// Why somebody may do something or not.
pub(super) fn explained(out: &mut impl Write, form: Form, found: &ExplainedOf) -> Result<(), StartError> {
    if form.json {
        return values(out, form, &json!(found));
    }
    for one in &found.explanations {
        let verdict = if one.allowed { "allowed" } else { "not allowed" };
        let on = one.resource.as_ref().map(|name| format!(" on {name}")).unwrap_or_default();
        writeln!(out, "{}{on}: {verdict}", one.permission)?;
        let mut list = Listing::new(out, form, "rules", ["EFFECT", "RULE", "ROLE", "THROUGH"]);
        let rules: Vec<_> = both(&one.denied_by, &one.allowed_by).collect();
        list.page(&rules, |(effect, rule)| line(effect, rule), |(_, rule)| json!(rule))?;
        list.end()?;
        for need in &one.needs {
            match need {
                Missing::Rule { rule } => writeln!(out, "needed: a role that allows {rule}")?,
                Missing::NoDeny => writeln!(out, "needed: that nothing denies it")?,
                Missing::Scope { scope } => writeln!(out, "needed: the scope {scope}")?,
            }
        }
    }
    Ok(())
}

/// What denies, and then what allows.
fn both<'a, T>(denies: &'a [T], allows: &'a [T]) -> impl Iterator<Item = (&'static str, &'a T)> {
    denies.iter().map(|rule| ("deny", rule)).chain(allows.iter().map(|rule| ("allow", rule)))
}

/// A rule, and by what its role is had.
fn line(effect: &str, rule: &DecidingRule) -> [String; 4] {
    let through = rule.through.iter().map(|through| match through.expires_at {
        Some(until) => format!("{} until {until}", through.role),
        None => through.role.clone(),
    });
    [effect.to_owned(), rule.rule.clone(), rule.role.clone(), through.collect::<Vec<_>>().join(",")]
}
