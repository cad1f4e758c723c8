import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Resource } from '@medplum/fhirtypes';
import { describe, expect, it } from 'vitest';
import { openDefinitions } from '../../src/fhir/definitions.ts';
import { createIndexer } from '../../src/fhir/index-resource.ts';
import { createMatcher } from '../../src/fhir/match-search.ts';
import { parseSearch } from '../../src/fhir/parse-search.ts';
import { searchesFor } from '../support/searches-for.ts';

/** Published examples from the folder that GINNEL_CONFORMANCE_DATA names (see docs/conformance.md). */
const data = process.env.GINNEL_CONFORMANCE_DATA ?? '';
const BASE = 'https://ginnel.example/fhir';
const definitions = openDefinitions();
const indexer = createIndexer(definitions, { baseUrl: BASE });
const matches = createMatcher();

function readExamples(): Resource[] {
  return ['hl7-r4/examples', 'ukcore']
    .map((folder) => join(data, folder))
    .filter(existsSync)
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.json'))
        .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Resource),
    )
    .filter(({ resourceType, id }) => definitions.resourceTypes.has(resourceType) && id !== undefined);
}

describe.skipIf(!existsSync(data))('published examples (skipped unless GINNEL_CONFORMANCE_DATA is set)', () => {
  it('are found by each value of each of their search parameters', () => {
    const examples = readExamples();
    expect(examples.length).toBeGreaterThan(50);
    const missed: string[] = [];
    let searches = 0;
    for (const resource of examples) {
      const { resourceType: type, id = '' } = resource;
      const target = { type, id, lastUpdated: '2026-01-05T10:00:00.000Z', index: indexer.index(resource).index };
      for (const row of target.index) {
        for (const [name, value] of searchesFor(row, type, BASE, definitions)) {
          const parsed = parseSearch(type, [[name, value]], definitions, { baseUrl: BASE });
          searches += 1;
          // `:identifier` looks for the Patient as well, who is not at hand; the reference's own comes last.
          const filters = parsed.ok
            ? parsed.value.filters.flatMap((one) => (one.kind === 'any' ? one.filters.slice(-1) : one))
            : [];
          if (!parsed.ok || !matches({ ...parsed.value, filters }, target))
            missed.push(`${type}/${id} ${name}=${value}`);
        }
      }
    }
    expect(missed).toEqual([]);
    expect(searches).toBeGreaterThan(1_000);
  });
});
