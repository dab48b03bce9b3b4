//! Whether a worker's model is the one that is wanted.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Says whether to work. Clones say the same; a new one says yes.
#[derive(Debug, Clone)]
pub struct Duty(Arc<AtomicBool>);

impl Default for Duty {
    fn default() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }
}

impl Duty {
    /// Whether to work.
    pub fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn set(&self, on: bool) {
        self.0.store(on, Ordering::Relaxed);
    }
}
