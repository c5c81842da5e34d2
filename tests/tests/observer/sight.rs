//! An observer that runs, and what it says.

use std::time::Duration;

use choreograph_observer::answer::{Failures, Instance, InstanceState, Overview, StallReason};
use choreograph_tests::eventually;
use choreograph_tests::process::Service;
use serde::de::DeserializeOwned;

use crate::stage::WITHIN;

/// An observer as a process of its own.
pub(crate) struct Sight {
    pub(crate) process: Service,
    url: String,
    agent: ureq::Agent,
}

impl Sight {
    /// Waits until `process` says where it answers.
    pub(crate) fn of(process: Service) -> Self {
        let url = eventually("the observer answers", WITHIN, || {
            let log = process.log().map_err(|error| error.to_string())?;
            let url = log.lines().find_map(|line| line.split("the observer answers at ").nth(1));
            url.map(str::to_owned).ok_or(log)
        });
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(20)));
        Self { process, url, agent: config.build().into() }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Status and body of an answer, to a request with these headers.
    pub(crate) fn ask(&self, path: &str, headers: &[(&str, &str)]) -> Result<(u16, String), String> {
        let mut request = self.agent.get(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut answer = request.call().map_err(|error| error.to_string())?;
        let body = answer
            .body_mut()
            .with_config()
            .limit(64 << 20)
            .read_to_string()
            .map_err(|error| error.to_string())?;
        Ok((answer.status().as_u16(), body))
    }

    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, String> {
        match self.ask(path, &[])? {
            (200, body) => serde_json::from_str(&body).map_err(|error| format!("{error}: {body}")),
            (status, body) => Err(format!("{status}: {body}")),
        }
    }

    pub(crate) fn overview(&self) -> Overview {
        self.get("/api/overview").expect("an overview")
    }

    pub(crate) fn failures(&self) -> Failures {
        self.get("/api/failures").expect("failures")
    }

    pub(crate) fn instance(&self, id: &str) -> Result<Instance, String> {
        self.get(&format!("/api/instances/{id}"))
    }

    /// What it says of an instance: its state, and why and where it stands still.
    pub(crate) fn verdict(&self, id: &str) -> Result<Verdict, String> {
        let summary = self.instance(id)?.summary;
        Ok(Verdict { state: summary.state, reason: summary.reason, step: summary.step })
    }

    /// Waits until it says this of every one of `ids`.
    #[track_caller]
    pub(crate) fn says(&self, ids: &[String], expected: &Verdict) {
        eventually(&format!("{expected:?}"), WITHIN, || {
            let others = ids.iter().filter_map(|id| match self.verdict(id) {
                Ok(verdict) if verdict == *expected => None,
                Ok(verdict) => Some(format!("{id}: {verdict:?}")),
                Err(error) => Some(format!("{id}: {error}")),
            });
            let others: Vec<String> = others.take(3).collect();
            if others.is_empty() {
                Ok(())
            } else {
                Err(format!("{others:?}; {:?}", self.overview().problems))
            }
        });
    }

    /// Waits until it has read everything.
    pub(crate) fn caught_up(&self) {
        eventually("everything is read", WITHIN, || {
            let overview = self.overview();
            if overview.as_of.caught_up { Ok(()) } else { Err(format!("{overview:?}")) }
        });
    }
}

/// What an observer says of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) state: InstanceState,
    pub(crate) reason: Option<StallReason>,
    pub(crate) step: Option<String>,
}

impl Verdict {
    pub(crate) fn completed() -> Self {
        Self { state: InstanceState::Completed, reason: None, step: None }
    }

    pub(crate) fn at(state: InstanceState, reason: StallReason, step: &str) -> Self {
        Self { state, reason: Some(reason), step: Some(step.to_owned()) }
    }
}
