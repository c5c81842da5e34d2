//! A receiver of OpenTelemetry data in the test's process: real OTLP, over gRPC and over HTTP.
//!
//! # Examples
//!
//! ```
//! let receiver = choreograph_tests::otlp::Receiver::start()?;
//! println!("OTEL_EXPORTER_OTLP_ENDPOINT={}", receiver.grpc());
//! let spans = receiver.spans();
//! assert_eq!(choreograph_tests::otlp::unresolved(&spans), []);
//! # Ok::<(), std::io::Error>(())
//! ```

mod exposition;
mod inbox;
mod receiver;
mod server;
mod span;

pub use exposition::counters;
pub use opentelemetry_proto::tonic::metrics::v1::Metric;
pub use receiver::Receiver;
pub use span::{Reference, Span, Unresolved, unresolved};
