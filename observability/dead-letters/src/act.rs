//! Dead letters replayed, edited or discarded: each once, whoever asks, however often they are interrupted.
//!
//! Whoever acts on a dead-letter topic takes its transactional id first. From then on nobody else can commit under it,
//! and what they left open is aborted; so the audit topic, read to its end after that, tells everything that was ever
//! done. What it does not tell of is done now: the record on the retry topic and its audit record in one transaction, a
//! bounded number of them at a time.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::num::NonZeroU32;
use std::sync::Arc;

use choreograph::wire::{MAX_HOPS, header};
use choreograph_contracts::Tape;
use uuid::Uuid;

use crate::action::Deed;
use crate::again::{Edit, Remarks, Stamp, audit, one_line, parts, replayed};
use crate::batch::{Batch, Throttle};
use crate::dead_letters::{Chosen, DeadLetters};
use crate::error::Error;
use crate::kafka::{End, Log, Origins, Ranges, Trouble, Writer};
use crate::letter::DeadLetter;
use crate::limits::{MAX_REPLAYS, MAX_ROUNDS};
use crate::record::Record;
use crate::refusal::Refusal;
use crate::report::Report;
use crate::spans::{self, ActionSpan, Counts};
use crate::watch::{Progress, Stage, Watch};

/// What is to be done with dead letters.
#[derive(Debug, Clone)]
pub struct Order {
    /// Who asks for it: written on every record.
    pub by: String,
    /// What.
    pub what: What,
    /// Whether to write nothing, and only say what would be done.
    pub dry_run: bool,
    /// How many a second at most.
    pub rate: Option<NonZeroU32>,
    /// Whether to replay although no manifest says what the steps read, so that nothing can be checked.
    pub unchecked: bool,
    /// Whether to replay although the audit topic does not keep everything, so that what was replayed before may be
    /// replayed again.
    pub forgetful: bool,
}

/// What is to be done with dead letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Replay them as they are.
    Replay {
        /// Also those that would be refused, where that can be overruled.
        force: bool,
    },
    /// Replay one with another value.
    Edit {
        /// The value.
        value: Vec<u8>,
        /// Also if it would be refused, where that can be overruled.
        force: bool,
    },
    /// Give them up.
    Discard {
        /// Why.
        reason: String,
    },
}

impl What {
    /// The word for it.
    pub const fn deed(&self) -> Deed {
        match self {
            Self::Replay { .. } => Deed::Replayed,
            Self::Edit { .. } => Deed::Edited,
            Self::Discard { .. } => Deed::Discarded,
        }
    }

    fn is_forced(&self) -> bool {
        matches!(self, Self::Replay { force: true } | Self::Edit { force: true, .. })
    }
}

impl DeadLetters {
    /// Does what `order` says with each of `chosen` that nobody acted upon before. Run again after it was interrupted, it
    /// goes on where it was.
    ///
    /// A replay goes to the retry topic of the step that failed, which no other step reads: the one that its manifest names,
    /// else the one that the framework gives it.
    ///
    /// # Errors
    ///
    /// [`Error::Unchecked`] when a value is to be replayed and no manifest says what the step reads, unless the order says so;
    /// [`Error::Forgets`] when one is to be replayed and the audit topic does not keep everything, unless the order says so;
    /// [`Error::MissingTopic`] and [`Error::Right`] when something must be set up first, [`Error::Fenced`] when somebody
    /// else began to act on the same topic, [`Error::TooMany`] when more than one is to get the same value, or what Kafka
    /// says. What was done before the error stays done.
    pub fn act(&self, chosen: &Chosen, order: &Order, watch: &mut dyn Watch) -> Result<Report, Error> {
        if matches!(order.what, What::Edit { .. }) && chosen.len() > 1 {
            return Err(Error::TooMany { what: "dead letter to edit", limit: 1, advice: "name one id" });
        }
        let replays = order.what.deed() != Deed::Discarded;
        if replays && !order.unchecked && !self.can_check() {
            return Err(Error::Unchecked);
        }
        let stamp = Stamp::new(&order.by);
        let mut report = Report::new(stamp.action, order.what.deed(), chosen.len() as u64);
        report.dry_run = order.dry_run;
        report.checked = replays && self.can_check();
        for (topic, _) in chosen.topics().filter(|_| !order.dry_run) {
            self.check_topics(&if replays { self.retries.all(topic) } else { BTreeSet::new() })?;
        }
        if replays && !order.forgetful {
            self.check_memory()?;
        }
        let throttle = Throttle::new(order.rate);
        let tape = self.contracts.as_ref().map_or_else(Tape::new, crate::contracts::Contracts::tape);
        let mut run = Run { letters: self, order, stamp, report, throttle, tape, watch };
        let mut result = Ok(());
        for (topic, places) in &chosen.places {
            let before = Counts::of(&run.report);
            result = run.on(topic, places);
            spans::count(&run.report, before, &self.retries.step(topic));
            if result.is_err() || run.report.cancelled {
                break;
            }
        }
        result.map(|()| run.report)
    }
}

