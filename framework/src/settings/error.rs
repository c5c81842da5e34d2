//! What is wrong with the settings, all of it at once.

use std::fmt;

/// The settings cannot be used; every problem is listed, not the first alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The problems, in the order of their names. Never empty.
    pub problems: Vec<Problem>,
}

/// One setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The variable's name.
    pub name: String,
    /// What is wrong with it. Never holds a secret.
    pub problem: String,
    /// What would be right: the legal values, or what to write instead.
    pub legal: String,
}

impl Problem {
    /// A problem of the variable `name`.
    pub(super) fn new(name: impl Into<String>, problem: impl Into<String>, legal: impl Into<String>) -> Self {
        Self { name: name.into(), problem: problem.into(), legal: legal.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.name, self.problem, self.legal)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the settings cannot be used")?;
        for problem in &self.problems {
            write!(f, "\n  {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }
}
