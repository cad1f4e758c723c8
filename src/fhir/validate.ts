import type { Resource } from '@medplum/fhirtypes';
import type { Issue } from '../kernel/errors.ts';
import type { JsonObject } from '../kernel/json.ts';
import { LIMITS } from '../kernel/limits.ts';
import { validateStructure } from './core-issues.ts';
import type { Definitions } from './definitions.ts';
import type { Profiles } from './profiles.ts';
import { singleChoices } from './rules/choices.ts';
import { requiredCodes } from './rules/codes.ts';
import { containedIsReferredTo } from './rules/contained.ts';
import { checkEmpties } from './rules/empties.ts';
import { resourceIds } from './rules/ids.ts';
import { invariants } from './rules/invariants.ts';
import { knownModifierExtensions } from './rules/modifier-extensions.ts';
import { safeNarrative } from './rules/narrative.ts';
import { nhsNumbers } from './rules/nhs-numbers.ts';
import { referenceTargets } from './rules/references.ts';
import { findResourceTypes } from './rules/resource-types.ts';
import type { ElementRule } from './rules/rule.ts';
import { checkSize } from './rules/size.ts';
import { walkResource } from './walk-resource.ts';

export interface ValidatorParts {
  readonly definitions: Definitions;
  /** Our profiles; without them, only R4 and our general rules are checked. */
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
 * Checks a resource against R4 (by @medplum/core), then against rules of ours that it leaves out, then against
 * profiles. `docs/conformance.md` lists all three.
 */
export function createValidator(parts: ValidatorParts): Validator {
  const { definitions, profiles } = parts;
  const rules: readonly ElementRule[] = [
    requiredCodes(definitions),
    resourceIds,
    singleChoices(definitions),
    containedIsReferredTo,
    safeNarrative,
    knownModifierExtensions(parts.modifierExtensions ?? new Set()),
    nhsNumbers,
    invariants(definitions),
  ];

  return {
    validate(value, options = {}) {
      // The order matters: what follows recurses as deep as the resource, and needs its types to be known.
      const size = checkSize(value);
      if (size.length > 0) return size;
      const { types, issues: typeIssues } = findResourceTypes(value, definitions.resourceTypes);
      if (typeIssues.length > 0) return typeIssues;
      for (const type of types) definitions.loadIntoCore(type);

      const resource = value as JsonObject;
      const issues = [...checkEmpties(resource), ...validateStructure(value as Resource)];
      const all = [...rules, referenceTargets(definitions)];
      walkResource(resource, definitions, (element) => {
        for (const rule of all) issues.push(...rule(element));
      });
      if (profiles !== undefined) issues.push(...profiles.check(resource, options.profiles ?? 'meta'));
      return settle(issues);
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
    const key = `${one.code} ${one.expression}${one.code === 'element-empty' ? '' : ` ${one.text}`}`;
    if (!byKey.has(key)) byKey.set(key, one);
  }
  const found = [...byKey.values()];
  const errors = found.filter((one) => one.severity === 'error');
  const rest = found.filter((one) => one.severity !== 'error');
  return [...errors, ...rest].slice(0, LIMITS.resourceIssuesMax);
}
