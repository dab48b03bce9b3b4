//! What is told of clients: to people in columns, to programs as JSON.

use std::io::Write;

use serde_json::{Value, json};
use wardgraph_http::shown;
use wardgraph_kernel::Timestamp;
use wardgraph_oauth::{Client, client::NewSecret};

use crate::{
    commands::columns::{Form, Listing, or_none, values},
    wire::StartError,
};

/// A client, as JSON.
fn whole(client: &Client, now: Timestamp) -> Value {
    let organization = client.organization.as_ref().map(|organization| organization.as_str().to_owned());
    let mut told = json!(shown(client.clone(), now));
    if let Value::Object(members) = &mut told {
        members.insert("organization_id".into(), json!(organization));
    }
    told
}

pub(super) fn all(out: &mut impl Write, form: Form, clients: &[Client], now: Timestamp) -> Result<(), StartError> {
    let mut list = Listing::new(out, form, "clients", ["CLIENT", "NAME", "ORGANIZATION", "GRANTS", "SOURCE", "STATE"]);
    list.page(clients, line, |client| whole(client, now))?;
    list.end()
}

fn line(client: &Client) -> [String; 6] {
    let grants: Vec<_> = client.registered.grant_types.iter().map(|grant| grant.word()).collect();
    [
        client.id.to_string(),
        client.registered.name.clone(),
        or_none(client.organization.as_ref()),
        grants.join(","),
        client.source.word().to_owned(),
        if client.disabled_at.is_some() { "disabled".to_owned() } else { "enabled".to_owned() },
    ]
}

pub(super) fn one(out: &mut impl Write, form: Form, client: &Client, now: Timestamp) -> Result<(), StartError> {
    values(out, form, &whole(client, now))
}

/// A client that was registered just now: its secret stands on a line of its own.
pub(super) fn made(
    out: &mut impl Write,
    form: Form,
    client: &Client,
    secret: Option<&NewSecret>,
    now: Timestamp,
) -> Result<(), StartError> {
    let secret = secret.map(|secret| secret.text.expose());
    if form.json {
        let mut told = whole(client, now);
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
