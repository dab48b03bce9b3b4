//! What waits of several tenants, in turns between them: whoever has much waiting holds up nobody who has little.

use std::collections::{HashMap, VecDeque};

use wardgraph_kernel::TenantId;

/// Things that wait, each of a tenant. Of one tenant the first goes first.
#[derive(Debug)]
pub(crate) struct Turns<T> {
    of: HashMap<TenantId, VecDeque<T>>,
    /// Those who have something waiting, each once, whoever waits longest for a turn first.
    order: VecDeque<TenantId>,
}

impl<T> Default for Turns<T> {
    fn default() -> Self {
        Self { of: HashMap::new(), order: VecDeque::new() }
    }
}

impl<T> Turns<T> {
    /// Puts something behind what the tenant has waiting.
    pub(crate) fn push(&mut self, tenant: TenantId, thing: T) {
        let waiting = self.of.entry(tenant.clone()).or_default();
        if waiting.is_empty() {
            self.order.push_back(tenant);
        }
        waiting.push_back(thing);
    }

    /// Takes what is next of the tenant whose turn it is.
    pub(crate) fn pop(&mut self) -> Option<(TenantId, T)> {
        let tenant = self.order.pop_front()?;
        let waiting = self.of.get_mut(&tenant)?;
        let thing = waiting.pop_front()?;
        if waiting.is_empty() {
            self.of.remove(&tenant);
        } else {
            self.order.push_back(tenant.clone());
        }
        Some((tenant, thing))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_take_turns_and_each_is_served_in_its_order() {
        let mut turns = Turns::default();
        for (tenant, number) in [("a", 1), ("a", 2), ("a", 3), ("b", 4), ("c", 5), ("b", 6)] {
            turns.push(TenantId::parse(tenant).unwrap(), number);
        }
        let mut next = || turns.pop().map(|(tenant, number)| format!("{tenant}{number}"));
        assert_eq!([next(), next()], ["a1", "b4"].map(|told| Some(told.to_owned())));
        turns.push(TenantId::parse("d").unwrap(), 7);
        let rest: Vec<_> = std::iter::from_fn(|| turns.pop()).map(|(tenant, number)| format!("{tenant}{number}")).collect();
        assert_eq!(rest, ["c5", "a2", "b6", "d7", "a3"]);
        assert!(turns.of.is_empty() && turns.order.is_empty(), "nothing is known of whoever waits for nothing");
    }
}
