//! From text to a manifest.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use super::error::ReadError;
use super::model::{Emitted, Manifest, Step};
use crate::choreography::EventId;

/// The newest form that is read.
pub const FORM: u32 = 1;

/// The JSON Schema of the form: draft 2020-12.
pub const SCHEMA: &str = include_str!("../../manifest.schema.json");

/// The largest manifest that is read, in bytes. One of a service with fifty steps has 200,000.
pub const MAX_MANIFEST_BYTES: usize = 16 * 1024 * 1024;

/// How many steps one manifest may have.
pub const MAX_STEPS: usize = 1_000;

/// How many events one manifest may declare, each major that it names beside them counted as one.
pub const MAX_EVENTS: usize = 10_000;

/// What every form has in common.
#[derive(Deserialize)]
struct Form {
    manifest: Option<Value>,
}

impl Manifest {
    /// Reads a manifest's text. `name` is what messages call it, a path as a rule.
    ///
    /// # Errors
    ///
    /// [`ReadError`], with line and column, if the text is too large, not UTF-8, not JSON or no manifest, nests
    /// deeper than 127 levels, has more than [`MAX_STEPS`] steps or [`MAX_EVENTS`] events, or is of a newer form than [`FORM`].
    pub fn read(name: &str, text: &[u8]) -> Result<Self, ReadError> {
        if text.len() > MAX_MANIFEST_BYTES {
            return Err(ReadError::too_large(name, text.len()));
        }
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let text = std::str::from_utf8(text).map_err(|error| ReadError::encoding(name, text, error))?;
        if text.trim_start().starts_with('[') {
            let problem = "a list, and a manifest is one JSON object: give each in a file of its own";
            return Err(ReadError::new(name, problem.to_owned()));
        }
        let form: Form = serde_json::from_str(text).map_err(|error| ReadError::json(name, &error))?;
        match form.manifest.as_ref().and_then(Value::as_u64) {
            None | Some(0) => return Err(ReadError::no_form(name)),
            Some(form) if form > u64::from(FORM) => return Err(ReadError::newer(name, text, form)),
            Some(_) => {}
        }
        let manifest: Self = serde_json::from_str(text).map_err(|error| ReadError::json(name, &error))?;
        match fault(&manifest) {
            Some((pointer, problem)) => Err(ReadError::at(name, text, &pointer, problem)),
            None => Ok(manifest),
        }
    }
}

/// What is wrong with a manifest that keeps the form, and the JSON Pointer of where it is.
fn fault(manifest: &Manifest) -> Option<(String, String)> {
    let steps = manifest.steps.len();
    if steps > MAX_STEPS {
        let problem = format!("{steps} steps, and a manifest has at most {MAX_STEPS}");
        return Some((format!("/steps/{MAX_STEPS}"), problem));
    }
    if let Some(fault) = too_many_events(manifest) {
        return Some(fault);
    }
    if manifest.service.is_empty() {
        return Some(("/service".to_owned(), "the service has no name".to_owned()));
    }
    let mut names = BTreeSet::new();
    manifest.steps.iter().enumerate().find_map(|(at, step)| {
        if !names.insert(&step.name) {
            return Some((format!("/steps/{at}/name"), format!("two steps are named {:?}", step.name)));
        }
        contradiction(step).map(|(member, problem)| (format!("/steps/{at}/{member}"), problem))
    })
}

/// More events and further majors than a manifest may name, and the step with which they are too many.
fn too_many_events(manifest: &Manifest) -> Option<(String, String)> {
    let emitted = |list: &[Emitted]| list.iter().map(|event| 1 + event.majors.len()).sum::<usize>();
    let of_step = |step: &Step| {
        let consumed: usize = step.consumes.iter().map(|event| 1 + event.upcasts.len()).sum();
        consumed + emitted(&step.emits) + emitted(&step.starts)
    };
    let (mut events, mut beyond) = (0, None);
    for (at, step) in manifest.steps.iter().enumerate() {
        events += of_step(step);
        beyond = beyond.or_else(|| (events > MAX_EVENTS).then(|| format!("/steps/{at}")));
    }
    events += emitted(&manifest.publishes);
    let problem = format!("{events} events and majors, and a manifest has at most {MAX_EVENTS}");
    (events > MAX_EVENTS).then(|| (beyond.unwrap_or_else(|| "/publishes".to_owned()), problem))
}

