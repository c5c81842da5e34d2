//! Which of the waiting handlers were woken. Each waits in a place with a number, and the place has one waker for good:
//! a handler that waits costs no allocation, and one that is woken twice is polled once.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};
use std::task::{Context, Wake, Waker};

use futures_util::task::AtomicWaker;

/// The places that were woken and not come to.
pub(super) struct Woken {
    bell: Arc<Bell>,
    /// By number.
    places: Vec<(Arc<Place>, Waker)>,
    /// Those of the present turn, the next one last.
    round: Vec<usize>,
}

/// What the places share, whichever thread wakes them.
struct Bell {
    /// Each number at most once, in the order of waking.
    noted: Mutex<Vec<usize>>,
    /// Who turns the loop.
    turner: AtomicWaker,
}

struct Place {
    number: usize,
    /// Whether the number is noted.
    is_noted: AtomicBool,
    bell: Arc<Bell>,
}

impl Wake for Place {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.is_noted.swap(true, Ordering::AcqRel) {
            self.bell.noted.lock().unwrap_or_else(PoisonError::into_inner).push(self.number);
            self.bell.turner.wake();
        }
    }
}

impl Woken {
    /// No place yet.
    pub(super) fn new() -> Self {
        let bell = Bell { noted: Mutex::default(), turner: AtomicWaker::new() };
        Self { bell: Arc::new(bell), places: Vec::new(), round: Vec::new() }
    }

    /// The waker of the place `number`, which is made with all before it where there is none yet.
    pub(super) fn waker(&mut self, number: usize) -> &Waker {
        while self.places.len() <= number {
            let place = Place {
                number: self.places.len(),
                is_noted: AtomicBool::new(false),
                bell: Arc::clone(&self.bell),
            };
            let place = Arc::new(place);
            self.places.push((Arc::clone(&place), Waker::from(place)));
        }
        &self.places[number].1
    }

    /// Begins a round with the places woken until now. Whatever is woken from here on wakes `cx` and is the next round's,
    /// so that a handler which wakes itself keeps nobody else waiting.
    pub(super) fn gather(&mut self, cx: &Context<'_>) {
        self.bell.turner.register(cx.waker());
        self.round.reverse();
        self.round.append(&mut self.bell.noted.lock().unwrap_or_else(PoisonError::into_inner));
        self.round.reverse();
    }

    /// The next place of the round. From here on it can be woken anew.
    pub(super) fn next(&mut self) -> Option<usize> {
        let number = self.round.pop()?;
        // Before it is polled, so that a wake-up during the poll is noted.
        self.places[number].0.is_noted.store(false, Ordering::Release);
        Some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts how often it is woken.
    #[derive(Default)]
    struct Turner(Mutex<usize>);

    impl Wake for Turner {
        fn wake(self: Arc<Self>) {
            *self.0.lock().unwrap() += 1;
        }
    }

    fn round(woken: &mut Woken, cx: &Context<'_>) -> Vec<usize> {
        woken.gather(cx);
        std::iter::from_fn(|| woken.next()).collect()
    }

    #[test]
    fn a_place_is_noted_once_until_it_was_come_to_and_in_the_order_of_waking() {
        let turner = Arc::new(Turner::default());
        let waker = Waker::from(Arc::clone(&turner));
        let cx = Context::from_waker(&waker);
        let mut woken = Woken::new();
        let (second, first) = (woken.waker(2).clone(), woken.waker(0).clone());
        second.wake_by_ref();
        assert_eq!(*turner.0.lock().unwrap(), 0, "nobody turns yet");
        first.wake_by_ref();
        second.wake_by_ref();
        assert_eq!(round(&mut woken, &cx), [2, 0]);
        assert_eq!(round(&mut woken, &cx), [0; 0]);
        second.wake_by_ref();
        assert_eq!(*turner.0.lock().unwrap(), 1);
        assert_eq!(round(&mut woken, &cx), [2]);
    }

    #[test]
    fn one_that_wakes_itself_as_it_is_polled_is_the_next_rounds() {
        let cx = Context::from_waker(Waker::noop());
        let mut woken = Woken::new();
        let waker = woken.waker(0).clone();
        waker.wake_by_ref();
        woken.gather(&cx);
        assert_eq!(woken.next(), Some(0));
        waker.wake_by_ref();
        assert_eq!(woken.next(), None);
        assert_eq!(round(&mut woken, &cx), [0]);
    }

    #[test]
    fn no_wake_up_from_another_thread_is_lost() {
        const PLACES: usize = 8;
        const WAKE_UPS: usize = 20_000;
        let mut woken = Woken::new();
        let wakers: Vec<Waker> = (0..PLACES).map(|number| woken.waker(number).clone()).collect();
        let done: Arc<Vec<AtomicBool>> = Arc::new((0..PLACES).map(|_| AtomicBool::new(false)).collect());
        let seen = std::thread::scope(|scope| {
            for (number, waker) in wakers.into_iter().enumerate() {
                let done = Arc::clone(&done);
                scope.spawn(move || {
                    for _ in 1..WAKE_UPS {
                        waker.wake_by_ref();
                    }
                    done[number].store(true, Ordering::Release);
                    waker.wake();
                });
            }
            let turner = Waker::from(Arc::new(Parked(std::thread::current())));
            let cx = Context::from_waker(&turner);
            let mut seen = [false; PLACES];
            while seen.contains(&false) {
                woken.gather(&cx);
                let mut any = false;
                while let Some(number) = woken.next() {
                    any = true;
                    // What was done before a wake-up is seen by whoever comes to it.
                    seen[number] |= done[number].load(Ordering::Acquire);
                }
                if !any {
                    std::thread::park();
                }
            }
            seen
        });
        assert_eq!(seen, [true; PLACES]);
    }

    struct Parked(std::thread::Thread);

    impl Wake for Parked {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
}
