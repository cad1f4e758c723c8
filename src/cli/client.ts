import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { checkScopes } from '../auth/check-clients.ts';
import { hashApiKey, type Registration, readRegistration } from '../auth/client-directory.ts';
import { isKeySetUrl } from '../auth/fetch-key-set.ts';
import { readKeySet } from '../auth/key-set.ts';
import type { Config } from '../config/config.ts';
import { openDefinitions } from '../fhir/definitions.ts';
import { systemClock } from '../kernel/clock.ts';
import { GinnelError, hasErrors, refuse } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import type { Io } from '../kernel/io.ts';
import { LIMITS } from '../kernel/limits.ts';
import type { Store } from '../store/store.ts';
import { auditDecision } from './audit-decision.ts';
import { openExistingStore, readConfig } from './settings.ts';

const ID = /^[a-z0-9][a-z0-9-]{0,62}$/;
const USAGE =
  'Say "list", "add", "rotate" or "revoke", and for the last three the client: ginnel client revoke my-app\n';

/** What every process of the gateway knows, it knows within this time. */
const SOON = ` within ${LIMITS.standingFreshMs / 1000} s`;

interface ClientOptions {
  readonly partner?: string | undefined;
  readonly scope?: string | undefined;
  readonly jwks?: string | undefined;
  readonly url?: string | undefined;
  readonly certificate?: string | undefined;
  readonly 'api-key'?: boolean | undefined;
  readonly undo?: boolean | undefined;
  readonly now?: boolean | undefined;
}

/**
 * `ginnel client add|list|rotate|revoke`: clients while the gateway runs. They are kept in the store, so every process
 * knows of a change within seconds; those of the configuration are listed, and may be revoked, but are changed there.
 */
export async function runClient(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      partner: { type: 'string' },
      scope: { type: 'string' },
      jwks: { type: 'string' },
      url: { type: 'string' },
      certificate: { type: 'string' },
      'api-key': { type: 'boolean' },
      undo: { type: 'boolean' },
      now: { type: 'boolean' },
    },
  });
  const [action = '', id, ...more] = positionals;
  const actions = { list: listClients, add: addClient, rotate: rotateClient, revoke: revokeClient };
  if (!Object.hasOwn(actions, action) || (action === 'list') !== (id === undefined) || more.length > 0) {
    io.err(USAGE);
    return 2;
  }
  const config = readConfig(io.env);
  const store = await openExistingStore(config);
  try {
    await actions[action as keyof typeof actions]({ id: id ?? '', options: values, config, store, io });
    return 0;
  } finally {
    await store.close();
  }
}

interface Task {
  readonly id: string;
  readonly options: ClientOptions;
  readonly config: Config;
  readonly store: Store;
  readonly io: Io;
}

async function listClients({ config, store, io }: Task): Promise<void> {
  const stored = await clientsOf(store);
  const revoked = new Set(stored.filter((one) => one.revoked).map((one) => one.id));
  const added = stored.flatMap((one) => readRegistration(one) ?? []);
  for (const [place, clients] of [
    ['configuration', config.clients.values()],
    ['store', added],
  ] as const) {
    for (const { id, partner, scopes, keys } of clients) {
      const state = revoked.has(id) ? 'revoked' : 'active';
      io.out(`${id}  ${state}  ${place}  ${partner}  ${keys.kind}  ${scopes.join(' ')}\n`);
    }
  }
}

async function clientsOf(store: Store) {
  const now = systemClock.now().toISOString();
  return (await store.standing({ now, signedAfter: now })).clients;
}

async function addClient(task: Task): Promise<void> {
  const { id, options, config, store, io } = task;
  if (!ID.test(id)) throw refuse('config-invalid', 'A client id is made of small letters, digits and hyphens.');
  const before = await store.client(id);
  if (config.clients.has(id) || before !== undefined) {
    throw refuse(
      'config-invalid',
      `There is a client ${id}. Its keys are changed by "rotate", its end is undone by "revoke --undo".`,
    );
  }
  if ((await clientsOf(store)).length >= LIMITS.clientsMax)
    throw refuse('config-invalid', `There are ${LIMITS.clientsMax} clients, which is as many as there may be.`);
  const { partner = '', scope = '' } = options;
  if (!config.partners.has(partner))
    throw refuse('config-invalid', `Say whose it is, by --partner: ${[...config.partners.keys()].join(', ')}.`);
  const scopes = scope.split(' ').filter((part) => part !== '');
  if (scopes.length === 0) throw refuse('config-invalid', 'Say what it may ask for: --scope "system/CarePlan.rs".');
  const wrong = checkScopes(scopes, ['system'], '--scope', openDefinitions());
  if (hasErrors(wrong)) throw new GinnelError(wrong);
  const { keys, apiKey } = await readProof(options);
  const isForMessages = keys.kind === 'api-key' || keys.kind === 'certificate';
  if (isForMessages && scopes.some((one) => one !== 'intake'))
    throw refuse('config-invalid', 'An API key or a certificate opens the doors for messages alone: --scope intake.');
  await writeClient('add-client', { partner, scopes, keys }, task);
  io.out(`${id} may come in${SOON}.\n`);
  const isReader = scopes.some((one) => one !== 'intake');
  if (isReader && (config.partners.get(partner)?.access ?? []).length === 0)
    io.err(`It sees nothing so far: the configuration has no access rules for ${partner} (docs/access.md).\n`);
  printApiKey(apiKey, io);
}

