//! Folding: refusals and first uses become one event a second for each tenant, actor or network, endpoint and reason, with a count.
//!
//! Bounded: whoever floods the server fills one entry, and what no longer fits is counted as overflow.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use wardgraph_kernel::{Actor, EventType, TenantId};

/// What is folded: everything alike in all of these is one event with a count.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Refusal {
    /// What happened: [`EventType::AccessRefused`] or [`EventType::TokenAccepted`].
    pub event_type: EventType,
    /// In whose tenant; `None` where no credential told.
    pub tenant: Option<TenantId>,
    /// Who; `None` where no credential told.
    pub actor: Option<Actor>,
    /// From where.
    pub ip: IpAddr,
    /// At which endpoint.
    pub endpoint: &'static str,
    /// Why: a fixed word.
    pub reason: &'static str,
}

/// Everything that was folded since the last time.
#[derive(Debug, Default)]
pub struct Folded {
    /// What happened, and how often.
    pub counts: Vec<(Refusal, u64)>,
    /// What happened and had no room.
    pub overflow: u64,
}

/// The fold: at most `most` different entries between two drains.
#[derive(Debug)]
pub struct Fold {
    most: usize,
    held: Mutex<(HashMap<Refusal, u64>, u64)>,
}

impl Fold {
    /// An empty fold for at most `most` entries.
    pub fn new(most: usize) -> Self {
        Self { most, held: Mutex::default() }
    }

    /// Counts one.
    pub fn add(&self, refusal: Refusal) {
        self.add_many(refusal, 1);
    }

    /// Counts `times` alike.
    pub fn add_many(&self, refusal: Refusal, times: u64) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let (counts, overflow) = &mut *held;
        if let Some(count) = counts.get_mut(&refusal) {
            *count += times;
        } else if counts.len() < self.most {
            counts.insert(refusal, times);
        } else {
            *overflow += times;
        }
    }

    /// Counts `times` that have no room.
    pub fn add_overflow(&self, times: u64) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).1 += times;
    }

    /// Takes out everything that was counted.
    pub fn drain(&self) -> Folded {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let (counts, overflow) = std::mem::take(&mut *held);
        Folded { counts: counts.into_iter().collect(), overflow }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(last: u8) -> Refusal {
        Refusal {
            event_type: EventType::AccessRefused,
            tenant: None,
            actor: None,
            ip: [127, 0, 0, last].into(),
            endpoint: "GetNode",
            reason: "unauthenticated",
        }
    }

    #[test]
    fn a_flood_is_one_entry_and_strangers_cannot_fill_memory() {
        let fold = Fold::new(3);
        for turn in 0..100 {
            fold.add(refusal(1));
            fold.add(refusal(turn));
        }
        let folded = fold.drain();
        assert_eq!(folded.counts.len(), 3);
        assert_eq!(folded.counts.iter().map(|(_, n)| n).sum::<u64>() + folded.overflow, 200);
        assert!(fold.drain().counts.is_empty());
    }
}
