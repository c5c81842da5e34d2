//! What is true of a play, and that the model says nothing else.

use std::collections::BTreeSet;

use super::play::{Letter, PARTITIONS, PairOf, Play};
use crate::answer::{InstanceState, InstanceSummary, Owing, Seat, StallReason, StepState};
use crate::model::{InstanceFilter, MAX_PAGE};

impl Play {
    /// The newest dead letter of a pair that no later replay follows.
    fn letter_of(&self, pair: &PairOf) -> Option<&Letter> {
        let newest =
            self.letters.values().filter(|letter| letter.pair == *pair).max_by_key(|it| it.replays)?;
        let replays = self.replayed.get(pair).map_or(0, |(_, replays)| *replays);
        (newest.replays >= replays).then_some(newest)
    }

    fn is_owed(&self, pair: &PairOf) -> bool {
        if self.letter_of(pair).is_some() {
            return false;
        }
        let worker = self.workers.iter().find(|worker| worker.name == pair.1).unwrap();
        let place = self.replayed.get(pair).map_or_else(|| &self.first[&pair.0], |(place, _)| place);
        !worker.settled.contains(place)
    }

    /// Every event with every step that consumes it, of one order or of all.
    fn pairs(&self, order: Option<&str>) -> Vec<PairOf> {
        let mut pairs = Vec::new();
        for (event, place) in &self.first {
            let record = &self.topics[&place.0][place.1][place.2];
            if order.is_none_or(|order| record.order == order) {
                let takes = self.workers.iter().filter(|worker| worker.consumes.contains(&record.event_type));
                pairs.extend(takes.map(|worker| (event.clone(), worker.name)));
            }
        }
        pairs
    }

    pub(super) fn owed(&self) -> BTreeSet<PairOf> {
        self.pairs(None).into_iter().filter(|pair| self.is_owed(pair)).collect()
    }

    fn is_path_owed(&self, order: &str) -> bool {
        self.pairs(Some(order)).iter().any(|pair| pair.1 != "mail/tell" && self.is_owed(pair))
    }

    fn has_ended(&self, order: &str) -> bool {
        let ends =
            |event: &&String| event.ends_with("order.delivered.v1") || event.ends_with("payment.declined.v1");
        self.first.keys().filter(ends).any(|event| event.split('>').next() == Some(order))
    }

    fn path_letters(&self, order: &str) -> impl Iterator<Item = &Letter> {
        let order = order.to_owned();
        self.letters.values().filter(move |letter| letter.order == order && letter.pair.1 != "mail/tell")
    }

    /// Nothing that the model says is wrong.
    pub(super) fn check(&mut self) {
        self.model.tick(self.now);
        self.check_lists();
        for item in self.all() {
            let order = item.id.as_str();
            match item.state {
                InstanceState::Lost => {
                    assert!(!self.is_path_owed(order) && !self.has_ended(order), "not lost: {item:?}");
                }
                InstanceState::Completed => {
                    assert!(self.has_ended(order) && !self.is_path_owed(order), "not completed: {item:?}");
                }
                InstanceState::Failed => {
                    assert!(self.path_letters(order).next().is_some(), "not failed: {item:?}");
                }
                InstanceState::Stalled | InstanceState::Running => {}
            }
            let instance = self.model.instance(order, self.now).unwrap();
            for event in &instance.events {
                for at in &event.steps {
                    let worker = self.workers.iter().find(|worker| worker.name == at.step).unwrap();
                    let pair = (event.id.clone(), worker.name);
                    if matches!(at.state, StepState::Done { .. }) {
                        assert!(!self.is_owed(&pair), "not done: {pair:?}");
                    }
                }
            }
            for owing in instance.frontier {
                let is_told = |seat: &Seat| {
                    (seat.step == owing.step, seat.path, seat.reason) == (true, owing.path, owing.stalled)
                };
                assert!(item.steps.iter().any(is_told), "not told of its step: {owing:?}");
                if owing.stalled.is_some_and(|reason| reason != StallReason::DeadLetter) {
                    let worker = self.workers.iter().find(|worker| worker.name == owing.step).unwrap();
                    let pair = (owing.event.clone(), worker.name);
                    // Of a step that says no more than an offset, what lies behind the mark counts as waiting while
                    // the mark moves or nobody is there: the next member would be given it again.
                    let by_mark =
                        matches!(owing.stalled, Some(StallReason::Backlog | StallReason::NoConsumer));
                    let by_offset = by_mark && !worker.tells;
                    assert!(by_offset || self.owed_at_look.contains(&pair), "not stalled: {owing:?}");
                }
            }
        }
    }

