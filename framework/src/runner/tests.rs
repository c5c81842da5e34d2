//! The record's way, on a driver that only writes down what it is asked.

mod bench;
mod counted;
mod driver;
mod failing;
mod given_up;
mod long;
mod refused;
mod said;
mod set_up;
mod shop;
mod too_large;
mod way;
mod written_time;

use std::{
    task::{Context, Waker},
    time::Duration,
};

use self::{
    bench::{Bench, SLOT},
    driver::size,
};
use super::port::{Delivery, OwnedOutgoing, PublishError};
