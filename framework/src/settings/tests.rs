use std::collections::BTreeSet;
use std::io::Write;
use std::time::Duration;

use super::own::PREFIX;
use super::property::{NARROWED, OWNED};
use super::source::Source;
use super::*;

/// The document of all settings.
const DOCUMENT: &str = include_str!("../../docs/settings.md");

/// Reads pairs that cannot be used; gives back what the error says.
fn refused(pairs: &[(&str, &str)]) -> String {
    Settings::read(pairs.iter().copied()).expect_err("these must be refused").to_string()
}

/// The cells of the document's table rows whose first cell is in backticks.
fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    DOCUMENT
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
}

/// The texts in backticks of one cell.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[test]
fn nothing_set_is_fine_but_for_the_brokers() {
    let settings = Settings::read([] as [(&str, &str); 0]).unwrap();
    assert_eq!(settings.ops, Ops::Default);
    assert_eq!(settings.drain_deadline, Duration::from_secs(25));
    assert_eq!(settings.telemetry.traces, Exporter::None);
    let problem = settings.kafka.bootstrap_servers().unwrap_err();
    assert!(problem.to_string().contains("KAFKA_BOOTSTRAP_SERVERS: it is not set"));
}

#[test]
fn all_problems_are_told_at_once_each_with_what_is_legal() {
    let error = refused(&[
        ("CHOREOGRAPH_LOG_FROMAT", "json"),
        ("CHOREOGRAPH_CREATE_TOPICS", "yes"),
        ("CHOREOGRAPH_QWERTZ", "1"),
        ("KAFKA_ACKS", "1"),
        ("KAFKA_LINGER_MS", "soon"),
        ("OTEL_TRACES_SAMPLER", "some"),
    ]);
    for part in [
        "CHOREOGRAPH_LOG_FROMAT: there is no such setting; did you mean CHOREOGRAPH_LOG_FORMAT?",
        "CHOREOGRAPH_CREATE_TOPICS: \"yes\" cannot be used; legal: true, false",
        "CHOREOGRAPH_QWERTZ: there is no such setting; legal: CHOREOGRAPH_",
        "KAFKA_ACKS: law 1 (ledger) owns it",
        "KAFKA_LINGER_MS: \"soon\" cannot be used; legal: 0 .. 900000",
        "OTEL_TRACES_SAMPLER: \"some\" cannot be used; legal: always_on",
    ] {
        assert!(error.contains(part), "{part:?} is missing in\n{error}");
    }
    assert_eq!(error.lines().count(), 7, "{error}");
}

#[test]
fn brokers_have_addresses() {
    for legal in [
        "localhost",
        "kafka-0.kafka:9092, kafka_1:9093,",
        "plaintext://10.0.0.1:9092",
        "[::1]:9092,[fe80::1%eth0],::1",
    ] {
        let settings = Settings::read([("KAFKA_BOOTSTRAP_SERVERS", legal)]).unwrap();
        assert_eq!(settings.kafka.bootstrap_servers().unwrap(), legal);
    }
    for (wrong, told) in [
        (",", "it holds no address"),
        (" ", "it holds no address"),
        (":9092", "\":9092\""),
        ("a:9092,b:none", "\"b:none\""),
        ("a:0", "\"a:0\""),
        ("a:65536", "\"a:65536\""),
        ("a:9092;b:9092", "\"a:9092;b:9092\""),
        ("<servers>", "\"<servers>\""),
        ("http://a:9092", "\"http://a:9092\""),
        ("[a]:9092", "\"[a]:9092\""),
        // The protocol is `plaintext` as long as nothing else is said.
        ("ssl://a:9092", "\"ssl://a:9092\""),
    ] {
        let error = refused(&[("KAFKA_BOOTSTRAP_SERVERS", wrong)]);
        assert!(error.contains(&format!("KAFKA_BOOTSTRAP_SERVERS: {told}")), "{error}");
        assert!(error.contains("; legal: addresses of brokers, as localhost:9092"), "{error}");
    }
    let secured = [("KAFKA_BOOTSTRAP_SERVERS", "SASL_SSL://a"), ("KAFKA_SECURITY_PROTOCOL", "sasl_ssl")];
    assert!(Settings::read(secured).is_ok());

    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "<hunter2>").unwrap();
    let error = refused(&[("KAFKA_BOOTSTRAP_SERVERS_FILE", file.path().to_str().unwrap())]);
    assert!(error.contains("its value cannot be used") && !error.contains("hunter2"), "{error}");
}

