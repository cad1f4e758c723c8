import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose';
import type { Client, Partner } from '../config/config.ts';
import type { Clock } from '../kernel/clock.ts';
import { refuse } from '../kernel/errors.ts';
import { LIMITS } from '../kernel/limits.ts';
import type { ClientDirectory } from './client-directory.ts';
import type { ExternalTokens } from './external-tokens.ts';
import type { Identity } from './identity.ts';
import type { Keyring } from './keyring.ts';
import { ACCESS_TOKEN_ALGORITHM } from './keys.ts';
import { formatScope, intersectScopes, parseScopes, readScopes } from './scopes.ts';
import type { SmartEndpoints } from './smart-configuration.ts';
import type { Standing, StandingView } from './standing.ts';

export interface TokenVerifierParts {
  readonly keyring: Pick<Keyring, 'find'>;
  readonly standing: Pick<Standing, 'fresh' | 'current'>;
  readonly endpoints: SmartEndpoints;
  readonly clients: Pick<ClientDirectory, 'findIn'>;
  readonly partners: ReadonlyMap<string, Partner>;
  readonly clock: Clock;
  /** Tokens of other issuers; without it there are none. */
  readonly external?: ExternalTokens | undefined;
}

/** Who is asking, from an access token. */
export interface TokenVerifier {
  /** From an `Authorization` header. Throws `token-missing`, `token-invalid` or `token-expired`. */
  verify(authorization: string | undefined): Promise<Identity>;
  /** From one of our own tokens by itself. */
  identify(token: string): Promise<Identity>;
}

/** An identity, and the registration it was made from: none where another issuer vouches for it. */
interface Remembered {
  readonly identity: Identity;
  readonly client: Client | undefined;
  readonly partner: Partner;
  /** The key of ours that verified it. */
  readonly kid: string | undefined;
}

/** RFC 6750 section 2.1; the scheme's name has no case (RFC 9110 section 11.1). */
const BEARER = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i;

/**
 * Verifies our access tokens (RFC 9068 section 4), and those of other issuers. A verified token is remembered until it
 * expires, by the header as it is mostly written, so that a client's next requests cost no signature; who the client is,
 * and whether the token was revoked, is looked up every time.
 */
export function createTokenVerifier(
  parts: TokenVerifierParts,
  { rememberedMax = LIMITS.tokensRememberedMax }: { readonly rememberedMax?: number } = {},
): TokenVerifier {
  const remembered = new Map<string, Remembered>();

  const remember = (header: string, one: Remembered): Identity => {
    if (header.length > LIMITS.tokenRememberedCharsMax) return one.identity;
    if (remembered.size >= rememberedMax) {
      const [oldest] = remembered.keys();
      if (oldest !== undefined) remembered.delete(oldest);
    }
    remembered.set(header, one);
    return one.identity;
  };

  /** What is remembered, moved to the end of the queue; undefined when the registration has changed since. */
  const recall = (header: string, view: StandingView): Remembered | undefined => {
    const one = remembered.get(header);
    if (one === undefined) return undefined;
    const { identity, client, partner, kid } = one;
    remembered.delete(header);
    const isSame = client === undefined || parts.clients.findIn(view, client.id) === client;
    if (!isSame || parts.partners.get(partner.name) !== partner) return undefined;
    // Revoked, or signed with a key that was ended at once.
    if (kid !== undefined && (view.revoked.has(identity.tokenId) || !view.keys.has(kid))) throw invalid();
    if (parts.clock.now() >= identity.expiresAt) throw expired();
    remembered.set(header, one);
    return one;
  };

  const identify = async (header: string, token: string, external: ExternalTokens | undefined): Promise<Identity> => {
    const issuer = external === undefined ? undefined : claimedIssuer(token);
    if (external !== undefined && issuer !== undefined && external.knows(issuer)) {
      return remember(header, { ...(await external.identify(token, issuer)), client: undefined, kid: undefined });
    }
    return remember(header, await readOwn(await readToken(token, parts), parts));
  };

  return {
    verify: async (authorization = '') => {
      if (remembered.has(authorization)) {
        const known = recall(authorization, parts.standing.fresh() ?? (await parts.standing.current()));
        if (known !== undefined) return known.identity;
      }
      if (!/^bearer /i.test(authorization)) {
        throw refuse(
          'token-missing',
          `Send "Authorization: Bearer <token>"; tokens come from ${parts.endpoints.tokenUrl}.`,
        );
      }
      const token = authorization.length > LIMITS.accessTokenCharsMax ? undefined : BEARER.exec(authorization)?.[1];
      if (token === undefined) throw invalid();
      // However it was written, one token is remembered once.
      const header = `Bearer ${token}`;
      const known = remembered.has(header) ? recall(header, await parts.standing.current()) : undefined;
      return known?.identity ?? identify(header, token, parts.external);
    },
    identify: async (token) => {
      if (token.length > LIMITS.accessTokenCharsMax) throw invalid();
      const header = `Bearer ${token}`;
      const known = recall(header, await parts.standing.current());
      // Another issuer's token is none of ours.
      if (known?.client !== undefined) return known.identity;
      return identify(header, token, undefined);
    },
  };
}

/** Whose token it says it is: that decides which keys it is held against, and proves nothing. */
function claimedIssuer(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}

async function readToken(token: string, parts: TokenVerifierParts): Promise<{ claims: JWTPayload; kid: string }> {
  try {
    const { kid } = decodeProtectedHeader(token);
    const key = typeof kid === 'string' ? await parts.keyring.find(kid) : undefined;
    if (key === undefined || typeof kid !== 'string') throw invalid();
    const { payload } = await jwtVerify(token, key, {
      algorithms: [ACCESS_TOKEN_ALGORITHM],
      typ: 'at+jwt',
      issuer: parts.endpoints.issuer,
      audience: parts.endpoints.fhirBase,
      requiredClaims: ['sub', 'client_id', 'exp', 'jti', 'scope', 'partner'],
      currentDate: parts.clock.now(),
    });
    return { claims: payload, kid };
  } catch (fault) {
    if (fault instanceof errors.JWTExpired) throw expired();
    // jose says TypeError of a header that is none.
    if (fault instanceof errors.JOSEError || fault instanceof TypeError) throw invalid();
    throw fault;
  }
}

/** The partner, its organisation and the scopes' upper bound come from the registration as it is now, not from the token. */
async function readOwn(
  { claims, kid }: { readonly claims: JWTPayload; readonly kid: string },
  parts: TokenVerifierParts,
): Promise<Remembered> {
  const { sub, client_id: clientId, partner: partnerName, scope, jti, exp } = claims;
  if (typeof clientId !== 'string' || typeof scope !== 'string' || jti === undefined || exp === undefined)
    throw invalid();
  const view = await parts.standing.current();
  const client = parts.clients.findIn(view, clientId);
  const partner = client === undefined ? undefined : parts.partners.get(client.partner);
  if (client === undefined || partner === undefined || sub !== client.id || partnerName !== partner.name)
    throw invalid();
  if (view.revoked.has(jti)) throw invalid();
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
  return { identity, client, partner, kid };
}

const invalid = () =>
  refuse('token-invalid', 'The access token is not one of ours, or its application is not registered any more.');
const expired = () => refuse('token-expired', 'The access token has expired; ask for a new one.');
