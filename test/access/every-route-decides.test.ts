import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { FHIR_ROUTES } from '../../src/api/routes.ts';
import type { AccessNeed } from '../../src/auth/identity.ts';
import { probesOf, routeName, wholeProbes } from './matrix-requests.ts';
import { openWorld, SEEDS, seedWorld, type World } from './world.ts';

/** Hears what is decided; the decision itself is the real one. */
const asked = vi.hoisted((): { needs: unknown[] } => ({ needs: [] }));
vi.mock('../../src/auth/decide.ts', async (original) => {
  const real = await original<typeof import('../../src/auth/decide.ts')>();
  return {
    ...real,
    decide: (...args: Parameters<typeof real.decide>) => {
      asked.needs.push(args[1]);
      return real.decide(...args);
    },
  };
});

let folder: string;
let world: World;
beforeAll(async () => {
  folder = await seedWorld();
  world = await openWorld(folder);
}, 60_000);
afterAll(async () => {
  await world.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Open to everybody: it says what the server can do. */
const OPEN = new Set(['GET /metadata']);

describe('one function decides', () => {
  it.each(FHIR_ROUTES.map((route) => [routeName(route), route] as const).filter(([name]) => !OPEN.has(name)))(
    '%s asks it, for what the route table says',
    async (name, route) => {
      const probes = [...SEEDS.flatMap(probesOf), ...wholeProbes()].filter((probe) => probe.route === name);
      const probe = probes.find(({ seed }) => seed?.name === 'ada') ?? probes[0];
      if (probe === undefined) throw new Error(`no request for ${name}`);
      asked.needs = [];
      await world.ask(await world.token('related'), probe.method, probe.path, probe.body, probe.headers);
      const first = asked.needs[0] as AccessNeed | undefined;
      expect(first?.interaction).toBe(route.interaction);
    },
  );
});
