//! Notices: what an account's owner is told of, with the commit that it happened in.

use wardgraph_kernel::{Chance, Identity, LinkId, Timestamp, UserId, Write};
use wardgraph_store::{Role, Statement, StoreError, Tx};

use crate::stored::stored;

stored! {
    /// What is told.
    Notice {
        /// Somebody registers with an address that has its account.
        Taken = "taken",
        /// The password was changed.
        PasswordChanged = "changed",
        /// Sign-ins fail, so often that the next ones have to wait.
        SignInsFail = "locked",
        /// There is a second factor more.
        FactorAdded = "factor_added",
        /// There is one less.
        FactorRemoved = "factor_removed",
        /// The password was right, and the second factor wrong too often.
        FactorLocked = "factor_locked",
        /// A passkey was shown several times, and was not right.
        PasskeyLocked = "passkey_locked",
        /// A passkey's counter went back.
        PasskeyWentBack = "passkey_went_back",
        /// A recovery code was used.
        RecoveryUsed = "recovery_used",
        /// There are other recovery codes.
        RecoveryMade = "recovery_made",
    }
}

const NOTIFY_SQL: &str = "insert into mail (mail_id, kind, recipient, name, created_at, due_at)
     select $2::uuid, $3::text, email, case when verified_at is null then '' else name end, $4::timestamptz, $4 from users where user_id = $1";
pub(super) const NOTIFY: Statement<Identity> = Statement::identity("identity.mail.notify", NOTIFY_SQL);
pub(super) const NOTIFY_OWN: Statement<Write> = Statement::writing("identity.own.notify", &[Role::App], NOTIFY_SQL);

/// Tells an account's owner by mail.
pub async fn notify(
    tx: &mut Tx<'_, Identity>,
    user: UserId,
    notice: Notice,
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<(), StoreError> {
    tx.run(&NOTIFY, &[&user.uuid(), &LinkId::new(now, chance).uuid(), &notice.word(), &now]).await.map(drop)
}

/// Tells the caller by mail, of the own account.
pub async fn notify_own(
    tx: &mut Tx<'_, Write>,
    user: UserId,
    notice: Notice,
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<(), StoreError> {
    tx.write(&NOTIFY_OWN, &[&user.uuid(), &LinkId::new(now, chance).uuid(), &notice.word(), &now]).await.map(drop)
}
