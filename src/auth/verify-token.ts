import { errors, type JWTPayload, jwtVerify } from 'jose';
import type { Client, Partner } from '../config/config.ts';
import type { Clock } from '../kernel/clock.ts';
import { refuse } from '../kernel/errors.ts';
import { sha256Hex } from '../kernel/ids.ts';
import { LIMITS } from '../kernel/limits.ts';
import type { Identity } from './identity.ts';
import { ACCESS_TOKEN_ALGORITHM, type SigningKey } from './keys.ts';
import { formatScope, intersectScopes, parseScopes, readScopes } from './scopes.ts';
import type { SmartEndpoints } from './smart-configuration.ts';

export interface TokenVerifierParts {
  readonly signingKey: SigningKey;
  readonly endpoints: SmartEndpoints;
  readonly clients: ReadonlyMap<string, Client>;
  readonly partners: ReadonlyMap<string, Partner>;
  readonly clock: Clock;
}

/**
 * Who is asking, from an `Authorization` header. Throws `token-missing`, `token-invalid` or `token-expired`.
 */
export type VerifyToken = (authorization: string | undefined) => Promise<Identity>;

/** An identity, and the registration it was made from. */
interface Remembered {
  readonly identity: Identity;
  readonly client: Client;
  readonly partner: Partner;
}

/** RFC 6750 section 2.1; the scheme's name has no case (RFC 9110 section 11.1). */
const BEARER = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i;

/**
 * Verifies our access tokens (RFC 9068 section 4). A verified token is remembered by its SHA-256 until it expires, so
 * that a client's next requests cost no signature; who the client is, is looked up every time.
 */
export function createTokenVerifier(
  parts: TokenVerifierParts,
  { rememberedMax = LIMITS.tokensRememberedMax }: { readonly rememberedMax?: number } = {},
): VerifyToken {
  const remembered = new Map<string, Remembered>();

  const remember = (digest: string, one: Remembered): Identity => {
    if (remembered.size >= rememberedMax) {
      const [oldest] = remembered.keys();
      if (oldest !== undefined) remembered.delete(oldest);
    }
    remembered.set(digest, one);
    return one.identity;
  };

  /** What is remembered, moved to the end of the queue; undefined when the registration has changed since. */
  const recall = (digest: string): Identity | undefined => {
    const one = remembered.get(digest);
    if (one === undefined) return undefined;
    remembered.delete(digest);
    if (parts.clients.get(one.client.id) !== one.client) return undefined;
    if (parts.partners.get(one.partner.name) !== one.partner) return undefined;
    if (parts.clock.now() >= one.identity.expiresAt) throw expired();
    remembered.set(digest, one);
    return one.identity;
  };

  return async (authorization) => {
    if (authorization === undefined || !/^bearer /i.test(authorization)) {
      throw refuse(
        'token-missing',
        `Send "Authorization: Bearer <token>"; tokens come from ${parts.endpoints.tokenUrl}.`,
      );
    }
    const token = authorization.length > LIMITS.accessTokenCharsMax ? undefined : BEARER.exec(authorization)?.[1];
    if (token === undefined) throw invalid();
    const digest = sha256Hex(token);
    return recall(digest) ?? remember(digest, identify(await readToken(token, parts), parts));
  };
}

async function readToken(token: string, parts: TokenVerifierParts): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, parts.signingKey.publicKey, {
      algorithms: [ACCESS_TOKEN_ALGORITHM],
      typ: 'at+jwt',
      issuer: parts.endpoints.issuer,
      audience: parts.endpoints.fhirBase,
      requiredClaims: ['sub', 'client_id', 'exp', 'jti', 'scope', 'partner'],
      currentDate: parts.clock.now(),
    });
    return payload;
  } catch (fault) {
    if (fault instanceof errors.JWTExpired) throw expired();
    if (fault instanceof errors.JOSEError) throw invalid();
    throw fault;
  }
}

/** The partner, its organisation and the scopes' upper bound come from the registration as it is now, not from the token. */
function identify(claims: JWTPayload, parts: TokenVerifierParts): Remembered {
  const { sub, client_id: clientId, partner: partnerName, scope, jti, exp } = claims;
  if (typeof clientId !== 'string' || typeof scope !== 'string' || jti === undefined || exp === undefined)
    throw invalid();
  const client = parts.clients.get(clientId);
  const partner = client === undefined ? undefined : parts.partners.get(client.partner);
  if (client === undefined || partner === undefined || sub !== client.id || partnerName !== partner.name)
    throw invalid();
  const granted = parseScopes(scope.split(' '));
  if (!granted.ok) throw invalid();
  const identity: Identity = {
    client: client.id,
    partner: partner.name,
    organisation: partner.organisation,
    scopes: intersectScopes(granted.value, readScopes(client.scopes)).map(formatScope),
    tokenId: jti,
    expiresAt: new Date(exp * 1000),
  };
  return { identity, client, partner };
}

const invalid = () =>
  refuse('token-invalid', 'The access token is not one of ours, or its application is not registered any more.');
const expired = () => refuse('token-expired', 'The access token has expired; ask for a new one.');
