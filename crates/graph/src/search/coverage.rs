//! How much of what a tenant searches by meaning has a vector, as it was a moment ago.
//!
//! A request counts nothing: it asks this memory, and leaves word that it asked. Who lacks vectors is looked up by steps over all tenants; how
//! many they lack is counted for those alone who ask.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};

use wardgraph_kernel::{Mode, Owner, Read, TenantId, Timestamp};
use wardgraph_store::{Role, Statement, StatementInfo, StoreError, Tx};

use crate::embedding::{MOST_COUNTED, others};

/// Those who have vectors of other models than `$1`, and those whose nodes wait for vectors: the next `$3` after `$2`. Where nobody is either, no
/// tenant is looked at, however many there are.
const LACKING: Statement<Read> = Statement::reading(
    "graph.search.lacking",
    &[Role::Worker],
    concat!(
        "with recursive ",
        others!(),
        ", queued (tenant_id, place) as (
       (select j.tenant_id, 1 from jobs j where j.kind = 'embed' and not j.dead and j.tenant_id > $2 order by j.tenant_id limit 1)
       union all
       select (select j.tenant_id from jobs j where j.kind = 'embed' and not j.dead and j.tenant_id > q.tenant_id order by j.tenant_id limit 1), q.place + 1
       from queued q where q.tenant_id is not null and q.place < $3::bigint
     )
     select tenant_id, bool_or(changing) from (
       select o.tenant_id, true as changing from others o
       union all
       select q.tenant_id, false from queued q where q.tenant_id is not null
     ) l group by tenant_id order by tenant_id limit $3::bigint"
    ),
);

/// How many vectors of `$2` there are, and how many nodes wait for one, both up to `$3`: nodes of other models' vectors, and what is queued. A node
/// whose text changed has a vector until it has the next one. Two ranges of models, since what is unequal is found by no index. Of each kind `$4`
/// are looked at and no more, so that a tenant that has nearly all of its vectors is not read to the end; how many were is told.
const COUNT: Statement<Read> = Statement::reading(
    "graph.search.count_lacking",
    &[Role::Worker, Role::Admin],
    "with met as materialized (
       (select o.node_id from embeddings o where o.tenant_id = $1 and o.model < $2 limit $4::bigint)
       union all
       (select o.node_id from embeddings o where o.tenant_id = $1 and o.model > $2 limit $4::bigint)
       union all
       (select j.subject_id from jobs j where j.tenant_id = $1 and j.kind = 'embed' and not j.dead limit $4::bigint)
     )
     select (select count(*) from (select from embeddings where tenant_id = $1 and model = $2 limit $3::bigint) s),
            (select count(*) from (
               select distinct m.node_id from met m left join lateral (
                 select true as has from embeddings n where n.tenant_id = $1 and n.model = $2 and n.node_id = m.node_id limit 1
               ) n on true where n.has is null limit $3::bigint) w),
            (select count(*) from met)",
);

pub(crate) const STATEMENTS: &[&StatementInfo] = &[LACKING.info(), COUNT.info()];

/// Tenants of one look.
const TENANTS_A_LOOK: i64 = 5_000;

/// How many vectors, or jobs, of one tenant are looked at for those that wait.
const MOST_LOOKED: i64 = 4 * MOST_COUNTED;

/// How long what was counted is told: a bit longer than those who go on asking wait to be counted again.
const FRESH: Duration = Duration::from_secs(15);

/// How many have asked whose nodes are not counted yet, at most: more of them are told no numbers.
const MOST_ASKING: usize = 1_000;

/// What search by meaning finds of a tenant's nodes, and of the shared ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Whether the model changes; else nodes that were written wait for their vectors.
    pub changing: bool,
    /// What was counted, if it was.
    pub counted: Option<Counted>,
}

/// Counted nodes, each number up to [`MOST_COUNTED`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// With a vector of the model in use.
    pub searchable: i64,
    /// Without one, that wait for it.
    pub waiting: i64,
}

/// Who lacks vectors of the model in use. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Coverage(Arc<RwLock<View>>);

#[derive(Debug, Default)]
struct View {
    /// Those that the last whole round found, and whether their model changes.
    lacking: BTreeMap<Owner, bool>,
    /// Those that this round found so far, and the last of them.
    found: BTreeMap<Owner, bool>,
    after: String,
    /// What was counted, and when.
    counted: BTreeMap<Owner, (Counted, Timestamp)>,
    asking: BTreeSet<Owner>,
}

impl View {
    /// What was counted of `owner`, not long before `now`.
    fn fresh(&self, owner: &Owner, now: Timestamp) -> Option<Counted> {
        let (counted, at) = self.counted.get(owner)?;
        (now.duration_since(*at).unsigned_abs() <= FRESH).then_some(*counted)
    }
}

