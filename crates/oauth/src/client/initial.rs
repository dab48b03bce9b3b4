//! Initial access tokens (RFC 7591, section 3): by one of them a program registers clients of an organization, a few times and for a while.
//!
//! What one is worth when it is used, `organizations` says: no more than whoever made it may by now.

use uuid::Uuid;
use wardgraph_kernel::{Chance, Identity, InitialTokenId, OrganizationRole, Read, Secret, TenantId, Timestamp, UserId, Write};
use wardgraph_store::{Param, Role, Row, Statement, Tx};

use crate::{Either, OAuthError, reference};

/// How a token begins, for whoever finds one where it should not be.
const PREFIX: &str = "wgit_";
const APP: &[Role] = &[Role::App];
/// How many tokens an organization may have that are good.
const MOST: i64 = 100;
/// How many rows one statement forgets.
const PAGE: i64 = 5_000;

const MAKE_SQL: &str =
    "insert into initial_tokens (organization_id, token_id, verifier, maker_id, scopes, role, uses_left, created_at, expires_at)
     select $1::text, $2::uuid, $3::bytea, $4::uuid, $5::text[], $6::text, $7::int, $8::timestamptz, $9::timestamptz
     where (select count(*) from initial_tokens where organization_id = $1 and expires_at > $8 and uses_left > 0) < $10
     returning token_id";
pub(super) const MAKE: Statement<Write> = Statement::writing("oauth.initial.make", APP, MAKE_SQL);
pub(super) const MAKE_FOR: Statement<Identity> = Statement::identity("oauth.initial.make_for", MAKE_SQL);
pub(super) const LIST: Statement<Read> = Statement::reading(
    "oauth.initial.list",
    APP,
    "select token_id, scopes, role, uses_left, created_at, expires_at from initial_tokens
     where organization_id = $1 and expires_at > $2 and uses_left > 0 order by created_at desc, token_id desc limit $3",
);
pub(super) const WITHDRAW: Statement<Write> = Statement::writing(
    "oauth.initial.withdraw",
    APP,
    "delete from initial_tokens where organization_id = $1 and token_id = $2 returning token_id",
);
/// A token, held until the transaction ends.
pub(super) const HOLD: Statement<Identity> = Statement::identity(
    "oauth.initial.hold",
    "select t.verifier, t.organization_id, t.scopes, t.role, t.uses_left, t.expires_at, t.maker_id
     from initial_tokens t where t.token_id = $1 for update of t",
);
pub(super) const SPEND: Statement<Identity> =
    Statement::identity("oauth.initial.spend", "update initial_tokens set uses_left = uses_left - 1 where token_id = $1");
pub(super) const SWEEP: Statement<Identity> = Statement::identity(
    "oauth.initial.sweep",
    "delete from initial_tokens where token_id in (select token_id from initial_tokens where expires_at <= $1 order by expires_at limit $2) returning 1",
);

/// A token that is wanted.
#[derive(Debug, Clone)]
pub struct NewToken<'a> {
    /// Whose clients it makes.
    pub organization: &'a TenantId,
    /// At whose word; that of whoever runs the server if nobody is named.
    pub maker: Option<UserId>,
    /// The most that its clients may ask for.
    pub scopes: &'a [String],
    /// What they may do on their own behalf, if anything.
    pub role: Option<OrganizationRole>,
    /// How many clients.
    pub uses: i32,
    /// Until when.
    pub expires_at: Timestamp,
}

