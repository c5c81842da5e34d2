//! Certificates, made by the command `openssl`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use super::KafkaError;
use super::error::Doing;
use crate::folder::Folder;

/// Days for which a certificate is good.
const DAYS: &str = "2";

/// An authority of the test's own, a broker's certificate and a client's, as files in PEM.
#[derive(Debug, Clone)]
pub struct Certificates(Arc<Folder>);

impl Certificates {
    /// Certificates for a broker that is reached by `broker`: the alternative name in its certificate, such as
    /// `IP:127.0.0.1`. The client's certificate says `CN=client`.
    ///
    /// # Errors
    ///
    /// When the command `openssl` is not to be had, or refuses.
    pub fn of(broker: &str, client: &str) -> Result<Self, KafkaError> {
        let made = Self(Arc::new(Folder::new().doing("make a folder of certificates")?));
        made.openssl(
            &format!("-x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days {DAYS}"),
            "/CN=choreograph tests",
        )?;
        made.sign("broker", "/CN=broker", &format!("subjectAltName={broker}"))?;
        made.sign("client", &format!("/CN={client}"), "extendedKeyUsage=clientAuth")?;
        let whole = ["broker.key", "broker.pem"].map(|name| fs::read_to_string(made.file(name)));
        let [key, certificate] = whole;
        let whole = key.and_then(|key| Ok(key + &certificate?)).doing("read a certificate")?;
        fs::write(made.broker_keystore(), whole).doing("write a certificate")?;
        Ok(made)
    }

    /// The authority's certificate, for `ssl.ca.location`.
    pub fn authority(&self) -> PathBuf {
        self.file("ca.pem")
    }

    /// The client's certificate and its key, for `ssl.certificate.location` and `ssl.key.location`.
    pub fn client(&self) -> (PathBuf, PathBuf) {
        (self.file("client.pem"), self.file("client.key"))
    }

    /// The broker's certificate and its key, for any other server that stands where the broker would.
    pub fn broker(&self) -> (PathBuf, PathBuf) {
        (self.file("broker.pem"), self.file("broker.key"))
    }

    /// The broker's key and certificate in one file.
    pub(crate) fn broker_keystore(&self) -> PathBuf {
        self.file("broker-keystore.pem")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// A key `NAME.key`, and `NAME.pem` signed by the authority.
    fn sign(&self, name: &str, subject: &str, extension: &str) -> Result<(), KafkaError> {
        self.openssl(
            &format!(
                "-x509 -CA ca.pem -CAkey ca.key -newkey rsa:2048 -nodes -keyout {name}.key -out {name}.pem \
                 -days {DAYS} -addext basicConstraints=critical,CA:FALSE -addext {extension}"
            ),
            subject,
        )
    }

    fn openssl(&self, arguments: &str, subject: &str) -> Result<(), KafkaError> {
        let mut command = Command::new("openssl");
        command.arg("req").args(arguments.split_whitespace()).args(["-subj", subject]);
        let output = command.current_dir(self.folder()).output().doing("run openssl")?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(std::io::Error::other(said)).doing("make a certificate with openssl")
    }

    fn folder(&self) -> &Path {
        self.0.path()
    }
}
