//! The shop: an order's dance from the click to the doorbell, as services that share nothing but contracts.
//!
//! `README.md` beside this crate has the choreography as a table and says how to run it. The rooms:
//!
//! - [`intake`] reads orders in the *Online Retail* format, however dirty, and accounts for every row;
//! - [`world`] plays what lies outside the shop (gateways, shelves, carriers) by rules that a run can be checked against;
//! - [`services`] are the shop, one folder each;
//! - [`beside`] serves a service's own page, within bounds;
//! - [`supervisor`] runs a whole day of it with one command;
//! - [`sample`] writes the made orders that ship with the example;
//! - [`report`] says what became of every order.

pub mod beside;
pub mod intake;
pub mod report;
pub mod sample;
pub mod services;
pub mod supervisor;
pub mod world;
