//! One schema.

use std::sync::Arc;

use super::format::Format;
use super::kinds::Kinds;
use super::listed::Listed;
use super::names::NameId;
use super::number::{Decimal, Limit};
use super::pattern::PatternId;

/// A schema's index in its [`Graph`](super::Graph).
pub(in crate::compat) type NodeId = u32;

/// One schema, keyword by keyword. What it does not say takes everything.
#[derive(Debug, Clone, Default)]
pub(in crate::compat) struct Node {
    /// JSON Pointer in the prepared document.
    pub(in crate::compat) pointer: Box<str>,
    /// `false`.
    pub(in crate::compat) never: bool,
    pub(in crate::compat) kinds: Kinds,
    /// `enum` and `const`.
    pub(in crate::compat) values: Option<Arc<Listed>>,
    /// The lists and objects among them, each as a schema that takes nothing else, unless they are too many.
    pub(in crate::compat) spelled: Option<Box<[NodeId]>>,
    pub(in crate::compat) numbers: Option<Box<NumberRules>>,
    pub(in crate::compat) text: Option<Box<TextRules>>,
    pub(in crate::compat) list: Option<Box<ListRules>>,
    pub(in crate::compat) object: Option<Box<ObjectRules>>,
    /// `$ref` and `allOf`.
    pub(in crate::compat) all: Vec<NodeId>,
    pub(in crate::compat) any: Option<Box<[NodeId]>>,
    /// Whether `any` stands as `oneOf` in the document, and was opened.
    pub(in crate::compat) was_one: bool,
    /// Whether it stands nowhere in the document, and was made in opening it.
    pub(in crate::compat) is_made: bool,
    pub(in crate::compat) one: Option<Box<[NodeId]>>,
    pub(in crate::compat) not: Option<NodeId>,
    pub(in crate::compat) conditional: Option<Box<Conditional>>,
}

/// What is said of numbers.
#[derive(Debug, Clone, Default)]
pub(in crate::compat) struct NumberRules {
    pub(in crate::compat) minimum: Option<Limit>,
    pub(in crate::compat) maximum: Option<Limit>,
    pub(in crate::compat) step: Option<Decimal>,
    /// The name of an integer's width (`uint32`), which says no more than its bounds.
    pub(in crate::compat) width: Option<Box<str>>,
}

impl NumberRules {
    /// Whether any number is refused.
    pub(in crate::compat) fn refuses(&self) -> bool {
        self.minimum.is_some() || self.maximum.is_some() || self.step.is_some()
    }
}

/// What is said of texts.
#[derive(Debug, Clone, Default)]
pub(in crate::compat) struct TextRules {
    pub(in crate::compat) least: u64,
    pub(in crate::compat) most: Option<u64>,
    pub(in crate::compat) pattern: Option<PatternId>,
    pub(in crate::compat) format: Option<Format>,
    /// Encoding and media type, where the dialect asserts them: never compared, only matched.
    pub(in crate::compat) content: Option<PatternId>,
}

/// What is said of lists.
#[derive(Debug, Clone, Default)]
pub(in crate::compat) struct ListRules {
    pub(in crate::compat) least: u64,
    pub(in crate::compat) most: Option<u64>,
    pub(in crate::compat) prefix: Vec<NodeId>,
    pub(in crate::compat) items: Option<NodeId>,
    pub(in crate::compat) contains: Option<NodeId>,
    /// `minContains`, 1 by default.
    pub(in crate::compat) least_contained: u64,
    pub(in crate::compat) most_contained: Option<u64>,
    pub(in crate::compat) unique: bool,
    pub(in crate::compat) unevaluated: Option<NodeId>,
}

impl ListRules {
    /// What it says of the element at `index`.
    pub(in crate::compat) fn element(&self, index: usize) -> Option<NodeId> {
        self.prefix.get(index).copied().or(self.items)
    }
}

/// What is said of objects.
#[derive(Debug, Clone, Default)]
pub(in crate::compat) struct ObjectRules {
    pub(in crate::compat) least: u64,
    pub(in crate::compat) most: Option<u64>,
    /// By name, sorted.
    pub(in crate::compat) properties: Vec<(NameId, NodeId)>,
    pub(in crate::compat) patterns: Vec<(PatternId, NodeId)>,
    /// `additionalProperties`.
    pub(in crate::compat) rest: Option<NodeId>,
    /// `propertyNames`.
    pub(in crate::compat) names: Option<NodeId>,
    /// Sorted.
    pub(in crate::compat) required: Vec<NameId>,
    /// `dependentRequired`.
    pub(in crate::compat) needs: Vec<(NameId, Vec<NameId>)>,
    /// `dependentSchemas`.
    pub(in crate::compat) implies: Vec<(NameId, NodeId)>,
    pub(in crate::compat) unevaluated: Option<NodeId>,
}

