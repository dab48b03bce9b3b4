//! Authorization requests (RFC 6749, section 4.1.1; OpenID Connect Core, section 3.1.2): what a browser brings, judged before anybody is asked
//! anything.
//!
//! **Invariant:** nothing is sent to an address that the client did not register, whatever else is wrong with the request
//! (`nothing_is_sent_to_an_address_that_was_not_registered`). Pure: what a client registered and what was sent decide alone.

use std::collections::BTreeSet;

mod answer;
mod check;
mod claims;
mod params;
mod prompt;

#[cfg(test)]
mod tests;

pub use answer::{Answer, Mode, Return};
pub use check::{Origin, check, return_of};
pub use claims::Claims;
pub use params::{MOST_BYTES, Params};
pub use prompt::Prompt;

/// What a client registered, as far as its requests are judged by it.
#[derive(Debug, Clone, Copy)]
pub struct Registered<'a> {
    /// Its `client_id`.
    pub id: &'a str,
    /// Where answers may be sent.
    pub redirect_uris: &'a [String],
    /// What it may ask for at most.
    pub scopes: &'a [String],
    /// Whom else its tokens may be for (RFC 8707).
    pub resources: &'a [String],
    /// What this server is called there.
    pub ours: &'a str,
    /// Whether it may use the code flow.
    pub takes_codes: bool,
    /// Whether it may refresh tokens.
    pub refreshes: bool,
    /// Whether its requests must have been pushed (RFC 9126, section 6).
    pub requires_par: bool,
}

/// A request that can be granted, if its person agrees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Where and how it is answered.
    pub to: Return,
    /// What is asked for, of what the client may ask for: sorted, each word once.
    pub scopes: Vec<String>,
    /// `code_challenge`, of method S256.
    pub challenge: String,
    /// `nonce`.
    pub nonce: Option<String>,
    /// `prompt`.
    pub prompt: Prompt,
    /// `max_age`: for how many seconds a sign-in is recent enough.
    pub max_age: Option<u64>,
    /// `acr_values`: what sort of sign-in would be liked, the first most.
    pub acr_values: Vec<String>,
    /// `login_hint`: who is probably there.
    pub login_hint: Option<String>,
    /// `id_token_hint`: who must be there, as an ID token of ours says it. Nobody has believed it yet.
    pub id_token_hint: Option<String>,
    /// `claims`.
    pub claims: Claims,
    /// `resource` (RFC 8707): whom the tokens are for.
    pub resource: Option<String>,
    /// `dpop_jkt` (RFC 9449, section 10): the key that the code is bound to.
    pub jkt: Option<String>,
    /// `organization`: in which of the person's organizations the client would work. A parameter of this server's own.
    pub organization: Option<String>,
}

impl Request {
    /// Whether it is one of OpenID Connect: an ID token is wanted.
    pub fn is_openid(&self) -> bool {
        self.scopes.iter().any(|scope| scope == crate::scope::OPENID)
    }

    /// What its person agrees to, where `scopes` are left of what is asked for: these, and those that say the single claims of the request.
    pub fn to_agree(&self, scopes: &[String]) -> Vec<String> {
        let all: BTreeSet<String> = scopes.iter().cloned().chain(self.claims.scopes().map(str::to_owned)).collect();
        all.into_iter().collect()
    }
}

/// What is wrong, in the words of the RFCs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// `error`.
    pub error: &'static str,
    /// `error_description`: for whoever writes the client.
    pub description: &'static str,
}

impl Fault {
    /// A fault.
    pub const fn new(error: &'static str, description: &'static str) -> Self {
        Self { error, description }
    }
}

/// Whom a request's fault is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// The person: it is not known whose request it is, or where its answer may go.
    Person(&'static str),
    /// The client, where it said.
    Client(Return, Fault),
}
