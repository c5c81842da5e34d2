//! What a run is told.

use std::path::PathBuf;

/// What a run is told on the command line.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// A file of orders, or a folder of files; the sample that ships with the shop if there is none.
    pub orders: Option<PathBuf>,
    /// The namespace; a fresh one if there is none.
    pub namespace: Option<String>,
    /// Where refused rows are written down, and the services' logs; a fresh folder of the system's temporary ones if there is
    /// none.
    pub folder: Option<PathBuf>,
    /// Where the manifests of the run's services are written, for an observer elsewhere.
    pub manifests: Option<PathBuf>,
}
