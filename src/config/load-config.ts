import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { basename, dirname, join, resolve } from 'node:path';
import { isMap, isScalar, LineCounter, type Node, parseDocument, visit } from 'yaml';
import { GinnelError, type Issue, issue, refuse } from '../kernel/errors.ts';
import { compileJsonSchema } from '../kernel/json-schema.ts';
import { LIMITS } from '../kernel/limits.ts';
import type { Channel, Client, Config, InChannel, Partner, Route, ValidationPolicy } from './config.ts';
import { applyEnvironment } from './environment.ts';
import { expandVariables } from './expand.ts';
import {
  type ClientAccessFile,
  checkRules,
  type PartnerAccessFile,
  readClientAccess,
  readPartnerAccess,
} from './read-access.ts';
import {
  checkIssuers,
  type IssuerFile,
  type OutAuthFile,
  type OutTlsFile,
  readIssuer,
  readOutAuth,
  readOutTls,
  readTls,
  type TlsFile,
} from './read-doors.ts';
import { CONFIG_SCHEMA } from './schema.ts';

/** The file as the schema has admitted it, before names are looked up and paths made absolute. */
interface ConfigFile {
  title: string;
  baseUrl?: string;
  http?: { host?: string; port?: number; origins?: string[]; tls?: TlsFile; trustedProxies?: string[] };
  mllp?: { host?: string; port?: number; tls?: TlsFile };
  refusals?: { burst?: number; perSecond?: number };
  data?: string;
  mappings?: string;
  profiles?: string;
  delivery?: { attemptsMax?: number; backoffFirstMs?: number; backoffCapMs?: number; timeoutMs?: number };
  audit?: { reads?: 'durable' | 'batched' };
  retention?: { messageBodyDays?: number; deliveryDays?: number };
  partners: Record<string, PartnerFile>;
  clients?: Record<string, ClientFile>;
  issuers?: Record<string, IssuerFile>;
  routes?: { name: string; when: string; to: string[]; validation?: ValidationPolicy }[];
}

interface ClientFile extends ClientAccessFile {
  partner: string;
  scopes: string[];
  keys: { url?: string; file?: string; certificate?: string; demo?: true };
}

interface PartnerFile extends PartnerAccessFile {
  title: string;
  organisation?: { system: string; value: string };
  in?: Record<
    string,
    {
      transport: 'http' | 'mllp';
      format: string;
      mapping: string;
      events?: string[];
      sender?: object;
      addresses?: string[];
    }
  >;
  out?: Record<
    string,
    {
      transport: 'http';
      format: string;
      mapping: string;
      url: string;
      privateAddress?: boolean;
      auth?: OutAuthFile;
      tls?: OutTlsFile;
    }
  >;
}

/** Finds `file:line:column` of a place in the configuration file. */
type PlaceOf = (path: readonly (string | number)[]) => string;

/**
 * Reads a configuration file. Throws a `GinnelError` with every problem found, each with its line and column.
 * Environment variables fill `${NAME:-default}` holes, a filled hole being typed as YAML types it; those of
 * `environment.ts` stand above the file.
 */
export function loadConfig(file: string, env: NodeJS.ProcessEnv): Config {
  const path = resolve(file);
  if (!existsSync(path)) throw refuse('config-missing-file', `There is no configuration file at ${file}.`);
  const { tree: written, placeOf } = readYaml(path, env);
  const tree = applyEnvironment(written, env);
  const breaches = compileJsonSchema(CONFIG_SCHEMA)(tree);
  if (breaches.length > 0) {
    throw new GinnelError(
      breaches.map((breach) => issue('config-invalid', breach.text, { mapping: placeOf(breach.path) })),
    );
  }
  const config = {
    ...buildConfig(path, tree as ConfigFile, env),
    database: readDatabase(env),
    migrates: readMigrates(env),
  };
  const issues = checkNames(config, tree as ConfigFile, placeOf);
  if (issues.length > 0) throw new GinnelError(issues);
  return {
    ...config,
    routes: config.routes.map((route, index) => ({ ...route, place: placeOf(['routes', index, 'when']) })),
  };
}

