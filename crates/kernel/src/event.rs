//! The closed list of events: what the audit log can say.

macro_rules! events {
    ($( $(#[$doc:meta])* $name:ident = $word:literal in $category:ident;)*) => {
        /// What happened, in the past tense.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum EventType { $( $(#[$doc])* $name ),* }

        impl EventType {
            /// Every event type.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The type as it is stored and shown.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word),* }
            }

            /// The category the type belongs to.
            pub const fn category(self) -> Category {
                match self { $(Self::$name => Category::$category),* }
            }
        }
    };
}

events! {
    /// A request changed something: one for each such request, linked to its subjects' events by the request id.
    RequestCommitted = "request.committed" in Graph;
    /// A ceremony was refused after its counters were kept.
    RequestRefused = "request.refused" in Access;
    /// Requests were turned away (401, 403, 429); folded, with a count.
    AccessRefused = "access.refused" in Access;
    /// A body named another tenant than the credential's; the credential's was used.
    TenantClaimIgnored = "tenant.claim_ignored" in Access;
    /// A token was seen for the first time, or from a new address.
    TokenAccepted = "token.accepted" in Auth;
    /// Somebody made an account, and an organization with it.
    UserRegistered = "user.registered" in Auth;
    /// A person showed that the address of the account is theirs.
    UserVerified = "user.verified" in Auth;
    /// A person changed what their account says of them.
    UserUpdated = "user.updated" in Auth;
    /// An administrator had an account do nothing: its sessions and keys ended.
    UserDisabled = "user.disabled" in Admin;
    /// An administrator let the owner of a disabled account in again.
    UserEnabled = "user.enabled" in Admin;
    /// An account was deleted, by an administrator or its owner.
    UserDeleted = "user.deleted" in Admin;
    /// Accounts were listed by somebody who looks after them.
    UsersListed = "users.listed" in Admin;
    /// An account was read by somebody who looks after it.
    UserRead = "user.read" in Admin;
    /// An administrator took away an account's second factors, with what else opens it: its owner sets a new password by mail.
    FactorsTaken = "user.factors_taken" in Admin;
    /// An organization has another owner: the one before handed it over, or left.
    OrganizationOwnerChanged = "organization.owner_changed" in Admin;
    /// Nothing works in an organization any more: its owner deleted it, or left for good, and nobody and nothing else was in it.
    OrganizationDeleted = "organization.deleted" in Admin;
    /// A person made an organization, and owns it.
    OrganizationCreated = "organization.created" in Admin;
    /// An organization is called something else, or has other settings.
    OrganizationUpdated = "organization.updated" in Admin;
    /// An administrator put an organization into a tier.
    OrganizationTierSet = "organization.tier_set" in Admin;
    /// An organization that was deleted works again.
    OrganizationRestored = "organization.restored" in Admin;
    /// Nothing is left of an organization that was deleted but its log.
    OrganizationPurged = "organization.purged" in Admin;
    /// Organizations were listed by somebody who administers the server.
    OrganizationsListed = "organizations.listed" in Admin;
    /// The members of an organization were listed by somebody who looks after them.
    MembersListed = "members.listed" in Admin;
    /// A member has another role, or none.
    MemberRoleChanged = "member.role_changed" in Admin;
    /// A member was put out of an organization.
    MemberRemoved = "member.removed" in Admin;
    /// A member left an organization.
    MemberLeft = "member.left" in Admin;
    /// An administrator gave somebody another role on the whole server, or took it.
    GlobalRoleSet = "user.global_role_set" in Admin;
    /// A person asked for a link by which the password is set anew.
    ResetRequested = "password.reset_requested" in Auth;
    /// The password was set anew by a mailed link: every session and key of the account ended.
    PasswordReset = "password.reset" in Auth;
    /// A person changed the password: every other session of the account ended.
    PasswordChanged = "password.changed" in Auth;
    /// A sign-in failed: no such account, a wrong password, a locked or an unverified one.
    LoginFailed = "login.failed" in Auth;
    /// So many sign-ins failed that the next ones do, too, whatever they bring.
    LoginLocked = "login.locked" in Auth;
    /// A person signed in.
    SessionCreated = "session.created" in Auth;
    /// Somebody asked what a passkey is to sign.
    PasskeyAsked = "passkey.asked" in Auth;
    /// What a browser said of a passkey was not believed; the payload says why.
    PasskeyRefused = "passkey.refused" in Auth;
    /// A passkey counted no further than before: there are two of it. It was refused, and its owner told.
    PasskeyWentBack = "passkey.counter_went_back" in Auth;
    /// The password of a sign-in was right, and a second factor is asked.
    MfaRequired = "mfa.required" in Auth;
    /// A person showed a second factor, or a new one for the first time.
    MfaVerified = "mfa.verified" in Auth;
    /// A second factor was wrong, came too late, or is locked.
    MfaFailed = "mfa.failed" in Auth;
    /// So many second factors were wrong that the next ones fail, too, whatever they are.
    MfaLocked = "mfa.locked" in Auth;
    /// A person began to add a second factor, which counts once it was shown.
    MfaEnrolmentBegun = "mfa.enrolment_begun" in Auth;
    /// A person has one more second factor.
    FactorAdded = "factor.added" in Auth;
    /// A person calls a second factor something else.
    FactorRenamed = "factor.renamed" in Auth;
    /// A person has one second factor less.
    FactorRemoved = "factor.removed" in Auth;
    /// The owner of an account said, by a mailed link, that a second factor was not added by them: it is gone, with what else opens the account.
    FactorDisowned = "factor.disowned" in Auth;
    /// A person got recovery codes; those from before are good for nothing any more.
    RecoveryCodesMade = "recovery_codes.made" in Auth;
    /// A recovery code was used in place of another factor.
    RecoveryCodeUsed = "recovery_code.used" in Auth;
    /// Somebody set whether an organization wants second factors of its members.
    MfaRequirementSet = "organization.mfa_requirement_set" in Admin;
    /// Somebody was invited to an organization.
    InvitationMade = "invitation.made" in Admin;
    /// An invitation was withdrawn, or another one to the same address took its place.
    InvitationWithdrawn = "invitation.withdrawn" in Admin;
    /// Somebody followed an invitation, and is a member of the organization.
    MemberJoined = "member.joined" in Admin;
    /// An organization made a role.
    RoleCreated = "role.created" in Admin;
    /// An organization's role allows or denies something else, or inherits from others.
    RoleUpdated = "role.updated" in Admin;
    /// An organization's role is no more.
    RoleDeleted = "role.deleted" in Admin;
    /// Somebody got a role in an organization.
    GrantMade = "grant.made" in Admin;
    /// A role that somebody had in an organization was taken back.
    GrantRevoked = "grant.revoked" in Admin;
    /// Whoever runs the server had a link made by which it gets an administrator.
    SetupLinkMade = "setup_link.made" in Admin;
    /// The server got an administrator by such a link.
    ServerSetUp = "server.set_up" in Admin;
    /// A refresh token was used, and a new one given.
    SessionRefreshed = "session.refreshed" in Auth;
    /// A refresh token was used again by the client that used it, which had lost the answer: it got the same again.
    SessionRetried = "session.retried" in Auth;
    /// A refresh token was used again by somebody else, or too late: it was stolen, and its whole family ended.
    SessionReplayed = "session.replayed" in Auth;
    /// A session ended: by signing out, or by its owner from elsewhere.
    SessionEnded = "session.ended" in Auth;
    /// A person made an API key.
    ApiKeyCreated = "api_key.created" in Auth;
    /// A person replaced an API key by a new one.
    ApiKeyRotated = "api_key.rotated" in Auth;
    /// A person revoked an API key.
    ApiKeyRevoked = "api_key.revoked" in Auth;
    /// A client of the OAuth server was registered.
    ClientCreated = "client.created" in Admin;
    /// What is registered of a client of the OAuth server was changed.
    ClientUpdated = "client.updated" in Admin;
    /// A client of the OAuth server was deleted, with every grant that it had.
    ClientDeleted = "client.deleted" in Admin;
    /// A client of the OAuth server has another secret; those from before end, now or after a while.
    ClientSecretMade = "client_secret.made" in Admin;
    /// Somebody made a token by which programs register clients of the organization.
    InitialTokenMade = "initial_token.made" in Admin;
    /// A token by which programs registered clients is good no more.
    InitialTokenWithdrawn = "initial_token.withdrawn" in Admin;
    /// A client of the OAuth server did not prove who it is.
    ClientRefused = "client.refused" in Auth;
    /// A client of the OAuth server got a token.
    TokenIssued = "token.issued" in Auth;
    /// A client of the OAuth server gave a token back.
    TokenRevoked = "token.revoked" in Auth;
    /// A client of the OAuth server could not be told that a session of its is over.
    LogoutUndelivered = "logout.undelivered" in Auth;
    /// A client pushed a request for somebody's agreement.
    RequestPushed = "authorization.pushed" in Auth;
    /// A client got a code by a person's leave.
    AuthorizationGiven = "authorization.given" in Auth;
    /// A client that asked for somebody's agreement was told what is in the way, or that they did not agree.
    AuthorizationRefused = "authorization.refused" in Auth;
    /// A person agreed to what a client asks for.
    ConsentGiven = "consent.given" in Auth;
    /// A person took back what they had agreed to: the client's sessions ended.
    ConsentRevoked = "consent.revoked" in Auth;
    /// A device without a browser asked for a person's leave.
    DeviceAsked = "device_authorization.asked" in Auth;
    /// A person entered the code of a device, and was asked about it.
    DeviceOpened = "device_authorization.opened" in Auth;
    /// A person let a device in.
    DeviceAllowed = "device_authorization.allowed" in Auth;
    /// A person turned a device away.
    DeviceDenied = "device_authorization.denied" in Auth;
    /// A code was used twice: it was stolen, or its thief was first. What it gave ended.
    CodeReplayed = "authorization_code.replayed" in Auth;
    /// An outside issuer was the first to speak for the tenant, which is its from now on.
    TenantBound = "tenant.bound" in Access;
    /// A node was created.
    NodeCreated = "node.created" in Graph;
    /// A node was changed: it has a new version.
    NodeUpdated = "node.updated" in Graph;
    /// A node was deleted: for good, if `node.purged` follows, else for its grace period.
    NodeDeleted = "node.deleted" in Graph;
    /// A node was brought back, or an earlier version of it.
    NodeRestored = "node.restored" in Graph;
    /// Nothing is left of a node: its grace period is over, or that was asked for.
    NodePurged = "node.purged" in Graph;
    /// A node whose text could not be embedded waits for the worker again, since somebody asked for that.
    NodeRequeued = "node.requeued" in Graph;
    /// An administrator had a shared node whose text could not be embedded wait for the worker again.
    SharedNodeRequeued = "shared_node.requeued" in Admin;
    /// An administrator created a shared node.
    SharedNodeCreated = "shared_node.created" in Admin;
    /// An administrator changed a shared node: it has a new version.
    SharedNodeUpdated = "shared_node.updated" in Admin;
    /// An administrator had a shared node go back to an earlier version.
    SharedNodeRestored = "shared_node.restored" in Admin;
    /// An administrator deleted a shared node for good.
    SharedNodeDeleted = "shared_node.deleted" in Admin;
    /// An edge was created.
    EdgeCreated = "edge.created" in Graph;
    /// An edge that was there got other props: the payload has what tells both apart, and never the props.
    EdgeUpdated = "edge.updated" in Graph;
    /// An edge was deleted, by itself or with one of its nodes.
    EdgeDeleted = "edge.deleted" in Graph;
    /// An edge came back with one of its nodes.
    EdgeRestored = "edge.restored" in Graph;
    /// The worker gave nodes their vectors.
    NodesEmbedded = "nodes.embedded" in System;
    /// The worker gave up on a node's vector.
    EmbeddingFailed = "embedding.failed" in System;
    /// Another key signs this server's tokens, now or after it was published for a while.
    SigningKeyMade = "signing_key.made" in Admin;
    /// Another master key wraps the data keys.
    MasterKeyChanged = "master_key.changed" in Admin;
    /// A review of who may do what began: what everybody holds was written down.
    ReviewBegun = "review.begun" in Admin;
    /// Something held was kept or revoked in a review; the payload says what was there before, and what is after.
    ReviewDecided = "review.decided" in Admin;
    /// A review is over.
    ReviewClosed = "review.closed" in Admin;
    /// The evidence of a review was handed out; the payload has its SHA-256.
    ReviewExported = "review.exported" in Admin;
    /// An administrator of the server took a way into an organization's content.
    ElevationBegun = "elevation.begun" in Admin;
    /// A way into an organization's content was closed before its time.
    ElevationEnded = "elevation.ended" in Admin;
    /// An administrator of the server may be in the organization's content from now on, for a while.
    OrganizationEntered = "organization.entered" in Admin;
    /// An administrator of the server can be in the organization's content no more.
    OrganizationLeft = "organization.left" in Admin;
    /// The nodes of the tenant began to be embedded anew with another model.
    EmbeddingChangeBegun = "embedding.change_begun" in System;
    /// Every node has its vector of the new model, and those of the old one are gone.
    EmbeddingChanged = "embedding.changed" in System;
}

/// The categories of the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Category {
    /// Nodes, edges, triggers.
    Graph,
    /// Who proved who they are.
    Auth,
    /// Who was let in, and who was not.
    Access,
    /// What administrators changed.
    Admin,
    /// What the server did by itself.
    System,
}

