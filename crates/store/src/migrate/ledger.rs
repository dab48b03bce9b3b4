//! The migrations of this version, and the ledger of those that ran.

use sha2::{Digest, Sha256};
use tokio_postgres::Client;

use crate::StoreError;

macro_rules! migrations {
    ($($name:literal),* $(,)?) => {
        const MIGRATIONS: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../migrations/", $name, ".sql")))),*];
    };
}

migrations![
    "0001_isolation",
    "0002_graph",
    "0003_events",
    "0004_jobs",
    "0005_node_versions",
    "0006_search_tiers",
    "0007_embedding",
    "0008_filters_and_lineage",
    "0009_idempotency",
    "0010_shared_rows",
    "0011_search_at_less_cost",
    "0012_issuers",
    "0013_vault",
    "0014_changes",
    "0015_signing_keys",
    "0016_accounts",
    "0017_sessions",
    "0018_accounts_are_their_owners",
    "0019_second_factors",
    "0020_passkeys",
    "0021_browser_sessions",
    "0022_people",
    "0023_unproven_addresses",
    "0024_ends_of_accounts",
    "0025_less_is_granted",
    "0026_invitations",
    "0027_clients",
    "0028_authorization",
    "0029_used_ids",
    "0030_what_a_thief_leaves",
    "0031_registration",
    "0032_devices",
    "0033_logouts",
    "0034_roles",
    "0035_organizations",
    "0036_reviews_and_elevations",
    "0037_what_a_thief_leaves_everywhere",
    "0038_everybodys_share",
    "0039_own_indexes",
    "0040_invitations_to_any_role",
    "0041_what_is_kept_of_the_deleted",
    "0042_vectors_know_their_text",
    "0043_one_text_stops_nobody",
    "0044_searched_by_tenant",
    "0045_room_for_answers",
    "0046_edges_that_are_told_later",
    "0047_what_answers_tell_of",
    "0048_what_knows_no_tenants",
    "0049_words_beside_texts",
    "0049_words_of_what_is_there",
    "0049_words_under_the_policy",
    "0050_what_was_given_up",
];

pub(super) async fn apply(owner: &mut Client) -> Result<Vec<&'static str>, StoreError> {
    owner
        .batch_execute(
            "create table if not exists wardgraph.migrations (name text primary key, sha256 text not null, applied_at timestamptz not null default now());
             alter table wardgraph.migrations enable row level security;
             alter table wardgraph.migrations force row level security;
             do $$ begin
               create policy ledger on wardgraph.migrations for all to wardgraph_owner using (true) with check (true);
             exception when duplicate_object then null; end $$",
        )
        .await?;
    let rows = owner.query("select name, sha256 from wardgraph.migrations order by name", &[]).await?;
    let ran =
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect::<Result<Vec<(String, String)>, StoreError>>()?;
    check(&ran)?;
    let mut applied = Vec::new();
    for (name, sql) in MIGRATIONS.iter().skip(ran.len()) {
        let transaction = owner.transaction().await?;
        transaction.batch_execute(sql).await.map_err(|error| named(name, error))?;
        transaction.execute("insert into wardgraph.migrations (name, sha256) values ($1, $2)", &[name, &checksum(sql)]).await?;
        transaction.commit().await?;
        applied.push(*name);
    }
    Ok(applied)
}

/// What ran must be a beginning of what this version has, to the letter.
fn check(ran: &[(String, String)]) -> Result<(), StoreError> {
    for (index, (name, sha256)) in ran.iter().enumerate() {
        match MIGRATIONS.get(index) {
            None => {
                return Err(StoreError::Unsafe(format!(
                    "the database has the migration `{name}`, which this version does not know: run a newer one"
                )));
            }
            Some((expected, _)) if expected != name => {
                return Err(StoreError::Unsafe(format!("the database ran `{name}` where this version has `{expected}`")));
            }
            Some((_, sql)) if checksum(sql) != *sha256 => {
                return Err(StoreError::Unsafe(format!("the migration `{name}` is not the one that ran on this database")));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

fn checksum(sql: &str) -> String {
    format!("{:x}", Sha256::digest(sql))
}

fn named(name: &str, error: tokio_postgres::Error) -> StoreError {
    match StoreError::from(error) {
        StoreError::Sql { code, message } => StoreError::Sql { code, message: format!("migration {name}: {message}") },
        other => other,
    }
}
