//! "This was not me": what the owner of an account can do whose password somebody else used to add a second factor.

use crate::{
    Form, Json, NoContent, Page, Query,
    wire::{auth::Followed, disown::Disowning},
};

/// The body limit: a token.
const SMALL: usize = 16 << 10;

crate::endpoints! {
    /// Say, by the token of the link in its mail, that a new second factor was not added by the account's owner. It goes, with the factors
    /// that were added after it, recovery codes, sessions, API keys and the password: a new one is set by a mailed link. So does what was left in the account:
    /// invitations, tokens to register clients, what clients and devices were let do since a day before; and clients that it registered or changed since then are
    /// disabled. It works once.
    DisownFactor: POST "/api/v1/auth/mfa/disown" (Json<Disowning>) -> NoContent {
        credential: "the mailed link is the credential", limit: Auth, audit: FactorDisowned, body: SMALL,
    }
    /// The page that a mailed link leads to, to say that a new second factor was not added by oneself. It changes nothing.
    DisownPage: GET "/not-me" (Query<Followed>) -> Page {
        public: "the mailed link is the credential, and is looked at when the form is sent", by: Browser, limit: Read, body: 0,
    }
    /// Say that a new second factor was not added by oneself, by the token of a mailed link. What was taken back is shown.
    DisownByPage: POST "/not-me" (Form<Disowning>) -> Page {
        credential: "the mailed link is the credential", by: Browser, limit: Auth, audit: FactorDisowned, body: SMALL,
    }
}
