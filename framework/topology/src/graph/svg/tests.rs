use std::fmt::Write as _;

use super::TooLarge;
use crate::graph::Picture;
use crate::{Choreography, Manifest};

fn picture(text: &str) -> Picture {
    let manifest = Manifest::read("m.json", text.as_bytes()).expect("a manifest");
    Picture::of(&Choreography::new([&manifest]))
}

fn event(name: &str) -> String {
    format!(r#"{{ "type": "{name}", "version": "1.0", "topic": "t", "schema": true }}"#)
}

fn reads(name: &str) -> String {
    format!(r#"{{ "type": "{name}", "major": 1, "topic": "t", "schema": true }}"#)
}

#[test]
fn a_name_cannot_leave_its_text() {
    let text = format!(
        r#"{{ "manifest": 1, "service": "</title><script>", "owner": "A & \"B\"", "steps": [{{
            "name": "s", "group": "g", "consumes": [{}] }}] }}"#,
        reads("<x>\\u0000")
    );
    let svg = picture(&text).svg().expect("small");
    assert!(!svg.contains("<script>") && !svg.contains("<x>") && !svg.contains('\0'), "{svg}");
    assert!(
        svg.contains("&lt;/title&gt;&lt;script&gt;.s") && svg.contains("team A &amp; &quot;B&quot;"),
        "{svg}"
    );
}

#[test]
fn cycles_and_loops_are_drawn() {
    let text = format!(
        r#"{{ "manifest": 1, "service": "a", "steps": [
            {{ "name": "p", "group": "p", "consumes": [{}], "emits": [{}] }},
            {{ "name": "q", "group": "q", "consumes": [{}], "emits": [{}] }} ] }}"#,
        reads("x"),
        event("y"),
        reads("y"),
        event("x")
    );
    let svg = picture(&text).svg().expect("small");
    assert_eq!(svg.matches("<path class=\"edge").count(), 4);
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
}

#[test]
fn an_empty_choreography_is_a_picture_too() {
    let svg = Picture::of(&Choreography::new([])).svg().expect("empty");
    assert!(svg.starts_with("<svg ") && !svg.contains("NaN") && !svg.contains("inf"), "{svg}");
}

#[test]
fn a_long_chain_is_drawn_and_a_huge_picture_refused() {
    let chain = |steps: usize, extra: &str| {
        let mut text = String::from(r#"{ "manifest": 1, "service": "a", "steps": ["#);
        for index in 0..steps {
            let comma = if index > 0 { "," } else { "" };
            let (from, to) = (reads(&format!("e{index}")), event(&format!("e{}", index + 1)));
            write!(text, r#"{comma}{{ "name": "s{index}", "group": "g{index}", "consumes": [{from}{extra}], "emits": [{to}] }}"#)
                .expect("memory");
        }
        text + "]}"
    };
    assert!(picture(&chain(999, "")).svg().is_ok());
    // An event that every step reads passes every layer on its way to each.
    let read_by_all = format!(",{}", reads("clock"));
    assert_eq!(picture(&chain(999, &read_by_all)).svg(), Err(TooLarge));
}

#[test]
fn a_picture_with_too_many_edges_is_refused() {
    let count = 150;
    assert!(count * count > super::MAX_EDGES);
    let all: Vec<String> = (0..count).map(|at| reads(&format!("e{at}"))).collect();
    let all = all.join(",");
    let steps: Vec<String> = (0..count)
        .map(|at| format!(r#"{{ "name": "s{at}", "group": "g{at}", "consumes": [{all}] }}"#))
        .collect();
    // A manifest may declare no more than 10,000 events.
    let manifest = |(at, steps): (usize, &[String])| {
        let text = format!(r#"{{ "manifest": 1, "service": "a{at}", "steps": [{}] }}"#, steps.join(","));
        Manifest::read("m.json", text.as_bytes()).expect("a manifest")
    };
    let manifests: Vec<Manifest> = steps.chunks(50).enumerate().map(manifest).collect();
    assert_eq!(Picture::of(&Choreography::new(&manifests)).svg(), Err(TooLarge));
}

#[test]
fn steps_with_dots_in_their_names_are_drawn_apart() {
    let of = |service: &str, step: &str| {
        let text = format!(
            r#"{{ "manifest": 1, "service": "{service}", "steps": [{{ "name": "{step}", "group": "g", "consumes": [] }}] }}"#
        );
        Manifest::read("m.json", text.as_bytes()).expect("a manifest")
    };
    let both = [of("a.b", "c"), of("a", "b.c")];
    let nodes: Vec<String> =
        Picture::of(&Choreography::new(&both)).nodes.into_iter().map(|node| node.id).collect();
    assert_eq!(nodes, ["step:a.b.c", "step:a%2Eb.c"]);
}
