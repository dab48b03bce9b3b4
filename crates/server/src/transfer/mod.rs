//! Data in and out through the HTTP API of a running server, as any other client: its isolation, limits and audit hold.
//!
//! Import reads a source twice, first its nodes and then its edges, so that edges may stand before their nodes; what cannot be read twice
//! is read once. Batches are acknowledged in the source's order, and a checkpoint says how far. Nodes are known by their external ids, those
//! without one by their ids, and edges by their ends, so whatever is sent again is there already. Which node an id names, the server alone
//! knows: nothing that grows with the source is kept here.

mod batch;
mod call;
mod checkpoint;
mod column;
mod error;
mod export;
mod import;
mod known;
mod lines;
mod lock;
mod parse;
mod progress;
mod record;
mod rejects;
mod rows;
mod seen;
mod send;
mod source;
mod table;
mod wordnet;
mod written;

pub use call::Access;
pub use column::{Columns, Delimiter};
pub use error::TransferError;
pub use export::{ExportOptions, export};
pub use import::{Counts, ImportOptions, Imported, import};
pub use progress::Show;
pub use source::{Format, Source, SourceOptions};
