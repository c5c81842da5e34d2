//! What befalls each order, and what has to be said of it: the oracle.

use choreograph_observer::answer::{InstanceState, InstanceSummary, StallReason};
use example_pipeline::services::site::{Line, OrderPlaced};
use example_pipeline::world::{self, Ending};

/// The products of every order; each changes the stock once.
pub(crate) const CODES: [&str; 2] = ["71053", "85123A"];

/// What befalls an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// Nothing: it was at its end before anything went wrong.
    None,
    /// Nothing, while everything around it goes wrong.
    Beside,
    /// A service that it needs is not running.
    Stopped,
    /// A step panics over it.
    Poisoned,
    /// What a till wrote in its name cannot be read.
    Garbled,
    /// A step takes its event and says nothing.
    Swallowed,
    /// A step takes long over it, and no longer than it may.
    Slow,
    /// A step does not come to an end with it.
    Hanging,
    /// An event of it breaks its contract.
    Contract,
}

/// What has to be said of an order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Verdict {
    pub(crate) state: InstanceState,
    pub(crate) reason: Option<StallReason>,
    pub(crate) step: Option<&'static str>,
    /// One of each of these stands in the sentence for people.
    pub(crate) words: &'static [&'static [&'static str]],
}

impl Verdict {
    /// What has to be said of an order at its end.
    pub(crate) const COMPLETED: Self = Self {
        state: InstanceState::Completed,
        reason: None,
        step: None,
        words: &[&["came to its end"], &[", after "]],
    };

    const fn failed(step: &'static str, words: &'static [&'static [&'static str]]) -> Self {
        let (state, reason) = (InstanceState::Failed, Some(StallReason::DeadLetter));
        Self { state, reason, step: Some(step), words }
    }

    const fn stalled(
        reason: StallReason,
        step: &'static str,
        words: &'static [&'static [&'static str]],
    ) -> Self {
        Self { state: InstanceState::Stalled, reason: Some(reason), step: Some(step), words }
    }

    /// Whether just this is said.
    pub(crate) fn is_said(&self, said: &InstanceSummary) -> Result<(), String> {
        let same = (said.state, said.reason, said.step.as_deref()) == (self.state, self.reason, self.step);
        let worded = self.words.iter().all(|any| any.iter().any(|words| said.sentence.contains(words)));
        if same && worded { Ok(()) } else { Err(format!("not {self:?} but {said:?}")) }
    }
}

impl Fault {
    /// All, in the order of the table.
    pub(crate) const ALL: [Self; 9] = [
        Self::None,
        Self::Beside,
        Self::Stopped,
        Self::Poisoned,
        Self::Garbled,
        Self::Swallowed,
        Self::Slow,
        Self::Hanging,
        Self::Contract,
    ];

    /// Those that befall orders while bad versions run, in the order in which such orders are placed. Those that
    /// hang come first, so that there is something behind them.
    pub(crate) const INJECTED: [Self; 8] = [
        Self::Hanging,
        Self::Slow,
        Self::Poisoned,
        Self::Garbled,
        Self::Swallowed,
        Self::Contract,
        Self::Stopped,
        Self::Beside,
    ];

