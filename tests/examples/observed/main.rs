//! A small choreography on real Kafka with a real observer, for who looks at its page: a test in a browser, or a person.
//!
//! ```text
//! cargo run -p choreograph-tests --example observed
//! ```
//!
//! It starts a Kafka of its own, four services and an observer that shows values and takes actions, and prints one line of
//! JSON: `{"url":…,"token":…}`. Then each line on standard input is a command, and is answered by one line, `{"ok":…}` or
//! `{"error":…}`:
//!
//! | command | what it does |
//! |---|---|
//! | `{"do":"close","gate":"payment"}` | the steps of payment wait; so `warehouse`, `shipping`, `mail` |
//! | `{"do":"open","gate":"payment"}` | they go on; `credit` open, what was refused for want of it is paid |
//! | `{"do":"open","gate":"mended"}` | orders whose ids begin with `poisoned-`, `swallowed-`, `hanging-`, `slow-` or `broken-` are treated as any other |
//! | `{"do":"stop","service":"shipping"}` | the service leaves its groups and ends |
//! | `{"do":"start","service":"shipping"}` | it is back |
//! | `{"do":"kill_observer"}`, `{"do":"start_observer"}` | the observer is gone, and is back at the same address |
//! | `{"do":"publish","topic":…,"key":…,"headers":{…},"value":…}` | a record, as it stands |
//! | `{"do":"where","text":…}` | what `choreograph where` answers, and its exit code: `{"ok":{"exit":…,"told":…}}` |
//! | `{"do":"place","count":100000}` | so many orders, one of a hundred of which is refused |
//!
//! It ends with its standard input.

mod cast;
mod stage;

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read, Write};
use std::process::ExitCode;

use serde::Deserialize;
use serde_json::{Value, json};

use self::stage::{Outcome, Stage, TOKEN};

/// The first argument of this program where it runs as the command `choreograph`.
const COMMAND: &str = "choreograph";

/// The longest line that is read.
const MAX_LINE_BYTES: u64 = 4 * 1024 * 1024;

/// What can be asked for.
#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
enum Wish {
    Open { gate: String },
    Close { gate: String },
    Stop { service: String },
    Start { service: String },
    KillObserver,
    StartObserver,
    Publish { topic: String, key: String, headers: BTreeMap<String, String>, value: String },
    Where { text: String },
    Place { count: u64 },
}

fn main() -> ExitCode {
    if std::env::args().nth(1).is_some_and(|first| first == COMMAND) {
        let (mut out, mut errors) = (io::stdout(), io::stderr());
        let mut console = choreograph_cli::Console::new(&mut out, &mut errors);
        let exit = choreograph_cli::run(std::env::args().skip(1), &mut console);
        return ExitCode::from(exit.code());
    }
    match play() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn play() -> Outcome<()> {
    let mut stage = Stage::start()?;
    say(&json!({ "url": stage.url(), "token": TOKEN }))?;
    let mut input = io::stdin().lock();
    loop {
        let mut line = String::new();
        if input.by_ref().take(MAX_LINE_BYTES).read_line(&mut line)? == 0 {
            return Ok(());
        }
        let done = serde_json::from_str(&line).map_err(Into::into).and_then(|wish| grant(&mut stage, wish));
        say(&match done {
            Ok(answer) => json!({ "ok": answer }),
            Err(error) => json!({ "error": error.to_string() }),
        })?;
    }
}

fn say(what: &Value) -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(out, "{what}")?;
    out.flush()
}

fn grant(stage: &mut Stage, wish: Wish) -> Outcome<Value> {
    let known = |is: bool| if is { Ok(()) } else { Err("no such gate".into()) };
    let done = match wish {
        Wish::Open { gate } => known(stage.gates.set(&gate, true)),
        Wish::Close { gate } => known(stage.gates.set(&gate, false)),
        Wish::Stop { service } => stage.stop_service(&service),
        Wish::Start { service } => stage.start_service(&service),
        Wish::KillObserver => stage.kill_observer(),
        Wish::StartObserver => stage.start_observer(),
        Wish::Publish { topic, key, headers, value } => stage.publish(&topic, &key, &headers, &value),
        Wish::Where { text } => return stage.ask_where(&text),
        Wish::Place { count } => stage.place(count),
    };
    done.map(|()| Value::Bool(true))
}
