//! Random schemas, and small changes of them.

use serde_json::{Map, Value, json};

use crate::compat::sample::Dice;
use crate::schema::for_each_mut;

const NAMES: [&str; 5] = ["a", "b", "kind", "S_1", "x-y"];
const PATTERNS: [&str; 7] = ["^a", "^[a-z]*$", "^[0-9]+$", "^S_", "b$", "^.{2}$", "^(a|b)$"];
const FORMATS: [&str; 9] =
    ["date", "date-time", "uuid", "email", "uri", "uri-reference", "ipv4", "int32", "uint8"];

/// A schema of at most `depth` levels, with any keyword there is.
pub(super) fn schema(dice: &mut Dice, depth: usize) -> Value {
    if dice.one_in(14) {
        return json!(!dice.one_in(3));
    }
    let mut object = Map::new();
    let mut add = |key: &str, value: Value| {
        object.insert(key.to_owned(), value);
    };
    let shape = dice.below(12);
    match shape {
        0 => add("type", json!("null")),
        1 => add("type", json!("boolean")),
        2 | 3 => numbers(dice, &mut add),
        4 | 5 => texts(dice, &mut add),
        6 => add("enum", json!([value(dice), value(dice), value(dice)])),
        7 => add("const", value(dice)),
        _ => {}
    }
    if depth > 0 {
        match shape {
            8 | 9 => lists(dice, depth - 1, &mut add),
            10 | 11 => members(dice, depth - 1, &mut add),
            _ => {}
        }
        if dice.one_in(4) {
            combinators(dice, depth - 1, &mut add);
        }
    }
    if dice.one_in(10) {
        add("type", json!(["string", "null", "integer"][..=dice.below(3)]));
    }
    if dice.one_in(12) {
        match dice.below(5) {
            0 => add("$dynamicRef", json!("#dynamic")),
            other => add("$ref", json!(["#/$defs/D", "#/$defs/E", "#", "#anchor"][other - 1])),
        }
    }
    Value::Object(object)
}

/// A whole document: a schema with definitions for its `$ref`s.
pub(super) fn document(dice: &mut Dice) -> Value {
    let mut root = schema(dice, 3);
    if let Value::Object(object) = &mut root {
        // A root that is nothing but itself says nothing.
        if object.get("$ref").is_some_and(|reference| reference == "#") {
            object.remove("$ref");
        }
        let (mut first, second) = (schema(dice, 2), schema(dice, 1));
        if let Value::Object(first) = &mut first {
            first.insert("$anchor".to_owned(), json!("anchor"));
            first.insert("$dynamicAnchor".to_owned(), json!("dynamic"));
        }
        object.insert("$defs".to_owned(), json!({ "D": first, "E": second }));
        root = without_loops(root);
    }
    root
}

/// The same without references by name.
pub(super) fn without_names(mut schema: Value) -> Value {
    for_each_mut(&mut schema, &mut |object| {
        object.retain(|key, value| {
            !["$anchor", "$dynamicAnchor", "$dynamicRef"].contains(&key.as_str()) && value != "#anchor"
        });
    });
    schema
}

/// Takes away references that apply to the value they come from: such schemas mean nothing.
fn without_loops(mut root: Value) -> Value {
    for name in ["D", "E"] {
        if let Some(definition) = root.pointer_mut(&format!("/$defs/{name}")) {
            in_place(definition);
        }
    }
    let definitions = root.as_object_mut().and_then(|object| object.remove("$defs"));
    in_place_of_root(&mut root);
    if let (Some(definitions), Value::Object(object)) = (definitions, &mut root) {
        object.insert("$defs".to_owned(), definitions);
    }
    root
}

const PARTS: [&str; 8] = ["allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas"];

fn in_place(schema: &mut Value) {
    strip(schema, &|_| true);
}

fn in_place_of_root(schema: &mut Value) {
    strip(schema, &|reference| reference == "#");
}

