//! The ways in which a choice can go.

use crate::compat::graph::{Kinds, Node, NodeId};

use super::Solver;
use super::formula::{Formula, Lit};
use super::state::{Pending, State};

/// The most branches of a `oneOf` of which two may hold at once, where it must not hold.
const MAX_OVERLAPPING: usize = 24;

/// How many schemas may wait to be broken before the branch of a union that is kept is chosen first.
const FEW_BROKEN: usize = 3;

/// One way: statements, and the branch of a `oneOf` that it takes.
#[derive(Debug, Clone, Default)]
pub(super) struct Way {
    pub(super) formulas: Vec<Formula>,
    /// The schema with the `oneOf`, and the branch: all other branches are broken then.
    pub(super) only: Option<(NodeId, NodeId)>,
}

impl Way {
    pub(super) fn one(formula: Formula) -> Self {
        Self { formulas: vec![formula], only: None }
    }

    fn all(formulas: Vec<Formula>) -> Self {
        Self { formulas, only: None }
    }
}

/// What to do next.
#[derive(Debug)]
pub(super) enum Choice {
    /// No choice is open.
    None,
    /// One cannot be made.
    Impossible,
    /// The choice at the index holds whatever comes.
    Settled(usize),
    /// It has one way.
    Forced(usize, Way),
    /// It has several. If they are not all, the search is not complete.
    Ways { index: usize, ways: Vec<Way>, complete: bool },
    /// The budget is used up.
    Spent,
}

/// In what order choices are made: those that follow from a `oneOf` last, those of which all ways are known first,
/// then those with the fewest.
type Rank = (bool, bool, usize);

/// The ways of one choice.
enum Ways {
    Settled,
    List { ways: Vec<Way>, complete: bool },
}

impl Ways {
    fn complete(ways: Vec<Way>) -> Self {
        Self::List { ways, complete: true }
    }
}

/// The best choice of a kind so far: its rank, its index, its ways.
type Best = Option<(Rank, usize, Vec<Way>)>;

fn keep_better(best: &mut Best, rank: Rank, index: usize, ways: Vec<Way>) {
    if best.as_ref().is_none_or(|(known, ..)| rank < *known) {
        *best = Some((rank, index, ways));
    }
}