function readYaml(path: string, env: NodeJS.ProcessEnv): { tree: unknown; placeOf: PlaceOf } {
  const text = readFileSync(path, 'utf8');
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, strict: true, uniqueKeys: true });
  const name = basename(path);
  const placeAt = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${name}:${line}:${col}`;
  };
  if (document.errors.length > 0) {
    throw new GinnelError(
      document.errors.map((error) =>
        issue('config-invalid', error.message.split('\n')[0] ?? 'Not YAML.', { mapping: placeAt(error.pos[0]) }),
      ),
    );
  }
  visit(document, {
    Alias: (_key, alias) => {
      const text = 'Aliases are not used here: write it out, so that a reader sees it where it stands.';
      throw refuse('config-invalid', text, { mapping: placeAt(alias.range?.[0] ?? 0) });
    },
  });
  const fill = (node: unknown, at: string): unknown =>
    typeof node === 'string' && node.includes('${') ? retype(expandVariables(node, env, at)) : node;
  const placeOf: PlaceOf = (path) => {
    for (let length = path.length; length >= 0; length -= 1) {
      const node = document.getIn(path.slice(0, length), true) as Node | undefined;
      if (node?.range) return placeAt(node.range[0]);
    }
    return `${name}:1:1`;
  };
  const walk = (node: unknown, path: readonly (string | number)[]): unknown => {
    if (Array.isArray(node)) return node.map((item, index) => walk(item, [...path, index]));
    if (typeof node === 'object' && node !== null) {
      return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, walk(value, [...path, key])]));
    }
    return fill(node, placeOf(path));
  };
  if (!isMap(document.contents) && !isScalar(document.contents)) return { tree: {}, placeOf };
  return { tree: walk(document.toJS({ maxAliasCount: 0 }), []), placeOf };
}

/** A filled hole is what YAML would have read in its place: `8080` is a number, `true` a boolean. */
function retype(text: string): unknown {
  if (/^(?:0|[1-9][0-9]{0,14})$/.test(text)) return Number(text);
  if (text === 'true') return true;
  if (text === 'false') return false;
  return text;
}

/** `DATABASE_URL`. It comes from the environment alone, for it holds a password; so what is wrong with it is not quoted. */
function readDatabase({ DATABASE_URL: url = '' }: NodeJS.ProcessEnv): string | undefined {
  if (url === '') return undefined;
  if (/^postgres(?:ql)?:\/\//.test(url) && URL.canParse(url)) return url;
  const text =
    'DATABASE_URL must be postgres://user:password@host:5432/database, with what is special in the password written as %XX.';
  throw refuse('config-invalid', text);
}

/** `GINNEL_MIGRATE`: like the address of the database, it is about one installation and not in the file. */
function readMigrates({ GINNEL_MIGRATE: when = '' }: NodeJS.ProcessEnv): boolean {
  if (when === '' || when === 'start') return true;
  if (when === 'never') return false;
  throw refuse('config-invalid', 'The environment variable GINNEL_MIGRATE must be start or never.');
}

function buildConfig(path: string, file: ConfigFile, env: NodeJS.ProcessEnv): Omit<Config, 'database' | 'migrates'> {
  const folder = dirname(path);
  const port = file.http?.port ?? 8080;
  const baseUrl = file.baseUrl ?? `${file.http?.tls === undefined ? 'http' : 'https'}://localhost:${port}`;
  const dataFolder = resolve(file.data ?? './data');
  return {
    file: path,
    title: file.title,
    baseUrl,
    http: {
      host: file.http?.host ?? '127.0.0.1',
      port,
      origins: file.http?.origins ?? ['*'],
      tls: readTls(file.http?.tls, folder),
      trustedProxies: file.http?.trustedProxies,
    },
    mllp: {
      host: file.mllp?.host ?? '127.0.0.1',
      port: file.mllp?.port ?? 2575,
      tls: readTls(file.mllp?.tls, folder),
    },
    refusals: {
      burst: file.refusals?.burst ?? LIMITS.refusalsBurst,
      perSecond: file.refusals?.perSecond ?? 1000 / LIMITS.refusalsRefillMs,
    },
    issuers: new Map(Object.entries(file.issuers ?? {}).map(([name, issuer]) => [name, readIssuer(name, issuer)])),
    dataFolder,
    mappingsFolder: resolve(folder, file.mappings ?? './mappings'),
    profilesFolder: file.profiles === undefined ? join(dataFolder, 'profiles') : resolve(folder, file.profiles),
    delivery: {
      attemptsMax: file.delivery?.attemptsMax ?? LIMITS.deliveryAttemptsMax,
      backoffFirstMs: file.delivery?.backoffFirstMs ?? LIMITS.deliveryBackoffFirstMs,
      backoffCapMs: file.delivery?.backoffCapMs ?? LIMITS.deliveryBackoffCapMs,
      timeoutMs: file.delivery?.timeoutMs ?? LIMITS.deliveryTimeoutMs,
    },
    audit: { reads: file.audit?.reads ?? 'batched' },
    retention: { messageBodyDays: file.retention?.messageBodyDays, deliveryDays: file.retention?.deliveryDays },
    partners: new Map(
      Object.entries(file.partners).map(([name, partner]) => [name, buildPartner(name, partner, folder, env)]),
    ),
    clients: new Map(
      Object.entries(file.clients ?? {}).map(([id, client]): [string, Client] => [
        id,
        {
          id,
          partner: client.partner,
          scopes: client.scopes,
          keys: keysOf(id, client.keys, folder, dataFolder),
          ...readClientAccess(client),
        },
      ]),
    ),
    routes: (file.routes ?? []).map(
      (route): Route => ({
        name: route.name,
        criteria: route.when,
        to: route.to.map((target) => {
          const [partner = '', channel = ''] = target.split('/');
          return { partner, channel };
        }),
        validation: route.validation,
        place: '',
      }),
    ),
  };
}

