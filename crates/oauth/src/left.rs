//! What somebody leaves behind who had an account in their hands, and what would open something later, when nobody looks any more: invitations, tokens
//! by which clients register, agreements with clients, codes and devices that wait. One list, for every way in which an account is taken out of
//! somebody's hands (ADR 46 has the ways).
//!
//! Sessions, keys and the password end where the way itself is written; clients are disabled by [`crate::client::disown`].
//!
//! **Invariant:** each of these ways takes back the same, and enabling an account gives nothing back
//! (`whichever_way_an_account_is_taken_from_a_thief_nothing_of_what_they_left_opens_anything`).

use uuid::Uuid;
use wardgraph_kernel::{ConsentId, Identity, InitialTokenId, InvitationId, TenantId, Timestamp, UserId, Write};
use wardgraph_store::{Role, Row, Statement, StatementInfo};

use crate::{Either, OAuthError, client::BEFORE};

/// Used codes stay, so that whoever comes with one again is found out.
const TAKE_BACK_SQL: &str = "with invitation as (
       update invitations set withdrawn_at = $2::timestamptz
       where inviter_id = $1::uuid and used_at is null and withdrawn_at is null and expires_at > $2 returning invitation_id, organization_id, email),
     token as (delete from initial_tokens where maker_id = $1 returning token_id, organization_id),
     consent as (
       delete from consents where user_id = $1 and updated_at >= $3 returning consent_id, organization_id, client_name),
     code as (delete from authorization_codes where user_id = $1 and used_at is null),
     device as (delete from device_authorizations where user_id = $1 and used_at is null)
     select 'invitation'::text, invitation_id, organization_id, email from invitation
     union all select 'token', token_id, organization_id, '' from token
     union all select 'consent', consent_id, organization_id, client_name from consent";
const TAKE_BACK: Statement<Identity> = Statement::identity("oauth.left.take_back", TAKE_BACK_SQL);
const TAKE_BACK_OF: Statement<Write> = Statement::writing("oauth.left.take_back_of", &[Role::Admin], TAKE_BACK_SQL);

pub(crate) const STATEMENTS: &[&StatementInfo] = &[TAKE_BACK.info(), TAKE_BACK_OF.info()];

/// What was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// An invitation that nobody had followed.
    Invitation {
        /// Which one.
        id: InvitationId,
        /// Who was invited.
        email: String,
    },
    /// A token by which programs registered clients.
    InitialToken(InitialTokenId),
    /// What a client, or a device, might do for the account's owner.
    Consent {
        /// Which one.
        id: ConsentId,
        /// What the client was called.
        client: String,
    },
}

/// One thing that was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// What it was.
    pub what: What,
    /// Where it would have been good.
    pub organization: TenantId,
}

/// Takes back what was left in an account: of agreements those from a day before `since` on, or all.
pub async fn take_back(
    tx: &mut impl Either,
    user: UserId,
    since: Option<Timestamp>,
    now: Timestamp,
) -> Result<Vec<Left>, OAuthError> {
    let since = since.and_then(|since| since.saturating_sub(BEFORE).ok()).unwrap_or(Timestamp::UNIX_EPOCH);
    read(&tx.either(&TAKE_BACK_OF, &TAKE_BACK, &[&user.uuid(), &now, &since]).await?)
}

fn read(rows: &[Row]) -> Result<Vec<Left>, OAuthError> {
    let read = |row: &Row| {
        let (id, name): (Uuid, String) = (row.try_get(1)?, row.try_get(3)?);
        let what = match row.try_get::<&str>(0)? {
            "invitation" => What::Invitation { id: id.into(), email: name },
            "token" => What::InitialToken(id.into()),
            _ => What::Consent { id: id.into(), client: name },
        };
        let organization = TenantId::parse(row.try_get(2)?).map_err(|_| OAuthError::Unreadable("an organization's id"))?;
        Ok(Left { what, organization })
    };
    rows.iter().map(read).collect()
}
