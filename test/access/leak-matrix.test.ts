import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ACCESS_CHECKS, type AccessCheck } from '../../src/access/checks.ts';
import { eventually } from '../support/test-gateway.ts';
import { findLeaks, KINDS, type Kind, type Others } from './leaks.ts';
import { unwatchedRoutes } from './matrix-requests.ts';
import { CHECKS, EQUIPMENT_NEED, LABELS, openWorld, seedWorld, type World } from './world.ts';

/**
 * Every way in, of the route table, for every kind of caller: nothing and no count that should not be there, in any
 * byte. Then the same with each check left out in turn: the matrix must see it.
 */
let folder: string;
let elsewhere: World;
let others: Others;
beforeAll(async () => {
  folder = await seedWorld();
  elsewhere = await openWorld(folder, { copy: true });
  others = { elsewhere };
}, 60_000);
afterAll(async () => {
  await elsewhere.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('the leak matrix', () => {
  it('watches every route: what is new must say in matrix-requests.ts how it would reach a resource', () => {
    expect(unwatchedRoutes()).toEqual([]);
  });

  it.each(KINDS)(
    'gives nothing that it should not to: $name',
    async (kind) => {
      const world = await openWorld(folder, { copy: true });
      try {
        expect(await findLeaks(world, kind, others)).toEqual([]);
      } finally {
        await world.stop();
      }
    },
    120_000,
  );

  it('gives a partner by routes only what consent, basis and labels let it have', async () => {
    expect(await routeLeaks([])).toEqual([]);
  });
});

/** Whom a missing check would be seen by, and which other must be missing too where two stand behind one another. */
const SEEN_BY: Readonly<Record<AccessCheck, { readonly kind: string; readonly besides?: AccessCheck }>> = {
  token: { kind: 'none' },
  scope: { kind: 'one scope' },
  rule: { kind: 'two types' },
  relationship: { kind: 'unrelated' },
  neighbourhood: { kind: 'neighbourhood' },
  category: { kind: 'category' },
  criteria: { kind: 'scope with a query' },
  label: { kind: 'everybody' },
  launch: { kind: 'launched for one patient' },
  consent: { kind: 'consent needed' },
  'search-narrowed': { kind: 'related' },
  'chain-narrowed': { kind: 'unrelated' },
  'result-judged': { kind: 'unrelated' },
  'version-judged': { kind: 'unrelated' },
  'element-kept-back': { kind: 'minimum necessary' },
  'element-search': { kind: 'minimum necessary' },
  'display-kept-back': { kind: 'related' },
  'restricted-kept-back': { kind: 'related' },
  'restricted-search': { kind: 'related' },
  'write-target': { kind: 'related' },
  'write-judged': { kind: 'related' },
  'page-owned': { kind: 'related' },
  'route-consent': { kind: 'partner' },
  'route-label': { kind: 'partner' },
};

describe('the leak matrix fails when a check is missing', () => {
  it.each(CHECKS)(
    '%s',
    async (check) => {
      expect(ACCESS_CHECKS[check]).toBeTruthy();
      const { kind, besides } = SEEN_BY[check];
      const off = besides === undefined ? [check] : [check, besides];
      const leaks = kind === 'partner' ? await routeLeaks(off) : await leaksWithout(off, kind);
      expect(leaks).not.toEqual([]);
    },
    60_000,
  );
});

async function leaksWithout(off: readonly AccessCheck[], name: string): Promise<string[]> {
  const world = await openWorld(folder, { copy: true, off });
  try {
    const kind = KINDS.find((one) => one.name === name) as Kind;
    return await findLeaks(world, kind, others, 1);
  } finally {
    await world.stop();
  }
}

/** The equipment service is no health partner here, and has no other basis; nor is it cleared for labels. */
async function routeLeaks(off: readonly AccessCheck[]): Promise<string[]> {
  const leaks: string[] = [];
  const cases = [
    { name: 'without consent or basis', kind: 'other' as const, security: [] },
    { name: 'above its clearance', kind: 'health' as const, security: [{ system: LABELS, code: 'V' }] },
  ];
  for (const { name, kind, security } of cases) {
    const world = await openWorld(folder, {
      copy: true,
      off,
      extra: (config) => {
        const partner = config.partners.get('stockport-equipment');
        if (partner === undefined) throw new Error('the example has changed');
        const changed = { ...partner, kind, basis: undefined };
        return { ...config, partners: new Map([...config.partners, ['stockport-equipment', changed]]) };
      },
    });
    try {
      const answer = await world.ask(await world.token('seeder'), 'POST', 'ServiceRequest', {
        resourceType: 'ServiceRequest',
        ...(security.length === 0 ? {} : { meta: { security } }),
        status: 'active',
        intent: 'order',
        category: [{ coding: [EQUIPMENT_NEED] }],
        subject: { reference: 'Patient/ada' },
      });
      expect(answer.status).toBe(201);
      const routed = await eventually(async () => {
        const counts = await world.gateway.store.counts();
        await world.gateway.drain();
        return { sent: counts.deliveriesPending + counts.deliveriesDelivered + counts.deliveriesDead };
      });
      if (routed.sent > 0) leaks.push(`partner: sent ${name}`);
    } finally {
      await world.stop();
    }
  }
  return leaks;
}
