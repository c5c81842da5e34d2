//! What keeps a command from its answer.

use std::fmt;

use crate::format::{one_line, shortened};
use crate::{Exit, MAX_SHOWN_ERROR, MAX_SHOWN_PROBLEMS};

/// Why there is no answer: what was wrong, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    exit: Exit,
    problems: Vec<Problem>,
    help: Vec<String>,
}

/// One thing that was wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file it is in.
    pub file: Option<String>,
    /// The line of it, counted from 1.
    pub line: Option<u32>,
    /// What is wrong there.
    pub text: String,
}

impl Problem {
    /// A problem that is in no file.
    pub fn new(text: impl Into<String>) -> Self {
        Self { file: None, line: None, text: text.into() }
    }

    /// A problem with a file as a whole.
    pub fn of_file(file: impl Into<String>, text: impl Into<String>) -> Self {
        Self { file: Some(file.into()), line: None, text: text.into() }
    }
}

/// `file:line: text`, as far as they are known.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file, self.line) {
            (Some(file), Some(line)) => write!(f, "{file}:{line}: {}", self.text),
            (Some(file), None) => write!(f, "{file}: {}", self.text),
            (None, _) => f.write_str(&self.text),
        }
    }
}

impl Failure {
    /// Input that cannot be read, or wrong usage: [`Exit::Usage`].
    pub fn input(problem: Problem) -> Self {
        Self::inputs(vec![problem])
    }

    /// Several inputs that cannot be read: [`Exit::Usage`].
    pub fn inputs(problems: Vec<Problem>) -> Self {
        Self { exit: Exit::Usage, problems, help: Vec::new() }
    }

    /// Arguments that make no sense: [`Exit::Usage`].
    pub fn usage(text: impl Into<String>) -> Self {
        Self::input(Problem::new(text))
    }

    /// Something outside of the input failed: [`Exit::Incomplete`].
    pub fn incomplete(text: impl Into<String>) -> Self {
        Self { exit: Exit::Incomplete, problems: vec![Problem::new(text)], help: Vec::new() }
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// The exit code it leads to.
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// What was wrong: at least one.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// What to do, a sentence each.
    pub fn advice(&self) -> &[String] {
        &self.help
    }
}

/// A line for each problem, at most [`MAX_SHOWN_PROBLEMS`], and then a line for each advice. Whatever a problem is about, its
/// line is one, fit for a terminal, and no longer than a person reads: a name in somebody's manifest says nothing of its own.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.problems.iter().take(MAX_SHOWN_PROBLEMS);
        shown.enumerate().try_for_each(|(index, problem)| {
            let start = if index == 0 { "" } else { "\n" };
            write!(f, "{start}error: {}", said(&problem.to_string()))
        })?;
        let more = self.problems.len().saturating_sub(MAX_SHOWN_PROBLEMS);
        if more > 0 {
            write!(f, "\nerror: and {more} more of this kind")?;
        }
        self.help.iter().try_for_each(|help| write!(f, "\n  = help: {}", said(help)))
    }
}

fn said(text: &str) -> String {
    one_line(&shortened(text, MAX_SHOWN_ERROR))
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::{Failure, Problem};
    use crate::Exit;

    #[test]
    fn says_file_and_line_and_what_to_do() {
        let problem = Problem { file: Some("a.json".into()), line: Some(3), text: "is torn".into() };
        let failure = Failure::input(problem).help("mend it");
        assert_eq!(failure.to_string(), "error: a.json:3: is torn\n  = help: mend it");
        assert_eq!(failure.exit(), Exit::Usage);
    }

    #[test]
    fn a_problem_is_one_line_and_no_page() {
        let text = "x\n::error::pwned\u{1b}[2J ##[error]y";
        let failure = Failure::input(Problem::of_file(text, text)).help(text);
        let said = failure.to_string();
        assert_eq!(said.lines().count(), 2, "{said}");
        assert!(!said.contains("##[") && !said.contains('\u{1b}'), "{said}");
        let long = Failure::usage("A".repeat(10_000_000)).to_string();
        assert!(long.len() < 5_000 && long.ends_with('…'), "{}", long.len());
    }

    #[test]
    fn many_problems_are_bounded() {
        let failure = Failure::inputs(vec![Problem::new("x"); 1_000]);
        assert_eq!(failure.to_string().lines().count(), 21);
        assert!(failure.to_string().ends_with("and 980 more of this kind"));
    }
}