#[test]
fn every_property_a_law_owns_is_refused() {
    for (names, why) in OWNED {
        for name in *names {
            let variable = format!("KAFKA_{}", name.to_uppercase().replace('.', "_"));
            let error = refused(&[(variable.as_str(), "1")]);
            assert!(error.contains(&format!("{variable}: {why}")), "{error}");
        }
    }
}

#[test]
fn a_law_leaves_some_values_and_refuses_the_others() {
    for (value, is_left) in [
        ("murmur2_random", true),
        ("murmur2", true),
        ("random", false),
        ("consistent", false),
        ("nonsense", false),
    ] {
        let read = Settings::read([("KAFKA_PARTITIONER", value)]);
        assert_eq!(read.is_ok(), is_left, "{value}: {read:?}");
    }
    let error = refused(&[("KAFKA_PARTITIONER", "random")]);
    assert!(error.contains("KAFKA_PARTITIONER: law 2 (lanes) narrows it"), "{error}");
    assert!(error.contains("legal: murmur2_random, murmur2"), "{error}");
}

#[test]
fn nobody_reads_what_was_not_committed() {
    let error = refused(&[("KAFKA_ISOLATION_LEVEL", "read_uncommitted")]);
    assert!(error.contains("KAFKA_ISOLATION_LEVEL: law 4 (dead letters) owns it"), "{error}");
}

#[test]
fn unknown_kafka_names_are_one_warning() {
    let pairs = [
        ("KAFKA_PORT_9092_TCP", "tcp://10.0.0.1:9092"),
        ("KAFKA_SASL_PASWORD", "hunter2"),
        ("KAFKA_HEAP_OPTS", "-Xmx1g"),
        ("KAFKA_BOOTSTRAP_SERVERS", "localhost:9092"),
    ];
    let warning = Settings::read(pairs).unwrap().kafka.warning().unwrap();
    assert!(warning.contains("KAFKA_HEAP_OPTS, KAFKA_PORT_9092_TCP, "), "{warning}");
    assert!(warning.contains("KAFKA_SASL_PASWORD (did you mean KAFKA_SASL_PASSWORD?)"));
    assert!(!warning.contains("hunter2"));
    assert_eq!(Settings::read([("KAFKA_CLIENT_ID", "a")]).unwrap().kafka.warning(), None);
}

#[test]
fn each_client_is_told_what_concerns_it_and_aliases_count_as_one() {
    let pairs = [("KAFKA_QUEUE_BUFFERING_MAX_MS", "7"), ("KAFKA_FETCH_MIN_BYTES", "2")];
    let kafka = Settings::read(pairs).unwrap().kafka;
    let defaults = [("linger.ms", "5"), ("client.id", "x")];
    assert_eq!(kafka.get("linger.ms"), Some("7"));
    assert_eq!(
        kafka.properties(Client::Producer, &defaults),
        [("client.id", "x"), ("queue.buffering.max.ms", "7")]
    );
    assert_eq!(kafka.properties(Client::Consumer, &[]), [("fetch.min.bytes", "2")]);
    let error = refused(&[("KAFKA_QUEUE_BUFFERING_MAX_MS", "7"), ("KAFKA_LINGER_MS", "5")]);
    assert!(error.contains("KAFKA_LINGER_MS sets the same property"), "{error}");
}