impl Solver<'_> {
    pub(super) fn next_choice(&self, state: &State) -> Choice {
        // What is kept and what is broken.
        let (mut kept, mut broken): (Best, Best) = (None, None);
        let mut many_broken = 0;
        for (index, pending) in state.pending.iter().enumerate() {
            if !self.step() {
                return Choice::Spent;
            }
            let late = matches!(pending, Pending::Excluded(_));
            let is_better = |best: &Best| best.as_ref().is_some_and(|(rank, ..)| !rank.0);
            if late && (is_better(&kept) || is_better(&broken)) {
                continue;
            }
            let Ways::List { ways, complete } = self.ways(state, *pending) else {
                return Choice::Settled(index);
            };
            if ways.is_empty() && complete {
                return Choice::Impossible;
            }
            if ways.len() == 1 && complete {
                return Choice::Forced(index, ways.into_iter().next().unwrap_or_default());
            }
            // A choice of which all ways are known can end in a proof.
            let rank = (late, !complete, ways.len());
            if matches!(pending, Pending::Broken(_)) {
                many_broken += 1;
                keep_better(&mut broken, rank, index, ways);
            } else {
                keep_better(&mut kept, rank, index, ways);
            }
        }
        // What must be broken in many ways at once is a union, as a rule: which branch the value is of tells most of
        // them apart, and without it they multiply.
        let union_first =
            many_broken > FEW_BROKEN && kept.as_ref().is_some_and(|(rank, ..)| !rank.0 && !rank.1);
        let best = match (kept, broken) {
            (Some(kept), Some(broken)) => Some(if union_first || kept.0 < broken.0 { kept } else { broken }),
            (kept, broken) => kept.or(broken),
        };
        match best {
            None => Choice::None,
            Some(((_, incomplete, _), index, ways)) => Choice::Ways { index, ways, complete: !incomplete },
        }
    }

    fn ways(&self, state: &State, pending: Pending) -> Ways {
        match pending {
            Pending::Any(id) => self.any(state, id),
            Pending::One(id) => self.one(state, id),
            Pending::Conditional(id) => self.conditional(state, id, Formula::Keeps),
            Pending::Broken(id) | Pending::Excluded(id) => self.broken(state, id),
        }
    }

    fn candidates(&self, state: &State, branches: &[NodeId]) -> Vec<NodeId> {
        branches.iter().copied().filter(|branch| !self.is_refuted(state, *branch)).collect()
    }

    fn any(&self, state: &State, id: NodeId) -> Ways {
        let Some(branches) = &self.graph.node(id).any else { return Ways::Settled };
        if branches.iter().any(|branch| state.keeps(self.graph, *branch)) {
            return Ways::Settled;
        }
        let ways = self.candidates(state, branches);
        Ways::complete(ways.into_iter().map(|branch| Way::one(Formula::Keeps(branch))).collect())
    }

    fn one(&self, state: &State, id: NodeId) -> Ways {
        let Some(branches) = &self.graph.node(id).one else { return Ways::Settled };
        let candidates = self.candidates(state, branches);
        let known = candidates.iter().find(|branch| state.keeps(self.graph, **branch));
        let way =
            |branch: &NodeId| Way { formulas: vec![Formula::Keeps(*branch)], only: Some((id, *branch)) };
        Ways::complete(match known {
            Some(branch) => vec![way(branch)],
            None => candidates.iter().map(way).collect(),
        })
    }

    /// `if`, `then`, `else`, each consequence in the given form.
    fn conditional(&self, state: &State, id: NodeId, form: impl Fn(NodeId) -> Formula) -> Ways {
        let Some(conditional) = &self.graph.node(id).conditional else { return Ways::Settled };
        let negative = matches!(form(0), Formula::Breaks(_));
        let mut ways = Vec::new();
        for (test, next) in [
            (Formula::Keeps(conditional.test), conditional.then),
            (Formula::Breaks(conditional.test), conditional.otherwise),
        ] {
            let refuted = match test {
                Formula::Keeps(test) => self.is_refuted(state, test),
                _ => state.keeps(self.graph, conditional.test),
            };
            // What is not there cannot be broken.
            if !refuted && (next.is_some() || !negative) {
                ways.push(Way::all(std::iter::once(test).chain(next.map(&form)).collect()));
            }
        }
        Ways::complete(ways)
    }

    /// The ways to break a schema.
    fn broken(&self, state: &State, id: NodeId) -> Ways {
        if self.is_refuted_but_broken(state, id) {
            return Ways::Settled;
        }
        let node = self.graph.node(id);
        let mut ways: Vec<Way> = self.broken_keywords(state, id, node).into_iter().map(Way::one).collect();
        if node.values.is_some() {
            ways.push(self.unlisted(state, id, node));
        }
        let mut complete = true;
        self.broken_dependencies(state, id, node, &mut ways);
        for part in &node.all {
            if !state.keeps(self.graph, *part) {
                ways.push(Way::one(Formula::Breaks(*part)));
            }
        }
        if let Some(branches) = &node.any
            && branches.iter().all(|branch| !state.keeps(self.graph, *branch))
        {
            let broken = self.candidates(state, branches).into_iter().map(Formula::Breaks).collect();
            ways.push(Way::all(broken));
        }
        if let Some(branches) = &node.one {
            complete = self.not_one(state, branches, &mut ways);
        }
        if let Some(not) = node.not
            && !self.is_refuted(state, not)
        {
            ways.push(Way::one(Formula::Keeps(not)));
        }
        if let Ways::List { ways: more, .. } = self.conditional(state, id, Formula::Breaks) {
            ways.extend(more);
        }
        if ways.iter().any(|way| way.formulas.is_empty()) {
            return Ways::Settled;
        }
        Ways::List { ways, complete }
    }

    /// The ways to break what members say of the object around them, and what is said of unevaluated parts: these
    /// are looked at where all else is kept.
    fn broken_dependencies(&self, state: &State, id: NodeId, node: &Node, ways: &mut Vec<Way>) {
        let keeps_else: Vec<Formula> = node.all.iter().map(|part| Formula::Keeps(*part)).collect();
        if state.kind == Kinds::LIST && node.list.as_ref().is_some_and(|rules| rules.unevaluated.is_some()) {
            let lit = Formula::Is(Lit::UnevaluatedElement(id));
            ways.push(Way::all(keeps_else.iter().copied().chain([lit]).collect()));
        }
        let Some(rules) = node.object.as_ref().filter(|_| state.kind == Kinds::OBJECT) else { return };
        if rules.unevaluated.is_some() {
            let lit = Formula::Is(Lit::UnevaluatedMember(id));
            ways.push(Way::all(keeps_else.into_iter().chain([lit]).collect()));
        }
        for (name, needed) in &rules.needs {
            for other in needed.iter().filter(|other| !state.present.contains(*other)) {
                let lits = [Lit::Present(*name), Lit::Absent(*other)];
                ways.push(Way::all(lits.map(Formula::Is).to_vec()));
            }
        }
        for (name, schema) in &rules.implies {
            if !state.absent.contains(name) && !state.keeps(self.graph, *schema) {
                let formulas = vec![Formula::Is(Lit::Present(*name)), Formula::Breaks(*schema)];
                ways.push(Way::all(formulas));
            }
        }
    }

    /// None of the branches holds, or two do. Whether all ways are listed.
    fn not_one(&self, state: &State, branches: &[NodeId], ways: &mut Vec<Way>) -> bool {
        let candidates = self.candidates(state, branches);
        if candidates.iter().all(|branch| !state.keeps(self.graph, *branch)) {
            ways.push(Way::all(candidates.iter().map(|branch| Formula::Breaks(*branch)).collect()));
        }
        let apart = |first: NodeId, second: NodeId| {
            self.spend(1);
            self.summaries.exclude_each_other(self.graph, state.kind, first, second)
        };
        // Where one is known to hold, another one beside it is all there can be.
        if let Some(held) = candidates.iter().position(|branch| state.keeps(self.graph, *branch)) {
            let others = candidates.iter().enumerate().filter(|(index, _)| *index != held);
            let others = others.filter(|(_, other)| !apart(candidates[held], **other));
            ways.extend(others.map(|(_, other)| Way::one(Formula::Keeps(*other))));
            return true;
        }
        let complete = candidates.len() <= MAX_OVERLAPPING;
        let some = candidates.get(..MAX_OVERLAPPING).unwrap_or(&candidates);
        for (index, first) in some.iter().enumerate() {
            for second in &some[index + 1..] {
                if !apart(*first, *second) {
                    ways.push(Way::all(vec![Formula::Keeps(*first), Formula::Keeps(*second)]));
                }
            }
        }
        complete
    }

    /// To be none of the listed values: where these are lists or objects, to break the schema of each.
    fn unlisted(&self, state: &State, id: NodeId, node: &Node) -> Way {
        match &node.spelled {
            Some(spelled) if Kinds::LIST.or(Kinds::OBJECT).meets(state.kind) => {
                let alike = spelled.iter().filter(|id| self.graph.node(**id).kinds.meets(state.kind));
                Way::all(alike.map(|id| Formula::Breaks(*id)).collect())
            }
            _ => Way::one(Formula::Is(Lit::Unlisted(id))),
        }
    }

    /// The keywords of the schema itself that a value of this kind can break, as far as that is seen at once.
    fn broken_keywords(&self, state: &State, id: NodeId, node: &Node) -> Vec<Formula> {
        let mut lits = Vec::new();
        if state.kind == Kinds::NUMBER {
            lits.extend(node.minimum().is_some().then_some(Lit::Below(id)));
            lits.extend(node.maximum().is_some().then_some(Lit::Above(id)));
            lits.extend(node.step().is_some().then_some(Lit::OffStep(id)));
            if state.kinds.meets(Kinds::FRACTION) && !node.kinds.meets(Kinds::FRACTION) {
                lits.push(Lit::Fraction);
            }
        } else if state.kind == Kinds::TEXT {
            text_lits(id, node, &mut lits);
        } else if state.kind == Kinds::LIST {
            list_lits(id, node, &mut lits);
        } else if state.kind == Kinds::OBJECT {
            self.member_lits(state, id, node, &mut lits);
        }
        lits.into_iter().map(Formula::Is).collect()
    }

    fn member_lits(&self, state: &State, id: NodeId, node: &Node, lits: &mut Vec<Lit>) {
        let Some(rules) = &node.object else { return };
        let required = rules.required.iter().filter(|name| !state.present.contains(*name));
        lits.extend(required.map(|name| Lit::Absent(*name)));
        self.spend(rules.properties.len() / 4);
        for (index, (name, schema)) in rules.properties.iter().enumerate() {
            if !state.absent.contains(name) && !self.keeps_member(state, *name, *schema) {
                lits.push(Lit::Member(id, index as u32));
            }
        }
        lits.extend((0..rules.patterns.len()).map(|index| Lit::PatternMember(id, index as u32)));
        let open = |schema: Option<NodeId>| {
            schema.is_some_and(|schema| !self.graph.node(schema).is_silent(Kinds::ALL))
        };
        lits.extend(open(rules.rest).then_some(Lit::RestMember(id)));
        lits.extend(open(rules.names).then_some(Lit::Name(id)));
        lits.extend((rules.least > state.present.len() as u64).then_some(Lit::FewerMembers(id)));
        lits.extend(rules.most.is_some().then_some(Lit::MoreMembers(id)));
    }

    /// Whether a member of this name, if it is there, keeps to a schema like this one by what is asserted.
    fn keeps_member(&self, state: &State, name: u32, schema: NodeId) -> bool {
        if self.graph.node(schema).is_silent(Kinds::ALL) {
            return true;
        }
        let objects = state.asserted.iter().filter_map(|id| self.graph.node(*id).object.as_ref());
        objects
            .filter_map(|rules| rules.property(name))
            .any(|known| self.graph.same(known, schema) || self.graph.node(known).never)
    }
}

