//! The catalogue's binary: the service, and the page beside it.

use std::ffi::{OsStr, OsString};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::{env, io};

use tokio::net::TcpListener;

use super::{Shelf, serve, service};
use crate::beside::Beside;

/// Where the page is served, such as `127.0.0.1:8080`; not served if it is not set.
const ADDRESS: &str = "SHOP_CATALOGUE_ADDRESS";
/// The name of this instance; a fresh one if it is not set.
const INSTANCE: &str = "SHOP_CATALOGUE_INSTANCE";

/// Answers as a service's binary does, and serves the page while it runs.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    let shelf = Shelf::default();
    let runs = arguments.get(1).is_none_or(|command| command == OsStr::new("run"));
    if !runs {
        // What it declares must not differ from call to call.
        return service(shelf, "instance").main_from(arguments);
    }
    let page = match page(&shelf) {
        Ok(page) => page,
        Err(error) => {
            eprintln!(
                "error: the page of the catalogue cannot be served: {error}; set {ADDRESS} to a free address such as 127.0.0.1:8080"
            );
            return ExitCode::from(choreograph::exit::USAGE);
        }
    };
    let instance = env::var(INSTANCE).unwrap_or_else(|_| uuid::Uuid::now_v7().simple().to_string());
    let code = service(shelf, &instance).main_from(arguments);
    page.map_or(code, |page| page.exit(code))
}

/// Serves the page on a thread of its own, if an address is set.
fn page(shelf: &Shelf) -> io::Result<Option<Beside>> {
    let Ok(address) = env::var(ADDRESS) else { return Ok(None) };
    let address: SocketAddr = address.parse().map_err(io::Error::other)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let listener = runtime.block_on(TcpListener::bind(address))?;
    eprintln!("the catalogue shows its products at http://{}/products", listener.local_addr()?);
    Beside::start("catalogue", runtime, serve(listener, shelf.clone())).map(Some)
}
