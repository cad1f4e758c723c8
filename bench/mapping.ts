/**
 * One 2 KB referral → Patient, ServiceRequest, CarePlan and CareTeam, by hand in JavaScript, by Ginnel's mapping, and by
 * what else can do the work. The results are compared before anything is timed. Each engine runs in processes of its own,
 * so that none is spoiled by how the others have used the same code, in turns; the best slice of each counts, so that
 * what else the machine does falls on all alike. The message is parsed before the clock runs, for all. The ids of the
 * entries are hashes (SHA-256) by one function that all engines call, which says nothing about mapping: in the first table
 * that function returns its text, to all of them alike; in the second it hashes, as in production. Hand-written
 * JavaScript and the peers ask for six ids, Ginnel for four, because a reference of its finds its entry by name.
 * Figures drift between machines; the ratios are what counts. Run it with
 * `npx node bench/mapping.ts [milliseconds for each engine and table]`.
 */
import { deepStrictEqual } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FORMATS } from '../src/formats/formats.ts';
import { CASE_CONTEXT } from '../src/mapping/cases.ts';
import { loadWithParts } from '../src/mapping/load-mapping.ts';
import { unreadFields } from '../src/mapping/unread-fields.ts';
import { createFhirPathJs, createMedplumFhirPath, mapByFhirPath } from './engines/fhirpath.ts';
import { mapByHand } from './engines/hand-written.ts';
import { createJsonata } from './engines/jsonata.ts';
import type { Referral } from './engines/referral.ts';
import { createStructureMap } from './engines/structure-map.ts';

const MILLISECONDS = Number(process.argv[2] ?? 3_000);
const WITHOUT_HASHING = join(import.meta.dirname, 'support/without-hashing.ts');
const SLICE_MS = 50;
const ROUNDS = 3;
const ROOT = join(import.meta.dirname, 'mappings');
const bytes = readFileSync(join(ROOT, 'referral/input.json'));

const loaded = loadWithParts(ROOT, 'referral');
const parsed = FORMATS.json.parse(bytes);
if (!loaded.ok || !parsed.ok || loaded.value.mapping.direction !== 'in') {
  throw new Error(JSON.stringify([...loaded.issues, ...parsed.issues]));
}
const { mapping } = loaded.value;
const payload = parsed.value;
const tree = payload.tree as Referral;

const fhirpathJs = createFhirPathJs();
const medplum = createMedplumFhirPath();
const byJsonata = createJsonata();
const byStructureMap = createStructureMap();

function mapByGinnel(): unknown {
  const result = mapping.run(payload, CASE_CONTEXT);
  return result.ok ? result.value : result.issues;
}

interface Engine {
  readonly name: string;
  readonly run: () => unknown;
  /** Its result is awaited. */
  readonly isAsync?: boolean;
  /** Not compared: it gives what is unread. */
  readonly isReport?: boolean;
}

const ENGINES: readonly Engine[] = [
  { name: 'hand-written JavaScript', run: () => mapByHand(tree) },
  { name: 'Ginnel', run: mapByGinnel },
  {
    name: 'Ginnel, watched for unread fields',
    run: () => unreadFields(loaded.value, payload, CASE_CONTEXT),
    isReport: true,
  },
  { name: '@medplum/core FHIRPath, parsed beforehand', run: () => mapByFhirPath(tree, medplum) },
  { name: 'fhirpath.js 5.2.2, compiled', run: () => mapByFhirPath(tree, fhirpathJs) },
  { name: 'jsonata 2.2.2', run: () => byJsonata(tree), isAsync: true },
  { name: '@medplum/core StructureMap', run: () => byStructureMap(tree) },
];

/** Runs per second in the best slice of the time given, after a warm-up. */
async function measure({ run, isAsync }: Engine, milliseconds: number): Promise<number> {
  let best = 0;
  const end = performance.now() + milliseconds;
  while (performance.now() < end) {
    const began = performance.now();
    let count = 0;
    while (performance.now() - began < SLICE_MS) {
      for (let turn = 0; turn < 20; turn += 1) {
        const result = run();
        if (isAsync === true) await result;
      }
      count += 20;
    }
    best = Math.max(best, (count * 1000) / (performance.now() - began));
  }
  return best;
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const wanted = plain(mapByHand(tree));

async function compare({ name, run, isReport }: Engine): Promise<void> {
  if (isReport !== true) deepStrictEqual(plain(await run()), wanted, `${name} gives something else`);
}

const alone = ENGINES.find(({ name }) => name === process.env.BENCH_ENGINE);
if (alone !== undefined) {
  await compare(alone);
  process.stdout.write(String(await measure(alone, MILLISECONDS / ROUNDS)));
  process.exit();
}

for (const engine of ENGINES) await compare(engine);

const size = Buffer.byteLength(JSON.stringify(wanted));
process.stdout.write(`${bytes.byteLength} bytes → ${size} bytes; results equal\n`);
printTable('ids not hashed', measureAll(['--import', WITHOUT_HASHING]));
printTable('ids hashed', measureAll([]));

/** Runs per second of every engine: the best of the rounds. */
function measureAll(hooks: readonly string[]): ReadonlyMap<string, number> {
  const best = new Map<string, number>();
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { name } of ENGINES) {
      const env = { ...process.env, BENCH_ENGINE: name };
      const args = [...hooks, import.meta.filename, String(MILLISECONDS)];
      const figure = Number(execFileSync(process.execPath, args, { env, encoding: 'utf8' }));
      best.set(name, Math.max(best.get(name) ?? 0, figure));
    }
  }
  return best;
}

function printTable(title: string, best: ReadonlyMap<string, number>): void {
  const perSecond = (name: string): number => best.get(name) ?? Number.NaN;
  process.stdout.write(`${title}\n`);
  for (const { name } of ENGINES) {
    const figure = Math.round(perSecond(name)).toLocaleString('en-GB').padStart(9);
    const slower = (perSecond('hand-written JavaScript') / perSecond(name)).toFixed(1).padStart(7);
    const faster = (perSecond(name) / perSecond('jsonata 2.2.2')).toFixed(1).padStart(7);
    process.stdout.write(
      `${name.padEnd(42)} ${figure}/s ${slower} × hand-written's time ${faster} × jsonata's speed\n`,
    );
  }
}
