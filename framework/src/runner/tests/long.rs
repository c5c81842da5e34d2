//! Handlers that take the thread long.

use std::sync::atomic::Ordering;

use super::*;
use crate::runner::shift::LONGEST_SHIFT;

/// Orders that wait behind one.
const BEHIND: usize = 40;
/// At five readings of the clock a shift is over; a run reads it once at least.
const MOST: usize = 6;

/// A bench on which each reading of the clock takes a fifth of a shift.
fn slow() -> Bench {
    let mut bench = Bench::new();
    bench.driver.pace = LONGEST_SHIFT / 5;
    bench
}

fn turn(bench: &mut Bench) -> bool {
    let mut cx = Context::from_waker(Waker::noop());
    bench.runner.turn(bench.now, &mut cx, &mut bench.driver)
}

/// Turns until nothing is left; no turn does more than it may.
fn turn_on(bench: &mut Bench) {
    for _ in 0..BEHIND {
        let before = bench.driver.sent.len();
        let more = turn(bench);
        let done = bench.driver.sent.len() - before;
        assert!(done <= MOST, "{done} runs in one turn");
        if !more {
            return;
        }
    }
    panic!("it never came to rest");
}

#[test]
fn what_waited_behind_a_key_is_not_all_done_in_one_turn() {
    let mut bench = slow();
    bench.order(r#"{"order_id":"first","act":"wait"}"#);
    for number in 0..BEHIND {
        bench.order(&format!(r#"{{"order_id":"{number}"}}"#));
    }
    bench.shop.gate.notify_one();
    turn_on(&mut bench);
    let keys: Vec<_> = bench.driver.sent.iter().map(|(_, sent)| sent.key.clone().unwrap()).collect();
    let expected: Vec<_> =
        std::iter::once("first".to_owned()).chain((0..BEHIND).map(|number| number.to_string())).collect();
    assert_eq!(keys, expected.iter().map(|key| key.as_bytes().to_vec()).collect::<Vec<_>>());
}

#[test]
fn handlers_that_all_may_go_on_do_not_all_go_on_in_one_turn() {
    let mut bench = slow();
    for number in 0..BEHIND {
        let value = format!(r#"{{"order_id":"{number}","act":"wait"}}"#);
        bench.order_keyed(number.to_string().as_bytes(), &value);
        bench.now.0 += 1;
    }
    bench.pass(1);
    bench.shop.gate.notify_waiters();
    turn_on(&mut bench);
    assert_eq!(bench.driver.sent.len(), BEHIND);
}

#[test]
fn what_is_taken_meanwhile_is_handled_in_the_next_turn() {
    let mut bench = slow();
    for number in 0..BEHIND {
        bench.order_keyed(number.to_string().as_bytes(), r#"{"order_id":"o"}"#);
    }
    assert!(bench.driver.sent.len() <= MOST, "{} runs at one time", bench.driver.sent.len());
    turn_on(&mut bench);
    assert_eq!(bench.driver.sent.len(), BEHIND);
}

#[test]
fn handlers_that_wait_on_do_not_all_have_their_say_in_one_turn() {
    let mut bench = slow();
    for number in 0..BEHIND {
        let value = format!(r#"{{"order_id":"{number}","act":"spin"}}"#);
        bench.order_keyed(number.to_string().as_bytes(), &value);
        bench.now.0 += 1;
    }
    for _ in 0..BEHIND {
        let before = bench.shop.spins.load(Ordering::Relaxed);
        assert!(turn(&mut bench), "there is always more");
        let polled = bench.shop.spins.load(Ordering::Relaxed) - before;
        assert!((1..=MOST).contains(&(polled as usize)), "{polled} polls in one turn");
        bench.now.0 += 1;
    }
    assert_eq!(bench.shop.seen.lock().unwrap().len(), BEHIND, "all have begun");
}

#[test]
fn a_burst_of_large_emits_leaves_little_behind() {
    for (bytes, kept) in [(10, 200), (100_000, 64)] {
        let mut bench = Bench::with_concurrency(200);
        for number in 0..200 {
            let value = format!(r#"{{"order_id":"{}","act":"wait"}}"#, "x".repeat(bytes));
            bench.order_keyed(number.to_string().as_bytes(), &value);
        }
        bench.shop.gate.notify_waiters();
        bench.pass(1);
        assert_eq!(
            (bench.driver.sent.len(), bench.runner.handlers.idle()),
            (200, kept),
            "{bytes} bytes each"
        );
    }
}
