//! Taking active HTML out of what came in and will be shown, before anything is held for it.

use std::{sync::LazyLock, time::Duration};

use serde_json::{Map, Value};
use wardgraph_api::{FieldError, Problem, validate::MAX_WEIGHT_BYTES, wire::version::NodePatch};
use wardgraph_graph::{edge::NewEdge, node::NewNode};
use wardgraph_kernel::{TenantId, weight::weight};

use crate::{Failure, turns::Turns};

/// Up to so many octets are looked at on the spot, and only where no sanitizer is needed: it takes some microseconds.
const AT_ONCE_BYTES: usize = 64 << 10;
/// How long a request waits for its turn to be cleaned.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many requests are cleaned at once in this process: half of what the machine could.
static TURNS: LazyLock<Turns> = LazyLock::new(Turns::of_half_the_machine);

/// What has texts that will be shown.
pub(super) trait Shown: Send + 'static {
    /// Whether there is nothing to clean, which is seen by looking at so many octets.
    fn is_plain(&self, most_bytes: usize) -> bool;

    /// Takes active HTML out, and says where it was.
    fn clean(&mut self) -> Vec<String>;

    /// What must not have become too heavy by that, and its place.
    fn weighed(&self) -> Vec<(String, &Map<String, Value>)>;
}

impl Shown for NewNode {
    fn is_plain(&self, most_bytes: usize) -> bool {
        Self::is_plain(self, most_bytes)
    }

    fn clean(&mut self) -> Vec<String> {
        Self::clean(self)
    }

    fn weighed(&self) -> Vec<(String, &Map<String, Value>)> {
        let objects = [("/props", &self.props), ("/metadata", &self.metadata), ("/refresh_policy", &self.refresh_policy)];
        let triggers = self.triggers.iter().enumerate().map(|(index, trigger)| (format!("/triggers/{index}"), trigger));
        objects.into_iter().map(|(place, object)| (place.to_owned(), object)).chain(triggers).collect()
    }
}

impl Shown for NewEdge {
    fn is_plain(&self, most_bytes: usize) -> bool {
        Self::is_plain(self, most_bytes)
    }

    fn clean(&mut self) -> Vec<String> {
        Self::clean(self)
    }

    fn weighed(&self) -> Vec<(String, &Map<String, Value>)> {
        vec![("/props".to_owned(), &self.props)]
    }
}

/// The free forms of a patch, cleaned as a node's. Merging puts whole strings in their places and joins none; what is there is clean already.
pub(super) struct PatchTexts(NewNode);

impl PatchTexts {
    /// Takes the free forms out of a patch.
    pub(super) fn of(patch: &mut NodePatch) -> Self {
        Self(NewNode {
            classes: Vec::new(),
            props: patch.props.as_mut().map(std::mem::take).unwrap_or_default(),
            payload_ref: None,
            metadata: patch.metadata.as_mut().and_then(Option::as_mut).map(std::mem::take).unwrap_or_default(),
            refresh_policy: patch.refresh_policy.as_mut().and_then(Option::as_mut).map(std::mem::take).unwrap_or_default(),
            triggers: patch.triggers.as_mut().and_then(Option::as_mut).map(std::mem::take).unwrap_or_default(),
            external_id: None,
            created_at: None,
        })
    }

    /// Puts them back.
    pub(super) fn put_back(self, patch: &mut NodePatch) {
        let Self(texts) = self;
        for (place, object) in [
            (patch.props.as_mut(), texts.props),
            (patch.metadata.as_mut().and_then(Option::as_mut), texts.metadata),
            (patch.refresh_policy.as_mut().and_then(Option::as_mut), texts.refresh_policy),
        ] {
            if let Some(place) = place {
                *place = object;
            }
        }
        if let Some(Some(triggers)) = patch.triggers.as_mut() {
            *triggers = texts.triggers;
        }
    }
}

