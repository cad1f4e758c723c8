import { readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Config } from '../config/config.ts';
import { GinnelError } from '../kernel/errors.ts';
import type { Io } from '../kernel/io.ts';
import { LIMITS } from '../kernel/limits.ts';
import { CASE_CONTEXT, listCases } from '../mapping/cases.ts';
import { type Change, type Comparison, compareVersions, isSame } from '../mapping/compare-versions.ts';
import { loadMapping } from '../mapping/load-mapping.ts';
import type { Mapping, MappingContext } from '../mapping/mapping.ts';
import { readMappingName } from '../mapping/versions.ts';
import type { StoredMessage } from '../store/store.ts';
import { isJsonWanted, mappingsRoot, ROOT_OPTIONS } from './mapping-tools.ts';

/** A message that both versions are run over. */
interface Sample {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly context: MappingContext;
}

const USAGE =
  'Usage: ginnel diff <mapping> <version | folder> [--stored [--limit n]] [--values] [--format json] [--mappings folder]\n';

/**
 * `ginnel diff <mapping> <old>`: runs the cases of a mapping, and with `--stored` the messages that were received for
 * it, under an old version and as it is now, and shows each element that changes. Values are a patient's, and are shown
 * only where `--values` asks for them. Exit code 1 where something changes.
 */
export async function runDiff(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    options: {
      ...ROOT_OPTIONS,
      stored: { type: 'boolean', default: false },
      limit: { type: 'string' },
      values: { type: 'boolean', default: false },
      format: { type: 'string' },
    },
    allowPositionals: true,
  });
  const [name, old] = positionals;
  const limit = Number(values.limit ?? LIMITS.storeListDefault);
  if (name === undefined || old === undefined || positionals.length > 2 || !Number.isInteger(limit) || limit < 1) {
    io.err(USAGE);
    return 2;
  }
  const json = isJsonWanted(values.format, io);
  if (json === undefined) return 2;
  const root = mappingsRoot(values, io);
  const after = mustLoad(root, name);
  const before = loadOld(root, name, old);
  const samples = [...sampleCases(root, name), ...(values.stored ? await sampleStored(name, limit, io) : [])];
  if (samples.length === 0) {
    io.err('There is no case and no message to compare by.\n');
    return 1;
  }
  const compared = samples.map((sample) => ({
    name: sample.name,
    ...compareVersions(before, after, sample.bytes, sample.context),
  }));
  const changed = compared.filter((one) => !isSame(one));
  if (json) {
    const messages = changed.map((one) => ({
      ...one,
      changes: one.changes.map((change) => shown(change, values.values)),
    }));
    const versions = { before: before.version, after: after.version };
    io.out(`${JSON.stringify({ ...versions, compared: compared.length, messages }, undefined, 2)}\n`);
  } else {
    for (const one of changed) printComparison(one.name, one, values.values, io);
    io.out(
      `${before.version} → ${after.version}: ${compared.length} messages, ${changed.length} changed, ` +
        `${compared.length - changed.length} the same.\n`,
    );
  }
  return changed.length === 0 ? 0 : 1;
}

function mustLoad(root: string, name: string): Mapping {
  const loaded = loadMapping(root, name);
  if (!loaded.ok) throw new GinnelError(loaded.issues);
  return loaded.value;
}

/** A version that is kept, by its hash; or the same mapping in another folder, of another checkout for instance. */
function loadOld(root: string, name: string, old: string): Mapping {
  const hash = old.replace(/^.*@/, '');
  if (/^[0-9a-f]{12,16}$/.test(hash)) return mustLoad(root, `${readMappingName(name)?.folder ?? name}@${hash}`);
  const folder = resolve(old);
  return mustLoad(dirname(folder), basename(folder));
}

function sampleCases(root: string, name: string): Sample[] {
  return listCases(root, name).flatMap((one) =>
    one.input === undefined
      ? []
      : [{ name: one.name, bytes: readFileSync(join(one.folder, one.input)), context: CASE_CONTEXT }],
  );
}

/** Messages that were received for this mapping in any version, the latest first. */
async function sampleStored(name: string, limit: number, io: Io): Promise<Sample[]> {
  const { openExistingStore, readConfig } = await import('./settings.ts');
  const config = readConfig(io.env);
  const store = await openExistingStore(config);
  try {
    const found = await store.messages({ limit: LIMITS.storeListMax });
    const samples: Sample[] = [];
    for (const message of found) {
      if (samples.length === limit || readMappingName(message.mapping)?.folder !== name) continue;
      const bytes = await store.messageBody(message.id);
      if (bytes !== undefined) samples.push({ name: message.id, bytes, context: contextOf(message, config) });
    }
    return samples;
  } finally {
    await store.close();
  }
}

/** What the mapping could see when the message was received. */
function contextOf({ id, partner: name, receivedAt }: StoredMessage, config: Config): MappingContext {
  const partner = config.partners.get(name);
  return {
    now: new Date(receivedAt),
    partner: { name, title: partner?.title ?? name, organisation: partner?.organisation },
    messageId: id,
  };
}

function shown({ element, how, before, after }: Change, withValues: boolean): object {
  return withValues ? { element, how, before, after } : { element, how };
}

function printComparison(name: string, one: Comparison, withValues: boolean, io: Io): void {
  io.out(`${name}\n`);
  const state = (codes: readonly string[]) => (codes.length === 0 ? 'accepted' : `refused (${codes.join(', ')})`);
  const [before, after] = [state(one.refusedBefore), state(one.refusedAfter)];
  if (before !== after) io.out(`  was ${before}, is ${after}\n`);
  for (const change of one.changes) {
    const values = withValues ? `: ${showValue(change.before)} → ${showValue(change.after)}` : '';
    io.out(`  ${change.element} ${change.how}${values}\n`);
  }
}

function showValue(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
