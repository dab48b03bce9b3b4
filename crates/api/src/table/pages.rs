//! Pages: what people see of this server, and the forms that they send. They work without scripts.

use wardgraph_kernel::{ApiKeyId, FactorId, SessionId};

use crate::{
    Document, Form, Onward, Page, Path, Query, Redirect,
    carry::{Css, Script, Svg},
    wire::{
        account::{MeChange, PasswordChange},
        auth::{Followed, NewAccount, PasswordReset, ResetRequest, Verification},
        page::{Adding, Coming, EnrolForm, FactorForm, KeyForm, Notice, Press, SecondFactorForm, SignInForm},
    },
};

/// The body limit: names, passwords, scopes, networks, as forms spell them.
const SMALL: usize = 16 << 10;

crate::endpoints! {
    /// To the own account.
    Home: GET "/" (()) -> Redirect {
        public: "it is where people begin", by: Browser, limit: Read, body: 0,
    }
    /// The look of pages.
    Stylesheet: GET "/assets/pages.css" (()) -> Document<Css> {
        public: "pages that strangers see need it", limit: Read, body: 0,
    }
    /// The script of pages: it speaks with authenticators, and does nothing else.
    PasskeyScript: GET "/assets/passkeys.js" (()) -> Document<Script> {
        public: "the page to sign in needs it", limit: Read, body: 0,
    }
    /// The mark of pages.
    Icon: GET "/assets/icon.svg" (()) -> Document<Svg> {
        public: "browsers show it beside the name of every page", limit: Read, body: 0,
    }
    /// The page to sign in.
    SignInPage: GET "/sign-in" (Query<Coming>) -> Page {
        public: "whoever signs in has no session yet", by: Browser, limit: Read, body: 0,
    }
    /// Sign in with a browser, by e-mail address and password.
    SignIn: POST "/sign-in" (Form<SignInForm>) -> Onward {
        credential: "the password is the credential", by: Browser, limit: Auth, audit: SessionCreated, body: SMALL,
    }
    /// Show a second factor: to end a sign-in, or to have a new one count.
    SecondFactor: POST "/sign-in/second-factor" (Form<SecondFactorForm>) -> Onward {
        credential: "the token of what was begun, with the second factor, is the credential", by: Browser, limit: Auth, audit: MfaVerified, body: 32 << 10,
    }
    /// Begin to add a second factor while signing in, where the organization requires one and the account has none.
    EnrolSigningIn: POST "/sign-in/new-factor" (Form<EnrolForm>) -> Page {
        credential: "the token of a sign-in whose password was right is the credential", by: Browser, limit: Auth, audit: MfaEnrolmentBegun, body: SMALL,
    }
    /// Sign out: end the browser's session.
    SignOut: POST "/sign-out" (Form<Press>) -> Redirect {
        own: "a session is its owner's to end", rows: Account, by: Browser, limit: Auth, audit: SessionEnded, body: SMALL,
    }
    /// The page to register.
    RegisterPage: GET "/register" (()) -> Page {
        public: "whoever registers has no account yet", by: Browser, limit: Read, body: 0,
    }
    /// Make an account. The answer is the same whether the address is free or taken.
    RegisterByPage: POST "/register" (Form<NewAccount>) -> Page {
        credential: "whoever registers has no account yet", by: Browser, limit: Auth, audit: UserRegistered, body: SMALL,
    }
    /// The page that a mailed link leads to, to confirm an address. It changes nothing: mail programs open links, too.
    ConfirmAddressPage: GET "/verify-email" (Query<Followed>) -> Page {
        public: "the mailed link is the credential, and is looked at when the form is sent", by: Browser, limit: Read, body: 0,
    }
    /// Confirm an address, by the token of a mailed link.
    ConfirmAddress: POST "/verify-email" (Form<Verification>) -> Redirect {
        credential: "the mailed link and the password are the credential", by: Browser, limit: Auth, audit: UserVerified, body: SMALL,
    }
    /// The page for whoever forgot the password.
    ForgotPage: GET "/forgot-password" (()) -> Page {
        public: "whoever forgot the password cannot sign in", by: Browser, limit: Read, body: 0,
    }
    /// Have a link mailed. The answer is the same whether anybody has the address or not.
    Forgot: POST "/forgot-password" (Form<ResetRequest>) -> Page {
        credential: "whoever forgot the password cannot sign in", by: Browser, limit: Auth, audit: ResetRequested, body: SMALL,
    }
    /// The page that a mailed link leads to, to set the password anew. It changes nothing.
    ResetPage: GET "/reset-password" (Query<Followed>) -> Page {
        public: "the mailed link is the credential, and is looked at when the form is sent", by: Browser, limit: Read, body: 0,
    }
    /// Set the password anew, by the token of a mailed link.
    ResetByPage: POST "/reset-password" (Form<PasswordReset>) -> Redirect {
        credential: "the mailed link is the credential", by: Browser, limit: Auth, audit: PasswordReset, body: SMALL,
    }
    /// The own account.
    AccountPage: GET "/account" (Query<Notice>) -> Page {
        own: "an account is its owner's to see", rows: Account, by: Browser, limit: Read, body: 0,
    }
    /// Change the own name.
    Rename: POST "/account" (Form<MeChange>) -> Redirect {
        own: "an account is its owner's to change", rows: Account, by: Browser, limit: Auth, audit: UserUpdated, body: SMALL,
    }
    /// How one signs in.
    SecurityPage: GET "/account/security" (Query<Notice>) -> Page {
        own: "an account is its owner's to see", rows: Account, by: Browser, limit: Read, body: 0,
    }
    /// The page to add a second factor.
    NewFactorPage: GET "/account/security/new-factor" (Query<Adding>) -> Page {
        own: "second factors are their owner's to add", rows: Account, by: Browser, fresh: "whoever holds a factor gets in again", limit: Read, body: 0,
    }
    /// Begin to add a second factor. It counts once it was shown.
    AddFactor: POST "/account/security/new-factor" (Form<FactorForm>) -> Page {
        own: "second factors are their owner's to add", rows: Account, by: Browser, fresh: "whoever holds a factor gets in again", limit: Auth, audit: MfaEnrolmentBegun, body: SMALL,
    }
    /// Remove a second factor; with the last one go the recovery codes.
    RemoveFactorByPage: POST "/account/security/factors/{id}/remove" ((Path<FactorId>, Form<Press>)) -> Redirect {
        own: "second factors are their owner's to remove", rows: Account, by: Browser, fresh: "what guards the account is less then", limit: Auth, audit: FactorRemoved, body: SMALL,
    }
    /// Make ten new recovery codes, shown once. The old ones are good for nothing any more.
    NewCodesByPage: POST "/account/security/recovery-codes" (Form<Press>) -> Page {
        own: "recovery codes are their owner's to replace", rows: Account, by: Browser, fresh: "whoever holds a code gets in again", limit: Auth, audit: RecoveryCodesMade, body: SMALL,
    }
    /// The page to change the password.
    PasswordPage: GET "/account/password" (()) -> Page {
        own: "a password is its owner's to change", rows: Account, by: Browser, limit: Read, body: 0,
    }
    /// Change the own password. Every other session of the account ends.
    ChangePasswordByPage: POST "/account/password" (Form<PasswordChange>) -> Redirect {
        own: "a password is its owner's to change, who says the old one", rows: Account, by: Browser, limit: Auth, audit: PasswordChanged, body: SMALL,
    }
    /// The own sessions.
    SessionsPage: GET "/account/sessions" (Query<Notice>) -> Page {
        own: "sessions are their owner's to see", rows: Account, by: Browser, limit: Read, body: 0,
    }
    /// End one of the own sessions.
    EndSessionByPage: POST "/account/sessions/{id}/end" ((Path<SessionId>, Form<Press>)) -> Redirect {
        own: "sessions are their owner's to end", rows: Account, by: Browser, fresh: "whoever stole a session would put its owner out", limit: Auth, audit: SessionEnded, body: SMALL,
    }
    /// The own API keys.
    KeysPage: GET "/account/api-keys" (Query<Notice>) -> Page {
        own: "keys are their owner's to see", rows: Account, by: Browser, limit: Read, body: 0,
    }
    /// The page to make an API key.
    NewKeyPage: GET "/account/api-keys/new" (()) -> Page {
        own: "a key does no more than its owner", rows: Account, by: Browser, fresh: "a key outlives the sign-in", limit: Read, body: 0,
    }
    /// Make an API key, which can do no more than its owner. It is shown once.
    MakeKey: POST "/account/api-keys/new" (Form<KeyForm>) -> Page {
        own: "a key does no more than its owner", rows: Account, by: Browser, fresh: "a key outlives the sign-in", limit: Auth, audit: ApiKeyCreated, body: SMALL,
    }
    /// Revoke an API key.
    RevokeKeyByPage: POST "/account/api-keys/{id}/revoke" ((Path<ApiKeyId>, Form<Press>)) -> Redirect {
        own: "keys are their owner's to revoke", rows: Account, by: Browser, limit: Auth, audit: ApiKeyRevoked, body: SMALL,
    }
}
