//! What is told of clients: to people in columns, to programs as JSON.

use std::io::Write;

use serde_json::{Value, json};
use wardgraph_http::shown;
use wardgraph_kernel::{TenantId, Timestamp};
use wardgraph_oauth::{Client, client::NewSecret};

use super::Form;
use crate::wire::StartError;

/// A client, as JSON.
fn whole(client: Client, now: Timestamp) -> Result<Value, StartError> {
    let organization = client.organization.as_ref().map(|organization| organization.as_str().to_owned());
    let mut told = serde_json::to_value(shown(client, now))?;
    if let Value::Object(members) = &mut told {
        members.insert("organization_id".into(), json!(organization));
    }
    Ok(told)
}

pub(super) fn all(out: &mut impl Write, form: Form, clients: Vec<Client>, now: Timestamp) -> Result<(), StartError> {
    if form.json {
        let clients = clients.into_iter().map(|client| whole(client, now)).collect::<Result<Vec<_>, _>>()?;
        return values(out, form, &json!({ "count": clients.len(), "clients": clients }));
    }
    let head = ["CLIENT", "NAME", "ORGANIZATION", "GRANTS", "SOURCE", "STATE"].map(str::to_owned);
    let line = |client: &Client| {
        let grants: Vec<_> = client.registered.grant_types.iter().map(|grant| grant.word()).collect();
        [
            client.id.to_string(),
            client.registered.name.clone(),
            client.organization.as_ref().map_or("-", TenantId::as_str).to_owned(),
            grants.join(","),
            client.source.word().to_owned(),
            if client.disabled_at.is_some() { "disabled".to_owned() } else { "enabled".to_owned() },
        ]
    };
    let lines: Vec<_> = std::iter::once(head).chain(clients.iter().map(line)).collect();
    let mut widths = [0; 6];
    for cells in &lines {
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for cells in &lines {
        let padded: Vec<_> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        writeln!(out, "{}", padded.join("  ").trim_end())?;
    }
    Ok(())
}

pub(super) fn one(out: &mut impl Write, form: Form, client: Client, now: Timestamp) -> Result<(), StartError> {
    values(out, form, &whole(client, now)?)
}

/// A client that was registered just now: its secret stands on a line of its own.
pub(super) fn made(
    out: &mut impl Write,
    form: Form,
    client: Client,
    secret: Option<&NewSecret>,
    now: Timestamp,
) -> Result<(), StartError> {
    let secret = secret.map(|secret| secret.text.expose());
    if form.json {
        let mut told = whole(client, now)?;
        if let (Value::Object(members), Some(secret)) = (&mut told, secret) {
            members.insert("client_secret".into(), secret.into());
        }
        return values(out, form, &told);
    }
    writeln!(out, "client_id: {}", client.id)?;
    if let Some(secret) = secret {
        writeln!(out, "client_secret: {secret}")?;
    }
    Ok(())
}

/// The members of an object, each on a line; what is not there is left out.
pub(super) fn values(out: &mut impl Write, form: Form, object: &Value) -> Result<(), StartError> {
    if form.json {
        writeln!(out, "{}", serde_json::to_string_pretty(object)?)?;
        return Ok(());
    }
    for (name, value) in object.as_object().into_iter().flatten() {
        let text = match value {
            Value::Null => continue,
            Value::String(text) => text.clone(),
            Value::Array(items) if items.is_empty() => continue,
            Value::Array(items) if items.iter().all(Value::is_string) => {
                items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
            }
            other => other.to_string(),
        };
        writeln!(out, "{name}: {text}")?;
    }
    Ok(())
}
