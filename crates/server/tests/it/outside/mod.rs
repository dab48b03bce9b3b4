//! Programs that others wrote, which sign people in with this server, a Rust library, Apache's module, and the programs of the integration guide; and
//! which ask it for decisions.

mod apache;
mod authzen;
mod authzen_crate;
mod examples;
mod keyed;
mod readme;
mod rust_client;
mod surfer;
pub(crate) mod talk;
