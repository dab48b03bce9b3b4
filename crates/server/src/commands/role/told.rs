//! What is told of roles: to people in columns, to programs as JSON.

use std::io::Write;

use serde_json::json;
use wardgraph_api::wire::{
    grant::{Effective, EffectiveRule, Grant},
    role::Role,
};

use super::super::columns::{or_none, table, values};
use crate::wire::StartError;

pub(super) fn roles(out: &mut impl Write, json: bool, roles: &[Role]) -> Result<(), StartError> {
    let whole = json.then(|| json!({ "count": roles.len(), "roles": roles }));
    let line = |role: &Role| {
        let says = |list: &[String]| if list.len() > 3 { format!("{} rules", list.len()) } else { list.join(",") };
        let kind = if role.is_built_in { "built-in" } else { "own" };
        let (allows, denies) = (says(&role.allows), says(&role.denies));
        [role.name.clone(), kind.to_owned(), role.holders.to_string(), allows, denies, role.inherits.join(",")]
    };
    let head = ["ROLE", "KIND", "HOLDERS", "ALLOWS", "DENIES", "INHERITS"];
    table(out, whole.as_ref(), head, roles.iter().map(line).collect())
}

pub(super) fn grants(out: &mut impl Write, json: bool, grants: &[Grant]) -> Result<(), StartError> {
    let whole = json.then(|| json!({ "count": grants.len(), "grants": grants }));
    let line = |grant: &Grant| {
        let user = grant.user_id.map(|id| format!("user/{id}"));
        let client = grant.client_id.as_ref().map(|id| format!("client/{}", id.as_str()));
        let times = (or_none(grant.expires_at), or_none(grant.last_used_at));
        [grant.id.to_string(), grant.role.clone(), or_none(user.or(client)), grant.granted_by.clone(), times.0, times.1]
    };
    table(out, whole.as_ref(), ["GRANT", "ROLE", "HOLDER", "BY", "UNTIL", "USED"], grants.iter().map(line).collect())
}

pub(super) fn effective(out: &mut impl Write, json: bool, found: &Effective) -> Result<(), StartError> {
    if json {
        return values(out, json, &serde_json::to_value(found)?);
    }
    if found.disabled {
        writeln!(out, "disabled: nothing of this may be done for now")?;
    }
    if let Some(global) = &found.global_role {
        writeln!(out, "on the whole server: {global}")?;
    }
    let line = |effect: &'static str| {
        move |rule: &EffectiveRule| {
            [effect.to_owned(), rule.rule.clone(), rule.role.clone(), rule.through.join(","), or_none(rule.until)]
        }
    };
    let rules = found.denies.iter().map(line("deny")).chain(found.allows.iter().map(line("allow"))).collect();
    table(out, None, ["EFFECT", "RULE", "ROLE", "THROUGH", "UNTIL"], rules)?;
    writeln!(out, "on everything: {}", found.permissions.join(" "))?;
    Ok(())
}
