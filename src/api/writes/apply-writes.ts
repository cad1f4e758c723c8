import { setTimeout } from 'node:timers/promises';
import { GinnelError, type Issue, refuse } from '../../kernel/errors.ts';
import { LIMITS } from '../../kernel/limits.ts';
import { deliveriesOf } from '../../message/deliveries.ts';
import type { BusinessIdentifier, Commit, NewAudit } from '../../store/store.ts';
import type { ApiParts } from '../api-parts.ts';
import type { FhirRequest } from '../exchange.ts';
import { findTargets, type Target } from './find-targets.ts';
import { hideOutcome } from './hide-outcome.ts';
import { linkReferences } from './link-references.ts';
import { type PlannedWrite, planWrites } from './plan-writes.ts';
import { requireWritable } from './require-writable.ts';
import { issueOf, requireAccess, type WriteIntent, type WriteInteraction } from './write-intent.ts';

/** Objects to a plan by throwing, before anything is written. */
type Check = (planned: readonly PlannedWrite[]) => Promise<void>;

/**
 * Does all of it or nothing: access is decided for every write, then what stands there is looked up, then all is
 * planned, and one commit holds the resources, the deliveries of their routes and the audit. Writes of one resource, or
 * by one condition, take turns; where another process was faster it is planned again on what that left. `check` may
 * still object to the plan.
 */
export async function applyWrites(
  intents: readonly WriteIntent[],
  request: FhirRequest,
  parts: ApiParts,
  check: Check = async () => {},
): Promise<PlannedWrite[]> {
  requireAccess(intents, request);
  return parts.turns(turnsOf(intents), () => planAndCommit(intents, request, parts, check));
}

function turnsOf(intents: readonly WriteIntent[]): string[] {
  return intents.flatMap(({ type, id, condition }) => {
    if (condition !== undefined) return [`${type}?${JSON.stringify(condition.search.filters)}`];
    return id === undefined ? [] : [`${type}/${id}`];
  });
}

async function planAndCommit(
  intents: readonly WriteIntent[],
  request: FhirRequest,
  parts: ApiParts,
  check: Check,
): Promise<PlannedWrite[]> {
  let claimsConditions = true;
  for (let attempt = 1; ; attempt += 1) {
    const targets = await findTargets(intents, request.reader, parts.store);
    const given: Given = { intents, targets, claimsConditions };
    const done = await commitPlan(given, request, parts, check).catch((fault: unknown) => {
      throw hideOutcome(fault, intents, targets);
    });
    if (done.planned !== undefined) return done.planned;
    claimsConditions = done.claimsConditions;
    if (attempt >= LIMITS.writeAttemptsMax) {
      const text = 'Others are changing the same resource at this moment. Read it again and decide anew.';
      throw refuse('version-conflict', text);
    }
    // Two processes that meet again and again would if both waited equally long.
    await setTimeout(Math.random() * Math.min(2 ** attempt, LIMITS.writePauseMsMax));
  }
}

interface Given {
  readonly intents: readonly WriteIntent[];
  readonly targets: readonly Target[];
  readonly claimsConditions: boolean;
}

/** What was written; undefined where another was faster, and all has to be planned again. */
async function commitPlan(
  { intents, targets, claimsConditions }: Given,
  request: FhirRequest,
  parts: ApiParts,
  check: Check,
): Promise<{ readonly planned: PlannedWrite[] | undefined; readonly claimsConditions: boolean }> {
  const link = await linkReferences(intents, targets, request.reader, parts);
  const by = { partner: request.identity.partner, correlationId: request.correlationId };
  const planned = planWrites(intents, targets, link, parts, { claimsConditions, by });
  await requireWritable(planned, targets, request.reader);
  refuseOverlaps(planned);
  await check(planned);
  if (planned.length === 0) return { planned, claimsConditions };
  const commit = await composeCommit(planned, request, parts);
  const result = await parts.store.commit(commit);
  if (result.ok) {
    if (commit.deliveries.length > 0) parts.wakeDelivery();
    return { planned, claimsConditions };
  }
  const held = result.conflict === 'identifier' ? await findHeldClaims(planned, parts) : [];
  if (held.length > 0) throw new GinnelError(held);
  // The condition finds nobody and its identifier is held all the same: by what the caller does not see, which must
  // not be told by an answer. It goes without the claim then.
  const isHidden = result.conflict === 'identifier' && !intents.every(({ type }) => request.reader.isOpen(type));
  return { planned: undefined, claimsConditions: claimsConditions && !isHidden };
}

