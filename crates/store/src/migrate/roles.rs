//! Roles, extension and schema: what needs more rights than the owner has.

use std::time::Duration;

use tokio_postgres::{Client, error::SqlState};
use wardgraph_kernel::Secret;

use super::MigrateOptions;
use crate::{Role, StoreError, error::is_race};

/// What the indexes that search needs call. Leakproof functions may run before the row-level policy, so that their indexes are used.
const LEAKPROOF: &[&str] = &[
    "pg_catalog.ts_match_vq(tsvector, tsquery)",
    "pg_catalog.jsonb_contains(jsonb, jsonb)",
    "pg_catalog.arrayoverlap(anyarray, anyarray)",
    "wardgraph.word_keys(text, tsvector)",
    "wardgraph.doc_of(text, jsonb)",
];

pub(super) async fn prepare(client: &Client, options: &MigrateOptions) -> Result<(), StoreError> {
    for role in Role::ALL {
        role_exists_with_login(client, options, *role).await?;
    }
    if !superuser(client).await? {
        // A creator of roles may act as the owner only as its member; the owner stays a member of nothing.
        tolerate_race(client, "grant wardgraph_owner to current_user").await?;
    }
    tolerate_race(client, "create extension if not exists vector").await?;
    tolerate_race(client, "create schema if not exists wardgraph authorization wardgraph_owner").await
}

/// Once the migrations have made what is marked, and where the login may.
pub(super) async fn mark_leakproof(client: &Client) -> Result<(), StoreError> {
    if superuser(client).await? {
        for function in LEAKPROOF {
            tolerate_race(client, &format!("alter function {function} leakproof")).await?;
        }
    }
    Ok(())
}

async fn superuser(client: &Client) -> Result<bool, StoreError> {
    Ok(client.query_one("select rolsuper from pg_roles where rolname = current_user", &[]).await?.try_get(0)?)
}

async fn role_exists_with_login(client: &Client, options: &MigrateOptions, role: Role) -> Result<(), StoreError> {
    let name = role.name();
    let exists = client.query_opt("select from pg_roles where rolname = $1", &[&name]).await?.is_some();
    let password = options.passwords.iter().find(|(r, _)| *r == role).map(|(_, password)| password);
    match (exists, password) {
        (false, Some(password)) => {
            let attributes = "login nosuperuser nobypassrls nocreatedb nocreaterole noreplication noinherit";
            tolerate_race(client, &format!("create role {name} {attributes} password '{}'", verifier(password))).await?;
        }
        (true, Some(password)) if options.reset_passwords => {
            tolerate_race(client, &format!("alter role {name} password '{}'", verifier(password))).await?;
        }
        (false, None) => {
            return Err(StoreError::Unsafe(format!("the role {name} does not exist, and no password was given for it")));
        }
        (true, _) => {}
    }
    logs_in(options, role).await
}

async fn logs_in(options: &MigrateOptions, role: Role) -> Result<(), StoreError> {
    let Some(login) = options.logins.get(&role) else { return Ok(()) };
    match login.connect().await {
        Ok(_) => Ok(()),
        Err(StoreError::Sql { code, .. }) if code == SqlState::INVALID_PASSWORD.code() => Err(StoreError::Unsafe(format!(
            "the role {name} exists and has another password than this data folder holds: give WARDGRAPH_DATABASE__{word}_URL, \
             copy the data folder's secrets from the server that made the role, or run `wardgraph migrate --reset-role-passwords`",
            name = role.name(),
            word = role.word().to_uppercase(),
        ))),
        Err(error) => Err(error),
    }
}

/// The SCRAM-SHA-256 verifier (RFC 5802), so that the password itself never stands in a statement.
fn verifier(password: &Secret) -> String {
    postgres_protocol::password::scram_sha_256(password.expose().as_bytes())
}

async fn tolerate_race(client: &Client, statement: &str) -> Result<(), StoreError> {
    for turn in 0..5 {
        match client.batch_execute(statement).await {
            Err(error) if is_race(&error) => tokio::time::sleep(Duration::from_millis(50 << turn)).await,
            other => return Ok(other?),
        }
    }
    // Whoever won the race has made it by now.
    Ok(())
}