impl Category {
    /// The category as it is stored and shown.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Graph => "graph",
            Self::Auth => "auth",
            Self::Access => "access",
            Self::Admin => "admin",
            Self::System => "system",
        }
    }
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was done.
    Success,
    /// It was refused.
    Refused,
    /// It was tried and did not work.
    Failure,
}

impl Outcome {
    /// The outcome as it is stored and shown.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Refused => "refused",
            Self::Failure => "failure",
        }
    }
}

/// What kind of thing an event's subject is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SubjectKind {
    /// A node.
    Node,
    /// An edge.
    Edge,
    /// An endpoint of this server.
    Endpoint,
    /// A person's account.
    User,
    /// A sign-in.
    Session,
    /// A key of an account.
    ApiKey,
    /// What an account shows besides its password.
    Factor,
    /// An organization.
    Organization,
    /// An invitation to one.
    Invitation,
    /// A link by which the server gets an administrator.
    SetupLink,
    /// A client of the OAuth server.
    Client,
    /// What a person agreed to.
    Consent,
    /// A token by which programs register clients.
    InitialToken,
    /// A review of who may do what.
    Review,
    /// Something held that a review asks about.
    ReviewItem,
    /// An administrator's way into an organization's content.
    Elevation,
    /// A role that an organization made.
    Role,
    /// That somebody holds a role.
    Grant,
}

impl SubjectKind {
    /// The kind as it is stored.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Edge => "edge",
            Self::Endpoint => "endpoint",
            Self::User => "user",
            Self::Session => "session",
            Self::ApiKey => "api_key",
            Self::Factor => "factor",
            Self::Organization => "organization",
            Self::Invitation => "invitation",
            Self::SetupLink => "setup_link",
            Self::Client => "client",
            Self::Consent => "consent",
            Self::InitialToken => "initial_token",
            Self::Review => "review",
            Self::ReviewItem => "review_item",
            Self::Elevation => "elevation",
            Self::Role => "role",
            Self::Grant => "grant",
        }
    }
}
