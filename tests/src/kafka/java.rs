//! Java.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use super::KafkaError;

/// The oldest Java that runs Kafka 4 brokers.
const OLDEST: u32 = 17;

/// Java's executable: `$JAVA_HOME/bin/java`, else the one on the path.
pub(crate) fn java() -> Result<PathBuf, KafkaError> {
    let path = match env::var_os("JAVA_HOME") {
        Some(home) => PathBuf::from(home).join("bin/java"),
        None => PathBuf::from("java"),
    };
    let missing = |what: String| KafkaError::NotToBeHad { missing: what };
    let output = Command::new(&path)
        .arg("-version")
        .output()
        .map_err(|e| missing(format!("{} does not run ({e})", path.display())))?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    match major(&text) {
        Some(version) if version >= OLDEST => Ok(path),
        Some(version) => Err(missing(format!("{} is Java {version}", path.display()))),
        None => Err(missing(format!("{} does not tell its version", path.display()))),
    }
}

/// The major version in what `java -version` prints: `openjdk version "17.0.15" 2025-04-15`.
fn major(text: &str) -> Option<u32> {
    let version = text.split('"').nth(1)?;
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_version() {
        assert_eq!(major("openjdk version \"17.0.15\" 2025-04-15\nOpenJDK Runtime"), Some(17));
        assert_eq!(major("openjdk version \"25\" 2025-09-16"), Some(25));
        assert_eq!(major("java version \"1.8.0_402\""), Some(1));
        assert_eq!(major("no such thing"), None);
    }
}
