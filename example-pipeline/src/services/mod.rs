//! The shop's services, each as a team of its own would write it.
//!
//! No service uses code of another: what one reads of another's events stands in its own `events.rs` as views. The names here
//! are all that the command needs to run one.

pub mod carrier;
pub mod catalogue;
pub mod customers;
pub mod mail;
pub mod orders;
pub mod payment;
pub mod shipping;
pub mod site;
pub mod statistics;
pub mod warehouse;

use std::ffi::OsString;
use std::process::ExitCode;

use choreograph::Manifest;

/// The services by name, in the order of an order's way.
pub const NAMES: [&str; 10] = [
    "site",
    "payment",
    "orders",
    "warehouse",
    "catalogue",
    "shipping",
    "carrier",
    "mail",
    "customers",
    "statistics",
];

/// What every service declares. `instance` names this run's site and catalogue: see [`site`] and [`catalogue`].
pub fn manifests(instance: &str) -> Vec<Manifest> {
    vec![
        site::service(site::Orders::default(), instance).manifest(),
        payment::service().manifest(),
        orders::service().manifest(),
        warehouse::service().manifest(),
        catalogue::service(catalogue::Shelf::default(), instance).manifest(),
        shipping::service().manifest(),
        carrier::service().manifest(),
        mail::service().manifest(),
        customers::service().manifest(),
        statistics::service().manifest(),
    ]
}

/// Answers as the service's own binary would; `arguments` begins with the program's name. `None` if there is no such service.
pub fn main(name: &str, arguments: Vec<OsString>) -> Option<ExitCode> {
    let service = match name {
        "site" => return Some(site::main(arguments)),
        "payment" => payment::service(),
        "orders" => orders::service(),
        "warehouse" => warehouse::service(),
        "catalogue" => return Some(catalogue::main(arguments)),
        "shipping" => shipping::service(),
        "carrier" => carrier::service(),
        "mail" => mail::service(),
        "customers" => customers::service(),
        "statistics" => statistics::service(),
        _ => return None,
    };
    Some(service.main_from(arguments))
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    #[test]
    fn the_names_are_those_of_the_manifests() {
        let names: Vec<String> = manifests("test").into_iter().map(|manifest| manifest.service).collect();
        assert_eq!(names, NAMES);
    }

    #[test]
    fn every_service_can_run() {
        assert!(site::service(site::Orders::default(), "test").check().is_ok());
        assert!(payment::service().check().is_ok());
        assert!(orders::service().check().is_ok());
        assert!(warehouse::service().check().is_ok());
        assert!(catalogue::service(catalogue::Shelf::default(), "test").check().is_ok());
        assert!(shipping::service().check().is_ok());
        assert!(carrier::service().check().is_ok());
        assert!(mail::service().check().is_ok());
        assert!(customers::service().check().is_ok());
        assert!(statistics::service().check().is_ok());
    }

    /// Each event has one owner (a type that two services say has one contract all the same), and what is consumed is emitted.
    #[test]
    fn the_services_fit_together() {
        let manifests = manifests("test");
        let mut owners: HashMap<&str, HashSet<&str>> = HashMap::new();
        for manifest in &manifests {
            let emitted = manifest.steps.iter().flat_map(|step| &step.emits);
            for event in emitted.chain(&manifest.publishes) {
                owners.entry(&event.event_type).or_default().insert(&manifest.service);
            }
        }
        for (event, owners) in &owners {
            assert_eq!(owners.len(), 1, "{event} is owned by {owners:?}");
        }
        for step in manifests.iter().flat_map(|manifest| &manifest.steps) {
            for consumed in &step.consumes {
                assert!(
                    owners.contains_key(consumed.event_type.as_str()),
                    "nobody emits {}",
                    consumed.event_type
                );
            }
        }
    }

    /// The mail service consumes every event on the topic of the orders.
    #[test]
    fn mail_tells_of_every_order_event() {
        let manifests = manifests("test");
        let emitted: HashSet<&str> = manifests
            .iter()
            .flat_map(|manifest| {
                manifest.steps.iter().flat_map(|step| &step.emits).chain(&manifest.publishes)
            })
            .filter(|event| event.topic == "orders")
            .map(|event| event.event_type.as_str())
            .collect();
        let told: HashSet<&str> = manifests
            .iter()
            .filter(|manifest| manifest.service == "mail")
            .flat_map(|manifest| &manifest.steps)
            .flat_map(|step| &step.consumes)
            .map(|event| event.event_type.as_str())
            .collect();
        assert_eq!(emitted, told);
    }
}
