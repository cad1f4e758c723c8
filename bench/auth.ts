/**
 * Tokens: what our own code costs beside the bare signature, in one run. Figures drift between machines; the ratios
 * are what counts. Run it with `npx node bench/auth.ts [count]`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jwtVerify } from 'jose';
import { buildAuditEvent } from '../src/audit/event.ts';
import { createClientKeys } from '../src/auth/client-keys.ts';
import { loadOrCreateDemoKey } from '../src/auth/demo-clients.ts';
import { ACCESS_TOKEN_ALGORITHM } from '../src/auth/keys.ts';
import { openSmart } from '../src/auth/open-smart.ts';
import { signAssertion } from '../src/auth/sign-assertion.ts';
import { smartEndpoints } from '../src/auth/smart-configuration.ts';
import type { Client, Partner } from '../src/config/config.ts';
import { openDefinitions } from '../src/fhir/definitions.ts';
import { systemClock } from '../src/kernel/clock.ts';
import { LIMITS } from '../src/kernel/limits.ts';
import { silentLog } from '../src/kernel/log.ts';
import { openSqliteStore } from '../src/store/sqlite/open-sqlite-store.ts';
import { measureGuard } from './support/guard-cost.ts';

const COUNT = Number(process.argv[2] ?? 1_500);
/** Requests under way at once, as from so many connections. */
const TOGETHER = 16;

async function measure(
  name: string,
  inputs: readonly string[],
  run: (input: string) => Promise<unknown>,
): Promise<number> {
  const began = performance.now();
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < inputs.length; at = next++) await run(inputs[at] ?? '');
  };
  await Promise.all(Array.from({ length: TOGETHER }, worker));
  const perSecond = inputs.length / ((performance.now() - began) / 1000);
  process.stdout.write(`${name.padEnd(52)} ${Math.round(perSecond).toLocaleString('en-GB').padStart(9)}/s\n`);
  return perSecond;
}

const folder = await mkdtemp(join(tmpdir(), 'ginnel-bench-auth-'));
const store = openSqliteStore({ folder });
const key = await loadOrCreateDemoKey(folder, 'bench');
const endpoints = smartEndpoints('http://localhost:8080');
const partner: Partner = { name: 'bench', title: 'Bench', organisation: undefined, channels: new Map() };
const file = join(folder, 'demo', 'bench.jwks.json');
/** As many clients as keep each below the rate limit. */
const clients = Array.from({ length: Math.ceil(COUNT / LIMITS.tokensBurst) }, (_, n): [string, Client] => {
  const id = `bench-${n}`;
  return [id, { id, partner: 'bench', scopes: ['system/*.rs'], keys: { kind: 'demo', file } }];
});
const partners = new Map([['bench', partner]]);
const smart = openSmart({
  config: { clients: new Map(clients), partners, issuers: new Map(), dataFolder: folder },
  endpoints,
  store,
  definitions: openDefinitions(),
  buildAudit: (input) => buildAuditEvent(input, { baseUrl: endpoints.issuer, partners }),
  clock: systemClock,
  log: silentLog,
});
const signingKey = await smart.keyring.signingKey();

const now = new Date();
const assertionOf = (jti: string, n: number): Promise<string> =>
  signAssertion({ clientId: `bench-${n % clients.length}`, key, tokenUrl: endpoints.tokenUrl, now, jti });
const issue = async (assertion: string): Promise<string> => {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
    scope: 'system/CarePlan.rs',
  }).toString();
  const answer = await smart.tokenEndpoint({
    contentType: 'application/x-www-form-urlencoded',
    body,
    correlationId: 'bench',
  });
  if (!('access_token' in answer.body)) throw new Error('refused');
  return String(answer.body.access_token);
};

const assertions = await Promise.all(Array.from({ length: COUNT }, (_, n) => assertionOf(`jti-${n}`, n)));
const answer = await createClientKeys({ clock: systemClock, log: silentLog }).find(
  clients[0]?.[1] as Client,
  key.kid,
  'ES384',
);
if (!answer.ok) throw new Error('the bench has no key');
const bareAssertion = (text: string): Promise<unknown> => jwtVerify(text, answer.key, { algorithms: ['ES384'] });

await measure('warm-up: bare jose, verify an ES384 assertion', assertions.slice(0, 200), bareAssertion);
const bareIssue = await measure('bare jose: verify an ES384 assertion', assertions, bareAssertion);
const tokens: string[] = [];
const issued = await measure('issue a token (assertion, jti and audit in SQLite)', assertions, async (assertion) => {
  tokens.push(await issue(assertion));
});

const headers = tokens.map((token) => `Bearer ${token}`);
const bareToken = (text: string): Promise<unknown> =>
  jwtVerify(text, signingKey.publicKey, { algorithms: [ACCESS_TOKEN_ALGORITHM], audience: endpoints.fhirBase });
const bare = await measure('bare jose: verify an EdDSA access token', tokens, bareToken);
const { verify } = smart.verifier;
const first = await measure('verify a token, the first time', headers, verify);
const again = await measure('verify a token, remembered', Array(20).fill(headers).flat(), verify);

const ratio = (value: number, floor: number): string => (value / floor).toFixed(2);
process.stdout.write(
  [
    `issue against the bare assertion: ${ratio(issued, bareIssue)}`,
    `first verification against the bare token: ${ratio(first, bare)}`,
    `remembered against the bare token: ${ratio(again, bare)}`,
    '',
  ].join('\n'),
);
await store.close();
await rm(folder, { recursive: true, force: true });

process.stdout.write('\nToken check, access decision and audit as a share of a request\n');
const quick = COUNT < 1_000;
const guard = await measureGuard({ persons: quick ? 30 : 100, rounds: quick ? 4 : 12, roundMs: quick ? 400 : 600 });
process.stdout.write(`${guard}\n`);
