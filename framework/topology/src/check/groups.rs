//! `GROUP_SHARED`: a group hands each record to one of its members.

use std::collections::BTreeMap;

use super::finding::{Finding, Party, listed};
use crate::choreography::Choreography;

pub(super) fn check(choreography: &Choreography<'_>, findings: &mut Vec<Finding>) {
    for (id, flow) in choreography.events() {
        let mut by_group: BTreeMap<&str, Vec<Party>> = BTreeMap::new();
        for consumer in &flow.consumers {
            by_group.entry(&consumer.step.group).or_default().push(Party::from(consumer));
        }
        for (group, mut parties) in by_group {
            parties.dedup_by_key(|party| party.place());
            if parties.len() < 2 {
                continue;
            }
            findings.push(Finding {
                rule: "GROUP_SHARED",
                message: format!(
                    "{} consume {id} in one group, `{group}`: each record reaches only one of them",
                    listed(&parties)
                ),
                event: Some(id.clone()),
                parties,
                gaps: Vec::new(),
                fix: "give each step a group of its own".to_owned(),
            });
        }
    }
}
