import type { Resource } from '@medplum/fhirtypes';
import { describe, expect, it } from 'vitest';
import { openDefinitions } from '../../src/fhir/definitions.ts';
import { createIndexer } from '../../src/fhir/index-resource.ts';
import type { IndexRow } from '../../src/fhir/index-row.ts';
import { createMatcher } from '../../src/fhir/match-search.ts';
import { parseSearch } from '../../src/fhir/parse-search.ts';
import { searchableParameters } from '../../src/fhir/search-params.ts';
import type { SearchRequest } from '../../src/fhir/search-request.ts';
import type { ResourceWrite } from '../../src/store/store.ts';
import { makeResource } from '../support/any-resource.ts';
import { searchesFor } from '../support/searches-for.ts';
import type { OpenedStore } from './contract.ts';
import { commitOf, sampleWrite } from './support/samples.ts';

const BASE = 'https://ginnel.example/fhir';
/** Of each type, so that a search finds one among others. */
const EACH = 3;
const SEED = 20_260_105;

/** Types of R4 that are stored through the audit, or that hold nothing that is searched. */
const LEFT_OUT = new Set(['AuditEvent']);

/**
 * Whatever extraction indexes, search finds: resources of every type of R4, made of its definition, are found again by
 * every value of every one of their search parameters, in the store and in memory.
 */
export function describeSearchRoundTrip(open: () => Promise<OpenedStore>): void {
  describe('every resource by each of its search parameters', () => {
    it('is found, led by the parameter and tested by it', async () => {
      const definitions = openDefinitions();
      const indexer = createIndexer(definitions, { baseUrl: BASE });
      const matches = createMatcher();
      const { store, dispose } = await open();
      const types = [...definitions.resourceTypes].filter((type) => !LEFT_OUT.has(type));
      const read = (type: string, name: string, value: string): SearchRequest => {
        const parsed = parseSearch(
          type,
          [
            [name, value],
            ['_count', '200'],
          ],
          definitions,
          { baseUrl: BASE },
        );
        if (!parsed.ok) throw new Error(`${type}?${name}=${value}: ${parsed.issues.map(({ text }) => text).join(' ')}`);
        return parsed.value;
      };
      try {
        const exercised = new Set<string>();
        for (const [at, type] of types.entries()) {
          const writes = Array.from({ length: EACH }, (_, n): ResourceWrite => {
            const resource = makeResource(type, `${type.toLowerCase()}-${n}`, SEED + at * EACH + n, definitions);
            const { index, patient } = indexer.index(resource as Resource);
            return sampleWrite(resource.id ?? '', { type, index, patient });
          });
          expect(await store.commit(commitOf({ writes }))).toEqual({ ok: true });
          for (const write of writes) {
            const asked = distinctRows(write.index).flatMap((row) => {
              exercised.add(`${type} ${row.param.split(':')[0]}`);
              return searchesFor(row, type, BASE, definitions).map(([name, value]) => ({ row, name, value }));
            });
            await Promise.all(
              asked.map(async ({ row, name, value }) => {
                const request = read(type, name, value);
                const found = async (search: SearchRequest): Promise<boolean> =>
                  (await store.search(search)).matches.some(({ id }) => id === write.id);
                const own = { ...request, filters: [{ kind: 'id' as const, values: [write.id] }, ...request.filters] };
                const told = [type, name, value, JSON.stringify(row)];
                expect([...told, await found(request)]).toEqual([...told, true]);
                expect([...told, await found(own)]).toEqual([...told, true]);
                const inMemory = {
                  ...request,
                  filters: request.filters.flatMap((one) => (one.kind === 'any' ? one.filters.slice(1) : one)),
                };
                expect([...told, matches(inMemory, write)]).toEqual([...told, true]);
              }),
            );
          }
        }
        const all = types.flatMap((type) =>
          searchableParameters(type, definitions)
            .filter(({ code }) => code !== '_id' && code !== '_lastUpdated')
            .map(({ code }) => `${type} ${code}`),
        );
        // Chance leaves some out, not many.
        expect(exercised.size / all.length).toBeGreaterThan(0.75);
      } finally {
        await dispose();
      }
    }, 300_000);
  });
}

/** One row of each kind of value is enough of a parameter that has dozens alike. */
function distinctRows(index: readonly IndexRow[]): IndexRow[] {
  const counts = new Map<string, number>();
  return index.filter((row) => {
    const key = `${row.kind} ${row.param}`;
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    return count <= 2;
  });
}
