//! For a person at a terminal, in the manner of a good compiler.

use std::collections::HashSet;
use std::io::{self, Write};

use choreograph_contracts::compat::{Direction, Proof};

use super::paint::Paint;
use super::{brief, clean_lines, one_line, shortened};
use crate::report::{Finding, Place, Report, Severity};
use crate::{
    MAX_SHOWN_CAUSES, MAX_SHOWN_FINDINGS, MAX_SHOWN_LINE, MAX_SHOWN_PLACES, MAX_SHOWN_WITNESS, rules,
};

pub(super) fn write(report: &Report, colour: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { out, paint: Paint::new(colour), explained: HashSet::new() };
    if let Some(text) = &report.page {
        writeln!(page.out, "{}", clean_lines(text.trim_end()))?;
    }
    for finding in report.findings.iter().take(MAX_SHOWN_FINDINGS) {
        page.finding(finding)?;
        writeln!(page.out)?;
    }
    let more = report.findings.len().saturating_sub(MAX_SHOWN_FINDINGS);
    if more > 0 {
        writeln!(page.out, "… and {more} findings more; `--format json` prints them all\n")?;
    }
    report.summary.iter().try_for_each(|line| writeln!(page.out, "{}", one_line(line)))
}

/// A text that is being written.
struct Page<'a> {
    out: &'a mut dyn Write,
    paint: Paint,
    /// The rules whose reasons stand above already.
    explained: HashSet<String>,
}

impl Page<'_> {
    fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        self.headline(finding)?;
        let width = finding.places.iter().filter_map(|place| place.line).max().map_or(1, digits);
        for (index, place) in finding.places.iter().take(MAX_SHOWN_PLACES).enumerate() {
            self.place(place, if index == 0 { "-->" } else { ":::" }, width)?;
        }
        if let Some(more) = more_places(finding) {
            writeln!(self.out, "{:width$}    {more}", "")?;
        }
        self.reasons(finding, width)?;
        self.causes(finding)
    }

    fn headline(&mut self, finding: &Finding) -> io::Result<()> {
        let word = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        let head = self.paint.severity(finding.severity, &format!("{word}[{}]", finding.rule));
        let message = self.paint.strong(&format!(": {}", brief(&finding.message)));
        writeln!(self.out, "{head}{message}")
    }

    fn place(&mut self, place: &Place, arrow: &str, width: usize) -> io::Result<()> {
        let side = if place.side.is_empty() { String::new() } else { format!("{}: ", brief(&place.side)) };
        let pointer = match place.pointer.as_deref() {
            Some(pointer) if !pointer.is_empty() => format!(" at {}", brief(pointer)),
            _ => String::new(),
        };
        let arrow = self.paint.frame(arrow);
        let address = brief(&place.address());
        writeln!(self.out, "{:width$}{arrow} {side}{address}{pointer}", "")?;
        let (Some(line), Some(text)) = (place.line, &place.text) else { return Ok(()) };
        let number = self.paint.frame(&format!("{line:width$} |"));
        writeln!(self.out, "{number} {}", shortened(&one_line(text), MAX_SHOWN_LINE))
    }

    fn reasons(&mut self, finding: &Finding, width: usize) -> io::Result<()> {
        if let Some(direction) = finding.direction {
            self.reason(width, "breaks", broken(direction))?;
        }
        if let Some(witness) = &finding.witness {
            let event = shortened(&witness.event.to_string(), MAX_SHOWN_WITNESS);
            self.reason(width, "witness", &event)?;
            self.reason(width, "", &witness.shows)?;
        }
        if finding.proof == Some(Proof::Unproven) {
            self.reason(
                width,
                "unproven",
                "no event was found that shows it, and no proof that none exists",
            )?;
        }
        if let Some(rule) = rules::find(&finding.rule)
            && self.explained.insert(finding.rule.clone())
        {
            self.reason(width, "why", &format!("for example: {}", rule.breaks))?;
            self.reason(width, "instead", &rule.instead)?;
        }
        for help in &finding.help {
            self.reason(width, "help", &brief(help))?;
        }
        match (&finding.approved, &finding.fingerprint) {
            (Some(reason), _) => self.reason(width, "approved", &brief(reason)),
            (None, Some(fingerprint)) => self.reason(width, "fingerprint", &brief(fingerprint)),
            (None, None) => Ok(()),
        }
    }

    /// A line below the places; without a name it continues the one above.
    fn reason(&mut self, width: usize, name: &str, text: &str) -> io::Result<()> {
        if name.is_empty() {
            return writeln!(self.out, "{:width$}   {}", "", one_line(text));
        }
        let sign = self.paint.frame("=");
        let name = self.paint.strong(&format!("{name}:"));
        writeln!(self.out, "{:width$} {sign} {name} {}", "", one_line(text))
    }

    fn causes(&mut self, finding: &Finding) -> io::Result<()> {
        for cause in finding.causes.iter().take(MAX_SHOWN_CAUSES) {
            writeln!(self.out)?;
            self.finding(cause)?;
        }
        match finding.causes.len().saturating_sub(MAX_SHOWN_CAUSES) {
            0 => Ok(()),
            more => writeln!(self.out, "\n… and {more} breaks more of this contract"),
        }
    }
}

/// How many places of a finding are not shown, if there are any.
pub(super) fn more_places(finding: &Finding) -> Option<String> {
    let more = finding.places.len().checked_sub(MAX_SHOWN_PLACES).filter(|more| *more > 0)?;
    Some(format!("… and {more} places more; `--format json` prints them all"))
}

/// Whom a break hurts.
pub(super) fn broken(direction: Direction) -> &'static str {
    match direction {
        Direction::Backward => "backward: readers of the new contract refuse events of the old one",
        Direction::Forward => "forward: readers of the old contract refuse events of the new one",
    }
}

fn digits(number: u32) -> usize {
    number.to_string().len()
}

#[cfg(test)]
mod tests {
    use crate::args::Format;
    use crate::format::sample;

    #[test]
    fn reads_like_a_compiler() {
        let text = sample::printed(&sample::report(), Format::Text);
        let expected = "\
error[TYPE_CHANGED]: `total` was a number and is a text
  --> new: schemas/a b/1.1.json:12 at /properties/total
12 |     \"type\": \"string\"
  ::: old: schemas/a b/1.0.json:7 at /properties/total
 7 |     \"type\": \"number\"
   = breaks: backward: readers of the new contract refuse events of the old one
   = witness: {\"total\":1}
     the old contract allows it, the new one refuses it
";
        assert!(text.starts_with(expected), "{text}");
        assert!(text.contains("   = fingerprint: 0011223344556677\n"), "{text}");
        assert!(text.ends_with("\n\n1 error\n"), "{text}");
    }

    #[test]
    fn ten_thousand_findings_are_counted_and_not_shown() {
        let text = sample::printed(&sample::many(10_000), Format::Text);
        assert!(text.contains("… and 9950 findings more"), "{text}");
        assert!(text.len() < 100_000);
    }

    #[test]
    fn a_terminal_gets_no_control_characters() {
        let text = sample::printed(&sample::hostile(), Format::Text);
        assert!(!text.chars().any(|character| character.is_control() && character != '\n'), "{text:?}");
    }
}
