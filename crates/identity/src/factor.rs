//! Second factors: which an account has, how one comes into being and is used.

mod own;

pub use own::{Factor, List, list, remove, rename};

use uuid::Uuid;
use wardgraph_kernel::{FactorId, Identity, TenantId, Timestamp, UserId};
use wardgraph_store::{Question, Statement, StatementInfo, StoreError, Tx};
use wardgraph_vault::Field;

use crate::IdentityError;

/// The kind of authenticator apps.
pub const TOTP: &str = "totp";
/// The kind of passkeys.
pub const WEBAUTHN: &str = "webauthn";
/// What a sign-in may show in place of a factor.
pub const RECOVERY_CODE: &str = "recovery_code";
/// How many factors an account may have.
const MOST: i64 = 10;
/// How many of them may be of kind `totp`: every one more makes a guess more likely to be right.
const MOST_TOTP: i64 = 3;

/// What a sign-in must show besides the password.
const ASKED: Statement<Identity> = Statement::identity(
    "identity.factor.asked",
    "select array(select distinct kind from factors where user_id = $1 order by 1),
            exists (select from recovery_codes where user_id = $1 and used_at is null),
            coalesce((select requires_mfa from organizations where organization_id = $2), false)",
);
const SECRETS: Statement<Identity> = Statement::identity(
    "identity.factor.secrets",
    "select factor_id, secret, used_step from factors where user_id = $1 and kind = 'totp' order by created_at, factor_id for update",
);
const USE: Statement<Identity> = Statement::identity(
    "identity.factor.use",
    "update factors set used_step = $2, last_used_at = $3 where factor_id = $1 and (used_step is null or used_step < $2) returning factor_id",
);
/// One factor more, unless there are as many as there may be. Whoever adds one holds the account.
const ADD: Statement<Identity> = Statement::identity(
    "identity.factor.add",
    "insert into factors (factor_id, user_id, kind, name, secret, used_step, created_at)
     select $1::uuid, $2::uuid, $3::text, $4::text, $5::bytea, $6::bigint, $7::timestamptz
     where (select count(*) from factors where user_id = $2) < $8 and (select count(*) from factors where user_id = $2 and kind = $3) < $9
     returning factor_id",
);

pub(crate) const STATEMENTS: &[&StatementInfo] = &[
    ADD.info(),
    ASKED.info(),
    SECRETS.info(),
    USE.info(),
    own::HOLD.info(),
    own::LEFT.info(),
    own::LIST.info(),
    own::REMOVE.info(),
    own::FORGET_CODES.info(),
    own::RENAME.info(),
];

/// What a sign-in must show besides the password.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The kinds of the account's factors.
    pub kinds: Vec<String>,
    /// Whether it has recovery codes that are good still.
    pub recovery: bool,
    /// Whether the organization wants a second factor of everyone.
    pub required: bool,
}

impl Asked {
    /// Whether the password alone does not do.
    pub const fn is_more(&self) -> bool {
        self.required || !self.kinds.is_empty()
    }

    /// By what the sign-in can be ended; nothing for an account that must get a factor first.
    pub fn methods(&self) -> Vec<String> {
        let recovery = self.recovery && !self.kinds.is_empty();
        self.kinds.iter().cloned().chain(recovery.then(|| RECOVERY_CODE.to_owned())).collect()
    }
}

/// What a sign-in of this account to this organization must show besides the password.
pub fn asked(user: UserId, organization: &TenantId) -> Question<'_, Asked, IdentityError> {
    Question::new(&ASKED, vec![Box::new(user.uuid()), Box::new(organization.as_str())], |rows| {
        let row = rows.first().ok_or(IdentityError::Unreadable("what a sign-in must show"))?;
        Ok(Asked { kinds: row.try_get(0)?, recovery: row.try_get(1)?, required: row.try_get(2)? })
    })
}

/// Where the secret of a factor is sealed.
pub const fn secret_field(factor: &str) -> Field<'_> {
    Field { table: "factors", column: "secret", row: factor }
}

/// What an authenticator's codes follow from.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// The factor.
    pub id: FactorId,
    /// The secret, sealed.
    pub secret: Vec<u8>,
    /// The last step whose code was used.
    pub used_step: Option<i64>,
}

/// The account's authenticators, held until the transaction ends.
pub async fn secrets(tx: &mut Tx<'_, Identity>, user: UserId) -> Result<Vec<Sealed>, StoreError> {
    let rows = tx.run(&SECRETS, &[&user.uuid()]).await?;
    let read = |row: &wardgraph_store::Row| {
        Ok(Sealed { id: row.try_get::<Uuid>(0)?.into(), secret: row.try_get(1)?, used_step: row.try_get(2)? })
    };
    rows.iter().map(read).collect()
}

/// Uses the code of a step up. Tells whether nobody had.
pub async fn use_step(tx: &mut Tx<'_, Identity>, factor: FactorId, step: i64, now: Timestamp) -> Result<bool, StoreError> {
    tx.run(&USE, &[&factor.uuid(), &step, &now]).await.map(|rows| !rows.is_empty())
}

/// A factor that was shown for the first time.
#[derive(Debug)]
pub struct NewFactor<'a> {
    /// Its id.
    pub id: FactorId,
    /// Whose it is.
    pub user: UserId,
    /// What it is.
    pub kind: &'static str,
    /// What its owner calls it.
    pub name: &'a str,
    /// What its codes follow from, sealed; `None` for a kind that keeps what is its in a table of its own.
    pub secret: Option<&'a [u8]>,
    /// The step whose code it was shown by.
    pub used_step: Option<i64>,
}

/// Adds a factor.
///
/// # Errors
/// [`IdentityError::TooMany`] if the account has as many as it may.
pub async fn add(tx: &mut Tx<'_, Identity>, new: &NewFactor<'_>, now: Timestamp) -> Result<(), IdentityError> {
    let most = if new.kind == TOTP { MOST_TOTP } else { MOST };
    let params: wardgraph_store::Params<'_> =
        &[&new.id.uuid(), &new.user.uuid(), &new.kind, &new.name, &new.secret, &new.used_step, &now, &MOST, &most];
    let added = tx.run(&ADD, params).await?;
    if added.is_empty() { Err(IdentityError::TooMany { what: "second factors of this kind", most }) } else { Ok(()) }
}
