//! What is told of roles: to people in columns, to programs as JSON.

use std::io::Write;

use serde_json::{Value, json};
use wardgraph_api::wire::{
    grant::{Effective, EffectiveRule, Grant},
    role::Role,
};
use wardgraph_kernel::Timestamp;

use crate::wire::StartError;

pub(super) fn roles(out: &mut impl Write, json: bool, roles: &[Role]) -> Result<(), StartError> {
    if json {
        return whole(out, &json!({ "count": roles.len(), "roles": roles }));
    }
    let line = |role: &Role| {
        let says = |list: &[String]| if list.len() > 3 { format!("{} rules", list.len()) } else { list.join(",") };
        let kind = if role.is_built_in { "built-in" } else { "own" };
        let (allows, denies) = (says(&role.allows), says(&role.denies));
        [role.name.clone(), kind.to_owned(), role.holders.to_string(), allows, denies, role.inherits.join(",")]
    };
    columns(out, ["ROLE", "KIND", "HOLDERS", "ALLOWS", "DENIES", "INHERITS"], &roles.iter().map(line).collect::<Vec<_>>())
}

pub(super) fn grants(out: &mut impl Write, json: bool, grants: &[Grant]) -> Result<(), StartError> {
    if json {
        return whole(out, &json!({ "count": grants.len(), "grants": grants }));
    }
    let line = |grant: &Grant| {
        let user = grant.user_id.map(|id| format!("user/{id}"));
        let client = grant.client_id.as_ref().map(|id| format!("client/{}", id.as_str()));
        let holder = user.or(client).unwrap_or_default();
        let used = grant.last_used_at.map_or_else(|| "never".to_owned(), |at| at.to_string());
        [grant.id.to_string(), grant.role.clone(), holder, grant.granted_by.clone(), end(grant.expires_at), used]
    };
    columns(out, ["GRANT", "ROLE", "HOLDER", "BY", "UNTIL", "USED"], &grants.iter().map(line).collect::<Vec<_>>())
}

pub(super) fn effective(out: &mut impl Write, json: bool, found: &Effective) -> Result<(), StartError> {
    if json {
        return whole(out, &serde_json::to_value(found)?);
    }
    if found.disabled {
        writeln!(out, "disabled: nothing of this may be done for now")?;
    }
    if let Some(global) = &found.global_role {
        writeln!(out, "on the whole server: {global}")?;
    }
    let line = |effect: &'static str| {
        move |rule: &EffectiveRule| {
            [effect.to_owned(), rule.rule.clone(), rule.role.clone(), rule.through.join(","), end(rule.until)]
        }
    };
    let rules: Vec<_> = found.denies.iter().map(line("deny")).chain(found.allows.iter().map(line("allow"))).collect();
    columns(out, ["EFFECT", "RULE", "ROLE", "THROUGH", "UNTIL"], &rules)?;
    writeln!(out, "on everything: {}", found.permissions.join(" "))?;
    Ok(())
}

/// The members of an object, each on a line; what is not there is left out.
pub(super) fn one(out: &mut impl Write, json: bool, object: &Value) -> Result<(), StartError> {
    if json {
        return whole(out, object);
    }
    for (name, value) in object.as_object().into_iter().flatten() {
        let text = match value {
            Value::Null => continue,
            Value::Array(items) if items.is_empty() => continue,
            Value::String(text) => text.clone(),
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
            other => other.to_string(),
        };
        writeln!(out, "{name}: {text}")?;
    }
    Ok(())
}

fn whole(out: &mut impl Write, value: &Value) -> Result<(), StartError> {
    writeln!(out, "{}", serde_json::to_string_pretty(value)?)?;
    Ok(())
}

fn end(until: Option<Timestamp>) -> String {
    until.map_or_else(|| "-".to_owned(), |until| until.to_string())
}

fn columns<const WIDE: usize>(out: &mut impl Write, head: [&str; WIDE], lines: &[[String; WIDE]]) -> Result<(), StartError> {
    let head = head.map(str::to_owned);
    let mut widths = [0; WIDE];
    for cells in std::iter::once(&head).chain(lines) {
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for cells in std::iter::once(&head).chain(lines) {
        let padded: Vec<_> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        writeln!(out, "{}", padded.join("  ").trim_end())?;
    }
    Ok(())
}