    /// Each step's list holds the orders that have it, and the counts are those of the lists.
    fn check_lists(&self) {
        let all = self.all();
        let order = &self.model.overview(self.now).workflows;
        let steps = self.workers.iter().map(|worker| worker.name);
        for step in steps {
            let at = |item: &&InstanceSummary| item.steps.iter().any(|seat| seat.step == step);
            let wanted: BTreeSet<&str> = all.iter().filter(at).map(|it| it.id.as_str()).collect();
            let filter =
                InstanceFilter { step: Some(step.to_owned()), limit: MAX_PAGE, ..Default::default() };
            let listed = self.model.instances(&filter, self.now);
            assert_eq!(
                listed.items.iter().map(|it| it.id.as_str()).collect::<BTreeSet<_>>(),
                wanted,
                "{step}"
            );
            for reason in listed.by_reason {
                let is_stuck = |seat: &Seat| {
                    seat.step == step && seat.reason.is_some_and(|reason_of| reason_of.word() == reason.name)
                };
                let stuck = all.iter().filter(|item| item.steps.iter().any(is_stuck)).count();
                assert_eq!(reason.count, stuck as u64, "{step} {}", reason.name);
            }
        }
        let side = |item: &&InstanceSummary| item.steps.iter().any(|it| !it.path && it.reason.is_some());
        assert_eq!(order.iter().map(|it| it.side_stuck).sum::<u64>(), all.iter().filter(side).count() as u64);
    }

    /// Everybody works until nothing is left, the observer reads all, and the model must agree exactly.
    pub(super) fn settle_and_compare(&mut self) {
        for worker in 0..self.workers.len() {
            self.workers[worker].up = true;
        }
        while (0..self.workers.len()).any(|worker| !self.ready(worker).is_empty()) {
            (0..self.workers.len()).for_each(|worker| self.work(worker, 0));
        }
        for _ in 0..2 {
            for which in 0..self.topics.len() * PARTITIONS {
                self.observe(which, usize::MAX);
            }
            self.now += 10;
            self.look_at_groups();
            self.now += 10;
            self.fetch_ends();
            self.hand_over_ends();
            self.check();
        }
        let all = self.all();
        assert_eq!(all.len(), self.orders);
        for item in all {
            let order = item.id.as_str();
            let latest: Vec<&Letter> = self
                .path_letters(order)
                .filter(|it| self.letter_of(&it.pair).is_some_and(|l| l.replays == it.replays))
                .collect();
            let wanted = if latest.iter().any(|letter| letter.action.is_none()) {
                (InstanceState::Failed, Some(StallReason::DeadLetter))
            } else if self.has_ended(order) {
                (InstanceState::Completed, None)
            } else if latest.is_empty() {
                (InstanceState::Lost, Some(StallReason::Lost))
            } else {
                (InstanceState::Failed, None)
            };
            assert_eq!((item.state, item.reason), wanted, "{item:?}");
            let owing = self.model.instance(order, self.now).unwrap().frontier;
            let is_dead = |owing: &Owing| matches!(owing.state, StepState::DeadLettered { .. });
            assert!(owing.iter().all(is_dead), "nothing is left to do: {owing:?}");
        }
        let open = self.letters.values().filter(|letter| letter.action.is_none()).count();
        assert_eq!(self.model.overview(self.now).dead_letters_open, open as u64);
    }
}
