import { SignJWT } from 'jose';
import type { AuditInput } from '../audit/event.ts';
import type { Client } from '../config/config.ts';
import { newId } from '../kernel/ids.ts';
import { LIMITS } from '../kernel/limits.ts';
import type { Log } from '../kernel/log.ts';
import type { NewAudit, Store } from '../store/store.ts';
import { authenticateClient, type ClientAuthenticationParts, readProof } from './authenticate-client.ts';
import type { IsCriteria } from './check-criteria.ts';
import type { Keyring } from './keyring.ts';
import { ACCESS_TOKEN_ALGORITHM } from './keys.ts';
import type { Login } from './login.ts';
import { answerOAuth, type OAuthAnswerParts, type OAuthRequest, type OAuthResponse, readForm } from './oauth.ts';
import { createRateLimit, type RateLimit } from './rate-limits.ts';
import { TokenRefusal } from './refusals.ts';
import { formatScope, intersectScopes, parseScopes, readScopes } from './scopes.ts';
import type { SmartEndpoints } from './smart-configuration.ts';

export interface TokenEndpointParts extends ClientAuthenticationParts, OAuthAnswerParts {
  readonly keyring: Pick<Keyring, 'signingKey'>;
  readonly store: Pick<Store, 'useAssertionId' | 'commit'>;
  readonly endpoints: SmartEndpoints;
  /** Whether a search is one that R4 has for the type, and that looks at the resource alone. */
  readonly isCriteria: IsCriteria;
  /** Where users log in elsewhere; without it there are client credentials alone. */
  readonly login?: Login | undefined;
  /** Tokens of one client; without it as many as `LIMITS.tokensBurst` says. */
  readonly tokenLimit?: RateLimit | undefined;
  readonly buildAudit: (input: AuditInput) => NewAudit;
  readonly log: Log;
}

/** RFC 6749 section 5.1; all members are required by SMART Backend Services, Issue access token. */
export interface TokenGranted {
  readonly access_token: string;
  readonly token_type: 'bearer';
  readonly expires_in: number;
  readonly scope: string;
}

export type TokenEndpoint = (request: OAuthRequest) => Promise<OAuthResponse<TokenGranted | Record<string, unknown>>>;

/**
 * The token endpoint of SMART Backend Services: client credentials, proved by a signed assertion (RFC 7523). It answers
 * refusals as OAuth errors; it throws only what is a fault of ours, such as a store that is down.
 */
export function createTokenEndpoint(parts: TokenEndpointParts): TokenEndpoint {
  const rules = { burst: LIMITS.tokensBurst, refillMs: LIMITS.tokensRefillMs };
  const limit = parts.tokenLimit ?? createRateLimit(parts.clock, rules);
  return (request) =>
    answerOAuth<TokenGranted | Record<string, unknown>>(request, parts, async (claim) => {
      const fields = readForm(request);
      const grantType = fields.get('grant_type');
      if (grantType === undefined) throw new TokenRefusal('grant-type-missing');
      if (parts.login !== undefined && (grantType === 'authorization_code' || grantType === 'refresh_token'))
        return parts.login(fields, request);
      if (grantType !== 'client_credentials') throw new TokenRefusal('grant-type-unsupported');
      const proof = readProof(fields, request);
      const client = await authenticateClient(proof, [parts.endpoints.tokenUrl], claim, parts);
      const waitMs = limit.take(client.id);
      if (waitMs > 0) throw new TokenRefusal('too-many-requests', waitMs);
      // RFC 6749 section 3.3: one who names no scope gets the default, which is what is registered.
      const asked = fields.get('scope') ?? client.scopes.join(' ');
      return issue(client, decideScopes(asked, client, parts), request, parts);
    });
}

/** Never more than was registered, and never nothing. The list is separated by spaces (RFC 6749 section 3.3). */
function decideScopes(asked: string, client: Client, parts: TokenEndpointParts): readonly string[] {
  if (asked.length > LIMITS.scopeTextCharsMax) throw new TokenRefusal('scope-invalid');
  const parsed = parseScopes(asked.split(' ').filter((part) => part !== ''));
  if (!parsed.ok) throw new TokenRefusal('scope-invalid');
  const isKnown = parsed.value.every(
    (scope) => scope.kind === 'intake' || scope.query === undefined || parts.isCriteria(scope.type, scope.query),
  );
  if (!isKnown) throw new TokenRefusal('scope-query-invalid');
  const granted = intersectScopes(parsed.value, readScopes(client.scopes));
  if (granted.length === 0) throw new TokenRefusal('scope-not-registered');
  const texts = granted.map(formatScope);
  // What is restricted on both sides grows when it is joined; a token has to fit into a header.
  if (texts.length > LIMITS.scopesMax || texts.join(' ').length > LIMITS.scopeTextCharsMax)
    throw new TokenRefusal('scope-invalid');
  return texts;
}

/** An access token in the form of RFC 9068. */
async function issue(
  client: Client,
  scopes: readonly string[],
  request: OAuthRequest,
  parts: TokenEndpointParts,
): Promise<TokenGranted> {
  const now = parts.clock.now();
  const issuedAt = Math.floor(now.getTime() / 1000);
  const tokenId = newId(now.getTime());
  const scope = scopes.join(' ');
  const signingKey = await parts.keyring.signingKey();
  const accessToken = await new SignJWT({ client_id: client.id, partner: client.partner, scope })
    .setProtectedHeader({ alg: ACCESS_TOKEN_ALGORITHM, typ: 'at+jwt', kid: signingKey.kid })
    .setIssuer(parts.endpoints.issuer)
    .setSubject(client.id)
    .setAudience(parts.endpoints.fhirBase)
    .setJti(tokenId)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + LIMITS.accessTokenLifetimeSeconds)
    .sign(signingKey.privateKey);
  const { correlationId, address } = request;
  const who = { correlationId, client: client.id, partner: client.partner };
  const audit = parts.buildAudit({ kind: 'token', recorded: now, address, tokenId, scopes, ...who });
  // Durable before the answer is given.
  const result = await parts.store.commit({ writes: [], deliveries: [], audit: [audit] });
  if (!result.ok) throw new Error('the audit was not written');
  parts.log.info('token issued', who);
  return { access_token: accessToken, token_type: 'bearer', expires_in: LIMITS.accessTokenLifetimeSeconds, scope };
}
