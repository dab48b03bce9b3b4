//! Which class has which limits.

use wardgraph_kernel::LimitClass;

use crate::Policy;

/// The limits of every class, per tenant and per network; a class without a policy is not counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitTable {
    tenant: PerClass<Option<Policy>>,
    network: PerClass<Option<Policy>>,
}

/// One value for each [`LimitClass`]: a struct and a `match`, so that a new class cannot be forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct PerClass<T> {
    probe: T,
    read: T,
    node_write: T,
    items: T,
    search: T,
    auth: T,
    client: T,
}

impl<T> PerClass<T> {
    pub(crate) const fn of(&self, class: LimitClass) -> &T {
        match class {
            LimitClass::Probe => &self.probe,
            LimitClass::Read => &self.read,
            LimitClass::NodeWrite => &self.node_write,
            LimitClass::Items => &self.items,
            LimitClass::Search => &self.search,
            LimitClass::Auth => &self.auth,
            LimitClass::Client => &self.client,
        }
    }

    pub(crate) const fn of_mut(&mut self, class: LimitClass) -> &mut T {
        match class {
            LimitClass::Probe => &mut self.probe,
            LimitClass::Read => &mut self.read,
            LimitClass::NodeWrite => &mut self.node_write,
            LimitClass::Items => &mut self.items,
            LimitClass::Search => &mut self.search,
            LimitClass::Auth => &mut self.auth,
            LimitClass::Client => &mut self.client,
        }
    }

    pub(crate) fn all(&self, mut is: impl FnMut(&T) -> bool) -> bool {
        LimitClass::ALL.iter().all(|class| is(self.of(*class)))
    }
}

impl Default for LimitTable {
    /// The default limits, burst then sustained per second.
    fn default() -> Self {
        let stranger = Some(Policy::known(200, 50));
        Self {
            tenant: PerClass {
                probe: None,
                read: Some(Policy::known(2_000, 1_000)),
                node_write: Some(Policy::known(50, 10)),
                items: Some(Policy::known(50_000, 5_000)),
                search: Some(Policy::known(100, 10)),
                auth: Some(Policy::known(100, 10)),
                client: Some(Policy::known(2_000, 1_000)),
            },
            network: PerClass {
                probe: None,
                read: stranger,
                node_write: stranger,
                items: stranger,
                search: Some(Policy::known(20, 5)),
                auth: Some(Policy::known(30, 1)),
                client: Some(Policy::known(30, 1)),
            },
        }
    }
}

impl LimitTable {
    /// A table that counts nobody. The server allows it on a loopback listener alone.
    pub fn disabled() -> Self {
        Self { tenant: PerClass::default(), network: PerClass::default() }
    }

    /// Whether nothing at all is counted.
    pub fn is_disabled(&self) -> bool {
        self.tenant.all(Option::is_none) && self.network.all(Option::is_none)
    }

    /// The same table with another policy for a tenant's `class`; `None` counts it no more.
    #[must_use]
    pub fn with_tenant(mut self, class: LimitClass, policy: Option<Policy>) -> Self {
        *self.tenant.of_mut(class) = policy;
        self
    }

    /// The same table with another policy for a network's `class`; `None` counts it no more.
    #[must_use]
    pub fn with_network(mut self, class: LimitClass, policy: Option<Policy>) -> Self {
        *self.network.of_mut(class) = policy;
        self
    }

    /// What a tenant may do in `class`.
    pub const fn tenant(&self, class: LimitClass) -> Option<Policy> {
        *self.tenant.of(class)
    }

    /// What callers without a valid credential may do in `class` from one network.
    pub const fn network(&self, class: LimitClass) -> Option<Policy> {
        *self.network.of(class)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_the_designs() {
        let table = LimitTable::default();
        let shown = |policy: Option<Policy>| {
            policy.map(|p| (p.burst(), p.sustained())).inspect(|(b, s)| assert!(Policy::new(*b, *s).is_ok()))
        };
        let expected = [
            (LimitClass::Probe, None, None),
            (LimitClass::Read, Some((2_000, 1_000)), Some((200, 50))),
            (LimitClass::NodeWrite, Some((50, 10)), Some((200, 50))),
            (LimitClass::Items, Some((50_000, 5_000)), Some((200, 50))),
            (LimitClass::Search, Some((100, 10)), Some((20, 5))),
            (LimitClass::Auth, Some((100, 10)), Some((30, 1))),
            (LimitClass::Client, Some((2_000, 1_000)), Some((30, 1))),
        ];
        assert_eq!(expected.map(|(class, ..)| class), LimitClass::ALL);
        for (class, tenant, network) in expected {
            assert_eq!((shown(table.tenant(class)), shown(table.network(class))), (tenant, network), "{class:?}");
        }
    }

    #[test]
    fn an_override_touches_its_own_class_alone() {
        let policy = Policy::new(7, 1).ok();
        let table = LimitTable::default().with_tenant(LimitClass::Search, policy);
        assert_eq!(table.tenant(LimitClass::Search), policy);
        assert_eq!(table.network(LimitClass::Search), LimitTable::default().network(LimitClass::Search));
        assert!(!table.is_disabled() && LimitTable::disabled().is_disabled());
    }
}
