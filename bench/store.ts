/**
 * Both stores, each against a floor: the same rows in the same tables by bare prepared statements of the database's own
 * client, in the same run. Figures drift between machines; the ratios say what our own code costs. Run it with
 * `npx node bench/store.ts [commits] [sqlite|postgres]`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { flattenAudit, planAudit } from '../src/store/sql/plan-audit.ts';
import { planCommit } from '../src/store/sql/plan-commit.ts';
import type { Commit, Store } from '../src/store/store.ts';
import { postgresKind, type StoreKind, sqliteKind } from './support/store-floors.ts';
import { idOf, makeCommit, NOW, patientOf, SEARCHES } from './support/store-works.ts';

const COMMITS = Number(process.argv[2] ?? 6_000);
const ONLY = process.argv[3];
const RESOURCES = COMMITS * 3;
/** Reads and searches under way at once. */
const READERS = 8;

/** How many a second, with so many under way at once. */
async function rateOf(count: number, concurrency: number, work: (n: number) => unknown): Promise<number> {
  let next = 0;
  const started = performance.now();
  const worker = async (): Promise<void> => {
    for (let n = next++; n < count; n = next++) await work(n);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return (count * 1_000) / (performance.now() - started);
}

async function commitOne(store: Store, commit: Commit | undefined): Promise<void> {
  const result = commit === undefined ? undefined : await store.commit(commit);
  if (result?.ok !== true) throw new Error(`conflict ${result?.conflict}`);
}

function report(what: string, ours: number, floor: number, more = ''): void {
  const figure = (value: number): string => Math.round(value).toLocaleString('en').padStart(9);
  const share = `${((100 * ours) / floor).toFixed(0)} %`.padStart(6);
  process.stdout.write(`${`${what.padEnd(42)}  ${figure(ours)}  ${figure(floor)}  ${share}  ${more}`.trimEnd()}\n`);
}

async function measureCommits(kind: StoreKind, concurrency: number): Promise<void> {
  const commits = Array.from({ length: COMMITS }, (_, n) => makeCommit(`c${concurrency}`, n));
  const store = await kind.openStore(`store-${concurrency}`);
  const latencies: number[] = [];
  const ours = await rateOf(COMMITS, concurrency, async (n) => {
    const started = performance.now();
    await commitOne(store, commits[n]);
    latencies.push(performance.now() - started);
  });
  await store.close();
  const floor = await kind.openFloor(`floor-${concurrency}`);
  // The floor writes the same rows of the audit, and no chain over them.
  const plans = commits.map((commit) => [
    ...planCommit(commit),
    ...planAudit(flattenAudit(commit.audit).map((audit) => ({ audit, place: null }))),
  ]);
  const started = performance.now();
  await floor.commitAll(plans, concurrency);
  const bare = (COMMITS * 1_000) / (performance.now() - started);
  await floor.close();
  latencies.sort((one, other) => one - other);
  const p = (share: number): string => (latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(1);
  report(`commits, ${concurrency} at once`, ours, bare, `p50 ${p(0.5)} ms, p99 ${p(0.99)} ms`);
}

async function measureReads(kind: StoreKind): Promise<void> {
  const store = await kind.openStore('filled');
  await rateOf(RESOURCES, 32, (n) => commitOne(store, makeCommit('r', n)));
  const floor = await kind.openFloor('filled');
  const idAt = (n: number): string => idOf('r', (n * 7919) % RESOURCES);
  const reads = await rateOf(COMMITS * 3, READERS, (n) => store.read('ServiceRequest', idAt(n)));
  report('reads', reads, await rateOf(COMMITS * 3, READERS, (n) => floor.read('ServiceRequest', idAt(n))));
  const bare = await rateOf(COMMITS, READERS, (n) => floor.searchByPatient(patientOf(n)));
  for (const [name, make] of Object.entries(SEARCHES)) {
    report(`search ${name}`, await rateOf(COMMITS, READERS, (n) => store.search(make(n, idAt(n)))), bare);
  }
  await floor.close();
  await measureDeliveries(store);
  await store.close();
}

async function measureDeliveries(store: Store): Promise<void> {
  const started = performance.now();
  let delivered = 0;
  for (;;) {
    const lease = { owner: 'bench', now: '2026-01-06T00:00:00.000Z', leaseUntil: '2026-01-06T00:00:30.000Z' };
    const claimed = await store.claimDeliveries({ ...lease, limit: 16 });
    if (claimed.length === 0) break;
    const outcome = { kind: 'delivered', status: 200 } as const;
    const settled = claimed.map(({ id }) =>
      store.settleDelivery({ id, owner: 'bench', at: NOW, outcome, durationMs: 1, audit: [] }),
    );
    delivered += (await Promise.all(settled)).filter(Boolean).length;
  }
  if (delivered !== RESOURCES) throw new Error(`${delivered} of ${RESOURCES} were delivered`);
  const rate = (RESOURCES * 1_000) / (performance.now() - started);
  process.stdout.write(
    `${'deliveries claimed and settled'.padEnd(42)}  ${Math.round(rate).toLocaleString('en').padStart(9)}\n`,
  );
}

const folder = mkdtempSync(join(tmpdir(), 'ginnel-bench-'));
try {
  const kinds = [
    ...(ONLY === 'postgres' ? [] : [async () => sqliteKind(folder)]),
    ...(ONLY === 'sqlite' ? [] : [postgresKind]),
  ];
  for (const makeKind of kinds) {
    const kind = await makeKind();
    try {
      const head = `${kind.name}, per second`.padEnd(42);
      process.stdout.write(`${head}  ${'store'.padStart(9)}  ${'floor'.padStart(9)}   share\n`);
      for (const concurrency of [1, 16, 64]) await measureCommits(kind, concurrency);
      await measureReads(kind);
    } finally {
      await kind.dispose();
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
