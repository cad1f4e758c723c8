import type { ExtraFunction } from '../fhirpath/fhirpath.ts';
import { DATE_FUNCTIONS } from './functions/date-functions.ts';
import { DECLARED_FUNCTIONS } from './functions/declared-functions.ts';
import { IDENTIFIER_FUNCTIONS } from './functions/identifier-functions.ts';
import type { KnownNames, MappingFunction } from './functions/mapping-function.ts';
import { TEXT_FUNCTIONS } from './functions/text-functions.ts';

/** Every function of the mapping language beyond FHIRPath's own. docs/mapping.md is checked against this table. */
export const MAPPING_FUNCTIONS: readonly MappingFunction[] = [
  ...IDENTIFIER_FUNCTIONS,
  ...DATE_FUNCTIONS,
  ...TEXT_FUNCTIONS,
  ...DECLARED_FUNCTIONS,
];

/** The functions as one mapping sees them: their arguments are checked against what it declares. */
export function bindFunctions(known: KnownNames): ReadonlyMap<string, ExtraFunction> {
  return new Map(
    MAPPING_FUNCTIONS.map(({ check, examples: _examples, ...one }) => [
      one.name,
      check === undefined
        ? one
        : { ...one, checkLiterals: (args: readonly (string | undefined)[]) => check(args, known) },
    ]),
  );
}
