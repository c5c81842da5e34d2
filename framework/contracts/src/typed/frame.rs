//! One object or array that the pass is inside of.

use super::state::State;
use crate::program::{
    ANY, ArrayRules, Atom, NEVER, Node, NodeId, ObjectPlan, ObjectRules, Others, Tag, hash,
};

/// An object, from its first member to its end.
pub(super) struct ObjectFrame<'s> {
    state: &'s State<'s>,
    plan: &'s ObjectPlan,
    /// Which declared names were seen, by the bits of the rules.
    seen: u128,
    /// How many members there were.
    count: u64,
    /// Where the last declared name stands among those that follow each other.
    place: usize,
    /// How many undeclared names were noted when the object began.
    noted_before: usize,
    noted: bool,
    /// The tag whose value comes next.
    tag: Option<&'s Tag>,
    /// Where the next value is checked.
    next: NodeId,
}

impl<'s> ObjectFrame<'s> {
    /// Begins an object at `node`. `None`: none may stand there.
    #[inline]
    pub(super) fn open(state: &'s State<'s>, node: &'s Node) -> Option<Self> {
        let plan = state.program.object(node);
        if matches!(plan, ObjectPlan::Refused) || !state.enter() {
            state.suspect();
            return None;
        }
        Some(Self {
            state,
            plan,
            seen: 0,
            count: 0,
            place: 0,
            noted_before: 0,
            noted: false,
            tag: None,
            next: ANY,
        })
    }

    /// Takes the name of the next member; whether it may stand here.
    #[inline]
    pub(super) fn name(&mut self, name: &str) -> bool {
        self.take_expected(name) || self.take(name) || self.state.refused()
    }

    /// Takes the name that came here the last time, if it has no rules of its own.
    #[inline]
    fn take_expected(&mut self, name: &str) -> bool {
        let ObjectPlan::Rules(rules) = self.plan else { return false };
        let Some((index, (known, node))) = rules.names.expected(self.place) else { return false };
        let bit = 1u128 << index;
        if **known != *name || self.seen & bit != 0 || *node == NEVER || rules.each_name.is_some() {
            return false;
        }
        self.seen |= bit;
        self.count += 1;
        self.place = index + 1;
        self.next = *node;
        true
    }

    #[inline(never)]
    fn take(&mut self, name: &str) -> bool {
        let rules = match self.plan {
            ObjectPlan::Rules(rules) => rules,
            ObjectPlan::ByTag(tag) => return self.take_before(tag, name),
            ObjectPlan::ByName(names) => {
                let Some(chosen) = names.get(name) else { return false };
                match self.switch(*chosen) {
                    Some(rules) => rules,
                    None => return false,
                }
            }
            ObjectPlan::Refused | ObjectPlan::As(_) => return false,
        };
        self.count += 1;
        match rules.names.find(hash(name), name) {
            Some((index, node)) => {
                rules.names.expect(self.place, index);
                self.place = index + 1;
                let bit = 1u128 << index;
                if self.seen & bit != 0 {
                    return false;
                }
                self.seen |= bit;
                self.next = *node;
            }
            None => self.undeclared(rules, name),
        }
        self.next != NEVER
            && rules
                .each_name
                .is_none_or(|node| self.state.atom(self.state.program.node(node), Atom::Text(name)))
    }

    /// Takes the tag, or a name that all alternatives check alike.
    fn take_before(&mut self, tag: &'s Tag, name: &str) -> bool {
        self.count += 1;
        if *tag.name == *name {
            self.tag = Some(tag);
            self.next = tag.value;
            return true;
        }
        let Some((index, node)) = tag.early.find(hash(name), name) else { return false };
        let bit = 1u128 << index;
        let first = self.seen & bit == 0;
        self.seen |= bit;
        self.next = *node;
        first && self.next != NEVER
    }

    fn undeclared(&mut self, rules: &ObjectRules, name: &str) {
        if !self.noted {
            self.noted = true;
            self.noted_before = self.state.noted();
        }
        self.state.note(hash(name));
        self.next = match &rules.other {
            Others::At(node) => *node,
            Others::ByPattern { patterns, nodes } => {
                let matching: usize =
                    patterns.iter().enumerate().map(|(at, it)| usize::from(it.matches(name)) << at).sum();
                nodes.get(matching).copied().unwrap_or(NEVER)
            }
        };
    }

