//! The state of the parts, kept by a watcher, so that asking for it costs the parts nothing.

use std::sync::atomic::{AtomicBool, Ordering};

/// What the watcher last saw.
#[derive(Debug)]
pub struct HealthState {
    database: AtomicBool,
    leakproof: bool,
}

impl HealthState {
    /// The database answered just now; `leakproof`: whether full text may use its index under row-level security.
    pub const fn new(leakproof: bool) -> Self {
        Self { database: AtomicBool::new(true), leakproof }
    }

    /// Keeps what the watcher saw.
    pub fn set_database(&self, up: bool) {
        self.database.store(up, Ordering::Relaxed);
    }

    /// Whether the database answered when it was last asked.
    pub fn database(&self) -> bool {
        self.database.load(Ordering::Relaxed)
    }

    /// How full text gets past row-level security.
    pub const fn full_text(&self) -> &'static str {
        if self.leakproof { "leakproof" } else { "scan" }
    }
}
