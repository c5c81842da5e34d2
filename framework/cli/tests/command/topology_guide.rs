//! The output that `docs/topology.md` shows is the command's own.

use crate::support::{choreograph, committed, folder, write};
use crate::topology::{billing, payment};

const GUIDE: &str = "../../docs/topology.md";

#[test]
fn the_guide_shows_what_the_command_says() {
    let folder = folder(&[
        ("production/payment.json", &payment("1.0", &["order_id", "currency"])),
        ("production/billing.json", &billing(&["order_id", "currency"])),
        ("payment.json", &payment("1.1", &["order_id"])),
    ]);
    let check = || {
        let before = ["--against", "production/billing.json", "production/payment.json"];
        choreograph(folder.path(), ["topology", "check", "payment.json"].into_iter().chain(before))
    };
    let broken = check();
    assert_eq!(broken.code, 1, "{broken:?}");
    write(folder.path(), "production/billing.json", billing(&["order_id"]));
    let mended = check();
    assert_eq!(mended.code, 0, "{mended:?}");

    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(GUIDE);
    let guide = std::fs::read_to_string(path).expect("committed");
    let first = "topology check payment.json --against production/*.json -->";
    let second = "--against production/*.json, once billing reads no currency -->";
    let guide = with_output(&with_output(&guide, first, &broken.out), second, &mended.out);
    committed(GUIDE, &guide);
}

/// The guide with `output` in the block behind the comment that ends in `mark`.
fn with_output(guide: &str, mark: &str, output: &str) -> String {
    let start = guide.find(mark).expect("the comment") + mark.len() + "\n```text\n".len();
    let end = start + guide[start..].find("```").expect("the end of the block");
    format!("{}{output}{}", &guide[..start], &guide[end..])
}