#[test]
fn a_secret_comes_from_a_file_and_is_never_shown() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "hunter2").unwrap();
    let path = file.path().to_str().unwrap();
    let settings = Settings::read([("KAFKA_SASL_PASSWORD_FILE", path)]).unwrap();
    assert_eq!(settings.kafka.get("sasl.password"), Some("hunter2"));
    assert!(!format!("{settings:?}").contains("hunter2"));
    assert!(format!("{settings:?}").contains("\"sasl.password\": ***"));

    let error = refused(&[("KAFKA_SASL_PASSWORD_FILE", path), ("KAFKA_SASL_PASSWORD", "hunter3")]);
    assert!(error.contains("set only one of the two") && !error.contains("hunter"), "{error}");
    let error = refused(&[("KAFKA_SSL_KEY_PASSWORD_FILE", "/no/such/file")]);
    assert!(
        error.contains("the file cannot be read: No such file") && !error.contains("/no/such"),
        "{error}"
    );
}

#[test]
fn what_stands_in_a_file_is_shown_nowhere_whatever_it_is_for() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "hunter2").unwrap();
    let path = file.path().to_str().unwrap();
    let error = refused(&[("KAFKA_SECURITY_PROTOCOL_FILE", path)]);
    assert!(
        error.contains("its value cannot be used; legal: plaintext") && !error.contains("hunter2"),
        "{error}"
    );
    let settings = Settings::read([("KAFKA_SASL_USERNAME_FILE", path)]).unwrap();
    assert_eq!(settings.kafka.get("sasl.username"), Some("hunter2"));
    assert!(!format!("{settings:?}").contains("hunter2"));
}

#[test]
fn a_file_with_a_nul_in_it_is_refused_before_a_client_is_told() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"hunter2\0hunter2").unwrap();
    let path = file.path().to_str().unwrap();
    for name in ["KAFKA_SASL_PASSWORD_FILE", "CHOREOGRAPH_REGISTRY_PASSWORD_FILE"] {
        let error = refused(&[(name, path), ("CHOREOGRAPH_REGISTRY_URL", "http://registry")]);
        assert!(error.contains(&format!("{name}: there is a NUL")) && !error.contains("hunter2"), "{error}");
    }
}

#[test]
fn a_log_filter_names_levels() {
    for mistyped in ["inof", "verbose", "info,inof", "my_service=verbose", "my_service"] {
        let error = refused(&[("CHOREOGRAPH_LOG", mistyped)]);
        assert!(error.contains("CHOREOGRAPH_LOG: \"") && error.contains("legal: a level"), "{error}");
    }
    for legal in ["info", "WARN", "off", "info,my_service=debug", "a::b=off,warn,a::c"] {
        assert_eq!(Settings::read([("CHOREOGRAPH_LOG", legal)]).unwrap().log_filter, legal);
    }
}

#[test]
fn a_file_has_a_bound() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&vec![b'a'; 1024 * 1024 + 1]).unwrap();
    let error = refused(&[("KAFKA_SASL_PASSWORD_FILE", file.path().to_str().unwrap())]);
    assert!(error.contains("longer than 1048576 bytes"), "{error}");
}

#[test]
fn errors_stay_on_their_line_and_short() {
    let hostile = format!("\u{1b}[31m\r\n{}", "x".repeat(10_000));
    let error = refused(&[("CHOREOGRAPH_LOG_FORMAT", hostile.as_str())]);
    assert!(!error.contains(['\u{1b}', '\r']) && error.lines().count() == 2);
    assert!(error.len() < 300, "{error}");
}

#[test]
fn the_drain_ends_before_the_group_gives_up() {
    let error = refused(&[("CHOREOGRAPH_DRAIN_DEADLINE", "10s"), ("KAFKA_MAX_POLL_INTERVAL_MS", "10000")]);
    assert!(error.contains("less than KAFKA_MAX_POLL_INTERVAL_MS, here 10000ms"), "{error}");
    assert!(refused(&[("CHOREOGRAPH_DRAIN_DEADLINE", "5m")]).contains("here 300000ms"));
}

