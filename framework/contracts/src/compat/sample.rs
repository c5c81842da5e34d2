//! Values made at random from a schema: a search for what the solver may have missed.

use serde_json::{Map, Value, json};

use super::graph::{Graph, Kinds, Node, NodeId, Num, Texts, Wanted, texts};

/// How deep values are made.
const MAX_SAMPLE_DEPTH: usize = 12;
/// How many numbers, texts and lengths are kept to choose from.
const MAX_POOL: usize = 400;
/// How many steps go into texts of patterns.
const MAX_PATTERN_STEPS: usize = 200_000;
/// How many values one event may hold: schemas that name themselves in many fields would fill it without end.
const MAX_SAMPLE_VALUES: usize = 2_000;
/// The longest text that is made.
const MAX_SAMPLE_LENGTH: u64 = 300;

/// A small generator of numbers that look random: the same seed, the same values.
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    /// A number below `end`; 0 if that is 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { (self.next() % end as u64) as usize }
    }

    pub(super) fn one_in(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }

    pub(super) fn pick<'t, T>(&mut self, of: &'t [T]) -> Option<&'t T> {
        of.get(self.below(of.len()))
    }
}

/// Makes values of schemas, with what both documents say of numbers, texts and lengths at hand: the edges of one
/// are where the other may differ.
#[derive(Debug)]
pub(super) struct Sampler<'g> {
    graph: &'g Graph,
    dice: Dice,
    values: Vec<Value>,
    /// The kind of each of them.
    kinds: Vec<Kinds>,
    lengths: Vec<u64>,
    /// How many steps texts of patterns took so far.
    steps: usize,
    /// How many more values the event at hand may hold.
    left: usize,
}

impl<'g> Sampler<'g> {
    pub(super) fn new(graph: &'g Graph, seed: u64) -> Self {
        let mut sampler = Self {
            graph,
            dice: Dice::new(seed),
            values: Vec::new(),
            kinds: Vec::new(),
            lengths: vec![0, 1, 2, 3],
            steps: 0,
            left: 0,
        };
        for id in 0..graph.len() as NodeId {
            if sampler.values.len() + sampler.lengths.len() > MAX_POOL {
                break;
            }
            sampler.learn(graph.node(id));
        }
        sampler.kinds = sampler.values.iter().map(Kinds::of).collect();
        sampler
    }

    fn learn(&mut self, node: &Node) {
        self.values.extend(node.values.iter().flat_map(|values| values.iter().take(8).cloned()));
        for at in [node.minimum(), node.maximum()].into_iter().flatten().map(|limit| limit.at) {
            let float = at.as_float();
            let near =
                [at, Num::of_float(float - 1.0), Num::of_float(float + 1.0), Num::of_float(float + 0.5)];
            self.values.extend(near.into_iter().filter_map(Num::to_value));
        }
        if let Some(step) = node.step() {
            let times = [1, 2, 3, -1].into_iter().filter_map(|factor| step.times(factor));
            self.values.extend(times.filter_map(|number| number.to_num().to_value()));
            self.values.push(json!(step.as_float() * 1.5));
        }
        let counts = [
            node.text.as_ref().map(|rules| (rules.least, rules.most)),
            node.list.as_ref().map(|rules| (rules.least, rules.most)),
            node.object.as_ref().map(|rules| (rules.least, rules.most)),
        ];
        for (least, most) in counts.into_iter().flatten() {
            let ends = [Some(least), most].into_iter().flatten();
            self.lengths.extend(ends.flat_map(|end| [end.saturating_sub(1), end, end.saturating_add(1)]));
        }
        let Some(rules) = &node.text else { return };
        let samples = rules.format.iter().flat_map(|format| format.samples());
        self.values.extend(samples.map(|sample| json!(sample)));
        if let Some(pattern) = rules.pattern.filter(|_| self.steps < MAX_PATTERN_STEPS) {
            for must in [true, false] {
                let wanted = Wanted { patterns: vec![(pattern, must)], ..Wanted::default() };
                if let Texts::Some(found) = texts(&self.graph.patterns, &wanted, &mut self.steps) {
                    self.values.extend(found.into_iter().take(3).map(Value::String));
                }
            }
        }
    }

