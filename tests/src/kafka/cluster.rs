//! Nodes that belong together.

use std::path::{Path, PathBuf};
use std::thread;

use super::error::Doing;
use super::jvm::Jvm;
use super::node::Node;
use super::properties::{Ports, properties};
use super::quick::quick;
use super::rights::{self, Right};
use super::{KafkaError, Security, Setup};
use crate::folder::Folder;
use crate::port::Port;
use crate::process::{Signal, tail};
use crate::proxy::Proxy;

/// Any 16 bytes do, in URL-safe Base64: clusters of tests never meet.
const CLUSTER_ID: &str = "Y2hvcmVvZ3JhcGgtMDAwMA";

/// A Kafka cluster of the test's own. Killed when dropped, its data gone with it.
///
/// Nodes are counted from 1. A node keeps its data and its ports while it is down.
#[derive(Debug)]
pub struct Cluster {
    nodes: Vec<Node>,
    ports: Vec<Ports>,
    proxies: Vec<Proxy>,
    _folder: Folder,
}

impl Cluster {
    /// Starts a cluster of 1 node or 3 with `properties` over the harness's own. See [`Setup`] for more.
    ///
    /// # Errors
    ///
    /// When Kafka is not to be had, or a node does not get ready; see [`KafkaError`].
    ///
    /// # Panics
    ///
    /// With any number of nodes but 1 and 3.
    pub fn start(nodes: u16, properties: &[(&str, &str)]) -> Result<Self, KafkaError> {
        let plain = Setup::nodes(nodes);
        properties.iter().fold(plain, |setup, (name, value)| setup.property(name, value)).start()
    }

    pub(crate) fn with(setup: &Setup) -> Result<Self, KafkaError> {
        let (mut jvm, checkpoint) = quick()?;
        jvm.roomy = setup.roomy;
        Self::on(&jvm, Some(&checkpoint), setup)
    }

    /// Starts a cluster whose folders are formatted with `checkpoint`, or else by Kafka's own tool.
    pub(crate) fn on(jvm: &Jvm, checkpoint: Option<&Path>, setup: &Setup) -> Result<Self, KafkaError> {
        let folder = Folder::new().doing("make the cluster's folder")?;
        let ports = (0..setup.nodes).map(|_| reserve(setup)).collect::<Result<Vec<_>, _>>()?;
        let proxies = ports.iter().filter_map(|ports| ports.proxied.as_ref()).map(before);
        let proxies = proxies.collect::<Result<Vec<_>, _>>()?;
        let mut nodes = Vec::new();
        for number in 1..=setup.nodes {
            let index = usize::from(number) - 1;
            let place = folder.join(&format!("node-{number}"));
            let front = proxies.get(index).map(|proxy| proxy.address().port());
            let text = properties(
                number,
                &ports,
                front,
                &place.join("data"),
                setup.security.as_ref(),
                &setup.properties,
            );
            let port = ports[index].clients.number();
            nodes.push(Node::new(number, port, jvm.clone(), place, &text)?);
        }
        let mut cluster = Self { nodes, ports, proxies, _folder: folder };
        let scram: Vec<_> = setup.security.iter().flat_map(Security::scram_arguments).collect();
        // What is the same for every cluster knows nobody's password.
        let checkpoint = checkpoint.filter(|_| scram.is_empty());
        cluster.nodes.iter_mut().try_for_each(|node| node.format(CLUSTER_ID, checkpoint, &scram))?;
        cluster.start_all_again()?;
        Ok(cluster)
    }

    /// The nodes' addresses, for `bootstrap.servers`.
    pub fn bootstrap(&self) -> String {
        let addresses = self.ports.iter().map(|ports| ports.clients.address().to_string());
        addresses.collect::<Vec<_>>().join(",")
    }

    /// The proxies' addresses, for `bootstrap.servers`.
    ///
    /// # Panics
    ///
    /// When the cluster was started without [`Setup::proxied`].
    pub fn proxied_bootstrap(&self) -> String {
        assert!(!self.proxies.is_empty(), "the cluster was started without proxies");
        let addresses = self.proxies.iter().map(|proxy| proxy.address().to_string());
        addresses.collect::<Vec<_>>().join(",")
    }

    /// The addresses of the listeners with logins and rights, for `bootstrap.servers`.
    ///
    /// # Panics
    ///
    /// When the cluster was started without [`Setup::secured`].
    pub fn secured_bootstrap(&self) -> String {
        let addresses =
            self.ports.iter().filter_map(|ports| Some(ports.secured.as_ref()?.address().to_string()));
        let addresses: Vec<_> = addresses.collect();
        assert!(!addresses.is_empty(), "the cluster was started without a listener for logins");
        addresses.join(",")
    }

