import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditEvent } from '@medplum/fhirtypes';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';
import { buildAuditEvent } from '../../src/audit/event.ts';
import type { SigningKey } from '../../src/auth/keys.ts';
import type { OAuthRefused, OAuthResponse } from '../../src/auth/oauth.ts';
import { openSmart as openParts, type Smart } from '../../src/auth/open-smart.ts';
import { type SmartEndpoints, smartEndpoints } from '../../src/auth/smart-configuration.ts';
import type { TokenEndpoint, TokenGranted } from '../../src/auth/token-endpoint.ts';
import type { TokenVerifier } from '../../src/auth/verify-token.ts';
import type { Client, Config, Issuer, Partner } from '../../src/config/config.ts';
import { openDefinitions } from '../../src/fhir/definitions.ts';
import type { Clock } from '../../src/kernel/clock.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts';
import type { NewAudit, Store } from '../../src/store/store.ts';

export type TokenResponse = OAuthResponse<TokenGranted | Record<string, unknown>>;

const definitions = openDefinitions();

/** A key pair of a client, and how its public half stands in a key set. */
export interface TestKey {
  readonly algorithm: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

export async function makeKey(algorithm: string, kid: string, modulusLength?: number): Promise<TestKey> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, {
    extractable: true,
    ...(modulusLength === undefined ? {} : { modulusLength }),
  });
  return { algorithm, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: 'sig' } };
}

export interface SmartSetup {
  readonly folder: string;
  readonly endpoints: SmartEndpoints;
  readonly signingKey: SigningKey;
  readonly clients: Map<string, Client>;
  readonly partners: Map<string, Partner>;
  readonly clock: Clock & { advance(seconds: number): void };
  readonly store: Store;
  /** All the parts, for what the rest of this does not name. */
  readonly smart: Smart;
  readonly endpoint: TokenEndpoint;
  /** The same endpoint over another store. */
  withStore(changes: Partial<Store>): TokenEndpoint;
  readonly verify: TokenVerifier['verify'];
  /** `stockport-gp`'s key, in its key file. */
  readonly key: TestKey;
  registerFile(id: string, jwks: unknown, scopes?: readonly string[]): Promise<Client>;
  /** AuditEvents so far. */
  audit(): readonly AuditEvent[];
  close(): Promise<void>;
}

export const SCOPES = ['system/CarePlan.rs', 'system/Patient.r', 'intake'];

export interface SmartOptions {
  /** Another gateway's store: this one is a second process beside it. */
  readonly store?: Store;
  readonly clock?: SmartSetup['clock'];
  readonly issuers?: readonly Issuer[];
  readonly refusals?: Config['refusals'];
}

