//! What is drawn, before anything is drawn. Its JSON form is what `graph --as json` prints.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::choreography::{Choreography, EventId, Way};
use crate::manifest::{Manifest, Shape, Step};

/// Nodes and edges of a choreography. Equal choreographies give equal pictures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Picture {
    /// The nodes: events, ordered by name, then services in order with their steps.
    pub nodes: Vec<Node>,
    /// The edges, by their places in `nodes`.
    pub edges: Vec<Edge>,
}

/// One node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Node {
    /// Its name, the same for as long as the thing has its name: `event:order.placed.v1`, `step:mail.tell`.
    pub id: String,
    /// What it stands for.
    #[serde(flatten)]
    pub kind: NodeKind,
}

/// What a node stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum NodeKind {
    /// An event.
    Event {
        /// The type without its major.
        name: String,
        /// The major.
        major: u32,
        /// Its topics, ordered by name.
        topics: Vec<String>,
        /// The workflow that it starts.
        starts_workflow: Option<String>,
        /// Whether a workflow owes nothing after it.
        terminal: bool,
        /// Whether it comes from outside the choreography.
        external: bool,
        /// Whether it is read outside the choreography.
        outbound: bool,
    },
    /// A step.
    Step {
        /// Its service.
        service: String,
        /// Its name.
        step: String,
        /// The team that answers for the service.
        owner: Option<String>,
    },
    /// Code of a service outside of any step, which starts workflows.
    Publisher {
        /// The service.
        service: String,
        /// The team that answers for it.
        owner: Option<String>,
    },
    /// One of what follows.
    OneOf,
    /// All of what follows.
    All,
}

/// One edge.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Edge {
    /// The name of the node it comes from.
    pub from: String,
    /// The name of the node it goes to.
    pub to: String,
    /// What it means.
    pub kind: EdgeKind,
    /// How often: empty for once, `?` for at most once, `*` for any number of times.
    pub times: &'static str,
}

/// What an edge means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EdgeKind {
    /// A step consumes an event.
    Consumes,
    /// A step emits an event, or comes to a choice of events.
    Emits,
    /// A step or a service starts a workflow with an event.
    Starts,
}

impl Picture {
    /// The picture of a choreography.
    pub fn of(choreography: &Choreography<'_>) -> Self {
        let mut picture = Self { nodes: Vec::new(), edges: Vec::new() };
        for (id, flow) in choreography.events() {
            let mut topics: Vec<String> = flow
                .emitters
                .iter()
                .map(|it| it.event.topic.clone())
                .chain(flow.consumers.iter().map(|it| it.event.topic.clone()))
                .collect();
            topics.sort();
            topics.dedup();
            let kind = NodeKind::Event {
                name: id.name.clone(),
                major: id.major,
                topics,
                starts_workflow: flow.emitters.iter().find_map(|it| it.event.starts_workflow.clone()),
                terminal: flow.is_terminal(),
                external: flow.is_external(),
                outbound: flow.is_outbound(),
            };
            picture.nodes.push(Node { id: event(id), kind });
        }
        for service in choreography.services() {
            picture.service(service);
        }
        for (id, flow) in choreography.events() {
            for reader in flow.consumers.iter().filter(|it| it.upcasts) {
                let to = step_id(reader.service, reader.step);
                picture.edges.push(Edge { from: event(id), to, kind: EdgeKind::Consumes, times: "" });
            }
            for starter in flow.emitters.iter().filter(|it| it.way == Way::Starts) {
                let Some(step) = starter.step else { continue };
                let from = step_id(starter.service, step);
                picture.edges.push(Edge { from, to: event(id), kind: EdgeKind::Starts, times: "*" });
            }
        }
        picture.edges.sort();
        picture.edges.dedup();
        picture
    }

    fn service(&mut self, service: &Manifest) {
        let owner = service.owner.clone();
        if !service.publishes.is_empty() {
            let id = format!("publisher:{}", service.service);
            for emitted in &service.publishes {
                let to = event(&emitted.id());
                self.edges.push(Edge { from: id.clone(), to, kind: EdgeKind::Starts, times: "*" });
            }
            let kind = NodeKind::Publisher { service: service.service.clone(), owner: owner.clone() };
            self.nodes.push(Node { id, kind });
        }
        for step in &service.steps {
            self.step(service, step);
        }
    }

