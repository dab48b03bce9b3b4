//! Everything that needs Postgres or HTTP: one binary, one Postgres, a database a test.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::pedantic,
    reason = "a test's helper fails by panicking, and a test may be plain"
)]

mod accounts;
mod audit;
mod batches;
mod binary;
mod cancel;
mod cast;
mod catalogue;
mod certificates;
mod cleaned_together;
mod cleaning;
mod client_keys;
mod client_proofs;
mod commands;
mod conformance;
mod cors;
mod crash;
mod decisions;
mod deleted_answers;
mod deleted_hidden;
mod deleted_list;
mod deleted_restored;
mod deletion;
mod documents;
mod edges;
mod edges_again;
mod embedding;
mod embedding_change;
mod exact;
mod export;
mod fair;
mod faults;
mod faults_of_the_graph;
mod faults_of_the_wire;
mod fields;
mod filters;
mod front;
mod fuzz;
mod gate;
mod granted;
mod graph;
mod hostile;
mod hostile_targets;
mod http2;
mod hygiene;
mod idempotency;
mod import;
mod import_patience;
mod isolation;
mod issuer_kit;
mod issuer_settings;
mod issuer_tenants;
mod issuers;
mod key_settings;
mod layers;
mod limits;
mod lineage;
mod logs;
mod many_edges;
mod matrix;
mod meanwhile;
mod migration;
mod names;
mod neighbours;
mod newcomers;
mod oauth;
mod one_text;
mod organizations;
mod outage;
mod outside;
mod own_issuer;
mod pages;
mod passed_over;
mod plans;
mod possession;
mod postgres_tls;
mod provider;
mod queue;
mod refusal;
mod roles;
mod round_trip;
mod search;
mod search_cost;
mod seed;
mod settings;
mod shared;
mod slow;
mod smuggling;
mod standing;
mod statements;
mod table;
mod taken_in;
mod tiers;
mod tiers_anew;
mod times;
mod tls;
mod told_changes;
mod upsert;
mod vault;
mod vault_in_aws;
mod versions;
mod wordnet_import;
mod words;