/** New keys; of API keys, the one before stays good until the next rotation, or ends with --now. */
async function rotateClient(task: Task): Promise<void> {
  const { id, options, config, store, io } = task;
  const stored = await store.client(id);
  const client = stored === undefined ? undefined : readRegistration(stored);
  if (config.clients.has(id) || stored === undefined || client === undefined)
    throw refuse('config-invalid', `${id} was not added here. What the configuration names is changed there.`);
  if (client.keys.kind === 'url' && options.url === undefined)
    throw refuse('config-invalid', `${id} changes its keys by itself, at ${client.keys.url}.`);
  const isApiKey = client.keys.kind === 'api-key';
  const { keys, apiKey } = await readProof({ ...options, 'api-key': isApiKey || options['api-key'] });
  const previous = client.keys.kind === 'api-key' && options.now !== true ? client.keys.hashes.slice(0, 1) : [];
  const rotated = keys.kind === 'api-key' ? { ...keys, hashes: [...keys.hashes, ...previous] } : keys;
  await writeClient('rotate-client', { partner: client.partner, scopes: client.scopes, keys: rotated }, task);
  io.out(`${id} has new keys${SOON}.\n`);
  printApiKey(apiKey, io);
}

async function revokeClient(task: Task): Promise<void> {
  const { id, options, config, store, io } = task;
  const stored = await store.client(id);
  const configured = config.clients.get(id);
  if (stored === undefined && configured === undefined) throw refuse('config-invalid', `There is no client ${id}.`);
  const partner = configured?.partner ?? (stored === undefined ? undefined : readRegistration(stored)?.partner);
  await auditDecision(
    { action: 'revoke-client', subject: id, correlationId: newId(), partner, patients: [] },
    store,
    config,
  );
  const revoked = options.undo !== true;
  await store.putClient({ id, content: stored?.content ?? '', revoked, updatedAt: systemClock.now().toISOString() });
  io.out(revoked ? `${id} is out, and its tokens with it${SOON}.\n` : `${id} is back.\n`);
}

async function writeClient(
  action: 'add-client' | 'rotate-client',
  registration: Registration,
  { id, config, store }: Task,
): Promise<void> {
  const { partner } = registration;
  await auditDecision({ action, subject: id, correlationId: newId(), partner, patients: [] }, store, config);
  const updatedAt = systemClock.now().toISOString();
  await store.putClient({ id, content: JSON.stringify(registration), revoked: false, updatedAt });
}

/** By what it will prove itself: one of the four. */
async function readProof(options: ClientOptions): Promise<{ keys: Registration['keys']; apiKey?: string }> {
  const { jwks, url, certificate } = options;
  const given = [jwks, url, certificate, options['api-key'] === true ? '' : undefined];
  if (given.filter((one) => one !== undefined).length !== 1)
    throw refuse('config-invalid', 'Say one of --jwks <file>, --url <address>, --certificate <subject> and --api-key.');
  if (url !== undefined) {
    if (!isKeySetUrl(url))
      throw refuse('config-invalid', 'Keys are fetched over https, or over http from this machine itself.');
    return { keys: { kind: 'url', url } };
  }
  if (certificate !== undefined) return { keys: { kind: 'certificate', subject: certificate } };
  if (jwks !== undefined) {
    const text = await readJwks(jwks);
    return { keys: { kind: 'inline', jwks: text } };
  }
  const apiKey = `gnl_${randomBytes(32).toString('base64url')}`;
  return { keys: { kind: 'api-key', hashes: [hashApiKey(apiKey)] }, apiKey };
}

async function readJwks(file: string): Promise<string> {
  try {
    const text = await readFile(file, 'utf8');
    if (text.length > LIMITS.jwksBytesMax) throw new RangeError('too large');
    await readKeySet(text);
    return JSON.stringify(JSON.parse(text));
  } catch {
    throw refuse('config-missing-file', `${file} is no JWKS with public keys for ES384 or RS384.`);
  }
}

/** On a line of its own, once and never again: only its hash is kept. */
function printApiKey(apiKey: string | undefined, io: Io): void {
  if (apiKey === undefined) return;
  io.out(`${apiKey}\n`);
  io.err('This key is shown once. The client sends it in X-Api-Key, over TLS.\n');
}