function keysOf(
  id: string,
  keys: { url?: string; file?: string; certificate?: string; demo?: true },
  folder: string,
  dataFolder: string,
): Client['keys'] {
  if (keys.url !== undefined) return { kind: 'url', url: keys.url };
  if (keys.file !== undefined) return { kind: 'file', file: resolve(folder, keys.file) };
  if (keys.certificate !== undefined) return { kind: 'certificate', subject: keys.certificate };
  return { kind: 'demo', file: join(dataFolder, 'demo', `${id}.jwks.json`) };
}

function buildPartner(name: string, file: PartnerFile, folder: string, env: NodeJS.ProcessEnv): Partner {
  const channels = new Map<string, Channel>();
  for (const [channel, settings] of Object.entries(file.in ?? {})) {
    channels.set(`in/${channel}`, { direction: 'in', name: channel, sender: undefined, ...settings } as Channel);
  }
  for (const [channel, settings] of Object.entries(file.out ?? {})) {
    const proof = { auth: readOutAuth(settings.auth, folder, env), tls: readOutTls(settings.tls, folder) };
    const whole = { direction: 'out', name: channel, privateAddress: false, ...settings, ...proof };
    channels.set(`out/${channel}`, whole as Channel);
  }
  return { name, title: file.title, organisation: file.organisation, channels, ...readPartnerAccess(file) };
}

/** What a schema cannot see: names that point nowhere. */
function checkNames(config: Config, file: ConfigFile, placeOf: PlaceOf): Issue[] {
  const issues: Issue[] = [];
  const wrong = (text: string, path: readonly (string | number)[]): void => {
    issues.push(issue('config-invalid', text, { mapping: placeOf(path) }));
  };
  for (const [id, client] of config.clients) {
    if (!config.partners.has(client.partner))
      wrong(`There is no partner "${client.partner}".`, ['clients', id, 'partner']);
  }
  for (const group of ['partners', 'clients'] as const) {
    for (const [name, { access = [] }] of Object.entries(file[group] ?? {})) {
      for (const { at, text } of checkRules(access)) wrong(text, [group, name, 'access', ...at]);
    }
  }
  checkAddresses(config.http.trustedProxies ?? [], ['http', 'trustedProxies'], wrong);
  checkIssuers(config.issuers, file.issuers ?? {}, new Set(config.partners.keys()), wrong);
  const routeNames = new Set<string>();
  for (const [index, route] of config.routes.entries()) {
    if (routeNames.has(route.name)) wrong(`There are two routes named "${route.name}".`, ['routes', index, 'name']);
    routeNames.add(route.name);
    for (const [number, { partner, channel }] of route.to.entries()) {
      if (config.partners.get(partner)?.channels.has(`out/${channel}`) !== true) {
        wrong(`There is no out channel "${partner}/${channel}".`, ['routes', index, 'to', number]);
      }
    }
  }
  const senders = new Map<string, string>();
  for (const [name, partner] of Object.entries(file.partners)) {
    for (const [channel, settings] of Object.entries(partner.in ?? {})) {
      const path = ['partners', name, 'in', channel];
      const sender = settings.sender as InChannel['sender'];
      checkAddresses(settings.addresses ?? [], [...path, 'addresses'], wrong);
      if (settings.transport === 'mllp' && sender === undefined)
        wrong('An MLLP channel needs a sender: application, facility, addresses.', path);
      if (settings.transport === 'mllp' && settings.format !== 'hl7v2') wrong('An MLLP channel speaks hl7v2.', path);
      if (sender === undefined) continue;
      checkAddresses(sender.addresses, [...path, 'sender', 'addresses'], wrong);
      const key = `${sender.application}|${sender.facility}`;
      const other = senders.get(key);
      if (other !== undefined) wrong(`${other} has the same sender: one application and facility, one channel.`, path);
      senders.set(key, `${name}/${channel}`);
    }
  }
  return issues;
}

function checkAddresses(
  addresses: readonly string[],
  path: readonly (string | number)[],
  wrong: (text: string, path: readonly (string | number)[]) => void,
): void {
  for (const [index, address] of addresses.entries()) {
    if (isAddressRange(address)) continue;
    wrong('This is neither an IP address nor a CIDR range such as 10.1.0.0/16.', [...path, index]);
  }
}

function isAddressRange(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}
