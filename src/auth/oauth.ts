import type { Clock } from '../kernel/clock.ts';
import { LIMITS } from '../kernel/limits.ts';
import type { Log } from '../kernel/log.ts';
import { retryAfterSeconds } from './rate-limits.ts';
import type { RefusalAudit } from './refusal-audit.ts';
import { type OAuthError, REFUSALS, TokenRefusal } from './refusals.ts';

/** A POST to an OAuth endpoint, without its transport. */
export interface OAuthRequest {
  readonly contentType: string | undefined;
  readonly body: string;
  readonly correlationId: string;
  readonly authorization?: string | undefined;
  /** Network address of the client. */
  readonly address?: string | undefined;
}

export interface OAuthResponse<T> {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: T | OAuthRefused;
}

/** RFC 6749 section 5.2. */
export interface OAuthRefused {
  readonly error: OAuthError;
  readonly error_description: string;
}

export interface OAuthAnswerParts {
  readonly refusals: RefusalAudit;
  readonly clock: Clock;
  readonly log: Log;
}

/** Whom a request has been found to come from; what it only claims is not proved. */
export interface Claim {
  client?: { readonly id: string; readonly partner: string } | undefined;
}

/** RFC 6749 section 5.1. */
const HEADERS = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', Pragma: 'no-cache' } as const;

/**
 * Answers what `run` gives, or its refusal as an OAuth error, audited. Throws only what is a fault of ours, such as a
 * store that is down. An address that was refused too often is not heard for a while: signatures are dear to verify.
 */
export async function answerOAuth<T extends object>(
  request: OAuthRequest,
  parts: OAuthAnswerParts,
  run: (claim: Claim) => Promise<T>,
): Promise<OAuthResponse<T>> {
  const claim: Claim = {};
  try {
    const waitMs = parts.refusals.wait(request.address);
    if (waitMs > 0) {
      parts.refusals.count(refusalOf('too-many-requests', claim, request, parts));
      return refuseWith('too-many-requests', waitMs);
    }
    return { status: 200, headers: HEADERS, body: await run(claim) };
  } catch (fault) {
    if (!(fault instanceof TokenRefusal)) throw fault;
    const waitMs = await parts.refusals.record(refusalOf(fault.reason, claim, request, parts));
    if (waitMs > 0) return refuseWith('too-many-requests', waitMs);
    const { id, partner } = claim.client ?? {};
    parts.log.warn('token refused', {
      correlationId: request.correlationId,
      client: id,
      partner,
      state: fault.reason,
    });
    return refuseWith(fault.reason, fault.waitMs);
  }
}

function refusalOf(reason: TokenRefusal['reason'], claim: Claim, request: OAuthRequest, parts: OAuthAnswerParts) {
  return {
    kind: 'refusedToken',
    recorded: parts.clock.now(),
    correlationId: request.correlationId,
    address: request.address,
    error: REFUSALS[reason].error,
    reason,
    client: claim.client?.id,
    partner: claim.client?.partner,
  } as const;
}

function refuseWith(reason: TokenRefusal['reason'], waitMs?: number): OAuthResponse<never> {
  const { error, description } = REFUSALS[reason];
  const body = { error, error_description: description };
  if (reason === 'too-many-requests') {
    const headers = { ...HEADERS, 'Retry-After': String(retryAfterSeconds(waitMs ?? 0)) };
    return { status: 429, headers, body };
  }
  if (error === 'temporarily_unavailable') return { status: 503, headers: { ...HEADERS, 'Retry-After': '1' }, body };
  return { status: error === 'invalid_client' ? 401 : 400, headers: HEADERS, body };
}

/** The fields of a form (RFC 6749 section 3.2): each at most once, and one without a value counts as left out. */
export function readForm(request: OAuthRequest): ReadonlyMap<string, string> {
  const mediaType = request.contentType?.split(';')[0]?.trim().toLowerCase();
  if (mediaType !== 'application/x-www-form-urlencoded') throw new TokenRefusal('content-type');
  if (Buffer.byteLength(request.body) > LIMITS.tokenBodyBytesMax) throw new TokenRefusal('body-too-large');
  const fields = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(request.body)) {
    if (fields.has(name)) throw new TokenRefusal('parameter-repeated');
    fields.set(name, value);
  }
  for (const [name, value] of fields) if (value === '') fields.delete(name);
  return fields;
}
