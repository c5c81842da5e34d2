//! The output that `README.md` and `docs/ci.md` show is the command's own.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::git::{commit, git};
use crate::support::{Run, choreograph, committed, folder, of, write};

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

/// The block of the guide that begins after `mark`.
fn block<'a>(guide: &'a str, mark: &str) -> &'a str {
    let start = guide.find(mark).unwrap_or_else(|| panic!("{mark:?} is in the guide"));
    guide[start..].split("```").next().expect("a block")
}

/// Git with the command at hand, as whoever commits has it.
fn with_the_command(folder: &Path, program: &str, args: &[&str]) -> Run {
    let binary = Path::new(env!("CARGO_BIN_EXE_choreograph")).parent().expect("a folder");
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").expect("a path"));
    let mut command = Command::new(program);
    command.args(args).current_dir(folder).env("PATH", path).env("NO_COLOR", "1");
    for (name, value) in [("GITHUB_BASE_REF", "main"), ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main")] {
        command.env(name, value);
    }
    of(&command.output().expect("it starts"))
}

/// The hook is pasted as it stands: what a branch has not published may change from commit to commit, what is published may not.
#[test]
fn the_hook_of_the_guide_lets_pass_what_is_not_published() {
    let guide = committed_text(GUIDE);
    let hook = block(&guide, "#!/bin/sh\n");
    let line = hook.lines().find_map(|line| line.strip_prefix("exec ")).expect("a command");
    assert_eq!(guide.matches(&format!("entry: {line}\n")).count(), 1, "pre-commit runs the same: {line}");

    let (origin, clones) = (shop(), folder(&[]));
    git(origin.path(), &["init", "-q"]);
    commit(origin.path());
    let url = format!("file://{}", origin.path().display());
    git(clones.path(), &["clone", "-q", &url, "clone"]);
    let clone = clones.path().join("clone");
    git(&clone, &["checkout", "-q", "-b", "work"]);
    let path = write(&clone, ".git/hooks/pre-commit", hook);
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("executable");
    let commits = |text: &str, path: &str| {
        write(&clone, path, text);
        git(&clone, &["add", "-A"]);
        let who = ["-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"];
        with_the_command(&clone, "git", &[&who[..], &["commit", "-q", "-m", "x"]].concat())
    };
    let first = with_currency(false);
    assert_eq!(commits(&first, "schemas/order.placed/1.1.json").code, 0);
    // The review asks for another one.
    let second = first.replace("\"EUR\", \"GBP\"", "\"EUR\", \"GBP\", \"SEK\"");
    assert_ne!(first, second);
    let run = commits(&second, "schemas/order.placed/1.1.json");
    assert_eq!(run.code, 0, "{run:?}");
    let published = committed_text(&format!("../../{ORDER}")).replace("\"invoice\"", "\"bill\"");
    let run = commits(&published, ORDER);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.out.contains("CONTRACT_MUTATED") || run.errors.contains("CONTRACT_MUTATED"), "{run:?}");
}

/// The jobs' commands are pasted as they stand.
#[test]
fn the_jobs_of_the_guide_ask_all_that_there_is_to_ask() {
    let guide = committed_text(GUIDE);
    let origin = shop();
    for service in shop_services() {
        let manifest = format!("{:#}", shop_manifest(&service));
        write(origin.path(), &format!("manifests/{service}.json"), &manifest);
        write(origin.path(), &format!("production/{service}.json"), &manifest);
    }
    git(origin.path(), &["init", "-q"]);
    commit(origin.path());
    let clones = folder(&[]);
    git(clones.path(), &["clone", "-q", &format!("file://{}", origin.path().display()), "clone"]);
    let clone = clones.path().join("clone");
    for mark in ["on: pull_request", "image: rust"] {
        let job = block(&guide, mark);
        let commands = job.lines().filter_map(|line| Some(&line[line.find("choreograph ")?..]));
        let commands: Vec<&str> = commands
            .filter(|line| line.starts_with("choreograph check") || line.starts_with("choreograph topology"))
            .collect();
        let asks = |what: &str| commands.iter().any(|line| line.contains(what));
        assert!(
            asks("check --against") && asks("--manifests") && asks("topology check manifests"),
            "{commands:?}"
        );
        assert!(asks("--against production"), "{commands:?}");
        for command in commands {
            let run = with_the_command(&clone, "sh", &["-c", &format!("GITHUB_STEP_SUMMARY=s; {command}")]);
            assert_eq!(run.code, 0, "{command}: {run:?}");
        }
    }
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
