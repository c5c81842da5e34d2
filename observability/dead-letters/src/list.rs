//! Dead letters in pages and in groups.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::letter::{DeadLetter, Place};
use crate::limits::{MAX_GROUPS, MAX_PAGE, MAX_PAGE_BYTES};

/// One page of dead letters, newest first, and what there is in all.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct List {
    /// The fitting ones, newest first: one page. Without their values, unless [`Filter::payloads`](crate::Filter::payloads)
    /// asks for them.
    pub letters: Vec<DeadLetter>,
    /// The fitting ones by step, reason and error, the largest group first; at most [`MAX_GROUPS`].
    pub groups: Vec<Group>,
    /// How many fit, on all pages.
    pub total: u64,
    /// How many of them are open.
    pub open: u64,
    /// Records on dead-letter topics that are no dead letters of the framework.
    pub strangers: u64,
    /// What to ask the next page with; absent on the last.
    pub next: Option<Cursor>,
}

/// Dead letters of one step that failed alike.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Group {
    /// `service/step`.
    pub step: String,
    /// The reason, one word.
    pub reason: String,
    /// The error, with what tells one record from another (words that hold a digit) replaced by `…`.
    pub error: String,
    /// How many.
    pub count: u64,
    /// When the first was set aside.
    pub oldest: i64,
    /// When the last was set aside.
    pub newest: i64,
}

/// Where a page ends: its last dead letter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    at: i64,
    place: Place,
}

impl Cursor {
    fn of(letter: &DeadLetter) -> Self {
        Self { at: letter.at(), place: letter.place() }
    }
}

/// As a list gives it: `1700000000000/payment.charge.dlq/1/7`.
impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.at, self.place)
    }
}

impl std::str::FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let read = || {
            let (at, rest) = text.split_once('/')?;
            let (rest, offset) = rest.rsplit_once('/')?;
            let (topic, partition) = rest.rsplit_once('/')?;
            let place = Place {
                topic: topic.to_owned(),
                partition: partition.parse().ok()?,
                offset: offset.parse().ok()?,
            };
            Some(Self { at: at.parse().ok()?, place })
        };
        read().ok_or_else(|| Error::Cursor(text.to_owned()))
    }
}

/// Makes a list of letters that come in any order, keeping no more than a page of them.
#[derive(Debug)]
pub(crate) struct Pager {
    limit: usize,
    after: Option<Cursor>,
    /// Whether values are kept.
    payloads: bool,
    page: BTreeMap<Cursor, DeadLetter>,
    /// How many bytes the page holds.
    bytes: usize,
    /// The newest that found no room: what is older is on a later page.
    beyond: Option<Cursor>,
    groups: BTreeMap<(String, String, String), Group>,
    list: List,
}

impl Pager {
    /// A page of at most `limit`, of what comes after `after`; with values, or without.
    pub(crate) fn new(limit: usize, after: Option<Cursor>, payloads: bool) -> Self {
        Self {
            limit: limit.clamp(1, MAX_PAGE),
            after,
            payloads,
            page: BTreeMap::new(),
            bytes: 0,
            beyond: None,
            groups: BTreeMap::new(),
            list: List::default(),
        }
    }

    /// Takes one that fits.
    pub(crate) fn take(&mut self, mut letter: DeadLetter) {
        self.list.total += 1;
        self.list.open += u64::from(letter.is_open());
        self.group(&letter);
        let cursor = Cursor::of(&letter);
        let follows = self.after.as_ref().is_none_or(|after| cursor < *after);
        if !follows || self.beyond.as_ref().is_some_and(|beyond| cursor < *beyond) {
            return;
        }
        if !self.payloads {
            letter.record.value = None;
        }
        self.bytes += letter.record.bytes();
        self.page.insert(cursor, letter);
        while self.page.len() > self.limit || (self.bytes > MAX_PAGE_BYTES && self.page.len() > 1) {
            let Some((cursor, letter)) = self.page.pop_first() else { break };
            self.bytes -= letter.record.bytes();
            self.beyond = Some(cursor);
        }
    }

