//! The front channel of the OAuth server, over HTTP: browsers that clients send, what their people are asked, and what clients get of it.

mod attacks;
mod backchannel;
mod bound;
mod browser;
mod claims;
mod codes;
mod consents;
mod device_attacks;
pub(crate) mod devices;
mod ends;
mod exchange;
mod exchange_attacks;
mod exchange_ends;
mod flow;
pub(crate) mod kit;
mod leaving;
mod left;
mod native;
pub(crate) mod outside;
mod pushed;
mod receiver;
mod sign_in;
mod signing_out;
mod told;
