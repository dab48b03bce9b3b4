//! Authorization codes (RFC 6749, section 4.1; RFC 9700, section 4.5).
//!
//! **Invariant:** a code is good once, for a minute, for the client, the address, the verifier and the key that it was asked with, while the browser's
//! session lives in which its person agreed. Whoever uses it again ends what it gave (`a_code_that_is_used_twice_ends_what_it_gave`).

use std::time::Duration;

use uuid::Uuid;
use wardgraph_identity::{account::Seat, session::Proof};
use wardgraph_kernel::{Chance, CodeId, Identity, Secret, SessionId, TenantId, Timestamp, UserId};
use wardgraph_store::{Row, Statement, StatementInfo, StoreError, Tx};
use wardgraph_tokens::Thumbprint;

use crate::{pkce, reference, request::Request};

/// How a code begins, for whoever finds one where it should not be.
const PREFIX: &str = "wgo_";
/// How long a client may take to use one.
const LIFE: Duration = Duration::from_mins(1);

const GIVE: Statement<Identity> = Statement::identity(
    "oauth.code.give",
    "insert into authorization_codes (code_id, verifier, client_id, user_id, organization_id, session_id, generation, redirect_uri, challenge, jkt, nonce, scopes,
       resource, claims, amr, acr, auth_time, created_at, expires_at, userinfo_claims)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)",
);
/// Its account and its browser's session, as they are when it is used: whoever ends either meanwhile waits, and then ends what the code gave, too.
const STAND: Statement<Identity> = Statement::identity(
    "oauth.code.stand",
    "select s.session_id from authorization_codes c join users u on u.user_id = c.user_id join sessions s on s.session_id = c.session_id
     where c.code_id = $1 for share of u for share of s",
);
/// A code, locked, so that of two uses at once one is the second.
const HOLD: Statement<Identity> = Statement::identity(
    "oauth.code.hold",
    "select c.verifier, c.client_id, c.user_id, c.organization_id, c.session_id, c.generation, c.redirect_uri, c.challenge, c.jkt, c.nonce, c.scopes, c.resource,
            c.claims, c.amr, c.acr, c.auth_time, c.expires_at, c.used_at is not null, c.granted_session_id,
            s.session_id is not null and s.ended_at is null and s.expires_at > $2, u.disabled_at is null and u.generation = c.generation, m.role, u.global_role,
            o.requires_mfa, c.userinfo_claims, m.user_id is not null
     from authorization_codes c join users u on u.user_id = c.user_id join organizations o on o.organization_id = c.organization_id
     left join sessions s on s.session_id = c.session_id
     left join memberships m on m.user_id = c.user_id and m.organization_id = c.organization_id and o.deleted_at is null
     where c.code_id = $1 for update of c",
);
const USE: Statement<Identity> = Statement::identity(
    "oauth.code.use",
    "update authorization_codes set used_at = $2, granted_session_id = $3 where code_id = $1 and used_at is null",
);

pub(crate) const STATEMENTS: &[&StatementInfo] = &[GIVE.info(), HOLD.info(), STAND.info(), USE.info()];

/// Who agreed to a request, where, and in which session.
#[derive(Debug)]
pub struct Leave<'a> {
    /// Whose request it is.
    pub client: &'a str,
    /// What is asked for.
    pub request: &'a Request,
    /// Who agreed.
    pub user: UserId,
    /// Where the client is to work.
    pub organization: &'a TenantId,
    /// The browser's session.
    pub session: SessionId,
    /// The account's generation.
    pub generation: i64,
    /// How its owner proved who they are.
    pub proof: &'a Proof,
}

