//! librdkafka's properties: their names, who reads them, what they may be, and which of them a law owns.

use std::sync::LazyLock;

use super::kafka::Client;

/// One property that librdkafka can be told by text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Property {
    /// Its name, for example `security.protocol`.
    pub(super) name: &'static str,
    /// `*` for both clients, `C` for the consumer, `P` for the producer.
    scope: &'static str,
    /// What it may be, as librdkafka's own table says it.
    pub(super) legal: &'static str,
    /// The property this is another name of; its own name where it is none.
    pub(super) canonical: &'static str,
}

impl Property {
    /// The variable that sets it: `KAFKA_SECURITY_PROTOCOL` for `security.protocol`.
    pub(super) fn variable(&self) -> String {
        format!("KAFKA_{}", self.name.to_uppercase().replace('.', "_"))
    }

    /// Whether `client` reads it; librdkafka complains where the other one is told.
    pub(super) fn concerns(&self, client: Client) -> bool {
        matches!((self.scope, client), ("*", _) | ("C", Client::Consumer) | ("P", Client::Producer))
    }

    /// Whether its value must not be shown.
    pub(super) fn is_secret(&self) -> bool {
        SECRET.contains(&self.name)
    }

    /// Whether librdkafka takes `value`.
    pub(super) fn takes(&self, value: &str) -> bool {
        let any_of = |list: &str, value: &str| list.split(", ").any(|one| one.eq_ignore_ascii_case(value));
        match self.legal {
            "text" => true,
            "true, false" => any_of("true, t, 1, false, f, 0", value),
            legal => match (legal.strip_prefix("flags "), legal.split_once(" .. ")) {
                (Some(flags), _) => value.split(',').all(|flag| any_of(flags, flag.trim())),
                (None, Some((low, high))) => in_range(low, high, value),
                (None, None) => any_of(legal, value),
            },
        }
    }

    /// Why the framework sets it itself, if it does.
    pub(super) fn owner(&self) -> Option<&'static str> {
        OWNED.iter().find(|(names, _)| names.contains(&self.name)).map(|(_, why)| *why)
    }

    /// The values that a law leaves of those that librdkafka takes, and the law.
    pub(super) fn narrowed(&self) -> Option<(&'static [&'static str], &'static str)> {
        NARROWED.iter().find(|(name, ..)| *name == self.name).map(|(_, left, why)| (*left, *why))
    }
}

/// Whether `value` is a number from `low` to `high`, a whole one unless `high` says ` decimal`.
fn in_range(low: &str, high: &str, value: &str) -> bool {
    let Some(high) = high.strip_suffix(" decimal") else {
        let parse = |text: &str| text.parse::<i64>().ok();
        return parse(value)
            .zip(parse(low))
            .zip(parse(high))
            .is_some_and(|((value, low), high)| (low..=high).contains(&value));
    };
    let parse = |text: &str| text.parse::<f64>().ok();
    parse(value)
        .zip(parse(low))
        .zip(parse(high))
        .is_some_and(|((value, low), high)| (low..=high).contains(&value))
}

/// Values that are never shown.
const SECRET: &[&str] = &[
    "sasl.oauthbearer.assertion.private.key.passphrase",
    "sasl.oauthbearer.assertion.private.key.pem",
    "sasl.oauthbearer.client.credentials.client.secret",
    "sasl.oauthbearer.client.secret",
    "sasl.oauthbearer.config",
    "sasl.password",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.keystore.password",
];

/// Properties that the laws of the runtime own, and the law. The laws stand in `ARCHITECTURE.md`.
pub(super) const OWNED: &[(&[&str], &str)] = &[
    (
        &[
            "enable.auto.commit",
            "auto.commit.enable",
            "auto.commit.interval.ms",
            "enable.auto.offset.store",
            "offset.store.method",
            "offset.store.path",
            "offset.store.sync.interval.ms",
        ],
        "law 1 (ledger) owns it: an offset is committed only when every record before it is settled",
    ),
    (
        &["acks", "request.required.acks", "delivery.report.only.error", "produce.offset.report"],
        "law 1 (ledger) owns it: a record is settled only when the broker has acknowledged its emits",
    ),
    (
        &[
            "enable.idempotence",
            "enable.gapless.guarantee",
            "message.timeout.ms",
            "delivery.timeout.ms",
            "message.send.max.retries",
            "retries",
            "queuing.strategy",
        ],
        "law 6 (publishing) owns it: the producer retries without end and keeps the order",
    ),
    (
        &["isolation.level"],
        "law 4 (dead letters) owns it: what an aborted transaction wrote, as a replay that was cut short, is no \
         event and is handled by nobody",
    ),
    (
        &[
            "partition.assignment.strategy",
            "group.protocol",
            "group.protocol.type",
            "group.remote.assignor",
            "group.instance.id",
        ],
        "law 8 (leaving) owns it: partitions move one by one, and a service leaves its groups when it ends",
    ),
    (
        &["statistics.interval.ms"],
        "law 9 (health) owns it: the statistics tell lag and whether brokers are reached",
    ),
    (
        &["auto.offset.reset"],
        "law 10 (topics) owns it: a position never moves unseen; where a group without commits begins is \
         said in the code with `.from(Earliest | Latest | At(time))`",
    ),
    (
        &["allow.auto.create.topics"],
        "law 10 (topics) owns it: missing topics are created only with CHOREOGRAPH_CREATE_TOPICS=true",
    ),
    (&["transactional.id"], "law 11 (promise) owns it: delivery is at least once"),
    (&["group.id"], "the step owns it: its group is `<service>.<step>`, or what `.group(name)` says"),
    (&["metadata.broker.list"], "it is another name: set KAFKA_BOOTSTRAP_SERVERS"),
    (
        &["enable.partition.eof", "enabled_events", "internal.termination.signal", "log.queue"],
        "the Kafka driver owns it: its loop rests on it",
    ),
];

