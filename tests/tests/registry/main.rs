//! The ids of contracts on the wire, from a registry behind encryption and a login; and values that name theirs.

mod confluent;
mod known;
mod stage;

use choreograph::telemetry::Telemetry;
use choreograph::{Event, In, Publisher, Service, State, StepError, step};
use choreograph_tests::kafka::{self, Certificates};
use choreograph_tests::tls::Encrypted;
use choreograph_tests::topics::{self, Message};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::known::{PASSWORD, Registry, USER, guid};
use crate::stage::Stage;

#[derive(Debug, Event, Deserialize, JsonSchema)]
#[event(view, type = "order.placed", major = 1, topic = "orders")]
struct OrderPlaced {
    order_id: String,
}

#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "payment.confirmed", version = "1.0", topic = "payments", key = "order_id")]
struct PaymentConfirmed {
    order_id: String,
}

async fn charge(order: In<OrderPlaced>) -> PaymentConfirmed {
    PaymentConfirmed { order_id: order.into_inner().order_id }
}

/// The values of the header that names the contract.
fn ids(message: &Message) -> Vec<Vec<u8>> {
    let named = message.headers.iter().filter(|(name, _)| name == "__value_schema_id");
    named.filter_map(|(_, value)| value.clone()).collect()
}

fn encrypted(registry: &Registry) -> (Certificates, Encrypted) {
    let certificates = Certificates::of("127.0.0.1", "payment").expect("certificates");
    let front = Encrypted::before(registry.address, &certificates, false).expect("a listener");
    (certificates, front)
}

#[test]
fn events_name_their_contract_in_the_registry_and_framed_values_are_read() {
    let registry = Registry::start();
    let (certificates, front) = encrypted(&registry);
    let mut secret = tempfile::NamedTempFile::new().expect("a file");
    std::io::Write::write_all(&mut secret, format!("{PASSWORD}\n").as_bytes()).expect("written");
    let authority = certificates.authority();
    let (url, authority, secret) =
        (front.url(), authority.to_str().expect("text"), secret.path().to_str().expect("text"));
    let stage = Stage::start(&[
        ("CHOREOGRAPH_REGISTRY_URL", &url),
        ("CHOREOGRAPH_REGISTRY_SUBJECTS", "topic-record-name"),
        ("CHOREOGRAPH_REGISTRY_CA_FILE", authority),
        ("CHOREOGRAPH_REGISTRY_USER", USER),
        ("CHOREOGRAPH_REGISTRY_PASSWORD_FILE", secret),
    ]);
    stage.order("plain", b"");
    stage.order("framed", &[0, 0, 0, 0, 9]);
    stage.payments(2);
    assert_eq!(registry.asked().len(), 1, "once for the contract, not for each event");
    let (subject, question) = &registry.asked()[0];
    assert_eq!((subject.as_str(), &question["schemaType"]), ("payments-PaymentConfirmed", &json!("JSON")));

    // What it does not need while it runs may go away.
    drop((front, registry));
    stage.order("later", b"");
    let paid = stage.payments(3);
    let expected = [&[1][..], uuid(&guid(0)).as_slice()].concat();
    for (message, order) in paid.iter().zip(["plain", "framed", "later"]) {
        assert_eq!(ids(message), std::slice::from_ref(&expected), "{order}");
        assert_eq!(message.key_text(), Some(order));
        let value = message.value.as_deref().expect("a value");
        assert_eq!(value, json!({ "order_id": order }).to_string().as_bytes(), "no prefix is written");
    }
    let dead = topics::read_all(kafka::shared(), &format!("{}.payment.charge.dlq", stage.namespace))
        .expect("a topic");
    assert!(dead.is_empty(), "{dead:?}");
}

#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "cart.opened", version = "1.0", topic = "carts", key = "cart", starts = "cart")]
struct CartV1 {
    cart: String,
}

#[derive(Debug, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "cart.opened", version = "2.0", topic = "carts", key = "cart", starts = "cart", also = CartV1)]
struct CartOpened {
    cart: String,
    lines: u32,
}

impl From<&CartOpened> for CartV1 {
    fn from(opened: &CartOpened) -> Self {
        Self { cart: opened.cart.clone() }
    }
}

async fn open(order: In<OrderPlaced>, State(publisher): State<Publisher>) -> Result<(), StepError> {
    let id = order.metadata().id().to_owned();
    publisher.start_with_id(&id, &CartOpened { cart: order.into_inner().order_id, lines: 2 }).await?;
    Ok(())
}

