//! The output that `README.md` and `docs/ci.md` show is the command's own.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::git::{commit, git};
use crate::support::{Run, choreograph, committed, folder, write};

const GUIDE: &str = "../../docs/ci.md";
const README: &str = "../../README.md";

/// The shop's contracts, as the repository has them.
const CONTRACTS: &str = "../../schemas";
/// What its services declare.
const MANIFESTS: &str = "../../example-pipeline/choreography/manifests";
const ORDER: &str = "schemas/order.placed/1.0.json";

/// A file of the repository, told from this crate.
pub(crate) fn committed_text(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A folder with the shop's contracts.
fn shop() -> tempfile::TempDir {
    let folder = folder(&[]);
    for kind in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(CONTRACTS)).expect("contracts") {
        let kind = kind.expect("readable").path();
        let name = kind.file_name().expect("a name").to_str().expect("UTF-8").to_owned();
        for file in std::fs::read_dir(&kind).expect("versions") {
            let file = file.expect("readable").path();
            let version = file.file_name().expect("a name").to_str().expect("UTF-8");
            write(folder.path(), &format!("schemas/{name}/{version}"), std::fs::read(&file).expect("a file"));
        }
    }
    folder
}

/// The shop's order, with its currency.
fn with_currency(required: bool) -> String {
    let text = committed_text(&format!("../../{ORDER}")).replace("order.placed/1.0", "order.placed/1.1");
    let property = "    \"currency\": {\n      \"enum\": [\"EUR\", \"GBP\"]\n    },\n    \"customer_id\": {";
    let text = text.replacen("    \"customer_id\": {", property, 1);
    if !required {
        return text;
    }
    text.replacen("    \"customer_id\",\n", "    \"currency\",\n    \"customer_id\",\n", 1)
}

#[test]
fn the_guide_shows_what_the_command_says() {
    let folder = shop();
    git(folder.path(), &["init", "-q"]);
    commit(folder.path());
    let check = |required: bool| {
        write(folder.path(), "schemas/order.placed/1.1.json", with_currency(required));
        choreograph(folder.path(), ["check", "--against", "git:main"])
    };
    let broken = check(true);
    assert_eq!(broken.code, 1);
    let mended = check(false);
    assert_eq!(mended.code, 0);

    let drifted = drifted();
    assert_eq!(drifted.code, 1);

    let guide = committed_text(GUIDE);
    let guide = with_output(&guide, "choreograph check --against git:main -->", &broken.out);
    let guide =
        with_output(&guide, "choreograph check --against git:main, with the field optional -->", &mended.out);
    let mark = "check --manifests manifests/payment.json, with a field that the file does not have -->";
    let guide = with_output(&guide, mark, &drifted.out);
    committed(GUIDE, &guide);
}

/// What README says to type is typed, in a folder that has what the repository has.
#[test]
fn the_readme_shows_what_a_diff_says() {
    let readme = committed_text(README);
    let (typed, folder) = (format!("sed s/total_pence/total/ {ORDER} > 1.1.json"), shop());
    assert!(
        readme.contains(&format!("$ {typed}\n$ cargo run -p choreograph-cli -- diff {ORDER} 1.1.json\n"))
    );
    let renamed = Command::new("sh").args(["-c", &typed]).current_dir(folder.path()).status();
    assert!(renamed.expect("a shell").success());
    let broken = choreograph(folder.path(), ["diff", ORDER, "1.1.json"]);
    assert_eq!(broken.code, 1);
    committed(README, &with_output(&readme, "choreograph diff -->", &broken.out));
}

/// A service whose code has gone on without its contract file.
fn drifted() -> Run {
    let mut manifest = shop_manifest("payment");
    let emits = manifest["steps"][0]["emits"].as_array_mut().expect("a list");
    let confirmed = emits.iter_mut().find(|event| event["type"] == "payment.confirmed").expect("emitted");
    confirmed["schema"]["properties"]["note"] = json!({ "type": "string" });
    let folder = shop();
    write(folder.path(), "manifests/payment.json", format!("{manifest:#}"));
    choreograph(folder.path(), ["check", "--manifests", "manifests/payment.json"])
}

/// The services of the shop.
pub(crate) fn shop_services() -> Vec<String> {
    let files = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(MANIFESTS)).expect("manifests");
    let names = files.map(|file| file.expect("readable").path());
    let mut names: Vec<String> =
        names.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    names
}

/// What a service of the shop declares.
pub(crate) fn shop_manifest(service: &str) -> Value {
    serde_json::from_str(&committed_text(&format!("{MANIFESTS}/{service}.json"))).expect("JSON")
}

/// The guide with `output` in the block behind the comment that ends in `mark`.
pub(crate) fn with_output(guide: &str, mark: &str, output: &str) -> String {
    let start = guide.find(mark).expect("the comment") + mark.len() + "\n```text\n".len();
    let end = start + guide[start..].find("```").expect("the end of the block");
    format!("{}{output}{}", &guide[..start], &guide[end..])
}
