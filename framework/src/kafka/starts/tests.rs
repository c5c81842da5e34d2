//! Starts on the embedded broker, and where there is none.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::embedded::EmbeddedBroker;
use super::*;
use crate::settings::LogFormat;
use crate::telemetry::logged;
use crate::{Event, Publisher};

#[derive(Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "order.placed", version = "1.2", topic = "orders", key = "order_id", starts = "order")]
struct OrderPlaced {
    order_id: String,
    #[schemars(length(min = 1))]
    lines: Vec<u32>,
}

#[derive(Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "order.sent", version = "2.0", topic = "orders", key = "id", starts = "sent", also = SentV1)]
struct Sent {
    id: String,
}

#[derive(Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "order.sent", version = "1.0", topic = "orders", key = "id", starts = "sent")]
struct SentV1 {
    id: String,
}

impl From<&Sent> for SentV1 {
    fn from(sent: &Sent) -> Self {
        Self { id: sent.id.clone() }
    }
}

fn order() -> OrderPlaced {
    OrderPlaced { order_id: "o-1".to_owned(), lines: vec![7] }
}

fn publisher(broker: &EmbeddedBroker) -> Publisher {
    let settings = Settings::read(broker.environment()).unwrap();
    Publisher::connect("shop", &settings, &Telemetry::quiet()).unwrap()
}

fn broker() -> EmbeddedBroker {
    let broker = EmbeddedBroker::start().unwrap();
    broker.create_topic("orders", 1).unwrap();
    broker
}

#[tokio::test]
async fn a_start_is_acknowledged_and_repeated_under_an_id_it_is_the_same() {
    let broker = broker();
    let publisher = publisher(&broker);
    let plain = publisher.start(&order()).await.unwrap();
    assert_eq!(plain.event_id().get_version_num(), 7);
    let first = publisher.start_with_id("request-1", &order()).await.unwrap();
    let second = publisher.start_with_id("request-1", &order()).await.unwrap();
    let other = publisher.start_with_id("request-2", &order()).await.unwrap();
    assert_eq!(first, second);
    assert_eq!(first.correlation_id().get_version_num(), 8);
    assert!(first != other && first != plain);
    let too_long = publisher.start_with_id(&"x".repeat(257), &order()).await;
    assert!(matches!(too_long, Err(StartError::IdempotencyId(257))), "{too_long:?}");
}

#[tokio::test]
async fn what_breaks_its_contract_is_not_published() {
    let broker = broker();
    let empty = OrderPlaced { lines: Vec::new(), ..order() };
    let error = publisher(&broker).start(&empty).await.unwrap_err();
    assert!(matches!(error, StartError::Contract { .. }), "{error}");
    assert!(error.to_string().contains("order.placed.v1"), "{error}");
}

#[tokio::test]
async fn an_innocent_start_beside_a_refused_one_is_taken() {
    let broker = broker();
    let publisher = publisher(&broker);
    // The broker refuses the batch as too large; alone the event fits.
    let refused = rdkafka::types::RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
    broker.cluster().request_errors(rdkafka::types::RDKafkaApiKey::Produce, &[refused]);
    let started = publisher.start_with_id("request-1", &order()).await.unwrap();
    broker.cluster().request_errors(rdkafka::types::RDKafkaApiKey::Produce, &[refused, refused]);
    let error = publisher.start(&order()).await.unwrap_err();
    assert!(matches!(error, StartError::Refused { .. }), "refused alone too: {error}");
    assert_eq!(started, publisher.start_with_id("request-1", &order()).await.unwrap());
}

#[tokio::test]
async fn what_the_broker_refuses_is_told_with_its_topic() {
    let broker = broker();
    let refused = rdkafka::types::RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
    broker.cluster().request_errors(rdkafka::types::RDKafkaApiKey::Produce, &[refused]);
    let error = publisher(&broker).start(&order()).await.unwrap_err();
    assert!(matches!(&error, StartError::Refused { topic, .. } if topic == "orders"), "{error}");
}

/// A broker that is away: nobody listens at its port.
fn nobody(extra: (&str, &str)) -> KafkaStarts {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let settings = Settings::read([("KAFKA_BOOTSTRAP_SERVERS", address.as_str()), extra]).unwrap();
    KafkaStarts::connect("shop", &settings, &Telemetry::quiet()).unwrap()
}

