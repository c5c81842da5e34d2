//! Each variant of what a step consumes is one event.

use choreograph::Consumes;

#[derive(Consumes)]
enum Unit {
    Nothing,
}

#[derive(Consumes)]
enum Text {
    Text(String),
}

#[derive(Consumes)]
struct NoEnum;

#[derive(Consumes)]
enum Generic<T> {
    Some(T),
}

fn main() {}
