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

#[tokio::main]
async fn main() -> ExitCode {
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
