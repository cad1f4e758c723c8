import { type Items, readJson } from './items.ts';
import type { Closure } from './scope.ts';

/** http://hl7.org/fhirpath/N1/#environment-variables and https://hl7.org/fhir/R4/fhirpath.html#variables */
const CONSTANTS: ReadonlyMap<string, string> = new Map([
  ['sct', 'http://snomed.info/sct'],
  ['loinc', 'http://loinc.org'],
  ['ucum', 'http://unitsofmeasure.org'],
]);
const FROM_INPUT = new Set(['context', 'resource', 'rootResource']);
const PREFIXES: readonly (readonly [string, string])[] = [
  ['vs-', 'http://hl7.org/fhir/ValueSet/'],
  ['ext-', 'http://hl7.org/fhir/StructureDefinition/'],
];

/** Names that need no declaration. */
export const STANDARD_VARIABLES: readonly string[] = [...CONSTANTS.keys(), ...FROM_INPUT];

export function isStandardVariable(name: string): boolean {
  return CONSTANTS.has(name) || FROM_INPUT.has(name) || PREFIXES.some(([prefix]) => name.startsWith(prefix));
}

/** A variable of the caller hides one of the standard. */
export function readVariable(name: string, isDeclared: boolean, slot: number | undefined): Closure {
  if (slot !== undefined) return (_focus, scope): Items => readJson(scope.env.frame?.[slot]);
  if (isDeclared) {
    return (_focus, scope): Items => {
      const items = scope.env.variables.get(name);
      return readJson(items?.length === 1 ? items[0] : items);
    };
  }
  const constant = CONSTANTS.get(name) ?? expand(name);
  return constant === undefined ? (_focus, scope) => scope.context : () => constant;
}

function expand(name: string): string | undefined {
  for (const [prefix, base] of PREFIXES) if (name.startsWith(prefix)) return base + name.slice(prefix.length);
  return undefined;
}
