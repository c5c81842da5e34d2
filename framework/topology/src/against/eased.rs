//! Whether a change only eases what did not fit before: then what is told of it in other words is nothing new.

use choreograph_contracts::compat::Semantics;
use choreograph_contracts::views::close;
use serde_json::Value;

use crate::check::Cover;

/// Marks under which a reader takes more than its schema says.
const OPEN_ENUM: &str = "x-open-enum";

/// Whether a writer writes nothing that it did not write before. What is not proved is `false`.
pub(super) fn writes_less(cover: &mut Cover<'_>, old: &Value, new: &Value) -> bool {
    // What the old one wrote, as a reader: closed, as writers are, and with no values but those that it names.
    let mut old = old.clone();
    forget(&mut old, OPEN_ENUM);
    close(&mut old);
    cover.contains(old, new.clone(), Semantics::Contract)
}

/// Whether a reader takes all that it took before. What is not proved is `false`.
pub(super) fn reads_more(cover: &mut Cover<'_>, old: &Value, new: &Value) -> bool {
    // As they stand, for nothing closes a reader. What its schema does not say in plain words is not looked into.
    let is_integer =
        |format: &Value| format.as_str().is_some_and(|it| it.starts_with("int") || it.starts_with("uint"));
    !has(old, OPEN_ENUM, &|_| true)
        && !has(new, "format", &is_integer)
        && cover.contains(new.clone(), old.clone(), Semantics::Plain)
}

fn forget(value: &mut Value, name: &str) {
    match value {
        Value::Object(members) => {
            members.remove(name);
            members.values_mut().for_each(|it| forget(it, name));
        }
        Value::Array(list) => list.iter_mut().for_each(|it| forget(it, name)),
        _ => {}
    }
}

/// Whether there is a member of this name anywhere, with a value that `wanted` takes.
fn has(value: &Value, name: &str, wanted: &dyn Fn(&Value) -> bool) -> bool {
    match value {
        Value::Object(members) => {
            members.get(name).is_some_and(wanted) || members.values().any(|it| has(it, name, wanted))
        }
        Value::Array(list) => list.iter().any(|it| has(it, name, wanted)),
        _ => false,
    }
}
