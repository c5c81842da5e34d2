//! Tests on recorded logs: a small choreography is played, and the model is told what an observer would see.

mod attempts;
mod bounds;
mod clocks;
mod cold;
mod cut;
mod deadlines;
mod failing;
mod flow;
mod gaps;
mod load;
mod log;
mod lookups;
mod play;
mod property;
mod restarts;
mod slow;
mod stalls;
mod states;
mod strange;
mod stuck;
mod truth;
mod twins;
mod work;
