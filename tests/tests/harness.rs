//! The harness does what the other tests believe of it.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

use choreograph_tests::kafka::{self, Cluster, Setup};
use choreograph_tests::process::{self, Service};
use choreograph_tests::proxy::Proxy;
use choreograph_tests::topics::{self, Group, Placed, Record, Topic, Writer};
use choreograph_tests::{eventually, otlp};

const SOON: Duration = Duration::from_mins(1);

#[test]
fn what_is_written_is_read_byte_by_byte() {
    let kafka = kafka::shared();
    let topic = format!("{}.raw", topics::namespace("harness"));
    topics::create(kafka, &[Topic::new(&topic, 2).setting("max.message.bytes", "20000000")])
        .expect("a topic");
    let large = vec![b'x'; 10_000_000];
    let records = vec![
        Record::to(&topic).partition(0).key("k").value(b"\xff\x00".as_slice()).timestamp(1_700_000_000_123),
        Record::to(&topic).partition(0).header("h", "1").header("h", "2").null_header("n"),
        Record::to(&topic).partition(1).value(large.clone()),
    ];
    let placed = topics::write(kafka, &records).expect("acknowledged");
    let place = |partition, offset| Placed { partition, offset: Some(offset) };
    assert_eq!(placed, [place(0, 0), place(0, 1), place(1, 0)]);

    let read = topics::read_all(kafka, &topic).expect("the topic");
    assert_eq!(read.iter().map(|m| place(m.partition, m.offset)).collect::<Vec<_>>(), placed);
    assert_eq!(read[0].key_text(), Some("k"));
    assert_eq!(read[0].value.as_deref(), Some(b"\xff\x00".as_slice()));
    assert_eq!(read[0].timestamp, Some(1_700_000_000_123));
    assert_eq!((&read[1].key, &read[1].value), (&None, &None));
    let header = |name: &str, value: Option<&str>| (name.to_owned(), value.map(|v| v.as_bytes().to_vec()));
    assert_eq!(read[1].headers, [header("h", Some("1")), header("h", Some("2")), header("n", None)]);
    assert!(read[2].value.as_deref() == Some(large.as_slice()));
}

#[test]
fn a_group_is_seen_from_outside() {
    let kafka = kafka::shared();
    let name = topics::namespace("harness");
    let topic = format!("{name}.group");
    topics::create(kafka, &[Topic::new(&topic, 1)]).expect("a topic");
    let records = (0..3).map(|_| Record::to(&topic).value("v")).collect::<Vec<_>>();
    topics::write(kafka, &records).expect("acknowledged");
    let group = Group::of(kafka, &name).expect("a group");
    assert_eq!(group.committed(&topic).expect("commits")[0].offset, None);
    assert_eq!(group.lag(&topic).expect("lag"), 3);
    assert_eq!(group.members().expect("members").0, 0);

    commit(kafka, &name, &topic, 2, "two of three");
    let committed = group.committed(&topic).expect("commits");
    assert_eq!((committed[0].offset, committed[0].metadata.as_str()), (Some(2), "two of three"));
    assert_eq!(group.lag(&topic).expect("lag"), 1);
}

fn commit(kafka: &str, group: &str, topic: &str, offset: i64, metadata: &str) {
    use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
    let mut config = rdkafka::ClientConfig::new();
    config.set("bootstrap.servers", kafka).set("group.id", group);
    let consumer: BaseConsumer = config.create().expect("a consumer");
    let mut list = rdkafka::TopicPartitionList::new();
    let mut partition = list.add_partition(topic, 0);
    partition.set_offset(rdkafka::Offset::Offset(offset)).expect("an offset");
    partition.set_metadata(metadata);
    consumer.commit(&list, CommitMode::Sync).expect("committed");
}

#[test]
fn a_killed_node_keeps_what_it_acknowledged() {
    let mut cluster = Cluster::start(1, &[]).expect("a node");
    let kafka = cluster.bootstrap();
    topics::create(&kafka, &[Topic::new("kept", 3)]).expect("a topic");
    let record = |n: u64| Record::to("kept").key(format!("{n}")).value(format!("{n}"));
    let writer = Writer::new(&kafka).expect("a writer");
    (0..500).try_for_each(|n| writer.send(n, &record(n))).expect("sent");
    let acks = writer.finish().expect("acknowledged");
    assert!(acks.len() == 500 && acks.iter().all(|ack| ack.result.is_ok()), "{acks:?}");

    cluster.kill(1).expect("killed");
    writer.send(500, &record(500)).expect("queued while the node is away");
    cluster.start_again(1).expect("started again");
    let acks = writer.finish().expect("acknowledged after all");
    assert!(acks.len() == 1 && acks[0].result.is_ok(), "{acks:?}");
    assert_eq!(topics::read_all(&kafka, "kept").expect("the topic").len(), 501);
}

