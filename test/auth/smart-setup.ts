import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditEvent } from '@medplum/fhirtypes';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';
import { buildAuditEvent } from '../../src/audit/event.ts';
import { createClientKeys } from '../../src/auth/client-keys.ts';
import { loadOrCreateSigningKey, type SigningKey } from '../../src/auth/keys.ts';
import { type SmartEndpoints, smartEndpoints } from '../../src/auth/smart-configuration.ts';
import {
  createTokenEndpoint,
  type TokenEndpoint,
  type TokenGranted,
  type TokenRefused,
  type TokenResponse,
} from '../../src/auth/token-endpoint.ts';
import { createTokenVerifier, type VerifyToken } from '../../src/auth/verify-token.ts';
import type { Client, Partner } from '../../src/config/config.ts';
import type { Clock } from '../../src/kernel/clock.ts';
import { silentLog } from '../../src/kernel/log.ts';
import type { NewAudit, Store } from '../../src/store/store.ts';
import { createMemoryAssertions } from '../support/memory-assertions.ts';

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
  readonly store: Pick<Store, 'useAssertionId' | 'commit'>;
  readonly endpoint: TokenEndpoint;
  /** The same endpoint over another store. */
  withStore(store: Pick<Store, 'useAssertionId' | 'commit'>): TokenEndpoint;
  readonly verify: VerifyToken;
  /** `stockport-gp`'s key, in its key file. */
  readonly key: TestKey;
  registerFile(id: string, jwks: unknown, scopes?: readonly string[]): Promise<Client>;
  /** AuditEvents so far. */
  audit(): readonly AuditEvent[];
  close(): Promise<void>;
}

export const SCOPES = ['system/CarePlan.rs', 'system/Patient.r', 'intake'];

/** A token endpoint and a verifier over real keys, with one registered client: `stockport-gp`. */
export async function openSmart(
  withStore?: (folder: string) => Pick<Store, 'useAssertionId' | 'commit'>,
): Promise<SmartSetup> {
  const folder = await mkdtemp(join(tmpdir(), 'ginnel-auth-'));
  const memory = createMemoryAssertions();
  const audit: NewAudit[] = [];
  const beneath = withStore === undefined ? memory : withStore(folder);
  const store: Pick<Store, 'useAssertionId' | 'commit'> = {
    useAssertionId: (use) => beneath.useAssertionId(use),
    commit: (commit) => {
      audit.push(...commit.audit);
      return beneath.commit(commit);
    },
  };
  let nowMs = Date.parse('2026-03-02T09:00:00.000Z');
  const clock = {
    now: () => new Date(nowMs),
    advance: (seconds: number) => {
      nowMs += seconds * 1000;
    },
  };
  const endpoints = smartEndpoints('https://ginnel.example');
  const signingKey = await loadOrCreateSigningKey(folder);
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
  const endpointOver = (over: Pick<Store, 'useAssertionId' | 'commit'>): TokenEndpoint =>
    createTokenEndpoint({
      clients,
      clientKeys: createClientKeys({ clock, log: silentLog }),
      signingKey,
      store: over,
      endpoints,
      buildAudit: (input) => buildAuditEvent(input, gateway),
      clock,
      log: silentLog,
    });
  return {
    folder,
    endpoints,
    signingKey,
    clients,
    partners,
    clock,
    store,
    key,
    registerFile,
    endpoint: endpointOver(store),
    withStore: endpointOver,
    verify: createTokenVerifier({ signingKey, endpoints, clients, partners, clock }),
    audit: () => audit.map(({ content }) => JSON.parse(content) as AuditEvent),
    close: () => rm(folder, { recursive: true, force: true }),
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
  return setup.endpoint({ contentType, body, correlationId: 'correlation-1' });
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
  return response.body;
}

export function refused(response: TokenResponse): { status: number } & TokenRefused {
  if (!('error' in response.body)) throw new Error('granted, though it should be refused');
  return { status: response.status, ...response.body };
}

/** The true reason, which the audit keeps and the answer does not tell. */
export function lastReason(setup: SmartSetup): string | undefined {
  return setup.audit().at(-1)?.outcomeDesc;
}
