//! The schema registry whose ids go out with events.

use super::secret::Secret;
use super::source::Source;
use super::tls::{Names, Tls};

const URL: &str = "CHOREOGRAPH_REGISTRY_URL";
const USER: &str = "CHOREOGRAPH_REGISTRY_USER";
const PASSWORD: &str = "CHOREOGRAPH_REGISTRY_PASSWORD";
const PASSWORD_FILE: &str = "CHOREOGRAPH_REGISTRY_PASSWORD_FILE";
const TOKEN: &str = "CHOREOGRAPH_REGISTRY_TOKEN";
const TOKEN_FILE: &str = "CHOREOGRAPH_REGISTRY_TOKEN_FILE";

/// A schema registry that speaks Confluent's REST API, and how its subjects are named.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Registry {
    /// Its address, without a slash at its end.
    pub url: String,
    /// How subjects are named.
    pub subjects: Subjects,
    /// Who asks; `None` for nobody in particular.
    pub login: Option<Login>,
    /// Whom to trust, and the certificate of who asks, where the address begins with `https://`.
    pub tls: Tls,
}

/// Who asks a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// A name and its password.
    Basic {
        /// The name.
        user: String,
        /// The password.
        password: Secret,
    },
    /// A bearer token.
    Bearer(Secret),
}

/// How a subject is named; the record's name is the `title` of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subjects {
    /// `PaymentConfirmed`
    RecordName,
    /// `payments-PaymentConfirmed`, with the topic's name without a namespace.
    TopicRecordName,
}

impl Registry {
    pub(super) fn read(source: &mut Source) -> Option<Self> {
        let subjects = source.parsed("CHOREOGRAPH_REGISTRY_SUBJECTS", Subjects::parse);
        let login = Login::read(source);
        let names = Names {
            authorities: "CHOREOGRAPH_REGISTRY_CA_FILE",
            certificate: "CHOREOGRAPH_REGISTRY_CERTIFICATE_FILE",
            key: "CHOREOGRAPH_REGISTRY_KEY_FILE",
        };
        let tls = Tls::read(source, &names);
        let url = source.take(URL)?;
        if !is_address(&url) {
            // The value is not shown, for it may hold a password.
            source.problem(
                URL,
                "its value cannot be used",
                format!(
                    "legal: http:// or https:// with host and port, as http://localhost:8081; a name and a password \
                     go into {USER} and {PASSWORD_FILE}"
                ),
            );
            return None;
        }
        let url = url.trim_end_matches('/').to_owned();
        Some(Self { url, subjects: subjects.unwrap_or(Subjects::RecordName), login, tls })
    }
}

/// Whether `url` is an address of HTTP with nobody's name in it.
fn is_address(url: &str) -> bool {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    rest.is_some_and(|rest| {
        let host = rest.split('/').next().unwrap_or_default();
        let plain = rest.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#\"<>\\^`{|}".contains(&byte));
        plain && !host.is_empty() && !host.starts_with(':') && !host.contains('@')
    })
}

impl Login {
    fn read(source: &mut Source) -> Option<Self> {
        let user = source.take(USER);
        let password = source.secret(PASSWORD, PASSWORD_FILE);
        let token = source.secret(TOKEN, TOKEN_FILE);
        let legal = format!("legal: {USER} with {PASSWORD_FILE}, or {TOKEN_FILE} alone, or none of them");
        match (user, password, token) {
            (None, None, None) => None,
            (Some(user), Some(password), None) if !user.contains(':') => Some(Self::Basic { user, password }),
            (None, None, Some(token)) if is_token(token.expose()) => Some(Self::Bearer(token)),
            (Some(_), Some(_), None) => {
                source.problem(
                    USER,
                    "there is a colon in it, which no server could tell from its end",
                    legal,
                );
                None
            }
            (None, None, Some(_)) => {
                source.problem(TOKEN, "it is no token: it is empty, or there are blanks in it", legal);
                None
            }
            (_, _, Some(_)) => {
                source.problem(TOKEN, "a name or a password is set too", legal);
                None
            }
            (Some(_), None, None) => {
                source.problem(PASSWORD, "it is not set, or not readable", legal);
                None
            }
            (None, Some(_), None) => {
                source.problem(USER, "it is not set", legal);
                None
            }
        }
    }
}

/// Whether a text can stand in a header as it is.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

impl Subjects {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "record-name" => Ok(Self::RecordName),
            "topic-record-name" => Ok(Self::TopicRecordName),
            _ => Err("legal: record-name, topic-record-name".to_owned()),
        }
    }
}