/// One order being carried out.
struct Run<'r> {
    letters: &'r DeadLetters,
    order: &'r Order,
    stamp: Stamp,
    report: Report,
    throttle: Throttle,
    tape: Tape,
    watch: &'r mut dyn Watch,
}

/// How one go at a topic ended.
enum Round {
    Done,
    /// A transaction's end is unknown: the next round finds out.
    Unknown(String),
}

/// One topic that is acted upon.
struct Site<'s> {
    /// Without the namespace.
    topic: &'s str,
    audit: Arc<str>,
    places: &'s BTreeMap<(i32, i64), Uuid>,
    span: ActionSpan,
}

impl Run<'_> {
    /// Acts on the dead letters at `places` of one topic.
    fn on(&mut self, topic: &str, places: &BTreeMap<(i32, i64), Uuid>) -> Result<(), Error> {
        let connection = &self.letters.connection;
        let span = ActionSpan::begin(&connection.full(topic), places.len(), self.order, &self.stamp);
        let site = Site { topic, audit: self.letters.audit_topic(), places, span };
        self.rounds(&site).inspect_err(|error| site.span.failed(error))
    }

    /// Acts until the end of every transaction is known.
    fn rounds(&mut self, site: &Site<'_>) -> Result<(), Error> {
        let Site { topic, places, .. } = *site;
        let mut left: HashSet<Uuid> = places.values().copied().collect();
        let mut rounds = 0;
        loop {
            let before = left.len();
            let why = match self.round(site, &mut left)? {
                Round::Done => break,
                Round::Unknown(why) => why,
            };
            rounds = if left.len() < before { 0 } else { rounds + 1 };
            if rounds == MAX_ROUNDS {
                return Err(Error::Kafka { doing: format!("act on the dead letters of {topic}"), code: why });
            }
        }
        if !self.report.cancelled {
            self.report.gone += left.len() as u64;
        }
        Ok(())
    }

    /// Takes the topic, learns what was done before, and does what is left.
    fn round(&mut self, site: &Site<'_>, left: &mut HashSet<Uuid>) -> Result<Round, Error> {
        let letters = self.letters;
        let writer =
            match (!self.order.dry_run).then(|| Writer::take(&letters.connection, site.topic)).transpose() {
                Ok(writer) => writer,
                Err(trouble) => return ended(trouble, site),
            };
        let end = if writer.is_some() { End::Written } else { End::Stable };
        let actions = letters.actions(end, Some(left), self.watch)?;
        for (id, actions) in &actions {
            if let Some(first) = actions.first().filter(|_| left.remove(id)) {
                // A round of this very action that did not know its end.
                if first.id == self.stamp.action {
                    self.report.done += 1;
                } else {
                    self.report.before(*id, first);
                }
            }
        }
        let mut log =
            Log::ranges(&letters.connection, &letters.connection.full(site.topic), &ranges(site, left))?;
        let mut batch = self.throttle.batch();
        while let Some(record) = log.next()? {
            if self.watch.cancelled() {
                self.report.cancelled = true;
                return Ok(Round::Done);
            }
            let place = (record.partition, record.offset);
            let Some(letter) = DeadLetter::read(record) else { continue };
            if site.places.get(&place) != Some(&letter.id) || !left.contains(&letter.id) {
                continue;
            }
            self.add(site, &letter, &mut batch, left)?;
            if batch.is_full()
                && let Some(trouble) = self.write(writer.as_ref(), &mut batch, left)
            {
                return ended(trouble, site);
            }
        }
        match self.write(writer.as_ref(), &mut batch, left) {
            Some(trouble) => ended(trouble, site),
            None => Ok(Round::Done),
        }
    }

    /// Puts the records for one dead letter into the batch, or refuses it.
    fn add(
        &mut self,
        site: &Site<'_>,
        letter: &DeadLetter,
        batch: &mut Batch,
        left: &mut HashSet<Uuid>,
    ) -> Result<(), Error> {
        let order = self.order;
        let edited = match &order.what {
            What::Discard { reason } => {
                let reason = one_line(reason);
                let told = Remarks { reason: Some(&reason), ..Remarks::default() };
                let audit = audit(letter, &site.audit, Deed::Discarded, &self.stamp, &told);
                batch.push(letter.id, None, vec![audit], false);
                return Ok(());
            }
            What::Replay { .. } => None,
            What::Edit { value, .. } => Some(value.as_slice()),
        };
        match self.prepare(site, letter, edited)? {
            Ok((mut again, forced)) => {
                let span = site.span.send(letter, &mut again);
                let objection = forced.as_ref().map(ToString::to_string);
                let edit = edited.map(|after| self.edit(letter, after)).transpose()?;
                let parts = edit.as_ref().map_or_else(Vec::new, |edit| {
                    parts(letter, &site.audit, &self.stamp, edit.before.as_deref())
                });
                let remarks = Remarks { forced: objection.as_deref(), edit, ..Remarks::default() };
                let audit = audit(letter, &site.audit, order.what.deed(), &self.stamp, &remarks);
                batch.push(
                    letter.id,
                    Some((again, span)),
                    [audit].into_iter().chain(parts).collect(),
                    forced.is_some(),
                );
            }
            Err(refusal) => self.refuse(letter.id, refusal, left),
        }
        Ok(())
    }

    /// The record for the retry topic, with the objection that was overruled; or why there is none.
    fn prepare(
        &mut self,
        site: &Site<'_>,
        letter: &DeadLetter,
        edited: Option<&[u8]>,
    ) -> Result<Result<(crate::record::Outgoing, Option<Refusal>), Refusal>, Error> {
        let Some(retry) = self.letters.retries.to(site.topic, &letter.source()) else {
            return Ok(Err(Refusal::StepUnknown(site.topic.to_owned())));
        };
        let retry = self.letters.connection.full(&retry).into();
        let original = match self.original(letter, edited)? {
            Ok(original) => original,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let again = replayed(letter, &retry, original, edited, &self.stamp);
        match objection(letter).or_else(|| self.broken(site, letter, again.value.as_deref(), edited)) {
            Some(refusal) if !(self.order.what.is_forced() && refusal.can_be_forced()) => Ok(Err(refusal)),
            forced => Ok(Ok((again, forced))),
        }
    }

    /// The original record, where the dead letter has no value of its own and none is given, or no key.
    fn original(
        &self,
        letter: &DeadLetter,
        edited: Option<&[u8]>,
    ) -> Result<Result<Option<Record>, Refusal>, Error> {
        let lacks_value = letter.omitted.is_some() && edited.is_none();
        if !lacks_value && !letter.omits_key() {
            return Ok(Ok(None));
        }
        Ok(self.origins().fetch(letter)?.map(Some))
    }

    /// The value before an edit and after it. One that the dead letter left out is fetched, where it still lies.
    fn edit<'a>(&self, letter: &'a DeadLetter, after: &'a [u8]) -> Result<Edit<'a>, Error> {
        let before = match &letter.omitted {
            None => Some(Cow::Borrowed(letter.record.value.as_deref().unwrap_or_default())),
            Some(_) => self.origins().fetch(letter)?.ok().and_then(|record| record.value).map(Cow::Owned),
        };
        Ok(Edit { before, after })
    }

    fn origins(&self) -> Origins<'_> {
        Origins { connection: &self.letters.connection, topics: &self.letters.topics }
    }

    /// What the step's contract says against the value; where there is no manifest, what speaks against a value that a
    /// person has just written.
    fn broken(
        &mut self,
        site: &Site<'_>,
        letter: &DeadLetter,
        value: Option<&[u8]>,
        edited: Option<&[u8]>,
    ) -> Option<Refusal> {
        let Some(contracts) = &self.letters.contracts else {
            return edited.and_then(|edited| crate::contracts::is_json(edited).err());
        };
        contracts.check(&mut self.tape, site.topic, letter.event_type.as_deref(), value).err()
    }

    fn refuse(&mut self, id: Uuid, refusal: Refusal, left: &mut HashSet<Uuid>) {
        left.remove(&id);
        self.report.refuse(id, refusal);
    }

    /// Writes a batch and empties it. A broker refuses records in the pieces in which the client sends them: what is in a
    /// refused one is tried in halves, down to the dead letter that is at fault.
    fn write(
        &mut self,
        writer: Option<&Writer>,
        batch: &mut Batch,
        left: &mut HashSet<Uuid>,
    ) -> Option<Trouble> {
        let empty = self.throttle.batch();
        // Never longer than the number of times that a batch can be halved.
        let mut parts = vec![std::mem::replace(batch, empty)];
        let mut aborted = 0;
        while let Some(mut part) = parts.pop() {
            let written = match writer.filter(|_| !part.is_empty()) {
                Some(writer) => {
                    if !self.throttle.wait(part.len(), self.watch) {
                        self.report.cancelled = true;
                        return None;
                    }
                    writer.write(&part.records())
                }
                None => Ok(()),
            };
            match written {
                Ok(()) => {
                    aborted = 0;
                    self.settle(&mut part, left);
                }
                Err(Trouble::Refused(code)) if part.len() == 1 => {
                    for (id, _, span) in part.drain() {
                        span.refused(&code);
                        self.refuse(id, Refusal::Refused(code.clone()), left);
                    }
                }
                Err(Trouble::Refused(_)) => {
                    let later = part.split();
                    parts.extend([later, part]);
                }
                Err(Trouble::Aborted(_)) if aborted < MAX_ROUNDS => {
                    aborted += 1;
                    parts.push(part);
                }
                Err(trouble) => return Some(trouble),
            }
        }
        None
    }

    /// What a batch holds is done.
    fn settle(&mut self, batch: &mut Batch, left: &mut HashSet<Uuid>) {
        for (id, forced, span) in batch.drain() {
            span.sent();
            left.remove(&id);
            self.report.done += 1;
            self.report.forced += u64::from(forced);
        }
        let done = self.report.done + self.report.already + self.report.refused;
        self.watch.told(Progress { stage: Stage::Acting, done, total: self.report.chosen });
    }
}

