//! Facts that are written in several majors, and the members that read some of them.

use super::dice::Dice;
use crate::engine::metadata::Left;

/// The most majors of one fact.
const MOST: u32 = 3;
/// How many facts have majors that are still to be written.
const MOST_OPEN: u64 = 2;
/// In so many records the majors of an open fact are written, whatever comes between.
const SPAN: u64 = 14;

/// Majors, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Majors(u8);

impl Majors {
    /// What one version reads of the deployed ones.
    pub(super) fn of_one(dice: &mut Dice, deployed: &[Self]) -> Self {
        if let [only] = deployed { *only } else { dice.one_of(deployed) }
    }

    /// Some of `from`, at least one.
    fn some(dice: &mut Dice, from: Self) -> Self {
        loop {
            let some = Self(dice.roll() as u8 & from.0);
            if some.0 != 0 {
                return some;
            }
        }
    }

    /// All up to `major`.
    fn up_to(major: u32) -> Self {
        Self((1 << major) - 1)
    }

    fn oldest_first(self) -> impl Iterator<Item = u32> {
        (0..MOST).filter(move |major| self.0 >> major & 1 == 1)
    }

    /// The one in which a reader of `self` takes a fact that is written in `written`.
    fn taken_of(self, written: Self) -> Option<u32> {
        Self(self.0 & written.0).oldest_first().last()
    }
}

/// What one seed makes of majors. Chances are per mille.
#[derive(Debug, Clone)]
pub(super) struct Versions {
    /// What the versions of the step read that are deployed, in turn or side by side.
    pub(super) read: Vec<Majors>,
    /// How many majors a fact is written in at most.
    majors: u32,
    open: u64,
    /// Facts in several majors.
    twins: u64,
    /// Records between the majors of a fact.
    apart: u64,
    /// Majors that do not come.
    lost: u64,
    /// Emitters that ended between two majors, and wrote all again.
    repeated: u64,
}

impl Versions {
    /// One version, and facts in one major.
    pub(super) fn one() -> Self {
        let read = vec![Majors::up_to(1)];
        Self { read, majors: 1, open: 0, twins: 0, apart: 0, lost: 0, repeated: 0 }
    }

    pub(super) fn new(dice: &mut Dice) -> Self {
        let majors = dice.between(2, MOST.into()) as u32;
        let versions = dice.between(1, 3);
        Self {
            read: (0..versions).map(|_| Majors::some(dice, Majors::up_to(majors))).collect(),
            majors,
            open: dice.between(1, MOST_OPEN),
            twins: dice.one_of(&[200, 600, 1_000]),
            apart: dice.one_of(&[0, 300, 900]),
            lost: dice.one_of(&[0, 0, 0, 100, 400]),
            repeated: dice.one_of(&[0, 0, 200]),
        }
    }

    /// How many records later a fact's next major comes at the latest.
    pub(super) fn patience(&self) -> u64 {
        SPAN * self.open
    }

    /// Whether facts are written in several majors.
    pub(super) fn has_twins(&self) -> bool {
        self.open > 0
    }

    /// Whether a fact may want one of its majors, so that commits wait for it.
    pub(super) fn loses(&self) -> bool {
        self.lost > 0
    }
}

/// One of the records of a fact.
#[derive(Debug, Clone, Copy)]
pub(super) struct Twin {
    /// Which fact of its partition.
    pub(super) fact: usize,
    major: u32,
}

/// One fact of a partition.
#[derive(Debug)]
struct Fact {
    /// What its records say of themselves.
    majors: Majors,
    /// Offset and major of each record.
    records: Vec<(i64, u32)>,
    handled: bool,
}

/// The facts of one partition.
#[derive(Debug, Default)]
pub(super) struct Facts {
    facts: Vec<Fact>,
    /// Facts whose majors are still to be written: where they began, and what comes.
    open: Vec<(usize, usize, Vec<u32>)>,
}

/// What a record is to a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Handled,
    /// The fact lies in front, in the major that counts.
    Counted,
    /// The fact comes, in the major that counts.
    Awaited,
}

impl Facts {
    /// What record `index`, at `offset`, says, and whether it may begin a fact; `None` of a fact in one major.
    pub(super) fn next(
        &mut self,
        dice: &mut Dice,
        versions: &Versions,
        (index, offset): (usize, i64),
        begins: bool,
    ) -> Option<Twin> {
        if !versions.has_twins() {
            return None;
        }
        let open = self.open.len() as u64;
        if begins
            && open < versions.open
            && (open == 0 || dice.chance(versions.apart))
            && dice.chance(versions.twins)
        {
            self.begin(dice, versions, index);
        } else if self.urgent(index).is_none() && dice.chance(versions.apart) {
            return None;
        }
        let at = self.urgent(index).or_else(|| self.open.len().checked_sub(1))?;
        let (_, fact, left) = &mut self.open[at];
        let twin = Twin { fact: *fact, major: left.remove(0) };
        if left.is_empty() {
            self.open.remove(at);
        }
        self.facts[twin.fact].records.push((offset, twin.major));
        Some(twin)
    }

    fn begin(&mut self, dice: &mut Dice, versions: &Versions, index: usize) {
        let majors = Majors::up_to(dice.between(2, versions.majors.into()) as u32);
        let mut left: Vec<u32> = majors.oldest_first().filter(|_| !dice.chance(versions.lost)).collect();
        if dice.chance(versions.repeated) {
            let written = dice.index(left.len() + 1);
            left.splice(..0, left[..written].to_vec());
        }
        // Where all is lost there is no record of it.
        if left.is_empty() {
            left.push(0);
        }
        self.open.push((index, self.facts.len(), left));
        self.facts.push(Fact { majors, records: Vec::new(), handled: false });
    }

    fn urgent(&self, index: usize) -> Option<usize> {
        self.open.iter().position(|(begin, ..)| index >= begin + SPAN as usize / 2)
    }

    /// Whether majors are still to be written.
    pub(super) fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// What a record is to a member that reads `read`.
    pub(super) fn role(&self, twin: Twin, read: Majors) -> Role {
        match read.taken_of(self.facts[twin.fact].majors) {
            Some(major) if major < twin.major => Role::Counted,
            Some(major) if major > twin.major => Role::Awaited,
            _ => Role::Handled,
        }
    }

    /// A member has handled a record, or set it aside.
    pub(super) fn handles(&mut self, twin: Twin) {
        self.facts[twin.fact].handled = true;
    }

    /// A fact that nobody has handled, and that some version does not find if it takes over where `offset` is committed
    /// with the list `left` beside it.
    pub(super) fn lost_by(&self, versions: &Versions, offset: i64, left: &Left) -> Option<usize> {
        let passes =
            |at: i64| at < offset || left.settled.iter().any(|&(first, last)| first <= at && at <= last);
        self.facts.iter().position(|fact| {
            !fact.handled
                && !versions.read.iter().any(|&read| !fact.is_written_for(read))
                && versions.read.iter().any(|&read| fact.taken_by(read).all(passes))
        })
    }
}

impl Fact {
    /// Where a member finds it that reads `read`.
    fn taken_by(&self, read: Majors) -> impl Iterator<Item = i64> {
        let taken = read.taken_of(self.majors);
        self.records.iter().filter(move |(_, major)| Some(*major) == taken).map(|(offset, _)| *offset)
    }

    /// Whether the major came in which a member takes it that reads `read`.
    fn is_written_for(&self, read: Majors) -> bool {
        self.taken_by(read).next().is_some()
    }
}
