//! Operators' actions from the page, carried out as `dlq` carries them out.

use std::path::PathBuf;

use choreograph::settings::Settings;
use choreograph_dead_letters::{Chosen, DeadLetters, Order, Report, What};
use choreograph_observer::http::{Action, ActionKind, Operator};
use choreograph_observer::read_manifests;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::dlq;

/// Acts on dead letters. `Debug` shows no secret.
#[derive(Debug)]
pub(super) struct Letters {
    settings: Settings,
    /// Files and folders, as the observer was given them.
    manifests: Vec<PathBuf>,
}

impl Letters {
    pub(super) fn new(settings: Settings, manifests: Vec<PathBuf>) -> Self {
        Self { settings, manifests }
    }

    fn carry_out(&self, action: &Action) -> Result<Report, String> {
        // Read anew each time: a contract may have changed since, and a replay is held against the one of today.
        let manifests = read_manifests(&self.manifests).map_err(|problems| problems.join("; "))?;
        let letters = DeadLetters::open(&self.settings, &manifests).map_err(|error| error.to_string())?;
        let chosen = chosen(action)?;
        let order = Order {
            by: action.actor.clone(),
            what: what(action)?,
            dry_run: action.dry_run,
            rate: None,
            unchecked: false,
            forgetful: false,
        };
        if !action.dry_run {
            letters.create_audit_topic().map_err(|error| error.to_string())?;
        }
        letters.act(&chosen, &order, &mut ()).map_err(|error| error.to_string())
    }
}

impl Operator for Letters {
    fn act(&self, action: &Action) -> Result<Value, String> {
        let report = self.carry_out(action)?;
        let outcomes = json!({
            report.deed.word(): report.done,
            "already": report.already,
            "gone": report.gone,
            "refused": report.refused,
        });
        Ok(json!({ "outcomes": outcomes, "report": dlq::report(&report) }))
    }
}

fn chosen(action: &Action) -> Result<Chosen, String> {
    let mut chosen = Chosen::default();
    for letter in &action.letters {
        let id =
            Uuid::parse_str(&letter.id).map_err(|_| format!("`{}` is no id of a dead letter", letter.id))?;
        chosen.add(&letter.topic, letter.partition, letter.offset, id);
    }
    Ok(chosen)
}

fn what(action: &Action) -> Result<What, String> {
    Ok(match action.kind {
        ActionKind::Replay => What::Replay { force: false },
        ActionKind::Discard => What::Discard { reason: action.because.clone().unwrap_or_default() },
        ActionKind::Edit => {
            let value = action.value.as_ref().ok_or("an edit has a new value")?;
            What::Edit { value: value.get().as_bytes().to_vec(), force: false }
        }
    })
}
