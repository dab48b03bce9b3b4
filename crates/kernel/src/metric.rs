//! The closed list of metrics: what `/metrics` can say, with its kind, unit, labels and meaning.
//!
//! **Invariant**: a label's values are words of this program, or what the operator's configuration names. Whatever a request brings, and
//! whoever it comes from, makes no series: with 100,000 tenants there are as many as with ten
//! (`a_scrape_is_as_long_with_many_tenants_as_with_one`).

use metrics::Label;

/// What a family's samples do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only grows, until the server starts anew.
    Counter,
    /// It goes up and down.
    Gauge,
    /// How many samples were up to each bound, and their sum.
    Histogram,
}

impl Kind {
    /// The kind, as Prometheus calls it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// What is said of a metric.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// Its name, in which its unit stands.
    pub name: &'static str,
    /// What its samples do.
    pub kind: Kind,
    /// What is counted or measured, in the plural; `state` for what is 1 while it holds.
    pub unit: &'static str,
    /// What its series are told apart by.
    pub labels: &'static [&'static str],
    /// What it means: the words after `# HELP`, and in the guide.
    help: &'static str,
}

impl Family {
    /// What it means, in a sentence.
    pub const fn help(&self) -> &'static str {
        self.help.trim_ascii()
    }

    fn labelled<const N: usize>(&self, values: [&'static str; N]) -> Vec<Label> {
        self.labels.iter().zip(values).map(|(label, value)| Label::from_static_parts(label, value)).collect()
    }

    fn configured(&self, value: &str) -> Vec<Label> {
        self.labels.iter().map(|label| Label::new(*label, value.to_owned())).collect()
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident by $register:ident;)*) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $kind<const LABELS: usize>(Family);

        impl<const LABELS: usize> $kind<LABELS> {
            /// What is said of it.
            pub const fn family(&self) -> &Family {
                &self.0
            }

            /// The series of these values, in the order of the labels.
            pub fn of(&self, values: [&'static str; LABELS]) -> metrics::$kind {
                metrics::$register!(self.0.name, self.0.labelled(values))
            }
        }

        impl $kind<1> {
            /// The series of a value that the operator's configuration names: a model.
            pub fn of_configured(&self, value: &str) -> metrics::$kind {
                metrics::$register!(self.0.name, self.0.configured(value))
            }
        }
    )* };
}

kinds! {
    /// A metric that only grows.
    Counter by counter;
    /// A metric that goes up and down.
    Gauge by gauge;
    /// A metric that says how its samples are spread.
    Histogram by histogram;
}