impl ObjectRules {
    pub(in crate::compat) fn property(&self, name: NameId) -> Option<NodeId> {
        let at = self.properties.binary_search_by_key(&name, |(name, _)| *name).ok()?;
        Some(self.properties[at].1)
    }

    pub(in crate::compat) fn requires(&self, name: NameId) -> bool {
        self.required.binary_search(&name).is_ok()
    }
}

/// `if`, `then` and `else`.
#[derive(Debug, Clone, Copy)]
pub(in crate::compat) struct Conditional {
    pub(in crate::compat) test: NodeId,
    pub(in crate::compat) then: Option<NodeId>,
    pub(in crate::compat) otherwise: Option<NodeId>,
}

impl Node {
    pub(in crate::compat) fn minimum(&self) -> Option<Limit> {
        self.numbers.as_ref()?.minimum
    }

    pub(in crate::compat) fn maximum(&self) -> Option<Limit> {
        self.numbers.as_ref()?.maximum
    }

    /// `multipleOf`.
    pub(in crate::compat) fn step(&self) -> Option<Decimal> {
        self.numbers.as_ref()?.step
    }

    /// A schema that says this of numbers, and nothing else.
    pub(in crate::compat) fn of_numbers(rules: NumberRules) -> Self {
        Self { numbers: Some(Box::new(rules)), ..Self::default() }
    }

    /// Whether it accepts every value of the kinds, by saying nothing about them.
    pub(in crate::compat) fn is_silent(&self, kinds: Kinds) -> bool {
        let about_numbers = self.numbers.as_ref().is_some_and(|rules| rules.refuses());
        !self.never
            && self.kinds.contains(kinds)
            && self.values.is_none()
            && !(about_numbers && kinds.meets(Kinds::NUMBER))
            && (self.text.is_none() || !kinds.meets(Kinds::TEXT))
            && (self.list.is_none() || !kinds.meets(Kinds::LIST))
            && (self.object.is_none() || !kinds.meets(Kinds::OBJECT))
            && !self.has_parts()
    }

    /// Whether other schemas apply to the same value.
    pub(in crate::compat) fn has_parts(&self) -> bool {
        !self.all.is_empty()
            || self.any.is_some()
            || self.one.is_some()
            || self.not.is_some()
            || self.conditional.is_some()
    }

    /// Calls `visit` with each node that this one applies to its own value.
    pub(in crate::compat) fn for_each_in_place(&self, mut visit: impl FnMut(NodeId)) {
        let lists = self.any.iter().chain(&self.one).flat_map(|list| list.iter());
        self.all.iter().chain(lists).chain(&self.not).for_each(|id| visit(*id));
        if let Some(conditional) = &self.conditional {
            visit(conditional.test);
            conditional.then.iter().chain(&conditional.otherwise).for_each(|id| visit(*id));
        }
        if let Some(object) = &self.object {
            object.implies.iter().for_each(|(_, id)| visit(*id));
        }
    }

    /// Calls `visit` with each node that this one names.
    pub(in crate::compat) fn for_each_named(&self, mut visit: impl FnMut(NodeId)) {
        self.for_each_in_place(&mut visit);
        if let Some(list) = &self.list {
            let one = list.items.iter().chain(&list.contains).chain(&list.unevaluated);
            list.prefix.iter().chain(one).for_each(|id| visit(*id));
        }
        if let Some(object) = &self.object {
            object.properties.iter().for_each(|(_, id)| visit(*id));
            object.patterns.iter().for_each(|(_, id)| visit(*id));
            let one = object.rest.iter().chain(&object.names).chain(&object.unevaluated);
            one.for_each(|id| visit(*id));
        }
    }

    /// Lets `visit` change each node that this one names.
    pub(in crate::compat) fn for_each_edge(&mut self, mut visit: impl FnMut(&mut NodeId)) {
        let lists = self.any.iter_mut().chain(self.one.iter_mut()).flat_map(|list| list.iter_mut());
        self.all.iter_mut().chain(lists).chain(self.not.iter_mut()).for_each(&mut visit);
        if let Some(conditional) = &mut self.conditional {
            visit(&mut conditional.test);
            conditional.then.iter_mut().chain(conditional.otherwise.iter_mut()).for_each(&mut visit);
        }
        if let Some(list) = &mut self.list {
            let one = [&mut list.items, &mut list.contains, &mut list.unevaluated];
            list.prefix.iter_mut().chain(one.into_iter().flatten()).for_each(&mut visit);
        }
        if let Some(object) = &mut self.object {
            object.properties.iter_mut().for_each(|(_, node)| visit(node));
            object.patterns.iter_mut().for_each(|(_, node)| visit(node));
            object.implies.iter_mut().for_each(|(_, node)| visit(node));
            let one = [&mut object.rest, &mut object.names, &mut object.unevaluated];
            one.into_iter().flatten().for_each(&mut visit);
        }
    }
}
