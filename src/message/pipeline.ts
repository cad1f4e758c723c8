import type { Disclosure } from '../access/disclosure.ts';
import type { AuditInput } from '../audit/event.ts';
import type { ValidationPolicy } from '../config/config.ts';
import type { ResourceIndexer } from '../fhir/index-resource.ts';
import type { Validator } from '../fhir/validate.ts';
import type { Clock } from '../kernel/clock.ts';
import { hasErrors, type Issue, issue, refuse } from '../kernel/errors.ts';
import { sha256Hex } from '../kernel/ids.ts';
import { LIMITS } from '../kernel/limits.ts';
import { describeFault, type Log } from '../kernel/log.ts';
import { failure, type Result, success } from '../kernel/result.ts';
import type { InMapping, MappingContext } from '../mapping/mapping.ts';
import type { Router } from '../routing/router.ts';
import type {
  Commit,
  CommitResult,
  MessageAnswer,
  NewAudit,
  NewMessage,
  Store,
  StoredMessage,
} from '../store/store.ts';
import { deliveriesOf } from './deliveries.ts';
import { lookUp } from './look-up.ts';
import type { CheckedMessage, ReceivedMessage, RoutedMessage } from './message.ts';
import { planMessage } from './plan.ts';
import { routeWrites } from './route-writes.ts';
import { checkMessage, mapMessage, parseMessage } from './steps.ts';
import type { Turns } from './turns.ts';

export interface PipelineParts {
  readonly store: Store;
  readonly mapping: (name: string) => InMapping | undefined;
  readonly contextOf: (received: ReceivedMessage) => MappingContext;
  readonly validator: Validator;
  /** What the message's channel says of resources that are not valid; without it, the message is refused. */
  readonly policyOf?: ((received: ReceivedMessage) => ValidationPolicy) | undefined;
  readonly indexer: ResourceIndexer;
  readonly router: Router;
  /** What of the routed may go: labels, and the patient's consents. */
  readonly disclosure: Pick<Disclosure, 'allowRoutes'>;
  readonly buildAudit: (input: AuditInput) => NewAudit;
  readonly clock: Clock;
  readonly log: Log;
  /** Messages that met a conflict plan again one after another here, so that they do not go on overtaking each other. */
  readonly turns: Turns;
  /** Called when deliveries have been committed, so that the worker need not wait for its next look. */
  readonly wakeDelivery: () => void;
}

/**
 * THE PATH of a message: receive → parse → map → check → (look up) → plan → route → commit. Delivery follows from the
 * store. Every step but the look-up and the commit is a pure function of what came before. The answer is only given
 * after the commit is durable; a refused message is committed too, with its issues, so that it can be found and replayed.
 */
export async function processMessage(received: ReceivedMessage, parts: PipelineParts): Promise<MessageAnswer> {
  const known = await parts.store.messageByKey(messageKey(received));
  if (known?.state === 'accepted') return known.answer;
  // A refused message that comes again runs again under its first id: the mapping may have been mended since.
  return runMessage(known === undefined ? received : { ...received, id: known.id }, known, parts);
}

/**
 * Processes a stored message again, as it was received, with today's mapping and configuration. One that was accepted
 * stays so, and its sender's answer stays the first one; what this run made of it is the answer here.
 */
export async function replayMessage(
  stored: StoredMessage,
  body: Uint8Array,
  parts: PipelineParts,
): Promise<MessageAnswer> {
  return runMessage({ ...stored, body }, stored, parts);
}

/** `known`: the message as it is stored, where it has been processed before. */
async function runMessage(
  received: ReceivedMessage,
  known: StoredMessage | undefined,
  parts: PipelineParts,
): Promise<MessageAnswer> {
  const checked = decideSafely(received, parts);
  const first = await tryCommit(received, known, checked, parts);
  if (first.done) return first.answer;
  return parts.turns(async () => {
    let { conflict } = first;
    for (let attempt = 2; attempt <= LIMITS.commitAttemptsMax; attempt += 1) {
      // The same message may have come twice at once, and the other of the two been faster.
      const now = await parts.store.messageByKey(messageKey(received));
      if (conflict === 'message' && now !== undefined) return now.answer;
      if (known?.state === 'refused' && now?.state === 'accepted') return now.answer;
      const next = await tryCommit(received, known, checked, parts);
      if (next.done) return next.answer;
      conflict = next.conflict;
    }
    if (conflict === 'identifier') {
      // Planned on what is stored and still in conflict: this is no race, and trying again would not help.
      const problem = issue(
        'identifier-conflict',
        'A resource of this message carries an identifier, such as an NHS number, that another stored one holds.',
      );
      const last = await tryCommit(received, known, failure(problem), parts);
      if (last.done) return last.answer;
    }
    throw refuse('store-unavailable', 'Others are changing the same records at this moment. Send it again.');
  });
}

type Attempt =
  | { readonly done: true; readonly answer: MessageAnswer }
  | { readonly done: false; readonly conflict: Extract<CommitResult, { ok: false }>['conflict'] };

/** Look up → plan → route → commit, once. */
async function tryCommit(
  received: ReceivedMessage,
  known: StoredMessage | undefined,
  checked: Result<CheckedMessage>,
  parts: PipelineParts,
): Promise<Attempt> {
  const routed = checked.ok ? await routeMessage(checked.value, parts) : checked;
  const issues = routed.ok ? uniqueIssues([...checked.issues, ...routed.issues]) : routed.issues;
  const { commit, answer } = composeCommit(received, known, routed.ok ? routed.value : undefined, issues, parts);
  const result = await parts.store.commit(commit);
  if (!result.ok) return { done: false, conflict: result.conflict };
  finish(commit, answer, received, parts);
  return { done: true, answer };
}

