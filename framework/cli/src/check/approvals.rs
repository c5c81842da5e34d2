//! Exceptions that a team has agreed on: the committed file `approvals.toml` beside the contracts.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::Path;

use serde::Deserialize;
use time::{Date, Month};

use crate::input::read_regular;
use crate::report::{Finding, Place, Severity};
use crate::rules::files;
use crate::{Failure, MAX_APPROVALS_BYTES, Problem};

/// The file's name.
pub(super) const FILE: &str = "approvals.toml";

/// What a file of approvals says.
#[derive(Debug, Default)]
pub(super) struct Approvals {
    file: String,
    list: Vec<Approval>,
}

/// One exception.
#[derive(Debug)]
struct Approval {
    fingerprint: String,
    reason: String,
    expires: Date,
    line: u32,
}

/// The form of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    approval: Vec<toml::Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    fingerprint: String,
    reason: String,
    expires: toml::value::Datetime,
}

/// Reads the approvals that lie in `root`; none is no error.
///
/// # Errors
///
/// What is wrong with the file, with its line.
pub(super) fn read(root: &Path) -> Result<Approvals, Failure> {
    let path = root.join(FILE);
    if path.symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        return Ok(Approvals::default());
    }
    let name = path.display().to_string();
    let bytes = read_regular(&path, MAX_APPROVALS_BYTES).map_err(Failure::input)?;
    parse(&name, &bytes).map_err(|problem| {
        Failure::input(problem).help(
            "an approval is `[[approval]]` with `fingerprint = \"…\"`, `reason = \"…\"` and `expires = 2030-12-31`",
        )
    })
}

fn parse(name: &str, bytes: &[u8]) -> Result<Approvals, Problem> {
    let problem = |at: usize, text: String| Problem {
        file: Some(name.to_owned()),
        line: Some(line_at(bytes, at)),
        text,
    };
    let text = std::str::from_utf8(bytes)
        .map_err(|error| problem(error.valid_up_to(), "not UTF-8: save the file as UTF-8".to_owned()))?;
    let file: File = toml::from_str(text)
        .map_err(|error| problem(error.span().map_or(0, |span| span.start), error.message().to_owned()))?;
    let mut list = Vec::new();
    for entry in file.approval {
        let at = entry.span().start;
        let Entry { fingerprint, reason, expires } = entry.into_inner();
        if reason.trim().is_empty() {
            return Err(problem(at, "the approval has no reason".to_owned()));
        }
        let expires = date(&expires).ok_or_else(|| problem(at, format!("`{expires}` is no date")))?;
        list.push(Approval { fingerprint, reason, expires, line: line_at(bytes, at) });
    }
    Ok(Approvals { file: name.to_owned(), list })
}

fn date(datetime: &toml::value::Datetime) -> Option<Date> {
    let date = datetime.date?;
    Date::from_calendar_date(i32::from(date.year), Month::try_from(date.month).ok()?, date.day).ok()
}

fn line_at(bytes: &[u8], at: usize) -> u32 {
    1 + bytes.iter().take(at).filter(|byte| **byte == b'\n').count() as u32
}

impl Approvals {
    /// Turns approved findings into notes, and says which approvals are past their date or approve nothing.
    ///
    /// Without a past, `complete` is false: what an approval is about may not have been looked for.
    pub(super) fn apply(&self, findings: &mut [Finding], today: Date, complete: bool) -> Vec<Finding> {
        let mut by_name: HashMap<String, Vec<&mut Finding>> = HashMap::new();
        for finding in findings.iter_mut().filter(|finding| finding.severity == Severity::Error) {
            if let Some(name) = finding.fingerprint.clone() {
                by_name.entry(name).or_default().push(finding);
            }
        }
        let judged = self.list.iter().filter_map(|approval| {
            let Some(found) = by_name.get_mut(&approval.fingerprint) else {
                return complete.then(|| self.unused(approval));
            };
            if approval.expires < today {
                return Some(self.expired(approval));
            }
            for finding in found {
                finding.severity = Severity::Note;
                finding.approved = Some(format!("{} (until {})", approval.reason, approval.expires));
            }
            None
        });
        judged.collect()
    }

    fn unused(&self, approval: &Approval) -> Finding {
        let message = format!("the approval of {} approves nothing that was found", approval.fingerprint);
        Finding::new(files::APPROVAL_UNUSED, Severity::Warning, message)
            .at(self.place(approval))
            .help("delete it")
    }

    fn expired(&self, approval: &Approval) -> Finding {
        let (name, day) = (&approval.fingerprint, approval.expires);
        let message = format!("the approval of {name} ended on {day}, and what it approved is still there");
        Finding::error(files::APPROVAL_EXPIRED, message).at(self.place(approval))
    }

    fn place(&self, approval: &Approval) -> Place {
        Place { line: Some(approval.line), ..Place::file(self.file.clone()) }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::parse;
    use crate::report::{Finding, Severity};

    fn found() -> Vec<Finding> {
        let mut finding = Finding::error("CONTRACT_DELETED", "gone");
        finding.fingerprint = Some("00ff".into());
        vec![finding]
    }

    const FILE: &str =
        "# agreed\n[[approval]]\nfingerprint = \"00ff\"\nreason = \"never read\"\nexpires = 2030-06-30\n";

    #[test]
    fn approves_until_its_date_and_no_longer() {
        let approvals = parse("a.toml", FILE.as_bytes()).unwrap();
        let mut findings = found();
        assert!(approvals.apply(&mut findings, date!(2030 - 06 - 30), true).is_empty());
        assert_eq!(findings[0].severity, Severity::Note);
        assert_eq!(findings[0].approved.as_deref(), Some("never read (until 2030-06-30)"));

        let mut findings = found();
        let more = approvals.apply(&mut findings, date!(2030 - 07 - 01), true);
        assert_eq!(findings[0].severity, Severity::Error);
        assert_eq!((more[0].rule.as_str(), more[0].severity), ("APPROVAL_EXPIRED", Severity::Error));
        assert_eq!(more[0].places[0].address(), "a.toml:2");
    }

    #[test]
    fn one_that_approves_nothing_is_warned_of() {
        let approvals = parse("a.toml", FILE.as_bytes()).unwrap();
        let more = approvals.apply(&mut [], date!(2030 - 07 - 01), true);
        assert_eq!((more[0].rule.as_str(), more[0].severity), ("APPROVAL_UNUSED", Severity::Warning));
        assert!(approvals.apply(&mut [], date!(2030 - 07 - 01), false).is_empty());
    }

    #[test]
    fn mistakes_have_their_line() {
        for (text, line) in [
            ("[[approval]]\nfingerprint = \"a\"\n", 1),
            ("x = 1", 1),
            ("\n\n[[approval", 3),
            ("[[approval]]\nfingerprint = \"a\"\nreason = \" \"\nexpires = 2030-01-01", 1),
            ("[[approval]]\nfingerprint = \"a\"\nreason = \"b\"\nexpires = 12:00:00", 1),
            ("[[approval]]\nfingerprint = \"a\"\nreason = \"b\"\nexpires = \"soon\"", 4),
        ] {
            let problem = parse("a.toml", text.as_bytes()).unwrap_err();
            assert_eq!(problem.line, Some(line), "{text}: {problem}");
        }
        assert_eq!(parse("a.toml", b"\n\xff").unwrap_err().line, Some(2));
    }
}
