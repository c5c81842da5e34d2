//! A picture or a document in the formats of reports.

use serde_json::Value;

use crate::args::Format;
use crate::report::Report;
use crate::{Output, format};

/// What `command` has made, a text in `language`: as it is, as a block of Markdown, or as the page of a report that finds nothing.
pub(super) fn printed(command: &'static str, text: String, language: &str, form: Format) -> Output {
    match form {
        Format::Text | Format::Json => Output::Text(text),
        Format::Markdown => Output::Text(format::block(language, &text) + "\n"),
        Format::Github | Format::Junit | Format::Sarif => {
            let (findings, summary) = (Vec::new(), Vec::new());
            Output::Report(Box::new(Report {
                command,
                page: Some(text),
                findings,
                summary,
                json: Value::Null,
            }))
        }
    }
}
