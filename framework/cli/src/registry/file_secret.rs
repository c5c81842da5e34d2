//! Secrets, which come from the environment or from files and are never printed.

use std::fmt;
use std::path::Path;

use super::segment;
use crate::Failure;
use crate::input::read_bytes;

/// The largest file with a secret or a certificate, in bytes.
const MAX_SECRET_BYTES: usize = 1024 * 1024;

/// A text that no message, no log and no `Debug` shows.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    pub(super) fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself: for the wire alone.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// `text` without the secret, should somebody have repeated it: as it is, as a JSON string has it, or as a URL has it.
    pub(super) fn hide_in(&self, text: &str) -> String {
        if self.0.is_empty() {
            return text.to_owned();
        }
        let json = serde_json::Value::from(self.0.as_str()).to_string();
        let forms = [&self.0, json.trim_matches('"'), &segment(&self.0)];
        forms.into_iter().fold(text.to_owned(), |text, form| text.replace(form, "…"))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The value of a variable of the environment, if it is set and not empty.
pub(crate) fn variable(name: &str) -> Result<Option<String>, Failure> {
    match std::env::var(name) {
        Ok(value) if value.is_empty() => Ok(None),
        Ok(value) => Ok(Some(value)),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => Err(Failure::usage(format!("{name} is not UTF-8"))),
    }
}

/// A secret from `NAME`, or from the file that `NAME_FILE` names.
pub(crate) fn secret(name: &str) -> Result<Option<Secret>, Failure> {
    let from_file = format!("{name}_FILE");
    match (variable(name)?, variable(&from_file)?) {
        (Some(_), Some(_)) => {
            Err(Failure::usage(format!("{name} and {from_file} are both set: set one of them")))
        }
        (Some(value), None) => Ok(Some(Secret::new(value))),
        (None, Some(path)) => {
            let bytes = file(&from_file, &path)?;
            let text = String::from_utf8(bytes)
                .map_err(|_| Failure::usage(format!("the file that {from_file} names is not UTF-8")))?;
            let text = text.trim_end_matches(['\r', '\n']);
            if text.trim().is_empty() {
                return Err(Failure::usage(format!("the file that {from_file} names is empty"))
                    .help(format!("write the secret into it, or unset {from_file}")));
            }
            Ok(Some(Secret::new(text.to_owned())))
        }
        (None, None) => Ok(None),
    }
}

/// The bytes of the file that a variable names.
pub(super) fn file(variable: &str, path: &str) -> Result<Vec<u8>, Failure> {
    read_bytes(Path::new(path), MAX_SECRET_BYTES)
        .map_err(|problem| Failure::usage(format!("{variable}: {problem}")))
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn nothing_shows_it() {
        let secret = Secret::new("hunter2".into());
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(secret.hide_in("bad password hunter2"), "bad password …");
        let secret = Secret::new("a\"b c".into());
        assert_eq!(secret.hide_in(r#"{"password":"a\"b c"} a%22b%20c"#), r#"{"password":"…"} …"#);
    }
}
