//! HNSW indexes, made by the owner's role while the server serves.
//!
//! Index definitions take no parameters, so their texts are put together here, of values that cannot break out of them: a [`TenantId`] has
//! nothing to escape, a model's name is quoted, names of indexes are hashes, and partitions are named by the catalogue.

use sha2::{Digest, Sha256};
use tokio_postgres::Client;
use wardgraph_kernel::TenantId;

use crate::{Login, StoreError};

/// The key of the advisory lock that whoever makes indexes holds: `wardtier` in ASCII.
const LOCK: i64 = 0x7761_7264_7469_6572;

/// Up to this dimension an index holds single precision; above it, half.
const MOST_SINGLE: usize = 500;
/// pgvector indexes no more components than this.
const MOST_INDEXED: usize = 4_000;

/// Vectors of one model: what an index is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Space {
    model: String,
    dimension: usize,
}

impl Space {
    /// The vectors of `model`, which have `dimension` components.
    pub fn new(model: &str, dimension: usize) -> Self {
        Self { model: model.to_owned(), dimension }
    }

    /// The model's name.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Whether these vectors can be indexed at all.
    pub const fn can_be_indexed(&self) -> bool {
        self.dimension <= MOST_INDEXED
    }

    /// The model's name as SQL text.
    pub fn literal(&self) -> String {
        format!("'{}'", self.model.replace('\'', "''"))
    }

    /// The type in which an index compares these vectors.
    pub fn indexed_type(&self) -> String {
        let word = if self.dimension <= MOST_SINGLE { "vector" } else { "halfvec" };
        format!("{word}({})", self.dimension)
    }

    const fn operators(&self) -> &'static str {
        if self.dimension <= MOST_SINGLE { "vector_cosine_ops" } else { "halfvec_cosine_ops" }
    }
}

/// One HNSW index on one partition of `embeddings`.
#[derive(Debug)]
pub struct Index<'a> {
    partition: &'a str,
    space: &'a Space,
    tenant: Option<&'a TenantId>,
}

impl<'a> Index<'a> {
    /// The index of all vectors of the model in the partition whose place is the common index.
    pub const fn common(partition: &'a str, space: &'a Space) -> Self {
        Self { partition, space, tenant: None }
    }

    /// The tenant's own index, of all its vectors that are in some index: those of the common one stay there too, and are found by it while this one
    /// is built.
    pub const fn own(partition: &'a str, space: &'a Space, tenant: &'a TenantId) -> Self {
        Self { partition, space, tenant: Some(tenant) }
    }

    /// Its name: what it is about, hashed, since names end at 63 octets.
    pub fn name(&self) -> String {
        let whose = self.tenant.map_or_else(|| "*".to_owned(), |tenant| format!("{tenant}/indexed"));
        let about = format!("{}/{}/{whose}", self.space.model, self.space.indexed_type());
        let hash = format!("{:x}", Sha256::digest(about));
        let kind = if self.tenant.is_some() { "own" } else { "hnsw" };
        format!("{}_{kind}_{}", self.partition, hash.get(..16).unwrap_or_default())
    }

    /// Denser than pgvector's usual 16 and 64: far from a tenant's topics, those found 0.80 of 19,000 vectors' nearest, 24 and 128 found 0.93,
    /// these 0.98.
    fn definition(&self) -> String {
        let (partition, space) = (self.partition, self.space);
        let whose = self.tenant.map_or_else(|| "graph = 1".to_owned(), |tenant| format!("graph > 0 and tenant_id = '{tenant}'"));
        format!(
            "create index concurrently {} on {partition} using hnsw ((embedding::{}) {}) with (m = 24, ef_construction = 256) where model = {} and {whose}",
            self.name(),
            space.indexed_type(),
            space.operators(),
            space.literal(),
        )
    }
}

/// An HNSW index that is there, whole or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    name: String,
    /// The model whose vectors it is about.
    pub model: String,
    /// The tenant whose own it is; `None` for a common one.
    pub tenant: Option<String>,
}

impl Made {
    /// By what the catalogue says; `None` for an index that this program did not make.
    fn read(name: &str, predicate: &str) -> Option<Self> {
        let (model, rest) = text_after("(model = '", predicate)?;
        let own = name.contains("_own_");
        let tenant = text_after("(tenant_id = '", rest).map(|(tenant, _)| tenant);
        (own == tenant.is_some() && (own || name.contains("_hnsw_"))).then(|| Self { name: name.to_owned(), model, tenant })
    }
}

/// The SQL text that begins after `start`, and what follows it.
fn text_after<'p>(start: &str, predicate: &'p str) -> Option<(String, &'p str)> {
    let mut rest = predicate.get(predicate.find(start)? + start.len()..)?;
    let mut text = String::new();
    loop {
        let (part, after) = rest.split_once('\'')?;
        text.push_str(part);
        match after.strip_prefix('\'') {
            Some(after) => {
                text.push('\'');
                rest = after;
            }
            None => return Some((text, after)),
        }
    }
}

