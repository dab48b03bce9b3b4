//! Which node an external id names.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use wardgraph_api::wire::node::NodePage;
use wardgraph_kernel::NodeId;

use super::{TransferError, call::Caller, record::End};

/// How many names are kept at most; others are asked for each time.
const MOST: usize = 1_000_000;

/// The names that are known from what the server answered.
#[derive(Debug, Default)]
pub(super) struct Ends(Mutex<HashMap<String, NodeId>>);

impl Ends {
    /// Keeps a name.
    pub(super) fn learn(&self, external_id: &str, id: NodeId) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() < MOST {
            known.insert(external_id.to_owned(), id);
        }
    }

    /// The name of an end that is not known yet.
    pub(super) fn unknown(&self, end: &End) -> Option<String> {
        let End::External(name) = end else { return None };
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).contains_key(name);
        (!known).then(|| name.clone())
    }

    /// The node at an end of an edge; `None` if the tenant has none of that name.
    pub(super) async fn find(&self, end: &End, caller: &Caller) -> Result<Option<NodeId>, TransferError> {
        let external_id = match end {
            End::Id(id) => return Ok(Some(*id)),
            End::External(external_id) => external_id,
        };
        if let Some(id) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(external_id) {
            return Ok(Some(*id));
        }
        let page: NodePage = caller.read(&format!("/nodes?external_id={}", encoded(external_id))).await?;
        let Some(node) = page.nodes.first() else { return Ok(None) };
        self.learn(external_id, node.id);
        Ok(Some(node.id))
    }
}

/// A text as a value of a query (RFC 3986): everything but the unreserved as its bytes.
fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}
