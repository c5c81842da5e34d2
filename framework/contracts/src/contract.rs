//! A contract made ready to check events.

use std::collections::HashSet;
use std::fmt;

use jsonschema::error::ValidationErrorKind;
use jsonschema::paths::LocationSegment;
use jsonschema::{Draft, PatternOptions, Retrieve, Uri, ValidationError, Validator};
use serde_json::Value;

use crate::error::{CheckError, Violation, Violations, shorten};
use crate::schema::{self, CompileError};
use crate::tape::{self, Cursor, Document, TapeJson};
use crate::{MAX_REPORTED_ENTRIES, Tape};

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
        let validator = jsonschema::options_for::<TapeJson>()
            .with_draft(Draft::Draft202012)
            .with_retriever(Nothing)
            .with_pattern_options(PatternOptions::regex())
            .should_validate_formats(true)
            .build(schema)
            .map_err(|error| CompileError::Schema {
                at: error.instance_path().to_string(),
                problem: error.to_string(),
            })?;
        Ok(Self { validator, declared: schema::declared_names(schema) })
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

/// Fetches no document, from nowhere.
struct Nothing;

impl Retrieve for Nothing {
    fn retrieve(&self, _: &Uri<String>) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        Err("a contract may refer to itself only".into())
    }
}
