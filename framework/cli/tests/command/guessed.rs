//! Random events around two schemas, made without the program that compares them: who is to be judged does not pick the evidence.

use serde_json::{Map, Number, Value, json};

/// How deep events are made.
const MAX_DEPTH: usize = 5;
/// Texts, numbers and more that schemas like to tell apart.
const ANYTHING: &str = r#"[null, true, false, 0, 1, -1, 1.5, 7, 100, 1e9, "", "a", "ab", "abcdef", "abcdefghijkl", "S_1", "I_1",
    "2024-01-31", "2024-01-31T10:00:00Z", "a@b.example", "https://a.example/b", "12345", "bm90ZQ==", "{}", "not json",
    [], [1], ["a"], [1, "a", null], [1, 1], {}, {"a": 1}, {"a": "b", "c": null}]"#;

/// Makes events of a writer's schema, with what the reader's says in them too.
pub(crate) struct Guess {
    state: u64,
    anything: Vec<Value>,
    /// The names of members in both schemas, and one more.
    names: Vec<String>,
}

impl Guess {
    pub(crate) fn new(seed: u64, schemas: [&Value; 2]) -> Self {
        let anything = serde_json::from_str(ANYTHING).expect("JSON");
        let mut names = vec!["more".to_owned()];
        for schema in schemas {
            names_in(schema, &mut names);
        }
        Self { state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1, anything, names }
    }

