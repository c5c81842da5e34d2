//! What an observer says, for a person at a terminal. Everything from the wire is made fit for one.

use std::fmt::Write as _;

use choreograph_observer::answer::{
    AsOf, AtStep, Attempt, AttemptOutcome, Event, Instance, InstanceState, InstanceSummary, Instances, Owing,
    Seat, StepState,
};
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::Exit;
use crate::format::{one_line, shortened};

/// The events, dead letters and traces of one instance that are shown.
const MAX_SHOWN: usize = 100;

/// The further keys of an instance that are shown.
const MAX_SHOWN_KEYS: usize = 3;

/// The longest key or id in a list, in characters.
const MAX_SHOWN_ID: usize = 48;

/// A stall is told so long after its deadline, at the latest, in milliseconds.
const TOLD_WITHIN_MS: u64 = 5_000;

/// Whether an instance is stuck: it stands still for a reason, and somebody has to look at it. What a person gave up
/// failed, and has no reason.
pub(crate) fn is_stuck(item: &InstanceSummary) -> bool {
    item.reason.is_some()
}

/// Whether an instance that fits is stuck on its way, on this page or another.
pub(crate) fn has_stuck(page: &Instances) -> bool {
    page.stuck > 0
}

/// Whether an instance that fits is stuck on its way or beside it, at the step that was asked for or else at any.
pub(crate) fn has_stuck_step(page: &Instances) -> bool {
    page.by_reason.iter().any(|of| of.count > 0)
}

/// Whether something on its way to its end waits longer than it may, and nothing says where it is: it may be stuck.
pub(crate) fn is_unexplained(instance: &Instance) -> bool {
    let now = instance.as_of.now;
    let is_late = |owing: &Owing| now.saturating_sub(owing.since) > owing.deadline_ms + TOLD_WITHIN_MS;
    let unknown = |owing: &Owing| matches!(owing.state, StepState::Unknown { .. });
    instance.frontier.iter().any(|owing| owing.path && unknown(owing) && is_late(owing))
}

/// The state that a word stands for, where it is known.
pub(crate) fn state_of(word: &str) -> Option<InstanceState> {
    serde_json::from_value(word.into()).ok()
}

/// The code with which a command says whether something is stuck.
pub(crate) fn exit(stuck: bool) -> Exit {
    if stuck { Exit::Findings } else { Exit::Holds }
}

/// A page of instances, a line or two each.
pub(crate) fn instances(page: &Instances) -> String {
    let mut text = String::new();
    for item in &page.items {
        line(&mut text, &headline(item));
        line(&mut text, &format!("  {}", item.sentence));
        stuck_beside(item).take(MAX_SHOWN).for_each(|told| line(&mut text, &told));
    }
    let counts: Vec<String> = page.by_state.iter().map(|of| format!("{} {}", of.count, of.name)).collect();
    let counts = if counts.is_empty() { String::new() } else { format!(": {}", counts.join(", ")) };
    let side = match page.side_stuck {
        0 => String::new(),
        count => format!("; a side step of {count} is stuck"),
    };
    line(&mut text, &format!("{} in all{counts}{side}; {}", page.total, as_of(page.as_of)));
    if let Some(next) = &page.next {
        line(&mut text, &format!("further ones: --cursor {next}"));
    }
    text
}

/// One instance: where it is, what it owes, its events, its dead letters, its traces.
pub(crate) fn instance(instance: &Instance) -> String {
    let summary = &instance.summary;
    let mut text = String::new();
    line(&mut text, &headline(summary));
    line(&mut text, &format!("  {}", summary.sentence));
    let ended = summary.finished.map_or_else(String::new, |at| format!(", ended {}", time(at)));
    line(&mut text, &format!("  started {}{ended}; {}", time(summary.started), as_of(instance.as_of)));
    for owing in instance.frontier.iter().take(MAX_SHOWN) {
        frontier(&mut text, owing, instance.as_of);
    }
    if !instance.events.is_empty() {
        text.push_str("\nevents\n");
    }
    instance.events.iter().take(MAX_SHOWN).for_each(|one| event(&mut text, one));
    more(&mut text, instance.events.len());
    for letter in instance.dead_letters.iter().take(MAX_SHOWN) {
        let state = if letter.open { "open" } else { "closed" };
        let head = format!("\ndead letter {} ({state}) at {}: {}", letter.id, letter.step, letter.reason);
        line(&mut text, &head);
        let attempts = counted(letter.attempts, "attempt");
        line(&mut text, &format!("  {} after {attempts}: {}", time(letter.failed_at), letter.error));
        for action in &letter.actions {
            line(&mut text, &format!("  {} by {} {}", action.action, action.by, time(action.at)));
        }
    }
    for trace in instance.traces.iter().take(MAX_SHOWN) {
        let url = trace.url.as_deref().unwrap_or("");
        let by = trace.replayed_by.as_ref().map_or_else(String::new, |by| format!(" (replay by {by})"));
        line(&mut text, format!("\ntrace {}{by} {url}", trace.id).trim_end());
    }
    text
}

fn headline(item: &InstanceSummary) -> String {
    let keys = item.key.iter().filter(|key| **key != item.id).chain(item.keys.iter().take(MAX_SHOWN_KEYS));
    let keys: Vec<_> = keys.map(|key| shortened(key, MAX_SHOWN_ID)).collect();
    let key = if keys.is_empty() { String::new() } else { format!(" ({})", keys.join(", ")) };
    let reason = item.reason.map_or_else(String::new, |reason| format!(": {}", word(&reason)));
    format!("{}{key} {} {}{reason}", shortened(&item.id, MAX_SHOWN_ID), item.workflow, word(&item.state))
}

