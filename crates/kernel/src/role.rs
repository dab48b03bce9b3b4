//! What the members of an organization may do, by their role in it; and what few may do everywhere.

use crate::{Permission, Permissions};

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

    /// Whether the role looks after the organization itself: its members and settings.
    pub const fn governs(self) -> bool {
        matches!(self, Self::Owner | Self::Admin)
    }

    /// Whether somebody of this role may give others that role: who looks after members, and none above the own.
    pub fn may_give(self, role: Self) -> bool {
        self.governs() && (self == Self::Owner || role != Self::Owner)
    }

    /// What the role may do. What concerns the whole server is no organization's to give.
    pub fn permissions(self) -> Permissions {
        let named: &[Permission] = match self {
            Self::Owner | Self::Admin => &[
                Permission::NodesWrite,
                Permission::EdgesWrite,
                Permission::TriggersWrite,
                Permission::SearchRead,
                Permission::AskRead,
                Permission::EventsRead,
                Permission::AdminRefresh,
                Permission::MetricsRead,
                Permission::UsersRead,
                Permission::MembersWrite,
            ],
            Self::Developer => &[
                Permission::NodesWrite,
                Permission::EdgesWrite,
                Permission::TriggersWrite,
                Permission::SearchRead,
                Permission::AskRead,
                Permission::MetricsRead,
            ],
            Self::DataScientist => &[
                Permission::NodesRead,
                Permission::EdgesRead,
                Permission::TriggersRead,
                Permission::SearchRead,
                Permission::AskRead,
            ],
            Self::Analyst => &[Permission::NodesRead, Permission::EdgesRead, Permission::TriggersRead, Permission::SearchRead],
        };
        named.iter().copied().collect()
    }
}

/// A role on the whole server, besides that in an organization (design, section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GlobalRole {
    /// Accounts, shared rows, the system. No organization's content but the own one's.
    SuperAdmin,
}

impl GlobalRole {
    /// Every role.
    pub const ALL: &[Self] = &[Self::SuperAdmin];

    /// The role as it is stored and shown.
    pub const fn word(self) -> &'static str {
        match self {
            Self::SuperAdmin => "super_admin",
        }
    }

    /// The role that a word names.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.word() == word)
    }

    /// What the role may do besides what the person's role in the organization says.
    pub fn permissions(self) -> Permissions {
        match self {
            Self::SuperAdmin => [Permission::UsersWrite, Permission::SharedWrite, Permission::SystemRead].into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_role_reaches_beyond_its_organization_and_a_lesser_one_adds_nothing() {
        let mut mightier = OrganizationRole::Owner.permissions();
        for role in OrganizationRole::ALL {
            let may = role.permissions();
            assert_eq!(OrganizationRole::of(role.word()), Some(*role));
            assert_eq!(may.intersect(mightier), may, "{role:?}");
            for servers in [Permission::SharedWrite, Permission::SystemRead, Permission::UsersWrite] {
                assert!(!may.allows(servers), "{role:?}");
            }
            mightier = may;
        }
        let givers: Vec<_> = OrganizationRole::ALL
            .iter()
            .map(|role| OrganizationRole::ALL.iter().filter(|other| role.may_give(**other)).count())
            .collect();
        assert_eq!(givers, [5, 4, 0, 0, 0]);
        assert!(
            OrganizationRole::Owner.may_give(OrganizationRole::Owner)
                && !OrganizationRole::Admin.may_give(OrganizationRole::Owner)
        );
        assert!(!OrganizationRole::Analyst.permissions().allows(Permission::NodesWrite));
        assert_eq!(OrganizationRole::of("Owner"), None);
        let data = Permissions::from_scopes(["kg:read", "kg:write", "search:read", "ask:read", "events:read"]);
        for role in GlobalRole::ALL {
            assert_eq!(role.permissions().intersect(data), Permissions::NONE, "{role:?} sees content");
            assert_eq!(GlobalRole::of(role.word()), Some(*role));
        }
    }
}
