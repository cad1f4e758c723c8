import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import type { Config } from '../config/config.ts';
import { openDefinitions } from '../fhir/definitions.ts';
import { createIndexer } from '../fhir/index-resource.ts';
import { openStore, openTables } from '../gateway.ts';
import { formatIssue, issue, refuse } from '../kernel/errors.ts';
import type { Io } from '../kernel/io.ts';
import { checkStore } from '../store/maintain/check-store.ts';
import { compactStore, countRemovable, type Removed, type Retention } from '../store/maintain/compact-store.ts';
import { type CopiedTable, copyStore } from '../store/maintain/copy-store.ts';
import type { StoreTables } from '../store/maintain/tables.ts';
import { auditDecision } from './audit-decision.ts';
import { readConfig, requireDataFolder } from './settings.ts';

const DAY_MS = 86_400_000;

const ACTIONS: Readonly<Record<string, (argv: string[], io: Io) => Promise<number>>> = {
  migrate: runMigrate,
  copy: runCopy,
  check: runCheckStore,
  compact: runCompact,
};

/** `ginnel store <what>`: what an operator does with the store itself, beside a running gateway or without one. */
export async function runStore(argv: readonly string[], io: Io): Promise<number> {
  const [name = '', ...rest] = argv;
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (action !== undefined) return action(rest, io);
  // An option where the action belongs is one that there is not, and is told as such, with the usage.
  parseArgs({ args: [...argv], allowPositionals: true, options: {} });
  io.err('Usage: ginnel store migrate | copy | check | compact\n');
  return 2;
}

/** Applies what is missing, or says what is. Processes of the version before go on meanwhile. */
async function runMigrate(args: string[], io: Io): Promise<number> {
  const { values } = parseArgs({ args, options: { 'dry-run': { type: 'boolean', default: false } } });
  return withStore(readConfig(io.env), { create: true }, async (tables) => {
    const pending = await tables.pendingMigrations();
    if (!values['dry-run']) await tables.migrate();
    for (const { number, name } of pending) {
      io.out(`${String(number).padStart(6, '0')}-${name}  ${values['dry-run'] ? 'to be applied' : 'applied'}\n`);
    }
    if (pending.length === 0) io.out('There is nothing to migrate.\n');
    return 0;
  });
}

/** Moves a store. Exit code 1 where the copy is not what the source is. */
async function runCopy(args: string[], io: Io): Promise<number> {
  const { values } = parseArgs({ args, options: { from: { type: 'string' }, to: { type: 'string' } } });
  const [from, to] = [addressOf(values.from, io), addressOf(values.to, io)];
  if (from === undefined || to === undefined || from === to) {
    io.err(
      'Usage: ginnel store copy --from <folder | postgres://… | DATABASE_URL> --to <folder | postgres://… | DATABASE_URL>\n',
    );
    return 2;
  }
  const source = await openTables(from);
  try {
    const target = await openTables(to, { create: true });
    try {
      const { equal, sourceChanged } = await copyStore(source, target, (table) => io.out(describeTable(table)));
      if (!equal) {
        const text = 'The copy is not what the source is. Remove the target, or empty it, and copy again.';
        io.err(`${formatIssue(issue('store-copy-differs', text))}\n`);
      } else if (sourceChanged) {
        const text =
          'The source was written to meanwhile: the copy is its state when it began. Stop the gateway and copy again, to an empty target.';
        io.err(`${formatIssue(issue('store-copy-differs', text))}\n`);
      } else {
        io.out('Every table has equal counts and hashes.\n');
      }
      return equal && !sourceChanged ? 0 : 1;
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

/** The address may be named by its variable, which keeps a password from the list of processes. */
function addressOf(given: string | undefined, io: Io): string | undefined {
  const address = given === 'DATABASE_URL' ? io.env.DATABASE_URL : given;
  return address === '' ? undefined : address;
}

function describeTable({ name, from, to }: CopiedTable): string {
  const same = from.rows === to.rows && from.hash === to.hash;
  const counts = same ? `${from.rows} rows` : `${from.rows} rows, but ${to.rows} in the copy`;
  return `${name.padEnd(16)} ${counts.padEnd(20)} sha256 ${from.hash.slice(0, 16)}${same ? '' : ` ≠ ${to.hash.slice(0, 16)}`}\n`;
}

/** Exit code 1 where something is wrong and was not mended. */
async function runCheckStore(args: string[], io: Io): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { all: { type: 'boolean', default: false }, repair: { type: 'boolean', default: false } },
  });
  const config = readConfig(io.env);
  if (values.repair) await auditAction(config, 'repair-store', 'derived rows and lanes');
  return withStore(config, {}, async (tables) => {
    await requireMigrated(tables);
    const indexer = createIndexer(openDefinitions(), { baseUrl: `${config.baseUrl}/fhir` });
    const { issues, repaired, compared } = await checkStore(tables, { indexer, ...values });
    for (const one of issues) io.err(`${formatIssue(one)}\n`);
    const which = values.all ? 'every resource' : 'a sample';
    io.out(`${issues.length} findings, ${repaired} mended; index rows of ${compared} resources compared (${which}).\n`);
    return issues.length === 0 ? 0 : 1;
  });
}