/** What a resource is told when it is checked, it may be told again when it has been merged. */
function uniqueIssues(issues: readonly Issue[]): Issue[] {
  return [...new Map(issues.map((one) => [JSON.stringify(one), one])).values()];
}

/** A bug of ours on one message is no reason to drop it: it is kept as refused, and goes through once the bug is mended. */
function decideSafely(received: ReceivedMessage, parts: PipelineParts): Result<CheckedMessage> {
  try {
    return decideMessage(received, parts);
  } catch (fault) {
    const { correlationId, id: messageId, partner, channel, mapping } = received;
    parts.log.error('message failed on our side', {
      correlationId,
      messageId,
      partner,
      channel,
      mapping,
      fault: describeFault(fault),
    });
    return failure(
      issue(
        'internal-error',
        'A fault on our side, not in the message. It is kept, and can be replayed once that is mended.',
      ),
    );
  }
}

/** Parse → map → check: pure. */
export function decideMessage(received: ReceivedMessage, parts: PipelineParts): Result<CheckedMessage> {
  const mapping = parts.mapping(received.mapping);
  if (mapping === undefined)
    return failure(issue('mapping-missing-file', `The mapping ${received.mapping} is not loaded.`));
  const parsed = parseMessage(received, mapping);
  if (!parsed.ok) return parsed;
  const mapped = mapMessage(parsed.value, mapping, parts.contextOf(received));
  if (!mapped.ok) return mapped;
  const checked = checkMessage(mapped.value, parts.validator, parts.policyOf?.(received));
  return checked.ok ? success(checked.value, [...parsed.issues, ...mapped.issues, ...checked.issues]) : checked;
}

/** Look up → plan → route. */
async function routeMessage(checked: CheckedMessage, parts: PipelineParts): Promise<Result<RoutedMessage>> {
  const planned = planMessage(checked, await lookUp(parts.store, checked), parts);
  if (!planned.ok) return planned;
  const { writes, routed, issues } = routeWrites(planned.value.writes, parts);
  const allowed = await parts.disclosure.allowRoutes(
    routed,
    writes.map(({ write }) => write),
  );
  return success({ ...planned.value, writes, routed: allowed.routed }, [
    ...planned.issues,
    ...issues,
    ...allowed.withheld.map((one) => one.issue),
  ]);
}

function composeCommit(
  received: ReceivedMessage,
  known: StoredMessage | undefined,
  routed: RoutedMessage | undefined,
  issues: readonly Issue[],
  parts: PipelineParts,
): { readonly commit: Commit; readonly answer: MessageAnswer } {
  const state = routed === undefined ? 'refused' : 'accepted';
  const writes = routed?.writes.map(({ write }) => write) ?? [];
  const deliveries = deliveriesOf(routed?.routed ?? [], {
    messageId: received.id,
    correlationId: received.correlationId,
    createdAt: parts.clock.now().toISOString(),
  });
  const answer: MessageAnswer = {
    messageId: received.id,
    state,
    created: writes.filter(({ version }) => version === 1).map(({ type, id }) => `${type}/${id}`),
    updated: writes.filter(({ version }) => version > 1).map(({ type, id }) => `${type}/${id}`),
    routed: (routed?.routed ?? []).map(({ route, partner }) => ({ route, partner })),
    issues,
  };
  const keptAnswer = known?.state === 'accepted' ? known.answer : answer;
  const row: NewMessage = {
    ...received,
    key: messageKey(received),
    mappingVersion: parts.mapping(received.mapping)?.version ?? '',
    state: keptAnswer.state,
    answer: keptAnswer,
  };
  const audit = parts.buildAudit({
    kind: routed === undefined ? 'refusedMessage' : 'message',
    recorded: parts.clock.now(),
    correlationId: received.correlationId,
    messageId: received.id,
    partner: received.partner,
    channel: received.channel,
    patients: [...new Set(writes.flatMap(({ patient }) => patient ?? []))],
    resources: [...answer.created, ...answer.updated],
    whose: [...writes.filter(({ version }) => version === 1), ...writes.filter(({ version }) => version > 1)].map(
      ({ patient }) => patient,
    ),
    issueCodes: issues.filter(({ severity }) => severity === 'error').map(({ code }) => code),
  });
  const decided = { writes, deliveries, audit: [audit] };
  return { answer, commit: known === undefined ? { message: row, ...decided } : { reprocessed: row, ...decided } };
}

function finish(commit: Commit, answer: MessageAnswer, received: ReceivedMessage, parts: PipelineParts): void {
  if (commit.deliveries.length > 0) parts.wakeDelivery();
  parts.log[answer.state === 'accepted' ? 'info' : 'warn'](`message ${answer.state}`, {
    correlationId: received.correlationId,
    messageId: received.id,
    partner: received.partner,
    channel: received.channel,
    mapping: received.mapping,
    count: commit.writes.length,
    issueCodes: hasErrors(answer.issues) ? answer.issues.map(({ code }) => code) : undefined,
  });
}

/** The same message again: the same sender, the same id of its own, and the same content. */
export function messageKey(
  received: Pick<ReceivedMessage, 'partner' | 'channel' | 'controlId' | 'contentHash'>,
): string {
  return sha256Hex([received.partner, received.channel, received.controlId ?? '', received.contentHash].join('\n'));
}