/// Properties of which the laws leave a choice: their names, the values left, and the law.
pub(super) const NARROWED: &[(&str, &[&str], &str)] = &[(
    "partitioner",
    &["murmur2_random", "murmur2"],
    "law 2 (lanes) narrows it: a key's records keep their order in one partition, where Java's clients put them too",
)];

/// Every property, in the order of the names.
pub(super) fn all() -> &'static [Property] {
    /// The table beside this file, read once.
    static ALL: LazyLock<Vec<Property>> = LazyLock::new(|| {
        include_str!("librdkafka.tsv")
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| {
                let mut columns = line.split('\t');
                let name = columns.next()?;
                Some(Property {
                    name,
                    scope: columns.next()?,
                    legal: columns.next()?,
                    canonical: columns.next().unwrap_or(name),
                })
            })
            .collect()
    });
    &ALL
}

/// The property called `name`.
pub(super) fn named(name: &str) -> Option<&'static Property> {
    all().iter().find(|property| property.name == name)
}

#[cfg(test)]
#[expect(clippy::disallowed_types, reason = "the table is compared with what librdkafka itself says")]
mod tests {
    use rdkafka::ClientConfig;
    use rdkafka::error::KafkaError;
    use rdkafka::types::RDKafkaConfRes;

    use super::*;

    /// What librdkafka says to one property.
    fn told(name: &str, value: &str) -> Result<(), (RDKafkaConfRes, String)> {
        match ClientConfig::new().set(name, value).create_native_config() {
            Ok(_) => Ok(()),
            Err(KafkaError::ClientConfig(code, text, ..)) => Err((code, text)),
            Err(other) => panic!("{name}: {other}"),
        }
    }

    /// A build without SSL knows these names but cannot take a value.
    fn left_out_of_this_build(text: &str) -> bool {
        text.contains("not available at build time") || text.contains("not enabled at build time")
    }

    /// Values at the edges of what `property` takes, and values beyond them.
    fn edges(property: &Property) -> (Vec<String>, Vec<String>) {
        let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        match property.legal {
            "text" => (Vec::new(), Vec::new()),
            "true, false" => (owned(&["true", "false", "F", "1"]), owned(&["yes", "2"])),
            legal => match (legal.strip_prefix("flags "), legal.split_once(" .. ")) {
                (Some(flags), _) => (owned(&[&flags.replace(", ", ",")]), owned(&["nonsense"])),
                (None, Some((low, high))) => {
                    let high = high.trim_end_matches(" decimal");
                    let beyond = (high.parse::<i64>().unwrap() + 1).to_string();
                    let below = (low.parse::<i64>().unwrap() - 1).to_string();
                    (owned(&[low, high]), owned(&[&below, &beyond, "many"]))
                }
                (None, None) => (legal.split(", ").map(str::to_owned).collect(), owned(&["nonsense"])),
            },
        }
    }

    #[test]
    fn librdkafka_knows_every_name_of_the_table() {
        assert!(all().len() > 150);
        for property in all() {
            if let Err((code, text)) = told(property.name, "1") {
                assert_ne!(code, RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN, "{}: {text}", property.name);
            }
        }
        let (code, _) = told("no.such.property", "1").unwrap_err();
        assert_eq!(code, RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN);
    }

    #[test]
    fn librdkafka_and_the_table_agree_on_legal_values() {
        for property in all() {
            let (good, bad) = edges(property);
            for value in good {
                assert!(property.takes(&value), "{} = {value}", property.name);
                if let Err((_, text)) = told(property.name, &value) {
                    assert!(left_out_of_this_build(&text), "{} = {value}: {text}", property.name);
                }
            }
            for value in bad {
                assert!(!property.takes(&value), "{} = {value}", property.name);
                // librdkafka reads numbers as 32 bits and lets them wrap; the table does not.
                let wraps = value.parse::<i64>().is_ok_and(|number| i32::try_from(number).is_err());
                assert!(wraps || told(property.name, &value).is_err(), "{} = {value}", property.name);
            }
        }
    }

    #[test]
    fn every_name_in_the_lists_is_a_property() {
        let owned = OWNED.iter().flat_map(|(names, _)| names.iter());
        for name in owned.chain(SECRET) {
            assert!(named(name).is_some(), "{name}");
        }
        for (name, left, _) in NARROWED {
            let property = named(name).unwrap();
            assert!(left.iter().all(|value| property.takes(value)), "{name}");
        }
        for property in all() {
            assert!(named(property.canonical).is_some(), "{}", property.name);
        }
    }

    #[test]
    fn every_variable_names_one_property() {
        let mut variables: Vec<_> = all().iter().map(Property::variable).collect();
        variables.sort();
        variables.dedup();
        assert_eq!(variables.len(), all().len());
    }
}
