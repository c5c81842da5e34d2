//! A contract made ready to check events.

use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;

use jsonschema::error::ValidationErrorKind;
use jsonschema::paths::LocationSegment;
use jsonschema::{Draft, PatternOptions, Retrieve, Uri, ValidationError, Validator};
use serde::de::DeserializeSeed;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{CheckError, DecodeError, EncodeError, Violation, Violations, shorten};
use crate::program::{self, BufferedPlace, Program};
use crate::schema::{self, CompileError};
use crate::tape::{self, Cursor, Document, TapeJson};
use crate::{MAX_REPORTED_ENTRIES, Tape, typed};

/// A compiled contract: JSON Schema 2020-12, formats asserted, nothing fetched.
///
/// It is `Send + Sync`; compile once and share it. Each thread that checks brings its own [`Tape`].
///
/// ```
/// use choreograph_contracts::{CheckError, Contract, Tape};
/// use serde_json::json;
///
/// let contract = Contract::compile(&json!({
///     "type": "object",
///     "properties": { "order_id": { "type": "string", "format": "uuid" } },
///     "required": ["order_id"],
/// }))?;
/// let mut tape = Tape::new();
/// contract.check(&mut tape, br#"{"order_id":"0197a8d0-5c5f-7c1f-8a3e-3f0c2f6d9a10"}"#)?;
///
/// let Err(CheckError::Violations(violations)) = contract.check(&mut tape, br#"{"order_id":7}"#) else {
///     panic!("a number is no text");
/// };
/// assert_eq!(violations.to_string(), "`type` at /order_id");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Contract {
    validator: Validator<TapeJson>,
    /// What one pass can check, if there is any point in it.
    pub(crate) program: Option<Program>,
    buffered: Vec<BufferedPlace>,
    /// Every name in any `properties` or `required`: those that a report may show.
    declared: HashSet<Box<str>>,
}

impl Contract {
    /// Compiles a schema. It may refer to itself only.
    ///
    /// # Errors
    ///
    /// [`CompileError`], if the schema goes beyond a limit, refers to another document, or is no schema that
    /// can be asserted as a whole.
    pub fn compile(schema: &Value) -> Result<Self, CompileError> {
        schema::examine(schema)?;
        let validator = validator(schema).map_err(|error| CompileError::Schema {
            at: error.instance_path().to_string(),
            problem: error.to_string(),
        })?;
        let (program, buffered) = program::compile(schema, &validator_of_part);
        Ok(Self { validator, program, buffered, declared: schema::declared_names(schema) })
    }

    /// The places that [`decode`](Self::decode) and [`encode`](Self::encode) check as a whole, on their bytes, and
    /// why: events that hold something there cost more. One place that is empty is the whole contract.
    pub fn buffered(&self) -> &[BufferedPlace] {
        &self.buffered
    }

    /// Checks one event against the contract. Allocates nothing once `tape` has grown to the events' size
    /// (recursive contracts and `uniqueItems` over 16 elements excepted).
    ///
    /// The bytes must be one JSON document. Numbers have the values that `serde_json` gives them. A name that an
    /// object holds twice is refused: `serde_json` takes the last, a struct none, other readers the first.
    ///
    /// # Errors
    ///
    /// [`CheckError::Undecodable`] if the bytes cannot be read, [`CheckError::Violations`] if what they say
    /// breaks the contract. Neither repeats a value of the event.
    pub fn check(&self, tape: &mut Tape, bytes: &[u8]) -> Result<(), CheckError> {
        let document = tape::read(tape, bytes)
            .map_err(|refusal| CheckError::Undecodable { reason: refusal.reason, at: refusal.at })?;
        if self.validator.is_valid(Cursor::root(&document)) {
            Ok(())
        } else {
            Err(CheckError::Violations(self.report(&document)))
        }
    }

    /// Reads an event into its type and checks it, in one pass: each value is checked on its way to the type. The
    /// answer is that of [`check`](Self::check) and then `serde_json::from_slice`.
    ///
    /// Where the pass finds nothing, it allocates nothing but what `T` does. What it finds suspect is read again, as
    /// `check` does, so a type's `Deserialize` may run twice.
    ///
    /// # What an ignored field may hold
    ///
    /// A member that the contract leaves open and `T` ignores is read all the same, and held to what holds for every value: JSON
    /// within the bounds of depth, no name twice in one object, no number beyond `f64`, no half of a surrogate pair. What the
    /// contract says of a member holds whether `T` has a field for it or not. So an event is taken or refused by what it is, not
    /// by which fields its reader looks at.
    ///
    /// ```
    /// use choreograph_contracts::{Contract, DecodeError, Tape};
    /// use serde_json::json;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Line { sku: String, quantity: u32 }
    ///
    /// let contract = Contract::compile(&json!({
    ///     "type": "object",
    ///     "properties": { "sku": { "type": "string" }, "quantity": { "type": "integer", "minimum": 1 } },
    ///     "required": ["sku", "quantity"],
    /// }))?;
    /// let mut tape = Tape::new();
    /// let line: Line = contract.decode(&mut tape, br#"{"sku":"a","quantity":2,"unknown":true}"#)?;
    /// assert_eq!((line.sku.as_str(), line.quantity), ("a", 2));
    ///
    /// let none = contract.decode::<Line>(&mut tape, br#"{"sku":"a","quantity":0}"#);
    /// assert!(matches!(none, Err(DecodeError::Check(_))), "it breaks the contract");
    /// let float = contract.decode::<Line>(&mut tape, br#"{"sku":"a","quantity":2.0}"#);
    /// assert!(matches!(float, Err(DecodeError::Unreadable(_))), "a whole number to JSON Schema, not to serde");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`DecodeError`]: it breaks its contract or is no JSON, or it keeps the contract and `T` refuses it.
    pub fn decode<'de, T: Deserialize<'de>>(
        &self,
        tape: &mut Tape,
        bytes: &'de [u8],
    ) -> Result<T, DecodeError> {
        self.decode_seed(tape, bytes, PhantomData)
    }

