//! `claims` (OpenID Connect Core, section 5.5). What a person said is told to clients by scope alone: this parameter says of what a scope allows what
//! is to stand in the ID token, how somebody must have signed in, and who it must be.

use serde_json::{Map, Value};

use super::Fault;

/// How deep and wide it may be is bounded by the length of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims {
    /// Names of claims that are to stand in the ID token.
    pub in_id_token: Vec<String>,
    /// `acr` as an essential claim: one of these, or the request fails. Empty where it is not asked.
    pub essential_acr: Vec<String>,
    /// `acr` as a voluntary claim.
    pub voluntary_acr: Vec<String>,
    /// `sub`: whose sign-in alone does.
    pub subject: Option<String>,
}

impl Claims {
    pub(super) fn read(text: &str) -> Result<Self, Fault> {
        let malformed = || Fault::new("invalid_request", "claims is not an object of claims");
        let Ok(Value::Object(whole)) = serde_json::from_str::<Value>(text) else { return Err(malformed()) };
        let part = |name: &str| match whole.get(name) {
            None | Some(Value::Null) => Ok(Map::new()),
            Some(Value::Object(members)) => Ok(members.clone()),
            Some(_) => Err(malformed()),
        };
        let (id_token, userinfo) = (part("id_token")?, part("userinfo")?);
        let mut claims = Self::default();
        for (name, wish) in &id_token {
            let wish = match wish {
                Value::Null => None,
                Value::Object(wish) => Some(wish),
                _ => return Err(malformed()),
            };
            claims.in_id_token.push(name.clone());
            if name == "acr" {
                let values = wish.map(values).unwrap_or_default();
                let essential = wish.and_then(|wish| wish.get("essential")).and_then(Value::as_bool).unwrap_or_default();
                *(if essential { &mut claims.essential_acr } else { &mut claims.voluntary_acr }) = values;
            }
        }
        let subjects =
            [&id_token, &userinfo].map(|part| part.get("sub").and_then(Value::as_object).map(values).unwrap_or_default());
        claims.subject = subjects.into_iter().flatten().next();
        Ok(claims)
    }
}

/// `value` or `values` of a wish.
fn values(wish: &Map<String, Value>) -> Vec<String> {
    let one = wish.get("value").and_then(Value::as_str).map(str::to_owned);
    let more = wish.get("values").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
    one.into_iter().chain(more).collect()
}
