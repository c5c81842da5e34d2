//! The shop at a human pace, to be looked at: an order now and then, until Ctrl-C.

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use choreograph::Manifest;
use choreograph::settings::Settings;
use choreograph_observer::Observer;
use tokio::sync::mpsc::{self, Receiver};
use tokio::task::{JoinError, JoinHandle};
use tokio::time::{MissedTickBehavior, interval};

use super::broker::Broker;
use super::children::{Children, LEAVE};
use super::feed::{Fed, Feed};
use super::interrupts::Interrupts;
use super::kafka::{Cluster, wait_for};
use super::options::Options;
use super::start::{Error, Place, TOPICS, intake, outside, topics};
use super::telemetry;
use super::window::Window;
use crate::intake::Invoice;
use crate::services;
use crate::world::PACE as PACE_OF_THE_WORLD;

/// Between two orders.
pub const PACE: Duration = Duration::from_millis(1_500);
/// How long a gateway, a packer or a driver takes meanwhile, in milliseconds.
const WORLD_PACE_MS: u64 = 1_200;
/// How often it is looked whether the services still run.
const LOOK: Duration = Duration::from_millis(250);
/// How many orders and news of them wait.
const WAITING: usize = 16;

/// Where the customers' page, the catalogue's quantities and the observer's page are, where these ports are free.
const SITE_PORT: u16 = 8_080;
const CATALOGUE_PORT: u16 = 8_081;
const OBSERVER_PORT: u16 = 4_747;

/// Opens the shop, prints where to look at it, and places the orders over and over, one every [`PACE`], until Ctrl-C.
///
/// # Errors
/// [`Error`], each saying what to do.
pub fn watch(options: &Options) -> Result<(), Error> {
    let place = Place::of(options)?;
    let manifests = place.manifests(options)?;
    let (_, all) = topics(&manifests);
    let broker = Broker::find()?;
    let addresses = Addresses::find();
    let mut environment = broker.environment(&place.namespace, &place.run);
    environment.retain(|(name, _)| name != "SHOP_CATALOGUE_ADDRESS");
    environment.extend(addresses.environment());
    environment.push((PACE_OF_THE_WORLD.into(), WORLD_PACE_MS.to_string().into()));
    let settings = Broker::settings(&environment)?;
    broker.create(&place.namespace, &all)?;
    let children = Children::start(&services::NAMES, &environment, &place.folder).map_err(place.set_up())?;
    let cluster = Cluster::new(settings.kafka.clone(), &place.namespace);
    let missing = wait_for(&cluster, &all, Instant::now() + TOPICS)?;
    if !missing.is_empty() {
        return Err(Error::Topics { missing, logs: place.folder });
    }
    let observer = observe(&settings, &manifests, addresses.observer)?;
    eprintln!(
        "the shop, for its customers:    http://{}/\nits observer, for its people:   http://{}/\nthe services' logs are in {}; Ctrl-C closes the shop",
        addresses.site,
        observer.address(),
        place.folder.display()
    );
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(place.set_up())?;
    let open = Open { options, place: &place, manifests: &manifests, cluster: &cluster, settings: &settings };
    runtime.block_on(open.until_closed(children))?;
    observer.stop();
    Ok(())
}

/// Addresses on this machine.
struct Addresses {
    site: SocketAddr,
    catalogue: SocketAddr,
    observer: SocketAddr,
}

impl Addresses {
    fn find() -> Self {
        Self {
            site: set("SHOP_SITE_ADDRESS").unwrap_or_else(|| free(SITE_PORT)),
            catalogue: set("SHOP_CATALOGUE_ADDRESS").unwrap_or_else(|| free(CATALOGUE_PORT)),
            observer: free(OBSERVER_PORT),
        }
    }

    /// What the services find in their environment. What a person set stands: in a container the pages are served to others.
    fn environment(&self) -> Vec<(OsString, OsString)> {
        let addresses = [
            ("SHOP_SITE_ADDRESS", self.site.to_string()),
            ("SHOP_CATALOGUE_ADDRESS", self.catalogue.to_string()),
            ("SHOP_CATALOGUE_URL", format!("http://{}", self.catalogue)),
            ("SHOP_OBSERVER_URL", format!("http://{}", self.observer)),
        ];
        let unset = addresses.into_iter().filter(|(name, _)| std::env::var_os(name).is_none());
        unset.map(|(name, value)| (name.into(), value.into())).collect()
    }
}

