//! [`StackInterner`]: equal stacks of edges share their text.

use std::collections::BTreeSet;
use std::sync::Arc;

/// At how many stacks those that no use has are first taken away.
const MOST_SPARE: usize = 4_096;

/// The texts of stacks, each kept once.
pub(super) struct StackInterner {
    stacks: BTreeSet<Arc<str>>,
    /// At how many of them those that no use has are taken away.
    most: usize,
}

impl StackInterner {
    pub(super) const fn new() -> Self {
        Self {
            stacks: BTreeSet::new(),
            most: MOST_SPARE,
        }
    }

    /// That stack, as it was kept first.
    pub(super) fn intern(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.stacks.get(text) {
            return Arc::clone(known);
        }
        if self.stacks.len() >= self.most {
            self.stacks.retain(|stack| Arc::strong_count(stack) > 1);
            self.most = self.stacks.len() * 2 + MOST_SPARE;
        }
        let stack: Arc<str> = text.into();
        self.stacks.insert(Arc::clone(&stack));
        stack
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_is_kept_once() {
        let mut interner = StackInterner::new();
        let first = interner.intern("a");
        assert!(Arc::ptr_eq(&first, &interner.intern("a")));
        for number in 0..3 * MOST_SPARE {
            interner.intern(&number.to_string());
        }
        assert!(interner.stacks.len() <= 2 * MOST_SPARE);
        assert!(Arc::ptr_eq(&first, &interner.intern("a")));
    }
}
