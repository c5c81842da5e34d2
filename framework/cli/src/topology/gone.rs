//! Services that a change takes away.

use std::borrow::Cow;
use std::collections::BTreeSet;

use choreograph_topology as topology;
use choreograph_topology::Manifest;

use super::inputs::Inputs;
use crate::args::TopologyCheck;
use crate::check::manifests::{consumed, declared};
use crate::report::Finding;
use crate::{Failure, MAX_SHOWN_CHANGES};

/// The services that are gone, as they were.
#[derive(Debug, Default)]
pub(super) struct Gone(Vec<Manifest>);

impl Gone {
    /// What is said to be gone: by name, or by not being among the manifests that are all there are.
    ///
    /// # Errors
    ///
    /// A name that no service of before has, or that a manifest of now has.
    pub(super) fn of(args: &TopologyCheck, new: &Inputs, old: &Inputs) -> Result<Self, Failure> {
        let names = |inputs: &Inputs| -> BTreeSet<String> {
            inputs.manifests.iter().map(|manifest| manifest.service.clone()).collect()
        };
        let (now, then) = (names(new), names(old));
        for name in &args.gone {
            if now.contains(name) {
                return Err(Failure::usage(format!(
                    "`{name}` is said to be gone, and its manifest is given"
                )));
            }
            if !then.contains(name) {
                let known: Vec<&str> = then.iter().map(String::as_str).take(MAX_SHOWN_CHANGES).collect();
                return Err(Failure::usage(format!(
                    "no manifest after `--against` is of a service `{name}`"
                ))
                .help(format!("there are {}", known.join(", "))));
            }
        }
        let is_gone = |name: &String| args.gone.contains(name) || args.complete && !now.contains(name);
        Ok(Self(old.manifests.iter().filter(|manifest| is_gone(&manifest.service)).cloned().collect()))
    }

    /// Their names, once each.
    pub(super) fn names(&self) -> Vec<&str> {
        let names: BTreeSet<&str> = self.0.iter().map(|manifest| manifest.service.as_str()).collect();
        names.into_iter().collect()
    }

    /// The manifests of a change, and for each service that is gone one that declares nothing.
    pub(super) fn beside<'a>(&self, changed: &'a [Manifest]) -> Cow<'a, [Manifest]> {
        if self.0.is_empty() {
            return Cow::Borrowed(changed);
        }
        let mut told = BTreeSet::new();
        let once = self.0.iter().filter(|manifest| told.insert(manifest.service.as_str()));
        let empty = once.map(|manifest| Manifest {
            steps: Vec::new(),
            publishes: Vec::new(),
            topics: Vec::new(),
            ..manifest.clone()
        });
        Cow::Owned(changed.iter().cloned().chain(empty).collect())
    }

    /// The finding, with who of them wrote or read its event.
    pub(super) fn told(&self, found: &topology::Finding, finding: Finding) -> Finding {
        let Some(event) = &found.event else { return finding };
        let writers = self.those(|it| declared(it).any(|one| one.event_type == event.name));
        let readers = self.those(|it| consumed(it).any(|(_, _, one)| one.event_type == event.name));
        let mut finding = finding;
        for (verb, who) in
            [("wrote", writers), ("read", readers)].into_iter().filter(|(_, who)| !who.is_empty())
        {
            finding.help.push(format!("gone is who {verb} {} until now: {}", event.name, who.join(", ")));
        }
        finding
    }

    /// Those of them that do something, with their teams.
    fn those(&self, does: impl Fn(&Manifest) -> bool) -> Vec<String> {
        let names: BTreeSet<String> = self.0.iter().filter(|it| does(it)).map(Manifest::to_string).collect();
        names.into_iter().take(MAX_SHOWN_CHANGES).collect()
    }
}
