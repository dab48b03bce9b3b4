//! New certificates without a restart: on SIGHUP, and when a file changes.

use std::{io, sync::Arc, time::Duration};

use tokio::signal::unix::{Signal, SignalKind, signal};
use wardgraph_http::Tls;
use wardgraph_kernel::metric;

/// How often the files are looked at.
const LOOK_EACH: Duration = Duration::from_secs(2);

/// Waits for SIGHUP from now on.
pub(crate) fn hangup() -> io::Result<Signal> {
    signal(SignalKind::hangup())
}

/// Reads the files again when they change, or when it is told to. What cannot be used is told about, and what was used before stays.
pub(crate) async fn keep(tls: Arc<Tls>, mut told: Signal) {
    let mut look = tokio::time::interval(LOOK_EACH);
    loop {
        let asked = tokio::select! {
            _ = told.recv() => true,
            _ = look.tick() => false,
        };
        let tls = tls.clone();
        let reload = move || (asked || tls.has_changed()).then(|| tls.reload());
        // Files may lie on a slow disk.
        let outcome = match tokio::task::spawn_blocking(reload).await {
            Ok(None) | Err(_) => continue,
            Ok(Some(Ok(()))) => {
                tracing::info!("the certificate was read again: new connections use it");
                "used"
            }
            Ok(Some(Err(error))) => {
                tracing::error!(%error, "the new certificate cannot be used: the one from before stays");
                "refused"
            }
        };
        metric::TLS_RELOADS.of([outcome]).increment(1);
    }
}
