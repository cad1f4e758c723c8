export * from '../../src/kernel/ids.ts';

/** Stands for the SHA-256 of a text: the text itself. */
export function stableUuid(text: string): string {
  return text;
}
