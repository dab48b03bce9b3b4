//! What the members of an organization may do, by their role in it; and what few may do everywhere.
//!
//! What each role may do stands in `policies/roles.toml`, for people to read; it is read when this is compiled.

mod file;

use crate::Permissions;

const _: () = assert!(
    file::ROLES == OrganizationRole::ALL.len() + GlobalRole::ALL.len(),
    "policies/roles.toml has a role that nobody can have"
);

/// A member's role in an organization (design, section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OrganizationRole {
    /// Everything in the organization.
    Owner,
    /// Everything but what costs money, and deleting the organization.
    Admin,
    /// Create, read, change and delete data, and read the organization's usage.
    Developer,
    /// Read data, train, search and ask.
    DataScientist,
    /// Read data.
    Analyst,
}

impl OrganizationRole {
    /// Every role, the mightiest first.
    pub const ALL: &[Self] = &[Self::Owner, Self::Admin, Self::Developer, Self::DataScientist, Self::Analyst];

    /// The role as it is stored and shown.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Developer => "developer",
            Self::DataScientist => "data_scientist",
            Self::Analyst => "analyst",
        }
    }

    /// The role that a word names.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.word() == word)
    }

    /// What the role may do. What concerns the whole server is no organization's to give.
    pub const fn permissions(self) -> Permissions {
        match self {
            Self::Owner => const { file::allowed("organization.owner") },
            Self::Admin => const { file::allowed("organization.admin") },
            Self::Developer => const { file::allowed("organization.developer") },
            Self::DataScientist => const { file::allowed("organization.data_scientist") },
            Self::Analyst => const { file::allowed("organization.analyst") },
        }
    }
}

/// A role on the whole server, besides that in an organization (design, section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GlobalRole {
    /// Accounts, shared rows, the system. No organization's content but the own one's.
    SuperAdmin,
    /// The system's resources. Never an organization's content.
    SystemOperator,
    /// Billing and usage.
    BillingAdmin,
    /// Reads the state of the system.
    Viewer,
}

impl GlobalRole {
    /// Every role.
    pub const ALL: &[Self] = &[Self::SuperAdmin, Self::SystemOperator, Self::BillingAdmin, Self::Viewer];

    /// The role as it is stored and shown.
    pub const fn word(self) -> &'static str {
        match self {
            Self::SuperAdmin => "super_admin",
            Self::SystemOperator => "system_operator",
            Self::BillingAdmin => "billing_admin",
            Self::Viewer => "viewer",
        }
    }

    /// The role that a word names.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.word() == word)
    }

    /// What the role may do besides what the person's role in the organization says.
    pub const fn permissions(self) -> Permissions {
        match self {
            Self::SuperAdmin => const { file::allowed("global.super_admin") },
            Self::SystemOperator => const { file::allowed("global.system_operator") },
            Self::BillingAdmin => const { file::allowed("global.billing_admin") },
            Self::Viewer => const { file::allowed("global.viewer") },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Permission;

    #[test]
    fn the_file_says_the_same_to_whoever_reads_toml() {
        let file: toml::Table = include_str!("../../../policies/roles.toml").parse().unwrap();
        let said = |kind: &str, role: &str| {
            let words = file[kind][role]["allows"].as_array().unwrap();
            Permissions::from_scopes(words.iter().map(|word| word.as_str().unwrap()))
        };
        for role in OrganizationRole::ALL {
            assert_eq!(said("organization", role.word()), role.permissions(), "{role:?}");
        }
        for role in GlobalRole::ALL {
            assert_eq!(said("global", role.word()), role.permissions(), "{role:?}");
        }
        let kinds: Vec<_> = file.iter().map(|(kind, roles)| (kind.as_str(), roles.as_table().unwrap().len())).collect();
        assert_eq!(kinds, [("global", 4), ("organization", 5)]);
    }

    #[test]
    fn no_role_reaches_beyond_its_organization_and_a_lesser_one_adds_nothing() {
        let mut mightier = OrganizationRole::Owner.permissions();
        for role in OrganizationRole::ALL {
            let may = role.permissions();
            assert_eq!(OrganizationRole::of(role.word()), Some(*role));
            assert_eq!(may.intersect(mightier), may, "{role:?}");
            for servers in [
                Permission::SharedWrite,
                Permission::SystemRead,
                Permission::UsersWrite,
                Permission::ElevationsRead,
                Permission::DirectoryRead,
            ] {
                assert!(!may.allows(servers), "{role:?}");
            }
            mightier = may;
        }
        assert!(!OrganizationRole::Analyst.permissions().allows(Permission::NodesWrite));
        assert_eq!(OrganizationRole::of("Owner"), None);
        let data = Permissions::from_scopes(["kg:read", "kg:write", "search:read", "ask:read", "events:read"]);
        for role in GlobalRole::ALL {
            assert_eq!(role.permissions().intersect(data), Permissions::NONE, "{role:?} sees content");
            assert_eq!(GlobalRole::of(role.word()), Some(*role));
        }
    }
}
