//! The way out: the only HTTP client of the server.
//!
//! What a request names is never trusted because the request named it. An [`Address`] is read once and has one spelling. A [`Client`] asks
//! what its [`Rules`] allow: the name is resolved once, every address that it leads to is checked against the special-purpose ranges, and the
//! connection is made to a checked address. Redirects are followed here, each one checked anew and without the first host's credentials. Time is bounded
//! from the first question to the last byte, and size is counted after inflating. Proxies of the environment are not used.
//!
//! Addresses that the operator wrote may lie on private networks ([`Rules::operator`]); those of tenants never do ([`Rules::tenant`]).
//!
//! HTTP/1.1 alone: one request on a connection at a time leaves less to go wrong with a hostile server.
//!
//! Refuses to know: who calls, and why.

mod address;
mod answer;
mod client;
mod connect;
mod error;
mod names;
mod rules;
mod special;
mod tls;
mod turns;

pub use address::{Address, MAX_ADDRESS_BYTES};
pub use answer::Answer;
pub use client::{Client, Egress, MOST_REDIRECTS, Request};
pub use error::{AddressError, EgressError, SetupError};
pub use names::Names;
pub use rules::{Allowed, NotAllowed, Rules};
pub use turns::{Turn, Turns};
// What requests and answers are made of.
pub use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
