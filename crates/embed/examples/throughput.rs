//! What a model alone does on this machine: texts a second, and the memory that it takes.
//!
//! `throughput MODELS_FOLDER minilm|wordllama THREADS TEXTS_FILE`, one text a line; prints one line of JSON. `make bench` measures loading
//! beside it.

use std::{
    env,
    error::Error,
    fs,
    io::{Write, stdout},
    path::Path,
    sync::Arc,
    time::Instant,
};

use tokio::task::JoinSet;
use wardgraph_embed::{Lane, ModelKind, open};

/// Texts of a request, as the worker asks for them.
const BATCH: usize = 64;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [models, kind, threads, texts] = arguments.as_slice() else {
        return Err("say: MODELS_FOLDER minilm|wordllama THREADS TEXTS_FILE".into());
    };
    let threads: usize = threads.parse()?;
    let texts: Vec<String> = fs::read_to_string(texts)?.lines().map(str::to_owned).collect();
    let before = resident_kib()?;
    let embedder = open(kind.parse::<ModelKind>()?, Path::new(models), threads)?;
    let began = Instant::now();
    let (mut batches, mut busy) = (texts.chunks(BATCH), JoinSet::new());
    // Every thread has a batch, and one waits behind it.
    loop {
        while busy.len() < threads.max(1) * 2
            && let Some(batch) = batches.next()
        {
            let (embedder, batch) = (Arc::clone(&embedder), batch.to_vec());
            busy.spawn(async move { embedder.embed(batch, Lane::Document).await });
        }
        match busy.join_next().await {
            Some(done) => drop(done??),
            None => break,
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let kib = resident_kib()?.saturating_sub(before);
    #[expect(clippy::cast_precision_loss, reason = "counts of texts are far below 2^52")]
    let rate = texts.len() as f64 / seconds;
    writeln!(stdout(), r#"{{"texts": {}, "texts_per_s": {rate:.1}, "memory_kib": {kib}}}"#, texts.len())?;
    Ok(())
}

/// What of this process is in memory.
fn resident_kib() -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS in /proc/self/status")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