    /// What the ids of such orders begin with.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::None => "before",
            Self::Beside => "beside",
            Self::Stopped => "stopped",
            Self::Poisoned => "poisoned",
            Self::Garbled => "garbled",
            Self::Swallowed => "swallowed",
            Self::Slow => "slow",
            Self::Hanging => "hanging",
            Self::Contract => "contract",
        }
    }

    /// What befalls the order with this id.
    pub(crate) fn of(order_id: &str) -> Self {
        let word = order_id.split('-').next().unwrap_or_default();
        Self::ALL.into_iter().find(|fault| fault.word() == word).unwrap_or(Self::None)
    }

    /// How such orders end when nothing is wrong. Those that nothing may stop do not pass the stopped service.
    const fn endings(self) -> &'static [Ending] {
        use Ending::{Declined, Delivered, OutOfStock};
        match self {
            Self::None => &[Delivered, Delivered, Declined, OutOfStock, Delivered, Delivered],
            Self::Beside => &[Declined; 4],
            Self::Stopped => &[Delivered; 8],
            Self::Poisoned | Self::Swallowed => {
                &[Delivered, OutOfStock, Declined, Delivered, Delivered, Declined, OutOfStock, Delivered]
            }
            Self::Garbled => &[Delivered, Declined, OutOfStock],
            Self::Slow => &[Declined; 6],
            Self::Hanging => &[Delivered, Declined, OutOfStock, Delivered, Delivered, Delivered],
            Self::Contract => &[Delivered; 4],
        }
    }

    /// What has to be said of such an order while nothing is repaired.
    pub(crate) const fn verdict(self) -> Verdict {
        use StallReason::{Lost, NoConsumer, NotProgressing};
        match self {
            Self::None | Self::Beside | Self::Slow => Verdict::COMPLETED,
            Self::Stopped => Verdict::stalled(
                NoConsumer,
                "carrier/deliver",
                &[&["at carrier/deliver"], &["nobody is there"]],
            ),
            Self::Poisoned => {
                Verdict::failed("payment/charge", &[&["set aside by payment/charge"], &["panic"]])
            }
            Self::Garbled => {
                Verdict::failed("site/checkout", &[&["set aside by site/checkout"], &["undecodable"]])
            }
            Self::Swallowed => Verdict {
                state: InstanceState::Lost,
                reason: Some(Lost),
                step: Some("orders/settle"),
                words: &[
                    &["lost at orders/settle"],
                    &["it took payment.confirmed.v1", "it took payment.declined.v1"],
                ],
            },
            Self::Hanging => Verdict::stalled(
                NotProgressing,
                "payment/charge",
                &[&["at payment/charge"], &["nothing moves", "not moving", "others go past it"]],
            ),
            Self::Contract => Verdict::failed(
                "shipping/ship",
                &[&["set aside by shipping/ship"], &["contract_violation"], &["/country"]],
            ),
        }
    }

    /// The orders that are to be placed, none of which has a workflow yet.
    pub(crate) fn orders(self) -> Vec<Order> {
        let first = 536_365 + 10_000 * self as u32;
        let mut invoices = (first..).map(|invoice| invoice.to_string());
        let order = |(number, ending): (usize, &Ending)| {
            let invoice = invoices.find(|invoice| {
                let fate = world::expected(world::Order::new(invoice, CODES));
                // A gateway that is busy at first would make a slow charge a late one.
                fate.ending == *ending && (self != Self::Slow || fate.payment_attempts == 1)
            });
            Order {
                fault: self,
                key: format!("{}-{number}", self.word()),
                invoice: invoice.expect("numbers do not end"),
                ending: *ending,
                id: String::new(),
            }
        };
        self.endings().iter().enumerate().map(order).collect()
    }
}

/// An order.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) fault: Fault,
    /// Its id for customers, and the key of its records.
    pub(crate) key: String,
    pub(crate) invoice: String,
    /// How it ends when nothing is wrong.
    pub(crate) ending: Ending,
    /// Its workflow's id.
    pub(crate) id: String,
}

impl Order {
    /// What the till says of it.
    pub(crate) fn placed(&self) -> OrderPlaced {
        let line = |code: &str| Line {
            stock_code: code.to_owned(),
            description: "a product".to_owned(),
            quantity: 2,
            unit_price: "2.55".to_owned(),
            pence: 510,
        };
        OrderPlaced {
            order_id: self.key.clone(),
            invoice: self.invoice.clone(),
            customer_id: Some(17_850),
            country: "United Kingdom".to_owned(),
            placed_at: "2010-12-01T08:26:00Z".to_owned(),
            total_pence: 1_020,
            lines: CODES.map(line).into(),
            charges: Vec::new(),
        }
    }
}
