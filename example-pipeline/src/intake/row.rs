//! One row: from bytes to typed fields, or the reason why not.

use std::borrow::Cow;
use std::str::FromStr;

use csv::{ByteRecord, ReaderBuilder, Terminator};
use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};
use time::PrimitiveDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::{Kind, Reason};

/// The longest field, in bytes.
pub const MAX_FIELD_BYTES: usize = 200;
/// The largest quantity of one row, either way. The largest in the published data is 80,995.
pub const MAX_QUANTITY: i64 = 100_000;
/// The highest price of one piece, in pounds. The highest in the published data is 38,970.
pub const MAX_PRICE: u32 = 100_000;
/// The most decimals a unit price may have.
pub const PRICE_DECIMALS: u32 = 4;

/// The most digits of an invoice's or a customer's number.
const MAX_DIGITS: usize = 9;
/// The longest stock code, in bytes.
const MAX_CODE_BYTES: usize = 20;
/// What the columns are called, in the order of [`Column`].
const COLUMN_NAMES: [&str; 8] = [
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
];
/// Codes that are money and no product: postage, dotcom postage, carriage, manual, discount.
const CHARGES: [&str; 5] = ["POST", "DOT", "C2", "M", "D"];
/// Codes of the shop's own books: fees, commission, bad debt, samples.
const BOOKKEEPING: [&str; 5] = ["AMAZONFEE", "BANK CHARGES", "CRUK", "B", "S"];
/// How the files write a date.
const FILE_DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
/// How events write it.
const EVENT_DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");

/// A column's place in [`COLUMN_NAMES`].
#[derive(Clone, Copy)]
enum Column {
    Invoice,
    Code,
    Description,
    Quantity,
    Date,
    Price,
    Customer,
    Country,
}

/// Where each column stands in a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Columns([usize; COLUMN_NAMES.len()]);

impl Columns {
    /// Reads the header; `None` if it does not name exactly the eight columns.
    pub(super) fn from_header(line: &[u8]) -> Option<Self> {
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        let record = split(line)?;
        let mut places = [0; COLUMN_NAMES.len()];
        for (place, name) in places.iter_mut().zip(COLUMN_NAMES) {
            *place =
                record.iter().position(|field| field.trim_ascii().eq_ignore_ascii_case(name.as_bytes()))?;
        }
        (record.len() == COLUMN_NAMES.len()).then_some(Self(places))
    }
}

/// Whether a row is a product or money alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item {
    Product,
    Charge,
}

/// A row that can be part of an invoice.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) invoice: String,
    pub(super) kind: Kind,
    pub(super) item: Item,
    pub(super) code: String,
    pub(super) description: String,
    /// Pieces, without the sign; never zero.
    pub(super) quantity: u32,
    pub(super) unit_price: Decimal,
    pub(super) pence: i64,
    /// RFC 3339.
    pub(super) placed_at: String,
    pub(super) customer: Option<u32>,
    pub(super) country: String,
}

impl Row {
    /// Reads a line under the header's `columns`.
    pub(super) fn parse(line: &[u8], columns: &Columns) -> Result<Self, Reason> {
        let record = split(line).ok_or(Reason::WrongColumns)?;
        if record.len() != COLUMN_NAMES.len() {
            return Err(Reason::WrongColumns);
        }
        if record.iter().any(|field| field.len() > MAX_FIELD_BYTES) {
            return Err(Reason::FieldTooLong);
        }
        let field = |column: Column| record[columns.0[column as usize]].trim_ascii();

        let (invoice, kind) = invoice(field(Column::Invoice))?;
        let (code, item) = code(field(Column::Code))?;
        let quantity = quantity(field(Column::Quantity), kind)?;
        let unit_price = price(field(Column::Price))?;
        let customer = customer(field(Column::Customer))?;
        if unit_price.is_zero() && customer.is_none() {
            return Err(Reason::Adjustment);
        }
        Ok(Self {
            invoice,
            kind,
            item,
            code,
            description: text(field(Column::Description)),
            quantity,
            unit_price,
            pence: pence(quantity, unit_price)?,
            placed_at: date(field(Column::Date))?,
            customer,
            country: country(field(Column::Country)),
        })
    }
}

/// Splits one line into its fields; `None` if the line cannot be read as CSV.
fn split(line: &[u8]) -> Option<ByteRecord> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .terminator(Terminator::Any(b'\n'))
        .buffer_capacity(line.len().max(1))
        .from_reader(line);
    let mut record = ByteRecord::new();
    reader.read_byte_record(&mut record).ok().filter(|found| *found).map(|_| record)
}

