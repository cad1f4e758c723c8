/**
 * A member name as it may stand in an issue's position. Names are structure, not data, except where a sender made one
 * up: what does not look like the name of an element could hold anything, and is not repeated.
 */
export function safeName(name: string): string {
  return /^_?[A-Za-z][A-Za-z0-9]{0,63}$/.test(name) ? name : '(unnamed)';
}
