//! Every bound that the command sets, in one place.

/// How many findings a person is shown, as text, Markdown or GitHub annotations. All of them are in JSON, `JUnit`
/// and SARIF.
pub const MAX_SHOWN_FINDINGS: usize = 50;

/// How many causes of one finding a person is shown.
pub const MAX_SHOWN_CAUSES: usize = 10;

/// How many problems of unreadable input a person is shown.
pub const MAX_SHOWN_PROBLEMS: usize = 20;

/// How many places of one finding a person is shown.
pub const MAX_SHOWN_PLACES: usize = 20;

/// The longest problem or advice that standard error is given, in characters; the rest is `…`. A manifest's own text may be a part
/// of it.
pub const MAX_SHOWN_ERROR: usize = 4_000;

/// How many reasons of a registry for one refusal are told.
pub const MAX_REGISTRY_REASONS: usize = 20;

/// The longest line of a file that is shown, in characters; the rest is `…`.
pub const MAX_SHOWN_LINE: usize = 120;

/// The longest sentence, path or pointer of a finding that a person is shown, in characters; the rest is `…`. Names in a
/// schema may be as long as the schema.
pub const MAX_SHOWN_TEXT: usize = 800;

/// How much of a line of a file is kept to be shown, in bytes: a whole schema may stand on one.
pub const MAX_KEPT_LINE_BYTES: usize = 1_000;

/// The longest witness that a person is shown, in characters; the rest is `…`.
pub const MAX_SHOWN_WITNESS: usize = 2_000;

/// How many versions a folder of contracts may hold.
pub const MAX_CONTRACT_FILES: usize = 100_000;

/// The longest git ref that is taken, in bytes.
pub const MAX_REF_BYTES: usize = 250;

/// The largest file of approvals, in bytes.
pub const MAX_APPROVALS_BYTES: usize = 1024 * 1024;

/// How much text the manifests of one call may have, in bytes.
pub const MAX_MANIFESTS_BYTES: usize = 256 * 1024 * 1024;

/// How much text the contracts of one folder, commit or registry may have, in bytes.
pub const MAX_CONTRACTS_BYTES: usize = 256 * 1024 * 1024;

/// How many files and folders one folder may hold among contracts.
pub const MAX_FOLDER_ENTRIES: usize = 100_000;

/// How many changes, or services that did not change, a person is shown.
pub const MAX_SHOWN_CHANGES: usize = 50;

/// How many attempts of one request a registry may let wait until their end. Apicurio Registry 3.3.3 was seen to lose a request
/// now and then, which nobody answers.
pub const MAX_SILENT_ATTEMPTS: u32 = 2;

/// The largest answer of a registry that is read, in bytes.
pub const MAX_REGISTRY_ANSWER_BYTES: u64 = 32 * 1024 * 1024;

/// The largest answer of an observer that is read, in bytes: an instance of 10,000 events.
pub const MAX_OBSERVER_ANSWER_BYTES: u64 = 64 * 1024 * 1024;

/// How many instances `where` tells of in full, where a key names several.
pub const MAX_WHERE: usize = 20;

/// How many subjects of a registry are read.
pub const MAX_SUBJECTS: usize = 10_000;

/// The largest value that a dead letter is given, in bytes.
pub const MAX_EDITED_BYTES: usize = 16 * 1024 * 1024;
