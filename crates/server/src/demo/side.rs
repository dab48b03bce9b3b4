//! The two sides of the demo: a tenant, who acts for it, and what it has.

use std::{collections::BTreeMap, time::Duration};

use wardgraph_kernel::{Chance, Clock, NodeId, Secret, TenantId};
use wardgraph_tokens::{MintError, MintRequest, Minter};

use super::{client::Client, slice::Slice};
use crate::wordnet::{Synset, SynsetId};

/// What a full token may do.
pub(super) const SCOPES: &[&str] = &["nodes:write", "edges:write", "search:read", "events:read"];
/// Long enough for any wait for embeddings.
pub(super) const TTL: Duration = Duration::from_hours(12);

/// Makes the tokens of both sides.
#[derive(Debug)]
pub(super) struct Mint<'a> {
    pub(super) minter: &'a Minter,
    pub(super) clock: &'a dyn Clock,
    pub(super) chance: &'a dyn Chance,
}

impl Mint<'_> {
    /// A token made `ago`, good for `ttl` from then.
    pub(super) fn token(&self, who: &Who, scopes: &[&str], ago: Duration, ttl: Duration) -> Result<Secret, MintError> {
        let now = self.clock.now();
        let request = MintRequest {
            subject: who.subject.to_owned(),
            tenant: who.tenant.clone(),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            ttl,
            now: now.checked_sub(ago).unwrap_or(now),
        };
        self.minter.mint(&request, self.chance)
    }
}

/// A tenant and who acts for it.
#[derive(Debug, Clone)]
pub(super) struct Who {
    pub(super) tenant: TenantId,
    pub(super) subject: &'static str,
}

/// A tenant with its graph and a caller that holds a full token.
#[derive(Debug)]
pub(super) struct Side {
    pub(super) who: Who,
    pub(super) client: Client,
    pub(super) token: Secret,
    pub(super) slice: Slice,
    /// Which node each synset became.
    pub(super) ids: BTreeMap<SynsetId, NodeId>,
}

impl Side {
    /// The node of a synset, with the synset.
    pub(super) fn nodes(&self) -> impl DoubleEndedIterator<Item = (NodeId, &Synset)> {
        self.slice.synsets.iter().filter_map(|(id, synset)| Some((*self.ids.get(id)?, synset)))
    }

    /// About `count` nodes, evenly spread over the slice.
    pub(super) fn sample(&self, count: usize) -> Vec<(NodeId, &Synset)> {
        let every = (self.ids.len() / count.max(1)).max(1);
        self.nodes().step_by(every).take(count).collect()
    }
}
