//! Rules of contract files and their history.

/// A published version says something else than it said.
pub const MUTATED: &str = "CONTRACT_MUTATED";
/// A published version is gone.
pub const DELETED: &str = "CONTRACT_DELETED";
/// A new version breaks those before it, and its number does not say so.
pub const MISSING_BUMP: &str = "CONTRACT_MISSING_BUMP";
/// What a service's code says and what its contract files say differ.
pub const DRIFT: &str = "CONTRACT_DRIFT";
/// A file's `$id` is not what its path says.
pub const ID_MISMATCH: &str = "CONTRACT_ID_MISMATCH";
/// A file that is no version lies among versions.
pub const STRAY_FILE: &str = "CONTRACT_STRAY_FILE";
/// An approval is past its date.
pub const APPROVAL_EXPIRED: &str = "APPROVAL_EXPIRED";
/// An approval approves nothing.
pub const APPROVAL_UNUSED: &str = "APPROVAL_UNUSED";
/// A registry refuses a schema.
pub const REGISTRY_REFUSES: &str = "REGISTRY_REFUSES";
