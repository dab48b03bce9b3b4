//! Scopes: the words of permissions, and those of OpenID Connect.

use wardgraph_kernel::Permissions;

use crate::{ErrorCode, Refusal};

/// Asks who the person is (OpenID Connect Core, section 3.1.2.1).
pub const OPENID: &str = "openid";
/// Asks for the person's name.
pub const PROFILE: &str = "profile";
/// Asks for the person's address.
pub const EMAIL: &str = "email";
/// Asks for a refresh token, to be used while the person is away (OpenID Connect Core, section 11).
pub const OFFLINE: &str = "offline_access";

/// The scopes that are about a person, and no permission.
pub const PERSONAL: &[&str] = &[OPENID, PROFILE, EMAIL, OFFLINE];

/// How many scopes may be named at once.
const MOST: usize = 64;

/// Whether a word is a scope of this server.
pub fn is_known(word: &str) -> bool {
    PERSONAL.contains(&word) || Permissions::from_scopes([word]) != Permissions::NONE
}

/// The words of a `scope` parameter, each once (RFC 6749, section 3.3).
///
/// # Errors
/// `invalid_scope` for a word that is none of this server's, or too many of them.
pub fn read(text: &str) -> Result<Vec<String>, Refusal> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        if !is_known(word) {
            return Err(Refusal::new(ErrorCode::InvalidScope, "a scope is unknown"));
        }
        if !words.iter().any(|known| known == word) {
            words.push(word.to_owned());
        }
        if words.len() > MOST {
            return Err(Refusal::new(ErrorCode::InvalidScope, "there are too many scopes"));
        }
    }
    Ok(words)
}

/// The scopes of a request among those that may be had: all of them where nothing is asked.
///
/// # Errors
/// `invalid_scope` for more than may be had.
pub fn asked(text: Option<&str>, may: &[String]) -> Result<Vec<String>, Refusal> {
    let Some(text) = text else { return Ok(may.to_vec()) };
    let words = read(text)?;
    if words.is_empty() {
        return Err(Refusal::new(ErrorCode::InvalidScope, "no scope is named"));
    }
    let beyond = words.iter().any(|word| !holds(may, word));
    if beyond { Err(Refusal::new(ErrorCode::InvalidScope, "a scope is more than may be had")) } else { Ok(words) }
}

/// Whether `scopes` hold this one: itself, or what it allows.
pub fn holds(scopes: &[String], word: &str) -> bool {
    scopes.iter().any(|scope| scope == word)
        || (!PERSONAL.contains(&word) && permissions(scopes).covers(Permissions::from_scopes([word])))
}

/// What scopes allow.
pub fn permissions(scopes: &[String]) -> Permissions {
    Permissions::from_scopes(scopes.iter().map(String::as_str))
}

/// The scopes that are left of `scopes` where there may be these and no others; as [`within`] says of words that say more.
pub fn among(scopes: &[String], may: &[String]) -> Vec<String> {
    let mut left = within(scopes, permissions(may));
    left.retain(|word| !PERSONAL.contains(&word.as_str()) || may.contains(word));
    left
}

/// The scopes that are left of `scopes` where no more than `may` is allowed: a word that says more is left out, and what it says besides that is
/// allowed stays.
pub fn within(scopes: &[String], may: Permissions) -> Vec<String> {
    let mut left: Vec<String> = Vec::new();
    let mut keep = |word: &str| {
        if !left.iter().any(|kept| kept == word) {
            left.push(word.to_owned());
        }
    };
    for word in scopes {
        let says = Permissions::from_scopes([word.as_str()]);
        if PERSONAL.contains(&word.as_str()) || (says != Permissions::NONE && may.covers(says)) {
            keep(word);
        } else {
            says.intersect(may).iter().for_each(|permission| keep(permission.word()));
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardgraph_kernel::OrganizationRole;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
    }

    #[test]
    fn no_scope_is_had_that_was_not_given() {
        let may = words("nodes:write search:read openid");
        assert_eq!(asked(None, &may).unwrap(), may);
        assert_eq!(asked(Some("nodes:read  openid nodes:read"), &may).unwrap(), words("nodes:read openid"));
        for beyond in [
            "edges:read",
            "nodes:write edges:write",
            "offline_access",
            "system:read",
            "kg:write",
            "nodes:*",
            "NODES:READ",
            "",
            " ",
        ] {
            assert_eq!(asked(Some(beyond), &may).unwrap_err().code, ErrorCode::InvalidScope, "{beyond}");
        }
        assert!(asked(Some("openid"), &words("nodes:read")).is_err() && asked(Some("nodes:read"), &words("openid")).is_err());
    }

    #[test]
    fn a_role_leaves_of_scopes_what_it_allows() {
        let analyst = OrganizationRole::Analyst.permissions();
        assert_eq!(within(&words("openid nodes:write edges:read events:read"), analyst), words("openid nodes:read edges:read"));
        assert_eq!(within(&words("nodes:write nodes:read"), analyst), words("nodes:read"));
        assert_eq!(within(&words("users:write system:read"), OrganizationRole::Owner.permissions()), words("users:read"));
        assert_eq!(within(&words("nodes:write"), OrganizationRole::Owner.permissions()), words("nodes:write"));
    }
}
