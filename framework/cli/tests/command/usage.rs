use std::path::Path;

use crate::support::choreograph;

#[test]
fn help_states_every_exit_code() {
    let run = choreograph(Path::new("."), ["--help"]);
    assert_eq!((run.code, run.errors.as_str()), (0, ""));
    for code in 0..=3 {
        assert!(run.out.contains(&format!("\n  {code}  ")), "{}", run.out);
    }
}

#[test]
fn wrong_usage_is_two() {
    for args in [&[][..], &["diff", "a.json"], &["no-such-command"], &["explain", "--format", "yaml"]] {
        let run = choreograph(Path::new("."), args);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{args:?}");
        assert!(run.errors.contains("--help"), "{}", run.errors);
    }
}

#[test]
fn every_shell_gets_its_completions() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let run = choreograph(Path::new("."), ["completions", shell]);
        assert_eq!((run.code, run.errors.as_str()), (0, ""), "{shell}");
        assert!(run.out.contains("against"), "{shell}");
    }
}

/// `UPDATE=1 cargo test -p choreograph-cli --test command` writes it anew.
#[test]
fn the_committed_manual_page_is_that_of_the_arguments() {
    let run = choreograph(Path::new("."), ["man"]);
    assert_eq!((run.code, run.errors.as_str()), (0, ""));
    crate::support::committed("docs/choreograph.1", &run.out);
}
