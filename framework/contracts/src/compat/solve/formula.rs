//! What can be said of one value.

use crate::compat::graph::{NameId, NodeId, PatternId};

/// A statement about a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::compat) enum Formula {
    /// It keeps to the schema.
    Keeps(NodeId),
    /// It breaks the schema.
    Breaks(NodeId),
    /// It has one property of those that make it break a schema, and a few more.
    Is(Lit),
}

/// A plain statement: as a rule, that one keyword of a schema is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::compat) enum Lit {
    /// The object has the member.
    Present(NameId),
    /// It does not.
    Absent(NameId),
    /// A number with a fraction.
    Fraction,
    /// None of the listed values.
    Unlisted(NodeId),
    /// Beyond `minimum`.
    Below(NodeId),
    /// Beyond `maximum`.
    Above(NodeId),
    /// Off `multipleOf`.
    OffStep(NodeId),
    /// Too short a text.
    Shorter(NodeId),
    /// Too long a text.
    Longer(NodeId),
    /// Not of the pattern.
    OffPattern(NodeId),
    /// Not of the format.
    OffFormat(NodeId),
    /// Not of the encoding or media type.
    OffContent(NodeId),
    /// The text matches a pattern, or does not.
    Matches(PatternId, bool),
    /// A name that neither document says.
    Fresh,
    /// Too few elements.
    FewerElements(NodeId),
    /// Too many elements.
    MoreElements(NodeId),
    /// The element of `prefixItems` at the index breaks its schema.
    Element(NodeId, u32),
    /// An element after the prefix breaks `items`.
    Items(NodeId),
    /// Too few elements keep to `contains`.
    ContainsFew(NodeId),
    /// Too many do.
    ContainsMany(NodeId),
    /// Two elements are equal.
    Repeats,
    /// An unevaluated element breaks its schema.
    UnevaluatedElement(NodeId),
    /// Too few members.
    FewerMembers(NodeId),
    /// Too many members.
    MoreMembers(NodeId),
    /// The property at the index is there and breaks its schema.
    Member(NodeId, u32),
    /// A member that matches the pattern at the index breaks its schema.
    PatternMember(NodeId, u32),
    /// An undeclared member breaks `additionalProperties`.
    RestMember(NodeId),
    /// A member's name breaks `propertyNames`.
    Name(NodeId),
    /// An unevaluated member breaks its schema.
    UnevaluatedMember(NodeId),
}
