//! Upcasters held against recorded events.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::lift;
use crate::event::Event;

/// The most events that one folder holds.
const MAX_RECORDED: usize = 10_000;

/// The end of the file that says what a recorded event becomes.
const GOLDEN: &str = ".upcast.json";

/// What is wrong with recorded events, one line each.
#[derive(thiserror::Error)]
pub struct GoldenError(Vec<String>);

impl fmt::Display for GoldenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

/// As text, so that a failing test shows what is wrong.
impl fmt::Debug for GoldenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{self}")
    }
}

/// Holds the upcasters of `E` against events that were recorded: each `<name>.v<major>.json` of the folder is led to the
/// major of `E`, held against its reader's view, read into `E`, and compared with `<name>.v<major>.upcast.json` beside it.
/// With `UPDATE=1` in the environment those files are written anew: read the difference before committing it.
///
/// Each major from which an upcaster leads needs an event of its own. The answer is how many events there are.
///
/// ```no_run
/// # use choreograph::Event;
/// # #[derive(Event, serde::Deserialize, schemars::JsonSchema)]
/// # #[event(view, type = "order.placed", major = 1, topic = "orders")]
/// # struct OrderPlaced { order_id: String }
/// // #[test]
/// fn orders_of_all_times_are_read() -> Result<(), choreograph::upcast::GoldenError> {
///     choreograph::upcast::golden::<OrderPlaced>("tests/recorded/order.placed").map(drop)
/// }
/// ```
///
/// # Errors
///
/// [`GoldenError`] lists every event that is refused or becomes something else, every major without an event, and
/// files whose names say nothing.
pub fn golden<E: Event>(folder: impl AsRef<Path>) -> Result<usize, GoldenError> {
    let update = std::env::var_os("UPDATE").is_some_and(|it| it == "1");
    compare::<E>(folder.as_ref(), update)
}

fn compare<E: Event>(folder: &Path, update: bool) -> Result<usize, GoldenError> {
    let names = names(folder).map_err(|error| GoldenError(vec![format!("{}: {error}", folder.display())]))?;
    let mut problems = Vec::new();
    let mut majors = BTreeSet::new();
    let mut events = 0;
    for name in &names {
        let problem = if let Some(stem) = name.strip_suffix(GOLDEN) {
            let source = format!("{stem}.json");
            (!names.contains(&source)).then(|| format!("it belongs to `{source}`, which is not there"))
        } else if let Some(major) = major_of(name) {
            majors.insert(major);
            events += 1;
            one::<E>(folder, name, major, update).err()
        } else {
            Some("its name says no major: call it `<name>.v1.json`".to_owned())
        };
        problems.extend(problem.map(|problem| format!("{}: {problem}", folder.join(name).display())));
    }
    for link in E::UPCASTS.iter().filter(|link| !majors.contains(&link.from())) {
        let from = link.from();
        problems.push(format!(
            "{}: no event of major {from}, from which an upcaster leads: record one as `<name>.v{from}.json`",
            folder.display()
        ));
    }
    if problems.is_empty() { Ok(events) } else { Err(GoldenError(problems)) }
}

/// The JSON files of a folder, by name.
fn names(folder: &Path) -> Result<BTreeSet<String>, String> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder).map_err(|error| error.to_string())? {
        let name = entry.map_err(|error| error.to_string())?.file_name().to_string_lossy().into_owned();
        if Path::new(&name).extension().is_some_and(|it| it == "json") {
            names.insert(name);
        }
        // An event has a file and its golden one.
        if names.len() > 2 * MAX_RECORDED {
            return Err(format!("more than {MAX_RECORDED} recorded events"));
        }
    }
    Ok(names)
}

fn major_of(name: &str) -> Option<u32> {
    let (_, major) = name.strip_suffix(".json")?.rsplit_once(".v")?;
    major.parse().ok().filter(|major| *major > 0)
}

fn one<E: Event>(folder: &Path, name: &str, major: u32, update: bool) -> Result<(), String> {
    let recorded = fs::read(folder.join(name)).map_err(|error| error.to_string())?;
    let (_, lifted) = lift::<E>(major, &recorded).map_err(|error| error.to_string())?;
    let lifted: Value = serde_json::from_slice(&lifted).map_err(|error| error.to_string())?;
    let golden = folder.join(format!("{}{GOLDEN}", name.trim_end_matches(".json")));
    let expected = fs::read(&golden).ok().and_then(|text| serde_json::from_slice::<Value>(&text).ok());
    if expected.as_ref() == Some(&lifted) {
        return Ok(());
    }
    if update {
        return fs::write(&golden, format!("{lifted:#}\n")).map_err(|error| error.to_string());
    }
    let expected = expected.map_or_else(|| "nothing".to_owned(), |expected| format!("{expected:#}"));
    Err(format!(
        "it becomes something else than `{}` says; with UPDATE=1 the file is written anew\n--- expected\n{expected}\n--- \
         it becomes\n{lifted:#}",
        golden.display()
    ))
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::Deserialize;
    use serde_json::json;

    use super::*;
    use crate::{Event, UpcastError};

    #[derive(Event, Deserialize, JsonSchema)]
    #[event(view, type = "order.placed", major = 3, topic = "orders", upcast(1 = named, 2 = Ok))]
    struct OrderPlaced {
        #[expect(dead_code, reason = "only its contract matters")]
        order_id: String,
    }

    fn named(mut order: Value) -> Result<Value, UpcastError> {
        let id = order.get_mut("id").ok_or("it has no `id`")?.take();
        order["order_id"] = id;
        Ok(order)
    }

    fn recorded(files: &[(&str, &Value)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, value) in files {
            fs::write(folder.path().join(name), value.to_string()).expect("written");
        }
        folder
    }

    fn told(folder: &tempfile::TempDir, update: bool) -> String {
        compare::<OrderPlaced>(folder.path(), update)
            .map_or_else(|error| error.to_string(), |events| events.to_string())
    }

    #[test]
    fn recorded_events_become_what_their_golden_files_say() {
        let folder =
            recorded(&[("a.v1.json", &json!({"id": "7"})), ("b.v2.json", &json!({"order_id": "8"}))]);
        assert!(told(&folder, false).contains("a.v1.json: it becomes something else"));
        assert_eq!((told(&folder, true), told(&folder, false)), ("2".to_owned(), "2".to_owned()));
        let golden = fs::read_to_string(folder.path().join("a.v1.upcast.json")).expect("written");
        assert_eq!(golden, "{\n  \"id\": null,\n  \"order_id\": \"7\"\n}\n");
        fs::write(folder.path().join("a.v1.upcast.json"), r#"{"order_id":"9"}"#).expect("written");
        assert!(told(&folder, false).contains("--- it becomes"), "{}", told(&folder, false));
    }

    #[test]
    fn what_is_missing_refused_or_nameless_is_told() {
        let folder = recorded(&[
            ("a.v1.json", &json!({"id": 7})),
            ("notes.json", &json!(1)),
            ("c.v2.upcast.json", &json!(1)),
        ]);
        let told = told(&folder, true);
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines.len(), 4, "{told}");
        assert!(lines[0].ends_with("as major 3: breaks its contract: `type` at /order_id"), "{told}");
        assert!(lines[1].contains("`c.v2.json`, which is not there"), "{told}");
        assert!(lines[2].contains("notes.json: its name says no major"), "{told}");
        assert!(lines[3].contains("no event of major 2"), "{told}");
    }
}
