//! Where Kafka comes from.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::KafkaError;
use super::error::Doing;
use super::once::once;
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
pub(crate) fn jars() -> Result<PathBuf, KafkaError> {
    once(&format!("kafka-{KAFKA_VERSION}"), fetch)
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
    use super::*;

    #[test]
    fn the_pom_has_the_version_that_the_folder_is_named_after() {
        assert!(POM.contains(&format!("<version>{KAFKA_VERSION}</version>")));
    }
}