async function composeCommit(planned: readonly PlannedWrite[], request: FhirRequest, parts: ApiParts): Promise<Commit> {
  const writes = planned.flatMap(({ write }) => write ?? []);
  const routed = writes.flatMap((write) => parts.router.route(write).map((to) => ({ write, ...to })));
  const allowed = await parts.disclosure.allowRoutes(routed, writes);
  for (const { route, partner, issue } of allowed.withheld) {
    parts.log.warn('route not taken', {
      correlationId: request.correlationId,
      route,
      partner,
      issueCodes: [issue.code],
    });
  }
  const createdAt = parts.clock.now().toISOString();
  return {
    writes,
    deliveries: deliveriesOf(allowed.routed, { messageId: null, correlationId: request.correlationId, createdAt }),
    audit: auditsOf(planned, request, parts),
  };
}

/** One event for each interaction and patient, so that a patient's events are found by the patient. */
function auditsOf(planned: readonly PlannedWrite[], request: FhirRequest, parts: ApiParts): NewAudit[] {
  const groups = Map.groupBy(planned, ({ intent, patients }) => `${intent.interaction} ${patients.join()}`);
  return [...groups.values()].map((group) => {
    const interaction: WriteInteraction = group[0]?.intent.interaction ?? 'update';
    return parts.buildAudit({
      kind: 'access',
      recorded: parts.clock.now(),
      correlationId: request.correlationId,
      address: request.address,
      interaction,
      client: request.identity.client,
      partner: request.identity.partner,
      tokenId: request.identity.tokenId,
      person: request.identity.person,
      purpose: request.identity.access?.purpose,
      types: [...new Set(group.map(({ intent }) => intent.type))],
      patients: group[0]?.patients ?? [],
      // An id that was never ours is not recorded: it may be somebody's number.
      resources: group.flatMap(({ stored }) => (stored === undefined ? [] : [`${stored.type}/${stored.id}`])),
      queryNames: [...new Set(group.flatMap(({ intent }) => intent.condition?.names ?? []))],
    });
  });
}

/** https://hl7.org/fhir/R4/http.html#trules: a transaction is about each resource, and each unique identifier, once. */
function refuseOverlaps(planned: readonly PlannedWrite[]): void {
  const issues: Issue[] = [];
  const seen = new Set<string>();
  const claimed = new Set<string>();
  for (const { intent, stored, write } of planned) {
    const id = stored?.id ?? intent.id;
    if (id !== undefined && seen.has(`${intent.type}/${id}`)) {
      issues.push(issueOf(intent, 'entries-overlap', 'Another entry is about the same resource.'));
    }
    seen.add(`${intent.type}/${id}`);
    for (const { system, value } of write?.claims ?? []) {
      const key = JSON.stringify([intent.type, system, value]);
      if (claimed.has(key)) {
        const text = 'Another entry brings a resource with an identifier that only one may hold.';
        issues.push(issueOf(intent, 'identifier-conflict', text));
      }
      claimed.add(key);
    }
  }
  if (issues.length > 0) throw new GinnelError(issues);
}

/**
 * The writes whose identifier another resource holds. A condition's own identifier is not among them: planned again,
 * the condition finds who holds it.
 */
async function findHeldClaims(planned: readonly PlannedWrite[], { store }: ApiParts): Promise<Issue[]> {
  const ours = new Set(planned.flatMap(({ write }) => (write === undefined ? [] : [`${write.type}/${write.id}`])));
  const isHeld = async (type: string, claim: BusinessIdentifier): Promise<boolean> => {
    const carriers = await store.findByIdentifier(type, claim);
    const others = carriers.filter((id) => !ours.has(`${type}/${id}`));
    const claims = await Promise.all(others.map((id) => store.claimsOf(type, id)));
    return claims.flat().some((one) => isSame(one, claim));
  };
  const found = await Promise.all(
    planned.flatMap(({ intent, write }) =>
      (write?.claims ?? []).map(async (claim): Promise<Issue[]> => {
        if (isSame(intent.condition?.claim, claim) || !(await isHeld(intent.type, claim))) return [];
        const text =
          'Another resource of this type holds an identifier that only one may hold. Search for it and update it.';
        return [issueOf(intent, 'identifier-conflict', text)];
      }),
    ),
  );
  return found.flat();
}

function isSame(one: BusinessIdentifier | undefined, other: BusinessIdentifier): boolean {
  return one?.system === other.system && one.value === other.value;
}
