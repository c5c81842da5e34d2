//! How a step fails.

use std::borrow::Cow;
use std::error::Error;
use std::fmt::{self, Display, Write};

use tokio::task::JoinError;

use crate::emits::EmitError;

/// The longest text that an error keeps, in bytes: it travels in a header of a dead letter.
const MAX_ERROR_TEXT: usize = 1_024;

/// The longest code of a rejection, in bytes.
const MAX_CODE: usize = 64;

/// The most causes whose text is kept.
const MAX_CAUSES: usize = 16;

/// The text of a task that panicked.
const TASK_PANICKED: &str = "a task of the handler panicked; the log says where";

/// What stands before a task's panic message in the text of its error: `task 7 panicked with message "…"`.
const PANIC_MESSAGE: &str = " panicked with message \"";
/// What is left of it.
const PANICKED: &str = " panicked";

/// Why a run of a step did not come to its end.
///
/// It does not implement [`Error`], so that `?` takes any error; what `?` gives means *retry*, and of a task that
/// panicked what a panic means ([`ErrorKind::Panicked`]):
///
/// ```
/// use choreograph::StepError;
///
/// fn parse(text: &str) -> Result<u32, StepError> {
///     Ok(text.parse::<u32>()?)
/// }
///
/// assert!(parse("seven").is_err());
/// ```
///
/// Its text becomes part of logs and dead letters: do not put personal data in it. Text over 1,024 bytes is cut, and
/// control characters become spaces.
pub struct StepError(Box<Said>);

/// What an error says. Boxed, as the outcome of each run is handed from place to place, and is mostly none.
struct Said {
    failure: Failure,
    text: String,
}

/// What a failed run means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It may succeed later.
    Retry,
    /// What the step needs is away: no record can succeed now.
    Unavailable,
    /// It can never succeed.
    Rejected {
        /// The team's own code for the reason.
        code: Cow<'static, str>,
    },
    /// What the handler returned could not be encoded.
    Emit(EmitError),
    /// A task that the handler waited for panicked.
    Panicked,
}

/// What a failed run means for its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Tried again under the step's retry policy.
    Retry,
    /// The step takes nothing new and probes until what it needs is back; no attempt is counted.
    Unavailable,
    /// A dead letter at once, with a code and a text.
    Rejected,
    /// The handler returned an event that cannot be encoded: a dead letter at once.
    Emit,
    /// A task that the handler waited for panicked, and its `JoinError` is the error or its cause: a dead letter at once, as
    /// a panic of the handler is.
    Panicked,
}

impl StepError {
    /// A failure that may pass: the record is tried again under the step's retry policy.
    pub fn retry(text: impl Display) -> Self {
        Self::new(Failure::Retry, text)
    }

    /// What the step needs (a database, a gateway) is away: the step stops taking records, spends no attempts, and
    /// probes with one record until it succeeds.
    pub fn unavailable(text: impl Display) -> Self {
        Self::new(Failure::Unavailable, text)
    }

    /// This record can never succeed: it becomes a dead letter at once.
    ///
    /// The code is for machines, such as `unknown_currency`; over 64 bytes it is cut.
    pub fn reject(code: impl Into<Cow<'static, str>>, text: impl Display) -> Self {
        Self::new(Failure::Rejected { code: bounded_code(code.into()) }, text)
    }

    /// What the failure means for the record.
    pub fn kind(&self) -> ErrorKind {
        match self.0.failure {
            Failure::Retry => ErrorKind::Retry,
            Failure::Unavailable => ErrorKind::Unavailable,
            Failure::Rejected { .. } => ErrorKind::Rejected,
            Failure::Emit(_) => ErrorKind::Emit,
            Failure::Panicked => ErrorKind::Panicked,
        }
    }

    /// The code of a rejection.
    pub fn code(&self) -> Option<&str> {
        match &self.0.failure {
            Failure::Rejected { code } => Some(code),
            Failure::Retry | Failure::Unavailable | Failure::Emit(_) | Failure::Panicked => None,
        }
    }

    /// The text, at most 1,024 bytes on one line.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// What the runtime acts on.
    pub(crate) fn failure(&self) -> &Failure {
        &self.0.failure
    }

    fn new(failure: Failure, text: impl Display) -> Self {
        let mut bounded = Bounded::default();
        bounded.push(&text);
        Self(Box::new(Said { failure, text: bounded.without_payload() }))
    }
}

impl fmt::Debug for StepError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Said { failure, text } = &*self.0;
        formatter.debug_struct("StepError").field("failure", failure).field("text", text).finish()
    }
}

impl Display for StepError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.text)
    }
}

/// What led to `error`, as far as it is kept.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(error.source(), |&cause| cause.source()).take(MAX_CAUSES)
}

