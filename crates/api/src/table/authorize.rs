//! Somebody's agreement to what a client asks for: the part of the OAuth server that browsers see, and what clients are told of people.

use wardgraph_kernel::ConsentId;

use crate::{
    ClientForm, Created, Document, Errand, Form, Json, NoContent, Page, Parameters, Path, Query, Redirect, Signable,
    carry::{Jwt, Script},
    wire::{
        authorize::{
            AuthorizationParameters, ConsentForm, ConsentList, PersonClaims, PushedRequest, ResourceMetadata, SignOutForm,
        },
        page::{Notice, Press},
    },
};

/// The body limit: a request's parameters, as forms spell them.
const SMALL: usize = 16 << 10;

crate::endpoints! {
    /// Ask for a person's agreement (RFC 6749, section 4.1.1; OpenID Connect Core, section 3.1.2.1). A browser comes here that a client sent: its person signs
    /// in and agrees, where that is needed, and it goes back to the client with a code.
    Authorize: GET "/oauth2/authorize" (Parameters<AuthorizationParameters>) -> Errand {
        credential: "the browser's session says who agrees, and there may be none yet", by: Browser, limit: Auth, audit: AuthorizationGiven, body: 0,
    }
    /// The same by a form, as OpenID Connect has it: the browser is led to where the parameters stand in its address.
    AuthorizeByForm: POST "/oauth2/authorize" (Parameters<AuthorizationParameters>) -> Redirect {
        public: "nothing is done: the browser is led on", by: Client, limit: Auth, body: SMALL,
    }
    /// Agree to what a client asks for. It is remembered until it is taken back.
    Agree: POST "/oauth2/consent" (Form<ConsentForm>) -> Redirect {
        own: "who agrees is who signed in", rows: Account, by: Browser, limit: Auth, audit: ConsentGiven, body: SMALL,
    }
    /// Push a request for somebody's agreement (RFC 9126): the browser carries a reference to it then, which is good once.
    PushRequest: POST "/oauth2/par" (ClientForm<AuthorizationParameters>) -> Created<PushedRequest> {
        credential: "the client authenticates in the request", by: Client, limit: Client, audit: RequestPushed, body: SMALL,
    }
    /// Who the person is that the access token is of, as far as they agreed to have it told (OpenID Connect Core, section 5.3). Needs the scope `openid`.
    /// Signed for a client that registered that.
    UserInfo: GET "/oauth2/userinfo" (()) -> Signable<PersonClaims, Jwt> {
        own: "clients are told what their person agreed to", rows: Subject, limit: Read, body: 0,
    }
    /// The same by POST.
    UserInfoByPost: POST "/oauth2/userinfo" (()) -> Signable<PersonClaims, Jwt> {
        own: "clients are told what their person agreed to", rows: Subject, limit: Read, body: 0,
    }
    /// Sign out at a client's word (OpenID Connect RP-Initiated Logout). With an ID token of whoever is signed in it is done; else they are asked.
    EndSessionForClient: GET "/oauth2/logout" (Parameters<SignOutForm>) -> Errand {
        credential: "the browser's session says who signs out, and there may be none", by: Browser, limit: Auth, audit: SessionEnded, body: 0,
    }
    /// Sign out, having been asked.
    SignOutForClient: POST "/oauth2/logout" (Form<SignOutForm>) -> Errand {
        own: "a session is its owner's to end", rows: Account, by: Browser, limit: Auth, audit: SessionEnded, body: SMALL,
    }
    /// What the caller agreed to: which client may do what.
    ListConsents: GET "/api/v1/users/me/consents" (()) -> Json<ConsentList> {
        own: "what somebody agreed to is theirs to see", rows: Account, limit: Read, body: 0,
    }
    /// Take back what was agreed to. The client's sessions end, within a second everywhere.
    RevokeConsent: DELETE "/api/v1/users/me/consents/{id}" (Path<ConsentId>) -> NoContent {
        own: "what somebody agreed to is theirs to take back", rows: Account, limit: Auth, audit: ConsentRevoked, body: 0,
    }
    /// The applications that the person agreed to.
    ApplicationsPage: GET "/account/applications" (Query<Notice>) -> Page {
        own: "what somebody agreed to is theirs to see", rows: Account, by: Browser, limit: Read, body: 0,
    }
    /// Take back what was agreed to.
    RevokeConsentByPage: POST "/account/applications/{id}/revoke" ((Path<ConsentId>, Form<Press>)) -> Redirect {
        own: "what somebody agreed to is theirs to take back", rows: Account, by: Browser, limit: Auth, audit: ConsentRevoked, body: SMALL,
    }
    /// Where tokens for this API come from (RFC 9728).
    ResourceDocument: GET "/.well-known/oauth-protected-resource" (()) -> Json<ResourceMetadata> {
        public: "clients read it before they have a token", limit: Probe, body: 0,
    }
    /// The script of the page that posts an answer to a client; without it there is a button.
    SendScript: GET "/assets/send.js" (()) -> Document<Script> {
        public: "a page that strangers see needs it", limit: Read, body: 0,
    }
}