/** A token endpoint and a verifier over real keys and a real store, with one registered client: `stockport-gp`. */
export async function openSmart(options: SmartOptions = {}): Promise<SmartSetup> {
  const folder = await mkdtemp(join(tmpdir(), 'ginnel-auth-'));
  const audit: NewAudit[] = [];
  const beneath = options.store ?? openSqliteStore({ folder });
  const overStore = (changes: Partial<Store>): Store => ({
    ...beneath,
    commit: (commit) => {
      audit.push(...commit.audit);
      return beneath.commit(commit);
    },
    ...changes,
  });
  const store = overStore({});
  let nowMs = Date.parse('2026-03-02T09:00:00.000Z');
  const clock = options.clock ?? {
    now: () => new Date(nowMs),
    advance: (seconds: number) => {
      nowMs += seconds * 1000;
    },
  };
  const endpoints = smartEndpoints('https://ginnel.example');
  const partners = new Map<string, Partner>([
    [
      'hazel-grove-surgery',
      {
        name: 'hazel-grove-surgery',
        title: 'Hazel Grove Surgery',
        organisation: { system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: 'X99001' },
        channels: new Map(),
      },
    ],
  ]);
  const clients = new Map<string, Client>();
  const registerFile = async (id: string, jwks: unknown, scopes: readonly string[] = SCOPES): Promise<Client> => {
    const file = join(folder, `${id}.jwks.json`);
    await writeFile(file, JSON.stringify(jwks));
    const client: Client = { id, partner: 'hazel-grove-surgery', scopes, keys: { kind: 'file', file } };
    clients.set(id, client);
    return client;
  };
  const key = await makeKey('ES384', 'key-1');
  await registerFile('stockport-gp', { keys: [key.publicJwk] });
  const gateway = { baseUrl: 'https://ginnel.example', partners };
  const openOver = (over: Store): Smart =>
    openParts({
      config: {
        clients,
        partners,
        issuers: new Map((options.issuers ?? []).map((issuer) => [issuer.name, issuer])),
        dataFolder: folder,
        refusals: options.refusals,
      },
      endpoints,
      store: over,
      definitions,
      buildAudit: (input) => buildAuditEvent(input, gateway),
      clock,
      log: silentLog,
    });
  const smart = openOver(store);
  return {
    folder,
    endpoints,
    signingKey: await smart.keyring.signingKey(),
    smart,
    clients,
    partners,
    clock,
    store,
    key,
    registerFile,
    endpoint: smart.tokenEndpoint,
    withStore: (changes) => openOver(overStore(changes)).tokenEndpoint,
    verify: smart.verifier.verify,
    audit: () => audit.map(({ content }) => JSON.parse(content) as AuditEvent),
    close: async () => {
      await smart.refusals.close();
      if (options.store === undefined) await beneath.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

let jtiCount = 0;

/** The claims of a good assertion of `stockport-gp`; a change to `undefined` leaves a claim out. */
export function goodClaims(setup: SmartSetup, changes: Record<string, unknown> = {}): JWTPayload {
  jtiCount += 1;
  const now = setup.clock.now().getTime() / 1000;
  const claims = {
    iss: 'stockport-gp',
    sub: 'stockport-gp',
    aud: setup.endpoints.tokenUrl,
    exp: now + 300,
    jti: `assertion-${jtiCount}`,
    ...changes,
  };
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined)) as JWTPayload;
}

export async function sign(claims: JWTPayload, key: TestKey, header: Record<string, unknown> = {}): Promise<string> {
  const whole = { alg: key.algorithm, kid: key.publicJwk.kid, typ: 'JWT', ...header };
  const present = Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== undefined));
  return new SignJWT(claims).setProtectedHeader(present as { alg: string }).sign(key.privateKey);
}

/** A JWT put together by hand, for what a library refuses to make. */
export function forge(header: object, claims: object, signature = ''): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part(header)}.${part(claims)}.${signature}`;
}

export function formOf(assertion: string, changes: Record<string, string | undefined> = {}): string {
  const form = {
    grant_type: 'client_credentials',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
    scope: 'system/CarePlan.rs',
    ...changes,
  };
  const present = Object.entries(form).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return new URLSearchParams(present).toString();
}

export function post(
  setup: SmartSetup,
  body: string,
  contentType = 'application/x-www-form-urlencoded',
): Promise<TokenResponse> {
  return setup.endpoint({ contentType, body, correlationId: 'correlation-1' }) as Promise<TokenResponse>;
}

/** Asks with a good assertion whose claims or header may be changed. */
export async function ask(
  setup: SmartSetup,
  changes: {
    claims?: Record<string, unknown>;
    header?: Record<string, unknown>;
    form?: Record<string, string | undefined>;
    key?: TestKey;
  } = {},
): Promise<TokenResponse> {
  const assertion = await sign(goodClaims(setup, changes.claims), changes.key ?? setup.key, changes.header);
  return post(setup, formOf(assertion, changes.form));
}

export function granted(response: TokenResponse): TokenGranted {
  if (!('access_token' in response.body)) throw new Error(`refused: ${JSON.stringify(response.body)}`);
  return response.body as TokenGranted;
}

export function refused(response: TokenResponse): { status: number } & OAuthRefused {
  if (!('error' in response.body)) throw new Error('granted, though it should be refused');
  return { status: response.status, ...(response.body as OAuthRefused) };
}

/** The true reason, which the audit keeps and the answer does not tell. */
export function lastReason(setup: SmartSetup): string | undefined {
  return setup.audit().at(-1)?.outcomeDesc;
}