async fn begin(starts: &KafkaStarts) -> Result<Uuid, StartError> {
    let ready = starts.ready::<OrderPlaced>().await?;
    starts.start(Starting::new(&ready, &order(), starts.max_event_bytes())?, None).await
}

#[tokio::test]
async fn a_start_that_nobody_waits_for_any_more_keeps_its_place() {
    use futures_util::future::poll_immediate;

    let starts = nobody(("KAFKA_LINGER_MS", "0"));
    for begun in 1..=3 {
        assert!(poll_immediate(Box::pin(begin(&starts))).await.is_none(), "nobody acknowledges it");
        assert_eq!(starts.room.available_permits(), MAX_IN_FLIGHT - begun);
    }
}

#[tokio::test]
async fn who_waited_too_long_for_a_place_gives_way_and_hears_so() {
    use futures_util::future::poll_immediate;

    let starts = nobody(("KAFKA_LINGER_MS", "0"));
    let ready = starts.ready::<OrderPlaced>().await.unwrap();
    let all = u32::try_from(MAX_IN_FLIGHT).unwrap();
    let taken = Arc::clone(&starts.room).try_acquire_many_owned(all).unwrap();
    let now = clock::instant();
    let long_ago = now.checked_sub(START_TIMEOUT).unwrap();
    let mut late = Box::pin(starts.place(&ready, long_ago));
    let mut early = Box::pin(starts.place(&ready, now));
    assert!(poll_immediate(&mut late).await.is_none());
    assert!(poll_immediate(&mut early).await.is_none());
    drop(taken);
    let error = late.await.unwrap_err();
    assert!(matches!(error, StartError::QueueFull { .. }), "{error}");
    let _place = early.await.unwrap();
    assert_eq!(starts.room.available_permits(), MAX_IN_FLIGHT - 1);
}

/// Ten thousand starts hold their places for 30 s, as the client gives each up after that; one behind them waits so long for
/// its turn, and is told then, before anything of it is with the producer, which holds no message without a place.
#[tokio::test]
async fn a_start_behind_as_many_as_may_wait_is_told_that_the_queue_is_full() {
    use futures_util::future::poll_immediate;

    let starts = nobody(("KAFKA_LINGER_MS", "0"));
    let config = starts.connection.impatient_producer("shop", Batches::Many);
    assert_eq!(config.get("message.timeout.ms"), Some("30000"), "so long each of them keeps its place");
    let all = u32::try_from(MAX_IN_FLIGHT).unwrap();
    let taken = Arc::clone(&starts.room).try_acquire_many_owned(all).unwrap();
    let ready = starts.ready::<OrderPlaced>().await.unwrap();
    let starting = Starting::new(&ready, &order(), starts.max_event_bytes()).unwrap();
    let long_ago = clock::instant().checked_sub(START_TIMEOUT).unwrap();
    let mut late = Box::pin(starts.start_since(starting, None, long_ago));
    assert!(poll_immediate(&mut late).await.is_none(), "all places are taken");
    drop(taken);
    let error = late.await.unwrap_err();
    assert!(matches!(error, StartError::QueueFull { .. }), "{error}");
    assert_eq!(starts.room.available_permits(), MAX_IN_FLIGHT, "its place is the next one's");
}

#[test]
fn all_producers_are_flushed_within_one_deadline() {
    const DEADLINE: Duration = Duration::from_millis(200);
    let mut given = Vec::new();
    let well = within(DEADLINE, [false, true].into_iter(), |well, left| {
        given.push(left);
        // It takes all it is given.
        let done = clock::instant() + left;
        while clock::instant() < done {
            std::hint::spin_loop();
        }
        well
    });
    assert!(!well && given.len() == 2, "{given:?}");
    assert!(given[0] > given[1] && given[1] == Duration::ZERO, "{given:?}");
}

#[tokio::test]
async fn a_queue_that_is_full_is_no_refusal_of_the_brokers() {
    use futures_util::future::poll_immediate;

    let starts = nobody(("KAFKA_QUEUE_BUFFERING_MAX_MESSAGES", "1"));
    assert!(poll_immediate(Box::pin(begin(&starts))).await.is_none(), "nobody acknowledges it");
    let error = begin(&starts).await.unwrap_err();
    assert!(matches!(error, StartError::QueueFull { .. }), "{error}");
    assert!(error.to_string().contains("order.placed.v1"), "{error}");
}

