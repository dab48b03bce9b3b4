//! The `wardgraph` binary.

use std::{io::Write, process::ExitCode};

use clap::Parser;
use mimalloc::MiMalloc;
use wardgraph_server::{
    commands::{Cli, run},
    transfer::TransferError,
};

/// A request makes some hundred small allocations, many of them freed by another thread than their own.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(workers()).enable_all().build();
    match runtime {
        Ok(runtime) => runtime.block_on(work()),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: no threads to work with: {error}");
            ExitCode::FAILURE
        }
    }
}

/// How many threads serve requests: half of the cores, since Postgres and the models work beside them, each in threads of its own; with as
/// many as cores, requests wake one another's threads for nothing. `TOKIO_WORKER_THREADS`, tokio's own word for it, is heard.
fn workers() -> usize {
    let told = std::env::var_os("TOKIO_WORKER_THREADS").and_then(|told| told.to_str()?.parse().ok());
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    told.filter(|told| *told > 0).unwrap_or(cores.div_ceil(2))
}

async fn work() -> ExitCode {
    // The one place that reads the environment.
    let readable = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let environment = readable.collect();
    let outcome = run(Cli::parse(), environment, &mut std::io::stdout()).await;
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error}");
            // A transfer that could not go on is told apart from one with rejected lines.
            if error.is::<TransferError>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}
