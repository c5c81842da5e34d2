use choreograph::settings::Secret;

use crate::Failure;
use crate::registry::secret;

/// The token of the observer, from `CHOREOGRAPH_OBSERVER_TOKEN` or the file that `…_FILE` names.
///
/// # Errors
///
/// A [`Failure`] of usage if both are set, or the file cannot be read.
pub(crate) fn token() -> Result<Option<Secret>, Failure> {
    let token = secret("CHOREOGRAPH_OBSERVER_TOKEN")?;
    Ok(token.map(|token| Secret::new(token.reveal())))
}
