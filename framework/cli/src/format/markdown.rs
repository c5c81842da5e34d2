//! Markdown, for a job's summary or a comment.

use std::io::{self, Write};

use choreograph_contracts::compat::Proof;

use super::text::more_places;
use super::{brief, clean_lines, one_line, shortened};
use crate::report::{Finding, Report, Severity};
use crate::{
    Failure, MAX_SHOWN_ERROR, MAX_SHOWN_FINDINGS, MAX_SHOWN_PLACES, MAX_SHOWN_PROBLEMS, MAX_SHOWN_TEXT,
    MAX_SHOWN_WITNESS, rules,
};

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "## choreograph {}\n", report.command)?;
    if let Some(page) = &report.page {
        writeln!(out, "{}\n", fenced(page))?;
    }
    for line in &report.summary {
        writeln!(out, "{}\n", escaped(line))?;
    }
    for finding in report.findings.iter().take(MAX_SHOWN_FINDINGS) {
        one(finding, out)?;
    }
    match report.findings.len().saturating_sub(MAX_SHOWN_FINDINGS) {
        0 => Ok(()),
        more => writeln!(out, "… and {more} findings more; `--format json` prints them all."),
    }
}

/// What kept a command from its answer.
pub(super) fn failure(failure: &Failure, command: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "## {}\n\nIt came to no answer.\n", super::called(command))?;
    let said = |text: &str| escaped(&shortened(text, MAX_SHOWN_ERROR));
    for problem in failure.problems().iter().take(MAX_SHOWN_PROBLEMS) {
        writeln!(out, "- ❌ {}", said(&problem.to_string()))?;
    }
    match failure.problems().len().saturating_sub(MAX_SHOWN_PROBLEMS) {
        0 => {}
        more => writeln!(out, "- and {more} more of this kind")?,
    }
    writeln!(out)?;
    failure.advice().iter().try_for_each(|help| writeln!(out, "help: {}\n", said(help)))
}

fn one(finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let sign = match finding.severity {
        Severity::Error => "❌",
        Severity::Warning => "⚠️",
        Severity::Note => "ℹ️",
    };
    writeln!(out, "### {sign} {}: {}\n", escaped(&finding.rule), escaped(&brief(&finding.message)))?;
    for place in finding.places.iter().take(MAX_SHOWN_PLACES) {
        let side =
            if place.side.is_empty() { String::new() } else { format!("{}: ", escaped(&brief(&place.side))) };
        let pointer = place.pointer.as_deref().filter(|pointer| !pointer.is_empty());
        let pointer = pointer.map_or(String::new(), |pointer| format!(" at {}", code(&brief(pointer))));
        writeln!(out, "- {side}{}{pointer}", code(&brief(&place.address())))?;
    }
    if let Some(more) = more_places(finding) {
        writeln!(out, "- {}", escaped(&more))?;
    }
    if !finding.places.is_empty() {
        writeln!(out)?;
    }
    for line in details(finding) {
        writeln!(out, "{}\n", escaped(&line))?;
    }
    if let Some(witness) = &finding.witness {
        let event = serde_json::to_string_pretty(&witness.event).unwrap_or_default();
        writeln!(out, "{}:\n\n{}\n", escaped(&witness.shows), fenced(&shortened(&event, MAX_SHOWN_WITNESS)))?;
    }
    Ok(())
}

/// A finding in lines of plain text: for readers that have one field for all of it.
pub(super) fn paragraph(finding: &Finding) -> String {
    let mut lines = vec![shortened(&finding.message, MAX_SHOWN_TEXT)];
    lines.extend(finding.places.iter().take(MAX_SHOWN_PLACES).map(|place| {
        let side = if place.side.is_empty() { String::new() } else { format!("{}: ", place.side) };
        let pointer = place.pointer.as_deref().filter(|pointer| !pointer.is_empty());
        let pointer = pointer.map_or(String::new(), |at| format!(" at {}", shortened(at, MAX_SHOWN_TEXT)));
        shortened(&format!("{side}{}", place.address()), MAX_SHOWN_TEXT) + &pointer
    }));
    lines.extend(more_places(finding));
    if let Some(witness) = &finding.witness {
        let event = shortened(&witness.event.to_string(), MAX_SHOWN_WITNESS);
        lines.push(format!("witness: {event} ({})", witness.shows));
    }
    lines.extend(details(finding));
    lines.join("\n")
}

