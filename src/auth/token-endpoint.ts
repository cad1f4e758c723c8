import { SignJWT } from 'jose';
import type { AuditInput } from '../audit/event.ts';
import type { Client } from '../config/config.ts';
import type { Clock } from '../kernel/clock.ts';
import { newId } from '../kernel/ids.ts';
import { LIMITS } from '../kernel/limits.ts';
import type { Log } from '../kernel/log.ts';
import type { NewAudit, Store } from '../store/store.ts';
import { type Assertion, proveAssertion, readAssertion } from './assertion.ts';
import type { ClientKeys } from './client-keys.ts';
import { ACCESS_TOKEN_ALGORITHM, type SigningKey } from './keys.ts';
import { type OAuthError, REFUSALS, type RefusalReason, TokenRefusal } from './refusals.ts';
import { formatScope, intersectScopes, parseScopes, readScopes } from './scopes.ts';
import type { SmartEndpoints } from './smart-configuration.ts';

export interface TokenEndpointParts {
  readonly clients: ReadonlyMap<string, Client>;
  readonly clientKeys: ClientKeys;
  readonly signingKey: SigningKey;
  readonly store: Pick<Store, 'useAssertionId' | 'commit'>;
  readonly endpoints: SmartEndpoints;
  readonly buildAudit: (input: AuditInput) => NewAudit;
  readonly clock: Clock;
  readonly log: Log;
}

/** A POST to the token endpoint, without its transport. */
export interface TokenRequest {
  readonly contentType: string | undefined;
  readonly body: string;
  readonly correlationId: string;
  readonly authorization?: string | undefined;
  /** Network address of the client. */
  readonly address?: string | undefined;
}

export interface TokenResponse {
  readonly status: 200 | 400 | 401;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: TokenGranted | TokenRefused;
}

/** RFC 6749 section 5.1; all members are required by SMART Backend Services, Issue access token. */
export interface TokenGranted {
  readonly access_token: string;
  readonly token_type: 'bearer';
  readonly expires_in: number;
  readonly scope: string;
}

/** RFC 6749 section 5.2. */
export interface TokenRefused {
  readonly error: OAuthError;
  readonly error_description: string;
}

export type TokenEndpoint = (request: TokenRequest) => Promise<TokenResponse>;

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** RFC 6749 section 5.1. */
const HEADERS = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', Pragma: 'no-cache' } as const;

/**
 * The token endpoint of SMART Backend Services: client credentials, proved by a signed assertion (RFC 7523). It answers
 * refusals as OAuth errors; it throws only what is a fault of ours, such as a store that is down.
 */
export function createTokenEndpoint(parts: TokenEndpointParts): TokenEndpoint {
  return async (request) => {
    let assertion: Assertion | undefined;
    try {
      const form = readForm(request);
      assertion = readAssertion(form.assertion, { audience: parts.endpoints.tokenUrl, now: parts.clock.now() });
      if (form.clientId !== undefined && form.clientId !== assertion.clientId)
        throw new TokenRefusal('client-id-differs');
      const client = await authenticate(assertion, parts);
      const scopes = decideScopes(form.scope, client);
      return await issue(client, scopes, request, parts);
    } catch (fault) {
      if (!(fault instanceof TokenRefusal)) throw fault;
      return await refuseToken(fault.reason, assertion, request, parts);
    }
  };
}

interface TokenForm {
  readonly assertion: string;
  readonly scope: string;
  readonly clientId: string | undefined;
}

function readForm(request: TokenRequest): TokenForm {
  const mediaType = request.contentType?.split(';')[0]?.trim().toLowerCase();
  if (mediaType !== 'application/x-www-form-urlencoded') throw new TokenRefusal('content-type');
  if (Buffer.byteLength(request.body) > LIMITS.tokenBodyBytesMax) throw new TokenRefusal('body-too-large');
  const fields = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(request.body)) {
    if (fields.has(name)) throw new TokenRefusal('parameter-repeated');
    fields.set(name, value);
  }
  // RFC 6749 section 3.2: a parameter without a value counts as left out.
  const field = (name: string): string | undefined => fields.get(name) || undefined;

  const grantType = field('grant_type');
  if (grantType === undefined) throw new TokenRefusal('grant-type-missing');
  if (grantType !== 'client_credentials') throw new TokenRefusal('grant-type-unsupported');
  // RFC 6749 section 2.3: no more than one way to authenticate.
  const another = request.authorization !== undefined || field('client_secret') !== undefined;
  if (another) throw new TokenRefusal('two-authentications');
  const assertion = field('client_assertion');
  if (assertion === undefined) throw new TokenRefusal('assertion-missing');
  if (field('client_assertion_type') !== ASSERTION_TYPE) throw new TokenRefusal('assertion-type-unsupported');
  const scope = field('scope');
  if (scope === undefined) throw new TokenRefusal('scope-missing');
  return { assertion, scope, clientId: field('client_id') };
}

