//! The bounds of the model, each with its default.

use crate::fact::Millis;

/// The instances that are kept unless a setting says otherwise.
pub const DEFAULT_MAX_INSTANCES: usize = 1_000_000;
/// The bytes that events, instances and dead letters may take unless a setting says otherwise: a million instances of
/// ten events, and what little is beside them.
pub const DEFAULT_MAX_BYTES: usize = 1_500_000_000;
/// The events of one instance that are kept unless a setting says otherwise; further ones are counted.
pub const DEFAULT_MAX_EVENTS_OF_ONE: usize = 10_000;
/// How long a finished instance is kept unless a setting says otherwise, in milliseconds: a week.
pub const DEFAULT_KEEP_FINISHED_MS: Millis = 7 * 24 * 3_600 * 1_000;
/// The dead letters whose words are kept unless a setting says otherwise.
pub const DEFAULT_MAX_DEAD_LETTERS: usize = 100_000;
/// How far drift looks back unless a setting says otherwise, in milliseconds: a day.
pub const DEFAULT_DRIFT_WINDOW_MS: Millis = 24 * 3_600 * 1_000;
/// The shortest deadline of a step that declares none, in milliseconds.
pub const DEFAULT_DEADLINE_FLOOR_MS: Millis = 30_000;
/// The most problems that are kept of what the driver cannot see.
pub const MAX_PROBLEMS: usize = 100;
/// The audit topic of operators' actions, without the namespace.
pub const AUDIT_TOPIC: &str = "choreograph.audit";

/// The bounds of a [`Model`](super::Model). The default is right for one observer of one environment.
///
/// ```
/// use choreograph_observer::model::ModelSettings;
///
/// let settings = ModelSettings { namespace: Some("staging".to_owned()), ..ModelSettings::default() };
/// assert_eq!(settings.max_instances, 1_000_000);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelSettings {
    /// The environment's prefix of topics and groups, which headers carry and facts do not.
    pub namespace: Option<String>,
    /// How many instances are kept. Beyond, the finished ones that changed longest ago go first, then the others.
    pub max_instances: usize,
    /// How many bytes events, instances and dead letters may take; the same go first. Dead letters have a quarter of
    /// them.
    pub max_bytes: usize,
    /// How many events of one instance are kept; further ones are counted, and such an instance is never called lost.
    pub max_events_of_one: usize,
    /// How long a finished instance is kept, in milliseconds.
    pub keep_finished_ms: Millis,
    /// How many dead letters are kept with their words: beyond, closed ones go first, the oldest first.
    pub max_dead_letters: usize,
    /// How far drift looks back, in milliseconds.
    pub drift_window_ms: Millis,
    /// The shortest deadline of a step that declares none, in milliseconds.
    pub deadline_floor_ms: Millis,
    /// Where a trace can be looked at, `{trace}` standing for its id; `None` where there is no trace viewer.
    pub trace_url: Option<String>,
}

impl Default for ModelSettings {
    fn default() -> Self {
        Self {
            namespace: None,
            max_instances: DEFAULT_MAX_INSTANCES,
            max_bytes: DEFAULT_MAX_BYTES,
            max_events_of_one: DEFAULT_MAX_EVENTS_OF_ONE,
            keep_finished_ms: DEFAULT_KEEP_FINISHED_MS,
            max_dead_letters: DEFAULT_MAX_DEAD_LETTERS,
            drift_window_ms: DEFAULT_DRIFT_WINDOW_MS,
            deadline_floor_ms: DEFAULT_DEADLINE_FLOOR_MS,
            trace_url: None,
        }
    }
}
