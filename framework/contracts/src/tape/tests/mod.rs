//! Texts read as `serde_json` reads them.

mod verdicts;

use jsonschema::json::Node;
use jsonschema_value::conformance;
use serde_json::{Value, json};

use super::*;

/// What `serde_json` makes of `bytes`.
fn oracle(bytes: &[u8]) -> Option<Value> {
    serde_json::from_slice(bytes).ok()
}

/// What the tape makes of `bytes`, or why it does not.
fn through_tape(bytes: &[u8]) -> Result<Value, Refusal> {
    let mut tape = Tape::new();
    let document = read(&mut tape, bytes)?;
    Ok(Cursor::root(&document).to_value().into_owned())
}

fn reason(bytes: &[u8]) -> Option<UndecodableReason> {
    through_tape(bytes).err().map(|refusal| refusal.reason)
}

#[test]
fn keeps_what_the_validator_relies_on() {
    let text = conformance::document().to_string();
    let mut tape = Tape::new();
    let document = read(&mut tape, text.as_bytes()).expect("JSON");
    conformance::assert_conformance::<TapeJson>(&Cursor::root(&document));
}

#[test]
fn numbers_are_those_of_serde_json() {
    for text in [
        "0",
        "-0",
        "-0.0",
        "0.0",
        "1",
        "-1",
        "1.0",
        "1.5",
        "1e2",
        "1E+2",
        "1e-2",
        "0e0",
        "0.1",
        "123456789.125",
        "9007199254740993",
        "18446744073709551615",
        "18446744073709551616",
        "-9223372036854775808",
        "-9223372036854775809",
        "9223372036854775808",
        "100000000000000000000000",
        "1e308",
        "1e309",
        "-1e309",
        "1e-400",
        "5e-324",
        "2.2250738585072011e-308",
        "0.30000000000000004",
        "179769313486231580793e289",
        "01",
        "-01",
        "00",
        "-",
        "+1",
        ".5",
        "1.",
        "1.e5",
        "1e",
        "1e+",
        "0x1",
        "1_0",
        "NaN",
        "Infinity",
        "--1",
        "1-",
        "1.5.5",
        "1e5.5",
        "1e999999999999",
        "0e999999999999",
        "-e",
        "- 1",
    ] {
        assert_eq!(through_tape(text.as_bytes()).ok(), oracle(text.as_bytes()), "{text}");
        let inside = format!("[{text} ]");
        assert_eq!(through_tape(inside.as_bytes()).ok(), oracle(inside.as_bytes()), "{inside}");
    }
}

#[test]
fn texts_are_those_of_serde_json() {
    for text in [
        r#""""#,
        r#""a""#,
        r#""ä€😀""#,
        r#""\"\\\/\b\f\n\r\t""#,
        r#""\u0041\u00e4\u20AC\uD83D\uDE00""#,
        r#""\u0000""#,
        r#""\uD83D""#,
        r#""\uDE00""#,
        r#""\uD83Dx""#,
        r#""\uD83D\n""#,
        r#""\uD83D\u0041""#,
        r#""\uD83D\uD83D""#,
        r#""\u00""#,
        r#""\u00g0""#,
        r#""\u+041""#,
        r#""\x41""#,
        r#""\"#,
        r#"""#,
        r#""\u"#,
        r#""\uD83D\u"#,
        r#""\uD83D\"#,
        "\"a\nb\"",
        "\"a\tb\"",
        "\"\u{7f}\"",
        "\"\u{0}\"",
        "\"\u{1f}\"",
        "\"\u{2028}\"",
        "\"1234567\\n\"",
        "\"12345678\\n9\"",
        "\"1234567\u{1}\"",
        "'a'",
        "\"a\" \"b\"",
    ] {
        assert_eq!(through_tape(text.as_bytes()).ok(), oracle(text.as_bytes()), "{text}");
    }
    // Each special byte at each place of a chunk, after each number of full chunks.
    for special in ["\"", "\\n", "\u{1}", "\u{1f}", " ", "ä", "\u{80}", "\u{ff}"] {
        for before in 0..20 {
            let text = format!("\"{}{special}{}\"", "a".repeat(before), "b".repeat(before));
            assert_eq!(through_tape(text.as_bytes()).ok(), oracle(text.as_bytes()), "{text}");
        }
    }
}

