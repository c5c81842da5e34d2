//! Ports that stay ours.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::{TcpListener, TcpSocket};

/// A loopback port chosen by the operating system and kept from everybody else.
///
/// The socket that keeps it is bound but does not listen: a server that sets `SO_REUSEADDR` (as Java and Rust
/// do) can listen on the port, and nobody else is given it, neither as a server nor as the near end of a
/// connection. So there is no race between choosing a port and using it, nor while a broker is down; and a
/// connection to it is refused as long as nobody listens.
#[derive(Debug)]
pub(crate) struct Port {
    keeper: TcpSocket,
    address: SocketAddr,
}

impl Port {
    pub(crate) fn reserve() -> io::Result<Self> {
        let keeper = bind(0)?;
        let address = keeper.local_addr()?;
        Ok(Self { keeper, address })
    }

    pub(crate) fn number(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        debug_assert!(self.keeper.local_addr().is_ok(), "the port is kept");
        self.address
    }

    /// Listens on the port. To be called within an async runtime.
    pub(crate) fn listen(&self) -> io::Result<TcpListener> {
        bind(self.number())?.listen(BACKLOG)
    }
}

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 128;

fn bind(port: u16) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use std::net;

    use super::*;

    #[test]
    fn is_refused_until_somebody_listens_and_again_after() {
        let port = Port::reserve().expect("a port");
        let refused = |port: &Port| {
            net::TcpStream::connect(port.address()).map_err(|e| e.kind()).err()
                == Some(io::ErrorKind::ConnectionRefused)
        };
        assert!(refused(&port));
        let server = net::TcpListener::bind(port.address()).expect("the port can be used");
        net::TcpStream::connect(port.address()).expect("a connection");
        drop(server);
        assert!(refused(&port));
    }
}
