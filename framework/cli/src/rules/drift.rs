//! Rules of what is declared against what is seen.

/// What is declared is not seen.
pub const SILENT: &str = "DRIFT_SILENT";
/// What is seen is not declared.
pub const UNDECLARED: &str = "DRIFT_UNDECLARED";
/// What is seen is of a version that nobody declares.
pub const VERSION_SKEW: &str = "DRIFT_VERSION_SKEW";
