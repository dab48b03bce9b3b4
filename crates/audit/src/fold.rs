//! Folding: refusals and first uses become one event a second for each tenant, actor or network, endpoint and reason, with a count.
//!
//! Bounded: whoever floods the server fills one entry, and what no longer fits is counted as overflow. A tenant has a quarter of the entries at most,
//! and so have those of whom no credential told whose they are: with many names and addresses nobody takes another tenant's refusals off the record.

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
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    counts: HashMap<Refusal, u64>,
    /// How many of them each tenant has.
    of: HashMap<Option<TenantId>, usize>,
    overflow: u64,
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
        let held = &mut *held;
        if let Some(count) = held.counts.get_mut(&refusal) {
            *count += times;
        } else if held.counts.len() < self.most && held.take(refusal.tenant.clone(), self.most.div_ceil(4)) {
            held.counts.insert(refusal, times);
        } else {
            held.overflow += times;
        }
    }

    /// Counts `times` that have no room.
    pub fn add_overflow(&self, times: u64) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).overflow += times;
    }

    /// Takes out everything that was counted.
    pub fn drain(&self) -> Folded {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let Held { counts, overflow, .. } = std::mem::take(&mut *held);
        Folded { counts: counts.into_iter().collect(), overflow }
    }
}

impl Held {
    /// Whether a tenant has fewer than `each`: then it has one more.
    fn take(&mut self, tenant: Option<TenantId>, each: usize) -> bool {
        let count = self.of.entry(tenant).or_default();
        let fits = *count < each;
        *count += usize::from(fits);
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardgraph_kernel::ActorType;

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
        let fold = Fold::new(12);
        for turn in 0..100 {
            fold.add(refusal(1));
            fold.add(refusal(turn));
        }
        let folded = fold.drain();
        assert_eq!(folded.counts.len(), 3);
        assert_eq!(folded.counts.iter().map(|(_, n)| n).sum::<u64>() + folded.overflow, 200);
        assert!(fold.drain().counts.is_empty());
    }

    #[test]
    fn a_tenant_with_many_names_takes_no_other_off_the_record() {
        let fold = Fold::new(100);
        let of = |tenant: &str, name: u32| {
            let actor = Some(Actor { kind: ActorType::User, id: name.to_string().into() });
            Refusal { tenant: Some(TenantId::parse(tenant).unwrap()), actor, ..refusal(1) }
        };
        for round in 0..2 {
            (0..1_000).for_each(|name| fold.add(of("hostile", name)));
            (0..1_000).for_each(|turn| fold.add(Refusal { ip: std::net::Ipv4Addr::from_bits(turn).into(), ..refusal(1) }));
            (0..25).for_each(|name| fold.add(of("neighbour", name)));
            let folded = fold.drain();
            let known = |tenant| folded.counts.iter().filter(|(refusal, _)| refusal.tenant == tenant).count();
            let tenant = |name| TenantId::parse(name).ok();
            assert_eq!([known(tenant("hostile")), known(None), known(tenant("neighbour"))], [25; 3], "round {round}");
            assert_eq!(folded.overflow, 2 * 975);
        }
    }
}