    /// Goes on with the rules of the node that was chosen.
    fn switch(&mut self, chosen: NodeId) -> Option<&'s ObjectRules> {
        self.plan = self.state.program.object(self.state.program.node(chosen));
        self.place = 0;
        match self.plan {
            ObjectPlan::Rules(rules) => Some(rules),
            _ => None,
        }
    }

    /// Where the value of the member that was named last is checked.
    #[inline]
    pub(super) fn value(&self) -> &'s Node {
        self.state.program.node(self.next)
    }

    /// Ends the member that was named last; whether all is well.
    #[inline]
    pub(super) fn after(&mut self) -> bool {
        match self.tag.take() {
            None => true,
            Some(tag) => self.after_tag(tag) || self.state.refused(),
        }
    }

    /// Takes what the tag chose, and what came before it into the bits of the new rules.
    fn after_tag(&mut self, tag: &Tag) -> bool {
        let Some(rules) = self.state.chosen().and_then(|chosen| self.switch(chosen)) else { return false };
        let early = std::mem::take(&mut self.seen);
        let before = tag.early.iter().enumerate().filter(|(index, _)| early & (1 << index) != 0);
        let names = before.map(|(_, (name, _))| name).chain([&tag.name]);
        for name in names {
            let Some((index, _)) = rules.names.find(hash(name), name) else { return false };
            self.seen |= 1 << index;
            if rules
                .each_name
                .is_some_and(|node| !self.state.atom(self.state.program.node(node), Atom::Text(name)))
            {
                return false;
            }
        }
        true
    }

    /// Ends the object; whether it keeps its rules.
    #[inline]
    pub(super) fn close(self) -> bool {
        self.state.leave();
        let distinct = !self.noted || self.state.distinct_since(self.noted_before);
        let ObjectPlan::Rules(rules) = self.plan else { return self.state.refused() };
        let kept = distinct
            && self.seen & rules.required == rules.required
            && self.count >= rules.min
            && self.count <= rules.max
            && (rules.dependent.is_empty() && rules.some_required.is_empty() || self.keeps_pairs(rules));
        kept || self.state.refused()
    }

    fn keeps_pairs(&self, rules: &ObjectRules) -> bool {
        let dependent =
            rules.dependent.iter().all(|(one, all)| self.seen & one == 0 || self.seen & all == *all);
        dependent
            && rules.some_required.iter().all(|some| {
                let kept = some.masks.iter().filter(|mask| self.seen & **mask == **mask).count();
                if some.exactly_one { kept == 1 } else { kept > 0 }
            })
    }
}

/// An array, from its first element to its end.
pub(super) struct ArrayFrame<'s> {
    state: &'s State<'s>,
    rules: &'s ArrayRules,
    count: u64,
}

impl<'s> ArrayFrame<'s> {
    /// Begins an array at `node`. `None`: none may stand there.
    #[inline]
    pub(super) fn open(state: &'s State<'s>, node: &'s Node) -> Option<Self> {
        let rules = state.program.array(node);
        if rules.is_none() || !state.enter() {
            state.suspect();
            return None;
        }
        rules.map(|rules| Self { state, rules, count: 0 })
    }

    /// Where the next element is checked.
    #[inline]
    pub(super) fn element(&self) -> &'s Node {
        let index = usize::try_from(self.count).unwrap_or(usize::MAX);
        let node = self.rules.prefix.get(index).copied().unwrap_or(self.rules.rest);
        self.state.program.node(node)
    }

    /// Ends an element.
    #[inline]
    pub(super) fn after(&mut self) {
        self.count += 1;
    }

    /// Ends the array; whether it keeps its rules.
    #[inline]
    pub(super) fn close(self) -> bool {
        self.state.leave();
        (self.count >= self.rules.min && self.count <= self.rules.max) || self.state.refused()
    }
}
