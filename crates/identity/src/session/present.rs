//! Somebody presents a refresh token: what becomes of it.

use wardgraph_kernel::{Identity, Secret, SessionId};
use wardgraph_store::Tx;
use wardgraph_vault::Vault;

use crate::{
    IdentityError,
    refresh::{FamilyKey, Presented, Turn, family_key},
    session::{Held, Lifetimes, Use, hold, rotate},
};

/// What becomes of a refresh token that was presented.
#[derive(Debug)]
pub enum Presentation {
    /// It is good for nothing, whyever.
    Wrong,
    /// It was stolen, or its successor was: the session is to end.
    Replayed {
        /// The session.
        session: SessionId,
        /// What is known of it.
        held: Box<Held>,
        /// The number of the token that came.
        number: i32,
    },
    /// It brings the next one.
    Next {
        /// The session.
        session: SessionId,
        /// What is known of it.
        held: Box<Held>,
        /// The number of the token that came.
        number: i32,
        /// The next token.
        token: Secret,
        /// Whether it brought it before, to a client that lost the answer.
        again: bool,
    },
}

/// A token that was one of its session's, at some time.
#[derive(Debug)]
pub struct Recognised {
    /// What it says of itself.
    pub presented: Presented,
    /// The key of its family.
    key: FamilyKey,
    /// What is known of its session.
    pub held: Box<Held>,
}

/// Holds the session that a token was one of, among those that OAuth client `of` got, or those that none did. Who guesses a session's id brings
/// nothing about: only a token that was one says anything.
pub async fn recognise(
    tx: &mut Tx<'_, Identity>,
    vault: &Vault,
    token: &str,
    of: Option<&str>,
) -> Result<Option<Recognised>, IdentityError> {
    let Some(presented) = Presented::read(token) else { return Ok(None) };
    let Some(held) = hold(tx, presented.session, of).await?.map(Box::new) else { return Ok(None) };
    let key = vault.open(tx, family_key(&presented.session.to_string()), &held.sealed).await?;
    let key = FamilyKey::of(&key).ok_or(IdentityError::Unreadable("the key of a session's tokens"))?;
    Ok(key.made(&presented).then_some(Recognised { presented, key, held }))
}

/// Judges a token of the sessions that OAuth client `of` got, or of those that none did, and has the next one take its turn.
pub async fn present(
    tx: &mut Tx<'_, Identity>,
    vault: &Vault,
    token: &str,
    of: Option<&str>,
    at: &Use<'_>,
    lifetimes: Lifetimes,
) -> Result<Presentation, IdentityError> {
    let Some(Recognised { presented, key, held }) = recognise(tx, vault, token, of).await? else {
        return Ok(Presentation::Wrong);
    };
    let (session, number) = (presented.session, presented.number);
    if !held.lives(lifetimes, at.now) || held.falls_short || held.seat.is_none() {
        return Ok(Presentation::Wrong);
    }
    Ok(match held.family.turn(number, at.client, at.now) {
        Turn::Rotate if held.is_next(token, &presented) => {
            let next = key.token(session, number.saturating_add(1));
            rotate(tx, session, &next, at).await?;
            Presentation::Next { session, held, number, token: next, again: false }
        }
        Turn::Again(again) => Presentation::Next { session, held, number, token: key.token(session, again), again: true },
        Turn::Rotate | Turn::Replayed => Presentation::Replayed { session, held, number },
    })
}
