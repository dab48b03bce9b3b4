//! Offers: challenges of nobody that is known, for a passkey that signs in alone. Everything that the end needs stands in the token, sealed, so
//! that nothing is kept of whoever only looks at the page to sign in. A row comes into being with the first try, and says what was used.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;
use wardgraph_kernel::{ChallengeId, Chance, Identity, Secret, Timestamp};
use wardgraph_store::{Statement, Tx};

use super::{Held, Kind, LIFE, MOST_TRIES, state};
use crate::{IdentityError, Keys};

/// How an offer begins, for whoever finds one where it should not be.
const PREFIX: &str = "wgo_";

/// Counts a try, and holds the row until the transaction ends. One that is over brings none.
pub(super) const TRY: Statement<Identity> = Statement::identity(
    "identity.challenge.try_offer",
    "insert into challenges as c (challenge_id, kind, generation, created_at, expires_at, tries) values ($1, $2, 0, $3, $4, 1)
     on conflict (challenge_id) do update set tries = c.tries + 1 where c.kind = $2 and c.used_at is null and c.tries < $5
     returning challenge_id",
);

/// An offer that this server made.
#[derive(Debug)]
pub struct Offered {
    id: ChallengeId,
    made_at: Timestamp,
    sealed: Vec<u8>,
}

/// Makes the token of an offer, which waits as long as a challenge does.
pub fn offer(keys: &Keys, state: &[u8], now: Timestamp, chance: &dyn Chance) -> Result<Secret, IdentityError> {
    let id = ChallengeId::new(now, chance);
    let bytes = [id.uuid().as_bytes().as_slice(), &state::seal(keys, id, state)?].concat();
    Ok(Secret::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))))
}

/// The offer that a token is, if this server made it.
pub fn offered(keys: &Keys, token: &str) -> Option<Offered> {
    let bytes = URL_SAFE_NO_PAD.decode(token.strip_prefix(PREFIX)?).ok()?;
    let (id, sealed) = bytes.split_at_checked(16)?;
    let uuid = Uuid::from_slice(id).ok()?;
    let (seconds, nanos) = uuid.get_timestamp()?.to_unix();
    let made_at = Timestamp::new(i64::try_from(seconds).ok()?, i32::try_from(nanos).ok()?).ok()?;
    state::open(keys, uuid.into(), sealed)?;
    Some(Offered { id: uuid.into(), made_at, sealed: sealed.to_vec() })
}

/// Counts a try of an offer, and holds it. `None` for one that is over: used, too old, or tried too often.
pub async fn attempt_offer(tx: &mut Tx<'_, Identity>, offered: Offered, now: Timestamp) -> Result<Option<Held>, IdentityError> {
    let expires = offered.made_at.saturating_add(LIFE).unwrap_or(Timestamp::MAX);
    if now >= expires {
        return Ok(None);
    }
    let kind = Kind::Passwordless;
    let rows = tx.run(&TRY, &[&offered.id.uuid(), &kind.word(), &offered.made_at, &expires, &MOST_TRIES]).await?;
    let held = Held {
        id: offered.id,
        kind,
        user: None,
        session: None,
        organization: None,
        generation: 0,
        network: None,
        name: None,
        password: None,
        state: Some(offered.sealed),
    };
    Ok((!rows.is_empty()).then_some(held))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardgraph_kernel::SeededChance;

    #[test]
    fn an_offer_says_when_it_was_made_and_is_of_one_server() {
        let (keys, others, now) = (Keys::of(&[1; 32]), Keys::of(&[2; 32]), Timestamp::from_second(1_767_225_600).unwrap());
        let token = offer(&keys, b"what was asked", now, &SeededChance::new(1)).unwrap();
        let read = offered(&keys, token.expose()).unwrap();
        assert_eq!(read.made_at, now);
        assert_eq!(**state::open(&keys, read.id, &read.sealed).unwrap(), *b"what was asked");
        assert!(offered(&others, token.expose()).is_none());
        // Of another time, it is another one's.
        let later = offer(&keys, b"what was asked", now + LIFE, &SeededChance::new(1)).unwrap();
        let bytes = |token: &Secret| URL_SAFE_NO_PAD.decode(token.expose().strip_prefix(PREFIX).unwrap()).unwrap();
        let mixed = [bytes(&later).get(..16).unwrap(), bytes(&token).get(16..).unwrap()].concat();
        for bad in [
            "",
            "wgo_",
            "wgo_AAAA",
            &token.expose().replace("wgo_", "wgm_"),
            &format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(mixed)),
        ] {
            assert!(offered(&keys, bad).is_none(), "{bad}");
        }
    }
}
