//! Gaps between a writer and a reader after a change, beside those of before.

use std::collections::BTreeSet;

use super::eased;
use super::then::{Readers, Writers};
use crate::check::{Cover, Finding, Gap, NOT_COVERED, Party, gaps_text};
use crate::choreography::Choreography;
use crate::manifest::Manifest;

/// Parts what a change only eases, and so is known, from what it makes new.
pub(super) fn eased(
    before: &Choreography<'_>,
    after: &Choreography<'_>,
    new: Vec<Finding>,
) -> (Vec<Finding>, Vec<Finding>) {
    let mut cover = Cover::new();
    new.into_iter().partition(|finding| {
        cover.forget();
        !finding.gaps.is_empty() && only_eases(before, after, finding, &mut cover).is_some_and(|eases| eases)
    })
}

/// Whether a pair did not fit before, and its writer writes no more now and its reader takes no less. `None` if one of them is
/// new, or if it cannot be said.
fn only_eases<'a>(
    before: &Choreography<'a>,
    after: &Choreography<'a>,
    finding: &Finding,
    cover: &mut Cover<'a>,
) -> Option<bool> {
    let id = finding.event.as_ref()?;
    let (then, now) = (before.event(id)?, after.event(id)?);
    let (reader, writer) = (finding.parties.first()?, finding.parties.get(1)?);
    let reader = now.consumers.iter().find(|it| !it.upcasts && is_of(reader, it.service, &it.pointer))?;
    let writer = now.emitters.iter().find(|it| is_of(writer, it.service, &it.pointer))?;
    let was_reader = Readers::of(then).of_now(reader).or(reader)?;
    let was_writer = Writers::of(then).of_now(writer).or(writer)?;
    let had = cover.gaps(was_reader, was_writer)?.is_ok_and(|gaps| !gaps.is_empty());
    let (old, new) = (&was_writer.event.schema, &writer.event.schema);
    let writes_less = old == new || eased::writes_less(cover, old, new);
    let (old, new) = (&was_reader.event.schema, &reader.event.schema);
    Some(had && writes_less && (old == new || eased::reads_more(cover, old, new)))
}

fn is_of(party: &Party, service: &Manifest, pointer: &str) -> bool {
    party.pointer == pointer && party.service == service.service && party.version == service.version
}

/// The gaps of a finding, each by the event, the pair and what tells it from others of the pair; one name for a finding that nothing
/// was compared.
pub(super) fn names(finding: &Finding) -> impl Iterator<Item = String> {
    let nothing = is_of_nothing(finding).then(|| format!("from {:?} on nothing", finding.event));
    finding.gaps.iter().map(|gap| name(finding, gap)).chain(nothing)
}

fn is_of_nothing(finding: &Finding) -> bool {
    finding.rule == NOT_COVERED && finding.gaps.is_empty()
}

fn name(finding: &Finding, gap: &Gap) -> String {
    let event = finding.event.as_ref().map(ToString::to_string).unwrap_or_default();
    let pair: BTreeSet<String> = finding.parties.iter().map(Party::place).collect();
    let pair: Vec<String> = pair.into_iter().collect();
    format!("{event} {} {}", pair.join(" "), gap.name())
}

/// What is left of a finding without the gaps that were `known` before and those that are `told` in other words.
pub(super) fn untold(finding: Finding, known: &BTreeSet<String>, told: &BTreeSet<String>) -> Option<Finding> {
    if finding.gaps.is_empty() {
        let is_told = names(&finding).any(|name| told.contains(&name));
        return (!is_told).then_some(finding);
    }
    let mut gaps = finding.gaps.clone();
    gaps.retain(|gap| {
        let name = name(&finding, gap);
        !known.contains(&name) && !told.contains(&name)
    });
    if gaps.len() == finding.gaps.len() || gaps.is_empty() {
        return (!gaps.is_empty()).then_some(finding);
    }
    let (reader, writer) = (finding.parties.first()?, finding.parties.get(1)?);
    let message = match &finding.event {
        Some(id) => format!("{writer} may write {id} as {reader} does not read it: {}", gaps_text(&gaps)),
        None => finding.message.clone(),
    };
    let mut finding = finding.gaps(gaps);
    finding.message = message;
    Some(finding)
}
