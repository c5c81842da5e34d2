//! Steps that have another name than before.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::manifest::{Manifest, Step};

/// The manifests of before, with each step under the name that it has after the change: a step that keeps its group goes on
/// where it was, whatever it is called.
pub(super) fn steps<'a>(changed: &[Manifest], before: &'a [Manifest]) -> Cow<'a, [Manifest]> {
    let mut now: BTreeMap<&str, Vec<&Step>> = BTreeMap::new();
    for manifest in changed {
        now.entry(&manifest.service).or_default().extend(&manifest.steps);
    }
    let mut before = Cow::Borrowed(before);
    for at in 0..before.len() {
        let names = before.get(at).and_then(|then| Some(names(then, now.get(then.service.as_str())?)));
        let Some(names) = names.filter(|names| !names.is_empty()) else { continue };
        for step in before.to_mut().get_mut(at).into_iter().flat_map(|then| &mut then.steps) {
            if let Some(name) = names.get(&step.name) {
                step.name.clone_from(name);
            }
        }
    }
    before
}

/// The new names by the old ones.
fn names(then: &Manifest, now: &[&Step]) -> BTreeMap<String, String> {
    let old: BTreeSet<&str> = then.steps.iter().map(|step| step.name.as_str()).collect();
    let new: BTreeSet<&str> = now.iter().map(|step| step.name.as_str()).collect();
    let gone = by_group(then.steps.iter().filter(|step| !new.contains(step.name.as_str())));
    let come = by_group(now.iter().copied().filter(|step| !old.contains(step.name.as_str())));
    let same = gone.into_iter().filter_map(|(group, gone)| Some((only(&gone)?, only(come.get(group)?)?)));
    same.collect()
}

fn only(names: &BTreeSet<&str>) -> Option<String> {
    names.first().filter(|_| names.len() == 1).map(|name| (*name).to_owned())
}

fn by_group<'a>(steps: impl Iterator<Item = &'a Step>) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
    let mut by_group: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for step in steps {
        by_group.entry(&step.group).or_default().insert(&step.name);
    }
    by_group
}
