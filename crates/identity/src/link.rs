//! Links that are mailed: what stands in one, and what becomes of it. The token follows from the link's id and a key that is in no table, so
//! that it need not be kept until the mail is sent, nor after.

use aws_lc_rs::hmac::{sign, verify};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;
use wardgraph_kernel::{Identity, LinkId, Secret, Timestamp, UserId};
use wardgraph_store::{Statement, StatementInfo, StoreError, Tx};

use crate::{Keys, stored::stored};

stored! {
    /// What a link is for. A link of one kind is none of another.
    Kind {
        /// Shows that an address is its account's.
        Verify = "verify",
        /// Sets a password anew.
        Reset = "reset",
        /// Says that a second factor was not added by the account's owner.
        NotMe = "not_me",
        /// Invites to an organization: its id is the invitation's.
        Invitation = "invitation",
    }
}

impl Kind {
    /// The page that a link leads to.
    pub(crate) const fn page(self) -> &'static str {
        match self {
            Self::Verify => "verify-email",
            Self::Reset => "reset-password",
            Self::NotMe => "not-me",
            Self::Invitation => "invitation",
        }
    }
}

/// The token of a link.
pub fn token(keys: &Keys, kind: Kind, id: LinkId) -> Secret {
    let tag = sign(&keys.links, &message(kind, id));
    Secret::new(URL_SAFE_NO_PAD.encode([id.uuid().as_bytes().as_slice(), tag.as_ref()].concat()))
}

/// The link that a token is of, if this server made it for this.
pub fn read(keys: &Keys, kind: Kind, token: &str) -> Option<LinkId> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (id, tag) = bytes.split_at_checked(16)?;
    let id = LinkId::from(Uuid::from_slice(id).ok()?);
    verify(&keys.links, &message(kind, id), tag).is_ok().then_some(id)
}

fn message(kind: Kind, id: LinkId) -> Vec<u8> {
    [kind.word().as_bytes(), &[0], id.uuid().as_bytes()].concat()
}

/// Uses a link up. One that was used, is too old, or whose account is disabled brings no row.
const USE: Statement<Identity> = Statement::identity(
    "identity.link.use",
    "update links l set used_at = $2 from users u
     where l.link_id = $1 and l.kind = $3 and l.used_at is null and l.expires_at > $2 and u.user_id = l.user_id and u.disabled_at is null
     returning u.user_id, u.email, u.name, l.created_at",
);
/// What a link's account is, without using the link up: its owner's words are looked at before a password is.
const LOOK: Statement<Identity> = Statement::identity(
    "identity.link.look",
    "select u.user_id, u.email, u.name, l.created_at from links l join users u using (user_id)
     where l.link_id = $1 and l.kind = $3 and l.used_at is null and l.expires_at > $2 and u.disabled_at is null",
);

pub(crate) const STATEMENTS: &[&StatementInfo] = &[USE.info(), LOOK.info()];

/// Whose link it is.
#[derive(Debug, Clone)]
pub struct Owner {
    /// The account.
    pub user: UserId,
    /// Its address.
    pub email: String,
    /// Its name.
    pub name: String,
    /// When the link was made.
    pub made_at: Timestamp,
}

/// Whose link it is, if it is good still.
pub async fn look(tx: &mut Tx<'_, Identity>, kind: Kind, id: LinkId, now: Timestamp) -> Result<Option<Owner>, StoreError> {
    owner(tx, &LOOK, kind, id, now).await
}

/// Uses the link up, and tells whose it is; of two uses at once one is told.
pub async fn take(tx: &mut Tx<'_, Identity>, kind: Kind, id: LinkId, now: Timestamp) -> Result<Option<Owner>, StoreError> {
    owner(tx, &USE, kind, id, now).await
}

async fn owner(
    tx: &mut Tx<'_, Identity>,
    statement: &Statement<Identity>,
    kind: Kind,
    id: LinkId,
    now: Timestamp,
) -> Result<Option<Owner>, StoreError> {
    let rows = tx.run(statement, &[&id.uuid(), &now, &kind.word()]).await?;
    let read = |row: &wardgraph_store::Row| {
        let user = row.try_get::<Uuid>(0)?.into();
        Ok(Owner { user, email: row.try_get(1)?, name: row.try_get(2)?, made_at: row.try_get(3)? })
    };
    rows.first().map(read).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardgraph_kernel::SeededChance;

    #[test]
    fn a_token_is_of_one_link_one_kind_and_one_server() {
        let keys = Keys::of(&[1; 32]);
        let id = LinkId::new(Timestamp::UNIX_EPOCH, &SeededChance::new(1));
        let token = token(&keys, Kind::Reset, id);
        assert_eq!(read(&keys, Kind::Reset, token.expose()), Some(id));
        assert_eq!(read(&keys, Kind::Verify, token.expose()), None);
        assert_eq!(read(&keys, Kind::NotMe, token.expose()), None);
        assert_eq!(read(&Keys::of(&[2; 32]), Kind::Reset, token.expose()), None);
        for bad in ["", "AAAA", token.expose().get(1..).unwrap(), &format!("{}A", token.expose()), &"A".repeat(64)] {
            assert_eq!(read(&keys, Kind::Reset, bad), None, "{bad}");
        }
    }
}
