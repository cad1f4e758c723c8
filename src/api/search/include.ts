import type { Resource } from '@medplum/fhirtypes';
import { decide } from '../../auth/decide.ts';
import type { Identity } from '../../auth/identity.ts';
import type { Definitions } from '../../fhir/definitions.ts';
import { searchableParameters } from '../../fhir/search-params.ts';
import { type Issue, issue, refuse } from '../../kernel/errors.ts';
import { LIMITS } from '../../kernel/limits.ts';
import type { StoredResource } from '../../store/store.ts';
import type { ApiParts } from '../api-parts.ts';

/** `_include=CarePlan:subject:Patient`, `_revinclude=Provenance:target` (https://hl7.org/fhir/R4/search.html#include). */
export interface Include {
  readonly reverse: boolean;
  /** The type that holds the reference. */
  readonly source: string;
  readonly param: string;
  /** Only what is of this type. */
  readonly target: string | undefined;
}

/** Throws for what is not of that form, names no reference, or has nothing to do with the type that is searched. */
export function readInclude(name: string, value: string, type: string, definitions: Definitions): Include {
  const [base = '', modifier] = name.split(':');
  if (modifier !== undefined) {
    throw refuse('parameter-unsupported', `${base} goes one step from the matches; it cannot take a modifier here.`);
  }
  const [source = '', param = '', target, ...more] = value.split(':');
  if (param === '*' || source === '*')
    throw refuse('parameter-unsupported', `${base} names one parameter; * is not served.`);
  if (!definitions.resourceTypes.has(source) || more.length > 0) {
    throw refuse('parameter-invalid', `${base} is type:parameter or type:parameter:type, such as CarePlan:subject.`);
  }
  const parameter = searchableParameters(source, definitions).find(({ code }) => code === param);
  if (parameter?.type !== 'reference') {
    throw refuse('parameter-invalid', `${base} names a search parameter of ${source} that is a reference.`);
  }
  const targets = parameter.target ?? [];
  if (target !== undefined && !targets.includes(target)) {
    throw refuse('parameter-invalid', `${base}: that parameter does not refer to that type.`);
  }
  const reverse = base === '_revinclude';
  const isAboutType = reverse ? (target ?? type) === type && targets.includes(type) : source === type;
  if (!isAboutType) {
    const told = reverse ? `a parameter that refers to a ${type}` : `a parameter of ${type} itself`;
    throw refuse('parameter-invalid', `${base} of this search names ${told}.`);
  }
  return { reverse, source, param, target };
}

export interface Included {
  readonly resources: readonly StoredResource[];
  /** What is not there, and why. */
  readonly issues: readonly Issue[];
}

/**
 * What the matches refer to, and what refers to them: each once, one step away, of types that the caller may search.
 * What is left out because of a bound or a scope is said.
 */
export async function findIncluded(
  includes: readonly Include[],
  matches: readonly StoredResource[],
  identity: Identity,
  parts: ApiParts,
): Promise<Included> {
  if (includes.length === 0 || matches.length === 0) return { resources: [], issues: [] };
  const found = new Map<string, StoredResource>();
  const issues = new Map<string, Issue>();
  const known = new Set(matches.map(nameOf));
  const add = (resources: readonly StoredResource[]): void => {
    for (const one of resources) {
      if (known.has(nameOf(one)) || found.has(nameOf(one))) continue;
      if (found.size < LIMITS.searchIncludesMax) found.set(nameOf(one), one);
      else tellCut();
    }
  };
  const tellCut = (): void => {
    const text = `More is included than the ${LIMITS.searchIncludesMax} resources that one page brings along.`;
    issues.set('cut', issue('fields-too-many', `${text} Ask for a smaller page.`, { severity: 'warning' }));
  };
  const mayFind = (type: string): boolean => {
    const { allowed } = decide(identity, { interaction: 'search', types: [type] });
    if (allowed) return true;
    const text = `${type} is not included: it needs the scope system/${type}.s.`;
    issues.set(type, issue('scope-insufficient', text, { severity: 'warning' }));
    return false;
  };

  for (const [type, ids] of referredTo(includes, matches, parts)) {
    if (!mayFind(type)) continue;
    const wanted = [...ids].filter((id) => !known.has(`${type}/${id}`));
    if (wanted.length > LIMITS.searchIncludesMax) tellCut();
    const values = wanted.slice(0, LIMITS.searchIncludesMax);
    if (values.length === 0) continue;
    const filters = [{ kind: 'id' as const, values }];
    add((await parts.store.search({ type, filters, count: values.length, sort: [], total: false })).matches);
  }
  for (const { source, param } of includes.filter(({ reverse }) => reverse)) {
    if (!mayFind(source)) continue;
    const values = matches.map(({ type, id }) => ({ targetType: type, target: id }));
    const filters = [{ kind: 'reference' as const, param, values }];
    const count = LIMITS.searchIncludesMax;
    const page = await parts.store.search({ type: source, filters, count, sort: [], total: false });
    if (page.next !== undefined) tellCut();
    add(page.matches);
  }
  return { resources: [...found.values()], issues: [...issues.values()] };
}

/** Ids by type, of what the matches refer to. The rows of the index are what search itself looks at. */
function referredTo(
  includes: readonly Include[],
  matches: readonly StoredResource[],
  { indexer }: ApiParts,
): Map<string, Set<string>> {
  const wanted = new Map<string, Set<string>>();
  const forward = includes.filter(({ reverse }) => !reverse);
  if (forward.length === 0) return wanted;
  for (const { content } of matches) {
    for (const row of indexer.index(JSON.parse(content) as Resource).index) {
      if (row.kind !== 'reference' || row.targetType === '') continue;
      const { param, targetType, target } = row;
      if (!forward.some((one) => one.param === param && (one.target ?? targetType) === targetType)) continue;
      wanted.set(targetType, (wanted.get(targetType) ?? new Set()).add(target));
    }
  }
  return wanted;
}

function nameOf({ type, id }: StoredResource): string {
  return `${type}/${id}`;
}
