//! The closed list of permissions, and sets of them. OAuth scopes are the same words.

use std::fmt;

macro_rules! permissions {
    ($( $(#[$doc:meta])* $name:ident = $word:literal $(implies $($implied:ident),+)? ;)*) => {
        /// `resource:action`: what an actor may do in its tenant.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Permission { $( $(#[$doc])* $name ),* }

        impl Permission {
            /// Every permission there is.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The word of the permission, as scopes spell it.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word),* }
            }

            /// What whoever holds it may do besides.
            pub const fn implied(self) -> &'static [Self] {
                match self { $(Self::$name => &[$($(Self::$implied),+)?]),* }
            }
        }
    };
}

impl Permission {
    /// The permission that a word names.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|permission| permission.word() == word)
    }

    /// What nobody can do without it: whoever holds one of these holds it too.
    pub fn implied_by(self) -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(move |other| other.implied().contains(&self))
    }
}

permissions! {
    /// Read nodes, and from a node its neighbours and its lineage, with the edges that lead there.
    NodesRead = "nodes:read";
    /// Create, update and delete nodes.
    NodesWrite = "nodes:write" implies NodesRead;
    /// Read edges.
    EdgesRead = "edges:read";
    /// Create, update and delete edges.
    EdgesWrite = "edges:write" implies EdgesRead;
    /// Read triggers.
    TriggersRead = "triggers:read";
    /// Create, update and delete triggers.
    TriggersWrite = "triggers:write" implies TriggersRead;
    /// Search nodes.
    SearchRead = "search:read" implies NodesRead;
    /// Ask questions that a model answers from nodes.
    AskRead = "ask:read";
    /// Read the tenant's events.
    EventsRead = "events:read";
    /// Refresh nodes out of turn, see the refresh queue and the effective limits.
    AdminRefresh = "admin:refresh";
    /// Read the own organization's usage.
    MetricsRead = "metrics:read";
    /// Create, change and delete the nodes that every tenant reads: for administrators of the whole server.
    SharedWrite = "shared:write";
    /// Read who the members of the own organization are.
    UsersRead = "users:read";
    /// Invite people to the own organization, see who is invited, and withdraw invitations.
    MembersWrite = "members:write";
    /// Disable, enable and delete accounts, and read everybody's: for administrators of the whole server.
    UsersWrite = "users:write" implies UsersRead;
    /// Read the state of the system: process-wide metrics, limits, jobs.
    SystemRead = "system:read";
    /// Read which clients of the OAuth server the own organization has.
    ClientsRead = "clients:read";
    /// Register, change and delete clients of the OAuth server, and make their secrets.
    ClientsWrite = "clients:write" implies ClientsRead;
    /// Rename the own organization, and change its settings.
    OrganizationsWrite = "organizations:write";
    /// Hand over the own organization, and delete it.
    OrganizationsDelete = "organizations:delete";
    /// Read which roles the own organization has, and who holds which.
    RolesRead = "roles:read";
    /// Make roles for the own organization, and give and take them.
    RolesWrite = "roles:write" implies RolesRead;
    /// Read reviews of who may do what.
    ReviewsRead = "reviews:read";
    /// Begin reviews of who may do what, and decide in them.
    ReviewsWrite = "reviews:write" implies ReviewsRead;
    /// Ask what others may do in the own organization.
    AuthzRead = "authz:read";
    /// Read what is known of vector indices.
    IndicesRead = "indices:read";
    /// Create, change and delete vector indices, and what is in them.
    IndicesWrite = "indices:write" implies IndicesRead;
    /// Train vector indices.
    IndicesTrain = "indices:train" implies IndicesRead;
    /// Read an organization's content for a while, for a reason: for administrators of the whole server.
    ElevationsRead = "elevations:read";
    /// Change an organization's content for a while, for a reason: for administrators of the whole server.
    ElevationsWrite = "elevations:write" implies ElevationsRead;
    /// Read which organizations there are, and never what is in them: for administrators of the whole server.
    DirectoryRead = "directory:read";
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A set of permissions, closed under implication.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Permissions(u64);

impl Permissions {
    /// The empty set.
    pub const NONE: Self = Self(0);

    /// What tokens of trusted outside issuers may carry unless the operator says otherwise: the data scopes and `admin:refresh`.
    pub fn outside_ceiling() -> Self {
        // Named one by one: a permission that is added later is not given to outside issuers by forgetting it.
        [
            Permission::NodesRead,
            Permission::NodesWrite,
            Permission::EdgesRead,
            Permission::EdgesWrite,
            Permission::TriggersRead,
            Permission::TriggersWrite,
            Permission::SearchRead,
            Permission::AskRead,
            Permission::EventsRead,
            Permission::AdminRefresh,
        ]
        .into_iter()
        .collect()
    }

    /// Every permission.
    pub fn all() -> Self {
        Permission::ALL.iter().copied().collect()
    }

    /// Reads scope words. Unknown words grant nothing; `kg:read` and `kg:write` are Active Graph KG's words for nodes, edges and triggers.
    pub fn from_scopes<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        words.into_iter().flat_map(meaning).collect()
    }

    /// Whether the set holds `permission`, itself or by implication.
    pub const fn allows(self, permission: Permission) -> bool {
        self.0 & bit(permission) != 0
    }

    /// Whether everything in `other` is in the set too.
    pub const fn covers(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// Those of the scopes that are more than these, with their places: nobody hands out what they have not.
    pub fn beyond(self, scopes: &[String]) -> impl Iterator<Item = (usize, &String)> {
        scopes.iter().enumerate().filter(move |(_, scope)| !self.covers(Self::from_scopes([scope.as_str()])))
    }

    /// The set with `permission` and what that implies.
    #[must_use]
    pub const fn with(self, permission: Permission) -> Self {
        let (mut set, mut implied) = (self.0 | bit(permission), permission.implied());
        while let [one, rest @ ..] = implied {
            set |= bit(*one);
            implied = rest;
        }
        Self(set)
    }

    /// What either set holds.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What both sets hold.
    #[must_use]
    pub const fn intersect(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The permissions in the set, in the list's order.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |p| self.allows(*p))
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        permissions.into_iter().fold(Self::NONE, Self::with)
    }
}

impl fmt::Debug for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Permission::word)).finish()
    }
}