/// What speaks against replaying a dead letter, whatever its value.
fn objection(letter: &DeadLetter) -> Option<Refusal> {
    let hops = letter
        .record
        .text(header::WF)
        .and_then(choreograph::Workflow::parse)
        .map_or(0, |workflow| workflow.hops());
    if letter.replays >= MAX_REPLAYS {
        Some(Refusal::LoopGuard(letter.replays))
    } else if hops > MAX_HOPS {
        Some(Refusal::HopLimit(hops))
    } else {
        None
    }
}

/// Of each partition the part in which what is left lies.
fn ranges(site: &Site<'_>, left: &HashSet<Uuid>) -> Ranges {
    let mut ranges = Ranges::new();
    for ((partition, offset), _) in site.places.iter().filter(|(_, id)| left.contains(id)) {
        let range = ranges.entry(*partition).or_insert((*offset, *offset + 1));
        *range = (range.0.min(*offset), range.1.max(*offset + 1));
    }
    ranges
}

fn ended(trouble: Trouble, site: &Site<'_>) -> Result<Round, Error> {
    match trouble {
        Trouble::Unknown(why) | Trouble::Aborted(why) => Ok(Round::Unknown(why)),
        Trouble::Fenced => Err(Error::Fenced { topic: site.topic.to_owned() }),
        Trouble::Never(error) => Err(error),
        Trouble::Refused(code) => {
            Err(Error::Kafka { doing: format!("act on the dead letters of {}", site.topic), code })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::letter::tests::{HEADERS, letter, record};

    #[test]
    fn what_goes_round_is_objected_to() {
        assert_eq!(objection(&letter()), None);
        let mut often = letter();
        often.replays = MAX_REPLAYS;
        assert_eq!(objection(&often), Some(Refusal::LoopGuard(MAX_REPLAYS)));
        let mut headers = HEADERS;
        headers[3].1 = "name=o;hops=65";
        let deep = DeadLetter::read(record(&headers)).expect("a dead letter");
        assert_eq!(objection(&deep), Some(Refusal::HopLimit(65)));
    }

    #[test]
    fn only_what_is_left_is_read_again() {
        let ids = [Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3)];
        let places = BTreeMap::from([((0, 5), ids[0]), ((0, 9), ids[1]), ((1, 2), ids[2])]);
        let order = Order {
            by: "ada".to_owned(),
            what: What::Discard { reason: String::new() },
            dry_run: true,
            rate: None,
            unchecked: true,
            forgetful: false,
        };
        let span = ActionSpan::begin("a.b.dlq", 3, &order, &Stamp::new("ada"));
        let site = Site { topic: "a.b.dlq", audit: "a".into(), places: &places, span };
        let all: HashSet<_> = ids.into_iter().collect();
        assert_eq!(ranges(&site, &all), BTreeMap::from([(0, (5, 10)), (1, (2, 3))]));
        assert_eq!(ranges(&site, &HashSet::from([ids[1]])), BTreeMap::from([(0, (9, 10))]));
    }
}