/// Where a step's `emits` and its `emits_shape` are not about the same events: the member at fault, and the fault.
fn contradiction(step: &Step) -> Option<(&'static str, String)> {
    let shape = step.shape();
    let (emitted, named): (BTreeSet<EventId>, _) =
        (step.emits.iter().map(Emitted::id).collect(), shape.events());
    let stray = named.iter().find(|id| !emitted.contains(**id));
    let stray = stray.map(|id| {
        let problem =
            format!("`emits_shape` of step {:?} names {id}, which is not among its `emits`", step.name);
        ("emits_shape", problem)
    });
    let missing = || emitted.iter().find(|id| !named.contains(id));
    stray.or_else(|| {
        missing().map(|id| {
            let problem =
                format!("`emits` of step {:?} has {id}, which its `emits_shape` does not name", step.name);
            ("emits", problem)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::{FORM, MAX_EVENTS, MAX_MANIFEST_BYTES, MAX_STEPS};
    use crate::manifest::{Manifest, Shape};

    fn refused(text: &[u8]) -> String {
        Manifest::read("m.json", text).expect_err("no manifest").to_string()
    }

    #[test]
    fn a_newer_form_is_refused_with_both_numbers() {
        let message = refused(br#"{ "manifest": 7, "service": 12 }"#);
        assert!(message.starts_with("m.json:1:1: a manifest of form 7"), "{message}");
        assert!(message.contains(&format!("up to {FORM}")), "{message}");
    }

    #[test]
    fn what_is_no_manifest_is_told_with_its_place() {
        for (text, start) in [
            (&b""[..], "m.json:1:1: not JSON: EOF"),
            (b"{\n \"manifest\": }", "m.json:2:14: not JSON: "),
            (b" []", "m.json:1:1: a list"),
            (b"12", "m.json:1:2: no manifest: invalid type"),
            (b"{}", "m.json:1:1: no manifest: it has no number `manifest`"),
            (br#"{"manifest": "1"}"#, "m.json:1:1: no manifest: it has no number"),
            (b"{\"manifest\": 1,\n\"service\": 3}", "m.json:2:12: no manifest: invalid type: integer `3`"),
            (b"{\"manifest\": 1}", "m.json:1:15: no manifest: missing field `service`"),
            (b"\xff\xfe", "m.json:1:1: not UTF-8"),
            (b"{\n\"manifest\": 1, \"service\": \"\xff\"}", "m.json:2:28: not UTF-8"),
            (b"{\n\n\"manifest\": 9}", "m.json:3:1: a manifest of form 9"),
            (b"{\"manifest\": 1,\n\n\"service\": \"\"}", "m.json:3:1: the service has no name"),
        ] {
            let message = refused(text);
            assert!(message.starts_with(start), "{message}");
        }
    }

    #[test]
    fn bounds_are_held_without_a_crash() {
        let deep =
            format!(r#"{{"manifest":1,"service":"a","publishes":[{{"schema":{}"#, "[".repeat(1_000_000));
        assert!(refused(deep.as_bytes()).starts_with("m.json:1:"));
        let deep = format!("{deep}{}}}]}}", "]".repeat(1_000_000));
        assert!(refused(deep.as_bytes()).contains("nests too deep"));
        assert!(refused(&vec![b' '; MAX_MANIFEST_BYTES + 1]).contains("at most"));
        let step = r#"{"name":"a","group":"a.a","consumes":[]}"#;
        let steps = vec![step; MAX_STEPS + 1].join(",");
        let many =
            format!("{{\"manifest\":1,\"service\":\"a\",\"steps\":[{}]}}", steps.replace("},", "},\n"));
        let message = refused(many.as_bytes());
        assert!(message.starts_with("m.json:1001:1: 1001 steps"), "{message}");
        let event = r#"{"type":"x","version":"1.0","topic":"t","schema":true,"majors":[1]}"#;
        let events = vec![event; MAX_EVENTS / 2 + 1].join(",");
        let many = format!("{{\"manifest\":1,\"service\":\"a\",\n\"publishes\":[{events}]}}");
        let message = refused(many.as_bytes());
        assert!(message.starts_with("m.json:2:1: 10002 events"), "{message}");
    }

    #[test]
    fn unknown_fields_pass_and_what_is_left_out_has_a_meaning() {
        let text = br#"{ "manifest": 1, "service": "a", "colour": "red", "steps": [{
            "name": "s", "group": "a.s", "consumes": [], "shoe_size": 44,
            "emits": [{ "type": "x", "version": "2.1", "topic": "t", "schema": true }] }] }"#;
        let manifest = Manifest::read("m.json", text).expect("a manifest");
        let emitted = &manifest.steps[0].emits[0];
        assert_eq!((emitted.version, emitted.title().as_str()), ((2, 1), "x 2.1"));
        let any = Shape::Many(Box::new(Shape::OneOf(vec![Shape::One(emitted.id())])));
        assert_eq!(manifest.steps[0].shape(), any);
    }

    #[test]
    fn steps_have_names_of_their_own_and_shapes_name_emits() {
        let text = br#"{"manifest":1,"service":"a","steps":[
            {"name":"s","group":"a.s","consumes":[]},{"name":"s","group":"a.t","consumes":[]}]}"#;
        assert!(refused(text).starts_with("m.json:2:1: two steps are named \"s\""));
        let text = br#"{"manifest":1,"service":"a","steps":[
            {"name":"s","group":"a.s","consumes":[],"emits_shape":{"one":"x.v1"}}]}"#;
        assert!(refused(text).ends_with("names x.v1, which is not among its `emits`"));
        let text = br#"{"manifest":1,"service":"a","steps":[{"name":"s","group":"a.s","consumes":[],"emits_shape":"nothing",
            "emits":[{"type":"x","version":"1.0","topic":"t","schema":true}]}]}"#;
        let message = refused(text);
        assert!(message.ends_with("has x.v1, which its `emits_shape` does not name"), "{message}");
        assert!(message.starts_with("m.json:2:1: "), "{message}");
    }

    #[test]
    fn a_version_is_two_numbers() {
        for version in ["1", "1.x", "0.1", "+1.0", "1.0.0", "", "."] {
            let text = format!(
                r#"{{"manifest":1,"service":"a","publishes":[{{"type":"x","version":"{version}","topic":"t","schema":true}}]}}"#
            );
            assert!(refused(text.as_bytes()).contains("a version is major and minor"), "{version}");
        }
    }
}
