//! `choreograph explain RULE_ID`: what a rule is about, for somebody whose build it failed.

use serde_json::{Value, json};

use crate::Failure;
use crate::args::Explain;
use crate::report::Report;
use crate::rules::{self, Rule};

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
    Ok(of(page(&rule), describe(&rule)))
}

fn list() -> Report {
    let rules = rules::all();
    let width = rules.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    let lines: Vec<String> =
        rules.iter().map(|rule| format!("{:width$}  {}", rule.id, rule.sentence)).collect();
    let described: Vec<Value> = rules.iter().map(describe).collect();
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
    if let Some((old, new)) = rule.example {
        for (title, schema) in [("Before", old), ("After", new)] {
            let text = serde_json::to_string_pretty(schema).unwrap_or_default().replace('\n', "\n  ");
            page.extend(["\n", title, "\n  ", &text, "\n"]);
        }
    }
    page
}

fn describe(rule: &Rule) -> Value {
    let mut described = json!({
        "id": rule.id, "sentence": rule.sentence, "breaks": rule.breaks, "instead": rule.instead,
    });
    if let Some((old, new)) = rule.example {
        described["old"] = old.clone();
        described["new"] = new.clone();
    }
    described
}

/// Names the rules that share a word with what was asked for.
fn unknown(id: &str, asked: &str) -> Failure {
    let shares =
        |rule: &Rule| rule.id.split('_').any(|word| word.len() > 2 && asked.split('_').any(|w| w == word));
    let near: Vec<&str> =
        rules::all().iter().filter(|rule| shares(rule)).map(|rule| rule.id).take(5).collect();
    let failure = Failure::usage(format!("there is no rule `{id}`"));
    let failure =
        if near.is_empty() { failure } else { failure.help(format!("did you mean {}?", near.join(", "))) };
    failure.help("`choreograph explain` lists every rule")
}
