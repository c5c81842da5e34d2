//! The intake against dirt: unit tests for each decision, properties for the accounting.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

const HEADER: &str = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";
const GOOD: &str = "536365,85123A,HEART,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom";

/// What reading came to: invoices, counts, and the refused rows as `(line, reason)`.
struct Outcome {
    invoices: Vec<Invoice>,
    counts: Counts,
    refused: Vec<(u64, String)>,
}

fn read_path(path: &Path) -> Outcome {
    let refused = tempfile::NamedTempFile::new().expect("a temporary file");
    let mut intake =
        Intake::open(path, Refused::new(refused.reopen().expect("reopens")).expect("writes")).expect("opens");
    let invoices = intake.by_ref().collect::<Result<_, _>>().expect("reads");
    let counts = intake.counts().clone();
    drop(intake);
    let mut reader = csv::Reader::from_path(refused.path()).expect("opens");
    let refused = reader
        .records()
        .map(|record| record.expect("is CSV"))
        .map(|record| (record[1].parse().expect("a line number"), record[2].to_owned()))
        .collect();
    Outcome { invoices, counts, refused }
}

fn read_bytes(bytes: &[u8]) -> Outcome {
    let folder = TempDir::new().expect("a temporary folder");
    let file = folder.path().join("orders.csv");
    fs::write(&file, bytes).expect("writes");
    read_path(&file)
}

/// Reads rows below a good header.
fn read(rows: &[&str]) -> Outcome {
    read_bytes(format!("{HEADER}\n{}\n", rows.join("\n")).as_bytes())
}

/// The reason for which a single row is refused, if it is.
fn reason(row: &str) -> Option<String> {
    let outcome = read(&[row]);
    assert_eq!(outcome.counts.read, 1);
    outcome.refused.into_iter().next().map(|(line, reason)| {
        assert_eq!(line, 2);
        reason
    })
}

#[test]
fn a_good_order_comes_whole() {
    let outcome = read(&[GOOD, "536365,POST,POSTAGE,1,2010-12-01 08:26:00,18.0,17850,United Kingdom"]);
    let [invoice] = outcome.invoices.as_slice() else { panic!("one invoice") };
    assert_eq!(
        (invoice.number.as_str(), invoice.kind, invoice.customer),
        ("536365", Kind::Order, Some(17850))
    );
    assert_eq!(invoice.placed_at, "2010-12-01T08:26:00Z");
    assert_eq!((invoice.lines.len(), invoice.charges.len(), invoice.rows), (1, 1, 2));
    assert_eq!(invoice.total_pence(), 1530 + 1800);
    assert!(outcome.refused.is_empty());
}

#[test]
fn each_kind_of_dirt_is_refused_with_its_reason() {
    for (row, wanted) in [
        ("536365,85123A,HEART,6,2010-12-01 08:26:00,2.55,17850.0", "wrong_columns"),
        ("536365,85123A,HEART,6,2010-12-01 08:26:00,2.55,17850.0,UK,more", "wrong_columns"),
        ("536365,85123A,\"HEART,6,2010-12-01 08:26:00,2.55,17850.0,UK", "wrong_columns"),
        (",85123A,HEART,6,2010-12-01 08:26:00,2.55,17850.0,UK", "invoice_number"),
        ("53é365,85123A,HEART,6,2010-12-01 08:26:00,2.55,17850.0,UK", "invoice_number"),
        ("5363650000,85123A,HEART,6,2010-12-01 08:26:00,2.55,17850.0,UK", "invoice_number"),
        ("A563185,B,Adjust bad debt,1,2011-08-12 14:50:00,11062.06,,UK", "bad_debt"),
        ("536365,,HEART,6,2010-12-01 08:26:00,2.55,17850.0,UK", "stock_code"),
        ("536365,../../x,HEART,6,2010-12-01 08:26:00,2.55,17850.0,UK", "stock_code"),
        ("536365,BANK CHARGES,,1,2010-12-01 08:26:00,15.0,17850.0,UK", "bookkeeping"),
        ("C536365,amazonfee,,-1,2010-12-01 08:26:00,15.0,,UK", "bookkeeping"),
        ("536365,85123A,HEART,0,2010-12-01 08:26:00,2.55,17850.0,UK", "quantity"),
        ("536365,85123A,HEART,6.5,2010-12-01 08:26:00,2.55,17850.0,UK", "quantity"),
        ("536365,85123A,HEART,99999999999999999999,2010-12-01 08:26:00,2.55,17850.0,UK", "quantity"),
        ("536365,85123A,HEART,100001,2010-12-01 08:26:00,2.55,17850.0,UK", "quantity"),
        ("536365,85123A,damages,-6,2010-12-01 08:26:00,2.55,17850.0,UK", "stock_correction"),
        ("C536365,85123A,HEART,6,2010-12-01 08:26:00,2.55,17850.0,UK", "positive_return"),
        ("536365,85123A,HEART,6,2010-12-01 08:26:00,-2.55,17850.0,UK", "unit_price"),
        ("536365,85123A,HEART,6,2010-12-01 08:26:00,1e400,17850.0,UK", "unit_price"),
        ("536365,85123A,HEART,6,2010-12-01 08:26:00,NaN,17850.0,UK", "unit_price"),
        ("536365,85123A,HEART,6,2010-12-01 08:26:00,2.55555,17850.0,UK", "unit_price"),
        ("536365,85123A,HEART,6,2010-12-01 08:26:00,100000.01,17850.0,UK", "unit_price"),
        ("536365,85123A,,6,2010-12-01 08:26:00,0.0,,UK", "adjustment"),
        ("536365,85123A,HEART,6,2010-13-01 08:26:00,2.55,17850.0,UK", "invoice_date"),
        ("536365,85123A,HEART,6,,2.55,17850.0,UK", "invoice_date"),
        ("536365,85123A,HEART,6,2010-12-01 08:26:00,2.55,17850.5,UK", "customer_id"),
        ("536365,85123A,HEART,6,2010-12-01 08:26:00,2.55,-1,UK", "customer_id"),
        ("536365,POST,POSTAGE,1,2010-12-01 08:26:00,2.55,17850.0,UK", "no_product"),
    ] {
        assert_eq!(reason(row).as_deref(), Some(wanted), "{row}");
    }
}

