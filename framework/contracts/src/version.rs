//! Names of events and contracts: `order.placed`, `order.placed.v1`, `urn:contract:order.placed/1.3`.
//!
//! Each of the two wire forms has one parser and one printer, and each value has one spelling: what parses
//! prints the same bytes again. Parsing borrows and never allocates, for it happens once a record.

use std::fmt;
use std::path::PathBuf;

/// What every contract's URI begins with; the rest is `<event type>/<major>.<minor>`.
///
/// A URN says what it is: a name that nobody fetches.
pub const CONTRACT_URI_PREFIX: &str = "urn:contract:";

/// The longest name of an event type, in bytes. A folder and a header hold it.
pub const MAX_EVENT_NAME_BYTES: usize = 200;

/// Why a text names no event type, version or contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The event type breaks the grammar of [`is_event_name`].
    #[error(
        "event type is not dotted lower-case words such as `order.placed`, \
         at most {MAX_EVENT_NAME_BYTES} bytes, the last not `v` and digits"
    )]
    EventName,
    /// The text ends in no `.v<major>`.
    #[error("type carries no major version: write it as `order.placed.v1`")]
    NoMajor,
    /// A major is 1 or more, a minor 0 or more; both without sign or leading zero, below 2^32.
    #[error("version number is not a plain decimal number (a major starts at 1)")]
    Number,
    /// The URI is not `urn:contract:<event type>/<major>.<minor>`.
    #[error("contract URI is not of the form `urn:contract:order.placed/1.3`")]
    Uri,
}

/// Whether `name` names an event type: words of `[a-z][a-z0-9_-]*` joined by dots, at most
/// [`MAX_EVENT_NAME_BYTES`] bytes, the last word not `v` and digits (it would read as a version).
///
/// It is `const`, so that a derive can refuse a bad name when it compiles.
///
/// ```
/// use choreograph_contracts::is_event_name;
///
/// const _: () = assert!(is_event_name("order.placed"));
/// assert!(!is_event_name("Order Placed"));
/// assert!(!is_event_name("order.v1"));
/// ```
pub const fn is_event_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    if bytes.len() > MAX_EVENT_NAME_BYTES {
        return false;
    }
    let mut at = 0;
    let mut word_start = 0;
    while at < bytes.len() {
        let ok = match bytes[at] {
            b'a'..=b'z' => true,
            b'0'..=b'9' | b'_' | b'-' => at > word_start,
            b'.' if at > word_start => {
                word_start = at + 1;
                true
            }
            _ => false,
        };
        if !ok {
            return false;
        }
        at += 1;
    }
    word_start < bytes.len() && !is_version_word(bytes, word_start)
}

/// Whether `bytes[start..]` is `v` and at least one digit.
const fn is_version_word(bytes: &[u8], start: usize) -> bool {
    let mut at = start + 1;
    if bytes[start] != b'v' || at == bytes.len() {
        return false;
    }
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            return false;
        }
        at += 1;
    }
    true
}

/// An event type in one major version: what `ce_type` says, `order.placed.v1`.
///
/// ```
/// use choreograph_contracts::EventVersion;
///
/// let version = EventVersion::parse("order.placed.v1")?;
/// assert_eq!((version.name(), version.major()), ("order.placed", 1));
/// assert_eq!(version.to_string(), "order.placed.v1");
/// # Ok::<(), choreograph_contracts::NameError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventVersion<'a> {
    name: &'a str,
    major: u32,
}

impl<'a> EventVersion<'a> {
    /// A version from its parts.
    ///
    /// # Errors
    ///
    /// [`NameError::EventName`] or, for major 0, [`NameError::Number`].
    pub const fn new(name: &'a str, major: u32) -> Result<Self, NameError> {
        if !is_event_name(name) {
            Err(NameError::EventName)
        } else if major == 0 {
            Err(NameError::Number)
        } else {
            Ok(Self { name, major })
        }
    }

    /// Reads the value of the header `ce_type`.
    ///
    /// # Errors
    ///
    /// [`NameError`] says which part is wrong; the text itself is not repeated.
    pub fn parse(ce_type: &'a str) -> Result<Self, NameError> {
        let (name, major) = ce_type.rsplit_once(".v").ok_or(NameError::NoMajor)?;
        Self::new(name, number(major)?)
    }

    /// The event type without its version: `order.placed`.
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// The major version, 1 or more.
    pub const fn major(&self) -> u32 {
        self.major
    }
}

/// Prints the value of the header `ce_type`.
impl fmt::Display for EventVersion<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.v{}", self.name, self.major)
    }
}

