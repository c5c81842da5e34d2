//! The thread of one step, from its clients' first connection to their farewell.

use std::sync::Arc;

use rdkafka::consumer::Consumer;

use super::close::close;
use super::context::StepContext;
use super::driven::{Drive, LoopError, StepSetup, Stop};
use super::errands::{Clerk, Errands};
use super::publish::Outlet;
use super::sender::Sender;
use super::status::Status;
use super::step_loop::{CLOSE_MS, Loop};
use crate::clock;
use crate::telemetry::events::StepEnded;

/// Starts a step's loop on a thread of its own.
pub(crate) fn spawn<D: Drive>(
    setup: StepSetup,
    drive: D,
    stop: Stop,
) -> std::io::Result<std::thread::JoinHandle<Result<(), LoopError>>> {
    std::thread::Builder::new().name(setup.name.clone()).spawn(move || {
        let mut ended = Ended { status: Arc::clone(&setup.status), why: "its thread panicked".to_owned() };
        let result = run(&setup, drive, &stop);
        match &result {
            // What was left unsettled is told already.
            Ok(()) | Err(LoopError::Unsettled) => "it was asked to".clone_into(&mut ended.why),
            Err(error) => {
                ended.why = error.to_string();
                StepEnded { step: setup.status.step(), why: &ended.why }.emit();
            }
        }
        result
    })
}

/// Says that the thread ended, however it did.
struct Ended {
    status: Arc<Status>,
    why: String,
}

impl Drop for Ended {
    fn drop(&mut self) {
        self.status.end(std::mem::take(&mut self.why));
    }
}

/// The whole life of a step on its thread.
///
/// The order of drops is the point: the runner holds records, records borrow from the consumer; the errand
/// thread holds the consumer too. So the runner goes first, then the errand thread, then the consumer.
fn run<D: Drive>(setup: &StepSetup, drive: D, stop: &Stop) -> Result<(), LoopError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let context = StepContext::new(Arc::clone(&setup.status));
    let consumer = setup.connection.consumer(&setup.name, &setup.group, context, Arc::clone(&stop.wake))?;
    let clerk = Clerk {
        connection: setup.connection.clone(),
        topics: setup.topics.clone(),
        begin: setup.begin,
        wake: Arc::clone(&stop.wake),
    };
    let errands = Errands::start(&setup.name, Arc::clone(&consumer), clerk)?;
    let _farewell = Farewell(Arc::clone(consumer.context()));
    let (result, unanswered) = {
        match sender(setup, stop) {
            Ok(sender) => {
                let mut turning = Loop::new(setup, stop, &consumer, &errands, sender, drive.drive());
                let result = runtime.block_on(tokio::task::unconstrained(turning.run()));
                (result, turning.end())
            }
            Err(error) => (Err(error), false),
        }
    };
    // Handlers' own tasks may hold anything but records.
    runtime.shutdown_background();
    errands.end();
    close(consumer, unanswered, clock::millis() + CLOSE_MS);
    result
}

/// The step's producer, on its thread.
fn sender(setup: &StepSetup, stop: &Stop) -> Result<Sender, LoopError> {
    let outlet = Outlet::open(&setup.connection, &setup.name, &setup.status)?;
    Ok(Sender::start(&setup.name, outlet, Arc::clone(&stop.wake))?)
}

/// Lets the consumer go though the loop panicked: nobody is left to answer the group.
struct Farewell(Arc<StepContext>);

impl Drop for Farewell {
    fn drop(&mut self) {
        self.0.close();
    }
}