#[test]
fn three_nodes_go_on_without_one() {
    let mut cluster = Cluster::start(3, &[]).expect("three nodes");
    let kafka = cluster.bootstrap();
    topics::create(&kafka, &[Topic::new("led", 3)]).expect("a topic");
    let write = |n: usize| {
        let records = (0..n).map(|n| Record::to("led").key(format!("{n}")).value("v")).collect::<Vec<_>>();
        topics::write(&kafka, &records).expect("acknowledged")
    };
    write(100);
    cluster.kill(2).expect("killed");
    write(100);
    cluster.pause(3).expect("paused");
    cluster.resume(3).expect("resumed");
    cluster.start_again(2).expect("started again");
    cluster.stop(1).expect("stopped");
    write(100);
    assert_eq!(topics::read_all(&kafka, "led").expect("the topic").len(), 300);
}

#[test]
fn a_proxy_takes_a_broker_away_and_gives_it_back() {
    let cluster = Setup::nodes(1).proxied().start().expect("a node");
    let direct = cluster.bootstrap();
    topics::create(&direct, &[Topic::new("far", 1)]).expect("a topic");
    let writer = Writer::new(&cluster.proxied_bootstrap()).expect("a writer");
    let send = |n: u64| writer.send(n, &Record::to("far").value(format!("{n}"))).expect("queued");
    let arrived = || topics::read_all(&direct, "far").expect("the topic").len();
    send(0);
    assert_eq!(writer.finish().expect("acknowledged").len(), 1);

    let proxy = cluster.proxy(1);
    proxy.refuse().expect("refuses");
    proxy.cut();
    send(1);
    assert_eq!((arrived(), writer.acks()), (1, vec![]));
    proxy.restore().expect("restored");
    assert_eq!(writer.finish().expect("acknowledged after all").len(), 1);

    proxy.black_hole();
    send(2);
    assert_eq!((arrived(), writer.acks()), (2, vec![]));
    proxy.restore().expect("restored");
    assert_eq!(writer.finish().expect("acknowledged after all").len(), 1);
    assert_eq!(arrived(), 3);
}

#[test]
fn a_proxy_delays_cuts_and_refuses() {
    let server = TcpListener::bind("127.0.0.1:0").expect("a server");
    let proxy = Proxy::before(server.local_addr().expect("an address")).expect("a proxy");
    let mut client = TcpStream::connect(proxy.address()).expect("a connection");
    let (mut accepted, _) = server.accept().expect("the connection");
    let mut byte = [0];

    client.write_all(b"a").expect("written");
    accepted.read_exact(&mut byte).expect("passed on");
    proxy.delay(Duration::from_millis(300));
    let begin = std::time::Instant::now();
    accepted.write_all(b"b").expect("written");
    client.read_exact(&mut byte).expect("passed back");
    assert!(begin.elapsed() >= Duration::from_millis(300));

    proxy.refuse().expect("refuses");
    let refused = TcpStream::connect(proxy.address()).map_err(|e| e.kind());
    assert_eq!(refused.err(), Some(std::io::ErrorKind::ConnectionRefused));
    client.write_all(b"c").expect("what is open stays open");
    accepted.read_exact(&mut byte).expect("passed on");
    assert_eq!(&byte, b"c");

    proxy.cut();
    assert_eq!(client.read(&mut byte).unwrap_or(0), 0);
    assert_eq!(accepted.read(&mut byte).unwrap_or(0), 0);
}

