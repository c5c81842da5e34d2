//! Rules of contract files and their history.

use super::Rule;

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

pub(super) const RULES: [Rule; 9] = [
    Rule {
        id: MUTATED,
        sentence: "A published version of a contract was edited beyond its annotations.",
        breaks: "Events that were written under this version are on topics, in outboxes and among dead letters; two services that both say `1.0` now mean different things, and neither can tell.",
        instead: "Restore the file as it was published, and write the change as a new version.",
        example: None,
    },
    Rule {
        id: DELETED,
        sentence: "A published version of a contract was deleted.",
        breaks: "Its events are still on topics and may be replayed; without the file nobody can check that a reader covers them.",
        instead: "Restore the file. A version that nobody writes any more is marked `deprecated` in the file, and stays.",
        example: None,
    },
    Rule {
        id: MISSING_BUMP,
        sentence: "A new version of a contract breaks a version before it of the same major.",
        breaks: "Services choose what they can read by the major. A break inside of a major reaches all of them at once, each as dead letters on the day the emitter is deployed.",
        instead: "Publish it as a new major, emit both majors for as long as somebody reads the old one; or change it so that it breaks nobody.",
        example: None,
    },
    Rule {
        id: DRIFT,
        sentence: "What a service emits, by its manifest, is not what the contract file says.",
        breaks: "Consumers are proved against the file. If the code writes something else, the proof is about events that nobody emits.",
        instead: "Raise the version of the event in the code and run `contracts write` of the service, or undo the change of its type.",
        example: None,
    },
    Rule {
        id: ID_MISMATCH,
        sentence: "The `$id` of a contract file is not the one that its path says.",
        breaks: "An event names its contract by the `$id`. A file under another name is a contract that readers look for in vain, or find wrong.",
        instead: "Let `contracts write` make the file, or correct its `$id` to `urn:contract:<event type>/<major>.<minor>`.",
        example: None,
    },
    Rule {
        id: STRAY_FILE,
        sentence: "A file among the versions of a contract is no version.",
        breaks: "A version with a mistake in its name, `1.1.jsn` say, is a contract that nobody checks.",
        instead: "Name it `<major>.<minor>.json`, or move it elsewhere.",
        example: None,
    },
    Rule {
        id: APPROVAL_EXPIRED,
        sentence: "An approval is past its date.",
        breaks: "An exception was granted for a time, and the time is over; the break it excuses is still there.",
        instead: "Mend the finding, or agree on a new date and write the reason for it.",
        example: None,
    },
    Rule {
        id: APPROVAL_UNUSED,
        sentence: "An approval approves nothing that was found.",
        breaks: "It would excuse a break that nobody has looked at, should one with its fingerprint ever come.",
        instead: "Delete it from the file of approvals.",
        example: None,
    },
    Rule {
        id: REGISTRY_REFUSES,
        sentence: "A registry says that a schema is incompatible with what it holds under the same subject.",
        breaks: "Registering it will fail, and with it the build or the deployment that does.",
        instead: "Make the change compatible at the level that the registry has for the subject. A new major needs a title of its own, for a registry compares all versions of a subject.",
        example: None,
    },
];

pub(super) fn find(id: &str) -> Option<Rule> {
    RULES.into_iter().find(|rule| rule.id == id)
}
