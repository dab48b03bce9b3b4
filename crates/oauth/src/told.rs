//! What clients are told of a person: what the scopes say (OpenID Connect Core, section 5.4), and single claims that were asked for (section 5.5). Whoever
//! agrees to a claim agreed to its scope: there is nothing here that a person could be asked more finely.

use serde_json::{Map, Value};
use wardgraph_kernel::{Identity, Read, SessionId, Timestamp, UserId};
use wardgraph_store::{Role, Statement, StatementInfo, StoreError, Tx};

use crate::scope::{EMAIL, PROFILE};

/// Every claim about a person, and the scope that says it.
const CLAIMS: [(&str, &str); 4] = [("name", PROFILE), ("updated_at", PROFILE), ("email", EMAIL), ("email_verified", EMAIL)];

const REMEMBER: Statement<Identity> =
    Statement::identity("oauth.told.remember", "update sessions set userinfo_claims = $2 where session_id = $1");
const AGREED: Statement<Read> = Statement::reading(
    "oauth.told.agreed",
    &[Role::App],
    "select coalesce(userinfo_claims, '{}') from sessions where user_id = $1 and session_id = $2 and client_id = $3 and ended_at is null",
);

pub(crate) const STATEMENTS: &[&StatementInfo] = &[AGREED.info(), REMEMBER.info()];

/// The scope that says a claim; `None` for what is no claim about a person here.
pub fn scope_of(claim: &str) -> Option<&'static str> {
    CLAIMS.iter().find(|(name, _)| *name == claim).map(|(_, scope)| *scope)
}

/// A person, as far as clients may be told.
#[derive(Debug, Clone)]
pub struct Person {
    /// `sub`.
    pub id: UserId,
    /// `name`.
    pub name: String,
    /// `email`.
    pub email: String,
    /// `email_verified`.
    pub verified: bool,
    /// `updated_at`.
    pub updated_at: Timestamp,
}

impl Person {
    /// What these scopes say.
    pub fn by_scopes(&self, scopes: &[String]) -> Map<String, Value> {
        self.all(|_, scope| scopes.iter().any(|word| word == scope))
    }

    /// These claims, of what may be told at all to a client that registered these scopes.
    pub fn by_names(&self, names: &[String], registered: &[String]) -> Map<String, Value> {
        self.all(|name, scope| names.iter().any(|wanted| wanted == name) && registered.iter().any(|word| word == scope))
    }

    fn all(&self, wanted: impl Fn(&str, &str) -> bool) -> Map<String, Value> {
        let value = |name: &str| match name {
            "name" => Some(self.name.clone().into()),
            "updated_at" => Some(self.updated_at.as_second().into()),
            "email" => Some(self.email.clone().into()),
            "email_verified" => Some(self.verified.into()),
            _ => None,
        };
        let told = CLAIMS.into_iter().filter(|(name, scope)| wanted(name, scope));
        told.filter_map(|(name, _)| Some((name.to_owned(), value(name)?))).collect()
    }
}

/// Remembers the claims that a client's session may be told by userinfo, besides what its scopes say.
pub async fn remember(tx: &mut Tx<'_, Identity>, session: SessionId, claims: &[String]) -> Result<(), StoreError> {
    if claims.is_empty() {
        return Ok(());
    }
    tx.run(&REMEMBER, &[&session.uuid(), &claims]).await.map(drop)
}

/// Those claims, of a session of this person's and this client's that lives.
pub async fn agreed(tx: &mut Tx<'_, Read>, user: UserId, session: SessionId, client: &str) -> Result<Vec<String>, StoreError> {
    let rows = tx.query(&AGREED, &[&user.uuid(), &session.uuid(), &client]).await?;
    Ok(rows.first().map(|row| row.try_get(0)).transpose()?.unwrap_or_default())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Ada, whose address is shown to be hers.
    pub(crate) fn ada() -> Person {
        let id = UserId::from(uuid::Uuid::from_bytes([7; 16]));
        Person { id, name: "Ada".into(), email: "ada@example.com".into(), verified: true, updated_at: Timestamp::UNIX_EPOCH }
    }

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn a_client_is_told_what_its_scopes_allow() {
        let names = |scopes: &[&str]| ada().by_scopes(&words(scopes)).keys().cloned().collect::<Vec<_>>();
        assert!(names(&["openid"]).is_empty());
        assert_eq!(names(&["openid", "email"]), ["email", "email_verified"]);
        assert_eq!(names(&["openid", "profile"]), ["name", "updated_at"]);
    }

    #[test]
    fn a_single_claim_is_told_alone_and_only_to_whom_it_may_be() {
        let told = |names: &[&str], registered: &[&str]| ada().by_names(&words(names), &words(registered));
        assert_eq!(told(&["email", "acr", "birthdate"], &["openid", "email"]).keys().collect::<Vec<_>>(), ["email"]);
        assert!(told(&["email", "name"], &["openid"]).is_empty());
    }
}
