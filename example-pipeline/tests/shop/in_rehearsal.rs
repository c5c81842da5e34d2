//! The whole shop in memory: every order of the sample through every service, judged as a run is.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use choreograph::rehearsal::Rehearsal;
use example_pipeline::intake::{Intake, Invoice, Kind, Refused};
use example_pipeline::services::catalogue::{self, Shelf};
use example_pipeline::services::customers::CustomerForm;
use example_pipeline::services::mail::MailSent;
use example_pipeline::services::warehouse::{StockChanged, StockDelivered};
use example_pipeline::services::{
    carrier, customers, mail, orders, payment, shipping, site, statistics, warehouse,
};
use example_pipeline::supervisor::{Raw, Seen, Started, Tally};
use example_pipeline::world::{self, Garbage};

/// The topics that a run is judged by.
const TOPICS: [&str; 7] = ["orders", "payments", "stock", "returns", "customers", "statistics", "mails"];
/// Every step, for its dead letters.
const STEPS: [&str; 14] = [
    "site.checkout",
    "payment.charge",
    "payment.refund",
    "payment.reimburse",
    "orders.settle",
    "warehouse.dispatch",
    "warehouse.take-back",
    "site.follow-test",
    "catalogue.show-test",
    "shipping.ship",
    "carrier.deliver",
    "mail.tell",
    "customers.file",
    "statistics.count",
];

fn shop(seed: u64, shelf: &Shelf) -> Rehearsal {
    Rehearsal::new(seed)
        .service(site::service(site::Orders::default(), "test"))
        .service(payment::service())
        .service(orders::service())
        .service(warehouse::service())
        .service(catalogue::service(shelf.clone(), "test"))
        .service(shipping::service())
        .service(carrier::service())
        .service(mail::service())
        .service(customers::service())
        .service(statistics::service())
}

fn sample() -> Vec<Invoice> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/sample.csv");
    let refused = Refused::new(std::io::sink()).expect("writes nowhere");
    Intake::open(&path, refused).expect("opens").collect::<Result<_, _>>().expect("reads")
}

/// Starts an invoice's workflow, with garbage beside it if there must be some.
fn feed(rehearsal: &mut Rehearsal, tally: &mut Tally, number: usize, invoice: &Invoice) {
    let id = format!("r-{number:06}");
    if invoice.kind == Kind::Return {
        let started = rehearsal.start(&site::returned(id, invoice)).expect("starts");
        return tally.started(started.correlation_id(), Started::Return);
    }
    let codes = invoice.lines.iter().map(|line| line.code.as_str());
    let fate = world::expected(world::Order::new(&invoice.number, codes));
    if let Some(garbage) = fate.garbage {
        let (event_type, value) = garbage.record(&id);
        let headers: Vec<_> = event_type.map(|text| ("ce_type", Some(text.as_bytes()))).into_iter().collect();
        rehearsal.publish_raw("orders", Some(id.as_bytes()), Some(value.as_bytes()), &headers);
        tally.garbage(if garbage == Garbage::NoType { 8 } else { 3 });
    }
    let started = rehearsal.start(&site::order(id, invoice)).expect("starts");
    tally.started(started.correlation_id(), Started::Order(fate));
}

/// Shows the tally everything that was written.
fn look(rehearsal: &mut Rehearsal, tally: &mut Tally) {
    let dead_letters = STEPS.map(|step| format!("{step}.dlq"));
    for topic in TOPICS.into_iter().chain(dead_letters.iter().map(String::as_str)) {
        for record in rehearsal.records(topic) {
            let at_ms = record.metadata().timestamp().unwrap_or_default();
            let raw = Raw { topic, key: record.key(), value: record.value(), at_ms };
            if let Some(seen) = Seen::read(raw, |name| record.header(name)) {
                tally.see(seen);
            }
        }
    }
}

#[test]
fn every_order_of_the_sample_ends_as_the_rules_say() {
    let shelf = Shelf::default();
    let (mut rehearsal, mut tally) = (shop(1, &shelf), Tally::new("r"));
    let invoices = sample();
    for (number, invoice) in invoices.iter().enumerate() {
        feed(&mut rehearsal, &mut tally, number, invoice);
    }
    rehearsal.advance(Duration::from_mins(1));
    look(&mut rehearsal, &mut tally);
    let report = tally.report();
    assert!(report.is_as_expected(), "{report}");
    assert!(rehearsal.is_settled());
    assert_eq!(report.orders + report.returns, invoices.len() as u64);
    for (what, count) in [
        ("delivered", report.delivered),
        ("declined", report.cancelled_declined),
        ("out of stock", report.cancelled_out_of_stock),
        ("returns", report.returns_refunded),
        ("dead letters", report.dead_letters),
    ] {
        assert!(count > 0, "the sample shows no {what}");
    }
    assert_eq!(
        report.dead_letters_by_reason.len(),
        Garbage::ALL.len(),
        "{:?}",
        report.dead_letters_by_reason
    );
}

