//! `JUnit` XML, as CI systems read it: a test case for each finding, or one that passed. It keeps the schema that Jenkins' xUnit
//! plug-in asks for, but for the attribute `file` of a test case, by which GitLab leads to the file.

use std::io::{self, Write};

use super::markdown::paragraph;
use super::{one_line, shortened};
use crate::report::{Finding, Report, Severity};
use crate::{Exit, Failure, MAX_SHOWN_ERROR};

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let suite = xml(&format!("choreograph {}", report.command));
    let (cases, failures) = (report.findings.len().max(1), report.errors());
    head(&suite, &format!("tests=\"{cases}\" failures=\"{failures}\" errors=\"0\""), out)?;
    if report.findings.is_empty() {
        writeln!(out, "    <testcase classname=\"{suite}\" name=\"holds\"/>")?;
    }
    for finding in &report.findings {
        case(&suite, finding, out)?;
    }
    writeln!(out, "    <system-out>{}</system-out>", xml(&report.summary.join("\n")))?;
    writeln!(out, "  </testsuite>\n</testsuites>")
}

/// What kept a command from its answer: a test case with an error for each problem.
pub(super) fn failure(failure: &Failure, command: &str, out: &mut dyn Write) -> io::Result<()> {
    let suite = xml(&super::called(command));
    let errors = failure.problems().len();
    head(&suite, &format!("tests=\"{errors}\" failures=\"0\" errors=\"{errors}\""), out)?;
    let kind = if failure.exit() == Exit::Incomplete { "incomplete" } else { "unreadable" };
    for problem in failure.problems() {
        let said = shortened(&problem.to_string(), MAX_SHOWN_ERROR);
        let file = problem.file.as_ref().map_or(String::new(), |file| format!(" file=\"{}\"", xml(file)));
        let (name, text) = (xml(&one_line(&said)), xml(&super::told(problem, failure)));
        writeln!(out, "    <testcase classname=\"{suite}\" name=\"{name}\"{file}>")?;
        writeln!(out, "      <error type=\"{kind}\" message=\"{name}\">{text}</error>")?;
        writeln!(out, "    </testcase>")?;
    }
    writeln!(out, "  </testsuite>\n</testsuites>")
}

fn head(suite: &str, counts: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<testsuites name=\"{suite}\" {counts}>")?;
    writeln!(out, "  <testsuite name=\"{suite}\" {counts} skipped=\"0\">")
}

fn case(suite: &str, finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let place = finding.places.first();
    let name = match place {
        Some(place) => format!("{} {}", finding.rule, place.address()),
        None => format!("{} {}", finding.rule, finding.message),
    };
    let file = place.map_or(String::new(), |place| format!(" file=\"{}\"", xml(&place.file)));
    writeln!(out, "    <testcase classname=\"{suite}\" name=\"{}\"{file}>", xml(&name))?;
    let text = xml(&paragraph(finding));
    if finding.severity == Severity::Error {
        let (kind, message) = (xml(&finding.rule), xml(&finding.message));
        writeln!(out, "      <failure type=\"{kind}\" message=\"{message}\">{text}</failure>")?;
    } else {
        writeln!(out, "      <system-out>{text}</system-out>")?;
    }
    writeln!(out, "    </testcase>")
}

/// Text of XML 1.0: five characters escaped, those that it cannot hold replaced, and those that a terminal would obey written
/// as what they are, for a job's log may show the report.
fn xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in super::clean_lines(text).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\n' => escaped.push_str("&#10;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use crate::args::Format;
    use crate::format::sample;

    #[test]
    fn counts_and_names() {
        let text = sample::printed(&sample::report(), Format::Junit);
        assert!(text.contains("tests=\"1\" failures=\"1\""), "{text}");
        assert!(text.contains("name=\"TYPE_CHANGED schemas/a b/1.1.json:12\" file=\"schemas/a b/1.1.json\""));
        let none = sample::printed(&sample::of(Vec::new()), Format::Junit);
        assert!(none.contains("tests=\"1\" failures=\"0\""), "{none}");
    }

    #[test]
    fn whatever_it_holds_it_is_xml() {
        let text = sample::printed(&sample::hostile(), Format::Junit);
        let document = roxmltree::Document::parse(&text).unwrap();
        let cases: Vec<_> = document.descendants().filter(|node| node.has_tag_name("testcase")).collect();
        assert_eq!(cases.len(), 1, "{text}");
        assert!(cases[0].attribute("name").unwrap().contains("<b>&\"'"), "{text}");
    }
}
