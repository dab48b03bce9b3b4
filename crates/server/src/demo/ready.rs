//! Waiting until every node has its embedding. There is no count to ask for, so pages of nodes are read again until all on them are ready.

use std::{io::Write, time::Duration};

use wardgraph_api::wire::node::{EmbeddingStatus, NodePage};
use wardgraph_kernel::Clock;

use super::{
    bar::Bar,
    client::Client,
    side::Side,
    verdict::{Done, Failed, grouped},
};

/// How often to look.
const PAUSE: Duration = Duration::from_secs(1);
/// How long nothing may move before it is given up.
const STALL: Duration = Duration::from_mins(2);

/// Waits for all sides together.
pub(super) async fn wait<W: Write>(sides: &[&Side], clock: &dyn Clock, terminal: bool, out: &mut W) -> Result<Done<()>, Failed> {
    let mut watches = Vec::new();
    for side in sides {
        watches.push(Watch::begin(&side.client).await?);
    }
    let total: usize = watches.iter().map(|watch| watch.count(|page| page.total)).sum();
    let ready = |watches: &[Watch<'_>]| watches.iter().map(|watch| watch.count(|page| page.ready)).sum::<usize>();
    let first = ready(&watches);
    let mut bar = Bar::new(out, terminal, total, first, clock.elapsed());
    let (began, mut best, mut moved) = (clock.elapsed(), first, clock.elapsed());
    while best < total {
        tokio::time::sleep(PAUSE).await;
        for watch in &mut watches {
            watch.look().await?;
        }
        let (now, done) = (clock.elapsed(), ready(&watches));
        if done > best {
            (best, moved) = (done, now);
        } else if now.saturating_sub(moved) > STALL {
            let came = format!("{} of {}, and no more for {} s", grouped(best), grouped(total), STALL.as_secs());
            return Err(Failed::unexpected("every node to get its embedding", came));
        }
        bar.at(best, now)?;
    }
    bar.end();
    let seconds = clock.elapsed().saturating_sub(began).as_secs_f64();
    let made = total - first;
    let rate = if made == 0 { String::new() } else { format!(", {:.0} a second", rate(made, seconds)) };
    Ok(Done::new(()).note(format!("{} nodes; {} were ready when the wait began{rate}", grouped(total), grouped(first))))
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
pub(super) fn rate(made: usize, seconds: f64) -> f64 {
    made as f64 / seconds.max(0.001)
}

/// A page of a tenant's nodes, as it was last seen.
struct Page {
    after: Option<String>,
    total: usize,
    ready: usize,
}

/// A tenant's pages.
struct Watch<'a> {
    client: &'a Client,
    pages: Vec<Page>,
    turn: usize,
}

impl<'a> Watch<'a> {
    async fn begin(client: &'a Client) -> Result<Self, Failed> {
        let (mut pages, mut after) = (Vec::new(), None);
        loop {
            let (page, next) = look(client, after).await?;
            pages.push(page);
            match next {
                Some(next) => after = Some(next),
                None => return Ok(Self { client, pages, turn: 0 }),
            }
        }
    }

    fn count(&self, of: impl Fn(&Page) -> usize) -> usize {
        self.pages.iter().map(of).sum()
    }

    /// Reads the first page that is not ready, and in turn one of the others: nodes are embedded about in the order of their ages.
    async fn look(&mut self) -> Result<(), Failed> {
        let open = self.pages.iter_mut().filter(|page| page.ready < page.total);
        let mut open: Vec<_> = open.collect();
        self.turn += 1;
        let other = self.turn % open.len().max(1);
        let wanted = open.iter_mut().enumerate().filter(|(place, _)| *place == 0 || *place == other);
        for (_, page) in wanted {
            **page = look(self.client, page.after.clone()).await?.0;
        }
        Ok(())
    }
}

async fn look(client: &Client, after: Option<String>) -> Result<(Page, Option<String>), Failed> {
    let cursor = after.as_ref().map(|after| format!("&cursor={after}")).unwrap_or_default();
    let page: NodePage = client.read(&format!("/nodes?limit=1000{cursor}")).await?;
    if let Some(node) = page.nodes.iter().find(|node| node.embedding_status == EmbeddingStatus::Failed) {
        let name = node.external_id.clone().unwrap_or_else(|| node.id.to_string());
        return Err(Failed::unexpected("every node to get its embedding", format!("the worker gave up on {name}")));
    }
    let ready = page.nodes.iter().filter(|node| node.embedding_status != EmbeddingStatus::Queued).count();
    Ok((Page { after, total: page.nodes.len(), ready }, page.next_cursor))
}
