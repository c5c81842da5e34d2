//! Who may come in, and how.

use std::fmt::Write as _;

use super::Certificates;

/// Why writing to a `String` cannot fail.
const TAKES_ALL: &str = "a String takes all";

/// A listener beside the harness's own one, for which clients need a login, and for everything behind it a right.
///
/// The harness itself, and the brokers among themselves, go on using the open listener, as somebody who may do
/// everything: so topics are made, written and read from outside as on any other cluster, whatever rights the user of a
/// service has.
#[derive(Debug, Clone, Default)]
pub struct Security {
    users: Vec<(String, String)>,
    scram: Vec<(String, String)>,
    tls: Option<Certificates>,
    demands_certificate: bool,
}

impl Security {
    /// Logins by user and password, in the open (`SASL_PLAINTEXT`). Nobody yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Somebody who may log in with the mechanism `PLAIN`. Rights are [granted](super::Cluster::grant).
    #[must_use]
    pub fn user(mut self, name: &str, password: &str) -> Self {
        self.users.push((name.to_owned(), password.to_owned()));
        self
    }

    /// Somebody who may log in with the mechanism `SCRAM-SHA-256`.
    #[must_use]
    pub fn scram(mut self, name: &str, password: &str) -> Self {
        self.scram.push((name.to_owned(), password.to_owned()));
        self
    }

    /// Encrypts (`SASL_SSL`), and shows the broker's certificate.
    #[must_use]
    pub fn encrypted(mut self, certificates: &Certificates) -> Self {
        self.tls = Some(certificates.clone());
        self
    }

    /// Demands a certificate of the client, signed by the same authority, in place of a login (`SSL`). The user is what
    /// the certificate's subject says.
    #[must_use]
    pub fn demanding_certificate(mut self, certificates: &Certificates) -> Self {
        self.demands_certificate = true;
        self.encrypted(certificates)
    }

    /// `NAME=…` for Kafka's tool that formats a node's folder, each user of SCRAM one.
    pub(crate) fn scram_arguments(&self) -> impl Iterator<Item = String> {
        self.scram.iter().map(|(name, password)| {
            format!("SCRAM-SHA-256=[name={name},password={password},iterations=4096]")
        })
    }

    /// The protocol of the listener, as Kafka names it.
    pub(crate) fn protocol(&self) -> &'static str {
        match (&self.tls, self.demands_certificate) {
            (None, _) => "SASL_PLAINTEXT",
            (Some(_), false) => "SASL_SSL",
            (Some(_), true) => "SSL",
        }
    }

    /// The broker properties of the listener `SECURED`, and of who may do what.
    pub(crate) fn properties(&self) -> String {
        let mut text = String::from(
            "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n\
             super.users=User:ANONYMOUS\n\
             listener.name.secured.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256\n\
             listener.name.secured.scram-sha-256.sasl.jaas.config=\
             org.apache.kafka.common.security.scram.ScramLoginModule required;\n",
        );
        text.push_str(&self.logins());
        if let Some(certificates) = &self.tls {
            let (key, authority) = (certificates.broker_keystore(), certificates.authority());
            let demand = if self.demands_certificate { "required" } else { "none" };
            for (name, value) in [
                ("keystore.type", "PEM"),
                ("keystore.location", &key.display().to_string()),
                ("truststore.type", "PEM"),
                ("truststore.location", &authority.display().to_string()),
                ("client.auth", demand),
            ] {
                writeln!(text, "listener.name.secured.ssl.{name}={value}").expect(TAKES_ALL);
            }
        }
        text
    }

    /// The line that says who may log in with `PLAIN`.
    pub(crate) fn logins(&self) -> String {
        let mut text = String::from(
            "listener.name.secured.plain.sasl.jaas.config=\
             org.apache.kafka.common.security.plain.PlainLoginModule required",
        );
        for (name, password) in &self.users {
            write!(text, " user_{name}=\"{password}\"").expect(TAKES_ALL);
        }
        text.push_str(";\n");
        text
    }
}
