//! Work on many contracts at once.

use std::thread;

use crate::{Failure, Problem};

/// Calls `work` on each of `items`, on every core, and keeps their order.
///
/// # Errors
///
/// Every problem that came up.
pub(super) fn map<T: Sync, R: Send>(
    items: &[T],
    work: impl Fn(&T) -> Result<R, Problem> + Sync,
) -> Result<Vec<R>, Failure> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let share = items.len().div_ceil(cores).max(1);
    let worked: Vec<Result<R, Problem>> = thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = items
            .chunks(share)
            .map(|chunk| scope.spawn(move || chunk.iter().map(work).collect::<Vec<_>>()))
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap_or_else(|_| vec![Err(broke_down())]))
            .collect()
    });
    let (results, problems): (Vec<_>, Vec<_>) = worked.into_iter().partition(Result::is_ok);
    let mut problems: Vec<Problem> = problems.into_iter().filter_map(Result::err).collect();
    if problems.is_empty() {
        return Ok(results.into_iter().filter_map(Result::ok).collect());
    }
    // A file that cannot be used turns up in each of its comparisons.
    let mut seen = std::collections::HashSet::new();
    problems.retain(|problem| seen.insert(problem.to_string()));
    Err(Failure::inputs(problems))
}

fn broke_down() -> Problem {
    Problem::new("a comparison broke down; this is a fault of this program")
}
