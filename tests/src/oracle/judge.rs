//! The rules. Each has a test in which it finds a fault.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Commit, Issued, PastUnsettled, Seen, Verdict};
use crate::topics::Placed;

pub(super) fn judge(issued: &HashMap<String, Issued>, seen: &Seen) -> Verdict {
    let mut verdict = Verdict::default();
    integrity(issued, seen, &mut verdict);
    repetition(seen, &mut verdict);
    order(issued, seen, &mut verdict);
    let effects: HashSet<&str> = seen.effects.iter().map(|effect| effect.cause.as_str()).collect();
    let dead: HashSet<&str> = seen.dead_letters.iter().map(|letter| letter.cause.as_str()).collect();
    verdict.settled_twice = sorted(effects.intersection(&dead));
    let settled: HashSet<&str> = effects.union(&dead).copied().collect();
    let owed = issued.iter().filter(|(_, issued)| issued.placed.is_some()).map(|(id, _)| id.as_str());
    let lost: Vec<_> = owed.filter(|id| !settled.contains(id)).collect();
    verdict.lost = sorted(&lost);
    commits(issued, seen, &settled, &mut verdict);
    verdict
}

/// Nothing changed, nothing made up.
fn integrity(issued: &HashMap<String, Issued>, seen: &Seen, verdict: &mut Verdict) {
    let effects = seen.effects.iter().map(|effect| (&effect.cause, &effect.payload));
    let letters = seen.dead_letters.iter().map(|letter| (&letter.cause, &letter.payload));
    for (cause, payload) in effects.chain(letters) {
        match issued.get(cause) {
            None => verdict.fabricated.push(cause.clone()),
            Some(issued) if issued.payload != *payload => verdict.corrupt.push(cause.clone()),
            Some(_) => {}
        }
    }
}

/// Whoever is emitted again has its first id.
fn repetition(seen: &Seen, verdict: &mut Verdict) {
    let mut first: HashMap<&str, &str> = HashMap::new();
    for effect in &seen.effects {
        match first.get(effect.cause.as_str()) {
            None => drop(first.insert(&effect.cause, &effect.id)),
            Some(id) if *id == effect.id => verdict.redelivered.push(effect.cause.clone()),
            Some(_) => verdict.renamed.push(effect.cause.clone()),
        }
    }
}

/// First effects of a key come in the order of issue.
fn order(issued: &HashMap<String, Issued>, seen: &Seen, verdict: &mut Verdict) {
    let mut done: HashSet<&str> = HashSet::new();
    let mut highest: HashMap<&str, u64> = HashMap::new();
    for effect in &seen.effects {
        let Some(Issued { key, seq, .. }) = issued.get(&effect.cause) else { continue };
        if !done.insert(&effect.cause) {
            continue;
        }
        let highest = highest.entry(key).or_insert(*seq);
        if seq < highest {
            verdict.out_of_order.push(effect.cause.clone());
        }
        *highest = (*highest).max(*seq);
    }
}

/// Commits only grow, and nothing below one is unsettled, as far as it is known where it lies.
fn commits(issued: &HashMap<String, Issued>, seen: &Seen, settled: &HashSet<&str>, verdict: &mut Verdict) {
    let mut highest: BTreeMap<i32, Commit> = BTreeMap::new();
    let mut unsettled: BTreeMap<(i32, i64), &str> = BTreeMap::new();
    for (id, issued) in issued {
        if let Some(Placed { partition, offset: Some(offset) }) = issued.placed
            && !settled.contains(id.as_str())
        {
            unsettled.insert((partition, offset), id);
        }
    }
    for commit in &seen.commits {
        let highest = highest.entry(commit.partition).or_insert(*commit);
        if commit.offset < highest.offset {
            verdict.went_back.push(*commit);
        } else {
            *highest = *commit;
        }
        let below: Vec<_> = unsettled
            .range((commit.partition, i64::MIN)..(commit.partition, commit.offset))
            .map(|(place, _)| *place)
            .collect();
        for place in below {
            if let Some(id) = unsettled.remove(&place) {
                let past = PastUnsettled { commit: *commit, unsettled: id.to_owned(), offset: place.1 };
                verdict.past_unsettled.push(past);
            }
        }
    }
}

fn sorted<'a>(ids: impl IntoIterator<Item = &'a &'a str>) -> Vec<String> {
    let mut ids: Vec<_> = ids.into_iter().map(|id| (*id).to_owned()).collect();
    ids.sort();
    ids
}

#[cfg(test)]
mod tests {
    use crate::oracle::{DeadLetter, Effect, Oracle};

    use super::*;

    /// Six inputs on two keys and two partitions, all acknowledged but `b-3`: ids `a-1` to `a-3`, `b-1` to `b-3`.
    fn oracle() -> Oracle {
        let mut oracle = Oracle::default();
        for (partition, key) in (0..).zip(["a", "b"]) {
            for seq in 1..=3 {
                let id = format!("{key}-{seq}");
                oracle.issue(&id, key, seq, id.as_bytes());
                if id != "b-3" {
                    oracle.acknowledge(&id, Placed { partition, offset: Some(seq as i64 - 1) });
                }
            }
        }
        oracle
    }

