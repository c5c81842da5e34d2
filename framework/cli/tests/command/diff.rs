use crate::support::{choreograph, folder};

const OLD: &str = r#"{
  "type": "object",
  "properties": {
    "id": { "type": "string" }
  },
  "required": ["id"]
}"#;

fn new(id: &str) -> String {
    OLD.replace("string", id)
}

#[test]
fn the_same_schema_holds() {
    let folder = folder(&[("old.json", OLD), ("new.json", OLD)]);
    let run = choreograph(folder.path(), ["diff", "old.json", "new.json"]);
    assert_eq!((run.code, run.errors.as_str()), (0, ""));
    assert_eq!(run.out, "backward holds, forward holds; nothing changed\n");
    let json = choreograph(folder.path(), ["diff", "old.json", "new.json", "--format", "json"]).json("diff");
    assert_eq!(json["bump"], "none");
    assert_eq!(json["semantics"], "contract");
}

#[test]
fn a_break_names_both_files_and_says_what_to_do() {
    let folder = folder(&[("old.json", OLD), ("new.json", &new("integer"))]);
    let run = choreograph(folder.path(), ["diff", "old.json", "new.json"]);
    assert_eq!((run.code, run.errors.as_str()), (1, ""));
    assert!(run.out.contains("--> new: new.json:"), "{}", run.out);
    assert!(run.out.contains("::: old: old.json:"), "{}", run.out);
    assert!(run.out.ends_with("publish it as a new major\n"), "{}", run.out);
    let json = choreograph(folder.path(), ["diff", "old.json", "new.json", "--format", "json"]).json("diff");
    assert_eq!(json["bump"], "major");
    assert_eq!(json["backward"]["compatible"], false);
}

#[test]
fn every_format_says_it() {
    let folder = folder(&[("old.json", OLD), ("new.json", &new("integer"))]);
    for (format, start) in [
        ("text", "error["),
        ("json", "{\n  \"backward\""),
        ("github", "::error file=new.json,line="),
        ("junit", "<?xml"),
        ("sarif", "{\n  \"$schema\""),
        ("markdown", "## choreograph diff"),
    ] {
        let run = choreograph(folder.path(), ["diff", "old.json", "new.json", "--format", format]);
        assert_eq!(run.code, 1, "{format}");
        assert!(run.out.starts_with(start), "{format}: {}", run.out);
    }
}
