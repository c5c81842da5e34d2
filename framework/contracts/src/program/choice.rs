//! Which branch of an `anyOf` or `oneOf` applies, told from what one pass sees first: the kind of the value, the
//! value of a tag, the name of the only member.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Why;
use super::atom::{Atom, AtomRules, Kinds, Verdict};
use super::build::{Builder, Stop};
use super::flat::{Choice, Flat, Place};
use super::names::Names;
use super::node::{Node, NodeId, ObjectPlan, Tag, TagValues};
use super::object::texts;

/// Branches of one choice that a kind of value may keep.
type Candidates<'a> = (Choice<'a>, Vec<usize>);

/// The texts that a tag may have in one branch, `None` if they are not listed, and the rules they keep.
type TagRules<'a> = (Option<Vec<&'a str>>, AtomRules);

impl<'a> Builder<'a> {
    /// Chooses for values of one kind. `None`: a choice has no branch for them. Else the place with every branch
    /// that was the only one, and the choices that still have several.
    pub(super) fn choose(
        &mut self,
        place: &Place<'a>,
        flat: &Flat<'a>,
        kind: Kinds,
    ) -> Result<Option<(Place<'a>, Vec<Candidates<'a>>)>, Stop> {
        let mut chosen = place.clone();
        let mut several = Vec::new();
        for choice in &flat.choices {
            let mut candidates = Vec::new();
            for (index, branch) in choice.branches.iter().enumerate() {
                if self.branch_kinds(branch, 0)?.has(kind) {
                    candidates.push(index);
                }
            }
            match candidates.as_slice() {
                [] => return Ok(None),
                [only] => chosen.choose(choice.branches, *only),
                _ => several.push((*choice, candidates)),
            }
        }
        Ok(Some((chosen, several)))
    }

    /// The plan for objects at `place`.
    pub(super) fn object(&mut self, place: &Place<'a>, flat: &Flat<'a>) -> Result<ObjectPlan, Stop> {
        let Some((chosen, several)) = self.choose(place, flat, Kinds::OBJECT)? else {
            return Ok(ObjectPlan::Refused);
        };
        if several.len() < flat.choices.len() {
            return Ok(ObjectPlan::As(self.resolved(&chosen)?));
        }
        let open: Vec<_> = several.into_iter().filter(|(choice, _)| !only_requires(choice)).collect();
        match open.as_slice() {
            [] => Ok(ObjectPlan::Rules(Box::new(self.object_rules(place, flat)?))),
            [(choice, candidates)] => self.told_apart(place, choice, candidates),
            _ => Err(Why::Alternatives.into()),
        }
    }

    /// A plan for objects that keep one of several schemas.
    fn told_apart(
        &mut self,
        place: &Place<'a>,
        choice: &Choice<'a>,
        candidates: &[usize],
    ) -> Result<ObjectPlan, Stop> {
        let branches: Vec<Place<'a>> = candidates
            .iter()
            .map(|index| {
                let mut branch = place.clone();
                branch.choose(choice.branches, *index);
                branch
            })
            .collect();
        if let Some(plan) = self.by_tag(&branches)? {
            return Ok(plan);
        }
        self.by_name(&branches, choice.exactly_one)?.ok_or_else(|| Why::Alternatives.into())
    }

