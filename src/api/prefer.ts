/** What an answer to a write holds (https://hl7.org/fhir/R4/http.html#ops). */
export type PreferredReturn = 'minimal' | 'representation' | 'OperationOutcome';

export interface Prefer {
  readonly return: PreferredReturn;
  /** How a search takes parameters that we do not know (https://hl7.org/fhir/R4/search.html#errors). */
  readonly handling: 'strict' | 'lenient';
}

const RETURNS: readonly PreferredReturn[] = ['minimal', 'representation', 'OperationOutcome'];

/**
 * The `Prefer` header (RFC 7240). Of one preference said twice the first counts, and what we do not know is passed over,
 * as the RFC has it. Unless told, a write answers with the resource, and a search is strict: a misspelt parameter that
 * is passed over would widen the result.
 */
export function readPrefer(header: string | undefined): Prefer {
  const preferences = new Map<string, string>();
  for (const part of (header ?? '').split(/[,;]/)) {
    const [name = '', value = ''] = part.split('=', 2).map((text) => text.trim().replaceAll('"', ''));
    if (!preferences.has(name.toLowerCase())) preferences.set(name.toLowerCase(), value);
  }
  const wished = preferences.get('return');
  return {
    return: RETURNS.find((one) => one === wished) ?? 'representation',
    handling: preferences.get('handling') === 'lenient' ? 'lenient' : 'strict',
  };
}
