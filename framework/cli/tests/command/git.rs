use std::path::Path;
use std::process::Command;

use crate::check::{check, rules};
use crate::support::{binary, choreograph, contract, folder, of, write};

const FILE: &str = "schemas/order.placed/1.0.json";
const EDITED: &str = r#", "note": { "type": "string" }"#;

pub(crate) fn git(folder: &Path, args: &[&str]) {
    let settings = [
        "-c",
        "user.name=A",
        "-c",
        "user.email=a@b.c",
        "-c",
        "init.defaultBranch=main",
        "-c",
        "commit.gpgsign=false",
    ];
    let output =
        Command::new("git").args(settings).args(args).current_dir(folder).output().expect("git runs");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

pub(crate) fn commit(folder: &Path) {
    git(folder, &["add", "-A"]);
    git(folder, &["commit", "-q", "-m", "x"]);
}

/// A repository with one contract, committed on `main`.
fn repository() -> tempfile::TempDir {
    let folder = folder(&[(FILE, &contract("order.placed/1.0", "")), ("README.md", "x")]);
    git(folder.path(), &["init", "-q"]);
    commit(folder.path());
    folder
}

#[test]
fn what_is_published_is_what_the_ref_has() {
    let folder = repository();
    assert_eq!(check(folder.path(), &["--against", "git:main"]).0, 0);
    write(folder.path(), FILE, contract("order.placed/1.0", EDITED));
    let (code, json) = check(folder.path(), &["--against", "git:main"]);
    assert_eq!((code, rules(&json)), (1, vec!["CONTRACT_MUTATED"]));
    commit(folder.path());
    assert_eq!(check(folder.path(), &["--against", "git:main"]).0, 0);
    assert_eq!(check(folder.path(), &["--against", "git:HEAD~1"]).0, 1);
}

#[test]
fn a_branch_that_is_behind_has_deleted_nothing() {
    let folder = repository();
    git(folder.path(), &["checkout", "-q", "-b", "work"]);
    git(folder.path(), &["checkout", "-q", "main"]);
    write(folder.path(), "schemas/order.paid/1.0.json", contract("order.paid/1.0", ""));
    commit(folder.path());
    git(folder.path(), &["checkout", "-q", "work"]);
    let (code, json) = check(folder.path(), &["--against", "git:main"]);
    assert_eq!((code, rules(&json)), (0, vec![]), "{json:#}");
}

/// Both lines publish a version of one major: after the merge they stand beside each other.
#[test]
fn a_branch_that_is_behind_breaks_what_was_published_meanwhile() {
    let later = |version: &str, kind: &str| {
        let note = format!(r#", "note": {{ "type": "{kind}" }}"#);
        contract(&format!("order.placed/{version}"), &note)
    };
    let folder = repository();
    git(folder.path(), &["checkout", "-q", "-b", "work"]);
    git(folder.path(), &["checkout", "-q", "main"]);
    write(folder.path(), "schemas/order.placed/1.1.json", later("1.1", "string"));
    commit(folder.path());
    git(folder.path(), &["checkout", "-q", "work"]);
    // The same version on both lines.
    let own = write(folder.path(), "schemas/order.placed/1.1.json", later("1.1", "integer"));
    let (code, json) = check(folder.path(), &["--against", "git:main"]);
    assert_eq!((code, rules(&json)), (1, vec!["CONTRACT_MUTATED"]), "{json:#}");
    assert_eq!(
        (&json["changes"][0]["bump"], &json["changes"][0]["publish"]),
        (&"major".into(), &"2.0".into())
    );
    std::fs::remove_file(own).unwrap();
    // Beside it.
    write(folder.path(), "schemas/order.placed/1.2.json", later("1.2", "integer"));
    let (code, json) = check(folder.path(), &["--against", "git:main"]);
    assert_eq!((code, rules(&json)), (1, vec!["CONTRACT_MISSING_BUMP"]), "{json:#}");
    let finding = &json["findings"][0];
    assert_eq!(
        finding["message"].as_str().unwrap().split(" and ").next(),
        Some("`order.placed 1.2` breaks 1.1")
    );
    assert_eq!(finding["places"][0]["file"], "schemas/order.placed/1.2.json", "{json:#}");
    assert!(finding["help"].to_string().contains("only git:main has 1.1"), "{finding:#}");
    let change = &json["changes"][0];
    assert_eq!((&change["since"], &change["publish"]), (&"1.1".into(), &"2.0".into()), "{json:#}");
    let (code, json) = check(folder.path(), &["--against", "git:main", "--level", "NONE"]);
    assert_eq!((code, &json["changes"][0]["since"]), (0, &"1.1".into()), "{json:#}");
    // A version before it answers for it as well.
    std::fs::remove_file(folder.path().join("schemas/order.placed/1.2.json")).unwrap();
    git(folder.path(), &["checkout", "-q", "main"]);
    git(folder.path(), &["mv", "schemas/order.placed/1.1.json", "schemas/order.placed/1.3.json"]);
    write(folder.path(), "schemas/order.placed/1.3.json", later("1.3", "string"));
    commit(folder.path());
    git(folder.path(), &["checkout", "-q", "work"]);
    write(folder.path(), "schemas/order.placed/1.2.json", later("1.2", "integer"));
    let (code, json) = check(folder.path(), &["--against", "git:main"]);
    assert_eq!((code, rules(&json)), (1, vec!["CONTRACT_MISSING_BUMP"]), "{json:#}");
    assert_eq!(json["findings"][0]["places"][0]["file"], "schemas/order.placed/1.2.json", "{json:#}");
    // What agrees with it may stand beside it.
    write(folder.path(), "schemas/order.placed/1.2.json", later("1.2", "string"));
    let (code, json) = check(folder.path(), &["--against", "git:main"]);
    assert_eq!((code, rules(&json), &json["compared"]), (0, vec![], &2.into()), "{json:#}");
}

/// What this line took away is told as that, and what cannot be compared is nobody's break.
#[test]
fn what_was_taken_away_or_is_torn_there_is_compared_with_nothing() {
    let folder = repository();
    git(folder.path(), &["checkout", "-q", "-b", "work"]);
    git(folder.path(), &["checkout", "-q", "main"]);
    write(folder.path(), "schemas/order.placed/1.1.json", "{ torn");
    let far = contract("order.placed/1.3", r#", "x": { "$ref": "http://127.0.0.1:1/y" }"#);
    write(folder.path(), "schemas/order.placed/1.3.json", far);
    commit(folder.path());
    git(folder.path(), &["checkout", "-q", "work"]);
    write(folder.path(), "schemas/order.placed/1.2.json", contract("order.placed/1.2", EDITED));
    let (code, json) = check(folder.path(), &["--against", "git:main"]);
    assert_eq!((code, rules(&json), &json["compared"]), (0, vec![], &1.into()), "{json:#}");
    // 1.5 breaks 1.2, and whoever takes it away has it no more.
    let broken = contract("order.placed/1.5", &EDITED.replace("string", "integer"));
    let path = write(folder.path(), "schemas/order.placed/1.5.json", broken);
    std::fs::remove_file(folder.path().join("schemas/order.placed/1.2.json")).unwrap();
    commit(folder.path());
    git(folder.path(), &["branch", "-f", "main", "work"]);
    std::fs::remove_file(path).unwrap();
    write(folder.path(), "schemas/order.placed/1.2.json", contract("order.placed/1.2", EDITED));
    let (code, json) = check(folder.path(), &["--against", "git:main"]);
    assert_eq!((code, rules(&json)), (1, vec!["CONTRACT_DELETED"]), "{json:#}");
}

#[test]
fn inside_of_a_hook_it_finds_its_own_repository() {
    let folder = repository();
    let elsewhere = repository();
    write(elsewhere.path(), FILE, contract("order.placed/1.0", EDITED));
    commit(elsewhere.path());
    let mut command = binary(folder.path());
    command.args(["check", "--against", "git:main"]).env("GIT_DIR", elsewhere.path().join(".git"));
    assert_eq!(of(&command.output().unwrap()).code, 0);
}

#[test]
fn a_ref_that_is_missing_is_three_and_says_what_to_fetch() {
    let folder = repository();
    let run = choreograph(folder.path(), ["check", "--against", "git:origin/main"]);
    assert_eq!((run.code, run.out.as_str()), (3, ""));
    assert!(run.errors.contains("git fetch origin main"), "{}", run.errors);
}

#[test]
fn before_the_first_commit_nothing_is_published() {
    let folder = folder(&[(FILE, &contract("order.placed/1.0", ""))]);
    git(folder.path(), &["init", "-q"]);
    let (code, json) = check(folder.path(), &["--against", "git:HEAD"]);
    assert_eq!((code, &json["changes"][0]["change"]), (0, &"added".into()), "{json:#}");
    let run = choreograph(folder.path(), ["check", "--against", "git:main"]);
    assert_eq!(run.code, 3, "{run:?}");
}

#[test]
fn a_ref_that_cannot_be_fetched_is_not_to_be_fetched() {
    let folder = repository();
    let run = choreograph(folder.path(), ["check", "--against", "git:HEAD~1"]);
    assert_eq!(run.code, 3);
    assert!(!run.errors.contains("git fetch") && run.errors.contains("git log"), "{}", run.errors);
}

#[test]
fn a_branch_without_its_word_is_told_the_word() {
    let folder = repository();
    let run = choreograph(folder.path(), ["check", "--against", "main"]);
    assert_eq!(run.code, 2);
    assert!(run.errors.contains("`--against git:main`"), "{}", run.errors);
}

#[test]
fn a_shallow_clone_is_to_be_deepened() {
    let folder = repository();
    write(folder.path(), FILE, contract("order.placed/1.0", "").replace("An order.", "A word."));
    commit(folder.path());
    let clones = tempfile::tempdir().unwrap();
    let url = format!("file://{}", folder.path().display());
    git(clones.path(), &["clone", "-q", "--depth", "1", &url, "clone"]);
    let run = choreograph(&clones.path().join("clone"), ["check", "--against", "git:HEAD~1"]);
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.errors.contains("git fetch --unshallow origin"), "{}", run.errors);
    assert!(run.errors.contains("fetch-depth: 0"), "{}", run.errors);
}

#[test]
fn a_clone_of_one_branch_is_told_how_to_get_another() {
    let folder = repository();
    git(folder.path(), &["checkout", "-q", "-b", "work"]);
    let clones = tempfile::tempdir().unwrap();
    let url = format!("file://{}", folder.path().display());
    git(clones.path(), &["clone", "-q", "--single-branch", "--branch", "work", &url, "clone"]);
    let clone = clones.path().join("clone");
    let run = choreograph(&clone, ["check", "--against", "git:origin/main"]);
    assert_eq!(run.code, 3, "{run:?}");
    let told = "git fetch origin main:refs/remotes/origin/main";
    assert!(run.errors.contains(told), "{}", run.errors);
    git(&clone, &told.split(' ').skip(1).collect::<Vec<_>>());
    assert_eq!(choreograph(&clone, ["check", "--against", "git:origin/main"]).code, 0);
}

#[test]
fn where_a_shallow_clone_cannot_say_who_went_on_it_says_so() {
    let folder = repository();
    git(folder.path(), &["checkout", "-q", "-b", "work"]);
    git(folder.path(), &["checkout", "-q", "main"]);
    write(folder.path(), "schemas/order.paid/1.0.json", contract("order.paid/1.0", ""));
    write(folder.path(), FILE, contract("order.placed/1.0", EDITED));
    commit(folder.path());
    git(folder.path(), &["checkout", "-q", "work"]);
    write(folder.path(), "README.md", "y");
    commit(folder.path());
    let clones = tempfile::tempdir().unwrap();
    let url = format!("file://{}", folder.path().display());
    git(clones.path(), &["clone", "-q", "--depth", "1", "--branch", "work", &url, "clone"]);
    let clone = clones.path().join("clone");
    git(&clone, &["fetch", "-q", "--depth", "1", "origin", "main"]);
    let run = choreograph(&clone, ["check", "--against", "git:FETCH_HEAD"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.out.contains("CONTRACT_MUTATED") && run.out.contains("CONTRACT_DELETED"), "{}", run.out);
    let told = "git fetch --unshallow origin BRANCH:refs/remotes/origin/BRANCH";
    assert_eq!(run.out.matches(told).count(), 2, "{}", run.out);
    assert!(
        run.out.contains("git restore --source FETCH_HEAD -- schemas/order.paid/1.0.json"),
        "{}",
        run.out
    );
    let told = told.replace("BRANCH", "main");
    git(&clone, &told.split(' ').skip(1).collect::<Vec<_>>());
    let run = choreograph(&clone, ["check", "--against", "git:origin/main"]);
    assert_eq!(run.code, 0, "{run:?}");
    // A break of this line of work is still one: it is not compared with itself.
    write(&clone, FILE, contract("order.placed/1.0", r#", "other": { "type": "string" }"#));
    commit(&clone);
    git(folder.path(), &["checkout", "-q", "main"]);
    git(&clone, &["push", "-q", "origin", "work"]);
    let run = choreograph(&clone, ["check", "--against", "git:origin/main"]);
    assert_eq!(run.code, 1, "{run:?}");
}

/// What was published in a folder is published wherever the folder goes.
#[test]
fn a_folder_that_was_moved_has_a_past() {
    let folder = repository();
    git(folder.path(), &["mv", "schemas", "contracts"]);
    let args = ["--schemas", "contracts", "--against", "git:main"];
    let (code, json) = check(folder.path(), &args);
    assert_eq!((code, &json["changes"]), (0, &serde_json::json!([])), "{json:#}");
    write(folder.path(), "contracts/order.placed/1.0.json", contract("order.placed/1.0", EDITED));
    let (code, json) = check(folder.path(), &args);
    assert_eq!((code, rules(&json)), (1, vec!["CONTRACT_MUTATED"]), "{json:#}");
    // A folder that is still there is another one, whatever its contracts are called.
    write(folder.path(), FILE, contract("order.placed/1.0", ""));
    let (code, json) = check(folder.path(), &args);
    assert_eq!((code, &json["changes"][0]["change"]), (0, &"added".into()), "{json:#}");
}

/// Advice that is followed to the letter, by name of a branch, compares with that branch.
#[test]
fn a_branch_that_is_not_here_is_fetched_under_a_name_that_stays() {
    let folder = repository();
    git(folder.path(), &["checkout", "-q", "-b", "work"]);
    let clones = tempfile::tempdir().unwrap();
    let url = format!("file://{}", folder.path().display());
    git(clones.path(), &["clone", "-q", "--depth", "1", "--branch", "work", &url, "clone"]);
    let clone = clones.path().join("clone");
    let run = choreograph(&clone, ["check", "--against", "git:main"]);
    assert_eq!(run.code, 3, "{run:?}");
    let told = "git fetch origin main:refs/remotes/origin/main";
    assert!(run.errors.contains(told) && run.errors.contains("git:origin/main"), "{}", run.errors);
    assert!(!run.errors.contains("FETCH_HEAD"), "{}", run.errors);
}

#[test]
fn what_is_no_ref_is_wrong_usage_and_reaches_no_git() {
    let folder = repository();
    for reference in ["--output=stolen", "main;touch stolen", "", "a..b", "main:schemas"] {
        let run = choreograph(folder.path(), ["check", "--against", &format!("git:{reference}")]);
        assert_eq!(run.code, 2, "{reference}: {run:?}");
    }
    assert!(!folder.path().join("stolen").exists());
}

#[test]
fn outside_of_a_repository_it_cannot_complete() {
    let folder = folder(&[(FILE, &contract("order.placed/1.0", ""))]);
    let mut command = binary(folder.path());
    command.args(["check", "--against", "git:main"]).env("GIT_CEILING_DIRECTORIES", folder.path());
    let run = of(&command.output().unwrap());
    assert_eq!(run.code, 3, "{run:?}");
}

/// What is moved file by file has its past too: whatever is left behind, and whatever is there already.
#[test]
fn a_contract_that_was_moved_has_a_past() {
    let folder = repository();
    write(folder.path(), "schemas/README.md", "Contracts.");
    write(folder.path(), "contracts/order.paid/1.0.json", contract("order.paid/1.0", ""));
    write(folder.path(), "schemas/order.gone/1.0.json", contract("order.gone/1.0", ""));
    commit(folder.path());
    git(folder.path(), &["checkout", "-q", "-b", "work"]);
    git(folder.path(), &["mv", "schemas/order.placed", "contracts/order.placed"]);
    let args = ["--schemas", "contracts", "--against", "git:main"];
    let (code, json) = check(folder.path(), &args);
    assert_eq!((code, &json["changes"]), (0, &serde_json::json!([])), "{json:#}");
    write(folder.path(), "contracts/order.placed/1.0.json", contract("order.placed/1.0", EDITED));
    let (code, json) = check(folder.path(), &args);
    assert_eq!((code, rules(&json)), (1, vec!["CONTRACT_MUTATED"]), "{json:#}");
    // The last contract of the old folder went with it, and not to the new one.
    git(folder.path(), &["rm", "-q", "-r", "schemas/order.gone"]);
    let (code, json) = check(folder.path(), &args);
    assert_eq!((code, rules(&json)), (1, vec!["CONTRACT_DELETED", "CONTRACT_MUTATED"]), "{json:#}");
    let help = json["findings"][0]["help"][0].as_str().unwrap();
    let command = "git restore --source main -- :/schemas/order.gone/1.0.json";
    assert!(help.contains(command) && help.contains("contracts/order.gone/1.0.json"), "{help}");
    git(folder.path(), &command.split(' ').skip(1).collect::<Vec<_>>());
}

#[test]
fn a_past_without_a_contract_is_told() {
    let folder = repository();
    write(folder.path(), "elsewhere/order.placed/1.0.json", contract("order.placed/1.0", EDITED));
    let run = choreograph(folder.path(), ["check", "--schemas", "elsewhere", "--against", "git:main"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.out.contains("nothing is published in git:main"), "{}", run.out);
    let run = choreograph(folder.path(), ["check", "--against", "git:main"]);
    assert!(!run.out.contains("nothing is published"), "{}", run.out);
}

/// What was published in other words, and what was published that nobody could assert.
#[test]
fn what_was_wrong_when_it_was_published_can_be_mended() {
    let folder = repository();
    let later = contract("order.placed/1.1", "").replace("\"string\"", "\"number\"");
    write(folder.path(), "schemas/order.placed/1.1.json", &later);
    write(folder.path(), "schemas/order.torn/1.0.json", "{ torn");
    write(
        folder.path(),
        "schemas/order.far/1.0.json",
        contract("order.far/1.0", r#", "x": { "$ref": "http://127.0.0.1:1/y" }"#),
    );
    commit(folder.path());
    for name in ["torn", "far"] {
        let id = format!("order.{name}/1.0");
        write(folder.path(), &format!("schemas/{id}.json"), contract(&id, ""));
    }
    let (code, json) = check(folder.path(), &["--against", "git:main"]);
    assert_eq!((code, rules(&json)), (1, vec!["CONTRACT_MUTATED", "CONTRACT_MUTATED"]), "{json:#}");
    let approval = |finding: &serde_json::Value| {
        let fingerprint = &finding["fingerprint"];
        format!("[[approval]]\nfingerprint = {fingerprint}\nreason = \"never read\"\nexpires = 9999-12-31\n")
    };
    let approvals: Vec<String> = json["findings"].as_array().unwrap().iter().map(approval).collect();
    write(folder.path(), "schemas/approvals.toml", approvals.concat());
    // A word in a description needs no version, whatever the next version broke.
    write(folder.path(), "schemas/order.placed/1.1.json", later.replace("An order.", "A word."));
    let (code, json) = check(folder.path(), &["--against", "git:main"]);
    assert_eq!((code, &json["holds"]), (0, &true.into()), "{json:#}");
}
