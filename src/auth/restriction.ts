import { LIMITS } from '../kernel/limits.ts';

/**
 * The query of a scope that is restricted (SMART App Launch 2.2, Finer-grained resource constraints using search
 * parameters): a search on the scope's type. All of its parameters must hold (AND); values of one parameter that are
 * separated by commas are alternatives (OR).
 */
export type Restriction = readonly (readonly [name: string, value: string])[];

const NAME = /^[A-Za-z_][A-Za-z0-9_.:-]{0,99}$/;
/** Escapes that read better undone; none of them ends a scope (RFC 6749 section 3.3) or a parameter. */
const READABLE: ReadonlyMap<string, string> = new Map([
  ['%3A', ':'],
  ['%2F', '/'],
  ['%7C', '|'],
  ['%2C', ','],
  ['%24', '$'],
]);

/** Undefined for what is no list of names and values: nothing of it may be guessed, a restriction that is lost widens. */
export function parseRestriction(
  text: string,
  parametersMax: number = LIMITS.scopeParametersMax,
): Restriction | undefined {
  const pairs: (readonly [string, string])[] = [];
  for (const part of text.split('&')) {
    const at = part.indexOf('=');
    const name = decode(part.slice(0, Math.max(at, 0)));
    const value = decode(part.slice(at + 1));
    if (at === -1 || name === undefined || !NAME.test(name) || value === undefined || value === '') return undefined;
    if (!pairs.some((one) => one[0] === name && one[1] === value)) pairs.push([name, value]);
    if (pairs.length > parametersMax) return undefined;
  }
  return pairs;
}

export function formatRestriction(restriction: Restriction): string {
  return restriction.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&');
}

/** Both at once, each parameter said once: the narrower of two that are about the same. */
export function joinRestrictions(one: string | undefined, other: string | undefined): string | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const pairs = [...read(one), ...read(other)];
  const needed = pairs.filter((pair, index) => {
    const implied = (by: Restriction[number], byIndex: number): boolean =>
      byIndex !== index && implies(by, pair) && !(implies(pair, by) && byIndex > index);
    return !pairs.some(implied);
  });
  return formatRestriction(needed);
}

/** Whether all that matches `narrow` matches `wide`, as far as the text of the two can tell. */
export function isNarrower(narrow: string, wide: string): boolean {
  const pairs = read(narrow);
  return read(wide).every((needed) => pairs.some((pair) => implies(pair, needed)));
}

/** The same parameter, with no alternative that the other has not. Modifiers and escaped commas are compared as they are. */
function implies(narrow: Restriction[number], wide: Restriction[number]): boolean {
  if (narrow[0] !== wide[0]) return false;
  if (narrow[1] === wide[1]) return true;
  if (narrow[0].includes(':') || narrow[1].includes('\\') || wide[1].includes('\\')) return false;
  const alternatives = new Set(wide[1].split(','));
  return narrow[1].split(',').every((value) => alternatives.has(value));
}

/** Of a scope that was read before: anything else is a fault of ours, and must not pass for "no restriction". */
function read(text: string): Restriction {
  const pairs = parseRestriction(text, 2 * LIMITS.scopeParametersMax);
  if (pairs === undefined) throw new TypeError('a scope restriction that cannot be read');
  return pairs;
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(/%(?:3A|2F|7C|2C|24)/g, (found) => READABLE.get(found) ?? found);
}

/** As in a search: `+` is a space. Undefined for an escape that is none. */
function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}