fn strip(schema: &mut Value, remove: &dyn Fn(&str) -> bool) {
    match schema {
        Value::Object(object) => {
            for key in ["$ref", "$dynamicRef"] {
                if object.get(key).and_then(Value::as_str).is_some_and(remove) {
                    object.remove(key);
                }
            }
            for part in PARTS {
                if let Some(part) = object.get_mut(part) {
                    strip(part, remove);
                    if let Value::Object(named) = part {
                        named.values_mut().for_each(|inner| strip(inner, remove));
                    }
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|inner| strip(inner, remove)),
        _ => {}
    }
}

pub(super) fn value(dice: &mut Dice) -> Value {
    let values = [
        json!(null),
        json!(true),
        json!(0),
        json!(1),
        json!(2.5),
        json!("a"),
        json!("b"),
        json!("2024-02-29"),
        json!([]),
        json!({ "kind": "a" }),
        json!(10),
        json!("abc"),
    ];
    values[dice.below(values.len())].clone()
}

fn numbers(dice: &mut Dice, add: &mut impl FnMut(&str, Value)) {
    add("type", json!(["integer", "number"][dice.below(2)]));
    for key in ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"] {
        if dice.one_in(4) {
            add(key, [json!(0), json!(1), json!(10), json!(2.5), json!(-3)][dice.below(5)].clone());
        }
    }
    if dice.one_in(4) {
        add("multipleOf", [json!(1), json!(2), json!(0.5), json!(3), json!(0.1)][dice.below(5)].clone());
    }
    if dice.one_in(5) {
        add("format", json!(["int32", "uint8", "uint32", "int64"][dice.below(4)]));
    }
}

fn texts(dice: &mut Dice, add: &mut impl FnMut(&str, Value)) {
    add("type", json!("string"));
    if dice.one_in(3) {
        add("minLength", json!(dice.below(4)));
    }
    if dice.one_in(3) {
        add("maxLength", json!(1 + dice.below(5)));
    }
    if dice.one_in(3) {
        add("pattern", json!(PATTERNS[dice.below(PATTERNS.len())]));
    }
    if dice.one_in(3) {
        add("format", json!(FORMATS[dice.below(FORMATS.len())]));
    }
}

fn lists(dice: &mut Dice, depth: usize, add: &mut impl FnMut(&str, Value)) {
    add("type", json!("array"));
    if dice.one_in(2) {
        add("items", schema(dice, depth));
    }
    if dice.one_in(3) {
        add("prefixItems", json!([schema(dice, depth), schema(dice, depth)][..=dice.below(2)]));
    }
    if dice.one_in(3) {
        add("minItems", json!(dice.below(3)));
    }
    if dice.one_in(3) {
        add("maxItems", json!(dice.below(4)));
    }
    if dice.one_in(4) {
        add("uniqueItems", json!(dice.one_in(2)));
    }
    if dice.one_in(4) {
        add("contains", schema(dice, depth));
        if dice.one_in(2) {
            add("minContains", json!(dice.below(3)));
        }
        if dice.one_in(3) {
            add("maxContains", json!(dice.below(3)));
        }
    }
    if dice.one_in(8) {
        let rest = if dice.one_in(2) { json!(false) } else { schema(dice, depth) };
        add("unevaluatedItems", rest);
    }
}

fn members(dice: &mut Dice, depth: usize, add: &mut impl FnMut(&str, Value)) {
    if !dice.one_in(6) {
        add("type", json!("object"));
    }
    let mut properties = Map::new();
    for name in NAMES {
        if dice.one_in(2) {
            properties.insert(name.to_owned(), schema(dice, depth));
        }
    }
    add("properties", Value::Object(properties));
    let mut names = || NAMES[dice.below(NAMES.len())];
    let (first, second, third) = (names(), names(), names());
    if dice.one_in(2) {
        add("required", json!([first]));
    }
    if dice.one_in(3) {
        let rest = if dice.one_in(2) { json!(false) } else { schema(dice, depth) };
        add("additionalProperties", rest);
    }
    if dice.one_in(5) {
        add("patternProperties", json!({ PATTERNS[dice.below(PATTERNS.len())]: schema(dice, depth) }));
    }
    if dice.one_in(6) {
        add("propertyNames", json!({ "maxLength": 1 + dice.below(4) }));
    }
    if dice.one_in(8) {
        add("propertyNames", json!({ "enum": [first, "q", third] }));
    }
    if dice.one_in(5) {
        add("minProperties", json!(dice.below(3)));
    }
    if dice.one_in(5) {
        add("maxProperties", json!(dice.below(4)));
    }
    if dice.one_in(6) {
        add("dependentRequired", json!({ second: [third] }));
    }
    if dice.one_in(8) {
        add("dependentSchemas", json!({ second: schema(dice, depth) }));
    }
    if dice.one_in(8) {
        let rest = if dice.one_in(2) { json!(false) } else { schema(dice, depth) };
        add("unevaluatedProperties", rest);
    }
}

fn combinators(dice: &mut Dice, depth: usize, add: &mut impl FnMut(&str, Value)) {
    match dice.below(6) {
        0 => add("allOf", json!([schema(dice, depth), schema(dice, depth)])),
        1 => add("anyOf", json!([schema(dice, depth), schema(dice, depth), schema(dice, depth)])),
        2 => add("oneOf", json!([schema(dice, depth), schema(dice, depth)])),
        3 => add("not", schema(dice, depth)),
        4 => {
            add("if", schema(dice, depth));
            for key in ["then", "else"] {
                if !dice.one_in(4) {
                    add(key, schema(dice, depth));
                }
            }
        }
        _ => {
            let tagged = |tag: &str, inner: Value| json!({ "type": "object", "properties": { "kind": { "const": tag }, "a": inner }, "required": ["kind"] });
            add("oneOf", json!([tagged("a", schema(dice, depth)), tagged("b", schema(dice, depth))]));
        }
    }
}

/// What a branch needs of a member or an element: as a rule, more than the first value at hand.
fn held(dice: &mut Dice) -> Value {
    match dice.below(5) {
        0 => json!({ "type": "string" }),
        1 => json!({ "const": 1 }),
        2 => {
            json!({ "type": "object", "properties": { "p": { "type": "string" }, "q": true }, "required": ["p", "q"] })
        }
        _ => {
            json!({ "type": "object", "properties": { "p": { "type": "string" } }, "required": ["p"] })
        }
    }
}

/// A branch that needs a member, in one of many spellings.
fn branch(dice: &mut Dice, depth: usize) -> Value {
    let name = NAMES[dice.below(NAMES.len())];
    let plain = json!({ "properties": { name: held(dice) }, "required": [name] });
    let shape = dice.below(if depth == 0 { 5 } else { 10 });
    let mut inner = || branch(dice, depth.saturating_sub(1));
    match shape {
        0 => json!({ "$ref": "#/$defs/B" }),
        1 => {
            json!({ "patternProperties": { PATTERNS[dice.below(PATTERNS.len())]: held(dice) }, "required": [name] })
        }
        5 => json!({ "anyOf": [inner(), inner()] }),
        6 => json!({ "oneOf": [inner(), inner()] }),
        7 => json!({ "if": inner(), "then": inner(), "else": dice.one_in(2) }),
        8 => json!({ "allOf": [plain], "not": inner() }),
        9 => {
            json!({ "properties": { name: held(dice) }, "dependentSchemas": { name: branch(dice, depth - 1) } })
        }
        _ => plain,
    }
}

/// A branch that needs an element.
fn list_branch(dice: &mut Dice) -> Value {
    match dice.below(4) {
        0 => json!({ "contains": held(dice), "maxContains": 1 + dice.below(2) }),
        1 => json!({ "contains": held(dice) }),
        2 => json!({ "prefixItems": [true, held(dice)], "minItems": 2 }),
        _ => json!({ "prefixItems": [held(dice), true, held(dice)], "minItems": dice.below(4) }),
    }
}

/// A schema closed around branches that may hold together, with few members or elements at least or at most.
pub(super) fn branches(dice: &mut Dice) -> Value {
    let is_list = dice.one_in(4);
    let mut one = || if is_list { list_branch(dice) } else { branch(dice, 2) };
    let several = [one(), one(), one()];
    let mut root = Map::new();
    let mut add = |key: &str, value: Value| {
        root.insert(key.to_owned(), value);
    };
    add("type", json!(if is_list { "array" } else { "object" }));
    add("anyOf", json!(several[..2 + dice.below(2)]));
    let [first, rest] =
        if is_list { ["prefixItems", "unevaluatedItems"] } else { ["properties", "unevaluatedProperties"] };
    let declared = if is_list { json!([held(dice)]) } else { json!({ "id": held(dice) }) };
    if dice.one_in(2) {
        add(first, declared);
    }
    if !is_list && dice.one_in(5) {
        add("dependentSchemas", json!({ NAMES[dice.below(NAMES.len())]: branch(dice, 1) }));
    }
    if !dice.one_in(6) {
        add(rest, json!(false));
    }
    let [least, most] = if is_list { ["minItems", "maxItems"] } else { ["minProperties", "maxProperties"] };
    if dice.one_in(2) {
        add(least, json!(1 + dice.below(3)));
    }
    if dice.one_in(3) {
        add(most, json!(1 + dice.below(3)));
    }
    let name = NAMES[dice.below(NAMES.len())];
    add("$defs", json!({ "B": { "properties": { name: held(dice) }, "required": [name] } }));
    Value::Object(root)
}

/// One branch of a union of objects, closed as a contract's file has it, or open, as somebody writes it by hand.
fn variant(dice: &mut Dice, depth: usize) -> Value {
    let mut properties = Map::new();
    for name in &NAMES[..3] {
        if dice.one_in(2) {
            let inner = if depth > 0 && dice.one_in(3) { union_of(dice, depth - 1) } else { held(dice) };
            properties.insert((*name).to_owned(), inner);
        }
    }
    let names: Vec<String> = properties.keys().cloned().collect();
    let required: Vec<&String> = names.iter().filter(|_| dice.one_in(3)).collect();
    let mut variant = json!({ "type": "object", "properties": properties, "required": required });
    if dice.one_in(3) {
        variant["properties"]["kind"] = json!({ "const": dice.below(3) });
        variant["required"] = json!(["kind"]);
    }
    if dice.one_in(2) {
        variant["additionalProperties"] = json!(false);
    }
    match dice.below(8) {
        0 => json!({ "$ref": "#/$defs/V" }),
        1 => json!({ "type": "array", "items": variant }),
        2 => json!({ "type": ["string", "null"] }),
        3 => json!({ "allOf": [variant, { "properties": { "x-y": held(dice) } }] }),
        _ => variant,
    }
}

fn union_of(dice: &mut Dice, depth: usize) -> Value {
    let branches: Vec<Value> = (0..2 + dice.below(2)).map(|_| variant(dice, depth)).collect();
    let mut union = json!({ "oneOf": branches });
    if dice.one_in(5) {
        union["properties"] = json!({ "S_1": held(dice) });
    }
    if dice.one_in(6) {
        union["anyOf"] = json!([variant(dice, 0), variant(dice, 0)]);
    }
    union
}

/// A `oneOf` of objects that may overlap where they are open, with others inside of it.
pub(super) fn union(dice: &mut Dice) -> Value {
    let mut root = union_of(dice, 1);
    let definition = without_reference(variant(dice, 0));
    root["$defs"] = json!({ "V": definition });
    root
}

/// A definition that is nothing but itself says nothing.
fn without_reference(schema: Value) -> Value {
    if schema.get("$ref").is_some() { json!({ "properties": { "a": { "type": "string" } } }) } else { schema }
}

/// The same with another bound, fewer branches, or another of the changes that there are.
pub(super) fn branches_changed(dice: &mut Dice, document: &Value) -> Value {
    let mut new = document.clone();
    let Value::Object(root) = &mut new else { return new };
    let is_list = root["type"] == "array";
    let [least, most] = if is_list { ["minItems", "maxItems"] } else { ["minProperties", "maxProperties"] };
    match dice.below(6) {
        0 | 1 => _ = root.insert(most.to_owned(), json!(1 + dice.below(3))),
        2 => _ = root.insert(least.to_owned(), json!(1 + dice.below(3))),
        3 => {
            if let Some(Value::Array(branches)) = root.get_mut("anyOf") {
                branches.pop();
            }
        }
        4 => {
            let text =
                new.to_string().replacen(r#""type":"string""#, r#""type":"integer""#, 1 + dice.below(3));
            new = serde_json::from_str(&text).unwrap();
        }
        _ => new = changed(dice, document),
    }
    new
}

/// The document with one or two things changed somewhere in it.
pub(super) fn changed(dice: &mut Dice, document: &Value) -> Value {
    let mut new = document.clone();
    for _ in 0..=1 + dice.below(3) {
        let depth = dice.below(4);
        change(dice, &mut new, depth);
    }
    without_loops(new)
}

fn change(dice: &mut Dice, value: &mut Value, depth: usize) {
    let Value::Object(object) = value else { return };
    let inner: Vec<String> = object
        .iter()
        .filter(|(key, value)| *key != "$defs" && (value.is_object() || value.is_array()))
        .map(|(key, _)| key.clone())
        .collect();
    if depth > 0
        && let Some(key) = dice.pick(&inner).cloned()
        && !["required", "enum", "const", "type", "dependentRequired"].contains(&key.as_str())
        && let Some(next) = object.get_mut(&key)
    {
        let by_name =
            ["properties", "patternProperties", "dependentSchemas", "$defs"].contains(&key.as_str());
        match next {
            Value::Array(list) => {
                let index = dice.below(list.len());
                if let Some(next) = list.get_mut(index) {
                    change(dice, next, depth - 1);
                }
            }
            Value::Object(named) if by_name => {
                let keys: Vec<String> = named.keys().cloned().collect();
                if let Some(name) = dice.pick(&keys)
                    && let Some(next) = named.get_mut(name)
                {
                    change(dice, next, depth - 1);
                }
            }
            next => change(dice, next, depth - 1),
        }
        return;
    }
    edit(dice, object);
}

fn edit(dice: &mut Dice, object: &mut Map<String, Value>) {
    let keys: Vec<String> = object.keys().filter(|key| *key != "$defs").cloned().collect();
    match dice.below(5) {
        0 => {
            if let Some(key) = dice.pick(&keys) {
                object.remove(key);
            }
        }
        1 => {
            if let Value::Object(other) = schema(dice, 1) {
                object.extend(other);
            }
        }
        2 => {
            for (_, value) in object.iter_mut() {
                if let Some(number) = value.as_i64() {
                    *value = json!((number + [1, -1, 5][dice.below(3)]).max(0));
                    return;
                }
            }
        }
        3 => {
            if let Some(Value::Array(required)) = object.get_mut("required") {
                required.push(json!("b"));
                required.dedup();
            } else {
                object.insert("required".to_owned(), json!(["a"]));
            }
        }
        _ => {
            if let Some(Value::Array(values)) = object.get_mut("enum") {
                values.push(json!("new"));
            } else if let Some(Value::Array(branches)) = object.get_mut("oneOf") {
                branches.push(schema(dice, 1));
            } else {
                object.insert("anyOf".to_owned(), json!([schema(dice, 1), schema(dice, 1)]));
            }
        }
    }
}
