//! `dlq edit` with the person's own editor: each a command that does what a person might.

use crate::by_hand::{id, letter};
use crate::stage::{Ran, Stage};

#[test]
fn only_a_changed_value_of_an_editor_that_ended_well_goes_out() {
    let stage = Stage::new();
    stage.create(&[("payment.charge.dlq", 1), ("payment.charge.retry", 1), ("choreograph.audit", 1)]);
    stage.write(&[letter(&stage.full("payment.charge.dlq"), 1, "contract_violation")]);
    let id = id(1);
    let edit = |environment: &[(&str, &str)]| -> Ran {
        stage.start_with(&["edit", &id, "--unchecked"], environment).finish()
    };
    let broken = format!("cp {}", stage.file("broken.json", "{\"total\":"));
    let right = format!("cp {}", stage.file("right.json", "{\"total\":2}\n"));

    for (environment, code, told) in [
        (&[][..], 2, "there is no editor: neither VISUAL nor EDITOR is set"),
        (&[("EDITOR", " ")], 2, "there is no editor"),
        (&[("EDITOR", "/no/such/editor")], 3, "the editor ended with exit status: 127, so nothing was done"),
        (&[("EDITOR", "false")], 3, "the editor ended with exit status: 1, so nothing was done"),
        (&[("EDITOR", "true")], 3, "the value was not changed, so nothing was done"),
        (&[("EDITOR", "sh -c 'kill -9 $$'")], 3, "so nothing was done"),
        (&[("EDITOR", "rm")], 3, "the value cannot be edited"),
        (&[("EDITOR", "truncate -s 0")], 1, "it is no JSON"),
        (&[("EDITOR", &broken)], 1, "it is no JSON"),
    ] {
        let ran = edit(environment);
        assert_eq!(ran.code, code, "{environment:?}: {ran:?}");
        assert!(format!("{}{}", ran.out, ran.errors).contains(told), "{environment:?}: {ran:?}");
    }
    assert!(stage.read("payment.charge.retry").is_empty() && stage.read("choreograph.audit").is_empty());

    let ran = edit(&[("VISUAL", &right), ("EDITOR", "false")]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let retried = stage.read("payment.charge.retry");
    assert_eq!(
        retried[0].value.as_deref(),
        Some(&br#"{"total":2}"#[..]),
        "without the line end that editors add"
    );

    let again = edit(&[("EDITOR", "false")]);
    assert!(again.code == 0 && again.out.contains("it was edited by ada"), "no editor is opened: {again:?}");
    assert_eq!((stage.read("payment.charge.retry").len(), stage.read("choreograph.audit").len()), (1, 1));
}
