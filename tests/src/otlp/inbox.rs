//! What has arrived, and how arrivals are met.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use tokio::sync::watch;

use super::span::{self, Span};

/// Spans that are kept; those beyond are counted only.
const SPANS: usize = 1_000_000;
/// Metrics that are kept; those beyond are forgotten.
const METRICS: usize = 1_000_000;

/// Logins that are kept; those beyond are forgotten.
const LOGINS: usize = 100;

/// How requests are met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    Takes,
    Refuses,
    Stalls,
}

/// A request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refused;

#[derive(Debug)]
pub(super) struct Inbox {
    mood: watch::Sender<Mood>,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) spans: Vec<Span>,
    pub(super) beyond: usize,
    pub(super) metrics: Vec<Metric>,
    pub(super) refused: usize,
    /// The different ones.
    pub(super) logins: BTreeSet<(&'static str, String)>,
}

impl Inbox {
    pub(super) fn new() -> Self {
        Self { mood: watch::Sender::new(Mood::Takes), kept: Mutex::default() }
    }

    pub(super) fn set(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    pub(super) fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) async fn take_spans(&self, request: ExportTraceServiceRequest) -> Result<(), Refused> {
        self.meet().await?;
        let mut spans = span::spans(request);
        let mut kept = self.kept();
        let room = SPANS - kept.spans.len();
        kept.beyond += spans.len().saturating_sub(room);
        spans.truncate(room);
        kept.spans.append(&mut spans);
        Ok(())
    }

    pub(super) async fn take_metrics(&self, request: ExportMetricsServiceRequest) -> Result<(), Refused> {
        self.meet().await?;
        let of_scopes = request.resource_metrics.into_iter().flat_map(|resource| resource.scope_metrics);
        let mut kept = self.kept();
        let room = METRICS - kept.metrics.len();
        kept.metrics.extend(of_scopes.flat_map(|scope| scope.metrics).take(room));
        Ok(())
    }

    /// Keeps with which login a signal comes.
    pub(super) fn take_login(&self, signal: &'static str, login: Option<&str>) {
        let mut kept = self.kept();
        if let Some(login) = login
            && kept.logins.len() < LOGINS
        {
            kept.logins.insert((signal, login.to_owned()));
        }
    }

    /// Waits while the receiver stalls, then says whether it takes.
    async fn meet(&self) -> Result<(), Refused> {
        let mut mood = self.mood.subscribe();
        let mood = mood.wait_for(|mood| *mood != Mood::Stalls).await.map(|mood| *mood);
        if mood.is_ok_and(|mood| mood == Mood::Takes) {
            return Ok(());
        }
        self.kept().refused += 1;
        Err(Refused)
    }
}
