//! Registering, signing in, mailed links: for whoever has no credential yet.

use crate::{
    Accepted, Json, NoContent,
    wire::{
        auth::{Credentials, NewAccount, PasswordReset, Receipt, Refreshing, ResetRequest, Tokens, Verification},
        mfa::SignIn,
    },
};

/// The body limit: an address, a password, a token.
const SMALL: usize = 16 << 10;

crate::endpoints! {
    /// Make an account, and an organization of its own with it. The answer is the same whether the address is free or taken: its owner is told by mail.
    Register: POST "/api/v1/auth/register" (Json<NewAccount>) -> Accepted<Receipt> {
        credential: "whoever registers has no account yet", limit: Auth, audit: UserRegistered, body: SMALL,
    }
    /// Sign in with e-mail address and password. Whatever is wrong, the answer is the same. Where a second factor is asked, it begins no session.
    Login: POST "/api/v1/auth/login" (Json<Credentials>) -> Json<SignIn> {
        credential: "the password is the credential", limit: Auth, audit: SessionCreated, body: SMALL,
    }
    /// Get the next tokens of a session. A token that is used twice by others than its client ends the session.
    Refresh: POST "/api/v1/auth/refresh" (Json<Refreshing>) -> Json<Tokens> {
        credential: "the refresh token is the credential", limit: Auth, audit: SessionRefreshed, body: SMALL,
    }
    /// Show that an account's address is its owner's, by the token of a mailed link and the password that was chosen. It works once.
    VerifyEmail: POST "/api/v1/auth/verify-email" (Json<Verification>) -> NoContent {
        credential: "the mailed link and the password are the credential", limit: Auth, audit: UserVerified, body: SMALL,
    }
    /// Have a link mailed by which the password is set anew. The answer is the same whether anybody has the address or not.
    RequestPasswordReset: POST "/api/v1/auth/password-reset" (Json<ResetRequest>) -> Accepted<Receipt> {
        credential: "whoever forgot the password cannot sign in", limit: Auth, audit: ResetRequested, body: SMALL,
    }
    /// Set the password anew, by the token of a mailed link. It works once, and ends every session and API key of the account.
    ConfirmPasswordReset: POST "/api/v1/auth/password-reset/confirm" (Json<PasswordReset>) -> NoContent {
        credential: "the mailed link is the credential", limit: Auth, audit: PasswordReset, body: SMALL,
    }
}