#[test]
fn what_looks_odd_but_is_an_order_stays_one() {
    for row in [
        "536365,85123A,,6,2010-12-01 08:26:00,2.55,,UK",
        "536365,85123A,?,6.0,2010-12-01 08:26:00,0.001,17850,UK",
        "536365,85123A,\"BIG \"\"BEN\"\", CLOCK\",6,2010-12-01 08:26:00,2.55,17850.0,",
        "536365,22841,GIFT,1,2010-12-05 14:02:00,0.0,12647.0,Germany",
        " 536365 ,gift_0001_20,GIFT,1,2010-12-05 14:02:00,20, 12647.0 ,Germany\r",
    ] {
        assert_eq!(reason(row), None, "{row}");
    }
}

#[test]
fn money_is_exact() {
    let pence = |quantity: u32, price: &str| {
        let row = format!("1,85123A,X,{quantity},2010-12-01 08:26:00,{price},1,UK");
        read(&[row.as_str()]).invoices[0].total_pence()
    };
    assert_eq!(pence(3, "0.1"), 30);
    assert_eq!(pence(300, "0.001"), 30);
    assert_eq!(pence(1, "0.125"), 12, "half to even");
    assert_eq!(pence(1, "0.135"), 14, "half to even");
    assert_eq!(pence(100_000, "100000"), 1_000_000_000_000);
}

#[test]
fn text_that_is_no_utf8_is_latin_1() {
    let mut bytes = format!("{HEADER}\n536365,85123A,CAF").into_bytes();
    bytes.extend_from_slice(b"\xc9\x00 MUG,6,2010-12-01 08:26:00,2.55,17850.0,UK\n");
    assert_eq!(read_bytes(&bytes).invoices[0].lines[0].description, "CAFÉ  MUG");
}

#[test]
fn overlong_fields_and_lines_are_refused_and_the_next_row_is_read() {
    let field =
        format!("536365,85123A,{},6,2010-12-01 08:26:00,2.55,17850.0,UK", "x".repeat(MAX_FIELD_BYTES + 1));
    let line = "y".repeat(MAX_LINE_BYTES + 1);
    let outcome = read(&[&field, &line, GOOD]);
    assert_eq!(outcome.refused, [(2, "field_too_long".to_owned()), (3, "line_too_long".to_owned())]);
    assert_eq!(outcome.counts.ordered, 1);
}

#[test]
fn a_file_without_its_header_is_refused_row_by_row() {
    let outcome = read_bytes(format!("{GOOD}\n\n{GOOD}\n").as_bytes());
    assert_eq!(outcome.refused, [(1, "no_header".to_owned()), (3, "no_header".to_owned())]);
    assert_eq!((outcome.counts.read, outcome.invoices.len()), (2, 0));
    assert_eq!(read_bytes(b"").counts.read, 0);
}