    fn below(&mut self, end: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 11) as usize % end.max(1)
    }

    fn one_in(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }

    fn pick(&mut self, of: &[Value]) -> Value {
        let at = self.below(of.len());
        of.get(at).cloned().unwrap_or_default()
    }

    fn any(&mut self) -> Value {
        let at = self.below(self.anything.len());
        self.anything[at].clone()
    }

    /// An event that `schema`, a part of `root`, may take: it need not, and often just does not.
    pub(crate) fn event(&mut self, schema: &Value, root: &Value, depth: usize) -> Value {
        let Some(said) = schema.as_object().filter(|_| depth < MAX_DEPTH && !self.one_in(12)) else {
            return self.any();
        };
        let inside = |pointer: &Value| root.pointer(pointer.as_str()?.strip_prefix('#')?);
        if let Some(target) = said.get("$ref").and_then(inside) {
            return self.event(target, root, depth + 1);
        }
        if let Some(value) = said.get("const") {
            return value.clone();
        }
        if let Some(Value::Array(values)) = said.get("enum") {
            return self.pick(values);
        }
        let mut event = self.of_kind(said, root, depth);
        let lists = ["allOf", "anyOf", "oneOf"].iter().filter_map(|key| said.get(*key)?.as_array()).flatten();
        let parts = ["if", "then", "else", "not", "contains"].iter().filter_map(|key| said.get(*key));
        for part in lists.chain(parts) {
            if self.one_in(2) {
                let other = self.event(part, root, depth + 1);
                event = joined(event, other);
            }
        }
        event
    }

    fn of_kind(&mut self, said: &Map<String, Value>, root: &Value, depth: usize) -> Value {
        let has = |keys: &[&str]| keys.iter().any(|key| said.contains_key(*key));
        let kind = match said.get("type") {
            Some(Value::String(kind)) => kind.clone(),
            Some(Value::Array(kinds)) => self.pick(kinds).as_str().unwrap_or_default().to_owned(),
            _ if has(&[
                "properties",
                "required",
                "additionalProperties",
                "patternProperties",
                "propertyNames",
                "dependencies",
                "minProperties",
                "maxProperties",
            ]) =>
            {
                "object".to_owned()
            }
            _ if has(&["items", "contains", "minItems", "maxItems", "uniqueItems"]) => "array".to_owned(),
            _ if has(&["minLength", "maxLength", "pattern", "format"]) => "string".to_owned(),
            _ if has(&["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]) => {
                "number".to_owned()
            }
            _ => return self.any(),
        };
        match kind.as_str() {
            "object" => self.object(said, root, depth),
            "array" => self.array(said, root, depth),
            "string" => self.text(said),
            "integer" | "number" => self.number(said),
            "boolean" => json!(self.one_in(2)),
            _ => Value::Null,
        }
    }

    fn object(&mut self, said: &Map<String, Value>, root: &Value, depth: usize) -> Value {
        let mut event = Map::new();
        let required = said.get("required").and_then(Value::as_array).into_iter().flatten();
        for name in required.filter_map(Value::as_str) {
            if !self.one_in(16) {
                event.insert(name.to_owned(), self.any());
            }
        }
        for (name, schema) in said.get("properties").and_then(Value::as_object).into_iter().flatten() {
            if event.contains_key(name) || self.one_in(2) {
                event.insert(name.clone(), self.event(schema, root, depth + 1));
            }
        }
        for (pattern, schema) in
            said.get("patternProperties").and_then(Value::as_object).into_iter().flatten()
        {
            if self.one_in(2) {
                let name = format!("{}1", pattern.trim_matches(['^', '$']));
                event.insert(name, self.event(schema, root, depth + 1));
            }
        }
        let bounds = ["minProperties", "maxProperties"].map(|key| said.get(key).and_then(Value::as_u64));
        let wanted = bounds.into_iter().flatten().next().map_or(0, |bound| bound as usize + self.below(3));
        while event.len() + 1 < wanted || self.one_in(2) {
            let at = self.below(self.names.len());
            let name = if event.contains_key(&self.names[at]) {
                format!("more{}", event.len())
            } else {
                self.names[at].clone()
            };
            let rest = said.get("additionalProperties").filter(|rest| rest.is_object());
            let value = match rest {
                Some(rest) => self.event(rest, root, depth + 1),
                None => self.any(),
            };
            event.insert(name, value);
        }
        Value::Object(event)
    }

    fn array(&mut self, said: &Map<String, Value>, root: &Value, depth: usize) -> Value {
        let bounds = ["minItems", "maxItems"].map(|key| said.get(key).and_then(Value::as_u64));
        let around = bounds.into_iter().flatten().map(|bound| bound as usize + self.below(3)).max();
        let length = around.map_or_else(|| self.below(4), |bound| bound.saturating_sub(1));
        let mut elements: Vec<Value> = Vec::new();
        for at in 0..length {
            let schema = match said.get("items") {
                Some(Value::Array(each)) => each.get(at).or_else(|| said.get("additionalItems")),
                one => one,
            };
            let schema = if self.one_in(4) { said.get("contains").or(schema) } else { schema };
            let element = match schema {
                Some(schema) => self.event(schema, root, depth + 1),
                None => self.any(),
            };
            elements.push(if self.one_in(5) {
                elements.first().cloned().unwrap_or(element)
            } else {
                element
            });
        }
        json!(elements)
    }

    fn text(&mut self, said: &Map<String, Value>) -> Value {
        let bounds = ["minLength", "maxLength"].map(|key| said.get(key).and_then(Value::as_u64));
        let bounds: Vec<u64> = bounds.into_iter().flatten().collect();
        if !bounds.is_empty() && !self.one_in(4) {
            let at = self.below(bounds.len());
            let length = (bounds[at] as usize + self.below(3)).saturating_sub(1);
            return json!("a".repeat(length));
        }
        match said.get("pattern").and_then(Value::as_str) {
            Some(pattern) if self.one_in(2) => json!(pattern.trim_matches(['^', '$'])),
            _ => {
                let texts: Vec<Value> = self.anything.iter().filter(|it| it.is_string()).cloned().collect();
                self.pick(&texts)
            }
        }
    }

    fn number(&mut self, said: &Map<String, Value>) -> Value {
        let keys = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
        let edges: Vec<f64> = keys.iter().filter_map(|key| said.get(*key)?.as_f64()).collect();
        let at = self.below(edges.len() + 1);
        let edge = edges.get(at).copied().unwrap_or_default();
        let number = match self.below(5) {
            0 => edge,
            1 => edge - 1.0,
            2 => edge + 1.0,
            3 => edge * self.below(9) as f64,
            _ => edge + 0.5,
        };
        if number.fract() == 0.0 {
            json!(number as i64)
        } else {
            Number::from_f64(number).map_or(Value::Null, Value::Number)
        }
    }
}

/// The members of both, where both are objects; else the second.
fn joined(one: Value, other: Value) -> Value {
    match (one, other) {
        (Value::Object(mut one), Value::Object(other)) => {
            one.extend(other);
            Value::Object(one)
        }
        (_, other) => other,
    }
}

fn names_in(schema: &Value, names: &mut Vec<String>) {
    match schema {
        Value::Array(list) => list.iter().for_each(|it| names_in(it, names)),
        Value::Object(object) => {
            let properties = object.get("properties").and_then(Value::as_object).into_iter().flatten();
            names.extend(properties.map(|(name, _)| name.clone()));
            let required = object.get("required").and_then(Value::as_array).into_iter().flatten();
            names.extend(required.filter_map(|it| it.as_str().map(str::to_owned)));
            object.values().for_each(|it| names_in(it, names));
        }
        _ => {}
    }
}