/** The signature first, the `jti` after it: otherwise anybody could use up a client's ids. */
async function authenticate(assertion: Assertion, parts: TokenEndpointParts): Promise<Client> {
  const client = parts.clients.get(assertion.clientId);
  if (client === undefined) throw new TokenRefusal('client-unknown');
  await proveAssertion(assertion, client, parts.clientKeys);
  const isFirstUse = await parts.store.useAssertionId({
    issuer: client.id,
    jti: assertion.jti,
    expiresAt: assertion.expiresAt.toISOString(),
    now: parts.clock.now().toISOString(),
  });
  if (!isFirstUse) throw new TokenRefusal('jti-used');
  return client;
}

/** Never more than was registered, and never nothing. The list is separated by spaces (RFC 6749 section 3.3). */
function decideScopes(asked: string, client: Client): readonly string[] {
  const parsed = parseScopes(asked.split(' ').filter((part) => part !== ''));
  if (!parsed.ok) throw new TokenRefusal('scope-invalid');
  const granted = intersectScopes(parsed.value, readScopes(client.scopes));
  if (granted.length === 0) throw new TokenRefusal('scope-not-registered');
  return granted.map(formatScope);
}

/** An access token in the form of RFC 9068. */
async function issue(
  client: Client,
  scopes: readonly string[],
  request: TokenRequest,
  parts: TokenEndpointParts,
): Promise<TokenResponse> {
  const now = parts.clock.now();
  const issuedAt = Math.floor(now.getTime() / 1000);
  const tokenId = newId(now.getTime());
  const scope = scopes.join(' ');
  const accessToken = await new SignJWT({ client_id: client.id, partner: client.partner, scope })
    .setProtectedHeader({ alg: ACCESS_TOKEN_ALGORITHM, typ: 'at+jwt', kid: parts.signingKey.kid })
    .setIssuer(parts.endpoints.issuer)
    .setSubject(client.id)
    .setAudience(parts.endpoints.fhirBase)
    .setJti(tokenId)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + LIMITS.accessTokenLifetimeSeconds)
    .sign(parts.signingKey.privateKey);
  const { correlationId, address } = request;
  const who = { correlationId, client: client.id, partner: client.partner };
  await audit({ kind: 'token', recorded: now, address, tokenId, scopes, ...who }, parts);
  parts.log.info('token issued', who);
  return {
    status: 200,
    headers: HEADERS,
    body: { access_token: accessToken, token_type: 'bearer', expires_in: LIMITS.accessTokenLifetimeSeconds, scope },
  };
}

async function refuseToken(
  reason: RefusalReason,
  assertion: Assertion | undefined,
  request: TokenRequest,
  parts: TokenEndpointParts,
): Promise<TokenResponse> {
  const { error, description } = REFUSALS[reason];
  // Whom it claims to be from is recorded only if we know them: a stranger may call itself anything.
  const claimed = assertion === undefined ? undefined : parts.clients.get(assertion.clientId);
  const { correlationId, address } = request;
  const who = { correlationId, client: claimed?.id, partner: claimed?.partner };
  await audit({ kind: 'refusedToken', recorded: parts.clock.now(), address, error, reason, ...who }, parts);
  parts.log.warn('token refused', { ...who, state: reason });
  return {
    status: error === 'invalid_client' ? 401 : 400,
    headers: HEADERS,
    body: { error, error_description: description },
  };
}

/** Durable before the answer is given. */
async function audit(input: AuditInput, parts: TokenEndpointParts): Promise<void> {
  const result = await parts.store.commit({ writes: [], deliveries: [], audit: [parts.buildAudit(input)] });
  if (!result.ok) throw new Error('the audit was not written');
}