impl Shown for PatchTexts {
    fn is_plain(&self, most_bytes: usize) -> bool {
        self.0.is_plain(most_bytes)
    }

    fn clean(&mut self) -> Vec<String> {
        self.0.clean()
    }

    fn weighed(&self) -> Vec<(String, &Map<String, Value>)> {
        self.0.weighed()
    }
}

/// One that is clean, with where it was not; or where it became too heavy.
type Outcome<T> = Result<(T, Vec<String>), Vec<FieldError>>;

/// Cleans one of a tenant's, and says where it did.
pub(super) async fn cleaned<T: Shown>(tenant: &TenantId, one: T) -> Result<(T, Vec<String>), Failure> {
    let outcome = all_cleaned(tenant, vec![one]).await?.into_iter().next();
    let outcome = outcome.ok_or_else(|| Problem::internal("what was cleaned did not come back"))?;
    outcome.map_err(|heavy| Problem::invalid("what is left when it is cleaned is not valid: see `errors`").fields(heavy).into())
}

/// Cleans the items of a batch that have no faults, and says of each where it did; what became too heavy by it has a fault instead. `faults`
/// are those of all items, `list` is the batch's member.
pub(super) async fn items_cleaned<T: Shown>(
    tenant: &TenantId,
    valid: Vec<T>,
    faults: &mut [Vec<FieldError>],
    list: &str,
) -> Result<(Vec<T>, Vec<Vec<String>>), Failure> {
    let (mut items, mut pointers) = (Vec::with_capacity(valid.len()), Vec::with_capacity(valid.len()));
    let without_faults = faults.iter_mut().enumerate().filter(|(_, faults)| faults.is_empty());
    for ((index, faults), outcome) in without_faults.zip(all_cleaned(tenant, valid).await?) {
        match outcome {
            Ok((item, cleaned)) => {
                items.push(item);
                pointers.push(cleaned);
            }
            Err(heavy) => {
                faults.extend(
                    heavy.into_iter().map(|error| FieldError::new(format!("/{list}/{index}{}", error.field), error.detail)),
                );
            }
        }
    }
    Ok((items, pointers))
}

/// Cleans all of them. What is little and plain is done on the spot; the rest on a thread that may be busy for a while, and where anything
/// has to be cleaned, in turns.
async fn all_cleaned<T: Shown>(tenant: &TenantId, all: Vec<T>) -> Result<Vec<Outcome<T>>, Failure> {
    let each = AT_ONCE_BYTES / all.len().max(1);
    if all.iter().all(|one| one.is_plain(each)) {
        return Ok(all.into_iter().map(|one| Ok((one, Vec::new()))).collect());
    }
    let failed = |_| Problem::internal("the texts could not be cleaned");
    let looked_at = tokio::task::spawn_blocking(move || {
        let plain = all.iter().all(|one| one.is_plain(usize::MAX));
        (all, plain)
    });
    let (all, plain) = looked_at.await.map_err(failed)?;
    if plain {
        return Ok(all.into_iter().map(|one| Ok((one, Vec::new()))).collect());
    }
    let turn = TURNS.take(tenant, PATIENCE).await;
    let turn = turn.ok_or_else(|| Problem::unavailable("many texts are cleaned just now").retry_after(2))?;
    let done = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        all.into_iter().map(clean).collect()
    });
    Ok(done.await.map_err(failed)?)
}

fn clean<T: Shown>(mut one: T) -> Outcome<T> {
    let cleaned = one.clean();
    if cleaned.is_empty() {
        return Ok((one, cleaned));
    }
    let heavy = one.weighed().into_iter().filter(|(_, object)| weight(object) > MAX_WEIGHT_BYTES);
    let heavy: Vec<_> =
        heavy.map(|(place, _)| FieldError::new(place, "weighs more than 1 MiB (1,048,576 bytes) once it is cleaned")).collect();
    if heavy.is_empty() { Ok((one, cleaned)) } else { Err(heavy) }
}
