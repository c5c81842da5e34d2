//! Who may ask a real observer.

use crate::stage::Stage;

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
