import { decodeJwt } from 'jose';
import type { AuditInput } from '../audit/event.ts';
import { GinnelError, ruleOf } from '../kernel/errors.ts';
import { LIMITS } from '../kernel/limits.ts';
import type { StandingStore } from '../store/standing.ts';
import type { NewAudit, Store } from '../store/store.ts';
import { authenticateClient, type ClientAuthenticationParts, readProof } from './authenticate-client.ts';
import type { Identity } from './identity.ts';
import {
  answerOAuth,
  type Claim,
  type OAuthAnswerParts,
  type OAuthRequest,
  type OAuthResponse,
  readForm,
} from './oauth.ts';
import { createRateLimit } from './rate-limits.ts';
import { TokenRefusal } from './refusals.ts';
import type { SmartEndpoints } from './smart-configuration.ts';
import type { Standing } from './standing.ts';

export interface TokenStandingParts extends ClientAuthenticationParts, OAuthAnswerParts {
  /** Reads one of our own tokens, without its scheme. */
  readonly identify: (token: string) => Promise<Identity>;
  readonly store: Pick<Store, 'useAssertionId' | 'commit'> & Pick<StandingStore, 'revokeToken'>;
  readonly standing: Pick<Standing, 'changed'>;
  readonly endpoints: SmartEndpoints;
  readonly buildAudit: (input: AuditInput) => NewAudit;
}

export interface TokenStandingEndpoints {
  /** RFC 7662; SMART App Launch 2.2, Token Introspection. */
  readonly introspect: (request: OAuthRequest) => Promise<OAuthResponse<object>>;
  /** RFC 7009. Durable before it is answered; every process knows within `standingFreshMs`. */
  readonly revoke: (request: OAuthRequest) => Promise<OAuthResponse<object>>;
}

/**
 * How a token stands, and its end before its time. A client authenticates as at the token endpoint and learns of its own
 * tokens only: any other is "not active", whatever is wrong with it (RFC 7662 section 2.2).
 */
export function createTokenStandingEndpoints(parts: TokenStandingParts): TokenStandingEndpoints {
  const { endpoints, clock } = parts;
  const limit = createRateLimit(clock, { burst: LIMITS.tokensBurst, refillMs: LIMITS.tokensRefillMs });
  const readRequest = async (request: OAuthRequest, url: string, claim: Claim) => {
    const fields = readForm(request);
    const proof = readProof(fields, request);
    const token = fields.get('token');
    if (token === undefined) throw new TokenRefusal('token-missing');
    const client = await authenticateClient(proof, [endpoints.tokenUrl, url], claim, parts);
    const waitMs = limit.take(client.id);
    if (waitMs > 0) throw new TokenRefusal('too-many-requests', waitMs);
    return { client, token, identity: await identifyOrNot(token, parts.identify) };
  };
  return {
    introspect: (request) =>
      answerOAuth(request, parts, async (claim) => {
        const { client, token, identity } = await readRequest(request, endpoints.introspectionUrl, claim);
        if (identity === undefined || identity.client !== client.id) return { active: false };
        const { iat } = decodeJwt(token);
        return {
          active: true,
          scope: identity.scopes.join(' '),
          client_id: identity.client,
          token_type: 'bearer',
          exp: Math.floor(identity.expiresAt.getTime() / 1000),
          iat,
          sub: identity.client,
          aud: endpoints.fhirBase,
          iss: endpoints.issuer,
          jti: identity.tokenId,
        };
      }),
    revoke: (request) =>
      answerOAuth(request, parts, async (claim) => {
        const { client, identity } = await readRequest(request, endpoints.revocationUrl, claim);
        // RFC 7009 section 2.2: what is no token any more needs no end.
        if (identity === undefined) return {};
        if (identity.client !== client.id) throw new TokenRefusal('token-of-another');
        const now = clock.now();
        await parts.store.revokeToken({
          tokenId: identity.tokenId,
          expiresAt: identity.expiresAt.toISOString(),
          now: now.toISOString(),
        });
        parts.standing.changed();
        const { correlationId, address } = request;
        const who = { correlationId, client: client.id, partner: client.partner };
        const tokenId = identity.tokenId;
        const audit = parts.buildAudit({ kind: 'revokedToken', recorded: now, address, tokenId, ...who });
        await parts.store.commit({ writes: [], deliveries: [], audit: [audit] });
        parts.log.info('token revoked', who);
        return {};
      }),
  };
}

async function identifyOrNot(token: string, identify: TokenStandingParts['identify']): Promise<Identity | undefined> {
  try {
    return await identify(token);
  } catch (fault) {
    if (fault instanceof GinnelError && ruleOf(fault.issues).httpStatus === 401) return undefined;
    throw fault;
  }
}
