//! `wardgraph serve`

use std::io::Write;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::Context;
use crate::wire::{StartError, start};

/// Run the server.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Where to listen: `http.listen` of the configuration.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
}

impl Serve {
    pub(super) async fn run(self, context: &mut Context, out: &mut (impl Write + Send)) -> Result<bool, StartError> {
        if let Some(listen) = self.listen {
            context.settings.set("http.listen", listen, "--listen");
        }
        let stop = stopped()?;
        let running = start(&context.config()?, &context.home()?).await?;
        for variable in &context.without_effect {
            tracing::warn!(variable, "has no effect: what it configures is not built yet");
        }
        writeln!(out, "listening on {}://{}", running.scheme, running.listener.local_addr()?)?;
        out.flush()?;
        running.run(stop).await?;
        Ok(true)
    }
}

/// Done when the process is told to end: SIGTERM, or Ctrl-C.
fn stopped() -> Result<impl Future<Output = ()>, StartError> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
    })
}
