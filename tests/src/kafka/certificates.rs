//! Certificates, made for the test that needs them.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, Error, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
};

use super::KafkaError;
use super::error::Doing;
use crate::folder::Folder;

/// An authority of the test's own, a broker's certificate and a client's, as files in PEM.
#[derive(Debug, Clone)]
pub struct Certificates(Arc<Folder>);

/// A certificate and its key, in PEM.
struct Made {
    certificate: String,
    key: String,
}

impl Certificates {
    /// Certificates for a broker that is reached by `broker`: the alternative name in its certificate, an address or a
    /// host. The client's certificate says `CN=client`.
    ///
    /// # Errors
    ///
    /// When `broker` is no name that a certificate can hold, or the files cannot be written.
    pub fn of(broker: &str, client: &str) -> Result<Self, KafkaError> {
        let made = Self(Arc::new(Folder::new().doing("make a folder of certificates")?));
        let [authority, broker, client] =
            make(broker, client).map_err(std::io::Error::other).doing("make certificates")?;
        let files = [
            (made.authority(), authority.certificate),
            (made.broker_keystore(), format!("{}{}", broker.key, broker.certificate)),
            (made.broker().0, broker.certificate),
            (made.broker().1, broker.key),
            (made.client().0, client.certificate),
            (made.client().1, client.key),
        ];
        for (file, text) in files {
            fs::write(file, text).doing("write a certificate")?;
        }
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
}

/// The authority, and what it gives out for the broker and for the client.
fn make(broker: &str, client: &str) -> Result<[Made; 3], Error> {
    let key = KeyPair::generate()?;
    let mut authority = called("choreograph tests", CertificateParams::default());
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = authority.self_signed(&key)?.pem();
    let made = Made { certificate, key: key.serialize_pem() };
    let issuer = Issuer::new(authority, key);
    let broker = called("broker", CertificateParams::new([broker.to_owned()])?);
    let mut client = called(client, CertificateParams::default());
    client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    Ok([made, give(broker, &issuer)?, give(client, &issuer)?])
}

/// What `params` say, of somebody named `name`.
fn called(name: &str, mut params: CertificateParams) -> CertificateParams {
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

/// A certificate of `issuer`, with a key of its own.
fn give(mut params: CertificateParams, issuer: &Issuer<'_, KeyPair>) -> Result<Made, Error> {
    params.is_ca = IsCa::ExplicitNoCa;
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, issuer)?.pem();
    Ok(Made { certificate, key: key.serialize_pem() })
}
