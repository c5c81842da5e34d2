//! Exceptions that a team has agreed on: the committed file `approvals.toml` beside the contracts.

use std::collections::{HashMap, HashSet};
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

/// How much was looked at of what an approval may be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looked {
    /// Some of it.
    Part,
    /// The files and their past, and no service.
    Files,
    /// All of it.
    All,
}

/// The errors that have a fingerprint, by it.
fn by_name(findings: &mut [Finding]) -> HashMap<String, Vec<&mut Finding>> {
    let mut by_name: HashMap<String, Vec<&mut Finding>> = HashMap::new();
    for finding in findings.iter_mut().filter(|finding| finding.severity == Severity::Error) {
        if let Some(name) = finding.fingerprint.clone() {
            by_name.entry(name).or_default().push(finding);
        }
    }
    by_name
}

impl Approvals {
    /// Whether one of them is about nothing in `findings`.
    pub(super) fn reach_beyond(&self, findings: &[Finding]) -> bool {
        let found: HashSet<&str> = findings.iter().filter_map(|it| it.fingerprint.as_deref()).collect();
        self.list.iter().any(|approval| !found.contains(approval.fingerprint.as_str()))
    }

    /// Turns approved findings into notes, and adds what is wrong with approvals. One that is past its date is an error, whatever
    /// it approved; one that is about nothing is warned of where `looked` says that all was looked at.
    ///
    /// Of `standing`, which are findings about what was merged before, those are added whose approval is past its date.
    pub(super) fn apply(
        &self,
        findings: &mut Vec<Finding>,
        standing: Vec<Finding>,
        today: Date,
        looked: Looked,
    ) {
        let mut judged = Vec::new();
        let mut over = HashSet::new();
        {
            let mut by_name = by_name(findings);
            let standing: HashSet<&str> =
                standing.iter().filter_map(|finding| finding.fingerprint.as_deref()).collect();
            for approval in &self.list {
                let name = approval.fingerprint.as_str();
                let found = by_name.get_mut(name);
                let is_found = found.is_some() || standing.contains(name);
                if approval.expires < today {
                    if found.is_none() {
                        over.insert(name);
                    }
                    judged.push(self.expired(approval, is_found));
                } else if let Some(found) = found {
                    for finding in found {
                        finding.severity = Severity::Note;
                        finding.approved = Some(format!("{} (until {})", approval.reason, approval.expires));
                    }
                } else if !is_found && looked != Looked::Part {
                    judged.push(self.unused(approval, looked));
                }
            }
        }
        let is_over = |finding: &Finding| finding.fingerprint.as_deref().is_some_and(|it| over.contains(it));
        findings.extend(standing.into_iter().filter(is_over));
        findings.extend(judged);
    }

    fn unused(&self, approval: &Approval, looked: Looked) -> Finding {
        let message = format!("the approval of {} approves nothing that was found", approval.fingerprint);
        let help = match looked {
            Looked::Files => {
                "delete it, unless it is about what services emit or read: with `--manifests` that is looked at too"
            }
            Looked::Part | Looked::All => "delete it",
        };
        Finding::new(files::APPROVAL_UNUSED, Severity::Warning, message).at(self.place(approval)).help(help)
    }

    fn expired(&self, approval: &Approval, is_found: bool) -> Finding {
        let (name, day) = (&approval.fingerprint, approval.expires);
        let (and, help) = if is_found {
            (", and what it approved is still there", "mend what it approved, or agree on another day")
        } else {
            ("", "delete it, if what it approved is gone; otherwise agree on another day")
        };
        let message = format!("the approval of {name} ended on {day}{and}");
        Finding::error(files::APPROVAL_EXPIRED, message).at(self.place(approval)).help(help)
    }

    fn place(&self, approval: &Approval) -> Place {
        Place { line: Some(approval.line), ..Place::file(self.file.clone()) }
    }
}

#[cfg(test)]
mod tests {
    use time::Date;
    use time::macros::date;

    use super::{Looked, parse};
    use crate::report::{Finding, Severity};

    fn found() -> Vec<Finding> {
        let mut finding = Finding::error("CONTRACT_DELETED", "gone");
        finding.fingerprint = Some("00ff".into());
        vec![finding]
    }

    const FILE: &str =
        "# agreed\n[[approval]]\nfingerprint = \"00ff\"\nreason = \"never read\"\nexpires = 2030-06-30\n";

    /// What is found after the approval was applied on a day.
    fn applied(found: Vec<Finding>, standing: Vec<Finding>, today: Date, looked: Looked) -> Vec<Finding> {
        let approvals = parse("a.toml", FILE.as_bytes()).unwrap();
        let mut findings = found;
        approvals.apply(&mut findings, standing, today, looked);
        findings
    }

    fn told(findings: &[Finding]) -> Vec<(&str, Severity)> {
        findings.iter().map(|finding| (finding.rule.as_str(), finding.severity)).collect()
    }

    const LAST: Date = date!(2030 - 06 - 30);
    const LATER: Date = date!(2030 - 07 - 01);
    const GONE: (&str, Severity) = ("CONTRACT_DELETED", Severity::Error);
    const EXPIRED: (&str, Severity) = ("APPROVAL_EXPIRED", Severity::Error);

    #[test]
    fn approves_until_its_date_and_no_longer() {
        let findings = applied(found(), Vec::new(), LAST, Looked::All);
        assert_eq!(told(&findings), [("CONTRACT_DELETED", Severity::Note)]);
        assert_eq!(findings[0].approved.as_deref(), Some("never read (until 2030-06-30)"));

        let findings = applied(found(), Vec::new(), LATER, Looked::All);
        assert_eq!(told(&findings), [GONE, EXPIRED]);
        assert_eq!(findings[1].places[0].address(), "a.toml:2");
    }

    #[test]
    fn what_was_merged_is_told_once_its_approval_is_over() {
        assert_eq!(told(&applied(Vec::new(), found(), LAST, Looked::All)), []);
        assert_eq!(told(&applied(Vec::new(), found(), LATER, Looked::All)), [GONE, EXPIRED]);
    }

    #[test]
    fn one_that_approves_nothing_is_warned_of_and_ends_all_the_same() {
        let unused = [("APPROVAL_UNUSED", Severity::Warning)];
        for (looked, expected) in [(Looked::All, &unused[..]), (Looked::Files, &unused), (Looked::Part, &[])]
        {
            assert_eq!(told(&applied(Vec::new(), Vec::new(), LAST, looked)), expected);
            assert_eq!(told(&applied(Vec::new(), Vec::new(), LATER, looked)), [EXPIRED]);
        }
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
