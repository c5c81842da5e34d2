//! Where Kafka comes from.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::KafkaError;
use super::error::Doing;
use crate::process::{Leader, tail};

/// The version of Apache Kafka that the tests run on.
pub const KAFKA_VERSION: &str = "4.3.1";
/// Time Maven may take.
const FETCH_WITHIN: Duration = Duration::from_mins(5);
const COPY: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies";
/// Without the second artifact the broker logs nothing.
const POM: &str = r#"<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>choreograph</groupId>
  <artifactId>kafka-for-tests</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>4.3.1</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId>
      <artifactId>log4j-slf4j-impl</artifactId>
      <version>2.25.4</version>
    </dependency>
  </dependencies>
</project>
"#;

/// The folder of Kafka's jars, fetched first when it is not there.
///
/// A file lock makes one process fetch while others wait, and the folder gets its name only when it is complete.
pub(crate) fn jars() -> Result<PathBuf, KafkaError> {
    fetched_into(&target(), fetch)
}

fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"), PathBuf::from)
}

fn fetched_into(
    target: &Path,
    fetch: impl FnOnce(&Path) -> Result<(), KafkaError>,
) -> Result<PathBuf, KafkaError> {
    let folder = target.join(format!("kafka-{KAFKA_VERSION}"));
    if folder.exists() {
        return Ok(folder);
    }
    fs::create_dir_all(target).doing("make the target folder")?;
    let lock = File::create(target.join(format!("kafka-{KAFKA_VERSION}.lock")))
        .doing("make the lock file for Kafka's jars")?;
    lock.lock().doing("lock Kafka's jars")?; // Freed when the file closes, thus also when a process dies.
    if folder.exists() {
        return Ok(folder);
    }
    let partial = target.join(format!("kafka-{KAFKA_VERSION}.partial"));
    if partial.exists() {
        fs::remove_dir_all(&partial).doing("remove a half download of Kafka")?;
    }
    fs::create_dir(&partial).doing("make the folder for Kafka's jars")?;
    fetch(&partial)?;
    fs::rename(&partial, &folder).doing("name the folder of Kafka's jars")?;
    Ok(folder)
}

fn fetch(folder: &Path) -> Result<(), KafkaError> {
    let pom = folder.join("pom.xml");
    let log = folder.join("maven.log");
    fs::write(&pom, POM).doing("write the pom for Kafka")?;
    let out = File::create(&log).doing("make Maven's log")?;
    let mut maven = Command::new("mvn");
    maven
        .args([
            "--batch-mode",
            "--no-transfer-progress",
            "--strict-checksums",
            COPY,
            "-DincludeScope=runtime",
        ])
        .arg("--file")
        .arg(&pom)
        .arg(format!("-DoutputDirectory={}", folder.display()))
        .stdin(Stdio::null())
        .stdout(out.try_clone().doing("share Maven's log")?)
        .stderr(out);
    let mut maven = Leader::spawn(&mut maven)
        .map_err(|e| KafkaError::NotToBeHad { missing: format!("Maven's mvn does not run ({e})") })?;
    match maven.wait(FETCH_WITHIN).doing("wait for Maven")? {
        Some(status) if status.success() => Ok(()),
        _ => Err(KafkaError::Fetch { folder: folder.to_owned(), log: tail(&log) }),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn fetches_once_and_takes_no_half_download() {
        let target = tempfile::tempdir().expect("a folder");
        let failed = |folder: &Path| {
            fs::write(folder.join("half.jar"), "ha").doing("write")?;
            Err(KafkaError::Fetch { folder: folder.to_owned(), log: String::new() })
        };
        fetched_into(target.path(), failed).expect_err("the fetch failed");

        let fetches = Cell::new(0);
        let fetch = |folder: &Path| {
            fetches.set(fetches.get() + 1);
            fs::write(folder.join("whole.jar"), "whole").doing("write")
        };
        let folder = fetched_into(target.path(), fetch).expect("fetched");
        assert!(folder.join("whole.jar").exists());
        assert!(!folder.join("half.jar").exists());
        fetched_into(target.path(), fetch).expect("found");
        assert_eq!(fetches.get(), 1);
    }

    #[test]
    fn the_pom_has_the_version_that_the_folder_is_named_after() {
        assert!(POM.contains(&format!("<version>{KAFKA_VERSION}</version>")));
    }
}
