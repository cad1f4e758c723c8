import { describe, expect, it } from 'vitest';
import type { Access } from '../../src/access/access.ts';
import { RequestFacts } from '../../src/auth/request-facts.ts';
import type { PatientFacts, PatientFactsRequest } from '../../src/store/patient-facts.ts';

/** A store that tells nothing of anybody, counts how often it is asked, and fails as often as it is told to. */
function open({ failures = 0 } = {}) {
  const asked: string[][] = [];
  let left = failures;
  const patientFacts = async ({ patients }: PatientFactsRequest): Promise<PatientFacts[]> => {
    asked.push([...patients]);
    if (left > 0) {
      left -= 1;
      throw new Error('the store is busy');
    }
    const none = new Set<string>();
    return patients.map((patient) => ({ patient, related: none, registered: none, restricted: false, consents: [] }));
  };
  const access = { asksRelationships: false, organisations: [] as unknown } as Access;
  return { asked, facts: new RequestFacts(access, { store: { patientFacts }, findNames: async () => new Map() }) };
}

describe('the facts that one request asks for', () => {
  it('are one statement for all who ask in one turn', async () => {
    const { asked, facts } = open();
    const found = await Promise.all([facts.of(['p1', null]), facts.of(['p2']), facts.of([null])]);
    expect(asked).toEqual([['p1', 'p2']]);
    expect(found.map((known) => known.get('p2')?.patient)).toEqual(['p2', 'p2', undefined]);
  });

  it('come while a resource is written, and are not asked for again to show it', async () => {
    const { asked, facts } = open();
    facts.keepAhead('p1', facts.of(['p1']));
    expect((await facts.takeAhead('p1')).get('p1')?.patient).toBe('p1');
    expect(asked.length).toBe(1);
  });

  it('are asked for again where that failed: what was written is not answered as if it were not', async () => {
    const { asked, facts } = open({ failures: 1 });
    facts.keepAhead('p1', facts.of(['p1']));
    expect((await facts.takeAhead('p1')).get('p1')?.patient).toBe('p1');
    expect(asked.length).toBe(2);
  });

  it('are asked for again where the write itself may have changed them', async () => {
    const { asked, facts } = open();
    const before = facts.of(['p1']);
    facts.keepAhead('p1', before);
    facts.mayChange();
    await before;
    await facts.takeAhead('p1');
    expect(asked.length).toBe(2);
  });
});
