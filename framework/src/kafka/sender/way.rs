//! What the sending thread needs of a producer, so that a test can stand in for it.

use std::sync::{Arc, Weak};
use std::time::Duration;

use super::super::acknowledge::Report;
use super::super::client::StepProducer;
use super::super::publish::Outlet;
use crate::runner::port::{Outgoing, PublishError, Tag};

/// A way out for records: an [`Outlet`], or a test's stand-in, which lets the step move whenever it is called.
pub(super) trait Way {
    /// See [`Outlet::send`].
    fn send(&mut self, record: &Outgoing<'_>, tag: Tag) -> Result<(), PublishError>;
    /// See [`Outlet::poll`].
    fn poll(&mut self, reports: &mut Vec<Report>);
    /// See [`Outlet::unreported`].
    fn unreported(&self) -> usize;
    /// The producer, to be asked whether it reaches a broker.
    fn producer(&self) -> Weak<StepProducer>;
    /// See [`Outlet::close`].
    fn close(self, deadline: u64) -> Vec<Report>;
    /// Waits before a record is tried again that could not be taken.
    fn rest(&mut self, nap: Duration);
}

impl Way for Outlet {
    fn send(&mut self, record: &Outgoing<'_>, tag: Tag) -> Result<(), PublishError> {
        Self::send(self, record, tag)
    }

    fn poll(&mut self, reports: &mut Vec<Report>) {
        Self::poll(self, reports);
    }

    fn unreported(&self) -> usize {
        Self::unreported(self)
    }

    fn producer(&self) -> Weak<StepProducer> {
        Self::producer(self).as_ref().map(Arc::downgrade).unwrap_or_default()
    }

    fn close(self, deadline: u64) -> Vec<Report> {
        Self::close(self, deadline)
    }

    /// Nothing notifies of room in a producer's queue, nor of the time to replace it.
    fn rest(&mut self, nap: Duration) {
        std::thread::sleep(nap);
    }
}
