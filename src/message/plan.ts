import type { Resource } from '@medplum/fhirtypes';
import { NHS_NUMBER_SYSTEM } from '../fhir/canonical.ts';
import type { ResourceIndexer } from '../fhir/index-resource.ts';
import { rewriteReferences } from '../fhir/references.ts';
import { isRestrictedLabel, securityCodes } from '../fhir/security-labels.ts';
import type { Validator } from '../fhir/validate.ts';
import type { Clock } from '../kernel/clock.ts';
import { hasErrors, type Issue, issue } from '../kernel/errors.ts';
import { parseExact, printExact } from '../kernel/exact-json.ts';
import { newId } from '../kernel/ids.ts';
import type { JsonObject } from '../kernel/json.ts';
import { failure, type Result, success } from '../kernel/result.ts';
import type { MappedEntry } from '../mapping/mapping.ts';
import type { BusinessIdentifier, ResourceWrite, StoredResource } from '../store/store.ts';
import { sameContent } from './merge.ts';
import { mergeEntry } from './merge-policy.ts';
import type { CheckedMessage, KnownResources, PlannedMessage, PlannedWrite } from './message.ts';
import { hasInvalidTag, judgeIssues, withInvalidTag } from './validation-policy.ts';

export interface PlanParts {
  readonly indexer: ResourceIndexer;
  readonly validator: Validator;
  readonly clock: Clock;
}

/**
 * What would be written, given what is known: ids for what is new, references between entries made real, `create`
 * left alone where the resource exists, `merge` joined with what is stored, and what would change nothing left out.
 * A merged resource is checked again, because two valid halves can make an invalid whole.
 */
export function planMessage(message: CheckedMessage, known: KnownResources, parts: PlanParts): Result<PlannedMessage> {
  if (known.ambiguous.length > 0) {
    return failure(
      issue(
        'multiple-matches',
        `More than one stored resource carries the identifier of an entry (${typesOf(known.ambiguous, message)}). Resolve the duplicate first.`,
      ),
    );
  }
  const twice = findTwice(message.entries, ({ name }) => idOf(known.current.get(name)));
  if (twice.length > 0) {
    return failure(
      issue(
        'multiple-matches',
        `Two entries of this message are one and the same stored resource (${typesOf(twice, message)}). Send it once.`,
      ),
    );
  }
  const ids = new Map<string, string>();
  for (const entry of message.entries) ids.set(entry.name, known.current.get(entry.name)?.id ?? newId());
  const targets = new Map(
    message.entries.map((entry) => [entry.fullUrl, `${entry.resource.resourceType}/${ids.get(entry.name)}`]),
  );

  const writes: PlannedWrite[] = [];
  const issues: Issue[] = [];
  for (const entry of message.entries) {
    const stored = known.current.get(entry.name);
    const sent = rewriteReferences(entry.resource, (reference) => targets.get(reference));
    const before = stored === undefined ? undefined : (parseExact(stored.content) as unknown as Resource);
    const settled = before === undefined ? sent : settleEntry(entry, before, sent);
    if (settled === undefined) continue;
    let invalid = message.invalid?.has(entry.name) === true;
    if (before !== undefined) {
      // Our own tag is no difference in content: the verdict follows from that.
      const alike = withInvalidTag(settled, hasInvalidTag(before));
      if (sameContent({ ...alike, id: before.id } as Resource, before)) continue;
      const judged = judgeIssues(parts.validator.validate(settled), message.policy ?? 'reject');
      issues.push(...judged.issues);
      if (judged.refused) continue;
      invalid = judged.invalid;
    }
    const after = withInvalidTag(settled, invalid && message.policy === 'tag');
    const version = (stored?.version ?? 0) + 1;
    const held = (known.claims.get(entry.name) ?? []).filter((claim) => carriesIdentifier(after, claim));
    const claims = [entry.identifier, ...held];
    writes.push({
      name: entry.name,
      invalid,
      write: writeOf(after, ids.get(entry.name) ?? '', version, claims, message, parts),
    });
  }
  if (hasErrors(issues)) return failure(...issues);
  if (known.doubled.length > 0) issues.push(TWO_RECORDS);
  const claimedTwice = findTwice(
    writes.flatMap(({ name, write }) =>
      write.claims.map(({ system, value }) => ({ name, claim: [write.type, system, value] })),
    ),
    ({ claim }) => JSON.stringify(claim),
  );
  if (claimedTwice.length > 0) {
    return failure(
      issue(
        'identifier-conflict',
        `Two entries of this message carry an identifier that only one may hold (${typesOf(claimedTwice, message)}).`,
      ),
    );
  }
  return success({ received: message.received, writes }, issues);
}