/// Where an instance is stuck beside the step that its sentence tells of.
fn stuck_beside(item: &InstanceSummary) -> impl Iterator<Item = String> {
    let told =
        |seat: &&Seat| seat.path && seat.reason == item.reason && Some(&seat.step) == item.step.as_ref();
    item.steps.iter().filter(move |seat| !told(seat)).filter_map(|seat| {
        let side = if seat.path { "" } else { " (side step)" };
        Some(format!("  stuck at {}{side}: {}", seat.step, word(&seat.reason?)))
    })
}

fn frontier(text: &mut String, owing: &Owing, as_of: AsOf) {
    let side = if owing.path { "" } else { " (side step)" };
    let since = age(as_of.now.saturating_sub(owing.since));
    line(
        text,
        &format!("\nowed by {}{side} for {since}: {}, {}", owing.step, owing.event_type, owing.sentence),
    );
    for evidence in owing.evidence.iter().take(MAX_SHOWN) {
        line(text, &format!("  {evidence}"));
    }
}

fn event(text: &mut String, event: &Event) {
    let indent = "  ".repeat((event.hops as usize).min(20) + 1);
    let by = event.source.as_deref().unwrap_or("from outside");
    let place = format!("{}/{}/{}", event.topic, event.partition, event.offset);
    let again =
        if event.duplicates == 0 { String::new() } else { format!(", and seen again: {}", event.duplicates) };
    line(text, &format!("{indent}{} {} by {by} at {place}{again}", time(event.at), event.event_type));
    for at in &event.steps {
        line(text, &format!("{indent}  {}: {}", at.step, state(&at.state)));
        attempts(text, &indent, at);
    }
}

/// The attempts of a step at an event, a line each.
fn attempts(text: &mut String, indent: &str, at: &AtStep) {
    // The last ones say what became of it.
    let shown = &at.attempts[at.attempts.len().saturating_sub(MAX_SHOWN)..];
    let before = at.attempts_left_out + (at.attempts.len() - shown.len()) as u64;
    if before > 0 {
        line(text, &format!("{indent}    {before} earlier attempts"));
    }
    for attempt in shown {
        line(text, &format!("{indent}    {}", attempted(attempt)));
    }
}

/// One attempt: when, which, and what it came to.
fn attempted(attempt: &Attempt) -> String {
    let replay = if attempt.replays == 0 { String::new() } else { format!("replay {}, ", attempt.replays) };
    let when = match (attempt.at, attempt.after, attempt.before) {
        (Some(at), ..) => time(at),
        (None, Some(after), Some(before)) => format!("between {} and {}", time(after), time(before)),
        (None, Some(after), None) => format!("after {}", time(after)),
        (None, None, Some(before)) => format!("before {}", time(before)),
        (None, None, None) => "at an unknown time".to_owned(),
    };
    let number = attempt.number;
    let came_to = match attempt.outcome {
        AttemptOutcome::Failed => format!("attempt {number} failed"),
        AttemptOutcome::Succeeded => format!("attempt {number} succeeded"),
        AttemptOutcome::Outage => format!("the step went into outage after {}", counted(number, "attempt")),
    };
    let next = attempt.due.map_or_else(String::new, |due| format!(", the next due {}", time(due)));
    format!("{when} {replay}{came_to}{next}")
}

fn state(state: &StepState) -> String {
    match state {
        StepState::Queued { partition, ahead, moving } => {
            let moving = if *moving { "moving" } else { "not moving" };
            format!("queued, {ahead} ahead of it in partition {partition}, {moving}")
        }
        StepState::Handling => "being handled".to_owned(),
        StepState::Retrying { attempts, due, outage } => {
            let due = due.map_or_else(String::new, |due| format!(", next {}", time(due)));
            let outage = if *outage { ", the step is in outage" } else { "" };
            format!("{} spent{due}{outage}", counted(*attempts, "attempt"))
        }
        StepState::DeadLettered { reason } => format!("set aside: {reason}"),
        StepState::Emitting => "has emitted, not committed yet".to_owned(),
        StepState::Done { .. } => "done".to_owned(),
        StepState::Unknown { why } => format!("unknown: {why}"),
        StepState::Skipped { why } => format!("skipped: {why}"),
        StepState::NotOwed => "not owed".to_owned(),
    }
}

fn more(text: &mut String, count: usize) {
    if count > MAX_SHOWN {
        line(text, &format!("… and {} more; `--format json` prints them all", count - MAX_SHOWN));
    }
}

fn counted(count: u32, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}

/// How far the observer has read.
fn as_of(as_of: AsOf) -> String {
    let reading = if as_of.caught_up { "" } else { ", and it still reads what is there" };
    format!("as of {} ago{reading}", age(as_of.behind_ms))
}

/// A span of time, in the unit that says most.
pub(crate) fn age(millis: u64) -> String {
    let seconds = millis / 1_000;
    match seconds {
        0..10 => format!("{}.{} s", seconds, millis % 1_000 / 100),
        10..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// A point in time.
fn time(millis: u64) -> String {
    let nanos = i128::from(millis) * 1_000_000;
    let time =
        OffsetDateTime::from_unix_timestamp_nanos(nanos).ok().and_then(|time| time.format(&Rfc3339).ok());
    time.unwrap_or_else(|| format!("{millis} ms"))
}

/// The word of the JSON interface.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

/// Adds a line, fit for a terminal; an empty one before it where `of` begins with a line break.
fn line(text: &mut String, of: &str) {
    let (before, of) = of.strip_prefix('\n').map_or(("", of), |of| ("\n", of));
    // A string cannot fail to be written to.
    let _infallible = writeln!(text, "{before}{}", one_line(of));
}
