//! The shop on Apache Kafka while its teams make every mistake at once, held against an oracle.
//!
//! One service is not running, one panics over some orders, one swallows some, one is slow and hangs over some, one
//! breaks its contract, and a till writes garbage in an order's name. Of every order the oracle knows what befalls
//! it: `choreograph where`, the observer's HTTP interface, and where there is a browser its page, have to name state, step
//! and reason of each. Then the right services are deployed, and with nothing but the commands that operators have, every order has to come to
//! the end that the outside world decides, once, with nothing lost.
//!
//! The services are processes: the shop's own program, or this binary again for the bad versions in [`bad`].

mod bad;
mod exposed;
mod judge;
mod orders;
mod page;
mod repair;
mod shop;
mod sight;
mod table;

use std::time::Instant;

use choreograph_tests::eventually;

use self::exposed::Exposed;
use self::judge::Truth;
use self::orders::{Fault, Order, Verdict};
use self::shop::{Shop, WITHIN};
use self::sight::{Claims, Sight};
use self::table::Row;

/// The services that an order passes, in its way's order.
const SERVICES: [&str; 8] =
    ["site", "payment", "orders", "warehouse", "catalogue", "shipping", "carrier", "mail"];

#[test]
fn every_order_is_named_rightly_and_brought_to_its_end() {
    let begun = Instant::now();
    let told = |what: &str| eprintln!("{:5.1} s  {what}", begun.elapsed().as_secs_f64());
    let mut shop = Shop::open();
    let sight = Sight::of(shop.observe());
    for name in SERVICES {
        shop.start(name);
    }
    let mut orders = shop.place(Fault::None);
    let mut claims = Claims::default();
    until_ended(&sight, &mut claims, &orders);
    let mut exposed = Exposed::new();
    exposed.take(&shop, &sight);
    told("the shop is open, and the first orders are at their end");

    shop.deploy_bad_versions();
    for fault in Fault::INJECTED {
        orders.extend(shop.place(fault));
    }
    told("every fault is there");
    until_all(&sight, &mut claims, &orders, |order, said| {
        let said = said.ok_or("unknown")?;
        order.fault.verdict().is_said(&said.summary).map_err(|_| "not named yet")
    });
    told("every order is named by a list");
    exposed.take(&shop, &sight);
    let seen = page::Told::of(&orders, |order| order.fault.verdict(), &shop, &sight);
    told(if seen.is_some() { "the page of every order was opened" } else { "no page was opened" });
    let alone = sight::ask_alone(&orders, &shop);
    let rows: Vec<Row> = Fault::ALL.map(|fault| Row::of(fault, &orders, &shop, &sight, seen.as_ref())).into();
    told("every order was asked for by itself");
    let wrong = sight::wrong_alone(alone);
    assert!(wrong.is_empty(), "without an observer: {wrong:#?}");
    told("one of each was asked for without the observer");

    exposed.take(&shop, &sight);
    repair::set_aside(&mut shop, &orders);
    exposed.take(&shop, &sight);
    told("what was stopped is started, and what was set aside is replayed");
    let (swallowed, others): (Vec<Order>, Vec<Order>) =
        orders.iter().cloned().partition(|order| order.fault == Fault::Swallowed);
    until_ended(&sight, &mut claims, &others);
    told("all are at their end but those that were swallowed");
    exposed.take(&shop, &sight);
    repair::swallowed(&mut shop);
    until_ended(&sight, &mut claims, &swallowed);
    eventually("no step owes anything", WITHIN, || {
        let owing = orders.iter().filter_map(|order| match sight.instance(&order.id) {
            Ok(instance) if instance.frontier.is_empty() => None,
            Ok(instance) => Some(format!("{}: {:?}", order.key, instance.frontier)),
            Err(error) => Some(error),
        });
        owing.take(1).next().map_or(Ok(()), Err)
    });
    told("every order is at its end");
    exposed.take(&shop, &sight);
    exposed.is_listed();

    let truth = Truth::read(&shop);
    let seen = page::Told::of(&orders, |_| Verdict::COMPLETED, &shop, &sight);
    let ended = |row: Row| row.ended(&orders, &shop, &sight, &truth, seen.as_ref());
    let rows: Vec<Row> = rows.into_iter().map(ended).collect();
    eprintln!("{}", table::told(&rows));
    claims.judge(&orders, &truth);
    for row in &rows {
        assert!(row.is_right(), "{:?}: {:#?}", row.fault, row.wrong);
    }
    table::is_documented(&rows);
}

/// Waits until the list of instances says of every order that it has come to its end.
#[track_caller]
fn until_ended(sight: &Sight, claims: &mut Claims, orders: &[Order]) {
    until_all(sight, claims, orders, |_, said| {
        let said = said.ok_or("unknown")?;
        Verdict::COMPLETED.is_said(&said.summary).map_err(|_| "not at its end")
    });
}

/// Waits until `fits` takes what the list of instances says of every order.
#[track_caller]
fn until_all(
    sight: &Sight,
    claims: &mut Claims,
    orders: &[Order],
    fits: impl Fn(&Order, Option<&sight::Said>) -> Result<(), &'static str>,
) {
    eventually("all orders", WITHIN, || {
        let said = sight.all()?;
        let mut open = Vec::new();
        for order in orders {
            let said = said.get(&order.id);
            claims.hear(order, said);
            if let Err(why) = fits(order, said) {
                open.push(format!("{}: {why}: {said:?}", order.key));
            }
        }
        let count = open.len();
        open.truncate(3);
        if count == 0 { Ok(()) } else { Err(format!("{count} open: {open:#?}")) }
    });
}
