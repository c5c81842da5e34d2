//! The output that `docs/topology.md` shows is the command's own, of the shop.

use serde_json::Value;

use crate::guide::{committed_text, shop_manifest, shop_services, with_output};
use crate::support::{choreograph, committed, folder, write};

const GUIDE: &str = "../../docs/topology.md";

/// Takes a field out of a schema.
fn without(schema: &mut Value, field: &str) {
    schema["properties"].as_object_mut().expect("an object").remove(field).expect("declared");
    schema["required"].as_array_mut().expect("a list").retain(|name| name != field);
}

/// The event of a type in a list of what a step reads or emits.
fn event<'a>(list: &'a mut Value, name: &str) -> &'a mut Value {
    list.as_array_mut().expect("a list").iter_mut().find(|event| event["type"] == name).expect("declared")
}

#[test]
fn the_guide_shows_what_the_command_says() {
    let folder = folder(&[]);
    let put = |path: &str, manifest: &Value| write(folder.path(), path, format!("{manifest:#}"));
    let production: Vec<String> =
        shop_services().into_iter().map(|service| format!("production/{service}.json")).collect();
    for (path, service) in production.iter().zip(shop_services()) {
        put(path, &shop_manifest(&service));
    }
    let mut payment = shop_manifest("payment");
    let confirmed = event(&mut payment["steps"][0]["emits"], "payment.confirmed");
    confirmed["version"] = "1.1".into();
    without(&mut confirmed["schema"], "country");
    put("payment.json", &payment);
    let check = || {
        let args = ["topology", "check", "payment.json", "--against"].into_iter();
        choreograph(folder.path(), args.chain(production.iter().map(String::as_str)))
    };
    let broken = check();
    assert_eq!(broken.code, 1, "{broken:?}");
    let mut orders = shop_manifest("orders");
    let steps = orders["steps"].as_array_mut().expect("a list");
    let settle = steps.iter_mut().find(|step| step["name"] == "settle").expect("a step");
    without(&mut event(&mut settle["consumes"], "payment.confirmed")["schema"], "country");
    put("production/orders.json", &orders);
    let mended = check();
    assert_eq!(mended.code, 0, "{mended:?}");

    let first = "topology check payment.json --against production/*.json -->";
    let second = "--against production/*.json, once orders reads no country -->";
    let guide = with_output(&committed_text(GUIDE), first, &broken.out);
    committed(GUIDE, &with_output(&guide, second, &mended.out));
}
