//! Tokens that came of tokens (RFC 8693): who acts in whose place, and what such a token ends with.
//!
//! **Invariant:** whatever takes a token back takes back every token that came of it
//! (`what_came_of_a_token_ends_with_it`).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Claims, TokenError, claims::is_name, json::Members};

/// How many may act for one another.
pub const MOST_ACTORS: usize = 4;
/// How many tokens one may have come of.
pub const MOST_ANCESTORS: usize = 8;

/// A token that another one came of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ancestor {
    /// `jti`.
    #[serde(rename = "jti")]
    pub token_id: String,
    /// `sub`.
    #[serde(rename = "sub")]
    pub subject: String,
    /// `gen`.
    #[serde(rename = "gen")]
    pub generation: i64,
    /// `client_id`.
    pub client_id: String,
    /// `cgen`.
    #[serde(rename = "cgen")]
    pub client_generation: i64,
    /// `sid`.
    #[serde(rename = "sid", default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// `agr`.
    #[serde(rename = "agr", default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<String>,
}

impl Ancestor {
    /// A token of this server's own, as one that another comes of; `None` for one that cannot be taken back.
    pub fn of(claims: &Claims) -> Option<Self> {
        let own = claims.own.as_ref()?;
        Some(Self {
            token_id: claims.token_id.as_deref()?.to_owned(),
            subject: claims.subject.to_string(),
            generation: own.generation,
            client_id: own.client_id.to_string(),
            client_generation: own.client_generation,
            session: own.session.as_deref().map(str::to_owned),
            agreement: own.chain().agreement.clone(),
        })
    }
}

/// What a token says of those that it came of; nothing, as a rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chain {
    /// `act`: who acts in the subject's place, whoever does now first, and whoever did before after it.
    pub actors: Vec<String>,
    /// `via`: the tokens that it came of, the first one first.
    pub ancestors: Vec<Ancestor>,
    /// `agr`: what a person agreed to, if the token ends with that.
    pub agreement: Option<String>,
}

impl Chain {
    /// Whether a client has the token on its own behalf, or had the one that it came of first.
    pub(crate) fn is_of_client(&self, subject: &str) -> bool {
        self.ancestors.first().is_some_and(|first| first.client_id == subject && first.subject == subject)
    }

    /// `act`: whoever acted before stands within whoever acts now (RFC 8693, section 4.1).
    pub fn act(&self) -> Option<Value> {
        self.actors.iter().rev().fold(None, |before, subject| {
            let within = before.map(|before| ("act".to_owned(), before));
            let members = std::iter::once(("sub".to_owned(), Value::from(subject.as_str()))).chain(within);
            Some(Value::Object(members.collect::<Map<_, _>>()))
        })
    }

    pub(crate) fn is_sound(&self) -> bool {
        let names = self.actors.iter().chain(&self.agreement);
        self.actors.len() <= MOST_ACTORS && self.ancestors.len() <= MOST_ANCESTORS && names.into_iter().all(|name| is_name(name))
    }

    /// Reads what a token of this server's own says.
    pub(crate) fn read(members: &Members) -> Result<Self, TokenError> {
        let ancestors = match members.find("via") {
            None => Vec::new(),
            Some(list) => Vec::<Ancestor>::deserialize(list).map_err(|_| TokenError::InvalidClaim("via"))?,
        };
        let actors = members.find("act").map_or(Ok(Vec::new()), actors)?;
        let chain = Self { actors, ancestors, agreement: members.find_text("agr")?.map(str::to_owned) };
        if chain.is_sound() { Ok(chain) } else { Err(TokenError::InvalidClaim("act")) }
    }
}

fn actors(act: &Value) -> Result<Vec<String>, TokenError> {
    let invalid = || TokenError::InvalidClaim("act");
    let (mut actors, mut next) = (Vec::new(), Some(act));
    while let Some(act) = next {
        let members = act.as_object().ok_or_else(invalid)?;
        actors.push(members.get("sub").and_then(Value::as_str).ok_or_else(invalid)?.to_owned());
        next = members.get("act");
        if members.len() != 1 + usize::from(next.is_some()) || actors.len() > MOST_ACTORS {
            return Err(invalid());
        }
    }
    Ok(actors)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Chain, TokenError> {
        Chain::read(&Members::parse(text.as_bytes()).unwrap())
    }

    #[test]
    fn whoever_acts_now_stands_around_whoever_acted_before() {
        assert_eq!(Chain::default().act(), None);
        let chain = Chain { actors: vec!["now".into(), "before".into()], ..Chain::default() };
        let act = chain.act().unwrap();
        assert_eq!(act, serde_json::json!({ "sub": "now", "act": { "sub": "before" } }));
        assert_eq!(read(&format!(r#"{{"act":{act}}}"#)).unwrap(), chain);
    }

    #[test]
    fn a_chain_has_an_end() {
        let nested =
            |depth: usize| (1..depth).fold(r#"{"sub":"a"}"#.to_owned(), |act, _| format!(r#"{{"sub":"a","act":{act}}}"#));
        assert_eq!(read(&format!(r#"{{"act":{}}}"#, nested(MOST_ACTORS))).unwrap().actors.len(), MOST_ACTORS);
        for bad in [nested(MOST_ACTORS + 1), "1".into(), "{}".into(), r#"{"sub":1}"#.into(), r#"{"sub":"a","x":1}"#.into()] {
            assert_eq!(read(&format!(r#"{{"act":{bad}}}"#)), Err(TokenError::InvalidClaim("act")), "{bad}");
        }
        let one = r#"{"jti":"j","sub":"s","gen":1,"client_id":"c","cgen":2}"#;
        let many = |count| format!(r#"{{"via":[{}]}}"#, vec![one; count].join(","));
        assert_eq!(read(&many(MOST_ANCESTORS)).unwrap().ancestors.len(), MOST_ANCESTORS);
        assert!(read(&many(MOST_ANCESTORS + 1)).is_err() && read(r#"{"via":[{}]}"#).is_err());
    }
}
