//! Clients are told that sessions of theirs are over (OpenID Connect Back-Channel Logout): what waits to be told, and what is said.
//!
//! **Invariant:** whatever ends a session has its client told, in the same transaction: the database itself writes down what is to be told
//! (`migrations/0033_logouts.sql`; `however_a_session_ends_its_client_is_told`).

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};
use uuid::Uuid;
use wardgraph_kernel::{Chance, Identity, SessionId, TenantId, Timestamp, UserId, Write};
use wardgraph_store::{Role, Row, Statement, StatementInfo, StoreError, Tx};
use wardgraph_tokens::Algorithm;

const WORKER: &[Role] = &[Role::Worker];
/// How many are claimed at once, and how many of them of one client.
const MOST: i64 = 256;
const MOST_OF_A_CLIENT: i64 = 64;
/// How long a claim holds: longer than telling all of them takes, each with a client that answers at the last moment.
const LEASE: Duration = Duration::from_mins(2);
/// How long a logout token is good for.
const LIFE: Duration = Duration::from_mins(2);
/// How long is waited after each failure; after the one beyond these it is given up.
const WAITS: [Duration; 5] =
    [Duration::from_secs(5), Duration::from_secs(30), Duration::from_mins(3), Duration::from_mins(15), Duration::from_hours(1)];
/// The member of `events` that says what a logout token is (section 2.4).
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// What goes on without its browser's session. Its client is told all the same: nobody is signed in there any more.
const TELL_SQL: &str = "insert into logouts (session_id, client_id, user_id, organization_id, ended_at, due_at)
     select session_id, client_id, user_id, organization_id, $2::timestamptz, $2 from sessions
     where browser_session_id = $1 and client_id is not null and ended_at is null on conflict do nothing";
const TELL: Statement<Write> = Statement::writing("oauth.logout.tell", &[Role::App], TELL_SQL);
const TELL_BY_IDENTITY: Statement<Identity> = Statement::identity("oauth.logout.tell_by_identity", TELL_SQL);

/// Of what is due in as many turns as there are owners and clients, so that nobody waits for all that another one has: an organization's clients take
/// turns among themselves, and organizations among each other; clients that are nobody's, and those that are no more, are claimed by themselves.
const CLAIM: Statement<Write> = Statement::writing(
    "oauth.logout.claim",
    WORKER,
    "with recursive named(client_id) as (
       (select client_id from logouts order by client_id limit 1)
       union all
       select (select l.client_id from logouts l where l.client_id > n.client_id order by l.client_id limit 1) from named n where n.client_id is not null),
     due as (
       select q.session_id, c.backchannel_logout_uri, c.id_token_alg, c.organization_id as owner,
              row_number() over (partition by c.organization_id order by q.turn, q.due_at, q.session_id) as turn
       from named n left join clients c on c.client_id = n.client_id and c.disabled_at is null
       cross join lateral (select l.session_id, l.due_at, row_number() over (order by l.due_at) as turn from logouts l
                           where l.client_id = n.client_id and l.due_at <= $1 order by l.due_at limit $4) q
       where n.client_id is not null and (c.organization_id is not null) = $5),
     taken as (
       select l.session_id, d.backchannel_logout_uri, d.id_token_alg, d.owner, d.turn
       from (select * from due order by turn, session_id limit $3) d join logouts l on l.session_id = d.session_id
       where l.due_at <= $1 for update of l skip locked)
     update logouts l set due_at = $2, tries = l.tries + 1 from taken t where l.session_id = t.session_id
     returning l.session_id, l.client_id, l.user_id, l.organization_id, l.tries, t.backchannel_logout_uri, t.id_token_alg, t.owner, t.turn",
);
/// Only by the latest claim: whoever lost it meanwhile changes nothing.
const DONE: Statement<Write> = Statement::writing(
    "oauth.logout.done",
    WORKER,
    "delete from logouts where session_id = $1 and tries = $2 returning session_id",
);
const AGAIN: Statement<Write> =
    Statement::writing("oauth.logout.again", WORKER, "update logouts set due_at = $3 where session_id = $1 and tries = $2");
const LATER: Statement<Write> = Statement::writing(
    "oauth.logout.later",
    WORKER,
    "update logouts l set due_at = $3, tries = l.tries - 1 from unnest($1::uuid[], $2::int[]) w (session_id, tries)
     where l.session_id = w.session_id and l.tries = w.tries",
);

pub(crate) const STATEMENTS: &[&StatementInfo] =
    &[AGAIN.info(), CLAIM.info(), DONE.info(), LATER.info(), TELL.info(), TELL_BY_IDENTITY.info()];

/// Has the clients told that go on without their browser's session.
pub(crate) async fn tell(tx: &mut Tx<'_, Write>, browser: SessionId, now: Timestamp) -> Result<(), StoreError> {
    tx.write(&TELL, &[&browser.uuid(), &now]).await.map(drop)
}

/// The same, before anyone is known.
pub(crate) async fn tell_unknown(tx: &mut Tx<'_, Identity>, browser: SessionId, now: Timestamp) -> Result<(), StoreError> {
    tx.run(&TELL_BY_IDENTITY, &[&browser.uuid(), &now]).await.map(drop)
}