/// One version of one contract. As text it is a URI: the root `$id` of the schema and the value of `ce_dataschema`.
///
/// ```
/// use choreograph_contracts::ContractId;
///
/// let id = ContractId::parse("urn:contract:order.placed/1.3")?;
/// assert_eq!((id.name(), id.major(), id.minor()), ("order.placed", 1, 3));
/// assert_eq!(id.to_string(), "urn:contract:order.placed/1.3");
/// assert_eq!(id.relative_path(), std::path::Path::new("order.placed/1.3.json"));
/// # Ok::<(), choreograph_contracts::NameError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContractId<'a> {
    version: EventVersion<'a>,
    minor: u32,
}

impl<'a> ContractId<'a> {
    /// A contract's name from its parts.
    ///
    /// # Errors
    ///
    /// As [`EventVersion::new`].
    pub const fn new(name: &'a str, major: u32, minor: u32) -> Result<Self, NameError> {
        match EventVersion::new(name, major) {
            Ok(version) => Ok(Self { version, minor }),
            Err(error) => Err(error),
        }
    }

    /// Reads a contract's URI.
    ///
    /// # Errors
    ///
    /// [`NameError`] says which part is wrong; the text itself is not repeated.
    pub fn parse(uri: &'a str) -> Result<Self, NameError> {
        let rest = uri.strip_prefix(CONTRACT_URI_PREFIX).ok_or(NameError::Uri)?;
        let (name, version) = rest.split_once('/').ok_or(NameError::Uri)?;
        let (major, minor) = version.split_once('.').ok_or(NameError::Uri)?;
        Self::new(name, number(major)?, number(minor)?)
    }

    /// The event type and major that this contract describes.
    pub const fn event_version(&self) -> EventVersion<'a> {
        self.version
    }

    /// The event type: `order.placed`.
    pub const fn name(&self) -> &'a str {
        self.version.name
    }

    /// The major version, 1 or more.
    pub const fn major(&self) -> u32 {
        self.version.major
    }

    /// The minor version, 0 or more.
    pub const fn minor(&self) -> u32 {
        self.minor
    }

    /// Where the contract's file stands below the folder `schemas/`: `order.placed/1.3.json`.
    pub fn relative_path(&self) -> PathBuf {
        PathBuf::from(self.name()).join(format!("{}.{}.json", self.major(), self.minor))
    }
}

/// Prints the contract's URI.
impl fmt::Display for ContractId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{CONTRACT_URI_PREFIX}{}/{}.{}", self.name(), self.major(), self.minor)
    }
}

/// Reads a decimal number in its one spelling.
pub(crate) fn number(text: &str) -> Result<u32, NameError> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || (text.len() > 1 && text.starts_with('0')) {
        return Err(NameError::Number);
    }
    text.parse().map_err(|_| NameError::Number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_follow_the_grammar() {
        for good in ["a", "order.placed", "order-line.re_stocked.x9", "v.x", "order.vat"] {
            assert!(is_event_name(good), "{good}");
        }
        let long = "a".repeat(MAX_EVENT_NAME_BYTES + 1);
        let bad =
            ["", ".", "a.", ".a", "a..b", "A", "1a", "-a", "a b", "a/b", "../a", "ä", "v1", "a.v12", &long];
        for bad in bad {
            assert!(!is_event_name(bad), "{bad}");
        }
        assert!(is_event_name(&long[1..]));
    }

    #[test]
    fn refuses_every_second_spelling() {
        for bad in
            ["order.placed", "order.placed.v", "order.placed.v0", "order.placed.v01", "order.placed.v+1"]
        {
            assert!(EventVersion::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(EventVersion::parse("order.placed.v4294967296"), Err(NameError::Number));
        assert_eq!(EventVersion::parse("order.v1.v2"), Err(NameError::EventName));
        for bad in [
            "order.placed/1.3",
            "urn:contract:order.placed/1",
            "urn:contract:order.placed/1.03",
            "urn:contract:order.placed/0.1",
            "urn:contract:order.placed/1.3/",
            "urn:contract:../1.3",
            "URN:contract:order.placed/1.3",
        ] {
            assert!(ContractId::parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_prints_parses_again(
            name in "[a-z][a-z0-9_-]{0,8}(\\.[a-z][a-z0-9_-]{0,8}){0,3}", major in 1u32.., minor: u32
        ) {
            prop_assume!(is_event_name(&name));
            let id = ContractId::new(&name, major, minor).expect("checked above");
            let uri = id.to_string();
            prop_assert_eq!(ContractId::parse(&uri), Ok(id));
            let version = id.event_version();
            let ce_type = version.to_string();
            prop_assert_eq!(EventVersion::parse(&ce_type), Ok(version));
        }

        #[test]
        fn what_parses_prints_the_same(text in "(urn:contract:)?[a-z.v/0-9]{0,24}") {
            if let Ok(id) = ContractId::parse(&text) {
                prop_assert_eq!(id.to_string(), text);
            } else if let Ok(version) = EventVersion::parse(&text) {
                prop_assert_eq!(version.to_string(), text);
            }
        }
    }
}
