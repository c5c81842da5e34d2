// Texts of errors, as they group dead letters.

/** What stands in a group's error for numbers and ids that differ. */
const DIFFERS = '…';

/** The longest part of a group's error that all of its errors have: what to filter by. */
export function plainest(error: string): string {
  const parts = error.split(DIFFERS).map((part) => part.trim());
  return parts.reduce((longest, part) => (part.length > longest.length ? part : longest), '');
}
