//! Stage *check in*: the contract that a value keeps as it is decoded, in the same pass, and what a break of it means.

use choreograph_contracts::{CheckError, Contract, ContractId};

use super::{failure::Failure, plan::Route};
use crate::{
    engine::Reason,
    envelope::head::{Head, Known},
};

/// The view that values on `route` are to keep.
#[cfg_attr(
    not(feature = "cost"),
    expect(clippy::unnecessary_wraps, reason = "what measures the check can do without it")
)]
pub(super) fn asserted(route: &Route) -> Option<&Contract> {
    #[cfg(feature = "cost")]
    if !crate::cost::asserts_contracts() {
        return None;
    }
    Some(&route.contract)
}

/// What it means that a value on `route` broke its contract.
pub(super) fn broken(route: &Route, head: &Head, error: &CheckError) -> (Reason, Failure) {
    let CheckError::Violations(violations) = error else {
        return (Reason::Undecodable, Failure::new("undecodable", error.to_string()));
    };
    let newer = newer_minor(route, head).unwrap_or_default();
    let lifted =
        route.older.as_ref().map(|older| format!("after {}, ", older.chain.title())).unwrap_or_default();
    let text = format!("{newer}{lifted}the value breaks its contract: {violations}");
    let failure = Failure::violated("contract_violation", &route.contract_name, text, violations);
    (Reason::ContractViolation, failure)
}

/// Says so where the record was written under a newer minor than this step knows: then the break is the producer's.
fn newer_minor(route: &Route, head: &Head) -> Option<String> {
    let known = route.minor?;
    let written = ContractId::parse(head.text(Known::DataSchema)?).ok()?.minor();
    (written > known)
        .then(|| format!("newer_minor: written under minor {written}, this step knows {known}; "))
}

#[cfg(test)]
mod tests {
    use super::{super::plan::tests::plan_reading, *};

    #[test]
    fn a_newer_minor_is_the_producers_break() {
        let mut plan = plan_reading(&[("order.placed", 1)]);
        let route = &mut plan.routes[0];
        let head = |contract: &'static str| Head::of(1, [("ce_dataschema", Some(contract.as_bytes()))]);
        let newer = head("urn:contract:order.placed/1.3");
        assert_eq!(newer_minor(route, &newer), None, "a view knows no minor");
        route.minor = Some(2);
        let told = newer_minor(route, &newer).expect("3 is newer than 2");
        assert_eq!(told, "newer_minor: written under minor 3, this step knows 2; ");
        for known in ["urn:contract:order.placed/1.2", "urn:contract:order.placed/1.0", "nonsense"] {
            assert_eq!(newer_minor(route, &head(known)), None, "{known}");
        }
    }
}