    fn step(&mut self, service: &Manifest, step: &Step) {
        let place = place(service, step);
        let id = step_id(service, step);
        let kind = NodeKind::Step {
            service: service.service.clone(),
            step: step.name.clone(),
            owner: service.owner.clone(),
        };
        self.nodes.push(Node { id: id.clone(), kind });
        for consumed in &step.consumes {
            let from = event(&consumed.id());
            self.edges.push(Edge { from, to: id.clone(), kind: EdgeKind::Consumes, times: "" });
        }
        let mut junctions = Junctions { place: &place, count: 0 };
        self.shape(&id, &step.shape(), "", true, &mut junctions);
    }

    /// Draws what is emitted from the node `from` on. `at_step` says that `from` is the step itself.
    fn shape(
        &mut self,
        from: &str,
        shape: &Shape,
        times: &'static str,
        at_step: bool,
        next: &mut Junctions<'_>,
    ) {
        match shape {
            Shape::Nothing => {}
            Shape::One(id) => {
                self.edges.push(Edge { from: from.to_owned(), to: event(id), kind: EdgeKind::Emits, times });
            }
            Shape::Optional(inner) => {
                self.shape(from, inner, if times.is_empty() { "?" } else { times }, at_step, next);
            }
            Shape::Many(inner) => self.shape(from, inner, "*", at_step, next),
            Shape::OneOf(parts) => self.parts(from, parts, times, NodeKind::OneOf, next),
            Shape::All(parts) if at_step && times.is_empty() => {
                for part in parts {
                    self.shape(from, part, "", true, next);
                }
            }
            Shape::All(parts) => self.parts(from, parts, times, NodeKind::All, next),
        }
    }

    fn parts(
        &mut self,
        from: &str,
        parts: &[Shape],
        times: &'static str,
        kind: NodeKind,
        next: &mut Junctions<'_>,
    ) {
        if let [only] = parts {
            return self.shape(from, only, times, false, next);
        }
        if parts.is_empty() {
            return;
        }
        let id = next.name(&kind);
        self.nodes.push(Node { id: id.clone(), kind });
        self.edges.push(Edge { from: from.to_owned(), to: id.clone(), kind: EdgeKind::Emits, times });
        for part in parts {
            self.shape(&id, part, "", false, next);
        }
    }

    /// Where each node stands in `nodes`, by name.
    pub(super) fn places(&self) -> BTreeMap<&str, usize> {
        self.nodes.iter().enumerate().map(|(at, node)| (node.id.as_str(), at)).collect()
    }
}

/// Names for the diamonds and dots of one step.
struct Junctions<'a> {
    place: &'a str,
    count: usize,
}

impl Junctions<'_> {
    fn name(&mut self, kind: &NodeKind) -> String {
        self.count += 1;
        let word = if *kind == NodeKind::OneOf { "one-of" } else { "all" };
        format!("{word}:{}:{}", self.place, self.count)
    }
}

/// A step's name in the picture. A dot in the service's own name, which no rule of a manifest forbids, is written so that two
/// steps never share one.
fn place(service: &Manifest, step: &Step) -> String {
    format!("{}.{}", service.service.replace('%', "%25").replace('.', "%2E"), step.name)
}

fn step_id(service: &Manifest, step: &Step) -> String {
    format!("step:{}", place(service, step))
}

fn event(id: &EventId) -> String {
    format!("event:{id}")
}

impl NodeKind {
    /// The lines of its label, the first being its name; none for a diamond or a dot.
    pub(super) fn lines(&self) -> Vec<String> {
        let of_team = |owner: &Option<String>| owner.as_ref().map(|owner| format!("team {owner}"));
        match self {
            Self::Event { name, major, topics, starts_workflow, terminal, external, outbound } => {
                let mut marks = vec![format!("v{major} on {}", topics.join(", "))];
                marks.extend(starts_workflow.as_ref().map(|workflow| format!("starts {workflow}")));
                let flags = [(*external, "from outside"), (*terminal, "end"), (*outbound, "read outside")];
                marks.extend(flags.iter().filter(|(is, _)| *is).map(|(_, mark)| (*mark).to_owned()));
                vec![name.clone(), marks.join(" · ")]
            }
            Self::Step { service, step, owner } => {
                std::iter::once(format!("{service}.{step}")).chain(of_team(owner)).collect()
            }
            Self::Publisher { service, owner } => {
                let second = of_team(owner).unwrap_or_else(|| "starts workflows".to_owned());
                vec![service.clone(), second]
            }
            Self::OneOf | Self::All => Vec::new(),
        }
    }
}
