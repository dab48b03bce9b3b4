//! Notices: what an account's owner is told of, with the commit that it happened in.

use wardgraph_kernel::{Chance, Identity, LinkId, Timestamp, UserId, Write};
use wardgraph_store::{Role, Statement, StoreError, Tx};

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// There is a second factor more.
    FactorAdded,
    /// There is one less.
    FactorRemoved,
    /// The password was right, and the second factor wrong too often.
    FactorLocked,
    /// A passkey was shown several times, and was not right.
    PasskeyLocked,
    /// A passkey's counter went back.
    PasskeyWentBack,
    /// A recovery code was used.
    RecoveryUsed,
    /// There are other recovery codes.
    RecoveryMade,
}

impl Notice {
    /// The kind of message, as it is stored.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::FactorAdded => "factor_added",
            Self::FactorRemoved => "factor_removed",
            Self::FactorLocked => "factor_locked",
            Self::PasskeyLocked => "passkey_locked",
            Self::PasskeyWentBack => "passkey_went_back",
            Self::RecoveryUsed => "recovery_used",
            Self::RecoveryMade => "recovery_made",
        }
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