/// A token, as its organization sees it.
#[derive(Debug, Clone)]
pub struct InitialToken {
    /// Its id.
    pub id: InitialTokenId,
    /// The most that its clients may ask for.
    pub scopes: Vec<String>,
    /// What they may do on their own behalf.
    pub role: Option<OrganizationRole>,
    /// How many clients may still be registered by it.
    pub uses_left: i32,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// What a token gives leave to.
#[derive(Debug, Clone)]
pub struct Leave {
    /// Whose client it is.
    pub organization: TenantId,
    /// The most that it may ask for.
    pub scopes: Vec<String>,
    /// What it may do on its own behalf.
    pub role: Option<OrganizationRole>,
    /// At whose word; that of whoever runs the server if nobody is named.
    pub maker: Option<UserId>,
}

/// Makes a token: of the caller's organization, or of any at the word of whoever runs the server. Its text is shown once.
pub async fn make(
    tx: &mut impl Either,
    id: InitialTokenId,
    new: &NewToken<'_>,
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<Secret, OAuthError> {
    let (text, verifier) = reference::make(PREFIX, id.uuid(), chance);
    let first = First::of(id, new, &verifier, now);
    let rows = tx.either(&MAKE, &MAKE_FOR, &first.params()).await?;
    if rows.is_empty() {
        return Err(OAuthError::TooMany { what: "initial tokens of an organization that are good", most: MOST });
    }
    Ok(text)
}

/// The organization's tokens that are good, the newest first.
pub async fn list(tx: &mut Tx<'_, Read>, now: Timestamp) -> Result<Vec<InitialToken>, OAuthError> {
    let tenant = tx.tenant();
    let read = |row: &Row| {
        Ok(InitialToken {
            id: row.try_get::<Uuid>(0)?.into(),
            scopes: row.try_get(1)?,
            role: role(row.try_get(2)?)?,
            uses_left: row.try_get(3)?,
            created_at: row.try_get(4)?,
            expires_at: row.try_get(5)?,
        })
    };
    tx.query(&LIST, &[&tenant, &now, &MOST]).await?.iter().map(read).collect()
}

/// Withdraws a token of the organization; false if it has none of this id. Its clients stay.
pub async fn withdraw(tx: &mut Tx<'_, Write>, id: InitialTokenId) -> Result<bool, OAuthError> {
    let tenant = tx.tenant();
    Ok(!tx.write(&WITHDRAW, &[&tenant, &id.uuid()]).await?.is_empty())
}

/// Uses a token once; `None` if it is good for nothing. Whether its maker may still give such leave is to be asked.
pub async fn spend(tx: &mut Tx<'_, Identity>, text: &Secret, now: Timestamp) -> Result<Option<Leave>, OAuthError> {
    let Some(id) = reference::read(PREFIX, text.expose()) else { return Ok(None) };
    let rows = tx.run(&HOLD, &[&id]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let verifier: Vec<u8> = row.try_get(0)?;
    let (uses_left, expires_at): (i32, Timestamp) = (row.try_get(4)?, row.try_get(5)?);
    if !reference::verifies(text.expose(), &verifier) || uses_left < 1 || now >= expires_at {
        return Ok(None);
    }
    let organization = TenantId::parse(row.try_get::<&str>(1)?).map_err(|_| OAuthError::Unreadable("an organization's id"))?;
    let maker = row.try_get::<Option<Uuid>>(6)?.map(UserId::from);
    let leave = Leave { organization, scopes: row.try_get(2)?, role: role(row.try_get(3)?)?, maker };
    tx.run(&SPEND, &[&id]).await?;
    Ok(Some(leave))
}

/// Forgets tokens that are past. Tells whether there may be more.
pub async fn sweep(tx: &mut Tx<'_, Identity>, now: Timestamp) -> Result<bool, OAuthError> {
    let gone = tx.run(&SWEEP, &[&now, &PAGE]).await?.len();
    Ok(gone >= usize::try_from(PAGE).unwrap_or(usize::MAX))
}

fn role(word: Option<&str>) -> Result<Option<OrganizationRole>, OAuthError> {
    word.map(|word| OrganizationRole::of(word).ok_or(OAuthError::Unreadable("a role"))).transpose()
}

/// A token's row.
struct First<'a> {
    tenant: &'a str,
    id: Uuid,
    verifier: &'a [u8],
    maker: Option<Uuid>,
    scopes: &'a [String],
    role: Option<&'static str>,
    uses: i32,
    now: Timestamp,
    expires_at: Timestamp,
}

impl<'a> First<'a> {
    fn of(id: InitialTokenId, new: &NewToken<'a>, verifier: &'a [u8], now: Timestamp) -> Self {
        Self {
            tenant: new.organization.as_str(),
            id: id.uuid(),
            verifier,
            maker: new.maker.map(UserId::uuid),
            scopes: new.scopes,
            role: new.role.map(OrganizationRole::word),
            uses: new.uses,
            now,
            expires_at: new.expires_at,
        }
    }

    fn params(&self) -> [Param<'_>; 10] {
        [
            &self.tenant,
            &self.id,
            &self.verifier,
            &self.maker,
            &self.scopes,
            &self.role,
            &self.uses,
            &self.now,
            &self.expires_at,
            &MOST,
        ]
    }
}