/// Something that a client is to be told, claimed.
#[derive(Debug, Clone)]
pub struct Due {
    /// The client's session that is over: `sid`.
    pub session: SessionId,
    /// The client.
    pub client: String,
    /// Whose session it was: `sub`.
    pub user: UserId,
    /// Where the client worked.
    pub organization: TenantId,
    /// How often it was tried, this time included.
    pub tries: i32,
    /// Where the client is told; `None` for one that does not want to be, or is no more.
    pub to: Option<String>,
    /// The organization whose client it is, if it is anybody's.
    pub owner: Option<String>,
    /// What its tokens are signed with.
    pub algorithm: Option<Algorithm>,
}

impl Due {
    /// When to try again; `None` once it was tried often enough.
    pub fn again(&self, now: Timestamp) -> Option<Timestamp> {
        let turn = usize::try_from(self.tries.saturating_sub(1)).unwrap_or(0);
        WAITS.get(turn).and_then(|wait| now.saturating_add(*wait).ok())
    }

    /// What the client is told (section 2.4). Never a `nonce`: no logout token is taken for an ID token.
    pub fn claims(&self, iss: &str, now: Timestamp, chance: &dyn Chance) -> Map<String, Value> {
        let life = i64::try_from(LIFE.as_secs()).unwrap_or(0);
        let claims = json!({
            "iss": iss,
            "aud": self.client,
            "iat": now.as_second(),
            "exp": now.as_second().saturating_add(life),
            "jti": URL_SAFE_NO_PAD.encode(chance.bytes()),
            "sub": self.user.to_string(),
            "sid": self.session.to_string(),
            "events": { EVENT: {} },
        });
        if let Value::Object(claims) = claims { claims } else { Map::new() }
    }
}

/// Claims what is due, in the order in which it is to be told: of organizations' clients, or of all others.
pub async fn claim(tx: &mut Tx<'_, Write>, vouched: bool, now: Timestamp) -> Result<Vec<Due>, StoreError> {
    let lease = now.saturating_add(LEASE).unwrap_or(Timestamp::MAX);
    let rows = tx.write(&CLAIM, &[&now, &lease, &MOST, &MOST_OF_A_CLIENT, &vouched]).await?;
    let in_turn = rows.iter().map(|row| Ok((row.try_get::<i64>(8)?, read(row)?)));
    let mut in_turn = in_turn.collect::<Result<Vec<_>, StoreError>>()?;
    in_turn.sort_by_key(|(turn, _)| *turn);
    Ok(in_turn.into_iter().map(|(_, due)| due).collect())
}

/// Forgets what was told, or is given up. Tells whether it was still this claim's.
pub async fn done(tx: &mut Tx<'_, Write>, due: &Due) -> Result<bool, StoreError> {
    tx.write(&DONE, &[&due.session.uuid(), &due.tries]).await.map(|rows| !rows.is_empty())
}

/// Tries again at `at`.
pub async fn again(tx: &mut Tx<'_, Write>, due: &Due, at: Timestamp) -> Result<(), StoreError> {
    tx.write(&AGAIN, &[&due.session.uuid(), &due.tries, &at]).await.map(drop)
}

/// Tries these at `at`, since they were not tried at all.
pub async fn later(tx: &mut Tx<'_, Write>, waiting: &[Due], at: Timestamp) -> Result<(), StoreError> {
    let (sessions, tries): (Vec<Uuid>, Vec<i32>) = waiting.iter().map(|due| (due.session.uuid(), due.tries)).unzip();
    tx.write(&LATER, &[&sessions, &tries, &at]).await.map(drop)
}

fn read(row: &Row) -> Result<Due, StoreError> {
    let unreadable = || StoreError::Unsafe("the organization of a session that is over cannot be read".into());
    Ok(Due {
        session: row.try_get::<Uuid>(0)?.into(),
        client: row.try_get(1)?,
        user: row.try_get::<Uuid>(2)?.into(),
        organization: TenantId::parse(row.try_get(3)?).map_err(|_| unreadable())?,
        tries: row.try_get(4)?,
        to: row.try_get(5)?,
        algorithm: row.try_get::<Option<&str>>(6)?.and_then(|word| word.parse().ok()),
        owner: row.try_get(7)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardgraph_kernel::SeededChance;

    fn due(tries: i32) -> Due {
        Due {
            session: Uuid::from_bytes([8; 16]).into(),
            client: "wgc_1".into(),
            user: Uuid::from_bytes([7; 16]).into(),
            organization: TenantId::parse("org_a").unwrap(),
            tries,
            to: None,
            owner: None,
            algorithm: None,
        }
    }

    #[test]
    fn what_is_not_taken_is_tried_ever_more_rarely_and_given_up() {
        let now = Timestamp::UNIX_EPOCH;
        let waits: Vec<_> = (1..=6).map(|tries| due(tries).again(now).map(Timestamp::as_second)).collect();
        assert_eq!(waits, [Some(5), Some(30), Some(180), Some(900), Some(3_600), None]);
        assert_eq!(due(i32::MAX).again(now), None);
    }

    #[test]
    fn a_logout_token_says_what_the_standard_wants_and_nothing_else() {
        let chance = SeededChance::new(1);
        let said = due(1).claims("https://graph.example", Timestamp::from_second(100).unwrap(), &chance);
        let names: Vec<_> = said.keys().map(String::as_str).collect();
        assert_eq!(names, ["aud", "events", "exp", "iat", "iss", "jti", "sid", "sub"]);
        assert_eq!((&said["iat"], &said["exp"]), (&json!(100), &json!(220)));
        assert_eq!(said["events"], json!({ "http://schemas.openid.net/event/backchannel-logout": {} }));
        let other = due(1).claims("https://graph.example", Timestamp::UNIX_EPOCH, &chance);
        assert_ne!(said["jti"], other["jti"]);
    }
}
