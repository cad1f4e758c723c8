import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { readHeads, readTrail, type TrailFilter } from '../audit/export-trail.ts';
import { formatSyslog } from '../audit/syslog.ts';
import { type SavedHead, verifyTrail } from '../audit/verify-trail.ts';
import { refuse } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import type { Io } from '../kernel/io.ts';
import { isJsonObject } from '../kernel/json.ts';
import type { Store } from '../store/store.ts';
import { auditDecision } from './audit-decision.ts';
import { openExistingStore, readConfig } from './settings.ts';

/** Problems that are named one by one; what follows is counted. */
const PROBLEMS_TOLD_MAX = 200;

/** `ginnel audit verify | heads | export`: is the trail what was written, and take it elsewhere. */
export async function runAudit(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      heads: { type: 'string' },
      format: { type: 'string', default: 'ndjson' },
      since: { type: 'string' },
      until: { type: 'string' },
      patient: { type: 'string' },
    },
  });
  const [what, ...more] = positionals;
  if (more.length > 0 || (what !== 'verify' && what !== 'heads' && what !== 'export')) {
    io.err('ginnel audit takes verify, heads or export.\n');
    return 2;
  }
  const saved = values.heads === undefined ? [] : readSavedHeads(values.heads);
  const filter = readFilter(values);
  if (values.format !== 'ndjson' && values.format !== 'syslog') {
    io.err('--format is ndjson or syslog.\n');
    return 2;
  }
  const config = readConfig(io.env);
  const store = await openExistingStore(config);
  try {
    if (what === 'verify') return await verify(store, saved, io);
    if (what === 'heads') {
      for (const head of await readHeads(store)) io.out(`${JSON.stringify(head)}\n`);
      return 0;
    }
    const subject = `${values.format} ${filter.since ?? ''}/${filter.until ?? ''}`;
    const patients = filter.patient === undefined ? [] : [filter.patient];
    const decision = { action: 'export-audit', subject, correlationId: newId(), partner: undefined, patients } as const;
    await auditDecision(decision, store, config);
    return await exportTrail(store, filter, values.format, io);
  } finally {
    await store.close();
  }
}

async function verify(store: Store, saved: readonly SavedHead[], io: Io): Promise<number> {
  let told = 0;
  const report = await verifyTrail(
    store,
    ({ text }) => {
      told += 1;
      if (told <= PROBLEMS_TOLD_MAX) io.out(`${text}\n`);
    },
    saved,
  );
  const { segments, entries, unchained, problems } = report;
  const before =
    unchained === 0 ? '' : ` ${unchained} entries are from before there was a chain, and are not verified.`;
  const result =
    problems === 0
      ? 'Nothing was altered, removed or reordered.'
      : `${problems} ${problems === 1 ? 'place is' : 'places are'} not as written.`;
  io.out(`${entries} entries in ${segments} segments.${before} ${result}\n`);
  return problems === 0 ? 0 : 1;
}

async function exportTrail(store: Store, filter: TrailFilter, format: 'ndjson' | 'syslog', io: Io): Promise<number> {
  const heads = await readHeads(store);
  const sender = { hostname: hostname(), processId: process.pid };
  for await (const entry of readTrail(store, heads, filter)) {
    io.out(`${format === 'ndjson' ? entry.content : formatSyslog(entry, sender)}\n`);
  }
  for (const head of heads) io.err(`${JSON.stringify(head)}\n`);
  return 0;
}

/** What `ginnel audit heads` printed, and `ginnel audit export` beside the trail. */
function readSavedHeads(file: string): SavedHead[] {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '');
  return lines.map((line, index) => {
    const head = parseLine(line);
    if (isJsonObject(head)) {
      const { segment, entries, hash } = head;
      if (typeof segment === 'number' && typeof entries === 'number' && typeof hash === 'string') {
        return { segment, entries, hash };
      }
    }
    throw refuse('config-invalid', `Line ${index + 1} of the heads is not a line of "ginnel audit heads".`);
  });
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function readFilter(values: {
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly patient?: string | undefined;
}): TrailFilter {
  const patient = values.patient?.replace(/^Patient\//, '');
  if (patient !== undefined && !/^[A-Za-z0-9\-.]{1,64}$/.test(patient)) {
    throw refuse('parameter-invalid', '--patient takes the id of a Patient, as in Patient/<id>.');
  }
  return { since: readInstant('--since', values.since), until: readInstant('--until', values.until), patient };
}

function readInstant(name: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const time = Date.parse(text);
  if (!Number.isFinite(time)) {
    throw refuse(
      'parameter-invalid',
      `${name} takes a date or an instant, such as 2026-03-01 or 2026-03-01T09:00:00Z.`,
    );
  }
  return new Date(time).toISOString();
}