    /// A value that may well keep to the schema.
    pub(super) fn value(&mut self, id: NodeId) -> Value {
        self.left = MAX_SAMPLE_VALUES;
        self.of_all(&[id], 0)
    }

    /// A value of all these schemas, as far as chance will have it.
    fn of_all(&mut self, ids: &[NodeId], depth: usize) -> Value {
        if self.left == 0 {
            return Value::Null;
        }
        self.left -= 1;
        let graph = self.graph;
        let mut parts = Vec::new();
        for id in ids {
            self.gather(*id, &mut parts, 0);
        }
        let nodes: Vec<&Node> = parts.iter().map(|id| graph.node(*id)).collect();
        if let Some(values) = nodes.iter().find_map(|node| node.values.as_deref())
            && !self.dice.one_in(12)
        {
            return self.dice.pick(values).cloned().unwrap_or_default();
        }
        let kinds = nodes.iter().fold(Kinds::ALL, |kinds, node| kinds.and(node.kinds));
        if (!kinds.meets(Kinds::OBJECT.or(Kinds::LIST)) || self.dice.one_in(4))
            && let Some(index) = self.known(kinds)
            && !self.dice.one_in(3)
        {
            return self.values[index].clone();
        }
        let possible: Vec<Kinds> = Kinds::EACH.into_iter().filter(|kind| kinds.meets(*kind)).collect();
        match self.dice.pick(&possible).copied() {
            Some(Kinds::BOOLEAN) => self.dice.one_in(2).into(),
            Some(Kinds::NUMBER) => self.number(kinds),
            Some(Kinds::TEXT) => self.text(),
            Some(Kinds::LIST) => self.list(&nodes, depth),
            Some(Kinds::OBJECT) => self.object(&nodes, depth),
            _ => Value::Null,
        }
    }

    /// One of the values at hand that is of these kinds.
    fn known(&mut self, kinds: Kinds) -> Option<usize> {
        let fits = |(_, kind): &(usize, &Kinds)| kinds.meets(**kind);
        let count = self.kinds.iter().enumerate().filter(fits).count();
        let nth = self.dice.below(count);
        self.kinds.iter().enumerate().filter(fits).nth(nth).map(|(index, _)| index)
    }

    /// The schema and what applies with it, branches by chance.
    fn gather(&mut self, id: NodeId, into: &mut Vec<NodeId>, depth: usize) {
        if into.contains(&id) || depth > MAX_SAMPLE_DEPTH {
            return;
        }
        into.push(id);
        let graph = self.graph;
        let node = graph.node(id);
        node.all.iter().for_each(|part| self.gather(*part, into, depth + 1));
        for branches in [&node.any, &node.one].into_iter().flatten() {
            if let Some(branch) = self.dice.pick(branches) {
                self.gather(*branch, into, depth + 1);
            }
        }
        // Several branches may hold together, and what depends on a member is as good as a branch.
        if let Some(branches) = &node.any
            && self.dice.one_in(3)
            && let Some(branch) = self.dice.pick(branches)
        {
            self.gather(*branch, into, depth + 1);
        }
        for (_, dependent) in node.object.iter().flat_map(|rules| &rules.implies) {
            if self.dice.one_in(2) {
                self.gather(*dependent, into, depth + 1);
            }
        }
        if let Some(conditional) = &node.conditional {
            let parts = if self.dice.one_in(2) {
                [Some(conditional.test), conditional.then]
            } else {
                [None, conditional.otherwise]
            };
            parts.into_iter().flatten().for_each(|part| self.gather(part, into, depth + 1));
        }
    }

    fn number(&mut self, kinds: Kinds) -> Value {
        let whole = [0, 1, -1, 2, 7, 10, 100, i64::MAX, i64::MIN][self.dice.below(9)];
        if !kinds.meets(Kinds::FRACTION) {
            return if self.dice.one_in(6) { json!(1.0) } else { json!(whole) };
        }
        if self.dice.one_in(2) {
            json!(whole)
        } else {
            json!([0.5, 1.5, -0.25, 0.1, 1e10, 3.7][self.dice.below(6)])
        }
    }

