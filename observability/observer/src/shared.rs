use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::sleep;
use std::time::Duration;

use crate::fact::Millis;
use crate::model::Model;

/// One wait of [`Shared::give_way`], and how many of them there are at most.
const PAUSE: (Duration, u32) = (Duration::from_micros(100), 20);

/// The model, shared by the threads that fill it and those that ask it. Every clone is the same model.
#[derive(Clone)]
pub struct Shared(Arc<Inner>);

struct Inner {
    model: RwLock<Model>,
    /// Those who wait to ask or to tell.
    waiting: AtomicUsize,
}

impl Shared {
    /// Shares `model`.
    pub fn new(model: Model) -> Self {
        Self(Arc::new(Inner { model: RwLock::new(model), waiting: AtomicUsize::new(0) }))
    }

    /// Asks the model; others may ask at the same time.
    pub fn read<T>(&self, ask: impl FnOnce(&Model) -> T) -> T {
        self.0.waiting.fetch_add(1, Ordering::Relaxed);
        let model = self.0.model.read().unwrap_or_else(PoisonError::into_inner);
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
        ask(&model)
    }

    /// Ticks, in pieces: whoever waits is let in between two of them.
    pub fn tick(&self, now: Millis) {
        while !self.write(|model| model.tick_some(now)) {
            self.give_way();
        }
    }

    /// Tells the model something, while nobody asks.
    pub fn write<T>(&self, tell: impl FnOnce(&mut Model) -> T) -> T {
        self.0.waiting.fetch_add(1, Ordering::Relaxed);
        let mut model = self.0.model.write().unwrap_or_else(PoisonError::into_inner);
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
        tell(&mut model)
    }

    /// Lets those who wait go first. Who tells without a pause would else take the lock again before anybody who was
    /// woken for it, for as long as there is something to tell.
    pub(crate) fn give_way(&self) {
        let (pause, most) = PAUSE;
        for _ in 0..most {
            if self.0.waiting.load(Ordering::Relaxed) == 0 {
                return;
            }
            sleep(pause);
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::model::ModelSettings;

    #[test]
    fn who_tells_without_end_is_asked_all_the_same() {
        let shared = Shared::new(Model::new(ModelSettings::default()));
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    shared.write(|_| sleep(Duration::from_micros(200)));
                    shared.give_way();
                }
            });
            let told: Vec<u64> = (0..100).map(|_| shared.read(Model::generation)).collect();
            over.store(true, Ordering::Relaxed);
            assert_eq!(told.len(), 100);
        });
    }
}