#[test]
fn refusals_say_what_and_where() {
    use UndecodableReason as Why;
    for (bytes, reason, at) in [
        (&b""[..], Why::Empty, 0),
        (b" \n", Why::Empty, 2),
        (b"{", Why::UnexpectedEnd, 1),
        (b"[1,]", Why::UnexpectedByte, 3),
        (b"{\"a\":1,}", Why::UnexpectedByte, 7),
        (b"{a:1}", Why::UnexpectedByte, 1),
        (b"\xef\xbb\xbf{}", Why::UnexpectedByte, 0),
        (b"{\"a\" 1}", Why::UnexpectedByte, 5),
        (b"[1}", Why::UnexpectedByte, 2),
        (b"{} x", Why::TrailingData, 3),
        (b"truth", Why::UnexpectedByte, 3),
        (b"nul", Why::UnexpectedEnd, 3),
        (b"\"\xff\"", Why::NotUtf8, 1),
        (b"[01]", Why::InvalidNumber, 2),
        (b"[1.]", Why::InvalidNumber, 3),
        (b"[1e400]", Why::NumberOutOfRange, 1),
        (b"\"a\\q\"", Why::InvalidEscape, 2),
        (b"\"\\ud800\"", Why::LoneSurrogate, 1),
        (b"\"\x01\"", Why::ControlCharacter, 1),
        (b"{\"a\":1,\"a\":1}", Why::DuplicateMember, 7),
        (b"{\"a\":1,\"\\u0061\":1}", Why::DuplicateMember, 7),
    ] {
        let refusal = through_tape(bytes).expect_err("must not be read");
        assert_eq!((refusal.reason, refusal.at), (reason, at), "{:?}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn depth_and_size_have_limits() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(reason(nested(MAX_DEPTH).as_bytes()), None);
    assert_eq!(reason(nested(MAX_DEPTH + 1).as_bytes()), Some(UndecodableReason::TooDeep));
    assert_eq!(reason("{\"a\":".repeat(200).as_bytes()), Some(UndecodableReason::TooDeep));
    let many = format!("[{}1]", "[],{},".repeat(1000));
    assert_eq!(reason(many.as_bytes()), None, "depth is not a count");

    let mut tape = Tape::with_max_bytes(4);
    assert!(read(&mut tape, b"1234").is_ok());
    let refusal = read(&mut tape, b"12345").expect_err("too large");
    assert_eq!((refusal.reason, refusal.at), (UndecodableReason::TooLarge, 4));
    assert_eq!(Tape::with_max_bytes(usize::MAX).max_bytes(), i32::MAX as usize);
}

#[test]
fn duplicate_names_are_found_in_wide_objects() {
    let wide = |count: usize, last: &str| {
        let members: Vec<_> = (0..count).map(|n| format!("\"name{n}\":{{\"name{n}\":0}}")).collect();
        format!("{{{},\"{last}\":1}}", members.join(","))
    };
    for count in [2, 31, 32, 33, 34, 500] {
        assert_eq!(reason(wide(count, "other").as_bytes()), None, "{count}");
        for last in ["name0".to_owned(), format!("name{}", count - 1), "name\\u0031".to_owned()] {
            assert_eq!(
                reason(wide(count, &last).as_bytes()),
                Some(UndecodableReason::DuplicateMember),
                "{count} {last}"
            );
        }
    }
}

#[test]
fn a_tape_forgets_the_last_event() {
    let mut tape = Tape::new();
    read(&mut tape, br#"{"secret":"va\nlue"}"#).expect("JSON");
    assert!(read(&mut tape, b"{").is_err());
    let document = read(&mut tape, br#"["\t"]"#).expect("JSON");
    assert_eq!(*Cursor::root(&document).to_value(), json!(["\t"]));
    assert_eq!(format!("{tape:?}"), "Tape { max_bytes: 1048576, .. }");
}
