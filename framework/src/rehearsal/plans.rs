//! The steps of a service, made ready for a rehearsal.

use std::sync::Arc;

use super::Error;
use crate::{runner::Plan, service::ServiceDef, settings::Settings};

/// Makes every step ready, with the settings of an empty environment and the rehearsal's chance.
pub(crate) fn of(service: &ServiceDef, seed: u64) -> Result<Vec<Arc<Plan>>, Error> {
    let unusable = |problem: String| Error::Unusable { service: service.name.clone(), problem };
    let settings = Settings::read::<&str, &str>([]).map_err(|error| unusable(error.to_string()))?;
    let plans = service.steps.iter().map(|step| {
        let mut plan =
            Plan::new(&service.name, step, &settings).map_err(|error| unusable(with_causes(&error)))?;
        plan.engine.seed ^= seed;
        Ok(Arc::new(plan))
    });
    plans.collect()
}

/// An error and what led to it, in one line.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
