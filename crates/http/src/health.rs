//! The state of the parts, kept by a watcher, so that asking for it costs the parts nothing.

use std::sync::{
    PoisonError, RwLock,
    atomic::{AtomicBool, Ordering},
};

/// What the watcher last saw.
#[derive(Debug)]
pub struct HealthState {
    database: AtomicBool,
    leakproof: bool,
    /// `None` before it was first looked.
    tenants_behind: RwLock<Option<i64>>,
}

impl HealthState {
    /// The database answered just now; `leakproof`: whether full text may use its index under row-level security.
    pub const fn new(leakproof: bool) -> Self {
        Self { database: AtomicBool::new(true), leakproof, tenants_behind: RwLock::new(None) }
    }

    /// Keeps what the watcher saw.
    pub fn set_database(&self, up: bool) {
        self.database.store(up, Ordering::Relaxed);
    }

    /// Whether the database answered when it was last asked.
    pub fn database(&self) -> bool {
        self.database.load(Ordering::Relaxed)
    }

    /// Keeps how many tenants still have vectors of another model; `None` before it was first looked.
    pub fn set_tenants_behind(&self, tenants: Option<i64>) {
        *self.tenants_behind.write().unwrap_or_else(PoisonError::into_inner) = tenants;
    }

    /// Whether all vectors are of the model in use. How many tenants are on their way is for the metrics: health is public.
    pub fn embedding(&self) -> &'static str {
        match *self.tenants_behind.read().unwrap_or_else(PoisonError::into_inner) {
            None => "unknown",
            Some(0) => "settled",
            Some(_) => "changing",
        }
    }

    /// How full text gets past row-level security.
    pub const fn full_text(&self) -> &'static str {
        if self.leakproof { "leakproof" } else { "scan" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_settled_before_it_was_looked() {
        let health = HealthState::new(true);
        assert_eq!(health.embedding(), "unknown");
        for (behind, told) in [(Some(2), "changing"), (Some(0), "settled"), (None, "unknown")] {
            health.set_tenants_behind(behind);
            assert_eq!(health.embedding(), told);
        }
    }
}
