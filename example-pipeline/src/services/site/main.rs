//! The site's binary: the service, and the customers' page beside it.

use std::ffi::{OsStr, OsString};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::{env, io};

use choreograph::Publisher;
use choreograph::settings::Settings;
use choreograph::telemetry::Telemetry;
use tokio::net::TcpListener;

use super::{Orders, Page, serve, service};
use crate::beside::Beside;

/// Where the customers' page is served, such as `127.0.0.1:8080`; not served if it is not set.
const ADDRESS: &str = "SHOP_SITE_ADDRESS";
/// Where browsers find the catalogue's quantities, such as `http://127.0.0.1:8081`.
const CATALOGUE: &str = "SHOP_CATALOGUE_URL";
/// Where the shop's people watch workflows, such as `http://127.0.0.1:4747`; the page links there if it is set.
const OBSERVER: &str = "SHOP_OBSERVER_URL";
/// The name of this instance; a fresh one if it is not set.
const INSTANCE: &str = "SHOP_SITE_INSTANCE";

/// Answers as a service's binary does, and serves the page while it runs.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    let orders = Orders::default();
    let runs = arguments.get(1).is_none_or(|command| command == OsStr::new("run"));
    if !runs {
        // What it declares must not differ from call to call.
        return service(orders, "instance").main_from(arguments);
    }
    let instance = env::var(INSTANCE).unwrap_or_else(|_| uuid::Uuid::now_v7().simple().to_string());
    let mut served = None;
    let code = service(orders.clone(), &instance).main_beside(arguments, |settings, telemetry| {
        served = page(&orders, settings, telemetry).map_err(|error| {
            format!(
                "the site's page cannot be served: {error}; set {ADDRESS} to a free address such as 127.0.0.1:8080"
            )
        })?;
        Ok(())
    });
    served.map_or(code, |page| page.exit(code))
}

/// Serves the page on a thread of its own, if an address is set. A click is where its workflow's trace begins.
fn page(orders: &Orders, settings: &Settings, telemetry: &Telemetry) -> io::Result<Option<Beside>> {
    let Ok(address) = env::var(ADDRESS) else { return Ok(None) };
    let address: SocketAddr = address.parse().map_err(io::Error::other)?;
    let till = Publisher::connect("site", settings, telemetry).map_err(io::Error::other)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let listener = runtime.block_on(TcpListener::bind(address))?;
    eprintln!("the site is open at http://{}/", listener.local_addr()?);
    let page = Page {
        orders: orders.clone(),
        till,
        catalogue: env::var(CATALOGUE).ok(),
        observer: env::var(OBSERVER).ok(),
    };
    Beside::start("site", runtime, serve(listener, page)).map(Some)
}
