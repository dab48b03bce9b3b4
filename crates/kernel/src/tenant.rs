//! Who owns a row: a tenant, by its id, or nobody, and so everyone.

use std::{fmt, sync::Arc};

/// A tenant's id: 1 to 63 of `a-z 0-9 _ -`, a letter or digit first. Always taken from a credential, never from a request's content.
///
/// The alphabet leaves nothing to escape: an id can stand in SQL text between quotes as it is.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantId(Arc<str>);

/// Why a text is not a tenant id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a tenant id has 1 to 63 of a-z, 0-9, `_` and `-`, and begins with a letter or a digit")]
pub struct InvalidTenantId;

impl TenantId {
    /// Reads an id, exactly as it stands: nothing is trimmed or lowered.
    pub fn parse(text: &str) -> Result<Self, InvalidTenantId> {
        let head = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let tail = |b: u8| head(b) || b == b'_' || b == b'-';
        match text.as_bytes() {
            [first, rest @ ..] if rest.len() < 63 && head(*first) && rest.iter().all(|b| tail(*b)) => Ok(Self(text.into())),
            _ => Err(InvalidTenantId),
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Who owns rows: a tenant, or nobody in particular. Shared rows are read by every tenant, and written only for an administrator.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Owner {
    /// One tenant's.
    Tenant(TenantId),
    /// The shared rows: `*` in storage, null in the API.
    Shared,
}

impl Owner {
    /// Reads what stands in a row's `tenant_id`.
    ///
    /// # Errors
    /// [`InvalidTenantId`] for what is neither a tenant's id nor `*`.
    pub fn parse(text: &str) -> Result<Self, InvalidTenantId> {
        if text == "*" { Ok(Self::Shared) } else { TenantId::parse(text).map(Self::Tenant) }
    }

    /// What stands in a row's `tenant_id`.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Shared => "*",
            Self::Tenant(tenant) => tenant.as_str(),
        }
    }
}

impl From<TenantId> for Owner {
    fn from(tenant: TenantId) -> Self {
        Self::Tenant(tenant)
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_a_tenant_or_everyone_and_reads_as_it_is_written() {
        for text in ["acme", "*"] {
            assert_eq!(Owner::parse(text).unwrap().as_str(), text);
        }
        assert_eq!(Owner::parse("*"), Ok(Owner::Shared));
        for bad in ["", "**", "_system", "* "] {
            assert_eq!(Owner::parse(bad), Err(InvalidTenantId), "{bad:?}");
        }
    }

    #[test]
    fn only_the_stated_form_is_a_tenant() {
        for good in ["a", "0", "tenant_a", "acme-corp", "org_01", &"x".repeat(63)] {
            assert_eq!(TenantId::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", " ", "*", "_system", "-a", "A", "acme corp", "a'", "a\0", "ä", "a;b", "a\n", &"x".repeat(64)] {
            assert_eq!(TenantId::parse(bad), Err(InvalidTenantId), "{bad:?}");
        }
    }
}
