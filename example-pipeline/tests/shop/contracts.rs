//! The contracts under `schemas/` are what the services' code says.

use std::path::Path;
use std::process::Command;

use example_pipeline::services;

#[test]
fn every_service_finds_its_contracts_as_its_code_says() {
    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas");
    for name in services::NAMES {
        let check = Command::new(env!("CARGO_BIN_EXE_example-pipeline"))
            .args(["service", name, "contracts", "check", "--dir"])
            .arg(&schemas)
            .output()
            .expect("the shop's command starts");
        let told = String::from_utf8_lossy(&check.stdout);
        assert!(
            check.status.success(),
            "{name}: {told}; to write them anew: cargo run -p example-pipeline -- service {name} contracts write"
        );
    }
}