    /// Grants `rights` to `user`. Brokers hear of it within moments.
    ///
    /// # Errors
    ///
    /// When the cluster is not there, or does not know rights.
    pub fn grant(&self, user: &str, rights: &[Right]) -> Result<(), KafkaError> {
        rights::grant(self.ports[0].clients.address(), user, rights).doing("grant rights")
    }

    /// Takes `rights` from `user`.
    ///
    /// # Errors
    ///
    /// As [`Cluster::grant`].
    pub fn withdraw(&self, user: &str, rights: &[Right]) -> Result<(), KafkaError> {
        rights::withdraw(self.ports[0].clients.address(), user, rights).doing("withdraw rights")
    }

    /// Says anew who may log in with `PLAIN`; counts from the next start of `node`.
    ///
    /// # Errors
    ///
    /// When the file of its properties cannot be written.
    pub fn change_logins(&mut self, node: u16, security: &Security) -> Result<(), KafkaError> {
        self.node(node).add_properties(&security.logins())
    }

    /// The proxy before `node`.
    ///
    /// # Panics
    ///
    /// When the cluster was started without [`Setup::proxied`], or has no such node.
    pub fn proxy(&self, node: u16) -> &Proxy {
        self.proxies.get(usize::from(node).wrapping_sub(1)).expect("a node of a cluster started with proxies")
    }

    /// Stops `node` in order: SIGTERM. Returns when it is gone.
    ///
    /// # Errors
    ///
    /// When it does not end in time, or does not run.
    ///
    /// # Panics
    ///
    /// As all that takes a node: when the cluster has no such node.
    pub fn stop(&mut self, node: u16) -> Result<(), KafkaError> {
        self.node(node).stop()
    }

    /// Kills `node`: SIGKILL. Returns when it is gone.
    ///
    /// # Errors
    ///
    /// When it does not run.
    pub fn kill(&mut self, node: u16) -> Result<(), KafkaError> {
        self.node(node).kill()
    }

    /// Stands `node` still: SIGSTOP. Its connections stay open.
    ///
    /// # Errors
    ///
    /// When it does not run.
    pub fn pause(&mut self, node: u16) -> Result<(), KafkaError> {
        self.node(node).signal(Signal::Stop)
    }

    /// Lets a paused `node` go on: SIGCONT.
    ///
    /// # Errors
    ///
    /// When it does not run.
    pub fn resume(&mut self, node: u16) -> Result<(), KafkaError> {
        self.node(node).signal(Signal::Continue)
    }

    /// Starts `node` after [`Cluster::stop`] or [`Cluster::kill`], on the same data and ports. Returns when it
    /// serves again; its partitions may still be catching up.
    ///
    /// # Errors
    ///
    /// When it does not get ready in time. A node of three gets ready only when another one runs.
    pub fn start_again(&mut self, node: u16) -> Result<(), KafkaError> {
        let node = self.node(node);
        node.launch()?;
        node.ready(1)
    }

    /// Starts every node after all were stopped or killed, as [`Cluster::start_again`].
    ///
    /// # Errors
    ///
    /// When a node does not get ready in time.
    pub fn start_all_again(&mut self) -> Result<(), KafkaError> {
        self.nodes.iter_mut().try_for_each(Node::launch)?;
        let all = self.nodes.len();
        self.nodes.iter_mut().try_for_each(|node| node.ready(all))
    }

    /// The folder of `node`'s data.
    pub fn data(&mut self, node: u16) -> PathBuf {
        self.node(node).data()
    }

    fn node(&mut self, node: u16) -> &mut Node {
        self.nodes.get_mut(usize::from(node).wrapping_sub(1)).expect("a node of the cluster, counted from 1")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if thread::panicking() {
            for (number, node) in (1..).zip(&self.nodes) {
                let number: u16 = number;
                eprintln!("log of kafka node {number} ends with:\n{}", tail(&node.log()));
            }
        }
    }
}

fn reserve(setup: &Setup) -> Result<Ports, KafkaError> {
    let port = || Port::reserve().doing("reserve a port");
    let port_if = |wanted: bool| wanted.then(port).transpose();
    let (proxied, secured) = (port_if(setup.proxied)?, port_if(setup.security.is_some())?);
    Ok(Ports { clients: port()?, controller: port()?, proxied, secured })
}

fn before(port: &Port) -> Result<Proxy, KafkaError> {
    Proxy::before(port.address()).doing("start a proxy")
}
