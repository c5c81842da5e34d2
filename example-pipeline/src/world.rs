//! What lies outside the shop: the bank's gateway, the shelves, the carrier and a broken till, played by rules.
//!
//! A real gateway declines whom it likes. Here every answer follows from the order alone (its invoice number and its stock
//! codes, in any order), so that a run can be checked: [`expected`] says in advance what must become of an order. The services
//! ask only the part of the world they would talk to; nothing else here is known to them.
//!
//! | what | share | rule |
//! |---|---|---|
//! | the payment is declined | 1 in [`DECLINED_ONE_IN`] | order ends cancelled |
//! | stock runs out | 1 in [`OUT_OF_STOCK_ONE_IN`] of those paid | order ends refunded and cancelled |
//! | the payment gateway is busy at first | 1 in [`GATEWAY_BUSY_ONE_IN`] | the second attempt succeeds |
//! | the carrier's gateway is busy at first | 1 in [`CARRIER_BUSY_ONE_IN`] of those dispatched | the second attempt succeeds |
//! | a broken till writes [`Garbage`] beside the order | 1 in [`GARBAGE_ONE_IN`] | dead letters; the order itself is not harmed |

use std::sync::OnceLock;
use std::time::Duration;

/// How long a gateway, a packer or a driver takes, in milliseconds; nothing if it is not set. For people who look on.
pub const PACE: &str = "SHOP_WORLD_PACE_MS";
/// Nobody takes longer than a minute.
const MAX_PACE: u64 = 60_000;

/// Something in the world happens, which takes its time where somebody set [`PACE`].
pub async fn takes_its_time() {
    static MILLIS: OnceLock<u64> = OnceLock::new();
    let set = || std::env::var(PACE).ok()?.parse().ok();
    let millis = *MILLIS.get_or_init(|| set().unwrap_or(0_u64).min(MAX_PACE));
    if millis > 0 {
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
}

/// One payment in so many is declined.
pub const DECLINED_ONE_IN: u64 = 16;
/// One paid order in so many meets an empty shelf.
pub const OUT_OF_STOCK_ONE_IN: u64 = 12;
/// One payment in so many finds the gateway busy at the first attempt.
pub const GATEWAY_BUSY_ONE_IN: u64 = 10;
/// One parcel in so many finds the carrier busy at the first attempt.
pub const CARRIER_BUSY_ONE_IN: u64 = 20;
/// Beside one order in so many a broken till writes garbage.
pub const GARBAGE_ONE_IN: u64 = 24;

/// What must become of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fate {
    /// How the order ends.
    pub ending: Ending,
    /// How many attempts the payment takes: 1 or 2.
    pub payment_attempts: u32,
    /// How many attempts the shipping label takes: 1 or 2, or 0 for an order that is never shipped.
    pub shipping_attempts: u32,
    /// What a broken till writes beside the order.
    pub garbage: Option<Garbage>,
}

/// How an order ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ending {
    /// At the customer's door.
    Delivered,
    /// Cancelled, for the payment was declined.
    Declined,
    /// Refunded and cancelled, for the stock ran out.
    OutOfStock,
}

/// What a broken till writes: events that no service can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Garbage {
    /// An event that ends in the middle.
    Cut,
    /// JSON that breaks the contract.
    BreaksContract,
    /// An event without a type.
    NoType,
    /// An event in a version of the future.
    FutureVersion,
}

