//! Choreographies without a fault, and faults to put into them.

use std::collections::BTreeSet;

use choreograph_topology::Manifest;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use crate::world::{EVENTS, Marks, Shape, World, any_world, read};

/// Every step leads on to later events alone, and what leads nowhere is terminal.
pub(crate) fn healthy() -> impl Strategy<Value = World> {
    any_world().prop_map(|World { steps, .. }| {
        let steps: Vec<(BTreeSet<usize>, Shape)> = steps.into_iter().map(onward).collect();
        let mut reached = BTreeSet::from([0]);
        for _ in 0..EVENTS {
            let next = steps.iter().filter(|(consumes, _)| !consumes.is_disjoint(&reached));
            let next: BTreeSet<usize> = next.flat_map(|(_, shape)| shape.events()).collect();
            reached.extend(next);
        }
        let steps: Vec<_> = steps
            .into_iter()
            .map(|(consumes, shape)| (&consumes & &reached, shape))
            .filter(|(consumes, _)| !consumes.is_empty())
            .collect();
        let leads_on = |event: usize| {
            steps.iter().any(|(consumes, shape)| consumes.contains(&event) && !shape.events().is_empty())
        };
        let marks = (0..EVENTS).map(|event| Marks { terminal: !leads_on(event), outbound: false }).collect();
        World { steps, marks }
    })
}

/// The same step with events that come after all that it consumes.
fn onward((consumes, shape): (BTreeSet<usize>, Shape)) -> (BTreeSet<usize>, Shape) {
    let consumes: BTreeSet<usize> = consumes.into_iter().map(|event| event.min(EVENTS - 2)).collect();
    let first = consumes.last().map_or(0, |last| last + 1);
    let shape = moved(shape, first);
    (consumes, shape)
}

fn moved(shape: Shape, first: usize) -> Shape {
    let each = |parts: Vec<Shape>| parts.into_iter().map(|part| moved(part, first)).collect();
    match shape {
        Shape::Nothing => Shape::Nothing,
        Shape::One(event) => Shape::One(first + event % (EVENTS - first)),
        Shape::Optional(inner) => Shape::Optional(Box::new(moved(*inner, first))),
        Shape::Many(inner) => Shape::Many(Box::new(moved(*inner, first))),
        Shape::All(parts) => Shape::All(each(parts)),
        Shape::OneOf(parts) => Shape::OneOf(each(parts)),
    }
}

/// One thing that is wrong.
pub(crate) struct Fault {
    /// The rule under which it is found.
    pub(crate) rule: &'static str,
    /// Puts it into a source and the steps, at one of the steps.
    put: fn(&mut Vec<Value>, &mut Value),
}

impl Fault {
    /// The manifests with the fault; none if there is no step to put it into.
    pub(crate) fn put_into(&self, world: &World, at: Index) -> Option<Vec<Manifest>> {
        self.put_beside(&world.values(), at).map(|values| read(&values))
    }

    /// The same manifests with this fault too.
    pub(crate) fn put_beside(&self, values: &[Value], at: Index) -> Option<Vec<Value>> {
        let mut values = values.to_vec();
        let is_of_world =
            |it: &Value| it["service"].as_str().is_some_and(|name| name.starts_with("service-"));
        let is_step = |it: &Value| is_of_world(it) && it["owner"].is_null() && it["version"].is_null();
        let places: Vec<usize> = (0..values.len()).filter(|at| is_step(&values[*at])).collect();
        let at = *(!places.is_empty()).then(|| at.get(&places))?;
        let mut step = values.remove(at);
        (self.put)(&mut values, &mut step);
        // Of two manifests of a service the first one counts.
        values.insert(at, step);
        Some(values)
    }
}

/// Puts a list of faults, each at its place.
pub(crate) fn put_all(values: &[Value], faults: &[(Index, Index)]) -> Vec<Value> {
    let put = |values: Vec<Value>, (fault, at): &(Index, Index)| {
        named(*fault).put_beside(&values, *at).unwrap_or(values)
    };
    faults.iter().fold(values.to_vec(), put)
}

/// The fault that an index stands for.
pub(crate) fn named(index: Index) -> &'static Fault {
    let all: Vec<&'static Fault> = FAULTS.iter().chain(&MORE).collect();
    all[index.index(all.len())]
}

/// Adds to what the step requires of the event that it reads.
fn require(step: &mut Value, field: &str) {
    let schema = &mut consumed(step)["schema"];
    if !schema.is_object() {
        *schema = json!({ "required": [] });
    }
    if let Some(required) = schema["required"].as_array_mut() {
        required.push(json!(field));
    }
}

/// Changes each declaration of an event by those who write it, given the list and the place in it.
fn written(values: &mut [Value], name: &Value, change: fn(&mut Vec<Value>, usize)) {
    for value in values {
        for list in ["/publishes", "/steps/0/emits"] {
            let Some(Value::Array(events)) = value.pointer_mut(list) else { continue };
            let places: Vec<usize> = (0..events.len()).filter(|at| events[*at]["type"] == *name).collect();
            places.into_iter().rev().for_each(|at| change(events, at));
        }
    }
}

