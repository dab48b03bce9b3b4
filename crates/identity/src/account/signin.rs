//! Signing in: one look, whose cost does not depend on what is found, and one count.

use uuid::Uuid;
use wardgraph_kernel::{GlobalRole, Identity, OrganizationRole, Permissions, TenantId, Timestamp, UserId};
use wardgraph_store::{Question, Row, Statement, StoreError, Tx, Value};

use crate::{
    Address, IdentityError,
    lockout::{FORGOTTEN_AFTER, Failures},
    password::Verifier,
};

/// Everything that a sign-in is judged by, in exactly one row.
pub(super) const FIND: Statement<Identity> = Statement::identity(
    "identity.account.find",
    "select u.user_id, case when p.ended_at is null then p.verifier end, u.verified_at is not null, u.disabled_at is not null, a.failures, a.failed_at, n.failures, n.failed_at,
            m.organization_id, m.role, u.name,
            exists (select from sessions s where s.user_id = u.user_id and s.network = $4 and s.last_used_at > $5), u.generation, u.global_role
     from (values (1)) one(row)
     left join users u on u.email = $1
     left join passwords p on p.user_id = u.user_id
     left join attempts a on a.subject = $2
     left join attempts n on n.subject = $3
     left join lateral (
       select s.organization_id, s.role from memberships s join organizations o on o.organization_id = s.organization_id
       where s.user_id = u.user_id and ($6::text is null or s.organization_id = $6) order by o.deleted_at is not null, s.created_at, s.organization_id limit 1) m on true",
);
/// One failure more, unless it was kept out.
pub(super) const COUNT: Statement<Identity> = Statement::identity(
    "identity.attempt.count",
    "insert into attempts (subject, failures, failed_at) values ($1, $2, $3)
     on conflict (subject) do update set
       failures = case when attempts.failed_at > $4 then attempts.failures + $2 else $2 end,
       failed_at = case when $2 > 0 then $3 else attempts.failed_at end
     returning failures, failed_at",
);
/// No failures any more; tells how many there were, for those that came while the password was worked out.
pub(super) const CLEAR: Statement<Identity> =
    Statement::identity("identity.attempt.clear", "delete from attempts where subject = $1 returning failures, failed_at");
/// Whether the password that was compared is still the account's, and the account as it was. Held until the transaction ends: who changes the
/// password meanwhile waits, and then ends the session that is begun here.
pub(super) const STANDS: Statement<Identity> = Statement::identity(
    "identity.account.stands",
    "select u.user_id from passwords p join users u using (user_id)
     where p.user_id = $1 and p.verifier = $2 and p.ended_at is null and u.generation = $3 and u.disabled_at is null for no key update of p for share of u",
);
/// A verifier of the cost that is asked now, unless the password was changed meanwhile.
pub(super) const REHASH: Statement<Identity> =
    Statement::identity("identity.account.rehash", "update passwords set verifier = $3 where user_id = $1 and verifier = $2");
/// Failures until now.
pub(super) const FAILURES: Statement<Identity> =
    Statement::identity("identity.attempt.failures", "select failures, failed_at from attempts where subject = $1");

/// Where an account's owner works, unless they say otherwise.
pub(super) const HOME: Statement<Identity> = Statement::identity(
    "identity.account.home",
    "select m.organization_id from memberships m join organizations o on o.organization_id = m.organization_id
     where m.user_id = $1 order by o.deleted_at is not null, m.created_at, m.organization_id limit 1",
);

/// How long a network is remembered as one where the account's owner works, from the last time.
const AT_HOME_S: i64 = 30 * 24 * 3_600;

/// Somebody who would sign in.
#[derive(Debug)]
pub struct Attempt<'a> {
    /// The address.
    pub email: &'a Address,
    /// What its failures are counted under.
    pub counter: &'a [u8],
    /// What they are counted under where its owner signed in before.
    pub counter_at: &'a [u8],
    /// The network.
    pub network: &'a str,
    /// The organization, if one is named.
    pub organization: Option<&'a str>,
    /// When.
    pub now: Timestamp,
}

/// An account's place in an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    /// The organization.
    pub organization: TenantId,
    /// What the person is in it; nothing but what is granted, if nothing is said.
    pub role: Option<OrganizationRole>,
    /// What the person may do on the whole server besides.
    pub global: Option<GlobalRole>,
    /// The most that grants allow them, as far as somebody looked.
    pub granted: Permissions,
}

impl Seat {
    /// The most that whoever sits there may do: for what tokens say, which only bounds what is decided.
    pub fn permissions(&self) -> Permissions {
        let here = self.role.map_or(Permissions::NONE, OrganizationRole::permissions);
        here.union(self.granted).union(self.global.map_or(Permissions::NONE, GlobalRole::permissions))
    }
}

/// What is known of an address.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its account; `None` if nobody has it.
    pub user: Option<UserId>,
    /// The person's name.
    pub name: String,
    /// The password's verifier, if the account has one that can be read.
    pub verifier: Option<Verifier>,
    /// Whether the address was shown to be its owner's.
    pub verified: bool,
    /// Whether the account may do nothing.
    pub disabled: bool,
    /// Whether its owner signed in from this network before.
    pub at_home: bool,
    /// Failures that count here.
    pub failures: Failures,
    /// Tokens of an earlier generation are good no more.
    pub generation: i64,
    /// Its place in the organization that was named, else in its first one.
    pub seat: Option<Seat>,
}

