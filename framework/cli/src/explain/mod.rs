//! `choreograph explain RULE_ID`: what a rule is about, for somebody whose build it failed.

use serde_json::{Value, json};

use crate::Failure;
use crate::args::Explain;
use crate::report::Report;
use crate::rules::{self, Rule};

/// The longest line of an example.
const MAX_LINE: usize = 100;
const INDENT: &str = "  ";

/// Explains one rule, or lists all.
///
/// # Errors
///
/// A [`Failure`] if there is no such rule.
pub fn run(args: &Explain) -> Result<Report, Failure> {
    match &args.rule {
        Some(id) => one(id),
        None => Ok(list()),
    }
}

fn one(id: &str) -> Result<Report, Failure> {
    let asked = id.trim().to_ascii_uppercase().replace('-', "_");
    let rule = rules::find(&asked).ok_or_else(|| unknown(id, &asked))?;
    Ok(of(page(rule), describe(rule)))
}

fn list() -> Report {
    let rules = rules::all();
    let width = rules.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    let lines: Vec<String> =
        rules.iter().map(|rule| format!("{:width$}  {}", rule.id, rule.sentence)).collect();
    let described: Vec<Value> = rules.iter().map(|rule| describe(rule)).collect();
    of(lines.join("\n"), json!({ "rules": described }))
}

fn of(page: String, json: Value) -> Report {
    Report { command: "explain", page: Some(page), findings: Vec::new(), summary: Vec::new(), json }
}

fn page(rule: &Rule) -> String {
    let mut page = format!(
        "{}: {}\n\nHow it breaks a team\n  {}\n\nWhat to do instead\n  {}\n",
        rule.id, rule.sentence, rule.breaks, rule.instead
    );
    for (title, value) in [("Before", &rule.old), ("After", &rule.new)] {
        page.extend(["\n", title, "\n  ", &laid_out(value, 1), "\n"]);
    }
    page
}

fn describe(rule: &Rule) -> Value {
    json!(rule)
}

/// JSON from `depth` on, with a line for what fits into one.
fn laid_out(value: &Value, depth: usize) -> String {
    let whole = on_one_line(value);
    if whole.len() + depth * INDENT.len() <= MAX_LINE {
        return whole;
    }
    let inner = depth + 1;
    let lines: Vec<String> = match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| format!("{}: {}", json!(name), laid_out(value, inner)))
            .collect(),
        Value::Array(elements) => elements.iter().map(|element| laid_out(element, inner)).collect(),
        _ => return whole,
    };
    let [open, close] = if value.is_object() { ["{", "}"] } else { ["[", "]"] };
    let (pad, end) = (INDENT.repeat(inner), INDENT.repeat(depth));
    format!("{open}\n{pad}{}\n{end}{close}", lines.join(&format!(",\n{pad}")))
}

fn on_one_line(value: &Value) -> String {
    match value {
        Value::Object(members) if !members.is_empty() => {
            let members =
                members.iter().map(|(name, value)| format!("{}: {}", json!(name), on_one_line(value)));
            format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
        }
        Value::Array(elements) => {
            format!("[{}]", elements.iter().map(on_one_line).collect::<Vec<_>>().join(", "))
        }
        scalar => scalar.to_string(),
    }
}

/// Names the rules that share a word with what was asked for.
fn unknown(id: &str, asked: &str) -> Failure {
    let shares =
        |rule: &Rule| rule.id.split('_').any(|word| word.len() > 2 && asked.split('_').any(|w| w == word));
    let near: Vec<&str> =
        rules::all().iter().copied().filter(|rule| shares(rule)).map(|rule| rule.id).take(5).collect();
    let failure = Failure::usage(format!("there is no rule `{id}`"));
    let failure =
        if near.is_empty() { failure } else { failure.help(format!("did you mean {}?", near.join(", "))) };
    failure.help("`choreograph explain` lists every rule")
}
