//! Random choreographies: what [`choreograph_topology::check`] finds is what an oracle finds that tries everything out, and in
//! a choreography without a fault it finds nothing.

mod faults;
mod oracle;
mod world;

use std::collections::BTreeSet;

use choreograph_topology::{Choreography, Finding, against, check};
use proptest::prelude::*;

use world::{World, any_world};

/// The rules that are found, and of those about ways the steps or events they name.
fn found(world: &World) -> (bool, BTreeSet<String>, BTreeSet<String>) {
    let manifests = world.manifests();
    let findings = check(&Choreography::new(&manifests));
    let of = |rule: &str, step: bool| -> BTreeSet<String> {
        let named = findings.iter().filter(|it| it.rule == rule).flat_map(|it| &it.parties);
        named.filter(|it| it.step.is_some() == step).map(|it| it.step.clone().unwrap_or_default()).collect()
    };
    let cycles = findings.iter().any(|it| it.rule == "CYCLE_WITHOUT_EXIT");
    (cycles, of("NEVER_ENDS", true), of("NEVER_ENDS", false))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn ways_are_judged_as_by_trying_everything_out(world in any_world()) {
        let (cycles, branches, starts) = found(&world);
        let endless = oracle::endless(&world);
        prop_assert_eq!(cycles, !endless.is_empty(), "cycles");
        prop_assert_eq!(branches, oracle::dead_branches(&world, &endless), "branches");
        prop_assert_eq!(!starts.is_empty(), !oracle::ends(&world, &endless, 0), "the start");
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn nothing_is_found_where_nothing_is_wrong_and_each_fault_under_its_rule(
        healthy in faults::healthy(),
        at in any::<prop::sample::Index>(),
    ) {
        let manifests = healthy.manifests();
        let findings = check(&Choreography::new(&manifests));
        prop_assert_eq!(findings, []);
        for fault in faults::FAULTS {
            let Some(manifests) = fault.put_into(&healthy, at) else { continue };
            let found: Vec<&str> = check(&Choreography::new(&manifests)).iter().map(|it| it.rule).collect();
            prop_assert!(found.contains(&fault.rule), "{} is not among {:?}", fault.rule, found);
        }
    }
}

/// What a finding is about, where it is to be mended, and what is wrong there. Others that it names stand opposite, as a rule.
fn thing(finding: &Finding) -> (&'static str, String, Vec<String>) {
    let about = format!("{:?} {:?}", finding.event, finding.topic);
    let place = finding.parties.first().map(choreograph_topology::Party::place);
    let gaps = finding.gaps.iter().map(|gap| gap.message.clone());
    (finding.rule, about, place.into_iter().chain(gaps).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_does_not_change_breaks_nobody(
        world in any_world(),
        faults in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..6),
    ) {
        let manifests = world::read(&faults::put_all(&world.values(), &faults));
        let answer = against(&manifests, &manifests);
        prop_assert_eq!(answer.breaks, []);
        let one = manifests.get(..1).unwrap_or_default();
        prop_assert_eq!(against(one, &manifests).breaks.len(), 0, "one service as it was");
    }

    #[test]
    fn a_fault_more_is_found_beside_those_that_were_there(
        healthy in faults::healthy(),
        faults in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..4),
        more in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
    ) {
        let before = faults::put_all(&healthy.values(), &faults);
        let after = world::read(&faults::put_all(&before, &[more]));
        let before = world::read(&before);
        let of = |manifests: &[choreograph_topology::Manifest]| -> BTreeSet<_> {
            check(&Choreography::new(manifests)).iter().map(thing).collect()
        };
        // What was there may be told in other words now.
        let rules = ["NOT_COVERED", faults::named(more.0).rule];
        let told: BTreeSet<&str> = against(&after, &before).breaks.iter().map(|it| it.rule).collect();
        for thing in of(&after).difference(&of(&before)).filter(|thing| rules.contains(&thing.0)) {
            let is_told = told.contains(thing.0) || told.contains("BREAKS_CONSUMER");
            prop_assert!(is_told, "{:?} is not among {:?}", thing, told);
        }
    }
}