#[test]
fn columns_may_stand_in_any_order_behind_a_byte_order_mark() {
    let outcome = read_bytes(
        b"\xef\xbb\xbfCountry,invoiceno,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID\r\n\
          UK,536365,85123A,HEART,6,2010-12-01 08:26:00,2.55,17850.0",
    );
    assert_eq!(outcome.invoices[0].country, "UK");
}

#[test]
fn rows_of_one_invoice_meet_over_others_up_to_the_bound() {
    let row = |invoice: usize| format!("{invoice},85123A,HEART,6,2010-12-01 08:26:00,2.55,17850.0,UK");
    let between = |others: usize| {
        let rows: Vec<String> = (0..=others).chain([0]).map(row).collect();
        let outcome = read(&rows.iter().map(String::as_str).collect::<Vec<_>>());
        outcome.invoices.iter().filter(|invoice| invoice.number == "0").count()
    };
    assert_eq!(between(OPEN_INVOICES - 1), 1);
    assert_eq!(between(OPEN_INVOICES), 2);
}

#[test]
fn an_invoice_has_one_customer_and_a_bound() {
    let other = "536365,85123A,HEART,6,2010-12-01 08:26:00,2.55,17851.0,United Kingdom";
    assert_eq!(read(&[GOOD, other]).refused, [(3, "invoice_conflict".to_owned())]);
    let outcome = read(&vec![GOOD; MAX_INVOICE_LINES + 1]);
    assert_eq!(outcome.refused, [(MAX_INVOICE_LINES as u64 + 2, "invoice_too_long".to_owned())]);
}

#[test]
fn an_invoice_always_fits_an_event() {
    // Quotes are escaped in JSON, and Latin-1 becomes two bytes of UTF-8.
    for text in [&b"x"[..], &br#""""#[..], &b"\xc9"[..]] {
        let mut bytes = HEADER.as_bytes().to_vec();
        for _ in 0..MAX_INVOICE_LINES {
            bytes.extend_from_slice(b"\n536365,85123A_ABCDEFGHIJKL,\"");
            bytes.extend_from_slice(&text.repeat(MAX_FIELD_BYTES));
            bytes.extend_from_slice(b"\",100000,2010-12-01 08:26:00,99999.9999,17850,UK");
        }
        let Outcome { invoices, counts, refused } = read_bytes(&bytes);
        let [invoice] = invoices.as_slice() else { panic!("one invoice") };
        let event = crate::services::site::order("r-000001".to_owned(), invoice);
        let bytes = serde_json::to_vec(&event).expect("JSON").len();
        assert!((MAX_INVOICE_BYTES / 2..MAX_INVOICE_BYTES).contains(&bytes), "{bytes}");
        assert!(!refused.is_empty() && refused.iter().all(|(_, reason)| reason == "invoice_too_long"));
        accounted(&counts);
    }
}

#[test]
fn told_to_stop_it_reads_no_further() {
    let folder = TempDir::new().expect("a temporary folder");
    let file = folder.path().join("orders.csv");
    fs::write(&file, format!("{HEADER}\n{GOOD}\n")).expect("writes");
    let stop = Arc::new(AtomicBool::new(true));
    let refused = Refused::new(std::io::sink()).expect("writes");
    let mut intake = Intake::open(&file, refused).expect("opens").until(stop);
    assert!(intake.next().is_none());
    assert_eq!(intake.counts().read, 0);
}

#[test]
fn a_folder_is_read_in_the_order_of_names() {
    let folder = TempDir::new().expect("a temporary folder");
    for (name, invoice) in [("b.csv", 2), ("a.csv", 1), ("readme.md", 3)] {
        let mut file = fs::File::create(folder.path().join(name)).expect("creates");
        write!(file, "{HEADER}\n{invoice},85123A,HEART,6,2010-12-01 08:26:00,2.55,17850.0,UK\n")
            .expect("writes");
    }
    let outcome = read_path(folder.path());
    assert_eq!(
        outcome.invoices.iter().map(|invoice| invoice.number.as_str()).collect::<Vec<_>>(),
        ["1", "2"]
    );
}

#[test]
fn a_path_that_is_not_there_and_a_folder_without_orders_say_so() {
    let folder = TempDir::new().expect("a temporary folder");
    assert!(matches!(files(folder.path()), Err(Error::NoFiles { .. })));
    let missing = folder.path().join("missing.csv");
    let error = files(&missing).expect_err("is missing");
    assert!(error.to_string().contains("missing.csv"), "{error}");
}

