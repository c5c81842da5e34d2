// `service/step` in its two parts.

/** The service and the step; a name without a slash is a step of no service. */
export function parts(step: string): { service: string; name: string } {
  const slash = step.indexOf('/');
  return slash < 0 ? { service: '', name: step } : { service: step.slice(0, slash), name: step.slice(slash + 1) };
}