/// The address that a person set; one that is wrong is the service's to refuse.
fn set(name: &str) -> Option<SocketAddr> {
    std::env::var(name).ok()?.parse().ok()
}

/// The address with this port, or with any that is free.
fn free(port: u16) -> SocketAddr {
    let at = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).and_then(|listener| listener.local_addr());
    at(port).or_else(|_| at(0)).unwrap_or_else(|_| (Ipv4Addr::LOCALHOST, port).into())
}

/// An observer of the shop, in this process.
fn observe(settings: &Settings, manifests: &[Manifest], listen: SocketAddr) -> Result<Observer, Error> {
    let mut options = choreograph_observer::Options::new(settings.clone());
    options.listen = listen;
    options.given = manifests.iter().filter_map(declared).collect();
    Ok(Observer::start(&options)?)
}

/// A manifest as an observer reads it.
fn declared(manifest: &Manifest) -> Option<choreograph_topology::Manifest> {
    let text = serde_json::to_vec(manifest).ok()?;
    choreograph_topology::Manifest::read(&manifest.service, &text).ok()
}

/// What the reader of orders came to. One that panicked takes the shop with it: nobody would know what it left unread.
fn read(ended: Result<Result<(), Error>, JoinError>) -> Result<(), Error> {
    match ended {
        Ok(ended) => ended,
        Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
        Err(_) => Ok(()),
    }
}

/// Reads orders until they cannot be read.
type Reader = JoinHandle<Result<(), Error>>;

/// The shop once its services are there.
struct Open<'a> {
    options: &'a Options,
    place: &'a Place,
    manifests: &'a [Manifest],
    cluster: &'a Cluster,
    settings: &'a Settings,
}

impl Open<'_> {
    /// Places orders until Ctrl-C or until a service ends.
    async fn until_closed(&self, mut children: Children) -> Result<(), Error> {
        let window = Window::new(super::window::EMBEDDED_KIB);
        let (told, mut news) = mpsc::channel(WAITING);
        let telemetry = telemetry::begin(self.settings)?;
        let feed = Feed::new(
            &self.place.run,
            outside(self.settings, self.cluster, &telemetry)?,
            self.manifests,
            window.clone(),
            told,
        );
        let no_more = Arc::new(AtomicBool::new(false));
        let (invoices, reader) = self.invoices()?;
        let mut feed = tokio::spawn({
            let no_more = Arc::clone(&no_more);
            async move { feed.run(invoices, &no_more).await }
        });
        let mut interrupts = Interrupts::listen();
        let mut look = interval(LOOK);
        let checked = loop {
            tokio::select! {
                () = interrupts.next() => break Ok(()),
                // At this pace the window is never full for long.
                Some(Fed::Started { weight, .. }) = news.recv() => window.release(weight),
                // It never ends by itself: what stopped it, or who reads the orders, is told.
                ended = &mut feed => break match ended {
                    Ok(Err(error)) => Err(error.into()),
                    Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
                    _ => read(reader.await),
                },
                _ = look.tick() => if let Err(ended) = children.check() { break Err(ended.into()) },
            }
        };
        feed.abort();
        eprintln!("closing the shop");
        children.stop(LEAVE, &interrupts.hurry());
        telemetry::end(telemetry).await;
        checked
    }

    /// The orders over and over, one every [`PACE`].
    fn invoices(&self) -> Result<(Receiver<Invoice>, Reader), Error> {
        let (tell, invoices) = mpsc::channel(1);
        // What cannot be read shows now, not at some order.
        let mut intake = intake(self.options, self.place)?;
        let (options, place) = (self.options.clone(), self.place.clone());
        let reader = tokio::spawn(async move {
            let mut next = interval(PACE);
            next.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                let mut any = false;
                for invoice in intake.by_ref() {
                    any = true;
                    next.tick().await;
                    let invoice = invoice?;
                    if tell.send(invoice).await.is_err() {
                        return Ok(());
                    }
                }
                if !any {
                    return Err(Error::NoOrders { folder: place.folder });
                }
                intake = self::intake(&options, &place)?;
            }
        });
        Ok((invoices, reader))
    }
}