    fn text(&mut self) -> Value {
        let length = self.length();
        let letter = ["a", "A", "0", "é", " ", "z"][self.dice.below(6)];
        letter.repeat(length.min(MAX_SAMPLE_LENGTH) as usize).into()
    }

    fn length(&mut self) -> u64 {
        self.dice.pick(&self.lengths).copied().unwrap_or_default()
    }

    fn list(&mut self, nodes: &[&Node], depth: usize) -> Value {
        let rules: Vec<_> = nodes.iter().filter_map(|node| node.list.as_deref()).collect();
        let least = rules.iter().map(|rules| rules.least).max().unwrap_or_default();
        if depth >= MAX_SAMPLE_DEPTH {
            return json!([]);
        }
        let count =
            if self.dice.one_in(2) { least + self.dice.below(3) as u64 } else { self.length() }.min(12);
        let contained: Vec<NodeId> = rules.iter().filter_map(|rules| rules.contains).collect();
        let elements = (0..count as usize).map(|index| {
            let mut schemas: Vec<NodeId> = rules.iter().filter_map(|rules| rules.element(index)).collect();
            if !contained.is_empty() && self.dice.one_in(2) {
                schemas.extend(&contained);
            }
            self.of_all(&schemas, depth + 1)
        });
        Value::Array(elements.collect())
    }

    fn object(&mut self, nodes: &[&Node], depth: usize) -> Value {
        let graph = self.graph;
        if depth >= MAX_SAMPLE_DEPTH {
            return json!({});
        }
        let rules: Vec<_> = nodes.iter().filter_map(|node| node.object.as_deref()).collect();
        let mut names: Vec<String> = Vec::new();
        let eager = self.dice.one_in(2);
        for rules in &rules {
            names.extend(rules.required.iter().map(|name| graph.names.text(*name).to_owned()));
            for (name, _) in &rules.properties {
                let wanted = if eager { !self.dice.one_in(4) } else { self.dice.one_in(3) };
                if wanted {
                    names.push(graph.names.text(*name).to_owned());
                }
            }
        }
        let closed = rules.iter().any(|rules| rules.rest.is_some_and(|rest| graph.node(rest).never));
        if !closed || self.dice.one_in(5) {
            names.extend(self.other_names());
        }
        let mut members = Map::new();
        for name in names {
            let mut schemas: Vec<NodeId> = Vec::new();
            for rules in &rules {
                let property = graph.names.id(&name).and_then(|name| rules.property(name));
                schemas.extend(property);
                let patterns =
                    rules.patterns.iter().filter(|(pattern, _)| graph.patterns.matches(*pattern, &name));
                let before = schemas.len();
                schemas.extend(patterns.map(|(_, schema)| *schema));
                if property.is_none() && schemas.len() == before {
                    schemas.extend(rules.rest);
                }
            }
            let value = self.of_all(&schemas, depth + 1);
            members.insert(name, value);
        }
        Value::Object(members)
    }

    /// Names that the schema at hand does not say.
    fn other_names(&mut self) -> Vec<String> {
        let mut names = Vec::new();
        if self.dice.one_in(2) {
            let count = self.graph.names.len();
            let known = (0..2).map(|_| self.dice.below(count) as u32).filter(|_| count > 0);
            names.extend(
                known.collect::<Vec<_>>().into_iter().map(|name| self.graph.names.text(name).to_owned()),
            );
        }
        if self.dice.one_in(3) {
            names.push(["zz", "x-y", "S_1", "0", "a b", "other"][self.dice.below(6)].to_owned());
        }
        if self.dice.one_in(4) {
            let texts: Vec<&str> = self.values.iter().filter_map(Value::as_str).collect();
            names.extend(self.dice.pick(&texts).map(|text| (*text).to_owned()));
        }
        names
    }
}
