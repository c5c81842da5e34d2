//! The made orders that ship with the example, as dirty as real ones.
//!
//! `data/sample.csv` is written by [`write()`] and nothing else: a test compares them, and
//! `cargo run -p example-pipeline -- sample > example-pipeline/data/sample.csv` writes it anew.

use std::io::{self, Write};

/// How many orders the sample has that are placed; returns and refused rows come beside them.
pub const ORDERS: u32 = 240;

/// The first invoice number.
const FIRST_INVOICE: u32 = 700_001;
/// The seed of the committed file.
const SEED: u64 = 20_101_201;
/// Adjective, material and thing make a product.
const ADJECTIVES: [&str; 8] = ["SMALL", "LARGE", "RED", "BLUE", "STRIPED", "VINTAGE", "PAPER", "TINY"];
const MATERIALS: [&str; 6] = ["TIN", "WOODEN", "GLASS", "WOOLLEN", "CERAMIC", "COTTON"];
const THINGS: [&str; 8] = ["LANTERN", "TEAPOT", "COASTER", "DOORMAT", "CANDLE", "MUG", "BUNTING", "CLOCK"];
/// How many products the made shop has.
const PRODUCTS: u64 = (ADJECTIVES.len() * MATERIALS.len() * THINGS.len()) as u64;
/// Countries; the first is by far the most frequent.
const COUNTRIES: [&str; 6] = ["United Kingdom", "France", "Germany", "EIRE", "Norway", "Portugal"];
/// Most customers order more than once.
const CUSTOMERS: u64 = 90;

/// Writes the sample.
///
/// # Errors
/// What `output` answers.
pub fn write(mut output: impl Write) -> io::Result<()> {
    let mut sample = Sample { random: Random(SEED), minute: 0, rows: Vec::new() };
    sample.rows(b"InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country");
    for number in 0..ORDERS {
        sample.order(number);
    }
    output.write_all(&sample.rows)
}

struct Sample {
    random: Random,
    /// Minutes since the shop opened.
    minute: u32,
    rows: Vec<u8>,
}

/// What the rows of one invoice share.
struct Head {
    invoice: String,
    date: String,
    customer: String,
    country: &'static str,
}

impl Sample {
    /// Writes the invoice that has this place, and the dirt that belongs there.
    fn order(&mut self, number: u32) {
        self.minute += self.random.below(3) as u32;
        let head = self.head(FIRST_INVOICE + number);
        for _ in 0..=self.random.below(9) {
            self.product(&head, 1);
        }
        self.charge(&head, number);
        self.dirt(&head, number);
        if number % 20 == 13 {
            self.sent_back(&head, number);
        }
    }

    fn head(&mut self, invoice: u32) -> Head {
        let customer = self.random.below(CUSTOMERS);
        let guest = self.random.below(6) == 0;
        // A customer has a home; now and then one has moved.
        let home = if customer.is_multiple_of(5) { customer / 5 } else { 0 };
        let moved = u64::from(self.random.below(30) == 0);
        Head {
            invoice: invoice.to_string(),
            date: format!(
                "2010-12-0{} {:02}:{:02}:00",
                1 + self.minute / 600,
                8 + self.minute / 60 % 10,
                self.minute % 60
            ),
            customer: if guest { String::new() } else { format!("{}.0", 20_001 + customer) },
            country: COUNTRIES[((home + moved) % COUNTRIES.len() as u64) as usize],
        }
    }

    /// A row with a product; `sign` is -1 where it comes back.
    fn product(&mut self, head: &Head, sign: i64) {
        let product = self.random.below(PRODUCTS);
        let letter = if product.is_multiple_of(7) { "B" } else { "" };
        let code = format!("{}{letter}", 40_000 + product * 11);
        let description = describe(product);
        let quantity = sign * (1 + self.random.below(24) as i64);
        let price = price(product);
        self.row(head, &code, &description, &quantity.to_string(), &price);
    }

    /// Postage for customers abroad, and now and then something by hand.
    fn charge(&mut self, head: &Head, number: u32) {
        if head.country != COUNTRIES[0] {
            self.row(head, "POST", "POSTAGE", "1", "18.0");
        }
        if number % 60 == 31 {
            self.row(head, "M", "Manual", "1", "4.25");
        }
    }

