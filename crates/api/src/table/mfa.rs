//! Second factors: added, shown at a sign-in, listed, removed.

use wardgraph_kernel::FactorId;

use crate::{
    Issued, Json, NoContent, Path,
    wire::mfa::{
        Enrolment, Factor, FactorChange, FactorList, MfaRequirement, NewEnrolment, NewFactor, RecoveryCodes, Shown, Verified,
    },
};

/// The body limit: tokens, codes, names.
const SMALL: usize = 16 << 10;
/// The same for what a browser says of a passkey.
const LARGE: usize = 48 << 10;

crate::endpoints! {
    /// Begin to add a second factor. It counts once it was shown to `/api/v1/auth/mfa/verify`.
    EnableMfa: POST "/api/v1/auth/mfa/enable" (Json<NewFactor>) -> Issued<Enrolment> {
        own: "second factors are their owner's to add", rows: Account, fresh: "whoever holds a factor gets in again", limit: Auth, audit: MfaEnrolmentBegun, body: SMALL,
    }
    /// Begin to add a second factor while signing in, where the organization requires one and the account has none.
    EnrolMfa: POST "/api/v1/auth/mfa/enrol" (Json<NewEnrolment>) -> Issued<Enrolment> {
        credential: "the token of a sign-in whose password was right is the credential", limit: Auth, audit: MfaEnrolmentBegun, body: SMALL,
    }
    /// Show a second factor: to end a sign-in, which brings tokens, or to have a new one count. Five tries; a code works once.
    VerifyMfa: POST "/api/v1/auth/mfa/verify" (Json<Shown>) -> Json<Verified> {
        credential: "the token of what was begun, with the second factor, is the credential", limit: Auth, audit: MfaVerified, body: LARGE,
    }
    /// List the own second factors.
    ListFactors: GET "/api/v1/users/me/mfa" (()) -> Json<FactorList> {
        own: "second factors are their owner's to see", rows: Account, limit: Read, body: 0,
    }
    /// Call a second factor something else.
    RenameFactor: PATCH "/api/v1/users/me/mfa/{id}" ((Path<FactorId>, Json<FactorChange>)) -> Json<Factor> {
        own: "second factors are their owner's to name", rows: Account, limit: Auth, audit: FactorRenamed, body: SMALL,
    }
    /// Make ten new recovery codes, shown once. The old ones are good for nothing any more.
    MakeRecoveryCodes: POST "/api/v1/users/me/mfa/recovery-codes" (()) -> Issued<RecoveryCodes> {
        own: "recovery codes are their owner's to replace", rows: Account, fresh: "whoever holds a code gets in again", limit: Auth, audit: RecoveryCodesMade, body: 0,
    }
    /// Set whether the organization of the session requires a second factor of everyone who works in it: its setting `requires_mfa` alone.
    RequireMfa: PUT "/api/v1/organization/mfa" (Json<MfaRequirement>) -> Json<MfaRequirement> {
        permission: OrganizationsWrite, rows: Organization, fresh: "it holds for everyone who works there", limit: Auth, audit: MfaRequirementSet, body: SMALL,
    }
    /// Remove a second factor; with the last one go the recovery codes.
    RemoveFactor: DELETE "/api/v1/users/me/mfa/{id}" (Path<FactorId>) -> NoContent {
        own: "second factors are their owner's to remove", rows: Account, fresh: "what guards the account is less then", limit: Auth, audit: FactorRemoved, body: 0,
    }
}
