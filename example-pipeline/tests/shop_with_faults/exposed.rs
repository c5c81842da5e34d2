//! What the running shop and its observer really expose on `/metrics`, held against the list of metrics from which dashboards
//! and alerts are made: `observability/metrics.txt`. Its checks hold each panel and each alert against that list.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::shop::Shop;
use crate::sight::Sight;

/// The room of dashboards, alerts and the list.
const ROOM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../observability");

/// Texts of `/metrics`, as files in a folder of their own.
#[derive(Debug)]
pub(crate) struct Exposed {
    folder: tempfile::TempDir,
    files: Vec<PathBuf>,
}

impl Exposed {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), files: Vec::new() }
    }

    /// Keeps what every service that runs and the observer expose now.
    pub(crate) fn take(&mut self, shop: &Shop, sight: &Sight) {
        for (name, text) in shop.metrics() {
            self.keep(&name, &text);
        }
        self.keep("observer", &sight.metrics().expect("the observer's metrics"));
    }

    fn keep(&mut self, name: &str, text: &str) {
        let file = self.folder.path().join(format!("{name}-{}.txt", self.files.len()));
        std::fs::write(&file, text).expect("written");
        self.files.push(file);
    }

    /// What is listed was exposed with just these labels, but for what is said to be rare; and nothing else was.
    #[track_caller]
    pub(crate) fn is_listed(&self) {
        let done = Command::new("python3")
            .arg(Path::new(ROOM).join("checks/metrics.py"))
            .args(["--by", "service", "--by", "observer", "--faults"])
            .args(&self.files)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .output()
            .expect("python3, in which the checks of `observability` are written");
        let told = String::from_utf8_lossy(&done.stdout);
        let errors = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "observability/metrics.txt is not what was exposed:\n{told}{errors}");
        eprintln!("{}", told.trim_end());
    }
}