    /// Told apart by a member that all require, whose texts differ from branch to branch.
    fn by_tag(&mut self, branches: &[Place<'a>]) -> Result<Option<ObjectPlan>, Stop> {
        let flats: Vec<_> = branches.iter().map(|branch| Flat::of(self.root, branch)).collect();
        let Some(first) = flats.first() else { return Ok(None) };
        let required_by = |flat: &Flat<'a>| -> BTreeSet<&'a str> {
            flat.schemas.iter().filter_map(|schema| schema.get("required")).flat_map(texts).collect()
        };
        let mut shared = required_by(first);
        for flat in &flats {
            let required = required_by(flat);
            shared.retain(|name| required.contains(name));
        }
        for name in shared {
            let Some(values) = self.tag_values(name, branches, &flats)? else { continue };
            let early = self.early(name, &values);
            let mut node = Node::new(Kinds::TEXT);
            node.tag = Some(Box::new(values));
            let value = self.push(node);
            return Ok(Some(ObjectPlan::ByTag(Box::new(Tag { name: name.into(), value, early }))));
        }
        Ok(None)
    }

    /// The members other than `tag` that are checked at the same node by all alternatives.
    fn early(&self, tag: &str, values: &TagValues) -> Names<NodeId> {
        let known = values.known.iter().map(|(_, node)| *node);
        let alternatives = known.chain(values.other.as_ref().map(|(node, _)| *node));
        let rules: Option<Vec<_>> = alternatives.map(|node| self.rules_of(node)).collect();
        let Some((first, others)) = rules.as_deref().and_then(<[_]>::split_first) else {
            return Names::new(Vec::new());
        };
        let alike =
            |name: &str, node: NodeId| others.iter().all(|rules| rules.names.get(name) == Some(&node));
        let early = first.names.iter().filter(|(name, node)| **name != *tag && alike(name, *node));
        Names::new(early.cloned().collect())
    }

    /// The values of `name` and the branches they choose, if it is a tag.
    fn tag_values(
        &mut self,
        name: &str,
        branches: &[Place<'a>],
        flats: &[Flat<'a>],
    ) -> Result<Option<TagValues>, Stop> {
        let mut known: Vec<(Box<str>, usize)> = Vec::new();
        let mut rest: Option<(usize, AtomRules)> = None;
        for (index, (branch, flat)) in branches.iter().zip(flats).enumerate() {
            let Some(members) = self.members(branch, flat) else { return Ok(None) };
            let Some((listed, rules)) = self.tag_rules(&members.at(name))? else { return Ok(None) };
            match listed {
                Some(listed) => known.extend(listed.into_iter().map(|text| (text.into(), index))),
                None if rest.is_none() => rest = Some((index, rules)),
                None => return Ok(None),
            }
        }
        let mut seen = BTreeSet::new();
        let distinct = known.iter().all(|(text, _)| seen.insert(text.clone()));
        // The branch for all other values must refuse each of the known ones.
        let apart = |rules: &AtomRules| {
            known.iter().all(|(text, _)| rules.check(Atom::Text(text)) == Verdict::Invalid)
        };
        if !distinct || !rest.as_ref().is_none_or(|(_, rules)| apart(rules)) {
            return Ok(None);
        }
        let ids = branches.iter().map(|branch| self.resolved(branch)).collect::<Result<Vec<_>, _>>()?;
        let known = known.into_iter().map(|(text, index)| (text, ids[index])).collect();
        Ok(Some(TagValues {
            known: Names::new(known),
            other: rest.map(|(index, rules)| (ids[index], rules)),
        }))
    }

    /// What a tag may be in one branch. `None`: it is no text.
    fn tag_rules(&mut self, member: &Place<'a>) -> Result<Option<TagRules<'a>>, Stop> {
        let flat = Flat::of(self.root, member);
        if member.is_refused() || flat.whys.iter().any(|(kinds, _)| kinds.has(Kinds::TEXT)) {
            return Ok(None);
        }
        let rules = self.atoms(member, 0)?;
        let listing =
            flat.schemas.iter().find_map(|schema| match (schema.get("const"), schema.get("enum")) {
                (Some(value), _) => Some(std::slice::from_ref(value)),
                (None, Some(Value::Array(values))) => Some(values.as_slice()),
                _ => None,
            });
        // Of a tag that may be something else than a text, one pass cannot tell which branch it chooses.
        if listing.is_none() && flat.kinds != Kinds::TEXT {
            return Ok(None);
        }
        let Some(listing) = listing else { return Ok(Some((None, rules))) };
        if !listing.iter().all(Value::is_string) {
            return Ok(None);
        }
        let texts = listing.iter().filter_map(Value::as_str);
        let kept = texts.filter(|text| rules.check(Atom::Text(text)) != Verdict::Invalid).collect();
        Ok(Some((Some(kept), rules)))
    }

    /// Told apart by the name of the only member: each branch requires one, and all others refuse it.
    fn by_name(&mut self, branches: &[Place<'a>], exactly_one: bool) -> Result<Option<ObjectPlan>, Stop> {
        let flats: Vec<_> = branches.iter().map(|branch| Flat::of(self.root, branch)).collect();
        let mut names: Vec<&'a str> = Vec::new();
        for flat in &flats {
            let mut required =
                flat.schemas.iter().filter_map(|schema| schema.get("required")).flat_map(texts);
            let (Some(name), None) = (required.next(), required.next()) else { return Ok(None) };
            if names.contains(&name) {
                return Ok(None);
            }
            names.push(name);
        }
        for (index, (branch, flat)) in branches.iter().zip(&flats).enumerate().filter(|_| exactly_one) {
            let Some(members) = self.members(branch, flat) else { return Ok(None) };
            let mut others = names.iter().enumerate().filter(|(other, _)| *other != index);
            if !others.all(|(_, name)| members.at(name).is_refused()) {
                return Ok(None);
            }
        }
        let mut chosen: Vec<(Box<str>, NodeId)> = Vec::new();
        for (name, branch) in names.iter().zip(branches) {
            chosen.push(((*name).into(), self.resolved(branch)?));
        }
        Ok(Some(ObjectPlan::ByName(Names::new(chosen))))
    }
}

/// Whether a choice is about nothing but required names.
fn only_requires(choice: &Choice<'_>) -> bool {
    choice.branches.iter().all(|branch| {
        branch.as_object().is_some_and(|branch| {
            branch.get("required").is_some_and(Value::is_array)
                && branch.iter().all(|(keyword, value)| match keyword.as_str() {
                    "required" | "title" | "description" => true,
                    "type" => value == "object",
                    _ => false,
                })
        })
    })
}
