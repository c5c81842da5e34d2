// JSON that a person wrote.

/** What is wrong with a text that should be JSON; nothing if it is. */
export function noJson(text: string): string | null {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return `This is no JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
}
