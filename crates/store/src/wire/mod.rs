//! A connection's own protocol: flights of any number of statements that end in one `Sync`, which tokio-postgres cannot send.
//!
//! tokio-postgres still connects and authenticates ([`lend`]); what a message looks like is postgres-protocol's to know. Source: PostgreSQL
//! documentation, "Message Flow: Extended Query, Pipelining".

mod command;
mod dial;
mod draft;
mod flight;
mod landing;
mod lane;
mod lend;
mod prepare;
mod row;
mod session;
mod tls;

pub(crate) use command::Command;
pub(crate) use dial::Socket;
pub(crate) use draft::Draft;
pub(crate) use flight::Flight;
pub(crate) use lane::Lane;
pub(crate) use lend::{Canceller, authenticate, open};
pub(crate) use prepare::Prepared;
pub use row::Row;
pub(crate) use session::Session;
pub(crate) use tls::tls;
