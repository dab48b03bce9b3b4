//! `claims` (OpenID Connect Core, section 5.5): which claims are to be told by userinfo and which in the ID token, how somebody must have signed in, and who
//! it must be. What is unknown is passed over, and so is whether a claim is essential: what may be told is told.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::Fault;
use crate::told;

/// How deep and wide it may be is bounded by the length of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims {
    /// Names of claims about the person that are to stand in the ID token, of those that the client may be told.
    pub in_id_token: Vec<String>,
    /// The same for userinfo, besides what the scopes say.
    pub in_userinfo: Vec<String>,
    /// `acr` as an essential claim: one of these, or the request fails. Empty where it is not asked.
    pub essential_acr: Vec<String>,
    /// `acr` as a voluntary claim.
    pub voluntary_acr: Vec<String>,
    /// `sub`: whose sign-in alone does, one of these; anybody's where nothing is said.
    pub subjects: Option<Vec<String>>,
}

impl Claims {
    /// Reads the parameter, for a client that registered these scopes.
    pub(super) fn read(text: &str, registered: &[String]) -> Result<Self, Fault> {
        let malformed = || Fault::new("invalid_request", "claims is not an object of claims");
        let Ok(Value::Object(whole)) = serde_json::from_str::<Value>(text) else { return Err(malformed()) };
        let part = |name: &str| match whole.get(name) {
            None | Some(Value::Null) => Some(Map::new()),
            Some(Value::Object(members)) => Some(members.clone()),
            Some(_) => None,
        };
        let [id_token, userinfo] = [part("id_token").ok_or_else(malformed)?, part("userinfo").ok_or_else(malformed)?];
        if !id_token.values().chain(userinfo.values()).all(|wish| wish.is_null() || wish.is_object()) {
            return Err(malformed());
        }
        let told = |part: &Map<String, Value>| {
            let may = |name: &&String| told::scope_of(name).is_some_and(|scope| registered.iter().any(|word| word == scope));
            part.keys().filter(may).cloned().collect::<Vec<_>>()
        };
        let mut claims = Self { in_id_token: told(&id_token), in_userinfo: told(&userinfo), ..Self::default() };
        if let Some(wish) = id_token.get("acr").and_then(Value::as_object) {
            let essential = wish.get("essential").and_then(Value::as_bool).unwrap_or_default();
            let wanted = values(wish);
            if essential && wanted.as_ref().is_some_and(Vec::is_empty) {
                return Err(malformed());
            }
            let wanted = wanted.unwrap_or_default();
            *(if essential { &mut claims.essential_acr } else { &mut claims.voluntary_acr }) = wanted;
        }
        for part in [&id_token, &userinfo] {
            let wanted = part.get("sub").and_then(Value::as_object).and_then(values);
            claims.subjects = both(claims.subjects, wanted);
        }
        Ok(claims)
    }

    /// The same for a request that is not one of OpenID Connect: nothing is told of anybody.
    pub(super) fn of_nobody(self) -> Self {
        Self { in_id_token: Vec::new(), in_userinfo: Vec::new(), ..self }
    }

    /// The scopes that say what is to be told: who agrees to the request agrees to them.
    pub fn scopes(&self) -> impl Iterator<Item = &'static str> {
        let scopes: BTreeSet<_> =
            self.in_id_token.iter().chain(&self.in_userinfo).filter_map(|name| told::scope_of(name)).collect();
        scopes.into_iter()
    }

    /// Whose sign-in alone does, where `hinted` is named besides.
    pub fn must_be(&self, hinted: Option<String>) -> Option<Vec<String>> {
        both(self.subjects.clone(), hinted.map(|subject| vec![subject]))
    }
}

/// Who is among both, where both are said.
fn both(one: Option<Vec<String>>, other: Option<Vec<String>>) -> Option<Vec<String>> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.into_iter().filter(|subject| other.contains(subject)).collect()),
        (one, other) => one.or(other),
    }
}

/// `value` or `values` of a wish; what is no text is nobody's. `None` where neither is said.
fn values(wish: &Map<String, Value>) -> Option<Vec<String>> {
    if !wish.contains_key("value") && !wish.contains_key("values") {
        return None;
    }
    let one = wish.get("value").and_then(Value::as_str).map(str::to_owned);
    let more = wish.get("values").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
    Some(one.into_iter().chain(more).collect())
}
