//! Headers that go to a collector with each batch, as a login.

use ureq::http::{HeaderName, HeaderValue};

use super::secret::Secret;
use super::source::{Given, Source};

/// What is legal for them.
const LEGAL: &str = "legal: name=value, joined by commas";

/// The variables of the headers of both signals, or of one.
pub(super) struct Names {
    pub(super) value: &'static str,
    /// The same with `_FILE`.
    pub(super) file: &'static str,
}

/// For both signals.
pub(super) const SHARED: Names =
    Names { value: "OTEL_EXPORTER_OTLP_HEADERS", file: "OTEL_EXPORTER_OTLP_HEADERS_FILE" };
/// For traces alone.
pub(super) const TRACES: Names =
    Names { value: "OTEL_EXPORTER_OTLP_TRACES_HEADERS", file: "OTEL_EXPORTER_OTLP_TRACES_HEADERS_FILE" };
/// For metrics alone.
pub(super) const METRICS: Names =
    Names { value: "OTEL_EXPORTER_OTLP_METRICS_HEADERS", file: "OTEL_EXPORTER_OTLP_METRICS_HEADERS_FILE" };

/// What one variable says. It is never shown, for it may hold a password.
pub(super) struct Headers {
    pub(super) pairs: Vec<(String, Secret)>,
    from_file: bool,
}

impl Headers {
    /// Takes the variables out of `source`.
    pub(super) fn read(source: &mut Source, names: &Names) -> Option<Self> {
        let Given { value, from_file } = source.given(names.value, names.file)?;
        let pairs = value.split(',').map(str::trim).filter(|pair| !pair.is_empty()).map(pair);
        let Some(pairs) = pairs.collect() else {
            let name = if from_file { names.file } else { names.value };
            source.problem(name, "its value cannot be used", LEGAL);
            return None;
        };
        Some(Self { pairs, from_file })
    }

    /// An exporter looks for [`SHARED`] in the environment by itself, where it finds none of its own there.
    pub(super) fn check_alone(&self, source: &mut Source, names: &Names, shared: Option<&Self>) {
        if self.from_file && shared.is_some_and(|shared| !shared.from_file) {
            source.problem(
                names.file,
                format!("{} is set too, and would be sent beside what stands in the file", SHARED.value),
                format!("name a file with that in {}, or set both without a file", SHARED.file),
            );
        }
    }
}

/// A header's name and its value, in which `%20` is a blank.
fn pair(text: &str) -> Option<(String, Secret)> {
    let (name, value) = text.split_once('=')?;
    let name = HeaderName::from_bytes(name.trim().as_bytes()).ok()?;
    let value = decoded(value.trim()).unwrap_or_else(|| value.trim().to_owned());
    HeaderValue::from_str(&value).ok()?;
    Some((name.as_str().to_owned(), Secret::new(value)))
}

/// `text` with the bytes that stand as `%` and two digits; `None` where that makes no text.
fn decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}