/// Plays a test that is killed while it has a process and a cluster's folder: the watchdogs must end both.
#[test]
fn nothing_outlives_a_killed_test() {
    if process::role().is_some() {
        let mut sleeper = Command::new("sleep");
        sleeper.arg("1000");
        let sleeper = Service::start("sleeper", sleeper).expect("a process");
        println!("sleeper={}.", sleeper.id());
        loop {
            std::thread::park();
        }
    }
    let again = process::this_test("nothing_outlives_a_killed_test", "victim").expect("this binary");
    let mut victim = Service::start("victim", again).expect("a process");
    let sleeper = eventually("the victim has a process", SOON, || {
        let log = victim.log().expect("the log");
        let id = log.split("sleeper=").nth(1).and_then(|rest| rest.split_once('.'));
        id.map(|(id, _)| id.to_owned()).ok_or(log)
    });
    let runs =
        || std::fs::read_to_string(format!("/proc/{sleeper}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
    assert!(runs());
    victim.kill().expect("killed");
    eventually("the sleeper is gone", SOON, || if runs() { Err("it runs") } else { Ok(()) });
}

#[test]
fn a_service_is_signalled_and_waited_for() {
    let mut command = Command::new("sh");
    command.args(["-c", "trap 'echo ended; exit 7' TERM; echo $FROM_TEST; while :; do sleep 0.05; done"]);
    command.env("FROM_TEST", "began");
    let mut service = Service::start("shell", command).expect("a process");
    let logged = |service: &Service, text: &str| {
        let log = service.log().expect("the log");
        if log.contains(text) { Ok(()) } else { Err(log) }
    };
    eventually("it began", SOON, || logged(&service, "began"));
    assert!(service.wait(Duration::from_millis(1)).is_err());
    service.pause().expect("paused");
    service.terminate().expect("told to end");
    service.resume().expect("resumed");
    assert_eq!(service.wait(SOON).expect("ended").code(), Some(7));
    assert!(!service.is_running().expect("looked"));
    logged(&service, "ended").expect("its last words");
}

#[test]
fn spans_and_metrics_arrive_over_http_unless_refused() {
    let receiver = otlp::Receiver::start().expect("a receiver");
    let client: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let post = |path: &str, body: &[u8]| {
        let answer = client.post(format!("{}{path}", receiver.http())).send(body).expect("an answer");
        answer.status().as_u16()
    };
    assert_eq!(post("/v1/traces", &request()), 200);
    receiver.refuse();
    assert_eq!(post("/v1/traces", &request()), 503);
    receiver.restore();
    assert_eq!(post("/v1/traces", b"no protobuf"), 400);
    assert_eq!(post("/v1/metrics", b""), 200);
    let spans = receiver.spans();
    assert_eq!((spans.len(), receiver.refused()), (1, 1));
    assert_eq!(spans[0].name, "charge");
    assert_eq!(spans[0].id.trace, "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(otlp::unresolved(&spans)[0].to.span, "b7ad6b7169203331");
}

#[tokio::test]
async fn spans_arrive_over_grpc_and_wait_while_it_stalls() {
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
    use prost::Message as _;

    let receiver =
        tokio::task::spawn_blocking(otlp::Receiver::start).await.expect("no panic").expect("a receiver");
    let mut client = TraceServiceClient::connect(receiver.grpc()).await.expect("a connection");
    let body = || ExportTraceServiceRequest::decode(request().as_slice()).expect("a request");
    client.export(body()).await.expect("taken");
    assert_eq!(receiver.spans().len(), 1);

    receiver.stall();
    let mut second = client.clone();
    let held = tokio::spawn(async move { second.export(body()).await });
    let mut third = client.clone();
    let in_time = tokio::time::timeout(Duration::from_millis(100), third.export(body())).await;
    assert!(in_time.is_err());
    receiver.refuse();
    let status = held.await.expect("no panic").expect_err("refused after all");
    assert_eq!(status.code(), tonic::Code::Unavailable);
    assert_eq!(receiver.spans().len(), 1);
}

/// A trace request with one span, `charge`, whose parent is not in it.
fn request() -> Vec<u8> {
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
    use prost::Message as _;
    let digits = |text: &str| u128::from_str_radix(text, 16).expect("digits").to_be_bytes();
    let span = Span {
        trace_id: digits("0af7651916cd43dd8448eb211c80319c").to_vec(),
        span_id: digits("00f067aa0ba902b7")[8..].to_vec(),
        parent_span_id: digits("b7ad6b7169203331")[8..].to_vec(),
        name: "charge".to_owned(),
        ..Span::default()
    };
    let scope_spans = vec![ScopeSpans { spans: vec![span], ..ScopeSpans::default() }];
    let resource_spans = vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }];
    ExportTraceServiceRequest { resource_spans }.encode_to_vec()
}
