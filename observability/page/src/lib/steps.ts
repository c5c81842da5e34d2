// `service/step` in its two parts.

/** The service and the step; a name without a slash is a step of no service. */
export function parts(step: string): { service: string; name: string } {
  const slash = step.indexOf('/');
  return slash < 0 ? { service: '', name: step } : { service: step.slice(0, slash), name: step.slice(slash + 1) };
}

/** Whether it is no step at all but a service that only publishes: it consumes nothing, so nothing can wait there. */
export function onlyPublishes(step: string): boolean {
  return !step.includes('/');
}
