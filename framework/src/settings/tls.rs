//! Encrypted connections to what is not Kafka.

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use super::secret::Secret;
use super::source::Source;

/// What is legal for a file of certificates.
const LEGAL: &str = "name a readable file with certificates in PEM";
/// What is legal for a certificate and its key.
const LEGAL_PAIR: &str = "name the file of a certificate and the file of its key, both in PEM, or neither";

/// Whom to trust on an encrypted connection, and who asks. The texts were checked when they were read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tls {
    /// The certificates of the authorities to trust, in PEM; `None` trusts those that the system trusts.
    pub authorities: Option<String>,
    /// What the server is shown of who asks; `None` shows it nothing.
    pub identity: Option<Identity>,
}

/// The certificate of who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identity {
    /// The certificate, and behind it those of the authorities between, in PEM.
    pub certificate: String,
    /// Its private key, in PEM.
    pub key: Secret,
}

/// The variables that name the files.
pub(super) struct Names {
    pub(super) authorities: &'static str,
    pub(super) certificate: &'static str,
    pub(super) key: &'static str,
}

impl Tls {
    /// Reads the files that the variables name.
    pub(super) fn read(source: &mut Source, names: &Names) -> Self {
        let authorities = source.content(names.authorities).filter(|pem| {
            let any = !certificates(pem).is_empty();
            if !any {
                source.problem(names.authorities, "the file holds no certificate in PEM", LEGAL);
            }
            any
        });
        let pair = (source.content(names.certificate), source.content(names.key));
        let identity = match pair {
            (Some(certificate), Some(key)) => Identity::checked(source, names, certificate, key),
            (None, None) => None,
            (Some(_), None) => {
                source.problem(names.key, "it is not set, or not readable", LEGAL_PAIR);
                None
            }
            (None, Some(_)) => {
                source.problem(names.certificate, "it is not set, or not readable", LEGAL_PAIR);
                None
            }
        };
        Self { authorities, identity }
    }

    /// This, and what `other` says where this says nothing.
    pub(super) fn or(self, other: &Self) -> Self {
        Self {
            authorities: self.authorities.or_else(|| other.authorities.clone()),
            identity: self.identity.or_else(|| other.identity.clone()),
        }
    }
}

impl Identity {
    /// The pair, if the key is the certificate's.
    fn checked(source: &mut Source, names: &Names, certificate: String, key: String) -> Option<Self> {
        let chain = certificates(&certificate);
        if chain.is_empty() {
            source.problem(names.certificate, "the file holds no certificate in PEM", LEGAL_PAIR);
            return None;
        }
        let Ok(private) = PrivateKeyDer::from_pem_slice(key.as_bytes()) else {
            source.problem(names.key, "the file holds no private key in PEM", LEGAL_PAIR);
            return None;
        };
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let fits =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().and_then(
                |it| it.with_root_certificates(RootCertStore::empty()).with_client_auth_cert(chain, private),
            );
        if fits.is_err() {
            let problem = format!("the key is none that can be used, or not that of {}", names.certificate);
            source.problem(names.key, problem, LEGAL_PAIR);
            return None;
        }
        Some(Self { certificate, key: Secret::new(key) })
    }
}

/// The certificates in a text; none where one of them is broken.
fn certificates(pem: &str) -> Vec<CertificateDer<'static>> {
    let read: Vec<_> =
        CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>().unwrap_or_default();
    let mut store = RootCertStore::empty();
    if read.iter().all(|it| store.add(it.clone()).is_ok()) { read } else { Vec::new() }
}