    fn effect(cause: &str) -> Effect {
        Effect::new(cause, &format!("{cause}-out"), cause.as_bytes())
    }

    /// What a faultless system shows: `a-2` was rejected, `a-1` was redelivered, the unacknowledged `b-3` arrived.
    fn faultless() -> Seen {
        Seen {
            effects: ["a-1", "b-1", "b-2", "a-1", "a-3", "b-3"].map(effect).into(),
            dead_letters: vec![DeadLetter::new("a-2", b"a-2")],
            commits: [(0, 0), (0, 1), (1, 2), (0, 3), (0, 3)]
                .map(|(partition, offset)| Commit { partition, offset })
                .into(),
        }
    }

    /// Judges what a system with one seeded mistake shows.
    fn mistaken(mistake: impl FnOnce(&mut Seen)) -> Verdict {
        let mut seen = faultless();
        mistake(&mut seen);
        oracle().judge(&seen)
    }

    #[test]
    fn the_faultless_passes() {
        let verdict = oracle().judge(&faultless());
        verdict.assert_kept();
        assert_eq!(verdict.redelivered, ["a-1"]);
        assert_eq!(oracle().acknowledged(), 5);
    }

    #[test]
    fn loss_is_found() {
        let verdict = mistaken(|seen| {
            seen.effects.retain(|effect| effect.cause != "b-2");
            seen.commits.retain(|commit| commit.partition != 1);
        });
        assert_eq!(
            verdict,
            Verdict { lost: vec!["b-2".into()], redelivered: vec!["a-1".into()], ..Verdict::default() }
        );
    }

    #[test]
    fn a_lost_dead_letter_is_found() {
        let verdict = mistaken(|seen| seen.dead_letters.clear());
        assert_eq!(verdict.lost, ["a-2"]);
    }

    #[test]
    fn what_was_never_acknowledged_is_not_owed() {
        mistaken(|seen| seen.effects.retain(|effect| effect.cause != "b-3")).assert_kept();
    }

    #[test]
    fn another_id_is_found() {
        let verdict = mistaken(|seen| seen.effects[3].id = "a-1-again".into());
        assert_eq!((verdict.renamed, verdict.redelivered), (vec!["a-1".into()], vec![]));
    }

    #[test]
    fn disorder_is_found_in_first_effects_only() {
        let verdict = mistaken(|seen| seen.effects.swap(1, 2));
        assert_eq!(verdict.out_of_order, ["b-1"]);
        mistaken(|seen| seen.effects.push(effect("b-1"))).assert_kept();
    }

    #[test]
    fn corruption_is_found_in_effects_and_dead_letters() {
        let verdict = mistaken(|seen| seen.effects[1] = Effect::new("b-1", "b-1-out", b"b-2"));
        assert_eq!(verdict.corrupt, ["b-1"]);
        let verdict = mistaken(|seen| seen.dead_letters[0] = DeadLetter::new("a-2", b""));
        assert_eq!(verdict.corrupt, ["a-2"]);
    }

    #[test]
    fn what_nobody_sent_is_found() {
        let verdict = mistaken(|seen| seen.effects.push(effect("c-1")));
        assert_eq!(verdict.fabricated, ["c-1"]);
    }

    #[test]
    fn an_effect_beside_a_dead_letter_is_found() {
        let verdict = mistaken(|seen| seen.dead_letters.push(DeadLetter::new("b-1", b"b-1")));
        assert_eq!(verdict.settled_twice, ["b-1"]);
    }

    #[test]
    fn a_commit_past_unsettled_is_found() {
        let verdict = mistaken(|seen| seen.effects.retain(|effect| effect.cause != "b-2"));
        let commit = Commit { partition: 1, offset: 2 };
        let past = PastUnsettled { commit, unsettled: "b-2".into(), offset: 1 };
        assert_eq!(verdict.past_unsettled, [past]);
    }

    #[test]
    fn what_lies_nobody_knows_where_is_owed_and_below_no_commit() {
        let mut oracle = oracle();
        oracle.acknowledge("b-3", Placed { partition: 1, offset: None });
        oracle.judge(&faultless()).assert_kept();
        let mut seen = faultless();
        seen.effects.retain(|effect| effect.cause != "b-3");
        let verdict = oracle.judge(&seen);
        assert_eq!((verdict.lost, verdict.past_unsettled), (vec!["b-3".into()], vec![]));
    }

    #[test]
    fn a_commit_that_goes_back_is_found() {
        let back = Commit { partition: 0, offset: 2 };
        assert_eq!(mistaken(|seen| seen.commits.push(back)).went_back, [back]);
    }

    #[test]
    #[should_panic(expected = "1 lost: b-2")]
    fn a_fault_fails_the_test() {
        mistaken(|seen| seen.effects.retain(|effect| effect.cause != "b-2")).assert_kept();
    }
}