/// Whether a task that panicked is what went wrong.
fn is_panic(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<JoinError>().is_some_and(JoinError::is_panic)
}

/// Any error means retry, but that of a task that panicked ([`ErrorKind::Panicked`]). The text is the error's and its causes', joined by colons.
impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for StepError {
    fn from(error: E) -> Self {
        let error: Box<dyn Error + Send + Sync> = error.into();
        if is_panic(&*error) || causes(&*error).any(is_panic) {
            return Self(Box::new(Said { failure: Failure::Panicked, text: TASK_PANICKED.to_owned() }));
        }
        let mut bounded = Bounded::default();
        bounded.push(&error);
        for cause in causes(&*error) {
            bounded.push(&": ");
            bounded.push(cause);
        }
        Self(Box::new(Said { failure: Failure::Retry, text: bounded.without_payload() }))
    }
}

/// What a handler returned could not be encoded.
pub(crate) fn emit_failed(error: EmitError) -> StepError {
    let text = error.to_string();
    StepError::new(Failure::Emit(error), text)
}

/// A text that stops growing at its bound.
#[derive(Default)]
struct Bounded {
    text: String,
}

impl Bounded {
    /// The text, but for what a task panicked with: that may hold anything, and stands where somebody has put the task's
    /// error into a text of his own.
    fn without_payload(mut self) -> String {
        if let Some(at) = self.text.find(PANIC_MESSAGE) {
            self.text.truncate(at + PANICKED.len());
        }
        self.text
    }

    fn push(&mut self, part: &(impl Display + ?Sized)) {
        // A full text, or a `Display` that fails, ends the text where it is: there is nobody to tell.
        write!(self, "{part}").unwrap_or_default();
    }
}

impl Write for Bounded {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        for letter in part.chars() {
            if self.text.len() + letter.len_utf8() > MAX_ERROR_TEXT {
                return Err(fmt::Error);
            }
            self.text.push(if letter.is_control() { ' ' } else { letter });
        }
        Ok(())
    }
}

fn bounded_code(mut code: Cow<'static, str>) -> Cow<'static, str> {
    if code.chars().any(char::is_control) {
        code = code.chars().filter(|letter| !letter.is_control()).collect::<String>().into();
    }
    if code.len() > MAX_CODE {
        let end = code.floor_char_boundary(MAX_CODE);
        code.to_mut().truncate(end);
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn a_question_mark_means_retry_and_keeps_the_causes() {
        fn fails() -> Result<(), StepError> {
            Err(Outer(std::io::Error::other("inner")))?;
            Ok(())
        }
        let error = fails().expect_err("it fails");
        assert_eq!(error.kind(), ErrorKind::Retry);
        assert_eq!(error.text(), "outer: inner");
    }

    #[tokio::test]
    async fn a_task_that_panicked_is_a_panic_and_what_it_said_is_shown_nowhere() {
        #[derive(Debug, thiserror::Error)]
        #[error("no charge")]
        struct NoCharge(#[source] JoinError);

        #[derive(Debug, thiserror::Error)]
        #[error(transparent)]
        struct Hidden(JoinError);

        let panicked = || async { tokio::task::spawn_blocking(|| panic!("canary {}", 1)).await.unwrap_err() };
        let error = panicked().await;
        assert!(error.to_string().contains("canary"), "else there is nothing to hide: {error}");
        for error in [StepError::from(error), NoCharge(panicked().await).into()] {
            assert_eq!((error.kind(), error.text()), (ErrorKind::Panicked, TASK_PANICKED));
        }
        for error in [StepError::reject("no", panicked().await), Hidden(panicked().await).into()] {
            assert!(!error.text().contains("canary") && error.text().contains("panicked"), "{error}");
        }
        let task = tokio::spawn(std::future::pending::<()>());
        task.abort();
        assert_eq!(StepError::from(task.await.unwrap_err()).kind(), ErrorKind::Retry);
    }

    #[test]
    fn text_and_code_are_bounded_and_on_one_line() {
        let error = StepError::reject("é".repeat(40), format!("a\r\nb{}", "é".repeat(600)));
        assert_eq!(error.kind(), ErrorKind::Rejected);
        assert!(error.text().len() <= MAX_ERROR_TEXT);
        assert!(error.text().starts_with("a  b"));
        assert_eq!(error.code().map(str::len), Some(MAX_CODE));
        assert_eq!(StepError::reject("bad\ncode", "").code(), Some("badcode"));
    }

    #[test]
    fn texts_are_errors_too() {
        let from_text: StepError = "no luck".into();
        assert_eq!((from_text.kind(), from_text.text()), (ErrorKind::Retry, "no luck"));
    }
}
