import type { FunctionRule, FunctionTable } from './function-rule.ts';
import { BOUNDARIES } from './functions-boundaries.ts';
import { CONVERSION } from './functions-conversion.ts';
import { EXISTENCE } from './functions-existence.ts';
import { FHIR } from './functions-fhir.ts';
import { FILTERING } from './functions-filtering.ts';
import { MATH } from './functions-math.ts';
import { STRINGS } from './functions-strings.ts';
import { COMBINING, SUBSETTING } from './functions-subsetting.ts';
import { TREE } from './functions-tree.ts';
import { TYPES } from './functions-types.ts';
import { UTILITY } from './functions-utility.ts';

/** Every function, by the chapters of the standard; what is in none of them is unknown or unsupported. */
export const CHAPTERS: Readonly<Record<string, FunctionTable>> = {
  existence: EXISTENCE,
  'filtering and projection': FILTERING,
  subsetting: SUBSETTING,
  combining: COMBINING,
  conversion: CONVERSION,
  'string manipulation': STRINGS,
  math: MATH,
  'tree navigation': TREE,
  'utility and aggregates': UTILITY,
  types: TYPES,
  'boundaries and precision': BOUNDARIES,
};

/** Functions that only FHIR data has. */
export const FHIR_FUNCTIONS: FunctionTable = FHIR;

/** Functions that we know of and do not have, each with its reason. */
export const UNSUPPORTED: ReadonlyMap<string, string> = new Map([
  ['memberOf', 'it needs a terminology server; use a code map, or compare with in'],
  ['subsumes', 'it needs a terminology server'],
  ['subsumedBy', 'it needs a terminology server'],
  ['conformsTo', 'validation is a step of its own, not a part of an expression'],
  ['elementDefinition', 'expressions do not see StructureDefinitions'],
  ['slice', 'expressions do not see StructureDefinitions; use where(…)'],
  ['checkModifiers', 'validation is a step of its own, not a part of an expression'],
  ['htmlChecks', 'narrative is checked after the map'],
  ['defineVariable', 'give the value a name in the mapping, with assign'],
  ['repeatAll', 'use repeat(…), which always ends'],
]);

const STANDARD: ReadonlyMap<string, FunctionRule> = new Map(
  Object.values(CHAPTERS).flatMap((chapter) => Object.entries(chapter)),
);
const WITH_FHIR: ReadonlyMap<string, FunctionRule> = new Map([...STANDARD, ...Object.entries(FHIR)]);

/** Functions by name, for a dialect. */
export function functionsOf(dialect: 'fhir' | 'plain' | 'hl7v2'): ReadonlyMap<string, FunctionRule> {
  return dialect === 'fhir' ? WITH_FHIR : STANDARD;
}
