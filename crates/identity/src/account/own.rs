//! An account, seen by its owner.

use wardgraph_kernel::{Chance, Mode, Read, Timestamp, UserId, Write};
use wardgraph_store::{Role, Statement, StoreError, Tx};

use crate::{
    IdentityError,
    account::{Seat, seat},
    lockout::{FORGOTTEN_AFTER, Failures},
    mail::{Notice, notify_own},
    password::Verifier,
};

const APP: &[Role] = &[Role::App];

/// The account, and its place in the organization that the caller works in.
pub(super) const ACCOUNT: Statement<Read> = Statement::reading(
    "identity.own.account",
    APP,
    "select u.email, u.name, u.verified_at is not null, u.created_at, u.updated_at, m.organization_id, m.role, o.name, u.global_role
     from users u left join memberships m on m.user_id = u.user_id and m.organization_id = $2
     left join organizations o on o.organization_id = m.organization_id
     where u.user_id = $1",
);
pub(super) const RENAME: Statement<Write> = Statement::writing(
    "identity.own.rename",
    APP,
    "update users set name = $2, updated_at = $3 where user_id = $1 returning email",
);
/// What a change of the password is judged by.
pub(super) const KNOWN: Statement<Read> = Statement::reading(
    "identity.own.known",
    APP,
    "select p.verifier, p.failures, p.failed_at, u.email, u.name from passwords p join users u using (user_id) where p.user_id = $1 and p.ended_at is null",
);
/// How often the password was guessed wrongly. Locked, so that guesses count one after another, however many are worked out at once.
pub(super) const TRIED: Statement<Write> =
    Statement::writing("identity.own.tried", APP, "select failures, failed_at from passwords where user_id = $1 for update");
pub(super) const CHANGE: Statement<Write> = Statement::writing(
    "identity.own.change_password",
    APP,
    "update passwords set verifier = $2, changed_at = $3, failures = 0, failed_at = null where user_id = $1 and verifier = $4 returning user_id",
);
pub(super) const COUNT: Statement<Write> = Statement::writing(
    "identity.own.count",
    APP,
    "update passwords set failures = case when failed_at > $3 then failures + 1 else 1 end, failed_at = $2 where user_id = $1",
);

/// An account, as its owner sees it.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its id.
    pub id: UserId,
    /// Its address.
    pub email: String,
    /// The person's name.
    pub name: String,
    /// Whether the address was shown to be its owner's.
    pub verified: bool,
    /// When it came into being.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Its place in the organization that the caller works in, and that one's name.
    pub seat: Option<(Seat, String)>,
}

/// What a change of the password is judged by.
#[derive(Debug, Clone)]
pub struct Known {
    /// The verifier of the password that holds.
    pub verifier: Verifier,
    /// Wrong guesses.
    pub failures: Failures,
    /// The person's own words.
    pub words: [String; 2],
}

/// The account.
pub async fn account<M: Mode>(tx: &mut Tx<'_, M>, user: UserId) -> Result<Account, IdentityError> {
    let tenant = tx.tenant();
    let row = tx.find(&ACCOUNT, &[&user.uuid(), &tenant]).await?.ok_or(IdentityError::Missing("account"))?;
    let seat = seat(row.try_get(5)?, row.try_get(6)?, row.try_get(8)?)?;
    Ok(Account {
        id: user,
        email: row.try_get(0)?,
        name: row.try_get(1)?,
        verified: row.try_get(2)?,
        created_at: row.try_get(3)?,
        updated_at: row.try_get(4)?,
        seat: seat.map(|seat| Ok::<_, StoreError>((seat, row.try_get(7)?))).transpose()?,
    })
}

/// Gives the account's owner another name.
pub async fn rename(tx: &mut Tx<'_, Write>, user: UserId, name: &str, now: Timestamp) -> Result<(), IdentityError> {
    let rows = tx.write(&RENAME, &[&user.uuid(), &name, &now]).await?;
    if rows.is_empty() { Err(IdentityError::Missing("account")) } else { Ok(()) }
}

/// What a change of the password is judged by.
pub async fn known(tx: &mut Tx<'_, Read>, user: UserId) -> Result<Known, IdentityError> {
    let row = tx.find(&KNOWN, &[&user.uuid()]).await?.ok_or(IdentityError::Missing("password"))?;
    let verifier: String = row.try_get(0)?;
    Ok(Known {
        verifier: Verifier::parse(&verifier).ok_or(IdentityError::Unreadable("a password's verifier"))?,
        failures: Failures { count: row.try_get(1)?, last: row.try_get(2)? },
        words: [row.try_get(3)?, row.try_get(4)?],
    })
}

/// Wrong guesses until now; others wait until this transaction ends.
pub async fn tried(tx: &mut Tx<'_, Write>, user: UserId) -> Result<Failures, IdentityError> {
    let rows = tx.write(&TRIED, &[&user.uuid()]).await?;
    let row = rows.first().ok_or(IdentityError::Missing("password"))?;
    Ok(Failures { count: row.try_get(0)?, last: row.try_get(1)? })
}

/// Changes the password, unless somebody else did meanwhile, and tells the owner by mail.
pub async fn change_password(
    tx: &mut Tx<'_, Write>,
    user: UserId,
    (old, new): (&Verifier, &Verifier),
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<bool, StoreError> {
    let rows = tx.write(&CHANGE, &[&user.uuid(), &new.to_string(), &now, &old.to_string()]).await?;
    if !rows.is_empty() {
        notify_own(tx, user, Notice::PasswordChanged, now, chance).await?;
    }
    Ok(!rows.is_empty())
}

/// Counts a wrong guess of the password by whoever holds an access token.
pub async fn count_wrong(tx: &mut Tx<'_, Write>, user: UserId, now: Timestamp) -> Result<(), StoreError> {
    let forgotten = now.saturating_sub(FORGOTTEN_AFTER).unwrap_or(Timestamp::MIN);
    tx.write(&COUNT, &[&user.uuid(), &now, &forgotten]).await.map(drop)
}
