//! Encryption before a server that has none.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{self, Runtime};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig, crypto};

use crate::kafka::Certificates;

/// Takes encrypted connections on a loopback port of its own and passes what they carry on to a server that takes none.
pub struct Encrypted {
    address: SocketAddr,
    runtime: Option<Runtime>,
}

impl Encrypted {
    /// Stands before `server`, with the broker's certificate of `certificates`. Where `demanding`, a client must show one
    /// of the same authority.
    ///
    /// # Errors
    ///
    /// When the certificates cannot be read, or the operating system gives no port or no thread.
    pub fn before(server: SocketAddr, certificates: &Certificates, demanding: bool) -> io::Result<Self> {
        let acceptor = TlsAcceptor::from(Arc::new(config(certificates, demanding)?));
        let runtime = runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
        let address = listener.local_addr()?;
        runtime.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(acceptor.clone(), client, server));
            }
        });
        Ok(Self { address, runtime: Some(runtime) })
    }

    /// Where it listens, as `https://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }
}

impl fmt::Debug for Encrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encrypted").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Drop for Encrypted {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Carries one connection. Who does not trust the other, or is not trusted, is simply gone.
async fn carry(acceptor: TlsAcceptor, client: TcpStream, server: SocketAddr) -> io::Result<()> {
    let mut client = acceptor.accept(client).await?;
    let mut server = TcpStream::connect(server).await?;
    copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}

fn config(certificates: &Certificates, demanding: bool) -> io::Result<ServerConfig> {
    let (certificate, key) = certificates.broker();
    let chain = read(&certificate)?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(io::Error::other)?;
    let provider = Arc::new(crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?;
    let builder = if demanding {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(read(&certificates.authority())?);
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        builder.with_client_cert_verifier(verifier.build().map_err(io::Error::other)?)
    } else {
        builder.with_no_client_auth()
    };
    let mut config = builder.with_single_cert(chain, key).map_err(io::Error::other)?;
    // What HTTP/2 and HTTP/1.1 are called; a client offers what it speaks.
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn read(path: &std::path::Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let certificates = CertificateDer::pem_file_iter(path).map_err(io::Error::other)?;
    certificates.collect::<Result<_, _>>().map_err(io::Error::other)
}
