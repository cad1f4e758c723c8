import type { Bundle, Resource } from '@medplum/fhirtypes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/kernel/limits.ts';
import { startTestPostgres, type TestPostgres } from '../support/postgres.ts';
import { makeSyntheticBundle } from '../support/synthetic-bundle.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';

const CLIENT = 'record-generator';
const READERS = 8;

describe('whole records as transactions of 1,000 entries', () => {
  let server: TestPostgres;
  beforeAll(async () => {
    server = await startTestPostgres();
  });
  afterAll(() => server.stop());

  it('are the same for the same seed, and as large as a transaction may be', () => {
    const bundle = makeSyntheticBundle({ seed: 1, entries: 1_000 });
    expect(makeSyntheticBundle({ seed: 1, entries: 1_000 })).toEqual(bundle);
    expect(makeSyntheticBundle({ seed: 2, entries: 1_000 })).not.toEqual(bundle);
    expect(bundle.entry).toHaveLength(LIMITS.bundleEntriesMax);
    expect(new Set(bundle.entry?.map(({ fullUrl }) => fullUrl)).size).toBe(LIMITS.bundleEntriesMax);
    expect(JSON.stringify(bundle).length).toBeLessThan(LIMITS.bodyBytesMax);
  });

  describe.each(['SQLite', 'PostgreSQL'])('on %s', (engine) => {
    let gateway: TestGateway;
    beforeAll(async () => {
      const env: Record<string, string> = {};
      if (engine === 'PostgreSQL') env.DATABASE_URL = await server.createBareDatabase();
      gateway = await startTestGateway(env, { clients: { [CLIENT]: ['system/*.cruds'] } });
    });
    afterAll(() => gateway.stop());

    async function send(bundle: Bundle): Promise<Response> {
      const headers = { 'Content-Type': 'application/fhir+json' };
      return gateway.request(CLIENT, '/fhir', { method: 'POST', headers, body: JSON.stringify(bundle) });
    }

    it('are stored, and every resource is read back as it was sent, its references made real', async () => {
      const sent = makeSyntheticBundle({ seed: 3, entries: 1_000 });
      const response = await send(sent);
      const answer = (await response.json()) as Bundle;
      expect(response.status, JSON.stringify(answer).slice(0, 600)).toBe(200);
      expect(answer.entry).toHaveLength(1_000);
      const places = (answer.entry ?? []).map(({ response: made }) => {
        expect(made?.status).toMatch(/^201/);
        return /[A-Z][A-Za-z]+\/[^/]+(?=\/_history\/1$)/.exec(made?.location ?? '')?.[0] ?? '';
      });
      const real = new Map(sent.entry?.map(({ fullUrl = '' }, at) => [fullUrl, places[at] ?? '']));
      const expected = sent.entry?.map(({ resource }) => withReferences(resource, real)) ?? [];
      const found = await readAll(places);
      for (const [at, resource] of found.entries()) {
        const { id, meta, ...content } = resource as Resource & Record<string, unknown>;
        expect(content, places[at]).toEqual(expected[at]);
        expect(`${content.resourceType}/${id}`).toBe(places[at]);
        expect(meta?.versionId).toBe('1');
      }
      expect(await gateway.gateway.store.counts()).toMatchObject({ resources: 1_000 });
    }, 120_000);

    it('are refused whole when one entry is wrong, or there is one too many', async () => {
      const before = await gateway.gateway.store.counts();
      const broken = makeSyntheticBundle({ seed: 4, entries: 1_000 });
      const last = broken.entry?.at(-1)?.resource as { subject?: unknown } | undefined;
      Object.assign(last ?? {}, { subject: { reference: 'urn:uuid:00000000-0000-4000-8000-999999999999' } });
      const refused = await send(broken);
      expect(refused.status).toBeGreaterThanOrEqual(400);
      expect(JSON.stringify(await refused.json())).toContain('entry[999]');
      const large = makeSyntheticBundle({ seed: 5, entries: 1_001 });
      expect((await send(large)).status).toBe(413);
      expect(await gateway.gateway.store.counts()).toEqual(before);
    }, 120_000);

    async function readAll(places: readonly string[]): Promise<Resource[]> {
      const found: Resource[] = [];
      let next = 0;
      const read = async (): Promise<void> => {
        for (let at = next++; at < places.length; at = next++) {
          const response = await gateway.request(CLIENT, `/fhir/${places[at]}`);
          expect(response.status, places[at]).toBe(200);
          found[at] = (await response.json()) as Resource;
        }
      };
      await Promise.all(Array.from({ length: READERS }, read));
      return found;
    }
  });
});

/** The sent resource with the ids that the entries were given in place of their urn: addresses. */
function withReferences(resource: Resource | undefined, real: ReadonlyMap<string, string>): unknown {
  return JSON.parse(JSON.stringify(resource), (key, value: unknown) =>
    key === 'reference' && typeof value === 'string' ? (real.get(value) ?? value) : value,
  );
}