fn meaning(word: &str) -> Vec<Permission> {
    match word {
        "kg:read" => vec![Permission::NodesRead, Permission::EdgesRead, Permission::TriggersRead],
        "kg:write" => vec![Permission::NodesWrite, Permission::EdgesWrite, Permission::TriggersWrite],
        word => Permission::of(word).into_iter().collect(),
    }
}

const fn bit(permission: Permission) -> u64 {
    1 << (permission as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(scopes: &[&str], allowed: &[&str]) {
        let set = Permissions::from_scopes(scopes.iter().copied());
        let words: Vec<_> = set.iter().map(Permission::word).collect();
        assert_eq!(words, allowed, "{scopes:?}");
    }

    #[test]
    fn scopes_imply_what_they_should_and_nothing_else() {
        check(&[], &[]);
        check(&["nodes:read"], &["nodes:read"]);
        check(&["nodes:write"], &["nodes:read", "nodes:write"]);
        check(&["search:read"], &["nodes:read", "search:read"]);
        check(&["kg:read"], &["nodes:read", "edges:read", "triggers:read"]);
        check(
            &["kg:write", "nodes:delete", "*", "NODES:WRITE", ""],
            &["nodes:read", "nodes:write", "edges:read", "edges:write", "triggers:read", "triggers:write"],
        );
    }

    #[test]
    fn what_is_implied_implies_nothing_further() {
        for permission in Permission::ALL {
            assert!(permission.implied().iter().all(|implied| implied.implied().is_empty()), "{permission}");
        }
        let without: Vec<_> = Permission::NodesRead.implied_by().map(Permission::word).collect();
        assert_eq!(without, ["nodes:write", "search:read"]);
    }

    #[test]
    fn an_outside_token_never_reaches_the_system() {
        let asked = Permissions::from_scopes([
            "system:read",
            "metrics:read",
            "admin:refresh",
            "shared:write",
            "users:read",
            "users:write",
            "members:write",
            "clients:read",
            "clients:write",
            "organizations:write",
            "organizations:delete",
            "roles:write",
            "reviews:write",
            "authz:read",
            "elevations:write",
            "directory:read",
            "super_admin",
        ]);
        let given = asked.intersect(Permissions::outside_ceiling());
        assert_eq!(given.iter().collect::<Vec<_>>(), [Permission::AdminRefresh]);
    }
}
