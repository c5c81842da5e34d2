//! Annotations of a GitHub Actions job: one line each, on standard output
//! (<https://docs.github.com/actions/reference/workflow-commands-for-github-actions>).

use std::io::{self, Write};

use super::markdown::paragraph;
use crate::report::{Finding, Report, Severity};
use crate::{Failure, MAX_SHOWN_FINDINGS, MAX_SHOWN_PROBLEMS};

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for finding in report.findings.iter().take(MAX_SHOWN_FINDINGS) {
        annotation(finding, out)?;
    }
    let more = report.findings.len().saturating_sub(MAX_SHOWN_FINDINGS);
    if more > 0 {
        writeln!(out, "::warning::and {more} findings more; `--format json` prints them all")?;
    }
    let page = report.page.iter().flat_map(|page| page.lines());
    let lines = page.chain(report.summary.iter().map(String::as_str));
    lines.into_iter().try_for_each(|line| writeln!(out, "{}", plain(line)))
}

/// What kept the command from its answer, as annotations.
pub(super) fn failure(failure: &Failure, out: &mut dyn Write) -> io::Result<()> {
    for problem in failure.problems().iter().take(MAX_SHOWN_PROBLEMS) {
        let mut properties = Vec::new();
        if let Some(file) = &problem.file {
            properties.push(format!("file={}", property(file)));
            properties.extend(problem.line.map(|line| format!("line={line}")));
        }
        command("error", &properties, &super::told(problem, failure), out)?;
    }
    Ok(())
}

fn annotation(finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let mut properties = Vec::new();
    if let Some(place) = finding.places.first() {
        properties.push(format!("file={}", property(&place.file)));
        properties.extend(place.line.map(|line| format!("line={line}")));
    }
    properties.push(format!("title={}", property(&finding.rule)));
    command(level, &properties, &paragraph(finding), out)
}

fn command(level: &str, properties: &[String], message: &str, out: &mut dyn Write) -> io::Result<()> {
    let space = if properties.is_empty() { "" } else { " " };
    writeln!(out, "::{level}{space}{}::{}", properties.join(","), data(message))
}

/// A message, in which a percent sign and the end of a line mean something; and nothing means anything to a terminal that shows
/// the job's log.
fn data(text: &str) -> String {
    super::clean_lines(text).replace('%', "%25").replace('\n', "%0A")
}

/// A property's value, in which five do.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// A line that is no command.
fn plain(line: &str) -> String {
    super::no_command(&super::one_line(line))
}

#[cfg(test)]
mod tests {
    use crate::args::Format;
    use crate::format::sample;

    #[test]
    fn names_file_line_and_rule() {
        let text = sample::printed(&sample::report(), Format::Github);
        let start = "::error file=schemas/a b/1.1.json,line=12,title=TYPE_CHANGED::`total` was a number and is a text%0A";
        assert!(text.starts_with(start), "{text}");
    }

    #[test]
    fn nobody_else_speaks() {
        let text = sample::printed(&sample::hostile(), Format::Github);
        let commands: Vec<&str> = text.lines().filter(|line| line.trim_start().starts_with("::")).collect();
        assert_eq!(commands.len(), 1, "{text}");
        let (properties, _) = commands[0].trim_start_matches("::").split_once("::").unwrap();
        assert_eq!(properties.matches(',').count(), 2, "{properties}");
        assert!(properties.contains("%25"), "{properties}");
        let obeyed = |letter: char| letter.is_control() && letter != '\n';
        assert!(!text.contains(obeyed), "{text:?}");
    }
}