fn text_lits(id: NodeId, node: &Node, lits: &mut Vec<Lit>) {
    let Some(rules) = &node.text else { return };
    lits.extend((rules.least > 0).then_some(Lit::Shorter(id)));
    lits.extend(rules.most.is_some().then_some(Lit::Longer(id)));
    lits.extend(rules.pattern.is_some().then_some(Lit::OffPattern(id)));
    lits.extend(rules.format.is_some().then_some(Lit::OffFormat(id)));
    lits.extend(rules.content.is_some().then_some(Lit::OffContent(id)));
}

fn list_lits(id: NodeId, node: &Node, lits: &mut Vec<Lit>) {
    let Some(rules) = &node.list else { return };
    lits.extend((rules.least > 0).then_some(Lit::FewerElements(id)));
    lits.extend(rules.most.is_some().then_some(Lit::MoreElements(id)));
    lits.extend((0..rules.prefix.len()).map(|index| Lit::Element(id, index as u32)));
    lits.extend(rules.items.is_some().then_some(Lit::Items(id)));
    if rules.contains.is_some() {
        lits.extend((rules.least_contained > 0).then_some(Lit::ContainsFew(id)));
        lits.extend(rules.most_contained.is_some().then_some(Lit::ContainsMany(id)));
    }
    lits.extend(rules.unique.then_some(Lit::Repeats));
}