/// Gives a code for what somebody agreed to.
pub async fn give(
    tx: &mut Tx<'_, Identity>,
    agreed: &Leave<'_>,
    id: CodeId,
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<Secret, StoreError> {
    let (text, verifier) = reference::make(PREFIX, id.uuid(), chance);
    let expires = now.saturating_add(LIFE).unwrap_or(now);
    let (request, proof) = (agreed.request, agreed.proof);
    tx.run(
        &GIVE,
        &[
            &id.uuid(),
            &verifier,
            &agreed.client,
            &agreed.user.uuid(),
            &agreed.organization.as_str(),
            &agreed.session.uuid(),
            &agreed.generation,
            &request.to.uri,
            &request.challenge,
            &request.jkt,
            &request.nonce,
            &request.scopes,
            &request.resource,
            &request.claims.in_id_token,
            &proof.amr,
            &proof.acr,
            &proof.at,
            &now,
            &expires,
            &request.claims.in_userinfo,
        ],
    )
    .await?;
    Ok(text)
}

/// What a code stands for.
#[derive(Debug)]
pub struct Code {
    /// Its row.
    pub id: CodeId,
    /// Who agreed.
    pub user: UserId,
    /// What they may do where the client is to work.
    pub seat: Seat,
    /// The browser's session in which they did.
    pub session: SessionId,
    /// The account's generation.
    pub generation: i64,
    /// What they agreed to.
    pub scopes: Vec<String>,
    /// Whom the tokens are for.
    pub resource: Option<String>,
    /// The key that its client must prove to hold.
    pub jkt: Option<String>,
    /// `nonce` of the request.
    pub nonce: Option<String>,
    /// Names of claims that are to stand in the ID token.
    pub claims: Vec<String>,
    /// Names of claims that userinfo is to tell, besides what the scopes say.
    pub userinfo_claims: Vec<String>,
    /// How its person proved who they are.
    pub proof: Proof,
}

/// What becomes of a code that a client presents.
#[derive(Debug)]
pub enum Presented {
    /// It is good; the transaction holds it.
    Good(Box<Code>),
    /// It was used before: it was stolen, or its thief was first. What it gave is to end.
    Again {
        /// Whose it was.
        user: UserId,
        /// Where its client worked.
        organization: TenantId,
        /// What it gave.
        gave: Option<SessionId>,
    },
    /// It is good for nothing; the text is for the log.
    Bad(&'static str),
}

/// What a client says of the code that it presents.
#[derive(Debug)]
pub struct Claimed<'a> {
    /// The code.
    pub code: &'a str,
    /// The client, which has authenticated if it can.
    pub client: &'a str,
    /// `redirect_uri`.
    pub redirect_uri: Option<&'a str>,
    /// `code_verifier`.
    pub verifier: Option<&'a str>,
    /// The key that the client proved to hold.
    pub jkt: Option<Thumbprint>,
}

/// Judges a code, and holds it until the transaction ends.
pub async fn present(tx: &mut Tx<'_, Identity>, claimed: &Claimed<'_>, now: Timestamp) -> Result<Presented, StoreError> {
    let Some(id) = reference::read(PREFIX, claimed.code) else { return Ok(Presented::Bad("no code")) };
    tx.run(&STAND, &[&id]).await?;
    let rows = tx.run(&HOLD, &[&id, &now]).await?;
    let Some(row) = rows.first() else { return Ok(Presented::Bad("unknown")) };
    let kept: Vec<u8> = row.try_get(0)?;
    if !reference::verifies(claimed.code, &kept) {
        return Ok(Presented::Bad("unknown"));
    }
    let unreadable = |what: &str| StoreError::Unsafe(format!("a code's {what} cannot be read"));
    let user = UserId::from(row.try_get::<Uuid>(2)?);
    let organization = TenantId::parse(row.try_get::<&str>(3)?).map_err(|_| unreadable("organization"))?;
    // Before anything else is looked at: whoever has a used code is not to find out more with it.
    if row.try_get(17)? {
        let gave = row.try_get::<Option<Uuid>>(18)?.map(SessionId::from);
        return Ok(Presented::Again { user, organization, gave });
    }
    if let Some(why) = fault(row, claimed, now)? {
        return Ok(Presented::Bad(why));
    }
    if !row.try_get::<bool>(25)? {
        return Ok(Presented::Bad("no member any more, or of nothing that works"));
    }
    let seat = Seat::read(organization, row.try_get(21)?, row.try_get(22)?).ok_or_else(|| unreadable("member"))?;
    let proof = Proof { amr: row.try_get(13)?, acr: row.try_get(14)?, at: row.try_get(15)? };
    if row.try_get(23)? && !proof.is_multiple() {
        return Ok(Presented::Bad("the organization asks for a second factor by now"));
    }
    Ok(Presented::Good(Box::new(Code {
        id: id.into(),
        user,
        seat,
        session: row.try_get::<Uuid>(4)?.into(),
        generation: row.try_get(5)?,
        scopes: row.try_get(10)?,
        resource: row.try_get(11)?,
        jkt: row.try_get(8)?,
        nonce: row.try_get(9)?,
        claims: row.try_get(12)?,
        userinfo_claims: row.try_get(24)?,
        proof,
    })))
}

fn fault(row: &Row, claimed: &Claimed<'_>, now: Timestamp) -> Result<Option<&'static str>, StoreError> {
    let (client, uri, challenge): (&str, &str, &str) = (row.try_get(1)?, row.try_get(6)?, row.try_get(7)?);
    let (key, expires_at): (Option<&str>, Timestamp) = (row.try_get(8)?, row.try_get(16)?);
    Ok(if client != claimed.client {
        Some("another client's")
    } else if now >= expires_at {
        Some("too old")
    } else if claimed.redirect_uri != Some(uri) {
        Some("another redirect_uri")
    } else if !claimed.verifier.is_some_and(|verifier| pkce::verifies(verifier, challenge)) {
        Some("not its code_verifier")
    } else if key.is_some_and(|key| Thumbprint::parse(key) != claimed.jkt || claimed.jkt.is_none()) {
        Some("not its key")
    } else if !row.try_get::<bool>(19)? {
        Some("the session of its browser has ended")
    } else if !row.try_get::<bool>(20)? {
        Some("the account is not as it was")
    } else {
        None
    })
}

/// Uses a code up, for a session of its client.
pub async fn finish(tx: &mut Tx<'_, Identity>, id: CodeId, gave: SessionId, now: Timestamp) -> Result<(), StoreError> {
    tx.run(&USE, &[&id.uuid(), &now, &gave.uuid()]).await.map(drop)
}
