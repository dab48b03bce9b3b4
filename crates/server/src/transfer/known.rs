//! Nodes without a name that the tenant knows by their ids: what was exported from it comes back to where it was.

use futures_util::future::try_join_all;
use reqwest::Method;
use wardgraph_api::wire::node::Node;

use super::{
    TransferError, call,
    record::{Item, NodeItem},
    send::{Answer, Sender, Verdict},
};

/// How many nodes are asked for at once.
const AT_ONCE: usize = 16;

/// What became of the items that are such nodes, in the items' order; none where one is to be created, by a name.
pub(super) async fn settled(sender: &Sender, items: &[&Item]) -> Result<Vec<Option<Answer>>, TransferError> {
    let mut answers = Vec::with_capacity(items.len());
    for some in items.chunks(AT_ONCE) {
        answers.extend(try_join_all(some.iter().map(|item| settle(sender, item))).await?);
    }
    Ok(answers)
}

async fn settle(sender: &Sender, item: &Item) -> Result<Option<Answer>, TransferError> {
    let Item::Node(node @ NodeItem { id: Some(id), .. }) = item else { return Ok(None) };
    let path = format!("/nodes/{id}");
    let found: Option<Node> = sender.caller.find(&path).await?;
    // A shared node is everybody's, and none that an import changes.
    let Some(was) = found.filter(|found| found.tenant_id.as_ref() == Some(&sender.tenant)) else { return Ok(None) };
    if !sender.update {
        return Ok(Some(Verdict::There.into()));
    }
    let reply = sender.caller.put(&path, node.replacement().into()).await?;
    match reply.status {
        200 => {
            let now: Node = call::parse(&Method::PUT, &path, &reply)?;
            let verdict = if now.version == was.version { Verdict::Unchanged } else { Verdict::Updated };
            Ok(Some(Answer { cleaned: now.cleaned, ..verdict.into() }))
        }
        // Gone since it was read.
        404 => Ok(None),
        _ => Ok(Some(Verdict::Rejected(reply.summary()).into())),
    }
}
