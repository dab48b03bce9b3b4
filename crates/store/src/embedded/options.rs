//! What the caller decides about a cluster.

use std::path::PathBuf;

/// How to run the private cluster.
#[derive(Debug, Clone)]
pub struct EmbeddedOptions {
    /// The server's data folder; the cluster lives in `postgres/` below it. Made when absent.
    pub data_dir: PathBuf,
    /// The folder that holds `bin/postgres` and `bin/initdb`.
    pub binaries: PathBuf,
    /// False only for clusters that are thrown away: a power cut may then destroy all data.
    pub durable: bool,
    /// More settings for Postgres, name and value. What guards the cluster (sockets, passwords,
    /// durability, logging) is refused here.
    pub settings: Vec<(String, String)>,
}

impl EmbeddedOptions {
    /// A durable cluster in `data_dir` with the binaries in `binaries`.
    pub fn new(data_dir: impl Into<PathBuf>, binaries: impl Into<PathBuf>) -> Self {
        Self { data_dir: data_dir.into(), binaries: binaries.into(), durable: true, settings: Vec::new() }
    }
}
