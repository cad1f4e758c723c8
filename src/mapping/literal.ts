import { findKeptText } from '../fhirpath/find-path.ts';
import type { Render } from './guard.ts';
import { type Part, renderPart } from './leaf.ts';
import { copyValue, isShort, type Target } from './output.ts';
import { countSteps } from './run-host.ts';

/**
 * The small objects that mappings write most, nearly all of them FHIR's data types
 * (https://hl7.org/fhir/R4/datatypes.html), by their names in the order they are written. An object that is written out
 * here is made at once; one whose names are variables is made a name at a time, which takes about three times as long.
 */
const ONE = new Map<string, (a: unknown) => object>([
  ['coding', (coding) => ({ coding })],
  ['display', (display) => ({ display })],
  ['end', (end) => ({ end })],
  ['identifier', (identifier) => ({ identifier })],
  ['location', (location) => ({ location })],
  ['period', (period) => ({ period })],
  ['profile', (profile) => ({ profile })],
  ['reference', (reference) => ({ reference })],
  ['start', (start) => ({ start })],
  ['text', (text) => ({ text })],
]);
const TWO = new Map<string, (a: unknown, b: unknown) => object>([
  ['coding,text', (coding, text) => ({ coding, text })],
  ['family,given', (family, given) => ({ family, given })],
  ['identifier,display', (identifier, display) => ({ identifier, display })],
  ['lastUpdated,profile', (lastUpdated, profile) => ({ lastUpdated, profile })],
  ['reference,display', (reference, display) => ({ reference, display })],
  ['role,member', (role, member) => ({ role, member })],
  ['start,end', (start, end) => ({ start, end })],
  ['system,code', (system, code) => ({ system, code })],
  ['system,value', (system, value) => ({ system, value })],
  ['type,valueBoolean', (type, valueBoolean) => ({ type, valueBoolean })],
  ['type,valueString', (type, valueString) => ({ type, valueString })],
  ['url,valueCodeableConcept', (url, valueCodeableConcept) => ({ url, valueCodeableConcept })],
  ['use,given', (use, given) => ({ use, given })],
]);
const THREE = new Map<string, (a: unknown, b: unknown, c: unknown) => object>([
  ['extension,system,value', (extension, system, value) => ({ extension, system, value })],
  ['family,given,prefix', (family, given, prefix) => ({ family, given, prefix })],
  ['role,member,period', (role, member, period) => ({ role, member, period })],
  ['system,code,display', (system, code, display) => ({ system, code, display })],
  ['system,value,use', (system, value, use) => ({ system, value, use })],
  ['use,family,given', (use, family, given) => ({ use, family, given })],
]);
const FOUR = new Map<string, (a: unknown, b: unknown, c: unknown, d: unknown) => object>([
  ['use,family,given,prefix', (use, family, given, prefix) => ({ use, family, given, prefix })],
  ['use,line,city,postalCode', (use, line, city, postalCode) => ({ use, line, city, postalCode })],
]);

/** The names of every object of the table, joined with commas. */
export const LITERALS: readonly string[] = [ONE, TWO, THREE, FOUR].flatMap((table) => [...table.keys()]);

/** Renders an object of the table; undefined where it is not there. Every member is optional. */
export function createLiteral(names: readonly string[], parts: readonly Part[]): Render | undefined {
  const [first, second, third, fourth] = parts;
  const key = names.join();
  const [makeOne, makeTwo, makeThree, makeFour] = [ONE.get(key), TWO.get(key), THREE.get(key), FOUR.get(key)];
  if (makeOne !== undefined && first !== undefined) {
    return (root, env) => {
      countSteps(env, 1);
      const a = renderPart(first, root, env);
      return a === undefined ? undefined : makeOne(a);
    };
  }
  if (makeTwo !== undefined && first !== undefined && second !== undefined) {
    const { constant } = first;
    const { kept } = second;
    const isUsual = constant !== undefined && kept !== undefined && !first.isList && !second.isList;
    const general: Render = (root, env) => {
      countSteps(env, 1);
      const a = renderPart(first, root, env);
      const b = renderPart(second, root, env);
      return a === undefined || b === undefined ? gather(names, [a, b]) : makeTwo(a, b);
    };
    if (!isUsual) return general;
    // A system and a value of the message, the commonest object of all.
    return (root, env) => {
      const text = findKeptText(kept, env);
      if (text === undefined) return general(root, env);
      countSteps(env, 1);
      const value = isShort(text) ? text : copyValue(text, env);
      return value === undefined ? gather(names, [constant, undefined]) : makeTwo(constant, value);
    };
  }
  if (makeThree !== undefined && first !== undefined && second !== undefined && third !== undefined) {
    return (root, env) => {
      countSteps(env, 1);
      const a = renderPart(first, root, env);
      const b = renderPart(second, root, env);
      const c = renderPart(third, root, env);
      return a === undefined || b === undefined || c === undefined ? gather(names, [a, b, c]) : makeThree(a, b, c);
    };
  }
  if (
    makeFour !== undefined &&
    first !== undefined &&
    second !== undefined &&
    third !== undefined &&
    fourth !== undefined
  ) {
    return (root, env) => {
      countSteps(env, 1);
      const a = renderPart(first, root, env);
      const b = renderPart(second, root, env);
      const c = renderPart(third, root, env);
      const d = renderPart(fourth, root, env);
      const isWhole = a !== undefined && b !== undefined && c !== undefined && d !== undefined;
      return isWhole ? makeFour(a, b, c, d) : gather(names, [a, b, c, d]);
    };
  }
  return undefined;
}

/** The object where some of its values are missing. */
function gather(names: readonly string[], values: readonly unknown[]): Target | undefined {
  const target: Target = {};
  let isEmpty = true;
  for (let at = 0; at < names.length; at += 1) {
    const value = values[at];
    if (value === undefined) continue;
    target[names[at] as string] = value;
    isEmpty = false;
  }
  return isEmpty ? undefined : target;
}
