//! Names and values, checked before anything runs.

use std::collections::HashSet;
use std::fmt::{self, Display};

use crate::service::ServiceDef;
use crate::step::StepDef;

/// The longest name of a service or a step, in bytes.
const MAX_NAME: usize = 63;

/// What is wrong with a service's declaration: every problem, each with the step it is about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ServiceError {
    service: String,
    problems: Vec<String>,
}

impl ServiceError {
    /// The problems, one line each.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }
}

impl Display for ServiceError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the service {:?} cannot run: {}", self.service, self.problems.join("; "))
    }
}

impl ServiceDef {
    /// Checks names and values.
    pub(crate) fn check(&self) -> Result<(), ServiceError> {
        let mut problems = Vec::new();
        if !is_name(&self.name) {
            problems.push(format!("its name is {:?}, but names match [a-z][a-z0-9-]{{0,62}}", self.name));
        }
        if self.steps.is_empty() {
            problems.push("it has no steps: add one with `.step(step(\"name\", function))`".to_owned());
        }
        let (mut names, mut groups) = (HashSet::new(), HashSet::new());
        for step in &self.steps {
            let mut add = |problem: String| problems.push(format!("step {:?}: {problem}", step.name));
            if !names.insert(&step.name) {
                add("another step has the same name".to_owned());
            } else if !groups.insert(&step.group) {
                add(format!("another step has the same group {:?}", step.group));
            }
            step_problems(step).into_iter().for_each(add);
        }
        if problems.is_empty() {
            return Ok(());
        }
        Err(ServiceError { service: self.name.clone(), problems })
    }
}

fn step_problems(step: &StepDef) -> Vec<String> {
    let mut problems = Vec::new();
    if !is_name(&step.name) {
        problems.push("names match [a-z][a-z0-9-]{0,62}".to_owned());
    }
    if !step.group.split_once('.').is_some_and(|(service, step)| is_name(service) && is_name(step)) {
        problems.push(format!("its group is {:?}, but a group is two names joined by a dot", step.group));
    }
    problems.extend(step.policy.problems().into_iter().map(|(what, problem)| format!("{what} is {problem}")));
    let mut consumed = HashSet::new();
    for event in &step.consumes {
        if !consumed.insert((event.name, event.major, event.topic)) {
            problems.push(format!("it consumes {}.v{} of {} twice", event.name, event.major, event.topic));
        }
    }
    problems
}

fn is_name(text: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let begins = text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    begins && text.len() <= MAX_NAME && text.bytes().all(legal)
}
