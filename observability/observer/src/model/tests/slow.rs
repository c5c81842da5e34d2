//! Slow and fine is never called stalled, and what stands still is, in time: counted over thousands of instances under
//! load, with keys beside them that wait for another attempt.

use std::collections::{BTreeMap, BTreeSet};

use super::load::{Entry, Play, STEPS, World};
use crate::answer::{InstanceState, StallReason};
use crate::fact::Millis;
use crate::model::{InstanceFilter, MAX_PAGE};

/// A stall is told within its deadline and so long.
const TOLD_WITHIN_MS: Millis = 5_000;
/// How often the observer looks, and how much later a look may come.
const LOOK_EVERY_MS: Millis = 2_000;

/// What the observer said, held against what was so.
#[derive(Debug, Default)]
struct Counts {
    /// Handled in time, though it took more than half of the deadline.
    slow_and_fine: usize,
    late: usize,
    told: usize,
    /// Late for so long that it must be told.
    to_be_told: usize,
    told_late: usize,
    false_stalls: usize,
    /// Told for the first time with a reason that was not so.
    wrong_reasons: usize,
    /// Told for the first time with no member, rightly.
    no_consumer: usize,
    /// Told for the first time as held back, rightly.
    retrying: usize,
    /// Commits that could not list all that was settled.
    cut_short: usize,
    worst_ms: Millis,
}

/// Plays to the end. `grace` is what is added to the time in which a stall must be told.
fn play(play: Play, grace: Millis) -> Counts {
    let mut world = World::new(play);
    let mut counts = Counts::default();
    // When an order was first said to stand still at a step.
    let mut told: BTreeMap<(usize, usize), Millis> = BTreeMap::new();
    // Of what was there before the first look only its own time is known.
    world.look_at_groups();
    world.look_at_ends();
    let mut look = world.now;
    while !world.is_over() {
        world.turn();
        if world.now < look {
            continue;
        }
        look = world.now + LOOK_EVERY_MS;
        let looked_at = world.now;
        world.look_at_groups();
        let why = world.reasons();
        // Asking took its time, and the world went on.
        (0..world.now / 50 % 5).for_each(|_| world.turn());
        world.look_at_ends();
        let late = late(&world, looked_at);
        for (order, step, reason) in stalled(&world) {
            counts.false_stalls += usize::from(!late.contains(&order));
            if told.contains_key(&(order, step)) {
                continue;
            }
            told.insert((order, step), world.now);
            // What was settled when the groups were asked was late all the same, and is told of until the next look.
            let is_right = why.get(&(order, step)).is_none_or(|why| why.contains(&reason));
            counts.wrong_reasons += usize::from(!is_right);
            counts.no_consumer += usize::from(is_right && reason == StallReason::NoConsumer);
            counts.retrying += usize::from(is_right && reason == StallReason::Retrying);
        }
    }
    judge(&world, &told, grace, &mut counts);
    counts.cut_short = world.cut_short();
    println!("{} instances: {counts:?}", play.orders);
    counts
}

/// The orders that are called stalled, each with the step and the reason.
fn stalled(world: &World) -> Vec<(usize, usize, StallReason)> {
    let states = vec![InstanceState::Stalled];
    let mut filter = InstanceFilter { states, limit: MAX_PAGE, ..InstanceFilter::default() };
    let mut all = Vec::new();
    loop {
        let page = world.model.instances(&filter, world.now);
        for item in page.items {
            let order = item.id.trim_end_matches("-0").parse().unwrap();
            let step = STEPS.iter().position(|(name, ..)| Some(*name) == item.step.as_deref()).unwrap();
            all.push((order, step, item.reason.unwrap()));
        }
        match page.next {
            Some(next) => filter.cursor = Some(next.parse().unwrap()),
            None => return all,
        }
    }
}

/// The orders that are truly past a deadline, or were.
fn late(world: &World, looked_at: Millis) -> BTreeSet<usize> {
    let mut late = BTreeSet::new();
    for (step, (_, _, deadline)) in STEPS.into_iter().enumerate() {
        let is_late = |entry: &&Entry| {
            let due = entry.at + deadline;
            looked_at > due && entry.settled.is_none_or(|settled| settled > due)
        };
        late.extend(world.logs[step].iter().flatten().filter(is_late).map(|entry| entry.order));
    }
    late
}

fn judge(world: &World, told: &BTreeMap<(usize, usize), Millis>, grace: Millis, counts: &mut Counts) {
    for (step, (_, _, deadline)) in STEPS.into_iter().enumerate() {
        for entry in world.logs[step].iter().flatten() {
            let due = entry.at + deadline;
            let settled = entry.settled.unwrap();
            let said = told.get(&(entry.order, step)).copied();
            counts.slow_and_fine += usize::from(settled <= due && settled > entry.at + deadline / 2);
            if settled <= due {
                continue;
            }
            counts.late += 1;
            counts.told += usize::from(said.is_some());
            let until = due + TOLD_WITHIN_MS + grace;
            if settled > until {
                counts.to_be_told += 1;
                counts.told_late += usize::from(said.is_none_or(|said| said > until));
                counts.worst_ms = counts.worst_ms.max(said.unwrap_or(Millis::MAX).saturating_sub(due));
            }
        }
    }
}

const CALM: Play =
    Play { seed: 1, orders: 5_000, rate: 150, failing: 20, hanging: 5, clocks_differ: false, away: (0, 0) };

#[test]
fn five_thousand_slow_orders_beside_keys_that_wait_are_never_called_stalled() {
    for seed in 1..=2 {
        let counts = play(Play { seed, hanging: 0, ..CALM }, 0);
        assert_eq!((counts.false_stalls, counts.wrong_reasons), (0, 0), "{counts:?}");
        assert!(counts.slow_and_fine > 2_000, "{counts:?}");
    }
}

#[test]
fn what_stands_still_is_told_in_time_and_nothing_else_is() {
    let away = (20_000, 55_000);
    for seed in 1..=2 {
        let counts = play(Play { seed, away, ..CALM }, 0);
        assert_eq!((counts.false_stalls, counts.told_late, counts.wrong_reasons), (0, 0, 0), "{counts:?}");
        assert!(counts.to_be_told > 200 && counts.slow_and_fine > 1_000, "{counts:?}");
        assert!(counts.no_consumer > 200 && counts.retrying > 20, "{counts:?}");
    }
}

#[test]
fn where_more_is_settled_than_a_commit_can_say_nothing_is_called_stalled_that_is_not() {
    let counts = play(Play { failing: 450, orders: 6_000, rate: 2_000, ..CALM }, 0);
    assert_eq!((counts.false_stalls, counts.wrong_reasons), (0, 0), "{counts:?}");
    assert!(counts.cut_short > 0 && counts.told > 100, "{counts:?}");
}

#[test]
fn clocks_that_differ_by_an_hour_make_no_stall_and_hide_none() {
    let away = (20_000, 55_000);
    // Of a record whose time is wrong it is known between which two looks it was written, no more.
    let counts = play(Play { away, clocks_differ: true, ..CALM }, LOOK_EVERY_MS);
    assert_eq!((counts.false_stalls, counts.told_late, counts.wrong_reasons), (0, 0, 0), "{counts:?}");
    assert!(counts.to_be_told > 200 && counts.slow_and_fine > 1_000, "{counts:?}");
}
