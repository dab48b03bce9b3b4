//! The way out, tried by everyone who would like to be let through: a name service that changes its mind, and servers that redirect, drip,
//! inflate and lie. Counted: [`count::there_are_more_than_a_hundred_cases`].
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test's helper fails by panicking")]

mod allowed;
mod count;
mod kit;
mod liars;
mod literal;
mod names;
mod redirects;
mod tls;
