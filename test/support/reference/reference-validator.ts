import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isDataTypeLoaded, loadDataType } from '@medplum/core';
import type { Resource } from '@medplum/fhirtypes';
import type { Definitions } from '../../../src/fhir/definitions.ts';
import type { Issue } from '../../../src/kernel/errors.ts';
import type { JsonObject } from '../../../src/kernel/json.ts';
import { LIMITS } from '../../../src/kernel/limits.ts';
import { validateStructure } from './core-issues.ts';
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

/**
 * The validator that Ginnel had before its own: validateResource of @medplum/core, and after it rules for what that
 * leaves out. It is kept to compare verdicts with, and to measure against.
 */
export function createReferenceValidator(definitions: Definitions): { validate(resource: unknown): Issue[] } {
  const rules: readonly ElementRule[] = [
    requiredCodes(definitions),
    resourceIds,
    singleChoices(definitions),
    containedIsReferredTo,
    safeNarrative,
    knownModifierExtensions(new Set()),
    nhsNumbers,
    invariants(definitions),
  ];

  return {
    validate(value) {
      // The order matters: what follows recurses as deep as the resource, and needs its types to be known.
      const size = checkSize(value);
      if (size.length > 0) return size;
      const { types, issues: typeIssues } = findResourceTypes(value, definitions.resourceTypes);
      if (typeIssues.length > 0) return typeIssues;
      for (const type of types) loadIntoCore(type);

      const resource = value as JsonObject;
      const issues = [...checkEmpties(resource), ...validateStructure(value as Resource)];
      const all = [...rules, referenceTargets(definitions)];
      walkResource(resource, definitions, (element) => {
        for (const rule of all) issues.push(...rule(element));
      });
      return settle(issues);
    },
  };
}

const FOLDER = resolve(import.meta.dirname, '../../../build/definitions/resources');

/** Makes a resource type known to validateResource, whose own register this is. */
export function loadIntoCore(type: string): void {
  if (!isDataTypeLoaded(type)) loadDataType(JSON.parse(readFileSync(join(FOLDER, `${type}.json`), 'utf8')));
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
