//! What a cluster shall be like.

use super::{Cluster, KafkaError, Security};

/// How to start a [`Cluster`].
#[derive(Debug, Clone)]
pub struct Setup {
    pub(crate) nodes: u16,
    pub(crate) properties: Vec<(String, String)>,
    pub(crate) proxied: bool,
    pub(crate) security: Option<Security>,
    pub(crate) roomy: bool,
}

impl Setup {
    /// A cluster of `nodes` nodes, each broker and controller.
    ///
    /// With three nodes topics have three copies by default, and `acks=all` waits for two.
    ///
    /// # Panics
    ///
    /// With any number but 1 and 3.
    pub fn nodes(nodes: u16) -> Self {
        assert!(nodes == 1 || nodes == 3, "a cluster has 1 node or 3, not {nodes}");
        Self { nodes, properties: Vec::new(), proxied: false, security: None, roomy: false }
    }

    /// Sets a broker property on every node, over the harness's own value.
    #[must_use]
    pub fn property(mut self, name: &str, value: &str) -> Self {
        self.properties.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Puts a [`Proxy`](crate::proxy::Proxy) before each node. Clients of [`Cluster::proxied_bootstrap`] go through
    /// them only; the nodes among themselves do not.
    #[must_use]
    pub fn proxied(mut self) -> Self {
        self.proxied = true;
        self
    }

    /// Adds a listener with logins and rights to each node. Clients of [`Cluster::secured_bootstrap`] use that.
    #[must_use]
    pub fn secured(mut self, security: Security) -> Self {
        self.security = Some(security);
        self
    }

    /// Gives each node a heap of 1 GiB. For measurements: with the small one that tests have, records were slow in groups,
    /// by 15 ms and more, every 1.4 s or so at 500 records a second, which is more than a hundredth of them.
    #[must_use]
    pub fn roomy(mut self) -> Self {
        self.roomy = true;
        self
    }

    /// Starts the cluster and returns when every node serves and knows the others.
    ///
    /// # Errors
    ///
    /// When Kafka is not to be had, or a node does not get ready; see [`KafkaError`].
    pub fn start(self) -> Result<Cluster, KafkaError> {
        Cluster::with(&self)
    }
}
