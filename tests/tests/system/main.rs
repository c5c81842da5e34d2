//! Services as processes of their own on real Kafka: bad input, faults, traces.
//!
//! The services are small and defined beside the tests that use them. Each runs as this binary again, with nothing
//! but its environment, as a team would run it: see [`stage::Stage`].

mod bad_input;
mod collector;
mod faults;
mod latest;
mod majors;
mod moves;
mod pauses;
mod stage;
mod traces;

/// All services of this binary.
fn casts() -> impl Iterator<Item = &'static stage::Cast> {
    std::slice::from_ref(&bad_input::CAST)
        .iter()
        .chain(&faults::CASTS)
        .chain(&traces::CASTS)
        .chain(&majors::CASTS)
        .chain(&moves::CASTS)
        .chain(&pauses::CASTS)
        .chain(&latest::CASTS)
}
