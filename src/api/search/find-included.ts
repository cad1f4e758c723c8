import type { Resource } from '@medplum/fhirtypes';
import { codeOfDenial, decide } from '../../auth/decide.ts';
import { type Issue, issue } from '../../kernel/errors.ts';
import { LIMITS } from '../../kernel/limits.ts';
import type { StoredResource } from '../../store/store.ts';
import type { ApiParts } from '../api-parts.ts';
import type { FhirRequest } from '../exchange.ts';
import type { Include } from './include.ts';

export interface Included {
  readonly resources: readonly StoredResource[];
  /** What is not there, and why. */
  readonly issues: readonly Issue[];
}

/**
 * What the matches refer to, and what refers to them, each once, of types that the caller may search; by `:iterate`
 * also what those bring, a bounded number of steps away. What is left out because of a bound or a scope is said.
 */
export async function findIncluded(
  includes: readonly Include[],
  matches: readonly StoredResource[],
  request: FhirRequest,
  parts: ApiParts,
): Promise<Included> {
  if (includes.length === 0 || matches.length === 0) return { resources: [], issues: [] };
  const search = createSearch(matches, request, parts);
  let frontier = matches;
  let asked = includes;
  for (let step = 0; asked.length > 0 && frontier.length > 0; step += 1) {
    if (step >= LIMITS.searchIterationsMax) {
      search.tell('deep', `:iterate takes ${LIMITS.searchIterationsMax} steps at most; there is more behind them.`);
      break;
    }
    frontier = await search.step(asked, frontier);
    asked = includes.filter(({ iterate }) => iterate);
  }
  return { resources: search.found(), issues: search.issues() };
}

interface IncludeSearch {
  /** What is new, one step away from these. */
  step(includes: readonly Include[], from: readonly StoredResource[]): Promise<StoredResource[]>;
  tell(key: string, text: string): void;
  found(): StoredResource[];
  issues(): Issue[];
}

function createSearch(
  matches: readonly StoredResource[],
  { identity, reader }: FhirRequest,
  parts: ApiParts,
): IncludeSearch {
  const found = new Map<string, StoredResource>();
  const issues = new Map<string, Issue>();
  const known = new Set(matches.map(nameOf));
  const tellCut = (): void => {
    const text = `More is included than the ${LIMITS.searchIncludesMax} resources that one page brings along.`;
    issues.set('cut', issue('fields-too-many', `${text} Ask for a smaller page.`, { severity: 'warning' }));
  };
  const mayFind = (type: string): boolean => {
    const decision = decide(identity, { interaction: 'search', types: [type] });
    if (decision.allowed) return true;
    const text = `${type} is not included. ${decision.reason}`;
    issues.set(type, issue(codeOfDenial(decision), text, { severity: 'warning' }));
    return false;
  };
  const add = (resources: readonly StoredResource[]): StoredResource[] =>
    resources.filter((one) => {
      if (known.has(nameOf(one))) return false;
      if (found.size >= LIMITS.searchIncludesMax) {
        tellCut();
        return false;
      }
      known.add(nameOf(one));
      found.set(nameOf(one), one);
      return true;
    });

  const forward = async (includes: readonly Include[], from: readonly StoredResource[]): Promise<StoredResource[]> => {
    const added: StoredResource[] = [];
    for (const [type, ids] of referredTo(includes, from, parts)) {
      if (!mayFind(type)) continue;
      const wanted = [...ids].filter((id) => !known.has(`${type}/${id}`));
      if (wanted.length > LIMITS.searchIncludesMax) tellCut();
      const values = wanted.slice(0, LIMITS.searchIncludesMax);
      if (values.length === 0) continue;
      const filters = [{ kind: 'id' as const, values }];
      added.push(
        ...add((await reader.search({ type, filters, count: values.length, sort: [], total: false })).matches),
      );
    }
    return added;
  };

  const backward = async ({ source, param, target }: Include, from: readonly StoredResource[]) => {
    const targets = from.filter(({ type }) => target === undefined || target === type);
    if (source === undefined || param === undefined || targets.length === 0 || !mayFind(source)) return [];
    const added: StoredResource[] = [];
    for (let at = 0; at < targets.length; at += LIMITS.searchCountMax) {
      const values = targets
        .slice(at, at + LIMITS.searchCountMax)
        .map(({ type, id }) => ({ targetType: type, target: id }));
      const filters = [{ kind: 'reference' as const, param, values }];
      const count = LIMITS.searchIncludesMax;
      const page = await reader.search({ type: source, filters, count, sort: [], total: false });
      if (page.next !== undefined) tellCut();
      added.push(...add(page.matches));
    }
    return added;
  };

  return {
    async step(includes, from) {
      const added = await forward(includes, from);
      for (const include of includes) if (include.reverse) added.push(...(await backward(include, from)));
      return added;
    },
    tell: (key, text) => issues.set(key, issue('fields-too-many', text, { severity: 'warning' })),
    found: () => [...found.values()],
    issues: () => [...issues.values()],
  };
}

/** Ids by type, of what these refer to. The rows of the index are what search itself looks at. */
function referredTo(
  includes: readonly Include[],
  from: readonly StoredResource[],
  { indexer }: ApiParts,
): Map<string, Set<string>> {
  const wanted = new Map<string, Set<string>>();
  for (const { type, content } of from) {
    const asked = includes.filter(({ reverse, source }) => !reverse && (source ?? type) === type);
    if (asked.length === 0) continue;
    for (const row of indexer.index(JSON.parse(content) as Resource).index) {
      if (row.kind !== 'reference' || row.targetType === '') continue;
      const { param, targetType, target } = row;
      if (!asked.some((one) => (one.param ?? param) === param && (one.target ?? targetType) === targetType)) continue;
      wanted.set(targetType, (wanted.get(targetType) ?? new Set()).add(target));
    }
  }
  return wanted;
}

function nameOf({ type, id }: StoredResource): string {
  return `${type}/${id}`;
}