/** Removes what the configured retention says, or what the command line says in its place. */
async function runCompact(args: string[], io: Io): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      'dry-run': { type: 'boolean', default: false },
      'message-body-days': { type: 'string' },
      'delivery-days': { type: 'string' },
    },
  });
  const config = readConfig(io.env);
  const bodyDays = readDays(values['message-body-days'], config.retention.messageBodyDays);
  const deliveryDays = readDays(values['delivery-days'], config.retention.deliveryDays);
  if (Number.isNaN(bodyDays) || Number.isNaN(deliveryDays)) {
    io.err('Days are a whole number, 1 or more.\n');
    return 2;
  }
  const now = Date.now();
  const before = (days: number | undefined): string | undefined =>
    days === undefined ? undefined : new Date(now - days * DAY_MS).toISOString();
  const retention: Retention = {
    bodiesBefore: before(bodyDays),
    deliveriesBefore: before(deliveryDays),
    now: new Date(now).toISOString(),
  };
  return withStore(config, {}, async (tables) => {
    await requireMigrated(tables);
    if (values['dry-run']) {
      io.out(`Would be removed: ${describeRemoved(await countRemovable(tables, retention))}.\n`);
      return 0;
    }
    const { bodiesBefore = 'none', deliveriesBefore = 'none' } = retention;
    await auditAction(config, 'compact-store', `bodies before ${bodiesBefore}, deliveries before ${deliveriesBefore}`);
    io.out(`Removed: ${describeRemoved(await compactStore(tables, retention))}.\n`);
    return 0;
  });
}

function readDays(given: string | undefined, configured: number | undefined): number | undefined {
  if (given === undefined) return configured;
  return /^[1-9][0-9]{0,4}$/.test(given) ? Number(given) : Number.NaN;
}

function describeRemoved({ bodies, deliveries, assertionIds, orphans }: Removed): string {
  return `${bodies} message bodies, ${deliveries} deliveries, ${assertionIds} assertion ids, ${orphans} orphans`;
}

/** In the audit before it is done. */
async function auditAction(config: Config, action: 'compact-store' | 'repair-store', subject: string): Promise<void> {
  requireDataFolder(config);
  const store = await openStore(config);
  try {
    const decision = { action, subject, correlationId: randomUUID(), partner: undefined, patients: [] };
    await auditDecision(decision, store, config);
  } finally {
    await store.close();
  }
}

async function requireMigrated(tables: StoreTables): Promise<void> {
  if ((await tables.pendingMigrations()).length === 0) return;
  throw refuse('store-unusable', 'The store is older than this Ginnel. Migrate it first: ginnel store migrate.');
}

async function withStore(
  config: Config,
  options: { readonly create?: boolean },
  action: (tables: StoreTables) => Promise<number>,
): Promise<number> {
  const tables = await openTables(config.database ?? config.dataFolder, options);
  try {
    return await action(tables);
  } finally {
    await tables.close();
  }
}
