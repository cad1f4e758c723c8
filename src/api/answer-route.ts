import type { Identity } from '../auth/identity.ts';
import { GinnelError, ruleOf } from '../kernel/errors.ts';
import type { ApiParts } from './api-parts.ts';
import type { FhirAnswer, FhirRequest } from './exchange.ts';
import type { FhirRoute } from './routes.ts';

/** Runs an interaction that was admitted, and puts it into the audit, whether it is answered or refused. */
export async function answerRoute(route: FhirRoute, request: FhirRequest, parts: ApiParts): Promise<FhirAnswer> {
  let answer: FhirAnswer;
  try {
    answer = await route.run(request, parts);
  } catch (fault) {
    await auditRefusal(route, request, fault, parts);
    throw fault;
  }
  await auditAccess(route, request, answer, parts);
  return answer;
}

/** A granted access is in the audit, within the bound that the configuration sets, before its answer leaves. */
async function auditAccess(route: FhirRoute, request: FhirRequest, answer: FhirAnswer, parts: ApiParts): Promise<void> {
  if (answer.disclosed === 'written') return;
  const audit = parts.buildAudit({
    kind: 'access',
    recorded: parts.clock.now(),
    correlationId: request.correlationId,
    address: request.address,
    interaction: route.interaction,
    client: request.identity.client,
    partner: request.identity.partner,
    tokenId: request.identity.tokenId,
    person: request.identity.person,
    purpose: request.identity.access?.purpose,
    types: route.types(request),
    patients: answer.disclosed.patients,
    resources: answer.disclosed.resources,
    whose: answer.disclosed.whose,
    queryNames: answer.disclosed.queryNames ?? [],
  });
  // What was opened in an emergency is looked at afterwards: nothing of that may be missing.
  if (request.identity.access?.purpose === 'BTG')
    await parts.store.commit({ writes: [], deliveries: [], audit: [audit] });
  else await parts.recordRead(audit);
}

/** What is known of a request before it has been read. */
export interface Asked {
  readonly type: string;
  readonly identity: Identity;
  readonly correlationId: string;
  readonly address: string | undefined;
}

/** What was admitted and then refused is an access too: "there is no such person here" tells something. */
export async function auditRefusal(route: FhirRoute, asked: Asked, fault: unknown, parts: ApiParts): Promise<void> {
  if (!(fault instanceof GinnelError) || ruleOf(fault.issues).httpStatus >= 500) return;
  const audit = parts.buildAudit({
    kind: 'refusedAccess',
    recorded: parts.clock.now(),
    correlationId: asked.correlationId,
    address: asked.address,
    interaction: route.interaction,
    client: asked.identity.client,
    partner: asked.identity.partner,
    tokenId: asked.identity.tokenId,
    person: asked.identity.person,
    purpose: asked.identity.access?.purpose,
    types: route.types(asked),
    issueCodes: [...new Set(fault.issues.map(({ code }) => code))],
  });
  await parts.store.commit({ writes: [], deliveries: [], audit: [audit] });
}
