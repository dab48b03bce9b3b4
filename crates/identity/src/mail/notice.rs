//! Notices: what an account's owner is told of, with the commit that it happened in. A few of a kind in an hour, and no more: whoever makes one
//! thing happen again and again fills no mailbox by it. What was not mailed stands in the log all the same.

use std::time::Duration;

use wardgraph_kernel::{Chance, Identity, LinkId, Timestamp, UserId, Write};
use wardgraph_store::{Role, Statement, StoreError, Tx};

use crate::{link::Kind, stored::stored};

/// How many notices of a kind an account gets in an hour, which begins with the first of them.
const IN_AN_HOUR: i32 = 5;
const HOUR: Duration = Duration::from_hours(1);
/// How long a link is good that says of a second factor that it was not the owner who added it.
const NOT_ME_WITHIN: Duration = Duration::from_hours(7 * 24);

stored! {
    /// What is told.
    Notice {
        /// Somebody registers with an address that has its account.
        Taken = "taken",
        /// The password was changed.
        PasswordChanged = "changed",
        /// Sign-ins fail, so often that the next ones have to wait.
        SignInsFail = "locked",
        /// There is a second factor more. Told with a link, as [`Kind::NotMe`], since there is one; counted by this word.
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
        /// An administrator took the second factors away, and ended the password.
        FactorsTaken = "factors_taken",
        /// An administrator of the server may be in the content of an organization of theirs.
        Elevated = "elevated",
    }
}

/// Counts a notice. Nothing happens for an account that is not there.
macro_rules! counted {
    () => {
        "with counted as (
       insert into notice_counts as c (user_id, kind, hour_from, in_hour) select user_id, $3::text, $4::timestamptz, 1 from users where user_id = $1
       on conflict (user_id, kind) do update set
         in_hour = case when c.hour_from > $5 then least(c.in_hour, 1000) + 1 else 1 end,
         hour_from = case when c.hour_from > $5 then c.hour_from else $4 end
       returning user_id, in_hour)"
    };
}

/// Writes a notice, unless there were enough.
const NOTIFY_SQL: &str = concat!(
    counted!(),
    " insert into mail (mail_id, kind, recipient, name, created_at, due_at)
     select $2::uuid, $3, u.email, case when u.verified_at is null then '' else u.name end, $4, $4
     from users u join counted using (user_id) where counted.in_hour <= $6"
);
/// The same with a link by which the owner says that it was not them.
pub(super) const NOTIFY_LINKED: Statement<Identity> = Statement::identity(
    "identity.mail.notify_linked",
    concat!(
        counted!(),
        ", link as (
       insert into links (link_id, user_id, kind, created_at, expires_at) select $7::uuid, user_id, $8::text, $4, $9::timestamptz from counted where in_hour <= $6)
     insert into mail (mail_id, kind, recipient, name, link_id, created_at, due_at)
     select $2::uuid, $8, u.email, case when u.verified_at is null then '' else u.name end, $7, $4, $4
     from users u join counted using (user_id) where counted.in_hour <= $6"
    ),
);
pub(super) const NOTIFY: Statement<Identity> = Statement::identity("identity.mail.notify", NOTIFY_SQL);
pub(super) const NOTIFY_OWN: Statement<Write> = Statement::writing("identity.own.notify", &[Role::App, Role::Admin], NOTIFY_SQL);

/// Tells an account's owner by mail; nobody, at the same cost, where there is no account.
pub async fn notify(
    tx: &mut Tx<'_, Identity>,
    user: Option<UserId>,
    notice: Notice,
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<(), StoreError> {
    let (user, mail) = (user.map(UserId::uuid), LinkId::new(now, chance).uuid());
    tx.run(&NOTIFY, &[&user, &mail, &notice.word(), &now, &an_hour_before(now), &IN_AN_HOUR]).await.map(drop)
}

/// Tells an account's owner of a new second factor, with a link by which they say that it was not them who added it.
pub async fn notify_added(
    tx: &mut Tx<'_, Identity>,
    user: UserId,
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<(), StoreError> {
    let (mail, link) = (LinkId::new(now, chance).uuid(), LinkId::new(now, chance).uuid());
    let (kind, link_kind) = (Notice::FactorAdded.word(), Kind::NotMe.word());
    let until = now.saturating_add(NOT_ME_WITHIN).unwrap_or(Timestamp::MAX);
    let params: wardgraph_store::Params<'_> =
        &[&user.uuid(), &mail, &kind, &now, &an_hour_before(now), &IN_AN_HOUR, &link, &link_kind, &until];
    tx.run(&NOTIFY_LINKED, params).await.map(drop)
}

/// Tells the owner of the caller's own account by mail, or of one that an administrator works on.
pub async fn notify_own(
    tx: &mut Tx<'_, Write>,
    user: UserId,
    notice: Notice,
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<(), StoreError> {
    let mail = LinkId::new(now, chance).uuid();
    tx.write(&NOTIFY_OWN, &[&user.uuid(), &mail, &notice.word(), &now, &an_hour_before(now), &IN_AN_HOUR]).await.map(drop)
}

fn an_hour_before(now: Timestamp) -> Timestamp {
    now.saturating_sub(HOUR).unwrap_or(Timestamp::MIN)
}