#[test]
fn mail_tells_of_an_order_in_the_order_in_which_it_happened() {
    for seed in 0..5 {
        let (mut rehearsal, mut tally) = (shop(seed, &Shelf::default()), Tally::new("r"));
        for (number, invoice) in sample().iter().take(20).enumerate() {
            feed(&mut rehearsal, &mut tally, number, invoice);
        }
        rehearsal.advance(Duration::from_mins(1));
        let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for mail in rehearsal.emitted::<MailSent>() {
            told.entry(mail.order_id.clone()).or_default().push(mail.about.clone());
        }
        for (order, told) in told {
            let told: Vec<&str> = told.iter().map(|about| about.trim_start_matches("order.")).collect();
            let is_in_order = [
                &["placed", "reserved", "created", "dispatched", "shipped", "delivered"][..],
                &["placed", "reserved", "cancelled"],
                &["placed", "reserved", "created", "out-of-stock", "cancelled"],
            ]
            .contains(&told.as_slice());
            assert!(is_in_order, "seed {seed}: {order} was told {told:?}");
        }
    }
}

#[test]
fn the_catalogue_shows_what_was_delivered_and_what_changed() {
    let shelf = Shelf::default();
    let (mut rehearsal, mut tally) = (shop(3, &shelf), Tally::new("r"));
    let invoices = sample();
    let code = invoices[0].lines[0].code.clone();
    rehearsal.start(&StockDelivered { stock_code: code.clone(), quantity: 10_000 }).expect("starts");
    for (number, invoice) in invoices.iter().take(40).enumerate() {
        feed(&mut rehearsal, &mut tally, number, invoice);
    }
    rehearsal.advance(Duration::from_mins(1));
    let mut wanted: BTreeMap<String, i64> = [(code, 10_000)].into();
    for change in rehearsal.emitted::<StockChanged>() {
        *wanted.entry(change.stock_code.clone()).or_default() += change.change;
    }
    assert_eq!(shelf.quantities(), wanted);

    // Another instance, later, reads the log from its start and comes to the same.
    let later = Shelf::default();
    rehearsal.stop("catalogue");
    let mut rehearsal = rehearsal.service(catalogue::service(later.clone(), "later"));
    rehearsal.settle();
    assert_eq!(later.quantities(), wanted);
}

#[test]
fn a_customer_that_moves_is_counted_in_both_countries() {
    let (mut rehearsal, mut tally) = (shop(4, &Shelf::default()), Tally::new("r"));
    let new = CustomerForm { customer_id: 17850, country: "France".to_owned(), old_country: None };
    let moved =
        CustomerForm { country: "Norway".to_owned(), old_country: Some("France".to_owned()), ..new.clone() };
    for (form, counts) in [(new, 1), (moved, 2)] {
        let started = rehearsal.start(&form).expect("starts");
        tally.started(started.correlation_id(), Started::Customer { counts });
    }
    rehearsal.advance(Duration::from_mins(1));
    look(&mut rehearsal, &mut tally);
    assert!(tally.report().is_as_expected(), "{}", tally.report());
    let mut customers: BTreeMap<String, i64> = BTreeMap::new();
    for counted in rehearsal.emitted::<statistics::CountryCounted>() {
        *customers.entry(counted.country.clone()).or_default() += counted.change;
    }
    assert_eq!(customers, [("France".to_owned(), 0), ("Norway".to_owned(), 1)].into());
}

#[test]
fn a_service_that_is_killed_in_between_loses_nothing() {
    for (seed, name) in ["payment", "orders", "warehouse", "shipping", "mail"].into_iter().enumerate() {
        let (mut rehearsal, mut tally) = (shop(seed as u64, &Shelf::default()), Tally::new("r"));
        for (number, invoice) in sample().iter().take(60).enumerate() {
            feed(&mut rehearsal, &mut tally, number, invoice);
            match number {
                20 => rehearsal.advance(Duration::from_millis(20)),
                30 => rehearsal.kill(name),
                40 => rehearsal.restart(name),
                _ => {}
            }
        }
        rehearsal.advance(Duration::from_mins(2));
        look(&mut rehearsal, &mut tally);
        assert!(tally.report().is_as_expected(), "killed {name}: {}", tally.report());
    }
}
