//! What a process says of itself: CPU time and context switches from its first record to its end, and its largest
//! memory.

use std::fs;
use std::sync::OnceLock;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The kernel counts CPU time for `/proc` in ticks of a hundredth of a second, on every architecture.
const TICK: Duration = Duration::from_millis(10);

static BEGUN: OnceLock<(Duration, u64)> = OnceLock::new();
static SWITCHES_AT_THE_END: OnceLock<u64> = OnceLock::new();

/// A record was taken: the first one begins the measurement.
pub fn begin() {
    BEGUN.get_or_init(|| (cpu_time(), switches()));
}

/// The work is to end: threads that end with it take the count of their switches along, so it is read now.
pub fn end() {
    SWITCHES_AT_THE_END.get_or_init(switches);
}

/// What a measured process used.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// CPU time of all its threads since its first record, in seconds.
    pub cpu_seconds: f64,
    /// How often its threads were taken off their core from its first record until it was asked to end.
    pub switches: u64,
    /// The most memory that it had, in KiB.
    pub peak_kib: u64,
}

/// What this process used until now.
pub fn usage() -> Usage {
    let (cpu, switched) = BEGUN.get().copied().unwrap_or_default();
    Usage {
        cpu_seconds: cpu_time().saturating_sub(cpu).as_secs_f64(),
        switches: SWITCHES_AT_THE_END.get_or_init(switches).saturating_sub(switched),
        peak_kib: peak_kib(),
    }
}

fn cpu_time() -> Duration {
    let ticks = fs::read_to_string("/proc/self/stat").ok().and_then(|stat| ticks(&stat)).unwrap_or_default();
    TICK * ticks
}

/// The fields `utime` and `stime` of `/proc/PID/stat`, added. The process's name before them may hold anything.
fn ticks(stat: &str) -> Option<u32> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some(user + system)
}

fn peak_kib() -> u64 {
    figure(&fs::read_to_string("/proc/self/status").unwrap_or_default(), "VmHWM:")
}

/// Of all threads that run, whether they waited or were made to wait.
fn switches() -> u64 {
    let threads = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let statuses = threads.filter_map(|thread| fs::read_to_string(thread.path().join("status")).ok());
    let both = ["voluntary_ctxt_switches:", "nonvoluntary_ctxt_switches:"];
    statuses.map(|status| both.map(|name| figure(&status, name)).iter().sum::<u64>()).sum()
}

/// The figure called `name` in a `status` of `/proc`.
fn figure(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|text| text.split_ascii_whitespace().next()?.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_system_time_are_found_behind_any_name() {
        let stat = "7 (a) b (c) R 1 1 1 0 -1 4194304 1 0 0 0 150 25 0 0 20 0 1 0 1 1 1";
        assert_eq!(ticks(stat), Some(175));
        assert_eq!(ticks("no process"), None);
    }

    #[test]
    fn this_process_has_memory_and_was_switched() {
        std::thread::sleep(Duration::from_millis(1));
        assert!(usage().peak_kib > 100 && switches() > 0);
    }
}