    /// [`decode`](Self::decode) into what a seed makes of the event. The seed may be used twice.
    ///
    /// # Errors
    ///
    /// As [`decode`](Self::decode).
    pub fn decode_seed<'de, S: DeserializeSeed<'de> + Clone>(
        &self,
        tape: &mut Tape,
        bytes: &'de [u8],
        seed: S,
    ) -> Result<S::Value, DecodeError> {
        if let Some(program) = &self.program
            && let Some(value) = typed::read(program, tape, bytes, seed.clone())
        {
            return Ok(value);
        }
        self.check(tape, bytes)?;
        typed::read_plain(bytes, seed).map_err(DecodeError::Unreadable)
    }

    /// What [`decode_seed`](Self::decode_seed) makes of an event whose contract nobody asserts.
    ///
    /// # Errors
    ///
    /// What `serde_json` says.
    pub fn decode_unchecked<'de, S: DeserializeSeed<'de> + Clone>(
        bytes: &'de [u8],
        seed: S,
    ) -> Result<S::Value, serde_json::Error> {
        match typed::read_alone(bytes, seed.clone()) {
            Some(value) => Ok(value),
            None => typed::read_plain(bytes, seed),
        }
    }

    /// Appends an event as JSON to `out` and checks it, in one pass. The bytes are those of `serde_json::to_vec`, the
    /// answer is that of [`check`](Self::check) on them.
    ///
    /// # Errors
    ///
    /// [`EncodeError`]: its serializer failed, or what it wrote breaks the contract. Then `out` is as it was.
    pub fn encode<T: Serialize + ?Sized>(
        &self,
        tape: &mut Tape,
        value: &T,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        let before = out.len();
        let result = match self.write(tape, value, out) {
            Ok(Kept::Yes) => Ok(()),
            Ok(Kept::Unknown) => {
                self.check(tape, out.get(before..).unwrap_or_default()).map_err(EncodeError::Check)
            }
            Err(error) => Err(EncodeError::Unwritable(error)),
        };
        if result.is_err() {
            out.truncate(before);
        }
        result
    }

    /// The first half of [`encode`](Self::encode), for who checks later: appends an event to `out`, and says whether
    /// it keeps the contract or [`check`](Self::check) has to tell.
    ///
    /// # Errors
    ///
    /// What the event's own serializer says. Then `out` may hold a part of the event.
    pub fn write<T: Serialize + ?Sized>(
        &self,
        tape: &mut Tape,
        value: &T,
        out: &mut Vec<u8>,
    ) -> Result<Kept, serde_json::Error> {
        let kept = if let Some(program) = &self.program {
            typed::write(program, tape, value, out)?
        } else {
            serde_json::to_writer(out, value)?;
            false
        };
        Ok(if kept { Kept::Yes } else { Kept::Unknown })
    }

    #[cold]
    fn report(&self, document: &Document<'_>) -> Violations {
        let root = Cursor::root(document);
        if document.len() > MAX_REPORTED_ENTRIES {
            let first = self.validator.validate(root).err();
            return Violations::collect(first.iter().map(|error| self.violation(error)), true);
        }
        Violations::collect(self.validator.iter_errors(root).map(|error| self.violation(&error)), false)
    }

    fn violation(&self, error: &ValidationError<'_>) -> Violation {
        let mut instance_path = String::new();
        for segment in error.instance_path().segments() {
            match segment {
                LocationSegment::Property(name) => push_segment(&mut instance_path, self.shown(&name)),
                LocationSegment::Index(index) => push_segment(&mut instance_path, &index.to_string()),
            }
        }
        if let ValidationErrorKind::Required { property: Value::String(missing) } = error.kind() {
            push_segment(&mut instance_path, missing);
        }
        Violation {
            instance_path: shorten(instance_path),
            schema_path: shorten(error.schema_path().to_string()),
            keyword: error.kind().keyword().to_owned(),
        }
    }

    /// A member's name, if the contract itself says it.
    fn shown<'n>(&self, name: &'n str) -> &'n str {
        if self.declared.contains(name) { name } else { "*" }
    }
}

/// What is known of an event that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Kept {
    /// It keeps its contract.
    Yes,
    /// [`Contract::check`] on its bytes will tell.
    Unknown,
}

impl fmt::Debug for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contract").finish_non_exhaustive()
    }
}

fn push_segment(path: &mut String, segment: &str) {
    path.push('/');
    for character in segment.chars() {
        match character {
            '~' => path.push_str("~0"),
            '/' => path.push_str("~1"),
            other => path.push(other),
        }
    }
}

fn validator(schema: &Value) -> Result<Validator<TapeJson>, ValidationError<'static>> {
    jsonschema::options_for::<TapeJson>()
        .with_draft(Draft::Draft202012)
        .with_retriever(Nothing)
        .with_pattern_options(PatternOptions::regex())
        .should_validate_formats(true)
        .build(schema)
}

fn validator_of_part(schema: &Value) -> Option<Validator<TapeJson>> {
    validator(schema).ok()
}

/// Fetches no document, from nowhere.
struct Nothing;

impl Retrieve for Nothing {
    fn retrieve(&self, _: &Uri<String>) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        Err("a contract may refer to itself only".into())
    }
}
