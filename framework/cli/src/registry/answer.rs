//! What a registry answers.

use serde::Deserialize;

/// A schema as a registry has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Stored {
    /// The subject; unknown when asked for by number.
    pub subject: Option<String>,
    /// The subject's version.
    pub version: Option<u32>,
    /// The number of the schema, the same under every subject.
    pub id: Option<u32>,
    /// The GUID of the schema.
    pub guid: Option<String>,
    /// What kind it is; none means Avro.
    #[serde(rename = "schemaType")]
    pub schema_type: Option<String>,
    /// Its text.
    pub schema: String,
}

/// The answer to a compatibility check.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Compatibility {
    pub(super) is_compatible: bool,
    #[serde(default)]
    pub(super) messages: Vec<String>,
}

/// The number of a registered schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) struct Registered {
    pub(super) id: u32,
}

/// Why a registry refuses.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ErrorBody {
    /// Its number: the HTTP status and two digits more. What stands before a registry leaves it out: 0.
    #[serde(default)]
    pub error_code: u32,
    /// What it says about it.
    #[serde(default)]
    pub message: String,
}

/// What an error code means, and what to do, as a sentence.
pub(super) fn sentence(code: u32) -> &'static str {
    match code {
        400 => "it cannot read what it is asked: is the URL that of the API?",
        401 | 40101 => {
            "it does not know who asks: set the user and the password, the token or the certificate"
        }
        403 | 40301 => "who asks may not do this: ask whoever runs the registry for the right",
        404 => "it has nothing under this address: is the URL that of the API?",
        40401 => "it has no such subject",
        40402 => "the subject has no such version",
        40403 => "it has no such schema",
        40404 => "the subject was deleted (softly) before",
        40405 => "the subject is not deleted softly, and must be before it can be deleted for good",
        40406 => "the version was deleted (softly) before",
        40407 => "the version is not deleted softly, and must be before it can be deleted for good",
        40408 => "the subject has no compatibility level of its own",
        40409 => "the subject has no mode of its own",
        405 => "it does not allow this here: is the URL that of the API?",
        409 | 40901 => "the schema is incompatible with what the subject has",
        415 => "it does not take JSON here: is the URL that of the API?",
        422 | 42201 => "the schema is invalid to it: does it know JSON Schema 2020-12?",
        42202 => "the number of the version is invalid",
        42203 => "the compatibility level is invalid",
        42204 => "the mode is invalid",
        42205 => "the subject is read-only: ask whoever runs the registry",
        42206 => "others refer to this schema: delete them first",
        42207 => "it has another number for this schema",
        42208 => "the subject's name is invalid to it",
        42209 => "the schema is too large for it: ask whoever runs the registry for the bound",
        42210 => "the rules beside the schema are invalid to it",
        42211 => "the context is not empty: delete what is in it first",
        429 | 42901 => "it is asked too often: wait, and try again",
        50001 => "it failed in its store: try again, and look at its log",
        50002 => "its store took too long: try again",
        50003 => "it could not forward the request to its leader: try again",
        50004 => "it has no leader: try again",
        50005 => "it could not write its store: try again, and look at its log",
        502..=504 => "it is not ready, or what stands before it cannot reach it: try again",
        // A number of its own below a status that is known.
        1_000.. => sentence(code / 100),
        500..=599 => "it failed: try again, and look at its log",
        _ => "it refuses",
    }
}

/// The code that belongs to an HTTP status for which the body says no better.
pub(super) fn of_status(status: u16) -> ErrorBody {
    ErrorBody { error_code: u32::from(status), message: String::new() }
}

#[cfg(test)]
mod tests {
    use super::sentence;

    #[test]
    fn every_code_of_the_interface_has_its_sentence() {
        for code in [40401, 40402, 40403, 40901, 42201, 42202, 50001, 50002, 50003] {
            assert_ne!(sentence(code), "it refuses", "{code}");
        }
        assert_eq!(sentence(40_399), sentence(403));
        assert_eq!(sentence(u32::MAX), "it refuses");
    }
}