macro_rules! families {
    ($( $(#[doc = $help:literal])+ $constant:ident: $kind:ident $name:literal of $unit:ident by [$($label:ident),*];)*) => {
        $(
            $(#[doc = $help])+
            pub const $constant: $kind<{ const LABELS: &[&str] = &[$(stringify!($label)),*]; LABELS.len() }> = $kind(Family {
                name: $name,
                kind: Kind::$kind,
                unit: stringify!($unit),
                labels: &[$(stringify!($label)),*],
                help: concat!($($help),+),
            });
        )*

        /// Every metric.
        pub const ALL: &[Family] = &[$($constant.0),*];
    };
}

families! {
    /// 1, by the version of the server that answers.
    BUILD_INFO: Gauge "wardgraph_build_info" of state by [version];
    /// Memory of the process that is in RAM, with its model and without its private Postgres.
    PROCESS_MEMORY: Gauge "process_resident_memory_bytes" of bytes by [];
    /// Processor time of the process, in whole seconds.
    PROCESS_CPU: Counter "process_cpu_seconds_total" of seconds by [];
    /// When the server started, in seconds since 1970.
    PROCESS_START: Gauge "process_start_time_seconds" of seconds by [];
    /// How long requests took, from their head to the answer's, by endpoint and class of status (2xx with 3xx, 4xx, 5xx).
    HTTP_REQUEST_DURATION: Histogram "wardgraph_http_request_duration_seconds" of seconds by [endpoint, status];
    /// Connections refused since their network had its share.
    HTTP_CONNECTIONS_REFUSED: Counter "wardgraph_http_connections_refused_total" of connections by [];
    /// Connections that asked nothing and were asked to make room.
    HTTP_CONNECTIONS_DISPLACED: Counter "wardgraph_http_connections_displaced_total" of connections by [];
    /// Answers refused for want of memory to hold them (503).
    HTTP_ANSWERS_WITHOUT_ROOM: Counter "wardgraph_http_answers_without_room_total" of answers by [];
    /// Request bodies refused for want of memory to hold them (503).
    HTTP_BODIES_WITHOUT_ROOM: Counter "wardgraph_http_bodies_without_room_total" of bodies by [];
    /// Certificates read again, by outcome (used, refused).
    TLS_RELOADS: Counter "wardgraph_tls_reloads_total" of reloads by [outcome];
    /// Connections to the database, by role and state (open, idle, waiting).
    DATABASE_CONNECTIONS: Gauge "wardgraph_database_connections" of connections by [role, state];
    /// Jobs in the queue of vectors, by state (waiting, dead), counted up to 100,000; of the whole database.
    EMBEDDING_JOBS: Gauge "wardgraph_embedding_jobs" of jobs by [state];
    /// Vectors that this server made, by model.
    EMBEDDINGS: Counter "wardgraph_embeddings_total" of embeddings by [model];
    /// Tenants that have vectors of other models, by the model that is wanted; of the whole database.
    EMBEDDING_TENANTS_BEHIND: Gauge "wardgraph_embedding_tenants_behind" of tenants by [model];
    /// 1 while this server's model is the wanted one, else 0, by model.
    EMBEDDING_ON_DUTY: Gauge "wardgraph_embedding_on_duty" of state by [model];
    /// Nodes put into the queue anew since the model changed.
    EMBEDDING_REQUEUED_NODES: Counter "wardgraph_embedding_nodes_requeued_total" of nodes by [];
    /// Vectors of earlier models that were removed.
    EMBEDDING_VECTORS_REMOVED: Counter "wardgraph_embedding_vectors_removed_total" of vectors by [];
    /// 1 while the embedding service is left alone, else 0, by lane (query, document); there once it was away.
    EMBEDDING_SERVICE_AWAY: Gauge "wardgraph_embedding_service_away" of state by [lane];
    /// How often the embedding service went away, by lane (query, document).
    EMBEDDING_SERVICE_LOST: Counter "wardgraph_embedding_service_lost_total" of times by [lane];
    /// Queries, and requests of the worker, refused at once since the embedding service is left alone, by lane (query, document).
    EMBEDDING_NOT_ASKED: Counter "wardgraph_embedding_not_asked_total" of times by [lane];
    /// Deleted nodes that this server erased.
    NODES_PURGED: Counter "wardgraph_nodes_purged_total" of nodes by [];
    /// Tenants whose deleted nodes are past their grace period and not yet erased; of the whole database.
    PURGES_DUE: Gauge "wardgraph_purges_due" of purges by [];
    /// Queries whose vector was remembered, and those that went through the model, by outcome (hit, miss).
    QUERY_VECTORS: Counter "wardgraph_query_vectors_total" of vectors by [outcome];
    /// Searches, by route (exact, graph, own); those by words are exact.
    SEARCHES: Counter "wardgraph_searches_total" of searches by [route];
    /// Searches answered with "partial", by reason (model_changing, vectors_waiting, model_unavailable).
    SEARCHES_PARTIAL: Counter "wardgraph_searches_partial_total" of searches by [reason];
    /// Tenants whose search by meaning lacks nodes now, by model; of the whole database.
    SEARCH_PARTIAL_TENANTS: Gauge "wardgraph_search_partial_tenants" of tenants by [model];
    /// Tenants that have vectors, by the route by which they are searched (exact, graph, own); of the whole database.
    SEARCH_TENANTS: Gauge "wardgraph_search_tenants" of tenants by [route];
    /// About how many vectors are in no index, by route (exact, graph, own); of the whole database. Where nothing is indexed (exact) they are
    /// counted anew in turn, 500 tenants every ten minutes.
    SEARCH_TAIL_ROWS: Gauge "wardgraph_search_tail_rows" of rows by [route];
    /// Tenants that this server saw grow into another way of being searched, by the new route (exact, graph, own).
    SEARCH_TIER_CHANGES: Counter "wardgraph_search_tier_changes_total" of changes by [route];
    /// Times that a tenant's vectors could not be moved, or its index not be built; it is tried again.
    SEARCH_TIER_FAILURES: Counter "wardgraph_search_tier_failures_total" of failures by [];
    /// Times that a tenant large enough for an index of its own got none, since its partition has as many as it may.
    SEARCH_OWN_INDEXES_REFUSED: Counter "wardgraph_search_own_indexes_refused_total" of indexes by [];
    /// Vectors that were moved to an index, by route (graph, own).
    SEARCH_PROMOTED_ROWS: Counter "wardgraph_search_promoted_rows_total" of rows by [route];
    /// Indexes that were built, by route (graph, own).
    SEARCH_INDEX_BUILDS: Counter "wardgraph_search_index_builds_total" of builds by [route];
    /// How long building an index took, by route (graph, own).
    SEARCH_INDEX_BUILD: Histogram "wardgraph_search_index_build_seconds" of seconds by [route];
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// Who or what was asked is never a label.
    const LABELS: [&str; 10] = ["endpoint", "status", "outcome", "role", "state", "model", "lane", "route", "reason", "version"];

    #[test]
    fn every_metric_is_named_and_described_as_prometheus_has_it() {
        for family in ALL {
            let Family { name, kind, unit, labels, .. } = *family;
            assert!(
                ["wardgraph_", "process_"].iter().any(|prefix| name.starts_with(prefix))
                    && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'),
                "{name}"
            );
            assert_eq!(kind == Kind::Counter, name.ends_with("_total"), "{name}");
            assert!(kind != Kind::Histogram || name.ends_with("_seconds"), "{name}: what is spread is time, in seconds");
            assert!(labels.iter().all(|label| LABELS.contains(label)), "{name}: {labels:?}");
            // Whether something holds, and how often something happened, is said by the name as a whole.
            let tells = matches!(unit, "state" | "times") || name.contains(unit);
            assert!(tells, "{name} does not say that it counts {unit}");
            let help = family.help();
            assert!(help.ends_with('.') && help.len() > 20 && !help.contains(['\n', '\\', '|', '`']), "{name}: {help}");
            assert!(!help.contains("  "), "{name}: {help}");
            for label in labels {
                assert!(help.contains(label), "{name} is told apart by {label}, and does not say so: {help}");
            }
        }
        let names: HashSet<_> = ALL.iter().map(|family| family.name).collect();
        assert_eq!(names.len(), ALL.len(), "two have one name");
    }
}
