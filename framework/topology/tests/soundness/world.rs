//! A small choreography, with a shape for each step.

use std::collections::BTreeSet;

use choreograph_topology::Manifest;
use proptest::prelude::*;
use serde_json::{Value, json};

/// How many events there are; the first starts the workflow.
pub(crate) const EVENTS: usize = 5;

/// How a step's emits belong together; a number is an event.
#[derive(Debug, Clone)]
pub(crate) enum Shape {
    Nothing,
    One(usize),
    Optional(Box<Shape>),
    Many(Box<Shape>),
    All(Vec<Shape>),
    OneOf(Vec<Shape>),
}

/// What is said of an event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Marks {
    pub(crate) terminal: bool,
    pub(crate) outbound: bool,
}

/// Steps, each with the events that it consumes and what it makes of one.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) steps: Vec<(BTreeSet<usize>, Shape)>,
    pub(crate) marks: Vec<Marks>,
}

fn any_shape() -> impl Strategy<Value = Shape> {
    let leaf = prop_oneof![1 => Just(Shape::Nothing), 6 => (0..EVENTS).prop_map(Shape::One)];
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|it| Shape::Optional(Box::new(it))),
            inner.clone().prop_map(|it| Shape::Many(Box::new(it))),
            prop::collection::vec(inner.clone(), 0..=3).prop_map(Shape::All),
            prop::collection::vec(inner, 0..=3).prop_map(Shape::OneOf),
        ]
    })
}

pub(crate) fn any_world() -> impl Strategy<Value = World> {
    let step = (prop::collection::btree_set(0..EVENTS, 1..=2), any_shape());
    let marks = (prop::bool::weighted(0.25), prop::bool::weighted(0.2))
        .prop_map(|(terminal, outbound)| Marks { terminal, outbound });
    (prop::collection::vec(step, 1..=4), prop::collection::vec(marks, EVENTS))
        .prop_map(|(steps, marks)| World { steps, marks })
}

impl Shape {
    pub(crate) fn events(&self) -> BTreeSet<usize> {
        match self {
            Self::Nothing => BTreeSet::new(),
            Self::One(event) => BTreeSet::from([*event]),
            Self::Optional(inner) | Self::Many(inner) => inner.events(),
            Self::All(parts) | Self::OneOf(parts) => parts.iter().flat_map(Self::events).collect(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        let each = |parts: &[Self]| parts.iter().map(Self::json).collect::<Vec<_>>();
        match self {
            Self::Nothing => json!("nothing"),
            Self::One(event) => json!({ "one": format!("e{event}.v1") }),
            Self::Optional(inner) => json!({ "optional": inner.json() }),
            Self::Many(inner) => json!({ "many": inner.json() }),
            Self::All(parts) => json!({ "all": each(parts) }),
            Self::OneOf(parts) => json!({ "one_of": each(parts) }),
        }
    }
}

impl World {
    fn emitted(&self, event: usize) -> Value {
        let Marks { terminal, outbound } = self.marks[event];
        json!({
            "type": format!("e{event}"), "version": "1.0", "topic": "t", "key": "id", "schema": { "required": ["less"] },
            "terminal": terminal, "outbound": outbound,
        })
    }

    /// One manifest of the start, and one for each step.
    pub(crate) fn values(&self) -> Vec<Value> {
        let mut start = self.emitted(0);
        start["starts_workflow"] = json!("w");
        let source = json!({ "manifest": 1, "service": "source", "publishes": [start] });
        let step = |(at, (consumes, shape)): (usize, &(BTreeSet<usize>, Shape))| {
            let consumes: Vec<Value> = consumes
                .iter()
                .map(|event| json!({ "type": format!("e{event}"), "major": 1, "topic": "t", "schema": true }))
                .collect();
            let emits: Vec<Value> = shape.events().into_iter().map(|event| self.emitted(event)).collect();
            let step = json!({
                "name": format!("s{at}"), "group": format!("g{at}"), "consumes": consumes, "emits": emits,
                "emits_shape": shape.json(),
            });
            json!({ "manifest": 1, "service": format!("service-{at}"), "steps": [step] })
        };
        std::iter::once(source).chain(self.steps.iter().enumerate().map(step)).collect()
    }

    pub(crate) fn manifests(&self) -> Vec<Manifest> {
        read(&self.values())
    }
}

pub(crate) fn read(values: &[Value]) -> Vec<Manifest> {
    let one = |value: &Value| Manifest::read("m.json", value.to_string().as_bytes()).expect("a manifest");
    values.iter().map(one).collect()
}
