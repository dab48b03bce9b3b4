//! The front channel of the OAuth server, over HTTP: browsers that clients send, what their people are asked, and what clients get of it.

mod attacks;
mod bound;
mod browser;
mod codes;
mod consents;
mod flow;
pub(crate) mod kit;
mod outside;
mod pushed;
mod sign_in;
mod signing_out;
