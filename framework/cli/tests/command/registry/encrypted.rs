//! A registry behind TLS that asks for a certificate, with certificates made for the test.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use crate::support::{Run, binary, folder, of};

/// An authority, and the certificates it has given out, as PEM.
struct Authority {
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).expect("signed").pem();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    /// A certificate for a name, and its key.
    fn give(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        let certificate = params.signed_by(&key, &self.issuer).expect("signed");
        (certificate.pem(), key.serialize_pem())
    }
}

/// Takes `connections` connections of those who have a certificate of `authority`, and says what each asked for.
fn serve(authority: &Authority, connections: usize) -> (String, std::thread::JoinHandle<Vec<String>>) {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut trusted = RootCertStore::empty();
    trusted
        .add(CertificateDer::from_pem_slice(authority.certificate.as_bytes()).expect("PEM"))
        .expect("a certificate");
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(trusted), Arc::clone(&provider));
    let (certificate, key) = authority.give("localhost");
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_client_cert_verifier(verifier.build().expect("a verifier"))
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(certificate.as_bytes()).expect("PEM")],
            PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("PEM"),
        )
        .expect("a server");
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("https://localhost:{}", listener.local_addr().expect("an address").port());
    let thread = std::thread::spawn(move || {
        let mut asked = Vec::new();
        for stream in listener.incoming().take(connections) {
            let connection = ServerConnection::new(Arc::clone(&config)).expect("a connection");
            let stream = StreamOwned::new(connection, stream.expect("a stream"));
            asked.extend(answer(stream));
        }
        asked
    });
    (url, thread)
}

/// Answers one request with no subjects; none if the two do not trust each other.
fn answer(stream: StreamOwned<ServerConnection, TcpStream>) -> Option<String> {
    let mut reader = BufReader::new(stream);
    let asked = answered(&mut reader).ok();
    // What was said last arrives only if the connection is not closed before the client has closed it.
    let mut socket = reader.into_inner().sock;
    drop(socket.shutdown(Shutdown::Write));
    drop(std::io::copy(&mut socket, &mut std::io::sink()));
    asked
}

fn answered(reader: &mut BufReader<StreamOwned<ServerConnection, TcpStream>>) -> std::io::Result<String> {
    let mut request = String::new();
    reader.read_line(&mut request)?;
    while reader.read_line(&mut String::new())? > 2 {}
    let stream = reader.get_mut();
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]")?;
    stream.conn.send_close_notify();
    stream.flush()?;
    Ok(request.trim_end().to_owned())
}

fn list(folder: &std::path::Path, url: &str, variables: &[(&str, &str)]) -> Run {
    let mut command = binary(folder);
    command.args(["registry", "list", "--url", url]).envs(variables.iter().copied());
    of(&command.output().expect("the binary starts"))
}

const CERTIFICATE: &str = "CHOREOGRAPH_REGISTRY_CERTIFICATE_FILE";
const KEY: &str = "CHOREOGRAPH_REGISTRY_KEY_FILE";
const AUTHORITIES: &str = "CHOREOGRAPH_REGISTRY_CA_FILE";

#[test]
fn a_certificate_says_who_asks_and_an_authority_whom_to_trust() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let (certificate, key) = ours.give("client");
    let (foreign, foreign_key) = theirs.give("client");
    let files = folder(&[
        ("ca.pem", &ours.certificate),
        ("other-ca.pem", &theirs.certificate),
        ("client.pem", &certificate),
        ("client.key", &key),
        ("foreign.pem", &foreign),
        ("foreign.key", &foreign_key),
    ]);
    let who = [(CERTIFICATE, "client.pem"), (KEY, "client.key")];
    let stranger = [(CERTIFICATE, "foreign.pem"), (KEY, "foreign.key")];
    let refused = [
        // Nobody says whom to trust, or it is somebody else.
        vec![],
        who.to_vec(),
        vec![(AUTHORITIES, "other-ca.pem"), who[0], who[1]],
        // Nobody asks, or somebody whom the registry does not know.
        vec![(AUTHORITIES, "ca.pem")],
        vec![(AUTHORITIES, "ca.pem"), stranger[0], stranger[1]],
    ];
    // One that is refused is not tried again.
    let (url, server) = serve(&ours, 1 + refused.len());
    let run = list(files.path(), &url, &[(AUTHORITIES, "ca.pem"), who[0], who[1]]);
    assert_eq!((run.code, run.errors.as_str()), (0, ""), "{run:?}");
    for variables in refused {
        let run = list(files.path(), &url, &variables);
        assert_eq!((run.code, run.out.as_str()), (3, ""), "{variables:?}: {run:?}");
        assert!(run.errors.contains(AUTHORITIES), "{variables:?}: {}", run.errors);
        assert!(!run.errors.contains("PRIVATE KEY"), "{}", run.errors);
    }
    assert_eq!(server.join().expect("no panic"), ["GET /subjects HTTP/1.1"]);
}
