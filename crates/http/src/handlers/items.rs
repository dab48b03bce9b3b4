//! Items of batches, which are looked at one by one before anything is stored.

use tokio::task::spawn_blocking;
use wardgraph_api::{
    FieldError, Problem,
    validate::Validate,
    wire::{Item, NamedTenant, edge::NewEdge, node::NewNode},
};
use wardgraph_kernel::Timestamp;

use super::times;

/// What a batch has items of.
pub(super) trait Listed: Validate + Send + 'static {
    /// When it came about, if it says so.
    fn created_at(&self) -> Option<Timestamp>;

    /// The tenant that it names.
    fn tenant(&self) -> &NamedTenant;
}

impl Listed for NewNode {
    fn created_at(&self) -> Option<Timestamp> {
        self.created_at
    }

    fn tenant(&self) -> &NamedTenant {
        &self.tenant_id
    }
}

impl Listed for NewEdge {
    fn created_at(&self) -> Option<Timestamp> {
        self.created_at
    }

    fn tenant(&self) -> &NamedTenant {
        &self.tenant_id
    }
}

/// When what an item is of came about, if it can be read and says so.
pub(super) fn given<T: Listed>(item: &Item<T>) -> Option<Timestamp> {
    item.read()?.created_at()
}

/// What is wrong with each item.
pub(super) type ItemFaults = Vec<Vec<FieldError>>;

/// What is wrong with each of the items that stand in the body's `list`, those with nothing wrong as `domain` has them, and the tenants that were
/// named besides that of the body. It takes as long as the batch is large.
pub(super) async fn sorted<T: Listed, D: Send + 'static>(
    list: &'static str,
    items: Vec<Item<T>>,
    now: Timestamp,
    domain: impl Fn(T) -> D + Send + 'static,
) -> Result<(ItemFaults, Vec<D>, Vec<NamedTenant>), Problem> {
    let sorted = spawn_blocking(move || {
        let (mut faults, mut valid, mut named) = (Vec::new(), Vec::new(), Vec::new());
        for (index, item) in items.into_iter().enumerate() {
            let place = format!("/{list}/{index}");
            let (new, mut found) = item.judged(&place);
            if let Some(new) = new {
                named.push(new.tenant().clone());
                found.extend(times::fault(&place, new.created_at(), now));
                if found.is_empty() {
                    valid.push(domain(new));
                }
            }
            faults.push(found);
        }
        (faults, valid, named)
    });
    sorted.await.map_err(|_| Problem::internal("the items could not be looked at"))
}
