//! Passkeys: what authenticators are asked. They are added, shown, named and removed as other second factors are.

use crate::{
    Json,
    wire::passkey::{PasskeyBeginning, PasskeyBegun},
};

/// The body limit: a token.
const SMALL: usize = 4 << 10;

crate::endpoints! {
    /// Begin to sign in with a passkey: alone, whosever it is, or as the second factor of a sign-in. Nothing is told of any account but to who gave its password.
    BeginPasskey: POST "/api/v1/auth/passkeys/begin" (Json<PasskeyBeginning>) -> Json<PasskeyBegun> {
        credential: "whoever signs in with a passkey has no credential yet", limit: Auth, audit: PasskeyAsked, body: SMALL,
    }
}