#[test]
fn the_sample_has_orders_returns_and_every_kind_of_dirt() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/sample.csv");
    let Outcome { invoices, counts, .. } = read_path(&path);
    let orders = invoices.iter().filter(|invoice| invoice.kind == Kind::Order).count();
    assert_eq!(orders, crate::sample::ORDERS as usize);
    assert!(invoices.len() > orders, "some returns");
    assert!(invoices.iter().any(|invoice| invoice.customer.is_none()), "some guests");
    for reason in [
        "adjustment",
        "bad_debt",
        "bookkeeping",
        "customer_id",
        "field_too_long",
        "invoice_date",
        "no_product",
        "positive_return",
        "quantity",
        "stock_correction",
        "unit_price",
        "wrong_columns",
    ] {
        assert!(counts.refused_by_reason.contains_key(reason), "no {reason} in {counts:?}");
    }
    accounted(&counts);
}

fn accounted(counts: &Counts) {
    assert_eq!(counts.read, counts.ordered + counts.returned + counts.refused, "{counts:?}");
    assert_eq!(counts.refused, counts.refused_by_reason.values().sum::<u64>());
}

/// Fields as they come, and as they must not.
fn field() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(b"536365".to_vec()),
        Just(b"536366".to_vec()),
        Just(b"C536367".to_vec()),
        Just(b"85123A".to_vec()),
        Just(b"POST".to_vec()),
        Just(b"6".to_vec()),
        Just(b"-6".to_vec()),
        Just(b"2010-12-01 08:26:00".to_vec()),
        Just(b"2.55".to_vec()),
        Just(b"17850.0".to_vec()),
        Just(b"\"".to_vec()),
        prop::collection::vec(any::<u8>(), 0..12),
    ]
}

/// Rows that are nearly right, so that every path is met.
fn row() -> impl Strategy<Value = Vec<u8>> {
    let likely = (
        prop_oneof![Just("536365"), Just("536366"), Just("C1"), Just("A1"), Just("x")],
        prop_oneof![Just("85123A"), Just("POST"), Just("B")],
        -3_i32..9,
        prop_oneof![Just("2.55"), Just("0.0"), Just("-1")],
        prop_oneof![Just("17850.0"), Just("")],
    )
        .prop_map(|(invoice, code, quantity, price, customer)| {
            format!("{invoice},{code},X,{quantity},2010-12-01 08:26:00,{price},{customer},UK").into_bytes()
        });
    prop_oneof![4 => likely, 1 => prop::collection::vec(field(), 0..10).prop_map(|fields| fields.join(&b','))]
}

proptest! {
    #[test]
    fn every_row_is_accounted_for_once(rows in prop::collection::vec(row(), 0..60)) {
        let mut bytes = HEADER.as_bytes().to_vec();
        for row in &rows {
            bytes.push(b'\n');
            bytes.extend_from_slice(row);
        }
        // Counted without the intake: lines behind the first that hold more than white space.
        let lines = bytes.split(|&byte| byte == b'\n').skip(1).filter(|line| !line.trim_ascii().is_empty()).count();
        let Outcome { invoices, counts, refused } = read_bytes(&bytes);
        accounted(&counts);
        prop_assert_eq!(counts.read, lines as u64);
        prop_assert_eq!(counts.refused, refused.len() as u64);
        let of = |kind| invoices.iter().filter(|invoice| invoice.kind == kind).map(|invoice| invoice.rows).sum::<u64>();
        prop_assert_eq!((of(Kind::Order), of(Kind::Return)), (counts.ordered, counts.returned));
        for invoice in &invoices {
            prop_assert_eq!(invoice.rows, (invoice.lines.len() + invoice.charges.len()) as u64);
        }
    }

    #[test]
    fn no_bytes_at_all_break_it(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        accounted(&read_bytes(&bytes).counts);
    }
}

/// Days of the real data: `ONLINE_RETAIL` names a folder of them, and nothing of them ships.
#[test]
#[ignore = "needs real orders, whose file or folder ONLINE_RETAIL names"]
fn real_days_are_accounted_for() {
    let folder = std::env::var_os("ONLINE_RETAIL").expect("ONLINE_RETAIL, see CONTRIBUTING.md");
    let Outcome { counts, invoices, .. } = read_path(Path::new(&folder));
    accounted(&counts);
    assert!(invoices.iter().any(|invoice| invoice.kind == Kind::Return), "real days have returns");
    assert!(counts.refused * 20 < counts.read, "more than 5 % refused: {counts:?}");
}