/// Text as UTF-8, else as Latin-1; control characters become spaces.
fn text(field: &[u8]) -> String {
    let text: Cow<'_, str> = match std::str::from_utf8(field) {
        Ok(text) => text.into(),
        Err(_) => field.iter().map(|&byte| char::from(byte)).collect(),
    };
    let clean: String = text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
    clean.trim().to_owned()
}

fn invoice(field: &[u8]) -> Result<(String, Kind), Reason> {
    let (kind, digits) = match field {
        [b'C' | b'c', digits @ ..] => (Kind::Return, digits),
        [b'A' | b'a', ..] => return Err(Reason::BadDebt),
        digits => (Kind::Order, digits),
    };
    let digits = digits_of(digits).ok_or(Reason::InvoiceNumber)?;
    let number = if kind == Kind::Return { format!("C{digits}") } else { digits.to_owned() };
    Ok((number, kind))
}

/// The field as text if it is 1 to [`MAX_DIGITS`] decimal digits.
fn digits_of(field: &[u8]) -> Option<&str> {
    let fits = (1..=MAX_DIGITS).contains(&field.len()) && field.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(field).ok().filter(|_| fits)
}

fn code(field: &[u8]) -> Result<(String, Item), Reason> {
    let legal = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'_' | b'-');
    if field.is_empty() || field.len() > MAX_CODE_BYTES || !field.iter().all(legal) {
        return Err(Reason::StockCode);
    }
    let code = String::from_utf8_lossy(field).to_ascii_uppercase();
    if BOOKKEEPING.contains(&code.as_str()) {
        return Err(Reason::Bookkeeping);
    }
    let item = if CHARGES.contains(&code.as_str()) { Item::Charge } else { Item::Product };
    Ok((code, item))
}

/// Pieces without the sign, which must fit the invoice's kind.
fn quantity(field: &[u8], kind: Kind) -> Result<u32, Reason> {
    let text = std::str::from_utf8(field).map_err(|_| Reason::Quantity)?;
    let number: i64 = whole(text).parse().map_err(|_| Reason::Quantity)?;
    if number == 0 || !(-MAX_QUANTITY..=MAX_QUANTITY).contains(&number) {
        return Err(Reason::Quantity);
    }
    match (kind, number > 0) {
        (Kind::Order, false) => Err(Reason::StockCorrection),
        (Kind::Return, true) => Err(Reason::PositiveReturn),
        _ => u32::try_from(number.unsigned_abs()).map_err(|_| Reason::Quantity),
    }
}

/// Takes the `.0` off a whole number that a table program wrote as a fraction.
fn whole(text: &str) -> &str {
    text.strip_suffix(".0").unwrap_or(text)
}

fn price(field: &[u8]) -> Result<Decimal, Reason> {
    let text = std::str::from_utf8(field).map_err(|_| Reason::UnitPrice)?;
    let price = Decimal::from_str(text).map_err(|_| Reason::UnitPrice)?.normalize();
    let fits =
        !price.is_sign_negative() && price <= Decimal::from(MAX_PRICE) && price.scale() <= PRICE_DECIMALS;
    fits.then_some(price).ok_or(Reason::UnitPrice)
}

/// Quantity times price, in pence. The bounds of both keep it below 10^12.
fn pence(quantity: u32, price: Decimal) -> Result<i64, Reason> {
    let pounds = Decimal::from(quantity) * price;
    let pence =
        (pounds * Decimal::ONE_HUNDRED).round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven);
    pence.to_i64().ok_or(Reason::UnitPrice)
}

fn date(field: &[u8]) -> Result<String, Reason> {
    let text = std::str::from_utf8(field).map_err(|_| Reason::InvoiceDate)?;
    let date = PrimitiveDateTime::parse(text, FILE_DATE).map_err(|_| Reason::InvoiceDate)?;
    date.format(EVENT_DATE).map_err(|_| Reason::InvoiceDate)
}

fn customer(field: &[u8]) -> Result<Option<u32>, Reason> {
    if field.is_empty() {
        return Ok(None);
    }
    let digits = digits_of(field.strip_suffix(b".0").unwrap_or(field)).ok_or(Reason::CustomerId)?;
    digits.parse().map(Some).map_err(|_| Reason::CustomerId)
}

fn country(field: &[u8]) -> String {
    let country = text(field);
    if country.is_empty() { "Unspecified".to_owned() } else { country }
}