/// Looks an address up. One row and one cost, whatever is there.
pub async fn find(tx: &mut Tx<'_, Identity>, attempt: &Attempt<'_>) -> Result<Found, IdentityError> {
    let since = Timestamp::from_second(attempt.now.as_second() - AT_HOME_S).unwrap_or(Timestamp::MIN);
    let (email, organization) = (attempt.email.as_str(), attempt.organization);
    let rows = tx.run(&FIND, &[&email, &attempt.counter, &attempt.counter_at, &attempt.network, &since, &organization]).await?;
    let row = rows.first().ok_or(IdentityError::Unreadable("a sign-in found no row"))?;
    let at_home: bool = row.try_get(11)?;
    let failures = failures(row, if at_home { 6 } else { 4 })?;
    let verifier: Option<String> = row.try_get(1)?;
    Ok(Found {
        user: row.try_get::<Option<Uuid>>(0)?.map(UserId::from),
        name: row.try_get::<Option<String>>(10)?.unwrap_or_default(),
        verifier: verifier.as_deref().and_then(Verifier::parse),
        verified: row.try_get(2)?,
        disabled: row.try_get(3)?,
        at_home,
        failures,
        generation: row.try_get::<Option<i64>>(12)?.unwrap_or_default(),
        seat: seat(row.try_get(8)?, row.try_get(9)?, row.try_get(13)?)?,
    })
}

/// Counts a failure, or notes one that was kept out at the same cost. `more` is 1 or 0. Tells the count after it.
pub async fn count(tx: &mut Tx<'_, Identity>, counter: &[u8], more: i32, now: Timestamp) -> Result<Failures, StoreError> {
    let forgotten = now.saturating_sub(FORGOTTEN_AFTER).unwrap_or(Timestamp::MIN);
    let rows = tx.run(&COUNT, &[&counter, &more, &now, &forgotten]).await?;
    rows.first().map_or(Ok(Failures::default()), |row| failures(row, 0))
}

/// Failures until now, for whoever holds what they are of.
pub async fn failed(tx: &mut Tx<'_, Identity>, counter: &[u8]) -> Result<Failures, StoreError> {
    tx.run(&FAILURES, &[&counter]).await?.first().map_or(Ok(Failures::default()), |row| failures(row, 0))
}

/// Forgets failures, and tells what was forgotten.
pub fn clear(counter: &[u8]) -> Question<'_, Failures, StoreError> {
    let forgotten = |rows: Vec<Row>| rows.first().map_or(Ok(Failures::default()), |row| failures(row, 0));
    Question::new(&CLEAR, vec![Box::new(counter)], forgotten)
}

/// Whether `found` still holds, now that its password was compared. Where it has no verifier, nothing does.
pub fn stands(user: UserId, found: &Found) -> Question<'static, bool, StoreError> {
    let verifier = found.verifier.as_ref().map(ToString::to_string);
    let values: Vec<Value<'_>> = vec![Box::new(user.uuid()), Box::new(verifier), Box::new(found.generation)];
    Question::new(&STANDS, values, |rows| Ok(!rows.is_empty()))
}

/// Keeps a verifier of the cost that is asked now.
pub async fn rehash(tx: &mut Tx<'_, Identity>, user: UserId, old: &Verifier, new: &Verifier) -> Result<(), StoreError> {
    tx.run(&REHASH, &[&user.uuid(), &old.to_string(), &new.to_string()]).await.map(drop)
}

fn failures(row: &Row, at: usize) -> Result<Failures, StoreError> {
    Ok(Failures { count: row.try_get::<Option<i32>>(at)?.unwrap_or(0), last: row.try_get(at + 1)? })
}

/// The organization that an account is at home in: its first one.
pub async fn home(tx: &mut Tx<'_, Identity>, user: UserId) -> Result<Option<TenantId>, IdentityError> {
    let rows = tx.run(&HOME, &[&user.uuid()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    TenantId::parse(row.try_get(0)?).map(Some).map_err(|_| IdentityError::Unreadable("an organization's id"))
}

/// A place in an organization, as rows have it, with the global role where that counts: it does for a person, and not for a key.
pub(crate) fn seat(
    organization: Option<String>,
    role: Option<String>,
    global_role: Option<String>,
) -> Result<Option<Seat>, IdentityError> {
    let Some(organization) = organization else { return Ok(None) };
    let organization = TenantId::parse(&organization).map_err(|_| IdentityError::Unreadable("an organization's id"))?;
    let role = role.map(|word| OrganizationRole::of(&word).ok_or(IdentityError::Unreadable("a member's role"))).transpose()?;
    let global = |word: String| GlobalRole::of(&word).ok_or(IdentityError::Unreadable("a global role"));
    Ok(Some(Seat { organization, role, global: global_role.map(global).transpose()?, granted: Permissions::NONE }))
}
