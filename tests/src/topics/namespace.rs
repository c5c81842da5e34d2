//! Names that no other test uses.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::sync::atomic::{AtomicU64, Ordering};

/// A prefix for topics and groups that no other test uses, now or in another run: `shop-3f9c2a7b61d0`.
///
/// It fits `[a-z][a-z0-9-]*` when `word` does.
pub fn namespace(word: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let random = RandomState::new().hash_one(count); // Seeded by the operating system.
    format!("{word}-{:012x}", random >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differs_each_time() {
        let (one, two) = (namespace("shop"), namespace("shop"));
        assert_ne!(one, two);
        assert!(one.starts_with("shop-") && one.len() == "shop-".len() + 12);
    }
}
