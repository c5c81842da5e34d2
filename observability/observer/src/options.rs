use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use choreograph::settings::{Secret, Settings};
use choreograph_topology::Manifest;

use crate::http::Operator;
use crate::model::ModelSettings;

/// What an observer is told when it starts.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// Where Kafka is, and the namespace.
    pub settings: Settings,
    /// Files with manifests, and folders of them; looked at again when they change.
    pub manifests: Vec<PathBuf>,
    /// Manifests that are at hand already.
    pub given: Vec<Manifest>,
    /// Where the page and the interface are served; port 0 takes any free one.
    pub listen: SocketAddr,
    /// Who asks must know it. Without it only an address of the loopback is listened at.
    pub token: Option<Secret>,
    /// Names by which the observer may be asked, besides `localhost` and plain addresses.
    pub hosts: Vec<String>,
    /// The folder of the state file; without it everything is read anew at every start.
    pub state: Option<PathBuf>,
    /// How often what changed is saved.
    pub save_every: Duration,
    /// How often groups and ends are looked at.
    pub look_every: Duration,
    /// The model's bounds, and where traces can be looked at. The namespace is that of the settings.
    pub model: ModelSettings,
    /// Whether values of events may be shown.
    pub payloads: bool,
    /// Who carries out what operators ask for; without it the observer only reads.
    pub operator: Option<Arc<dyn Operator>>,
}

impl Options {
    /// Where an observer listens unless told otherwise.
    pub const DEFAULT_LISTEN: SocketAddr =
        SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 4747);

    /// An observer of the Kafka of `settings`, with no manifest yet, at [`Options::DEFAULT_LISTEN`].
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            manifests: Vec::new(),
            given: Vec::new(),
            listen: Self::DEFAULT_LISTEN,
            token: None,
            hosts: Vec::new(),
            state: None,
            save_every: Duration::from_secs(30),
            look_every: Duration::from_secs(2),
            model: ModelSettings::default(),
            payloads: false,
            operator: None,
        }
    }
}
