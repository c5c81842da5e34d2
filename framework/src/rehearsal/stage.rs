//! The rehearsal's own thread. A test talks to it by jobs and waits for each, so that a rehearsal can be used
//! from a plain test and from inside any runtime alike.

use std::{
    panic::resume_unwind,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{Sender, channel},
    },
    thread::{self, JoinHandle},
};

use tokio::runtime::{Builder, Runtime};

use super::world::World;

/// What the thread is asked to do. Few wait at a time: a test that asks waits for the answer, and a publisher that starts
/// waits for its acknowledgement.
type Job = Box<dyn FnOnce(&mut World, &Runtime) + Send>;

/// The way to the thread, until the rehearsal is over.
#[derive(Debug, Clone)]
pub(crate) struct Jobs(Arc<Mutex<Option<Sender<Job>>>>);

impl Jobs {
    fn sender(&self) -> MutexGuard<'_, Option<Sender<Job>>> {
        // Nothing is left half written by a panic under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the thread takes the job.
    fn send(&self, job: Job) -> bool {
        self.sender().as_ref().is_some_and(|jobs| jobs.send(job).is_ok())
    }

    /// Lets the thread look for starts that wait, as soon as it is idle. Answers whether it will.
    pub(crate) fn nudge(&self) -> bool {
        self.send(Box::new(|world, _| {
            world.play_starts();
        }))
    }
}

/// The thread on which all steps of a rehearsal run.
#[derive(Debug)]
pub(crate) struct Stage {
    jobs: Jobs,
    thread: Option<JoinHandle<()>>,
}

impl Stage {
    pub(crate) fn new(seed: u64) -> Self {
        let (jobs, inbox) = channel::<Job>();
        let thread = thread::Builder::new().name("rehearsal".to_owned()).spawn(move || {
            let built = Builder::new_current_thread().enable_all().start_paused(true).build();
            let runtime = built.unwrap_or_else(|error| panic!("no runtime for the rehearsal: {error}"));
            let _entered = runtime.enter();
            let mut world = World::new(seed);
            for job in inbox {
                job(&mut world, &runtime);
            }
            world.starts.clear();
        });
        let thread = thread.unwrap_or_else(|error| panic!("no thread for the rehearsal: {error}"));
        Self { jobs: Jobs(Arc::new(Mutex::new(Some(jobs)))), thread: Some(thread) }
    }

    /// Runs `job` on the thread and waits for what it says. A panic there goes on here.
    pub(crate) fn ask<R: Send + 'static>(
        &mut self,
        job: impl FnOnce(&mut World, &Runtime) -> R + Send + 'static,
    ) -> R {
        let (answer, answered) = channel();
        let job: Job = Box::new(move |world, runtime| {
            // Nobody listens only if the test is gone, and then nobody misses the answer.
            drop(answer.send(job(world, runtime)));
        });
        let sent = self.jobs.send(job);
        match answered.recv() {
            Ok(answer) if sent => answer,
            _ => self.thread_panicked(),
        }
    }

    /// The way to the thread, for a publisher.
    pub(crate) fn jobs(&self) -> Jobs {
        self.jobs.clone()
    }

    /// Whether the thread still answers.
    pub(crate) fn is_alive(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// The thread ended, which it only does when it panics: goes on with its panic.
    fn thread_panicked(&mut self) -> ! {
        match self.thread.take().map(JoinHandle::join) {
            Some(Err(panic)) => resume_unwind(panic),
            _ => panic!("the rehearsal's thread has ended with a panic before"),
        }
    }
}

impl Drop for Stage {
    /// Ends the thread and waits for it, so that nothing of a test outlives the test.
    fn drop(&mut self) {
        *self.jobs.sender() = None;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}
