//! A broker's properties.

use std::fmt::Write as _;
use std::path::Path;

use super::Security;
use crate::port::Port;

/// What every broker of the tests gets: small, strict, and quick to notice that another is gone.
const COMMON: &str = "\
process.roles=broker,controller
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
offsets.topic.num.partitions=5
transaction.state.log.num.partitions=5
share.coordinator.state.topic.num.partitions=5
num.network.threads=2
num.io.threads=4
log.cleaner.dedupe.buffer.size=4194304
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
controller.quorum.election.timeout.ms=500
controller.quorum.fetch.timeout.ms=1500
replica.lag.time.max.ms=5000
";

/// Why writing to a `String` cannot fail.
const TAKES_ALL: &str = "a String takes all";

/// The ports of one node.
#[derive(Debug)]
pub(crate) struct Ports {
    pub(crate) clients: Port,
    pub(crate) controller: Port,
    /// Where its proxy listens, and the listener behind the proxy.
    pub(crate) proxied: Option<Port>,
    /// The listener with logins and rights.
    pub(crate) secured: Option<Port>,
}

/// The text of a node's property file. `extra` comes last, and the last of two values counts.
pub(crate) fn properties(
    node: u16,
    ports: &[Ports],
    advertised: Option<u16>,
    data: &Path,
    security: Option<&Security>,
    extra: &[(String, String)],
) -> String {
    let own = &ports[usize::from(node) - 1];
    let mut text = String::from(COMMON);
    let voters: Vec<_> = (1..)
        .zip(ports)
        .map(|(id, ports): (u16, _)| format!("{id}@127.0.0.1:{}", ports.controller.number()))
        .collect();
    let clients = format!("PLAINTEXT://127.0.0.1:{}", own.clients.number());
    let mut listeners = format!("{clients},CONTROLLER://127.0.0.1:{}", own.controller.number());
    let mut advertise = clients;
    if let (Some(behind), Some(front)) = (&own.proxied, advertised) {
        write!(listeners, ",PROXIED://127.0.0.1:{}", behind.number()).expect(TAKES_ALL);
        write!(advertise, ",PROXIED://127.0.0.1:{front}").expect(TAKES_ALL);
    }
    let mut protocols = String::from("PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT");
    if let (Some(port), Some(security)) = (&own.secured, security) {
        let address = format!(",SECURED://127.0.0.1:{}", port.number());
        listeners.push_str(&address);
        advertise.push_str(&address);
        write!(protocols, ",SECURED:{}", security.protocol()).expect(TAKES_ALL);
        text.push_str(&security.properties());
    }
    let copies = ports.len();
    let in_sync = if copies > 1 { 2 } else { 1 };
    let mut line = |name: &str, value: &dyn std::fmt::Display| {
        writeln!(text, "{name}={value}").expect(TAKES_ALL);
    };
    line("node.id", &node);
    line("controller.quorum.voters", &voters.join(","));
    line("listener.security.protocol.map", &protocols);
    line("listeners", &listeners);
    line("advertised.listeners", &advertise);
    line("log.dirs", &data.display());
    line("default.replication.factor", &copies);
    line("min.insync.replicas", &in_sync);
    line("offsets.topic.replication.factor", &copies);
    for topic in ["transaction.state.log", "share.coordinator.state.topic"] {
        line(&format!("{topic}.replication.factor"), &copies);
        line(&format!("{topic}.min.isr"), &in_sync);
    }
    for (name, value) in extra {
        line(name, value);
    }
    text
}
