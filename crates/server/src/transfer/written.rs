//! Which nodes an export has written, so that it writes no edge without its ends.

use std::collections::BTreeSet;

use wardgraph_kernel::NodeId;

/// The ids of nodes that were written: 16 octets each, as they come in their order.
#[derive(Debug, Default)]
pub(super) struct Written {
    in_order: Vec<NodeId>,
    /// Those that came behind later ones.
    late: BTreeSet<NodeId>,
}

impl Written {
    /// Remembers one.
    pub(super) fn add(&mut self, id: NodeId) {
        if self.in_order.last().is_none_or(|last| *last < id) {
            self.in_order.push(id);
        } else {
            self.late.insert(id);
        }
    }

    /// Whether it was written.
    pub(super) fn has(&self, id: NodeId) -> bool {
        self.in_order.binary_search(&id).is_ok() || self.late.contains(&id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_known_in_whichever_order_it_came() {
        let id = |number: u128| NodeId::from(uuid::Uuid::from_u128(number));
        let mut written = Written::default();
        for number in [2, 4, 8, 3, 9, 1] {
            assert!(!written.has(id(number)));
            written.add(id(number));
        }
        assert!([1, 2, 3, 4, 8, 9].into_iter().all(|number| written.has(id(number))) && !written.has(id(5)));
    }
}