impl Coverage {
    /// What a search by meaning of `tenant` cannot find `now`; `None` if it finds all that there is.
    pub fn of(&self, tenant: &TenantId, now: Timestamp) -> Option<Share> {
        let owners = [Owner::Tenant(tenant.clone()), Owner::Shared];
        let lacks: Vec<(&Owner, bool, Option<Counted>)> = {
            let view = self.view();
            let lacks = owners.iter().filter_map(|owner| Some((owner, *view.lacking.get(owner)?, view.fresh(owner, now))));
            lacks.collect()
        };
        if lacks.is_empty() {
            return None;
        }
        self.ask(lacks.iter().map(|(owner, ..)| *owner));
        let counted = lacks.iter().map(|(.., counted)| *counted).reduce(|one, other| {
            let (one, other) = (one?, other?);
            Some(Counted { searchable: one.searchable + other.searchable, waiting: one.waiting + other.waiting })
        });
        let counted = counted.flatten();
        let share = Share { changing: lacks.iter().any(|(_, changing, _)| *changing), counted };
        // A tenant is on its way until its old vectors are gone, though each node has its new one.
        counted.is_none_or(|counted| counted.waiting > 0).then_some(share)
    }

    /// Looks at the next tenants that lack vectors of `model`. Returns whether they were the last ones: then all that is known is of this round.
    pub async fn look<M: Mode>(&self, tx: &mut Tx<'_, M>, model: &str) -> Result<bool, StoreError> {
        let after = self.view().after.clone();
        let mut seen = Vec::new();
        for row in tx.query(&LACKING, &[&model, &after, &TENANTS_A_LOOK]).await? {
            seen.push((row.try_get::<String>(0)?, row.try_get::<bool>(1)?));
        }
        let ended = i64::try_from(seen.len()).is_ok_and(|seen| seen < TENANTS_A_LOOK);
        let mut view = self.change();
        view.after = if ended { String::new() } else { seen.last().map(|(owner, _)| owner.clone()).unwrap_or_default() };
        view.found.extend(seen.into_iter().filter_map(|(owner, changing)| Some((Owner::parse(&owner).ok()?, changing))));
        if ended {
            let view = &mut *view;
            view.lacking = std::mem::take(&mut view.found);
            view.counted.retain(|owner, _| view.lacking.contains_key(owner));
        }
        Ok(ended)
    }

    /// Takes up to `most` of those who asked, and lack vectors.
    pub fn asking(&self, most: usize) -> Vec<Owner> {
        let mut view = self.change();
        let View { lacking, asking, .. } = &mut *view;
        asking.retain(|owner| lacking.contains_key(owner));
        let taken: Vec<Owner> = asking.iter().take(most).cloned().collect();
        asking.retain(|owner| !taken.contains(owner));
        taken
    }

    /// Keeps what was counted `now`.
    pub fn keep(&self, owner: &Owner, counted: Counted, now: Timestamp) {
        self.change().counted.insert(owner.clone(), (counted, now));
    }

    /// How many lack vectors.
    pub fn lacking(&self) -> usize {
        self.view().lacking.len()
    }

    fn ask<'o>(&self, owners: impl Iterator<Item = &'o Owner>) {
        let mut view = self.change();
        for owner in owners {
            if view.asking.len() < MOST_ASKING {
                view.asking.insert(owner.clone());
            }
        }
    }

    fn view(&self) -> RwLockReadGuard<'_, View> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) -> RwLockWriteGuard<'_, View> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts what of the unit's owner search by meaning finds with `model`, and what it will find besides; `None` where too much has both vectors for
/// those that lack one to be found.
pub async fn count<M: Mode>(tx: &mut Tx<'_, M>, model: &str) -> Result<Option<Counted>, StoreError> {
    let owner = tx.tenant();
    let row = tx.find(&COUNT, &[&owner, &model, &MOST_COUNTED, &MOST_LOOKED]).await?.ok_or(StoreError::Ended)?;
    let (searchable, waiting, met): (i64, i64, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    Ok((met < MOST_LOOKED || waiting >= MOST_COUNTED).then_some(Counted { searchable, waiting }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_told_for_seconds_and_then_is_unknown() {
        let (coverage, tenant, now) = (Coverage::default(), TenantId::parse("a").unwrap(), Timestamp::UNIX_EPOCH);
        let owner = Owner::Tenant(tenant.clone());
        coverage.change().lacking.insert(owner.clone(), false);
        let share = |counted| Some(Share { changing: false, counted });
        assert_eq!(coverage.of(&tenant, now), share(None), "nobody has counted yet");
        let none = Counted { searchable: 5, waiting: 0 };
        coverage.keep(&owner, none, now);
        assert_eq!(coverage.of(&tenant, now), None, "each node has its vector");
        // What has come since then nobody knows.
        let later = |seconds| now.saturating_add(Duration::from_secs(seconds)).unwrap();
        assert_eq!(coverage.of(&tenant, later(15)), None);
        for later in [later(16), later(3_600)] {
            assert_eq!(coverage.of(&tenant, later), share(None));
        }
        assert_eq!(coverage.asking(8), std::slice::from_ref(&owner), "it asked, and is counted anew");
        let some = Counted { searchable: 5, waiting: 7 };
        coverage.keep(&owner, some, later(3_600));
        assert_eq!(coverage.of(&tenant, later(3_601)), share(Some(some)));
        assert_eq!(coverage.of(&tenant, now), share(None), "a clock that was put back tells nothing");
    }
}