    /// One kind of dirt at its places, so that each is met a few times.
    fn dirt(&mut self, head: &Head, number: u32) {
        let price = "2.1";
        // A number that no order has.
        let free = 900_000 + self.random.below(90_000);
        match number % 48 {
            3 => self.row(head, "40011", "", "2", "1.65"),
            5 => self.row(head, "40022", "?", "1", price),
            7 => self.row(head, "40033", "damages", "-4", price),
            9 => self.rows(format!("{},40044,,12,{},0.0,,{}", free, head.date, head.country).as_bytes()),
            11 => self.row(head, "40055", "HALF PENNY SWEET", "300", "0.001"),
            15 => self.row(head, "BANK CHARGES", "Bank Charges", "1", "15.0"),
            17 => self.row(head, "AMAZONFEE", "AMAZON FEE", "1", "130.5"),
            19 => self.row(head, "40066", "\"CLOCK, \"\"BIG BEN\"\"\"", "1", "12.75"),
            21 => self.latin(head),
            23 => self.rows(format!("{},40077,CANDLE", head.invoice).as_bytes()),
            25 => self.row(head, "40088", "MUG", "9999999999999999999999", price),
            27 => self.row(head, "40099", "MUG", "3", "1e400"),
            29 => self.row(head, "40110", &"LONG ".repeat(60), "1", price),
            31 => self.rows(
                format!("A{},B,Adjust bad debt,1,{},-110.6,,{}", free, head.date, head.country).as_bytes(),
            ),
            33 => self.row(head, "40121", "TEAPOT", "0", price),
            35 => self.rows(
                format!(
                    "{},40132,CLOCK,1,yesterday,{price},{},{}",
                    head.invoice, head.customer, head.country
                )
                .as_bytes(),
            ),
            37 => self.rows(
                format!("{},DOT,DOTCOM POSTAGE,1,{},9.5,,{}", free, head.date, head.country).as_bytes(),
            ),
            39 => self.rows(b""),
            41 => self.row(head, "D", "Discount", "-1", "5.0"),
            43 => self.rows(
                format!("{},40143,DOORMAT,1,{},{price},17850.5,{}", head.invoice, head.date, head.country)
                    .as_bytes(),
            ),
            _ => {}
        }
    }

    /// A description in Latin-1, which is no UTF-8.
    fn latin(&mut self, head: &Head) {
        let mut row = format!("{},40154,CAF", head.invoice).into_bytes();
        row.push(0xc9);
        row.extend_from_slice(
            format!(" MUG,6,{},2.95,{},{}", head.date, head.customer, head.country).as_bytes(),
        );
        self.rows(&row);
    }

    /// A return of one or two products.
    fn sent_back(&mut self, head: &Head, number: u32) {
        let invoice = format!("C{}", FIRST_INVOICE + 100_000 + number);
        let head =
            Head { invoice, date: head.date.clone(), customer: head.customer.clone(), country: head.country };
        for _ in 0..=self.random.below(2) {
            self.product(&head, -1);
        }
        if number % 40 == 33 {
            self.row(&head, "40165", "MUG", "2", "1.95");
        }
    }

    fn row(&mut self, head: &Head, code: &str, description: &str, quantity: &str, price: &str) {
        let Head { invoice, date, customer, country } = head;
        self.rows(
            format!("{invoice},{code},{description},{quantity},{date},{price},{customer},{country}")
                .as_bytes(),
        );
    }

    fn rows(&mut self, line: &[u8]) {
        self.rows.extend_from_slice(line);
        self.rows.push(b'\n');
    }
}

fn describe(product: u64) -> String {
    let pick = |names: &[&'static str], index: u64| names[(index % names.len() as u64) as usize];
    let (adjectives, materials) = (ADJECTIVES.len() as u64, MATERIALS.len() as u64);
    let adjective = pick(&ADJECTIVES, product);
    let material = pick(&MATERIALS, product / adjectives);
    let thing = pick(&THINGS, product / adjectives / materials);
    format!("{adjective} {material} {thing}")
}

/// From 0.19 to 9.95 pounds, written as table programs do: `2.5`, not `2.50`.
fn price(product: u64) -> String {
    let pence = 19 + product * 37 % 977;
    let text = format!("{}.{:02}", pence / 100, pence % 100);
    text.strip_suffix('0').unwrap_or(&text).to_owned()
}

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let value = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (value ^ (value >> 31)) % bound
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_committed_sample_is_what_the_generator_writes() {
        let mut made = Vec::new();
        super::write(&mut made).expect("writing to memory does not fail");
        let committed = include_bytes!("../data/sample.csv");
        assert!(
            made == committed,
            "write it anew: cargo run -p example-pipeline -- sample > example-pipeline/data/sample.csv"
        );
    }
}
