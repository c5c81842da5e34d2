//! What is so, found out by trying every choice of every step: slow, and too simple to be wrong.

use std::collections::BTreeSet;

use crate::world::{EVENTS, Shape, World};

type Events = BTreeSet<usize>;

/// Everything that a step may emit at once. Of a list: nothing, one element, or all kinds of element at once.
fn outcomes(shape: &Shape) -> BTreeSet<Events> {
    let none = BTreeSet::from([Events::new()]);
    match shape {
        Shape::Nothing => none,
        Shape::One(event) => BTreeSet::from([Events::from([*event])]),
        Shape::Optional(inner) => none.into_iter().chain(outcomes(inner)).collect(),
        Shape::Many(inner) => {
            let one = outcomes(inner);
            let all = one.iter().flatten().copied().collect();
            none.into_iter().chain(one).chain([all]).collect()
        }
        Shape::All(parts) => parts.iter().fold(none, |so_far, part| {
            let more = outcomes(part);
            so_far.iter().flat_map(|left| more.iter().map(move |right| left | right)).collect()
        }),
        Shape::OneOf(parts) if parts.is_empty() => none,
        Shape::OneOf(parts) => parts.iter().flat_map(outcomes).collect(),
    }
}

/// The events after which, whatever the steps decide, there is always one more: each way for every step to decide goes round.
pub(crate) fn endless(world: &World) -> Events {
    // To emit more than another outcome does never helps to stop.
    let least = |shape: &Shape| -> Vec<Events> {
        let all = outcomes(shape);
        let is_least = |one: &&Events| !all.iter().any(|other| other.is_subset(one) && other != *one);
        all.iter().filter(is_least).cloned().collect()
    };
    let choices: Vec<Vec<Events>> = world.steps.iter().map(|(_, shape)| least(shape)).collect();
    let stops = |event: usize| {
        let mut stops = |decided: &[Events]| !goes_round(world, decided, event, &mut Vec::new());
        each_way(&choices, &mut Vec::new(), &mut stops)
    };
    (0..EVENTS).filter(|event| !stops(*event)).collect()
}

/// Whether `stops` holds for some way to take one of each.
fn each_way(
    choices: &[Vec<Events>],
    so_far: &mut Vec<Events>,
    stops: &mut dyn FnMut(&[Events]) -> bool,
) -> bool {
    let Some(here) = choices.get(so_far.len()) else { return stops(so_far) };
    for choice in here {
        so_far.push(choice.clone());
        let stopped = each_way(choices, so_far, stops);
        so_far.pop();
        if stopped {
            return true;
        }
    }
    false
}

fn goes_round(world: &World, decided: &[Events], event: usize, path: &mut Vec<usize>) -> bool {
    if path.contains(&event) {
        return true;
    }
    path.push(event);
    let readers = world.steps.iter().zip(decided).filter(|((consumes, _), _)| consumes.contains(&event));
    let round = readers.flat_map(|(_, events)| events).any(|next| goes_round(world, decided, *next, path));
    path.pop();
    round
}

/// Whether an end may come of `event`. What has a fault of its own counts as one.
pub(crate) fn ends(world: &World, endless: &Events, event: usize) -> bool {
    let mut reached = Events::from([event]);
    for _ in 0..EVENTS {
        let next = world.steps.iter().filter(|(consumes, _)| !consumes.is_disjoint(&reached));
        let next: Events = next.flat_map(|(_, shape)| shape.events()).collect();
        reached.extend(next);
    }
    reached.iter().any(|event| {
        let unread = world.steps.iter().all(|(consumes, _)| !consumes.contains(event));
        let marks = world.marks[*event];
        marks.terminal || (unread && !marks.outbound) || endless.contains(event)
    })
}

/// The outcomes of a step by the alternatives that it has chosen. Whether it emits what is optional, what a list holds, and
/// whether it emits anything are no alternatives.
fn by_alternative(shape: &Shape) -> BTreeSet<BTreeSet<Events>> {
    let none = BTreeSet::from([Events::new()]);
    match shape {
        Shape::Nothing | Shape::One(_) | Shape::Many(_) => BTreeSet::from([outcomes(shape)]),
        Shape::Optional(inner) => by_alternative(inner)
            .into_iter()
            .map(|these| these.into_iter().chain(none.clone()).collect())
            .collect(),
        Shape::All(parts) => parts.iter().fold(BTreeSet::from([none]), |so_far, part| {
            let more = by_alternative(part);
            so_far
                .iter()
                .flat_map(|left| more.iter().map(move |right| (left, right)))
                .map(|(left, right)| {
                    left.iter().flat_map(|one| right.iter().map(move |other| one | other)).collect()
                })
                .collect()
        }),
        Shape::OneOf(parts) => {
            let branches: Vec<&Shape> = parts.iter().filter(|part| !part.events().is_empty()).collect();
            let may_be_nothing = branches.len() < parts.len() || parts.is_empty();
            if branches.is_empty() {
                return BTreeSet::from([none]);
            }
            let each = branches.into_iter().flat_map(by_alternative);
            let with_nothing = |mut these: BTreeSet<Events>| {
                these.extend(none.iter().filter(|_| may_be_nothing).cloned());
                these
            };
            each.map(with_nothing).collect()
        }
    }
}

/// The steps with an alternative that ends, and one of which no end can come although it emits something.
pub(crate) fn dead_branches(world: &World, endless: &Events) -> BTreeSet<String> {
    let may_end = |outcome: &Events| outcome.iter().any(|event| ends(world, endless, *event));
    let is_torn = |shape: &Shape| {
        let alternatives = by_alternative(shape);
        let (alive, dead): (Vec<_>, Vec<_>) =
            alternatives.iter().partition(|these| these.iter().any(may_end));
        !alive.is_empty() && dead.iter().any(|these| these.iter().any(|outcome| !outcome.is_empty()))
    };
    let torn = world.steps.iter().enumerate().filter(|(_, (_, shape))| is_torn(shape));
    torn.map(|(at, _)| format!("s{at}")).collect()
}
