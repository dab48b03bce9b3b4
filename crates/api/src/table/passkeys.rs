//! Passkeys: asking an authenticator, and the caller's own ones.

use wardgraph_kernel::PasskeyId;

use crate::{
    Json, NoContent, Path,
    wire::passkey::{Passkey, PasskeyBeginning, PasskeyBegun, PasskeyChange, PasskeyList},
};

/// The body limit: a token, a name.
const SMALL: usize = 4 << 10;

crate::endpoints! {
    /// Begin to sign in with a passkey: alone, whosever it is, or as the second factor of a sign-in. Nothing is told of any account but to who gave its password.
    BeginPasskey: POST "/api/v1/auth/passkeys/begin" (Json<PasskeyBeginning>) -> Json<PasskeyBegun> {
        credential: "whoever signs in with a passkey has no credential yet", limit: Auth, audit: PasskeyAsked, body: SMALL,
    }
    /// List the own passkeys.
    ListPasskeys: GET "/api/v1/users/me/passkeys" (()) -> Json<PasskeyList> {
        own: "passkeys are their owner's to see", rows: Account, limit: Read, body: 0,
    }
    /// Give one of the own passkeys another name.
    RenamePasskey: PUT "/api/v1/users/me/passkeys/{id}" ((Path<PasskeyId>, Json<PasskeyChange>)) -> Json<Passkey> {
        own: "passkeys are their owner's to name", rows: Account, limit: Auth, audit: PasskeyRenamed, body: SMALL,
    }
    /// Remove one of the own passkeys: nobody can sign in with it any more.
    RemovePasskey: DELETE "/api/v1/users/me/passkeys/{id}" (Path<PasskeyId>) -> NoContent {
        own: "passkeys are their owner's to remove", rows: Account, limit: Auth, audit: PasskeyRemoved, body: 0,
    }
}
