import { EvaluationError } from '../fhirpath/evaluation-error.ts';
import type { CompiledExpression, Environment } from '../fhirpath/fhirpath.ts';
import { type Issue, issue } from '../kernel/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../kernel/json.ts';
import { LIMITS } from '../kernel/limits.ts';
import type { CompiledProfile, ProfileNode } from './compile-profile.ts';
import { parseReference } from './references.ts';
import { isInValueSet } from './rules/codes.ts';

/** What a resource breaks of a profile. Each issue ends with the rule's name in brackets. */
export function checkProfile(
  resource: JsonObject,
  profile: CompiledProfile,
  types: ReadonlySet<string>,
  expression: string,
): Issue[] {
  const issues: Issue[] = [];
  const report = (rule: string, text: string, at: string, severity: Issue['severity'] = 'error'): void => {
    issues.push(issue('profile-violation', `${profile.name}: ${text} (${rule})`, { severity, expression: at }));
  };
  if (resource.resourceType !== profile.type) {
    report('type', `this profile is for a ${profile.type}`, expression);
    return issues;
  }

  const checkChildren = (parent: JsonObject, node: ProfileNode, at: string): void => {
    for (const [name, child] of node.children) {
      const members = readMembers(parent, name);
      countIn(members.length, child, `${at}.${name}`);
      members.forEach((member) => {
        checkValue(member.value, child, `${at}.${member.step}`);
      });
      for (const slice of child.slices.values()) {
        const own = members.filter((member) => isInSlice(member.value, child.discriminators, slice));
        countIn(own.length, slice, `${at}.${name}`);
        for (const member of own) checkValue(member.value, slice, `${at}.${member.step}`);
      }
    }
  };

  const countIn = (count: number, node: ProfileNode, at: string): void => {
    const what = node.short === undefined ? '' : `: ${node.short}`;
    if (count < node.min) report(`${node.rule}-min`, `at least ${node.min} must be there${what}`, at);
    if (count > node.max) report(`${node.rule}-max`, `at most ${node.max} may be there${what}`, at);
  };

  const checkValue = (value: JsonValue, node: ProfileNode, at: string): void => {
    if (node.fixed !== undefined && !isSame(value, node.fixed)) {
      report(`${node.rule}-fixed`, `the value must be ${JSON.stringify(node.fixed)}`, at);
    }
    if (node.pattern !== undefined && !matchesPattern(value, node.pattern)) {
      report(`${node.rule}-pattern`, `the value must hold ${JSON.stringify(node.pattern)}`, at);
    }
    if (node.binding !== undefined && !isInValueSet(value, typeOfCoded(value), node.binding.codes)) {
      report(`${node.rule}-binding`, `the code is not in the value set ${node.binding.url}`, at);
    }
    if (node.targets !== undefined && !mayReference(value, node.targets, types)) {
      report(`${node.rule}-target`, `the reference must be to: ${[...node.targets].join(', ')}`, at);
    }
    for (const invariant of node.invariants) {
      if (!holds(invariant.expression, value, resource)) report(invariant.key, invariant.human, at, invariant.severity);
    }
    if (isJsonObject(value)) checkChildren(value, node, at);
  };

  checkValue(resource, profile.root, expression);
  return issues;
}

/**
 * An invariant holds when it is true; what it cannot tell, it does not grant
 * (https://hl7.org/fhir/R4/conformance-rules.html#constraints).
 */
function holds(expression: CompiledExpression, value: JsonValue, resource: JsonObject): boolean {
  try {
    const result = expression.evaluate(value, environmentOf(resource));
    return result.length === 1 && result[0] === true;
  } catch (fault) {
    if (fault instanceof EvaluationError) return false;
    throw fault;
  }
}

function environmentOf(resource: JsonObject): Environment {
  return {
    variables: new Map([
      ['resource', [resource]],
      ['rootResource', [resource]],
      ['context', [resource]],
    ]),
    // Our invariants do not ask for the time, so that the same resource is always judged the same.
    now: new Date(0),
    budget: { steps: LIMITS.mappingStepsMax },
  };
}

interface Member {
  readonly step: string;
  readonly value: JsonValue;
}

/** The values of an element, each with its step in a path; of every type for a choice such as `value[x]`. */
function readMembers(parent: JsonObject, name: string): Member[] {
  const names = name.endsWith('[x]')
    ? Object.keys(parent).filter(
        (key) => key.startsWith(name.slice(0, -3)) && /^[A-Z]/.test(key.slice(name.length - 3)),
      )
    : [name];
  return names.flatMap((key) => {
    const value = parent[key];
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) return [{ step: key, value }];
    return value.flatMap((item, index) => (item === null ? [] : [{ step: `${key}[${index}]`, value: item }]));
  });
}

/** Whether a value has, at every discriminator, what the slice fixes there. */
function isInSlice(value: JsonValue, discriminators: readonly string[], slice: ProfileNode): boolean {
  return discriminators.every((path) => {
    let values: JsonValue[] = [value];
    let node: ProfileNode | undefined = slice;
    for (const step of path === '$this' ? [] : path.split('.')) {
      node = node?.children.get(step);
      values = values.filter(isJsonObject).flatMap((one) => readMembers(one, step).map((member) => member.value));
    }
    const { fixed, pattern } = node ?? {};
    if (fixed !== undefined) return values.some((one) => isSame(one, fixed));
    return pattern !== undefined && values.some((one) => matchesPattern(one, pattern));
  });
}

/** https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.fixed_x_ */
function isSame(value: JsonValue, fixed: JsonValue): boolean {
  if (Array.isArray(value) && Array.isArray(fixed)) {
    return value.length === fixed.length && value.every((item, index) => isSame(item, fixed[index] ?? null));
  }
  if (!isJsonObject(value) || !isJsonObject(fixed)) return value === fixed;
  const names = Object.keys(value);
  return (
    names.length === Object.keys(fixed).length &&
    names.every((name) => Object.hasOwn(fixed, name) && isSame(value[name] ?? null, fixed[name] ?? null))
  );
}

/** https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.pattern_x_ */
function matchesPattern(value: JsonValue, pattern: JsonValue): boolean {
  if (Array.isArray(pattern)) {
    return Array.isArray(value) && pattern.every((part) => value.some((item) => matchesPattern(item, part)));
  }
  if (!isJsonObject(pattern)) return value === pattern;
  return (
    isJsonObject(value) && Object.entries(pattern).every(([name, part]) => matchesPattern(value[name] ?? null, part))
  );
}

function typeOfCoded(value: JsonValue): string {
  if (!isJsonObject(value)) return 'code';
  return 'code' in value || 'system' in value ? 'Coding' : 'CodeableConcept';
}

/** A reference whose target's type cannot be seen (a urn, a logical reference without type) may be to anything. */
function mayReference(value: JsonValue, targets: ReadonlySet<string>, types: ReadonlySet<string>): boolean {
  if (!isJsonObject(value)) return true;
  const parsed = typeof value.reference === 'string' ? parseReference(value.reference, types) : undefined;
  const type = parsed?.type ?? value.type;
  return typeof type !== 'string' || targets.has(type);
}
