import type { Clock } from '../kernel/clock.ts';
import { GinnelError, refuse } from '../kernel/errors.ts';
import { decide, refuseDenied } from './decide.ts';
import type { AccessNeed, Identity } from './identity.ts';
import type { OpenAccess } from './open-access.ts';
import type { OtherDoors, OtherProof } from './other-doors.ts';
import { RateLimited } from './rate-limits.ts';
import type { RefusalAudit } from './refusal-audit.ts';

export interface AdmissionRequest {
  readonly authorization: string | undefined;
  /** What a system shows instead that cannot ask for tokens: opens the doors for messages alone. */
  readonly other?: OtherProof | undefined;
  readonly need: AccessNeed;
  readonly correlationId: string;
  /** Network address of the other side. */
  readonly address?: string | undefined;
  /** A header's value, by lower-case name: the person who asks, an emergency. */
  readonly header?: ((name: string) => string | undefined) | undefined;
}

/** The one way past every door: who is asking, and may they? Resolves with the identity or throws, audited. */
export type Admission = (request: AdmissionRequest) => Promise<Identity>;

export interface AdmissionParts {
  readonly verify: (authorization: string | undefined) => Promise<Identity>;
  /** By an API key or a client certificate; without it there are no such doors. */
  readonly otherDoors?: OtherDoors | undefined;
  readonly refusals: Pick<RefusalAudit, 'record'>;
  readonly clock: Clock;
  /** Works out what the identity may do; without it, nothing but sending messages. */
  readonly openAccess?: OpenAccess | undefined;
}

/** Token, then decision. A refusal is in the audit before it is answered. */
export function createAdmission(parts: AdmissionParts): Admission {
  const refuseAudited = async (request: AdmissionRequest, reason: GinnelError, identity?: Identity): Promise<never> => {
    const waitMs = await parts.refusals.record({
      kind: 'refusedAccess',
      recorded: parts.clock.now(),
      correlationId: request.correlationId,
      address: request.address,
      interaction: request.need.interaction,
      client: identity?.client,
      partner: identity?.partner,
      tokenId: identity?.tokenId,
      types: request.need.interaction === 'intake' ? [] : request.need.types,
      issueCodes: reason.issues.map(({ code }) => code),
    });
    throw waitMs > 0 ? new RateLimited(waitMs) : reason;
  };
  return async (request) => {
    let identity: Identity;
    try {
      identity = await identify(request, parts);
    } catch (error) {
      if (error instanceof GinnelError) return refuseAudited(request, error);
      throw error;
    }
    try {
      identity = await open(identity, request, parts);
    } catch (error) {
      if (error instanceof GinnelError) return refuseAudited(request, error, identity);
      throw error;
    }
    const decision = decide(identity, request.need);
    if (decision.allowed) return identity;
    return refuseAudited(request, refuseDenied(decision), identity);
  };
}

function open(
  identity: Identity,
  { need, correlationId, address, header = () => undefined }: AdmissionRequest,
  { openAccess }: AdmissionParts,
): Identity | Promise<Identity> {
  return openAccess === undefined ? identity : openAccess(identity, { need, correlationId, address, header });
}

/** A token, or what stands in its place at a door for messages. Never both: one of them would go unchecked. */
async function identify({ authorization, other, need }: AdmissionRequest, parts: AdmissionParts): Promise<Identity> {
  if (need.interaction !== 'intake' || parts.otherDoors === undefined) return parts.verify(authorization);
  const { apiKey, certificate } = other ?? {};
  if (authorization !== undefined && apiKey !== undefined) {
    throw refuse('token-invalid', 'Send a token or an API key, not both.');
  }
  const hasOther = apiKey !== undefined || certificate !== undefined;
  return authorization === undefined && hasOther
    ? parts.otherDoors({ apiKey, certificate })
    : parts.verify(authorization);
}
