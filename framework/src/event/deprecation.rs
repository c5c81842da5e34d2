//! An event that its readers are to leave.

/// What an owner says of an event that readers are to leave: `#[event(.., deprecated(sunset = "2026-12-31"))]`. Each
/// event says it in the attributes of the [deprecation extension] of `CloudEvents`.
///
/// [deprecation extension]: https://github.com/cloudevents/spec/blob/main/cloudevents/extensions/deprecation.md
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deprecation {
    /// Since when, as `2026-01-31`.
    pub from: Option<&'static str>,
    /// The day on which it may end, as `2026-12-31`.
    pub sunset: Option<&'static str>,
    /// Where to read what to do instead.
    pub migration: Option<&'static str>,
}
