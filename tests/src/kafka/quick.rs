//! What makes a broker's start quick: its classes already parsed, its folder's first file already written.
//!
//! Both come from one broker that is started for that purpose, once. On two cores a start then takes less than
//! half the CPU time.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::Doing;
use super::fetch::{KAFKA_VERSION, jars};
use super::java::java;
use super::jvm::{Archive, Jvm};
use super::once::once;
use super::{Cluster, KafkaError, Setup};

/// What Kafka's format writes that is the same for every node of this version.
const CHECKPOINT: &str = "bootstrap.checkpoint";
/// The JVM's archive of parsed classes. A JVM for which it does not fit goes without.
const CLASSES: &str = "classes.jsa";

/// How to run Kafka, and the file that formats a node's folder.
pub(crate) fn quick() -> Result<(Jvm, PathBuf), KafkaError> {
    let (java, jars) = (java()?, jars()?);
    let jvm = |archive| Jvm { java: java.clone(), jars: jars.clone(), archive, roomy: false };
    let make = |folder: &Path| record(&jvm(Archive::Make(folder.join(CLASSES))), folder);
    let quick = once(&format!("kafka-{KAFKA_VERSION}-quick"), make)?;
    Ok((jvm(Archive::Use(quick.join(CLASSES))), quick.join(CHECKPOINT)))
}

/// Runs a broker that was formatted by Kafka's own tool, and keeps what it leaves.
fn record(jvm: &Jvm, folder: &Path) -> Result<(), KafkaError> {
    let mut cluster = Cluster::on(jvm, None, &Setup::nodes(1))?;
    let checkpoint = cluster.data(1).join(CHECKPOINT);
    fs::copy(checkpoint, folder.join(CHECKPOINT)).doing("keep Kafka's first file")?;
    cluster.stop(1) // Writes the archive as it ends.
}