impl Garbage {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Cut, Self::BreaksContract, Self::NoType, Self::FutureVersion];

    /// What the till writes: the event's type, if any, and its bytes.
    ///
    /// ```
    /// use example_pipeline::world::Garbage;
    ///
    /// let (event_type, value) = Garbage::Cut.record("r1-000001");
    /// assert_eq!(event_type, Some("order.placed.v1"));
    /// assert!(serde_json::from_str::<serde_json::Value>(&value).is_err());
    /// ```
    pub fn record(self, order_id: &str) -> (Option<&'static str>, String) {
        match self {
            Self::Cut => (Some("order.placed.v1"), format!(r#"{{"order_id":"{order_id}","invoi"#)),
            Self::BreaksContract => {
                (Some("order.placed.v1"), r#"{"order_id":7,"total_pence":"much"}"#.to_owned())
            }
            Self::NoType => (None, format!(r#"{{"order_id":"{order_id}"}}"#)),
            Self::FutureVersion => (Some("order.placed.v9"), format!(r#"{{"order":{{"id":"{order_id}"}}}}"#)),
        }
    }

    /// The reason of the dead letters that it becomes.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Cut => "undecodable",
            Self::BreaksContract => "contract_violation",
            Self::NoType => "unknown_event",
            Self::FutureVersion => "unsupported_version",
        }
    }
}

/// An order as the outside world sees it: enough to answer always the same.
///
/// ```
/// use example_pipeline::world::Order;
///
/// let order = Order::new("536365", ["85123A", "71053"]);
/// assert_eq!(order, Order::new("536365", ["71053", "85123A"]));
/// assert!(order.carrier_accepts(2), "a second attempt always succeeds");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    hash: u64,
}

/// Separates the questions, so that one answer says nothing about another.
#[derive(Debug, Clone, Copy)]
enum Question {
    Declined = 1,
    OutOfStock,
    GatewayBusy,
    CarrierBusy,
    Garbage,
    WhichGarbage,
}

impl Order {
    /// The order with this invoice number and these products; their order does not matter.
    pub fn new<'a>(invoice: &str, codes: impl IntoIterator<Item = &'a str>) -> Self {
        let codes = codes.into_iter().fold(0_u64, |sum, code| sum.wrapping_add(mix(fnv(code))));
        Self { hash: mix(fnv(invoice).wrapping_add(codes)) }
    }

    /// What the payment gateway answers at this attempt, counted from 1.
    pub fn charge(self, attempt: u32) -> Charge {
        if attempt < 2 && self.one_in(GATEWAY_BUSY_ONE_IN, Question::GatewayBusy) {
            Charge::Busy
        } else if self.one_in(DECLINED_ONE_IN, Question::Declined) {
            Charge::Declined
        } else {
            Charge::Accepted
        }
    }

    /// Whether the shelves hold all of it.
    pub fn in_stock(self) -> bool {
        !self.one_in(OUT_OF_STOCK_ONE_IN, Question::OutOfStock)
    }

    /// Whether the carrier takes the parcel at this attempt, counted from 1.
    pub fn carrier_accepts(self, attempt: u32) -> bool {
        attempt >= 2 || !self.one_in(CARRIER_BUSY_ONE_IN, Question::CarrierBusy)
    }

    /// What a broken till writes beside the order.
    pub fn garbage(self) -> Option<Garbage> {
        let kind = self.draw(Question::WhichGarbage) % Garbage::ALL.len() as u64;
        self.one_in(GARBAGE_ONE_IN, Question::Garbage).then(|| Garbage::ALL[kind as usize])
    }

    fn one_in(self, share: u64, question: Question) -> bool {
        self.draw(question).is_multiple_of(share)
    }

    fn draw(self, question: Question) -> u64 {
        mix(self.hash.wrapping_add(question as u64))
    }
}

/// What the payment gateway answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charge {
    /// The money is there.
    Accepted,
    /// The customer's bank refuses.
    Declined,
    /// No answer now; try again.
    Busy,
}

/// What must become of this order.
pub fn expected(order: Order) -> Fate {
    let payment_attempts = if order.charge(1) == Charge::Busy { 2 } else { 1 };
    let ending = match order.charge(payment_attempts) {
        Charge::Declined => Ending::Declined,
        _ if order.in_stock() => Ending::Delivered,
        _ => Ending::OutOfStock,
    };
    let shipping_attempts = match ending {
        Ending::Delivered if order.carrier_accepts(1) => 1,
        Ending::Delivered => 2,
        Ending::Declined | Ending::OutOfStock => 0,
    };
    Fate { ending, payment_attempts, shipping_attempts, garbage: order.garbage() }
}

/// FNV-1a: short, and the same on every machine and in every version.
fn fnv(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The finaliser of `SplitMix64`: every input bit reaches every output bit.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn orders(count: u32) -> impl Iterator<Item = Order> {
        (0..count).map(|number| Order::new(&(536_365 + number).to_string(), ["85123A", "71053"]))
    }

    #[test]
    fn shares_are_as_documented() {
        let count = |wanted: fn(&Order) -> bool| orders(100_000).filter(wanted).count() as u64;
        let near = |found: u64, one_in: u64| {
            let wanted = 100_000 / one_in;
            assert!(found.abs_diff(wanted) * 10 < wanted, "{found} is not near {wanted}");
        };
        near(count(|order| order.charge(2) == Charge::Declined), DECLINED_ONE_IN);
        near(count(|order| !order.in_stock()), OUT_OF_STOCK_ONE_IN);
        near(count(|order| order.charge(1) == Charge::Busy), GATEWAY_BUSY_ONE_IN);
        near(count(|order| !order.carrier_accepts(1)), CARRIER_BUSY_ONE_IN);
        near(count(|order| order.garbage().is_some()), GARBAGE_ONE_IN);
    }

    #[test]
    fn every_fate_is_met_and_agrees_with_the_answers() {
        let mut endings = std::collections::HashSet::new();
        let mut garbage = std::collections::HashSet::new();
        for order in orders(2_000) {
            let fate = expected(order);
            endings.insert(fate.ending);
            garbage.extend(fate.garbage);
            assert_ne!(order.charge(fate.payment_attempts), Charge::Busy);
            assert_eq!(fate.shipping_attempts > 0, fate.ending == Ending::Delivered);
        }
        assert_eq!((endings.len(), garbage.len()), (3, Garbage::ALL.len()));
    }

    #[test]
    fn an_answer_stays_the_same_over_versions() {
        let fate = expected(Order::new("536365", ["85123A", "71053"]));
        let again = expected(Order::new("536365", ["71053", "85123A"]));
        assert_eq!(fate, again);
        assert_eq!(Order::new("536365", ["85123A", "71053"]).hash, FIRST_HASH);
    }

    /// Changing it changes the fate of every order, and of every recorded run.
    const FIRST_HASH: u64 = 16_807_814_731_297_160_132;
}