/// Faults that differ from those of [`FAULTS`] by the place alone, or by what is wrong there.
const MORE: [Fault; 5] = [
    Fault {
        rule: "NOT_COVERED",
        put: |others, step| {
            // Each writer has two minors, and the reader wants what only the newer one says.
            written(others, &consumed(step)["type"], |events, at| {
                let mut event = events[at].clone();
                event["schema"] = json!({ "type": "object" });
                events[at]["version"] = json!("1.1");
                events.insert(at, event);
            });
            require(step, "less");
        },
    },
    Fault {
        rule: "NOT_COVERED",
        put: |others, step| {
            // Both sides move: nobody writes any more what the reader begins to require.
            let name = consumed(step)["type"].clone();
            written(others, &name, |events, at| events[at]["schema"] = json!({ "type": "object" }));
            require(step, "less");
        },
    },
    Fault {
        rule: "NOT_COVERED",
        put: |others, step| {
            // Both sides meet on another topic too, where the reader wants more.
            let mut read = consumed(step).clone();
            written(others, &read["type"], |events, at| {
                let mut event = events[at].clone();
                event["topic"] = json!("u");
                events.push(event);
            });
            (read["topic"], read["schema"]) = (json!("u"), json!({ "required": ["there"] }));
            step["steps"][0]["consumes"].as_array_mut().into_iter().for_each(|all| all.push(read.clone()));
        },
    },
    Fault {
        rule: "TOPIC_DIFFERS",
        put: |others, step| {
            step["topics"] =
                json!([{ "name": "t", "settings": { "retention.ms": "1", "cleanup.policy": "compact" } }]);
            others.push(json!({ "manifest": 1, "service": "new", "topics": [{ "name": "t" }] }));
        },
    },
    Fault {
        rule: "SERVICE_TWICE",
        put: |others, step| {
            let mut twin = step.clone();
            twin["version"] = json!("2.0");
            require(&mut twin, "twin");
            others.push(twin);
        },
    },
];

fn consumed(step: &mut Value) -> &mut Value {
    &mut step["steps"][0]["consumes"][0]
}

/// A service that publishes one event.
fn source(name: &str, event: &Value) -> Value {
    json!({ "manifest": 1, "service": name, "publishes": [event] })
}

fn event(name: &str) -> Value {
    json!({ "type": name, "version": "1.0", "topic": "t", "key": "id", "schema": true })
}

pub(crate) const FAULTS: [Fault; 14] = [
    Fault { rule: "CONSUMED_BUT_NOT_EMITTED", put: |_, step| consumed(step)["type"] = json!("nobody.knows") },
    Fault {
        rule: "EMITTED_BUT_NOT_CONSUMED",
        put: |others, _| others.push(source("new", &event("nobody.reads"))),
    },
    Fault { rule: "EVENT_ON_ANOTHER_TOPIC", put: |_, step| consumed(step)["topic"] = json!("elsewhere") },
    Fault { rule: "MAJOR_NOT_EMITTED", put: |_, step| consumed(step)["major"] = json!(2) },
    Fault {
        rule: "UPCASTER_MISSING",
        put: |_, step| {
            consumed(step)["major"] = json!(4);
            consumed(step)["upcasts"] = json!([1, 3]);
        },
    },
    Fault { rule: "NOT_COVERED", put: |_, step| require(step, "more") },
    Fault {
        rule: "SCHEMA_UNREADABLE",
        put: |_, step| consumed(step)["schema"] = json!({ "$ref": "http://127.0.0.1:1/schema" }),
    },
    Fault {
        rule: "GROUP_SHARED",
        put: |others, step| {
            let mut twin = step.clone();
            twin["service"] = json!("twin");
            others.push(twin);
        },
    },
    Fault {
        rule: "KEYS_DIFFER",
        put: |others, step| {
            let name = consumed(step)["type"].as_str().unwrap_or_default().to_owned();
            let mut other = event(&name);
            other["key"] = json!("another");
            others.push(source("new", &other));
        },
    },
    Fault {
        rule: "KEY_NOT_IN_SCHEMA",
        put: |others, _| {
            let mut other = event("no.key");
            other["schema"] = json!({ "properties": { "another": {} } });
            others.push(source("new", &other));
        },
    },
    Fault {
        rule: "TOPIC_DIFFERS",
        put: |others, step| {
            step["topics"] = json!([{ "name": "t", "settings": { "retention.ms": "1" } }]);
            others.push(json!({ "manifest": 1, "service": "new", "topics": [{ "name": "t" }] }));
        },
    },
    Fault {
        rule: "SERVICE_TWICE",
        put: |others, step| {
            let mut twin = step.clone();
            twin["owner"] = json!("Another");
            others.push(twin);
        },
    },
    Fault {
        rule: "CYCLE_WITHOUT_EXIT",
        put: |others, step| {
            let read = consumed(step).clone();
            let name = read["type"].as_str().unwrap_or_default();
            let step = json!({
                "name": "again", "group": "again", "consumes": [read], "emits": [event(name)],
                "emits_shape": { "one": format!("{name}.v1") },
            });
            others.push(json!({ "manifest": 1, "service": "again", "steps": [step] }));
        },
    },
    Fault {
        rule: "NEVER_ENDS",
        put: |others, step| {
            let events = |value: &mut Value| {
                let of_step = value["steps"][0]["emits"].as_array().into_iter().flatten().cloned();
                let of_source = value["publishes"].as_array().into_iter().flatten().cloned();
                of_step.chain(of_source).collect::<Vec<_>>()
            };
            let has_events = |value: &&mut Value| !value["publishes"].is_null() || !value["steps"].is_null();
            for value in others.iter_mut().chain([step]).filter(has_events) {
                let all: Vec<Value> = events(value)
                    .into_iter()
                    .map(|mut event| {
                        event["terminal"] = json!(false);
                        event["outbound"] = json!(true);
                        event
                    })
                    .collect();
                let place = if value["publishes"].is_null() {
                    &mut value["steps"][0]["emits"]
                } else {
                    &mut value["publishes"]
                };
                *place = json!(all);
            }
        },
    },
];
