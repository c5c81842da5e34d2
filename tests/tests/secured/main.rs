//! Services on a Kafka that does not let in everybody: logins, rights and, with the feature `ssl`, encryption.
//!
//! What `docs/security.md` says is what is granted here, and no more; and what is missing has to be said by the service,
//! in words, without a password in them.

mod casting;
mod letters;
mod login;
mod observer;
mod payment;
mod rights;
#[path = "../system/stage.rs"]
#[expect(dead_code, reason = "the tests of the system use more of it")]
mod stage;
#[cfg(feature = "ssl")]
mod tls;

/// All services of this binary.
fn casts() -> impl Iterator<Item = &'static stage::Cast> {
    std::iter::once(&payment::CAST)
}
