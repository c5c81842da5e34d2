//! How values are written.

use std::net::SocketAddr;
use std::time::Duration;

use super::own::Ops;

/// Reads `true` or `false`.
pub(super) fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("legal: true, false".to_owned()),
    }
}

/// Reads a whole number from `low` to `high`.
pub(super) fn number(text: &str, low: u64, high: u64) -> Result<u64, String> {
    match text.parse() {
        Ok(number) if (low..=high).contains(&number) => Ok(number),
        _ => Err(format!("legal: a whole number, {low} .. {high}")),
    }
}

/// Reads milliseconds, up to an hour.
pub(super) fn milliseconds(text: &str) -> Result<Duration, String> {
    const HOUR_MS: u64 = 3_600_000;
    number(text, 1, HOUR_MS).map(Duration::from_millis)
}

/// Reads a whole number with its unit, `ms`, `s`, `m` or `h`, up to `longest`.
pub(super) fn duration(text: &str, longest: Duration) -> Result<Duration, String> {
    let legal = || {
        format!(
            "legal: a whole number with its unit, as 500ms, 25s, 15m or 1h, at most {}s",
            longest.as_secs()
        )
    };
    let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(legal)?;
    let (amount, unit) = text.split_at(digits);
    let amount: u64 = amount.parse().map_err(|_| legal())?;
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(legal()),
    };
    let duration = Duration::from_millis(amount.checked_mul(milliseconds).ok_or_else(legal)?);
    if duration > longest { Err(legal()) } else { Ok(duration) }
}

/// Reads an address with its port, or `off`.
pub(super) fn ops(text: &str) -> Result<Ops, String> {
    if text == "off" {
        return Ok(Ops::Off);
    }
    match text.parse::<SocketAddr>() {
        Ok(address) => Ok(Ops::At(address)),
        Err(_) => Err("legal: an IP address with a port, as 127.0.0.1:9464 or [::]:9464 (port 0 \
                       takes any free one), or off"
            .to_owned()),
    }
}

/// Reads a namespace, or a name by the same rule: `[a-z][a-z0-9-]{0,62}`.
pub(super) fn name(text: &str) -> Result<String, String> {
    let mut bytes = text.bytes();
    let first = bytes.next().is_some_and(|byte| byte.is_ascii_lowercase());
    let rest = bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if first && rest && text.len() <= 63 {
        Ok(text.to_owned())
    } else {
        Err("legal: a small letter, then at most 62 small letters, digits and hyphens".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_unit_and_a_bound() {
        let hour = Duration::from_hours(1);
        assert_eq!(duration("500ms", hour), Ok(Duration::from_millis(500)));
        assert_eq!(duration("25s", hour), Ok(Duration::from_secs(25)));
        assert_eq!(duration("1h", hour), Ok(hour));
        for wrong in ["", "25", "s", "-1s", "1.5s", "61m", "1d", "18446744073709551615h", "25 s"] {
            assert!(duration(wrong, hour).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn names_follow_the_rule() {
        assert!(name("a").is_ok());
        assert!(name("staging-2").is_ok());
        assert!(name(&"a".repeat(63)).is_ok());
        for wrong in ["", "A", "2a", "-a", "a_b", "a.b", "ä", &"a".repeat(64)] {
            assert!(name(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn numbers_keep_their_range() {
        assert_eq!(number("7", 1, 10), Ok(7));
        for wrong in ["0", "11", "-1", "1.0", "ten", ""] {
            assert!(number(wrong, 1, 10).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn the_ops_address_may_be_any_or_none() {
        assert_eq!(ops("off"), Ok(Ops::Off));
        assert!(matches!(ops("127.0.0.1:0"), Ok(Ops::At(_))));
        for wrong in ["localhost:1", "127.0.0.1", "on", ":80"] {
            assert!(ops(wrong).is_err(), "{wrong:?}");
        }
    }
}
