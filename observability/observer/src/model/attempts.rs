//! Every attempt at an event, of what is known of them: some were told of one by one, of others only how many there were.

use super::declared::StepDecl;
use super::groups::Tried;
use super::kept::{Kept, Row};
use super::runs::Run;
use super::state::Model;
use crate::answer::{Attempt, AttemptOutcome};
use crate::fact::Millis;

/// The most attempts that one answer tells of; of each run the last ones.
pub(super) const MAX_TOLD: usize = 5_000;

/// A record that a step was to handle: the event's own, or one on its retry topic.
struct Delivery {
    /// How often it was replayed before.
    replays: u32,
    since: Millis,
    place: u32,
    offset: i64,
}

impl Model {
    /// The attempts at an event, the oldest first, at most `room` of them, and how many are left out.
    pub(super) fn attempts(
        &self,
        instance: &Kept,
        (number, row): (u32, &Row),
        step: u16,
        room: &mut usize,
    ) -> (Vec<Attempt>, u64) {
        let Some(decl) = self.declared.step(step) else { return (Vec::new(), 0) };
        let visits = instance.notes_of(number, row);
        let visits = visits.filter(|note| note.step == step && note.letter.is_none());
        let own = Delivery { replays: 0, since: row.since, place: row.place, offset: row.offset };
        let mut deliveries = vec![own];
        deliveries.extend(visits.map(|note| Delivery {
            replays: note.replays,
            since: note.since,
            place: note.place,
            offset: note.offset,
        }));
        deliveries.sort_by_key(|delivery| delivery.replays);
        let mut closing: Vec<Option<&Run>> = vec![None; deliveries.len()];
        for run in instance.runs().iter().filter(|run| (run.event, run.step) == (row.id, step)) {
            let before = &mut closing[delivery_of(&deliveries, run)];
            *before = before.filter(|known| known.ended > run.ended).or(Some(run));
        }
        let (mut told, mut left_out) = (Vec::new(), 0);
        for (delivery, closing) in deliveries.iter().zip(closing) {
            let tried = self.tried(decl, delivery);
            let of_one = of_delivery(delivery, &tried, closing, *room);
            *room -= of_one.0.len();
            told.extend(of_one.0);
            left_out += of_one.1;
        }
        (told, left_out)
    }

    /// The attempts that were told of one by one.
    fn tried(&self, decl: &StepDecl, delivery: &Delivery) -> Vec<Tried> {
        let commit = self.commit(decl.group, delivery.place);
        commit.map_or_else(Vec::new, |commit| commit.tried(delivery.offset).copied().collect())
    }
}

/// To which delivery a run belongs: of a dead letter that is said, else it is the last that was there before it ended.
fn delivery_of(deliveries: &[Delivery], run: &Run) -> usize {
    let replayed = |delivery: &Delivery| run.failed && delivery.replays == run.replays;
    let before = |delivery: &Delivery| delivery.since <= run.ended;
    deliveries.iter().position(replayed).or_else(|| deliveries.iter().rposition(before)).unwrap_or(0)
}

/// The attempts at one delivery, the last `room` of them, and how many are left out.
fn of_delivery(
    delivery: &Delivery,
    tried: &[Tried],
    closing: Option<&Run>,
    room: usize,
) -> (Vec<Attempt>, u64) {
    // A commit may tell of the last one as well, while the dead letter is on its way.
    let last = closing.filter(|run| run.failed).map_or(u32::MAX, |run| run.attempts - 1);
    let last_told = tried.iter().map(|tried| tried.attempts).max().unwrap_or(0);
    let failed = last_told.max(closing.map_or(0, |run| run.attempts - 1)).min(last);
    let outages = tried.iter().filter(|tried| tried.outage && tried.attempts <= failed).count();
    let all = u64::from(failed) + outages as u64 + u64::from(closing.is_some());
    let left_out = all.saturating_sub(room as u64);
    let attempt = |number, outcome, at, due| {
        let (after, before) = (None, None);
        Attempt { number, replays: delivery.replays, outcome, at, after, before, due }
    };
    let mut told = Vec::new();
    // One that was not told of and is left out need not be made first.
    let from = failed.saturating_sub(u32::try_from(room).unwrap_or(u32::MAX));
    for number in from..=failed {
        let mut of_number = tried.iter().filter(|tried| tried.attempts == number).peekable();
        let is_told = of_number.peek().is_some_and(|tried| !tried.outage);
        if number > 0 && !is_told {
            let first = (number == 1).then(|| first_failure(tried, closing)).flatten();
            told.push(attempt(number, AttemptOutcome::Failed, first, None));
        }
        for tried in of_number {
            let outcome = if tried.outage { AttemptOutcome::Outage } else { AttemptOutcome::Failed };
            let first = (number == 1 && !tried.outage).then_some(tried.first_failed_at);
            let at = first.filter(|first| *first > 0).unwrap_or(tried.at);
            told.push(attempt(number, outcome, Some(at), Some(tried.due)));
        }
    }
    if let Some(run) = closing {
        let outcome = if run.failed { AttemptOutcome::Failed } else { AttemptOutcome::Succeeded };
        told.push(attempt(run.attempts, outcome, Some(run.ended), None));
    }
    set_bounds(&mut told, first_failure(tried, closing));
    let cut = told.len().saturating_sub(room);
    told.drain(..cut);
    (told, left_out)
}

/// When the first attempt failed, where anybody says so.
fn first_failure(tried: &[Tried], closing: Option<&Run>) -> Option<Millis> {
    let told = tried.iter().map(|tried| tried.first_failed_at).chain(closing.map(|run| run.first_failed_at));
    told.filter(|at| *at > 0).min()
}

/// Of those whose time nobody told, says between which two times they ended.
fn set_bounds(told: &mut [Attempt], first: Option<Millis>) {
    let mut last = first;
    for attempt in &mut *told {
        if attempt.at.is_none() {
            attempt.after = last;
        }
        last = attempt.at.or(last);
    }
    let mut next = None;
    for attempt in told.iter_mut().rev() {
        if attempt.at.is_none() {
            attempt.before = next;
        }
        next = attempt.at.or(next);
    }
}
