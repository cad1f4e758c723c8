import type { AuditInput } from '../audit/event.ts';
import type { Clock } from '../kernel/clock.ts';
import { GinnelError, refuse } from '../kernel/errors.ts';
import type { NewAudit, Store } from '../store/store.ts';
import { decide } from './decide.ts';
import type { AccessNeed, Identity } from './identity.ts';

export interface AdmissionRequest {
  readonly authorization: string | undefined;
  readonly need: AccessNeed;
  readonly correlationId: string;
  /** Network address of the other side. */
  readonly address?: string | undefined;
}

/** The one way past every door: who is asking, and may they? Resolves with the identity or throws, audited. */
export type Admission = (request: AdmissionRequest) => Promise<Identity>;

export interface AdmissionParts {
  readonly verify: (authorization: string | undefined) => Promise<Identity>;
  readonly store: Pick<Store, 'commit'>;
  readonly buildAudit: (input: AuditInput) => NewAudit;
  readonly clock: Clock;
}

/** Token, then decision. A refusal is in the audit before it is answered. */
export function createAdmission(parts: AdmissionParts): Admission {
  const refuseAudited = async (request: AdmissionRequest, reason: GinnelError, identity?: Identity): Promise<never> => {
    const audit = parts.buildAudit({
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
    await parts.store.commit({ writes: [], deliveries: [], audit: [audit] });
    throw reason;
  };
  return async (request) => {
    let identity: Identity;
    try {
      identity = await parts.verify(request.authorization);
    } catch (error) {
      if (error instanceof GinnelError) return refuseAudited(request, error);
      throw error;
    }
    const decision = decide(identity, request.need);
    if (decision.allowed) return identity;
    return refuseAudited(request, refuse('scope-insufficient', decision.reason), identity);
  };
}
