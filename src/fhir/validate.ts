import { type Issue, issue } from '../kernel/errors.ts';
import { isJsonObject } from '../kernel/json.ts';
import { LIMITS } from '../kernel/limits.ts';
import { checkResource } from './check-resource.ts';
import { compileStructures } from './compile-structure.ts';
import type { Definitions } from './definitions.ts';
import type { Profiles } from './profiles.ts';
import { findExcess } from './size.ts';

export interface ValidatorParts {
  readonly definitions: Definitions;
  /** The profiles that are known; without them, only R4 and our general rules are checked. */
  readonly profiles?: Profiles | undefined;
  /** Urls of modifier extensions that are understood. */
  readonly modifierExtensions?: ReadonlySet<string> | undefined;
}

export interface ValidateOptions {
  /** `meta` (the default): those that the resource names in `meta.profile`. A list: these too. */
  readonly profiles?: 'meta' | readonly string[] | undefined;
}

export interface Validator {
  /** Everything that is wrong with it, each once; no issue holds a value from the resource. Empty: it may be stored. */
  validate(resource: unknown, options?: ValidateOptions): Issue[];
}

/**
 * Checks a resource against R4 and our general rules in one walk, by structures that are compiled from R4's own
 * StructureDefinitions when their type is first met, then against profiles. `docs/validation.md` lists all of it;
 * `test/fhir/reference.test.ts` compares the verdicts with those of validateResource of @medplum/core.
 */
export function createValidator({ definitions, profiles, modifierExtensions }: ValidatorParts): Validator {
  const parts = {
    structures: compileStructures(definitions),
    resourceTypes: definitions.resourceTypes,
    modifierExtensions: modifierExtensions ?? new Set<string>(),
  };
  return {
    validate(resource, options = {}) {
      if (!isJsonObject(resource)) {
        const excess = findExcess(resource, LIMITS.depthMax);
        return [...(excess ?? [issue('resource-invalid', 'A FHIR resource is a JSON object; this is none.')])];
      }
      const { issues, refusal } = checkResource(resource, parts);
      if (refusal.length > 0) return refusal.slice(0, LIMITS.resourceIssuesMax);
      const ofProfiles = profiles?.check(resource, options.profiles ?? 'meta') ?? [];
      return issues.length + ofProfiles.length === 0 ? [] : settle([...issues, ...ofProfiles]);
    },
  };
}

/**
 * One problem may be seen by two checks; the first to say it is the more exact. Errors come first, and no more are
 * named than a person could read.
 */
function settle(issues: readonly Issue[]): Issue[] {
  const byKey = new Map<string, Issue>();
  for (const one of issues) {
    const key = `${one.code} ${one.expression} ${one.text}`;
    if (!byKey.has(key)) byKey.set(key, one);
  }
  const found = [...byKey.values()];
  const errors = found.filter((one) => one.severity === 'error');
  const rest = found.filter((one) => one.severity !== 'error');
  return [...errors, ...rest].slice(0, LIMITS.resourceIssuesMax);
}
