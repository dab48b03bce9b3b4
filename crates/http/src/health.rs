//! The state of the parts, kept by a watcher, so that asking for it costs the parts nothing.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

/// What the watcher last saw.
#[derive(Debug)]
pub struct HealthState {
    database: AtomicBool,
    leakproof: bool,
    tenants_behind: AtomicI64,
}

impl HealthState {
    /// The database answered just now; `leakproof`: whether full text may use its index under row-level security.
    pub const fn new(leakproof: bool) -> Self {
        Self { database: AtomicBool::new(true), leakproof, tenants_behind: AtomicI64::new(-1) }
    }

    /// Keeps what the watcher saw.
    pub fn set_database(&self, up: bool) {
        self.database.store(up, Ordering::Relaxed);
    }

    /// Whether the database answered when it was last asked.
    pub fn database(&self) -> bool {
        self.database.load(Ordering::Relaxed)
    }

    /// Keeps how many tenants still have vectors of another model; negative before it was first looked.
    pub fn set_tenants_behind(&self, tenants: i64) {
        self.tenants_behind.store(tenants, Ordering::Relaxed);
    }

    /// Whether all vectors are of the model in use. How many tenants are on their way is for the metrics: health is public.
    pub fn embedding(&self) -> &'static str {
        match self.tenants_behind.load(Ordering::Relaxed) {
            ..0 => "unknown",
            0 => "settled",
            1.. => "changing",
        }
    }

    /// How full text gets past row-level security.
    pub const fn full_text(&self) -> &'static str {
        if self.leakproof { "leakproof" } else { "scan" }
    }
}