/// A session of the owner that makes indexes. There is one in the whole database at a time: it holds a lock that ends with it.
#[derive(Debug)]
pub struct Indexes(Client);

impl Indexes {
    /// Connects and takes the lock; `None` while another server has it. A build may use `memory_mb`.
    pub(crate) async fn open(login: &Login, memory_mb: usize) -> Result<Option<Self>, StoreError> {
        // A build takes as long as it takes, and ends when its server does. Parallel workers would need shared memory that a container lacks.
        let options = format!(
            "-c search_path=wardgraph,public -c statement_timeout=0 -c lock_timeout=0 -c maintenance_work_mem={memory_mb}MB \
             -c max_parallel_maintenance_workers=0 -c client_connection_check_interval=1000"
        );
        let client = login.connect_as("wardgraph_indexes", &options).await?;
        let taken: bool = client.query_one("select pg_try_advisory_lock($1)", &[&LOCK]).await?.try_get(0)?;
        Ok(taken.then_some(Self(client)))
    }

    /// Makes the index while everyone works on, unless it is there. What an interrupted build left behind is dropped first.
    pub async fn make(&self, index: &Index<'_>) -> Result<bool, StoreError> {
        match self.state(index).await? {
            Some(true) => return Ok(false),
            Some(false) => self.0.batch_execute(&format!("drop index concurrently if exists {}", index.name())).await?,
            None => {}
        }
        self.0.batch_execute(&index.definition()).await?;
        // The planner chooses by what it knows of the rows' places, which have just changed.
        self.0.batch_execute(&format!("analyze {}", index.partition)).await?;
        Ok(true)
    }

    /// The indexes that are there.
    pub async fn made(&self) -> Result<Vec<Made>, StoreError> {
        let sql = "select c.relname::text, pg_get_expr(i.indpred, i.indrelid)
                   from pg_index i join pg_class c on c.oid = i.indexrelid join pg_am a on a.oid = c.relam
                   where a.amname = 'hnsw' and c.relnamespace = 'wardgraph'::regnamespace and i.indpred is not null";
        let mut made = Vec::new();
        for row in self.0.query(sql, &[]).await? {
            made.extend(Made::read(row.try_get(0)?, row.try_get(1)?));
        }
        Ok(made)
    }

    /// Drops the index while everyone works on.
    pub async fn remove(&self, made: &Made) -> Result<(), StoreError> {
        Ok(self.0.batch_execute(&format!("drop index concurrently if exists {}", made.name)).await?)
    }

    async fn state(&self, index: &Index<'_>) -> Result<Option<bool>, StoreError> {
        let sql =
            "select i.indisvalid and i.indisready from pg_index i where i.indexrelid = to_regclass('wardgraph.' || $1::text)";
        let row = self.0.query_opt(sql, &[&index.name()]).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_index_is_about_is_read_from_its_predicate_and_no_other_index_is_meant() {
        let read = |name, predicate| Made::read(name, predicate).map(|made| (made.model, made.tenant));
        let own = "((model = 'it''s (tenant_id = ''x'')'::text) AND (graph > 0) AND (tenant_id = 'acme'::text))";
        assert_eq!(read("embeddings_p3_own_0", own), Some(("it's (tenant_id = 'x')".into(), Some("acme".into()))));
        let common = "((model = 'm'::text) AND (graph = 1))";
        assert_eq!(read("embeddings_p3_hnsw_0", common), Some(("m".into(), None)));
        for (name, predicate) in [("embeddings_p3_own_0", common), ("mine", common), ("embeddings_p3_hnsw_0", "(graph = 1)")] {
            assert_eq!(read(name, predicate), None, "{name} {predicate}");
        }
    }

    #[test]
    fn an_index_compares_what_its_dimension_allows_and_a_models_name_stays_a_name() {
        let tenant = TenantId::parse("acme").unwrap();
        let space = Space::new("it's", 384);
        let own = Index::own("embeddings_p3", &space, &tenant).definition();
        assert!(own.contains("(embedding::vector(384)) vector_cosine_ops"), "{own}");
        assert!(own.ends_with("where model = 'it''s' and graph > 0 and tenant_id = 'acme'"), "{own}");
        let large = Space::new("m", 1_536);
        let common = Index::common("embeddings_p3", &large).definition();
        assert!(
            common.contains("(embedding::halfvec(1536)) halfvec_cosine_ops") && common.ends_with("model = 'm' and graph = 1"),
            "{common}"
        );
        assert!(large.can_be_indexed() && !Space::new("m", 4_001).can_be_indexed());
        assert!(Index::own("embeddings_p15", &space, &tenant).name().len() <= 63);
        assert_ne!(Index::common("embeddings_p3", &space).name(), Index::common("embeddings_p3", &large).name());
    }
}