    fn group(&mut self, letter: &DeadLetter) {
        let mut key = (letter.source(), letter.reason.clone(), alike(&letter.error));
        if !self.groups.contains_key(&key) && self.groups.len() >= MAX_GROUPS - 1 {
            key = ("…".to_owned(), "…".to_owned(), format!("of more than {} groups", MAX_GROUPS - 1));
        }
        let (step, reason, error) = key.clone();
        let (oldest, newest) = (letter.at(), letter.at());
        let group = self.groups.entry(key).or_insert(Group { step, reason, error, count: 0, oldest, newest });
        group.count += 1;
        group.oldest = group.oldest.min(letter.at());
        group.newest = group.newest.max(letter.at());
    }

    /// The list.
    pub(crate) fn finish(self, strangers: u64) -> List {
        let letters: Vec<_> = self.page.into_values().rev().collect();
        let next = letters.last().filter(|_| self.beyond.is_some()).map(Cursor::of);
        let mut groups: Vec<_> = self.groups.into_values().collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.count));
        List { letters, groups, strangers, next, ..self.list }
    }
}

/// An error's text without what tells one record from another: each word that holds a digit is `…`.
fn alike(error: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let mut alike = String::with_capacity(error.len());
    let mut rest = error;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| is_word(c) != is_word(first)).unwrap_or(rest.len());
        let (piece, behind) = rest.split_at(end);
        let differs = is_word(first) && piece.contains(|c: char| c.is_ascii_digit());
        alike.push_str(if differs { "…" } else { piece });
        rest = behind;
    }
    alike
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::letter::tests::letter;

    fn at(offset: i64, timestamp: i64) -> DeadLetter {
        let mut letter = letter();
        (letter.record.offset, letter.record.timestamp) = (offset, Some(timestamp));
        letter
    }

    fn page(limit: usize, after: Option<Cursor>) -> List {
        let mut pager = Pager::new(limit, after, false);
        for offset in [3, 0, 4, 1, 2] {
            pager.take(at(offset, offset / 2));
        }
        pager.finish(7)
    }

    #[test]
    fn pages_follow_each_other_newest_first() {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let list = page(2, after);
            assert_eq!((list.total, list.open, list.strangers), (5, 5, 7));
            seen.extend(list.letters.iter().map(|letter| letter.record.offset));
            let Some(next) = list.next else { break };
            after = Some(next.to_string().parse().expect("its own text"));
        }
        assert_eq!(seen, [4, 3, 2, 1, 0]);
        assert!(page(5, None).next.is_none());
        assert!("1/orders/x/3".parse::<Cursor>().is_err() && "".parse::<Cursor>().is_err());
    }

    #[test]
    fn a_page_is_bounded_by_its_bytes_and_leaves_nothing_out() {
        const THIRD: usize = MAX_PAGE_BYTES / 3;
        let sizes = [THIRD, THIRD, 9, MAX_PAGE_BYTES * 2, THIRD, THIRD, THIRD, 5, 0];
        let (mut seen, mut count, mut after) = (Vec::new(), 0, None);
        loop {
            let mut pager = Pager::new(100, after, true);
            for (offset, size) in (0..).zip(sizes) {
                let mut letter = at(offset, offset);
                letter.record.value = Some(vec![b'x'; size]);
                pager.take(letter);
                assert!(pager.bytes <= MAX_PAGE_BYTES || pager.page.len() == 1, "{}", pager.bytes);
            }
            let list = pager.finish(0);
            seen.extend(list.letters.iter().map(|letter| letter.record.offset));
            count += 1;
            let Some(next) = list.next else { break };
            after = Some(next);
        }
        assert_eq!((seen, count), ((0..9).rev().collect(), 4));
        assert!(
            page(2, None).letters.iter().all(|letter| letter.record.value.is_none()),
            "nobody asked for them"
        );
    }

    #[test]
    fn equal_errors_are_one_group() {
        assert_eq!(alike("`type` at /total, order 0197-ab12 of 3"), "`type` at /total, order … of …");
        let groups = page(1, None).groups;
        assert_eq!((groups.len(), groups[0].count, groups[0].newest), (1, 5, 2));
    }

    #[test]
    fn groups_are_bounded() {
        let mut pager = Pager::new(1, None, false);
        for number in 0..MAX_GROUPS as u32 * 2 {
            let mut letter = letter();
            letter.reason = char::from_u32(0x4e00 + number).map(String::from).unwrap_or_default();
            pager.take(letter);
        }
        let list = pager.finish(0);
        assert_eq!((list.groups.len(), list.groups[0].count), (MAX_GROUPS, MAX_GROUPS as u64 + 1));
    }
}
