//! Where the brokers are: what librdkafka could not use, it would pass over, and then wait without end.

use std::net::Ipv6Addr;

use super::source::shown;

/// The variable that says it.
pub(super) const VARIABLE: &str = "KAFKA_BOOTSTRAP_SERVERS";

/// What is legal for it.
pub(super) const LEGAL: &str = "legal: addresses of brokers, as localhost:9092,localhost:9093";

/// What is wrong with a list of addresses, which are spoken to by `protocol`; nothing where all can be used.
pub(super) fn problem(servers: &str, protocol: &str) -> Option<String> {
    let mut addresses = servers.split(',').map(str::trim).filter(|address| !address.is_empty()).peekable();
    if addresses.peek().is_none() {
        return Some("it holds no address".to_owned());
    }
    let refused = addresses.find(|address| !is_address(address, protocol))?;
    Some(format!("{} cannot be used", shown(refused)))
}

/// Whether librdkafka finds a broker by `address`: a host, with the protocol before it and the port behind it where
/// they are said.
fn is_address(address: &str, protocol: &str) -> bool {
    let place = match address.split_once("://") {
        Some((said, place)) if said.eq_ignore_ascii_case(protocol) => place,
        Some(_) => return false,
        None => address,
    };
    if is_host(place) {
        return true;
    }
    place.rsplit_once(':').is_some_and(|(host, port)| is_host(host) && is_port(port))
}

fn is_host(host: &str) -> bool {
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
    };
    // The zone of an address of one link, as `fe80::1%eth0`.
    let is_ipv6 = |address: &str| {
        let (address, zone) = address.split_once('%').unwrap_or((address, "0"));
        address.parse::<Ipv6Addr>().is_ok() && is_name(zone)
    };
    bracketed.map_or_else(|| is_name(host) || is_ipv6(host), is_ipv6)
}

fn is_port(port: &str) -> bool {
    port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
}
