//! Who may ask a real observer.

use choreograph_tests::eventually;

use crate::stage::{Stage, WITHIN};

#[test]
fn only_who_may_ask_is_answered() {
    let stage = Stage::new();
    let sight = stage.observe(&[]);
    for (headers, status) in [
        (&[][..], 200),
        (&[("Host", "evil.example")], 421),
        (&[("Host", "localhost.evil.example")], 421),
        (&[("Origin", "http://evil.example")], 403),
        (&[("Origin", "null")], 403),
    ] {
        let (got, body) = sight.ask("/api/overview", headers).expect("an answer");
        assert_eq!(got, status, "{headers:?}: {body}");
    }
    let (code, text) =
        stage.ask(None, &["observe", "--listen", "0.0.0.0:0", "--manifests", &stage.manifests_argument()]);
    assert!(code == 2 && text.contains("CHOREOGRAPH_OBSERVER_TOKEN"), "{code}: {text}");
}

#[test]
fn an_observer_that_cannot_start_says_why_and_one_that_sees_little_says_that() {
    let stage = Stage::new();
    let manifests = stage.manifests_argument();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().expect("an address").to_string();
    let folder = stage.state();
    std::fs::create_dir_all(folder.join("observer.redb")).expect("a folder in the way");
    let folder = folder.to_str().expect("UTF-8");
    for (more, told) in [
        (["--listen", taken.as_str()], format!("cannot listen at {taken}")),
        (["--state", folder], "state cannot be kept in".to_owned()),
        (["--listens", "127.0.0.1:0"], "--listens".to_owned()),
    ] {
        let mut arguments = vec!["observe", "--manifests", &manifests];
        if more[0] != "--listen" {
            arguments.extend(["--listen", "127.0.0.1:0"]);
        }
        arguments.extend(more);
        let (code, text) = stage.ask(None, &arguments);
        assert!(code == 2 && text.contains(&told), "{more:?}: {code}: {text}");
    }

    let torn = std::path::Path::new(&manifests).join("torn.json");
    std::fs::write(&torn, "{").expect("written");
    let sight = stage.observe(&[]);
    sight.caught_up();
    let problems = sight.overview().problems;
    assert!(problems.iter().any(|it| it.contains("torn.json:1:")), "{problems:?}");
    eventually("the log names it too", WITHIN, || {
        let log = sight.process.log().map_err(|error| error.to_string())?;
        if log.contains("torn.json:1:") { Ok(()) } else { Err(log) }
    });
}
