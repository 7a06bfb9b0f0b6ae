//! Parts of a command that a signal must not cut, because what they hold would be lost for good: the value of a token that
//! nobody else has.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Tells whether such a part is under way. Clones tell the same.
#[derive(Debug, Clone, Default)]
pub struct Vital(Arc<AtomicUsize>);

/// A part under way; it ends when this is dropped.
#[derive(Debug)]
pub struct VitalPart(Vital);

impl Vital {
    /// Begins a part.
    #[must_use]
    pub fn begin(&self) -> VitalPart {
        self.0.fetch_add(1, Ordering::SeqCst);
        VitalPart(self.clone())
    }

    /// Returns whether a part is under way.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        self.0.load(Ordering::SeqCst) > 0
    }
}

impl Drop for VitalPart {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}