/** What only people can settle; the message itself goes its way. */
const TWO_RECORDS = issue(
  'record-duplicate',
  'Another Patient carries the number that the sender has for this person, and no NHS number: by the sender’s word the two are one. Merge them.',
  { severity: 'warning' },
);

/** Resource types of entries. Their names are not told: a mapping may make them from the message. */
function typesOf(names: readonly string[], { entries }: CheckedMessage): string {
  const found = entries.filter(({ name }) => names.includes(name)).map(({ resource }) => resource.resourceType);
  return [...new Set(found)].join(', ');
}

function idOf(stored: StoredResource | undefined): string | undefined {
  return stored === undefined ? undefined : `${stored.type}/${stored.id}`;
}

/** Names of those that share a key; what has no key shares none. */
function findTwice<T extends { readonly name: string }>(
  items: readonly T[],
  keyOf: (item: T) => string | undefined,
): string[] {
  const groups = Map.groupBy(items, keyOf);
  groups.delete(undefined);
  return [...groups.values()].filter(({ length }) => length > 1).flatMap((group) => group.map(({ name }) => name));
}

function settleEntry(entry: MappedEntry, before: Resource, sent: Resource): Resource | undefined {
  switch (entry.write) {
    case 'create':
      return undefined;
    case 'replace':
      return keepRestriction(before, sent);
    case 'merge':
      return mergeEntry(before, sent, entry);
  }
}

/** Who does not know of a restriction must not lift it: its labels stay whatever else becomes what was sent. */
function keepRestriction(before: Resource, sent: Resource): Resource {
  const codes = securityCodes(sent as unknown as JsonObject);
  const kept = (before.meta?.security ?? []).filter(
    ({ code = '' }) => isRestrictedLabel(code) && !codes.includes(code),
  );
  if (kept.length === 0) return sent;
  return { ...sent, meta: { ...sent.meta, security: [...kept, ...(sent.meta?.security ?? [])] } } as Resource;
}

function writeOf(
  resource: Resource,
  id: string,
  version: number,
  claims: readonly BusinessIdentifier[],
  message: CheckedMessage,
  parts: PlanParts,
): ResourceWrite {
  const { received } = message;
  const source = `urn:ginnel:partner:${received.partner}#${received.id}`;
  return stampWrite(
    resource,
    {
      id,
      version,
      lastUpdated: parts.clock.now().toISOString(),
      source,
      claims,
      messageId: received.id,
    },
    parts.indexer,
  );
}

export interface Stamp {
  readonly id: string;
  readonly version: number;
  readonly lastUpdated: string;
  readonly source: string | undefined;
  readonly claims: readonly BusinessIdentifier[];
  readonly messageId: string | null;
}

/** A resource as it is stored and served: id and `meta` set by us, index rows extracted, unique identifiers claimed. */
export function stampWrite(resource: Resource, stamp: Stamp, indexer: ResourceIndexer): ResourceWrite {
  const { resourceType, id: _id, meta, ...rest } = resource as Resource & { meta?: object };
  const stamped = {
    resourceType,
    id: stamp.id,
    meta: {
      ...meta,
      versionId: String(stamp.version),
      lastUpdated: stamp.lastUpdated,
      ...(stamp.source === undefined ? {} : { source: stamp.source }),
    },
    ...rest,
  } as unknown as Resource;
  const extracted = indexer.index(stamped);
  return {
    type: resourceType,
    id: stamp.id,
    version: stamp.version,
    lastUpdated: stamp.lastUpdated,
    deleted: false,
    content: printExact(stamped),
    patient: extracted.patient,
    index: extracted.index,
    claims: uniqueClaims([...stamp.claims, ...nhsNumberOf(stamped)]),
    organisations: extracted.organisations,
    consents: extracted.consents,
    messageId: stamp.messageId,
  };
}

/** Whether the resource itself carries this identifier; an element of R4 may hold one or a list. */
export function carriesIdentifier(resource: Resource, { system, value }: BusinessIdentifier): boolean {
  const { identifier } = resource as { identifier?: BusinessIdentifier | BusinessIdentifier[] };
  return [identifier ?? []].flat().some((one) => one.system === system && one.value === value);
}

/** One person has one NHS number: whoever brings it, two Patients can never hold the same. */
function nhsNumberOf(resource: Resource): BusinessIdentifier[] {
  if (resource.resourceType !== 'Patient') return [];
  return (resource.identifier ?? []).flatMap(({ system, value }) =>
    system === NHS_NUMBER_SYSTEM && value !== undefined ? [{ system, value }] : [],
  );
}

function uniqueClaims(claims: readonly BusinessIdentifier[]): BusinessIdentifier[] {
  return [...new Map(claims.map((claim) => [`${claim.system}|${claim.value}`, claim])).values()];
}
