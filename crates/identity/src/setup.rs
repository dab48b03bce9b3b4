//! Links by which whoever runs the server makes its first administrator: printed once, by a command beside the database. The token has 256 bits
//! of chance, and SHA-256 of it is kept.

use std::time::Duration;

use wardgraph_kernel::{Chance, Identity, LinkId, Secret, Timestamp, Write};
use wardgraph_store::{Role, Statement, StatementInfo, StoreError, Tx};

use crate::{Address, reference, sha256};

/// How the text of a token begins, for whoever finds one where it should not be.
const PREFIX: &str = "wgi_";
/// How many are forgotten at once.
const FORGOTTEN_AT_ONCE: usize = 1_000;

const IS_EMPTY: Statement<Identity> = Statement::identity("identity.setup.is_empty", "select not exists (select from users)");
const MAKE: Statement<Identity> = Statement::identity(
    "identity.setup.make",
    "insert into setup_links (setup_id, verifier, email, another, created_at, expires_at)
     select $1::uuid, $2::bytea, $3::text, $4::bool, $5::timestamptz, $6::timestamptz
     where $4 or not exists (select from users where global_role = 'super_admin') returning setup_id",
);
/// A link that is good, without using it up.
const LOOK: Statement<Identity> = Statement::identity(
    "identity.setup.look",
    "select s.email, s.another from setup_links s
     where s.setup_id = $1 and s.verifier = $2 and s.used_at is null and s.expires_at > $3
       and (s.another or not exists (select from users where global_role = 'super_admin'))",
);
/// The links for the first administrator, in one order for everybody: whoever comes with another one waits, and then finds its own spent.
const HOLD: Statement<Identity> = Statement::identity(
    "identity.setup.hold",
    "select setup_id from setup_links where used_at is null and not another order by setup_id for update",
);
/// Uses a link up.
const TAKE: Statement<Identity> = Statement::identity(
    "identity.setup.take",
    "update setup_links s set used_at = $3 where s.setup_id = $1 and s.verifier = $2 and s.used_at is null and s.expires_at > $3
       and (s.another or not exists (select from users where global_role = 'super_admin')) returning s.email, s.another",
);
/// And with it all others that are for the first administrator: of two that are used at once, one is.
const SPEND: Statement<Identity> =
    Statement::identity("identity.setup.spend", "update setup_links set used_at = $1 where used_at is null and not another");
const FORGET: Statement<Write> = Statement::writing(
    "identity.setup.forget",
    &[Role::Worker],
    "delete from setup_links where setup_id in (select setup_id from setup_links where expires_at < $1 order by expires_at limit 1000) returning 1",
);

pub(crate) const STATEMENTS: &[&StatementInfo] =
    &[IS_EMPTY.info(), MAKE.info(), LOOK.info(), HOLD.info(), TAKE.info(), SPEND.info(), FORGET.info()];

/// What a token says of itself, which nobody has believed yet.
#[derive(Debug)]
pub struct SetupToken<'a> {
    id: LinkId,
    text: &'a str,
}

impl<'a> SetupToken<'a> {
    /// Reads the form of a token.
    pub fn read(text: &'a str) -> Option<Self> {
        Some(Self { id: reference::read(PREFIX, text)?.into(), text })
    }

    fn verifier(&self) -> [u8; 32] {
        sha256::verifier(self.text)
    }
}

/// A link that is wanted.
#[derive(Debug)]
pub struct NewLink<'a> {
    /// The address of the account that it makes; any, if none is said.
    pub email: Option<&'a Address>,
    /// Whether there may be an administrator already.
    pub another: bool,
    /// How long it is good.
    pub good_for: Duration,
}

/// A link that is good.
#[derive(Debug, Clone)]
pub struct Link {
    /// Its id.
    pub id: LinkId,
    /// The address of the account that it makes; any, if none was said.
    pub email: Option<String>,
    another: bool,
}

/// Whether nobody has an account.
pub async fn is_empty(tx: &mut Tx<'_, Identity>) -> Result<bool, StoreError> {
    tx.run(&IS_EMPTY, &[]).await?.first().ok_or(StoreError::Ended)?.try_get(0)
}

/// Makes a link, and tells its id and its token, once. `None` where there is an administrator, unless another one is wanted.
pub async fn make(
    tx: &mut Tx<'_, Identity>,
    new: &NewLink<'_>,
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<Option<(LinkId, Secret)>, StoreError> {
    let id = LinkId::new(now, chance);
    let (token, verifier) = reference::make(PREFIX, id.uuid(), chance);
    let expires = now.saturating_add(new.good_for).unwrap_or(Timestamp::MAX);
    let email = new.email.map(Address::as_str);
    let rows = tx.run(&MAKE, &[&id.uuid(), &verifier, &email, &new.another, &now, &expires]).await?;
    Ok((!rows.is_empty()).then_some((id, token)))
}

/// The link of a token, if it is good, without using it up.
pub async fn look(tx: &mut Tx<'_, Identity>, token: &SetupToken<'_>, now: Timestamp) -> Result<Option<Link>, StoreError> {
    link(tx, &LOOK, token, now).await
}

/// Uses a link up, and with the first administrator's all others of theirs.
pub async fn take(tx: &mut Tx<'_, Identity>, token: &SetupToken<'_>, now: Timestamp) -> Result<Option<Link>, StoreError> {
    tx.run(&HOLD, &[]).await?;
    let found = link(tx, &TAKE, token, now).await?;
    if found.as_ref().is_some_and(|link| !link.another) {
        tx.run(&SPEND, &[&now]).await?;
    }
    Ok(found)
}

/// Forgets links that are past, a bounded number at a time. Tells whether there may be more.
pub async fn sweep(tx: &mut Tx<'_, Write>, now: Timestamp) -> Result<bool, StoreError> {
    tx.write(&FORGET, &[&now]).await.map(|rows| rows.len() == FORGOTTEN_AT_ONCE)
}

async fn link(
    tx: &mut Tx<'_, Identity>,
    statement: &Statement<Identity>,
    token: &SetupToken<'_>,
    now: Timestamp,
) -> Result<Option<Link>, StoreError> {
    let rows = tx.run(statement, &[&token.id.uuid(), &token.verifier().as_slice(), &now]).await?;
    rows.first().map(|row| Ok(Link { id: token.id, email: row.try_get(0)?, another: row.try_get(1)? })).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

    #[test]
    fn a_token_is_read_in_one_form() {
        let good = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode([7; 48]));
        assert!(SetupToken::read(&good).is_some());
        for bad in ["", "wgi_", "wgi_AAAA", good.get(4..).unwrap(), &format!("{good}AAAA"), &format!(" {good}")] {
            assert!(SetupToken::read(bad).is_none(), "{bad}");
        }
    }
}
