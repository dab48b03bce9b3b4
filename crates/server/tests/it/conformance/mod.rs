//! What the modules of the OpenID Foundation's conformance suite demand of an authorization server, in our own words: `docs/conformance.md` says
//! which of these tests is which module's.

mod answers;
mod asking;
mod assertions;
mod bound;
mod codes;
mod discovery;
mod kit;
mod logout;
mod pushed;
mod redirects;
mod refreshing;
mod signing_in;
mod telling;