#[test]
fn a_collector_is_found_by_the_standards_rules() {
    let read = |pairs: &[(&str, &str)]| Settings::read(pairs.iter().copied()).unwrap().telemetry;
    let to = |protocol, endpoint: Option<&str>| {
        let (timeout, compression, tls) = (Duration::from_secs(10), Compression::None, Tls::default());
        let (endpoint, headers) = (endpoint.map(Secret::new), Vec::new());
        Exporter::Otlp { protocol, endpoint, timeout, compression, tls, headers }
    };
    let at = |protocol, endpoint: &str| to(protocol, Some(endpoint));
    let base = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318/");
    let grpc = ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");

    let both = read(&[base]);
    assert_eq!(both.traces, at(Protocol::HttpProtobuf, "http://c:4318/v1/traces"));
    assert_eq!(both.metrics, at(Protocol::HttpProtobuf, "http://c:4318/v1/metrics"));
    assert_eq!(read(&[base, grpc]).traces, at(Protocol::Grpc, "http://c:4318/"));
    let own = read(&[base, ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://t/own")]);
    assert_eq!(own.traces, at(Protocol::HttpProtobuf, "http://t/own"));
    assert_eq!(read(&[base, ("OTEL_TRACES_EXPORTER", "none")]).traces, Exporter::None);
    assert_eq!(read(&[base, ("OTEL_METRICS_EXPORTER", "prometheus")]).metrics, Exporter::None);
    assert_eq!(read(&[("OTEL_TRACES_EXPORTER", "otlp")]).traces, to(Protocol::HttpProtobuf, None));
    assert_eq!(
        read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "https://c")]).traces,
        at(Protocol::HttpProtobuf, "https://c/v1/traces")
    );
    let impatient = read(&[base, ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "250")]).traces;
    assert!(matches!(impatient, Exporter::Otlp { timeout, .. } if timeout == Duration::from_millis(250)));
    let error = refused(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://user:hunter2@c")]);
    assert!(error.contains("its value cannot be used; legal: http:// or https://"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
}

#[test]
fn a_registry_has_an_address_without_a_password_and_one_login() {
    let url = ("CHOREOGRAPH_REGISTRY_URL", "https://registry:8081/apis/ccompat/v7/");
    let read = |pairs: &[(&str, &str)]| {
        let pairs = pairs.iter().copied().chain([url]);
        Settings::read(pairs).unwrap().registry.unwrap()
    };
    assert_eq!(read(&[]).url, "https://registry:8081/apis/ccompat/v7");
    assert_eq!(read(&[]).login, None);
    let (user, password) =
        (("CHOREOGRAPH_REGISTRY_USER", "ada"), ("CHOREOGRAPH_REGISTRY_PASSWORD", "hunter2"));
    let token = ("CHOREOGRAPH_REGISTRY_TOKEN", "hunter2");
    let known = read(&[user, password]);
    assert_eq!(known.login, Some(Login::Basic { user: "ada".to_owned(), password: Secret::new("hunter2") }));
    assert!(!format!("{known:?}").contains("hunter2"));
    assert_eq!(read(&[token]).login, Some(Login::Bearer(Secret::new("hunter2"))));

    for (pairs, told) in [
        (
            &[("CHOREOGRAPH_REGISTRY_URL", "http://ada:hunter2@registry")][..],
            "CHOREOGRAPH_REGISTRY_PASSWORD_FILE",
        ),
        (&[("CHOREOGRAPH_REGISTRY_URL", "registry:8081")], "legal: http:// or https://"),
        (&[user, password, token], "a name or a password is set too"),
        (&[user], "CHOREOGRAPH_REGISTRY_PASSWORD: it is not set"),
        (&[password], "CHOREOGRAPH_REGISTRY_USER: it is not set"),
        (&[("CHOREOGRAPH_REGISTRY_TOKEN", "hunter2 hunter2")], "it is no token"),
        (&[("CHOREOGRAPH_REGISTRY_USER", "a:b"), password], "there is a colon in it"),
    ] {
        let error = refused(pairs);
        assert!(error.contains(told) && !error.contains("hunter2"), "{error}");
    }
}

#[test]
fn files_of_certificates_are_checked_when_they_are_read() {
    let file = |text: &str| {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    };
    let path = |file: &tempfile::NamedTempFile| file.path().to_str().unwrap().to_owned();
    let wrong = file("-----BEGIN CERTIFICATE-----\nhunter2\n-----END CERTIFICATE-----\n");
    let wrong = path(&wrong);
    for (pairs, told) in [
        (&[("OTEL_EXPORTER_OTLP_CERTIFICATE", wrong.as_str())][..], "holds no certificate in PEM"),
        (&[("CHOREOGRAPH_REGISTRY_CA_FILE", "/no/such/file")], "\"/no/such/file\" cannot be read"),
        (
            &[("OTEL_EXPORTER_OTLP_CLIENT_KEY", &wrong)],
            "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: it is not set",
        ),
        (
            &[("CHOREOGRAPH_REGISTRY_CERTIFICATE_FILE", &wrong), ("CHOREOGRAPH_REGISTRY_KEY_FILE", &wrong)],
            "CHOREOGRAPH_REGISTRY_CERTIFICATE_FILE: the file holds no certificate",
        ),
    ] {
        let error = refused(pairs);
        assert!(error.contains(told) && !error.contains("hunter2"), "{error}");
    }
}

#[test]
fn batches_are_as_the_standard_has_them_and_none_is_larger_than_the_queue() {
    let read = |pairs: &[(&str, &str)]| Settings::read(pairs.iter().copied()).unwrap().telemetry.batches;
    let small = read(&[("OTEL_BSP_MAX_QUEUE_SIZE", "100"), ("OTEL_METRIC_EXPORT_INTERVAL", "250")]);
    assert_eq!((small.queue, small.size, small.interval), (100, 100, Duration::from_millis(250)));
    let own = read(&[("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "7"), ("OTEL_BSP_SCHEDULE_DELAY", "1")]);
    assert_eq!((own.queue, own.size, own.delay), (2_048, 7, Duration::from_millis(1)));
    for (name, value, legal) in [
        ("OTEL_BSP_MAX_QUEUE_SIZE", "abc", "legal: a whole number, 1 .. 1000000"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0", "legal: a whole number, 1 .. 1000000"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "2049", "1 .. OTEL_BSP_MAX_QUEUE_SIZE, here 2048"),
        ("OTEL_BSP_SCHEDULE_DELAY", "5s", "legal: a whole number, 1 .. 3600000"),
        ("OTEL_BSP_EXPORT_TIMEOUT", "-1", "legal: a whole number, 1 .. 3600000"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "0", "legal: a whole number, 1 .. 3600000"),
        ("OTEL_METRIC_EXPORT_TIMEOUT", "soon", "legal: a whole number, 1 .. 3600000"),
    ] {
        let error = refused(&[(name, value)]);
        assert!(error.contains(&format!("{name}: {value:?} cannot be used; ")), "{error}");
        assert!(error.contains(legal), "{error}");
    }
}

#[test]
fn what_exporters_read_by_themselves_is_checked_before_them() {
    let to = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c");
    let read = |pairs: &[(&str, &str)]| {
        let telemetry = Settings::read(pairs.iter().copied().chain([to])).unwrap().telemetry;
        [telemetry.traces, telemetry.metrics].map(|exporter| match exporter {
            Exporter::Otlp { timeout, compression, .. } => (timeout.as_millis(), compression),
            Exporter::None => panic!("a collector is named"),
        })
    };
    let gzip = ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip");
    assert_eq!(read(&[]), [(10_000, Compression::None); 2]);
    assert_eq!(read(&[gzip]), [(10_000, Compression::Gzip); 2]);
    assert_eq!(
        read(&[gzip, ("OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "none"), ("OTEL_BSP_EXPORT_TIMEOUT", "250")]),
        [(250, Compression::Gzip), (10_000, Compression::None)]
    );
    assert_eq!(read(&[("OTEL_METRIC_EXPORT_TIMEOUT", "9000")])[1].0, 9_000);
    let error = refused(&[("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "zstd")]);
    assert!(error.contains("\"zstd\" cannot be used; legal: none, gzip"), "{error}");

    read(&[
        ("OTEL_RESOURCE_ATTRIBUTES", "a=b, c=d,"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Basic%20x"),
    ]);
    let error = refused(&[("OTEL_RESOURCE_ATTRIBUTES", "region")]);
    assert!(
        error.contains("OTEL_RESOURCE_ATTRIBUTES: \"region\" cannot be used; legal: name=value"),
        "{error}"
    );
    for name in
        ["OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "OTEL_SPAN_EVENT_COUNT_LIMIT", "OTEL_SPAN_LINK_COUNT_LIMIT"]
    {
        assert!(Settings::read([(name, "0")]).is_ok());
        let error = refused(&[(name, "many")]);
        assert!(
            error.contains(&format!("{name}: \"many\" cannot be used; legal: a whole number")),
            "{error}"
        );
    }
    let name = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
    assert!(Settings::read([(name, "Delta")]).is_ok());
    assert!(refused(&[(name, "daily")]).contains("legal: cumulative, delta, lowmemory"));
}

#[test]
fn a_login_to_a_collector_comes_from_the_environment_or_a_file_and_is_never_shown() {
    const SHARED: &str = "OTEL_EXPORTER_OTLP_HEADERS";
    const SHARED_FILE: &str = "OTEL_EXPORTER_OTLP_HEADERS_FILE";
    const TRACES_FILE: &str = "OTEL_EXPORTER_OTLP_TRACES_HEADERS_FILE";
    let headers = |pairs: &[(&str, &str)]| {
        let to = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c");
        let settings = Settings::read(pairs.iter().copied().chain([to])).unwrap();
        assert!(!format!("{settings:?}").contains("hunter"), "{settings:?}");
        [settings.telemetry.traces, settings.telemetry.metrics].map(|exporter| match exporter {
            Exporter::Otlp { headers, .. } => {
                let shown = |(name, value): (String, Secret)| format!("{name}: {}", value.expose());
                headers.into_iter().map(shown).collect::<Vec<_>>()
            }
            Exporter::None => panic!("a collector is named"),
        })
    };
    let file = |text: &str| {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "{text}").unwrap();
        file
    };
    let (login, wrong) = (file("Authorization=Basic%20hunter2, x-team=a,"), file("hunter2"));
    let [login, wrong] = [&login, &wrong].map(|file| file.path().to_str().unwrap());
    let read = ["authorization: Basic hunter2".to_owned(), "x-team: a".to_owned()];

    assert!(headers(&[]).iter().all(Vec::is_empty));
    assert_eq!(headers(&[(SHARED_FILE, login)]), [read.to_vec(), read.to_vec()]);
    assert_eq!(headers(&[(TRACES_FILE, login)]), [read.to_vec(), Vec::new()]);
    let metrics = ("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "x=hunter3");
    assert_eq!(headers(&[(SHARED_FILE, login), metrics]), [read.to_vec(), vec!["x: hunter3".to_owned()]]);
    assert_eq!(headers(&[(SHARED, "x=50%")])[0], ["x: 50%"]);

    for (pairs, told) in [
        (
            &[(SHARED, "hunter2")][..],
            "OTEL_EXPORTER_OTLP_HEADERS: its value cannot be used; legal: name=value",
        ),
        (&[(SHARED, "a hunter=2")], "OTEL_EXPORTER_OTLP_HEADERS: its value cannot be used"),
        (&[(SHARED, "a=hunter%0a2")], "OTEL_EXPORTER_OTLP_HEADERS: its value cannot be used"),
        (&[(TRACES_FILE, wrong)], "OTEL_EXPORTER_OTLP_TRACES_HEADERS_FILE: its value cannot be used"),
        (&[(SHARED_FILE, login), (SHARED, "x=hunter3")], "set only one of the two"),
        (&[(TRACES_FILE, login), (SHARED, "x=hunter3")], "OTEL_EXPORTER_OTLP_HEADERS is set too, and would"),
    ] {
        let error = refused(pairs);
        assert!(error.contains(told) && !error.contains("hunter"), "{error}");
    }
}

#[test]
fn the_sampler_has_its_names_and_ratio() {
    let read = |pairs: &[(&str, &str)]| Settings::read(pairs.iter().copied()).unwrap().telemetry.sampler;
    let ratio = ("OTEL_TRACES_SAMPLER_ARG", "0.1");
    assert_eq!(read(&[]), Sampler { ratio: 1.0, parent_based: true });
    assert_eq!(
        read(&[("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"), ratio]),
        Sampler { ratio: 0.1, parent_based: true }
    );
    assert_eq!(
        read(&[("OTEL_TRACES_SAMPLER", "always_off"), ratio]),
        Sampler { ratio: 0.0, parent_based: false }
    );
    assert!(refused(&[("OTEL_TRACES_SAMPLER_ARG", "NaN")]).contains("0 .. 1"));
    assert!(refused(&[("OTEL_PROPAGATORS", "b3")]).contains("tracecontext"));
}

#[test]
fn the_document_lists_exactly_the_settings_there_are() {
    let mut source = Source::new([] as [(&str, &str); 0]);
    Settings::read_source(&mut source).unwrap();
    let read: BTreeSet<&str> = source.asked.iter().copied().collect();
    let ours = |name: &&str| name.starts_with(PREFIX) || name.starts_with("OTEL_");
    let documented: BTreeSet<&str> = rows().flat_map(|row| quoted(row[0])).filter(ours).collect();
    assert_eq!(read, documented);
}

#[test]
fn the_documented_defaults_are_the_defaults() {
    let none = format!("{:?}", Settings::read([] as [(&str, &str); 0]).unwrap());
    let mut checked = 0;
    for row in rows().filter(|row| row[0].starts_with("`CHOREOGRAPH_") || row[0].starts_with("`OTEL_")) {
        let Some(default) = row[2].strip_prefix('`').and_then(|cell| cell.strip_suffix('`')) else {
            continue;
        };
        if default.contains('`') {
            continue;
        }
        let set = Settings::read([(quoted(row[0])[0], default)]).unwrap();
        assert_eq!(format!("{set:?}"), none, "{}", row[0]);
        checked += 1;
    }
    assert!(checked >= 10, "{checked}");
}

#[test]
fn the_document_lists_exactly_the_properties_the_laws_own() {
    let owned: BTreeSet<&str> = OWNED.iter().flat_map(|(names, _)| names.iter().copied()).collect();
    let documented: BTreeSet<&str> =
        rows().filter(|row| row.len() == 2).flat_map(|row| quoted(row[0])).collect();
    assert_eq!(owned, documented);
}

#[test]
fn the_document_lists_exactly_what_the_laws_leave() {
    let left: Vec<_> = NARROWED.iter().map(|(name, left, _)| (vec![*name], left.to_vec())).collect();
    let documented = rows().filter(|row| row.len() == 3).map(|row| (quoted(row[0]), quoted(row[1])));
    assert_eq!(left, documented.collect::<Vec<_>>());
}

#[test]
fn spans_are_made_in_normal_detail_unless_more_is_asked_for() {
    let read = |pairs: &[(&str, &str)]| Settings::read(pairs.iter().copied()).unwrap().trace_detail;
    assert_eq!(read(&[]), TraceDetail::Normal);
    assert_eq!(read(&[("CHOREOGRAPH_TRACE_DETAIL", "full")]), TraceDetail::Full);
    let error = refused(&[("CHOREOGRAPH_TRACE_DETAIL", "more")]);
    assert!(error.contains("CHOREOGRAPH_TRACE_DETAIL") && error.contains("legal: normal, full"), "{error}");
}