#[tokio::test]
async fn a_refusal_of_one_major_of_two_says_so() {
    use rdkafka::types::RDKafkaRespErr::{
        RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE as TOO_LARGE, RD_KAFKA_RESP_ERR_NO_ERROR as TAKEN,
    };
    let broker = broker();
    let publisher = publisher(&broker);
    let sent = Sent { id: "s-1".to_owned() };
    let requests = rdkafka::types::RDKafkaApiKey::Produce;
    // Together they are too large, and one of them alone; whether they share a batch is up to the client.
    broker.cluster().request_errors(requests, &[TOO_LARGE, TAKEN, TOO_LARGE]);
    let error = publisher.start(&sent).await.unwrap_err();
    assert!(matches!(&error, StartError::RefusedInPart { topic, .. } if topic == "orders"), "{error}");
    assert!(error.to_string().contains("order.sent.v"), "{error}");
    broker.cluster().request_errors(requests, &[TOO_LARGE; 4]);
    let error = publisher.start(&sent).await.unwrap_err();
    assert!(matches!(error, StartError::Refused { .. }), "nothing is on the log: {error}");
}

#[tokio::test]
async fn a_workflow_is_counted_once_the_broker_has_its_fact_and_once_for_all_majors() {
    let broker = broker();
    let settings = Settings::read(broker.environment()).unwrap();
    let telemetry = Telemetry::quiet();
    let publisher = Publisher::connect("shop", &settings, &telemetry).unwrap();
    let started = || {
        let metrics = telemetry.metrics().gather();
        let started = metrics.iter().find(|metric| metric.name() == "workflow_instances_started_total");
        started.map_or(0.0, |started| {
            started.get_metric().iter().map(|one| one.get_counter().get_value()).sum::<f64>()
        })
    };
    let refused = rdkafka::types::RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
    broker.cluster().request_errors(rdkafka::types::RDKafkaApiKey::Produce, &[refused; 2]);
    publisher.start(&order()).await.unwrap_err();
    assert_eq!(started().to_string(), "0", "nothing began");
    publisher.start(&Sent { id: "s-1".to_owned() }).await.unwrap();
    assert_eq!(started().to_string(), "1", "one fact in two majors");
}

#[test]
fn a_workflow_is_told_of_in_one_line_once_the_broker_has_its_fact() {
    let broker = broker();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut begun = None;
    let text = logged(LogFormat::Json, || {
        runtime.block_on(async {
            let publisher = publisher(&broker);
            let refused = rdkafka::types::RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
            broker.cluster().request_errors(rdkafka::types::RDKafkaApiKey::Produce, &[refused; 2]);
            publisher.start(&order()).await.unwrap_err();
            begun = Some(publisher.start(&Sent { id: "s-1".to_owned() }).await.unwrap());
        });
    });
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let told: Vec<_> = lines.filter(|line| line["target"] == "choreograph::workflow").collect();
    let [line] = &told[..] else { panic!("one line for one fact in two majors: {text}") };
    let id = begun.unwrap().event_id().to_string();
    assert_eq!((&line["message"], &line["level"]), (&"workflow.started".into(), &"DEBUG".into()));
    assert_eq!((line["workflow_id"].as_str(), line["event_id"].as_str()), (Some(&*id), Some(&*id)));
    assert_eq!(line["workflow_step"], "shop", "who told of it: {line}");
    let fields = &line["fields"];
    assert_eq!((&fields["workflow"], &fields["topic"]), (&"sent".into(), &"orders".into()));
    assert_eq!(fields["event_type"], "order.sent.v2");
}

#[tokio::test]
async fn who_gives_up_waiting_leaves_no_fact_in_half_of_its_majors() {
    use futures_util::future::poll_immediate;
    use rdkafka::consumer::{BaseConsumer, Consumer};

    let broker = broker();
    let publisher = publisher(&broker);
    let sent = Sent { id: "s-1".to_owned() };
    assert!(poll_immediate(publisher.start(&sent)).await.is_none(), "no broker answers at once");
    assert!(publisher.flush(crate::publisher::START_TIMEOUT));
    let mut config = rdkafka::ClientConfig::new();
    let reader: BaseConsumer = config.set("bootstrap.servers", broker.bootstrap_servers()).create().unwrap();
    let ends = reader.fetch_watermarks("orders", 0, crate::publisher::START_TIMEOUT).unwrap();
    assert_eq!(ends, (0, 2));
}