/// What is to be said of a finding beside its places and its witness.
fn details(finding: &Finding) -> Vec<String> {
    let mut lines: Vec<String> =
        finding.direction.map(|direction| super::text::broken(direction).to_owned()).into_iter().collect();
    if finding.proof == Some(Proof::Unproven) {
        lines.push("unproven: no event was found that shows it, and no proof that none exists".to_owned());
    }
    for cause in finding.causes.iter().take(crate::MAX_SHOWN_CAUSES) {
        lines.push(format!("because of {}: {}", cause.rule, shortened(&cause.message, MAX_SHOWN_TEXT)));
    }
    if let Some(rule) = rules::find(&finding.rule) {
        lines.push(format!("why: for example: {}", rule.breaks));
        lines.push(format!("instead: {}", rule.instead));
    }
    lines.extend(finding.help.iter().map(|help| format!("help: {}", shortened(help, MAX_SHOWN_TEXT))));
    let short = |text: &String| shortened(text, MAX_SHOWN_TEXT);
    lines.extend(finding.approved.iter().map(|reason| format!("approved: {}", short(reason))));
    lines
        .extend(finding.fingerprint.iter().map(|fingerprint| format!("fingerprint: {}", short(fingerprint))));
    lines
}

/// Text in which nothing is mark-up. Code between back-quotes stays code: single ones, in pairs. Anything else between
/// back-quotes is read in ways that are hard to foresee.
fn escaped(text: &str) -> String {
    let text = one_line(text);
    let balanced = text.matches('`').count().is_multiple_of(2) && longest_run(&text) < 2;
    let mut escaped = String::with_capacity(text.len());
    if text.starts_with(['-', '+', '=']) {
        escaped.push('\\');
    }
    let mut in_code = false;
    for character in text.chars() {
        match character {
            '`' if balanced => in_code = !in_code,
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '&' | '@' | '!'
                if !in_code =>
            {
                escaped.push('\\');
            }
            _ => {}
        }
        escaped.push(character);
    }
    escaped
}

/// Text as code on its line.
fn code(text: &str) -> String {
    let text = one_line(text);
    let ticks = "`".repeat(longest_run(&text) + 1);
    let space = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{ticks}{space}{text}{space}{ticks}")
}

/// Text as a block of code, which it cannot leave.
fn fenced(text: &str) -> String {
    block("text", text)
}

/// A text in `language` as a block of code, which it cannot leave.
pub(crate) fn block(language: &str, text: &str) -> String {
    let fence = "`".repeat(longest_run(text).max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}", clean_lines(text.trim_end()))
}

/// The longest run of back-quotes in `text`.
fn longest_run(text: &str) -> usize {
    text.split(|character| character != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{code, escaped, fenced};
    use crate::args::Format;
    use crate::format::sample;
    use crate::report::{Finding, Place};

    #[test]
    fn says_what_where_and_why() {
        let text = sample::printed(&sample::report(), Format::Markdown);
        assert!(text.contains("### ❌ TYPE\\_CHANGED: `total` was a number and is a text\n"), "{text}");
        assert!(text.contains("- new: `schemas/a b/1.1.json:12` at `/properties/total`\n"), "{text}");
        assert!(text.contains("```text\n{\n  \"total\": 1\n}\n```"), "{text}");
    }

    /// One finding may be about every step of a choreography, and its name may name them all.
    #[test]
    fn a_finding_of_twenty_thousand_places_is_no_book() {
        let mut finding = Finding::error("A_RULE", "x");
        finding.places = vec![Place::file("m.json"); 20_000];
        finding.fingerprint = Some("f".repeat(200_000));
        let report = sample::of(vec![finding]);
        for format in [Format::Text, Format::Markdown, Format::Github] {
            let text = sample::printed(&report, format);
            assert!(text.len() < 10_000, "{format:?}: {}", text.len());
            assert!(text.contains("and 19980 places more"), "{format:?}: {text}");
        }
    }

    #[test]
    fn text_is_no_mark_up() {
        assert_eq!(escaped("<b> a_b `a_b` @you"), "\\<b\\> a\\_b `a_b` \\@you");
        assert_eq!(escaped("one ` alone"), "one \\` alone");
        assert_eq!(escaped("` <b> ```"), "\\` \\<b\\> \\`\\`\\`");
        assert_eq!(escaped("a\n- b | c"), "a - b \\| c");
        assert_eq!(escaped("- b"), "\\- b");
        assert_eq!(code("a``b"), "```a``b```");
        assert_eq!(fenced("````\nx"), "`````text\n````\nx\n`````");
    }
}
