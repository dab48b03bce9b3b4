//! The front channel of the OAuth server, over HTTP: browsers that clients send, what their people are asked, and what clients get of it.

mod attacks;
mod bound;
mod browser;
mod codes;
mod consents;
mod flow;
mod kit;
mod leaving;
mod native;
mod outside;
mod pushed;
mod sign_in;
mod signing_out;
