//! What a record costs in the rehearsal. For the project's table of costs, not for services.

use std::time::Duration;

use tokio::runtime::Builder;

use super::{plans, record::Body, world::World};
use crate::{
    cost::Sample,
    runner::port::{HeaderList, HeaderRef},
    service::Service,
};

/// Of what is drawn.
const SEED: u64 = 7;
/// Records that are published before the steps go on.
const BATCH: usize = 50;
/// What passes after each batch: a commit falls due.
const PASSES: Duration = Duration::from_millis(200);

/// The whole way of `n` records like `samples` (in turn) in a rehearsal of `service`: published, drawn, handled, what the
/// step emits on the log, acknowledged, committed. On this thread instead of the rehearsal's own, so that a counter of this
/// thread's allocations sees them.
///
/// # Panics
///
/// If the service cannot run: a benchmark has nothing to measure then.
pub fn whole_in_rehearsal<S: Send + Sync + 'static>(service: Service<S>, samples: &[Sample], n: usize) {
    let definition = service.into_definition();
    let plans = plans::of(&definition, SEED).expect("the steps can be made ready");
    play(samples, n, |world| world.host(definition.name, plans).expect("nobody else runs"));
}

/// The test's part of that alone: the same records are published, the same time passes, and nobody runs.
///
/// # Panics
///
/// Never, while a rehearsal without services settles.
pub fn published_in_rehearsal(samples: &[Sample], n: usize) {
    play(samples, n, |_| ());
}

fn play(samples: &[Sample], n: usize, host: impl FnOnce(&mut World)) {
    let built = Builder::new_current_thread().enable_all().start_paused(true).build();
    let runtime = built.expect("a runtime");
    let _entered = runtime.enter();
    let mut world = World::new(SEED);
    host(&mut world);
    for (index, sample) in samples.iter().cycle().take(n).enumerate() {
        let headers: Vec<HeaderRef<'_>> =
            sample.headers.iter().map(|(name, value)| (name.as_str(), Some(value.as_slice()))).collect();
        world.write("orders", Body::new(Some(&sample.key), Some(&sample.value), HeaderList::of(&headers)));
        if index % BATCH == BATCH - 1 {
            runtime.block_on(world.advance(PASSES)).expect("it comes to rest");
        }
    }
}