#[test]
fn a_workflow_started_in_a_handler_has_both_majors_with_their_ids() {
    let registry = Registry::start();
    let url = format!("http://{}", registry.address);
    let login = [("CHOREOGRAPH_REGISTRY_USER", USER), ("CHOREOGRAPH_REGISTRY_PASSWORD", PASSWORD)];
    let stage =
        Stage::of(&[&[("CHOREOGRAPH_REGISTRY_URL", url.as_str())][..], &login].concat(), |settings| {
            let publisher = Publisher::connect("site", settings, &Telemetry::quiet()).expect("a publisher");
            Service::new("site", publisher).step(step("open", open).starts::<CartOpened>())
        });
    stage.order("a", b"");
    let carts = stage.records("carts", 2);
    let header = |message: &Message, name: &str| message.header(name).map(str::to_owned);
    let types: Vec<_> = carts.iter().map(|cart| header(cart, "ce_type")).collect();
    assert_eq!(
        types,
        ["cart.opened.v1", "cart.opened.v2"].map(|name| Some(name.to_owned())),
        "the older one first"
    );
    let instance = header(&carts[1], "ce_id");
    for cart in &carts {
        assert_eq!(ids(cart).len(), 1, "{cart:?}");
        assert_eq!((cart.key_text(), header(cart, "ce_correlationid")), (Some("a"), instance.clone()));
        assert!(header(cart, "wf").is_some_and(|wf| wf.contains("majors=1,2") && wf.contains("name=cart")));
        assert_eq!(header(cart, "ce_causationid"), None, "a workflow of its own");
        assert_eq!(header(cart, "traceparent"), None, "whether it is traced is its first step's to say");
    }
    assert_ne!(header(&carts[0], "ce_id"), instance);
    assert_eq!(carts[0].value.as_deref(), Some(&br#"{"cart":"a"}"#[..]));
    assert_eq!(carts[1].value.as_deref(), Some(&br#"{"cart":"a","lines":2}"#[..]));
}

/// The bytes of a GUID.
fn uuid(text: &str) -> Vec<u8> {
    let digits: Vec<char> = text.chars().filter(|it| *it != '-').collect();
    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16).expect("digits");
    digits.chunks(2).map(byte).collect()
}

#[test]
fn a_registry_that_is_away_or_refuses_stops_nothing() {
    let registry = Registry::start();
    let (_certificates, front) = encrypted(&registry);
    let (plain, distrusted) = (format!("http://{}", registry.address), front.url());
    for settings in [
        &[("CHOREOGRAPH_REGISTRY_URL", "http://127.0.0.1:1")][..],
        &[("CHOREOGRAPH_REGISTRY_URL", &plain), ("CHOREOGRAPH_REGISTRY_TOKEN", "mistyped")],
        &[("CHOREOGRAPH_REGISTRY_URL", &distrusted)],
    ] {
        let stage = Stage::start(settings);
        stage.order("a", b"");
        assert_eq!(ids(&stage.payments(1)[0]), Vec::<Vec<u8>>::new(), "{settings:?}");
    }
    assert_eq!(registry.asked(), []);
}

/// A folder with what payment emits.
fn contracts() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let schemas = folder.path().to_str().expect("text");
    let arguments = ["payment", "contracts", "write", "--dir", schemas].map(Into::into);
    let written = Service::new("payment", ()).step(step("charge", charge)).main_from(arguments);
    assert_eq!(format!("{written:?}"), format!("{:?}", std::process::ExitCode::SUCCESS));
    folder
}

/// Registers the contracts of a folder, as a team's CI does.
fn push(contracts: &TempDir, url: &str) {
    let (mut out, mut errors) = (Vec::new(), Vec::new());
    let mut console = choreograph_cli::Console::new(&mut out, &mut errors);
    let schemas = contracts.path().to_str().expect("text");
    let push = ["choreograph", "registry", "push", "--url", url, "--schemas", schemas];
    let pushed = choreograph_cli::run(push, &mut console);
    assert_eq!(pushed.code(), 0, "{}", String::from_utf8_lossy(&errors));
}

/// Against a registry that another project wrote: what the command pushed is what events name.
#[test]
#[ignore = "needs a registry: `tests/third-party/run registry-runtime` starts one"]
fn a_registry_of_another_project_resolves_the_id_on_the_wire() {
    let url = std::env::var("REGISTRY_URL").expect("tests/third-party/with-registry sets it");
    let contracts = contracts();
    let without = Stage::start(&[("CHOREOGRAPH_REGISTRY_URL", &url)]);
    without.order("early", b"");
    assert_eq!(ids(&without.payments(1)[0]), Vec::<Vec<u8>>::new(), "nobody has pushed it yet");

    push(&contracts, &url);
    let stage = Stage::start(&[("CHOREOGRAPH_REGISTRY_URL", &url)]);
    stage.order("a", b"");
    let id = ids(&stage.payments(1)[0]).pop().expect("the header");
    let path = match id.as_slice() {
        [0, number @ ..] => {
            format!("ids/{}", u32::from_be_bytes(number.try_into().expect("four bytes")))
        }
        [1, guid @ ..] => {
            let number = u128::from_be_bytes(guid.try_into().expect("sixteen bytes"));
            format!("guids/{number:032x}")
        }
        other => panic!("{other:?} is neither form"),
    };
    eprintln!("the registry has the contract under {path}");
    let answer = ureq::get(format!("{url}/schemas/{path}")).call().expect("an answer");
    let answer: Value = serde_json::from_reader(answer.into_body().into_reader()).expect("JSON");
    let schema: Value = serde_json::from_str(answer["schema"].as_str().expect("a schema")).expect("JSON");
    let file =
        std::fs::read_to_string(contracts.path().join("payment.confirmed/1.0.json")).expect("the contract");
    assert_eq!(schema, serde_json::from_str::<Value>(&file).expect("JSON"));
}
