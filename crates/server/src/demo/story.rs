//! The steps, in their order.

use std::{collections::BTreeMap, io::Write, time::Duration};

use wardgraph_api::wire::system::Health;
use wardgraph_kernel::TenantId;

use super::{
    DemoError, DemoOptions,
    attack::{Attack, database},
    client::Client,
    load, questions, readback, ready,
    report::Report,
    side::{Mint, SCOPES, Side, TTL, Who},
    slice,
    slice::Slice,
    verdict::{Done, Failed, grouped},
    walk,
};
use crate::wordnet;

/// Runs the demo. True if every step was good.
pub async fn run(options: DemoOptions, out: &mut impl Write) -> Result<bool, DemoError> {
    let stranger = Client::new(&options.url, options.clock.clone())?;
    let base = stranger.base().to_owned();
    if let Err(Failed::Unexpected { came, .. } | Failed::Leaked { came, .. }) = stranger.get("/health/live").await {
        return Err(DemoError::NoServer { url: base, cause: came });
    }
    let all = wordnet::load(&options.wordnet).await?;
    let (of_a, of_b) = (slice::of_a(&all, options.nodes), slice::of_b(&all));
    if of_a.synsets.len() < options.nodes {
        return Err(DemoError::Nodes { wanted: options.nodes, there: of_a.synsets.len() });
    }
    let mint = Mint { minter: &options.minter, clock: &*options.clock, chance: &*options.chance };
    let mut a = side(&mint, &stranger, "demo-a", "demo-alice", of_a)?;
    let mut b = side(&mint, &stranger, "demo-b", "demo-bob", of_b)?;
    let relations: usize = all.iter().map(|synset| synset.pointers.len()).sum();
    drop(all);

    writeln!(out, "Wardgraph demo against {base}, with WordNet 3.1 ({} relations)", grouped(relations))?;
    let mut report = Report::new(out, options.clock.clone());
    if graph(&mut report, &stranger, &mut a, &mut b).await? {
        use_it(&mut report, &options, &a, &b).await?;
        let attack = Attack { a: &a, b: &b };
        attacks(&mut report, attack, &mint).await?;
        in_the_database(&mut report, attack, options.app_login.as_ref()).await?;
    }
    Ok(report.finish()?)
}

fn side(mint: &Mint<'_>, client: &Client, tenant: &str, subject: &'static str, slice: Slice) -> Result<Side, DemoError> {
    let who = Who { tenant: TenantId::parse(tenant)?, subject };
    let token = mint.token(&who, SCOPES, Duration::ZERO, TTL)?;
    Ok(Side { client: client.with(Some(token.clone())), token, who, slice, ids: BTreeMap::new() })
}

/// Loading. False if there is no graph to go on with.
async fn graph<W: Write>(report: &mut Report<'_, W>, stranger: &Client, a: &mut Side, b: &mut Side) -> Result<bool, DemoError> {
    report.part("Two tenants and their graphs")?;
    report.step("The server is well", health(stranger)).await?;
    for (letter, side) in [("A", a), ("B", b)] {
        report.step(&format!("Tenant {letter} is {}", side.who.tenant), readback::whoami(&side.client, &side.who)).await?;
        let (nodes, edges) = (grouped(side.slice.synsets.len()), grouped(side.slice.links.len()));
        let title = format!("Load tenant {letter}: {nodes} nodes, {edges} edges");
        let Some(ids) = report.step(&title, load::load(&side.client, &side.slice)).await? else {
            return Ok(false);
        };
        side.ids = ids;
        report.step(&format!("Read every edge of {letter} back"), readback::edges(side)).await?;
    }
    Ok(true)
}

async fn health(stranger: &Client) -> Result<Done<()>, Failed> {
    let health: Health = stranger.read("/health").await?;
    if health.status != "ok" {
        return Err(Failed::unexpected("status ok", format!("{}, database {}", health.status, health.database)));
    }
    let note = format!("version {}, embeddings by {}, full text by {}", health.version, health.embedding_model, health.full_text);
    Ok(Done::new(()).note(note))
}

/// What a tenant does with its graph.
async fn use_it<W: Write>(report: &mut Report<'_, W>, options: &DemoOptions, a: &Side, b: &Side) -> Result<(), DemoError> {
    report.part("Reading, walking, and the log")?;
    report.step("Read nodes of A back", readback::nodes(a)).await?;
    report.step("Walk from the dog up to everything it is", walk::up(a)).await?;
    report.step("The log names who created the dog", readback::creation_is_logged(a)).await?;

    report.part("Searching by meaning")?;
    let wait = async |out: &mut W| ready::wait(&[a, b], &*options.clock, options.terminal, out).await;
    report.long_step("Wait for the embeddings of both", "All are ready", wait).await?;
    for question in questions::QUESTIONS {
        let answer = a.slice.synsets.get(&question.answer).map_or("?", |synset| synset.name());
        report.step(&format!("\"{}\" finds {answer}", question.query), questions::ask(a, question)).await?;
    }
    Ok(())
}

/// What B tries.
async fn attacks<W: Write>(report: &mut Report<'_, W>, attack: Attack<'_>, mint: &Mint<'_>) -> Result<(), DemoError> {
    report.part("Tenant B attacks tenant A")?;
    report.attack("B reads A's nodes by their ids", attack.reads_ids()).await?;
    report.attack("B asks by A's external id, and for edges at A's node", attack.reads_keys()).await?;
    report.attack("B deletes a node of A's", attack.deletes()).await?;
    report.attack("B searches for A's words in every mode, naming A", attack.searches()).await?;
    report.attack("B lists all nodes and edges there are", attack.lists()).await?;
    report.attack("B lists all events there are", attack.lists_events()).await?;
    report.attack("B goes on from a cursor of A's", attack.borrows_a_cursor()).await?;
    report.attack("B makes edges between its node and A's", attack.links()).await?;
    report.attack("B posts a node whose body says that it is A's", attack.forges_a_tenant()).await?;

    report.part("Tokens that are not good")?;
    report.attack("B's token, with the tenant changed to A", attack.changes_its_tenant()).await?;
    report.attack("The same without a signature", attack.drops_the_signature()).await?;
    report.attack("A token of A's that has expired", attack.is_late(mint)).await?;
    report.attack("No token", attack.has_no_token()).await?;
    report.attack("A token that may only read, writing", attack.oversteps(mint)).await?;
    Ok(())
}

/// What the runtime role tries, past the server.
async fn in_the_database<W: Write>(
    report: &mut Report<'_, W>,
    attack: Attack<'_>,
    login: Option<&wardgraph_store::Login>,
) -> Result<(), DemoError> {
    let (a, b) = (&attack.a.who.tenant, &attack.b.who.tenant);
    report.part("The runtime role attacks from inside the database")?;
    let Some(session) = report.step("Log in as the server does", database::Session::open(login)).await? else {
        return Ok(());
    };
    report.attack("Look without a tenant", session.sees_nothing_without_a_tenant()).await?;
    report.attack("Look for A's rows, bound to B", session.sees_only_its_tenant(a, b)).await?;
    report.attack("Write rows of A's, bound to B", session.writes_for_another(a, b)).await?;
    for (title, statements) in database::FORBIDDEN {
        report.attack(title, session.is_forbidden(statements, b)).await?;
    }
    Ok(())
}
