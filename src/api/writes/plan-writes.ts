import type { Coding, Resource } from '@medplum/fhirtypes';
import { SUBSETTED } from '../../access/keep-back.ts';
import { GinnelError, hasErrors, type Issue, refuse } from '../../kernel/errors.ts';
import { copySpellings, parseExact } from '../../kernel/exact-json.ts';
import type { JsonObject } from '../../kernel/json.ts';
import { carriesIdentifier, stampWrite } from '../../message/plan.ts';
import type { BusinessIdentifier, ResourceWrite, StoredResource } from '../../store/store.ts';
import type { ApiParts } from '../api-parts.ts';
import { applyFhirPathPatch } from '../patch/apply-fhirpath-patch.ts';
import { applyJsonPatch } from '../patch/apply-json-patch.ts';
import { matchesVersion } from '../version-match.ts';
import { checkIntegers } from './check-integers.ts';
import { type Contributor, namesAnother, sourceOf } from './contributor.ts';
import type { Target } from './find-targets.ts';
import { expressionAt, issueOf, type WriteIntent } from './write-intent.ts';

/** What a write will do, and what stands there when it is done. */
export interface PlannedWrite {
  readonly intent: WriteIntent;
  readonly status: 200 | 201 | 204;
  /** Undefined where nothing changes: a create that found its resource, a deletion of what is not there. */
  readonly write: ResourceWrite | undefined;
  /** Undefined where there never was anything. */
  readonly stored: StoredResource | undefined;
  /** Ids of the patients whose record it was, and whose it is. */
  readonly patients: readonly string[];
  /** Warnings. */
  readonly issues: readonly Issue[];
}

/** The content a write brings, with references as they will be stored. */
export type Link = (intent: WriteIntent, resource: Resource) => Resource;

/** Throws when one of them cannot be done, with the issues of all: then nothing is. */
export function planWrites(
  intents: readonly WriteIntent[],
  targets: readonly Target[],
  link: Link,
  parts: ApiParts,
  how: Pick<Planning, 'claimsConditions' | 'by'>,
): PlannedWrite[] {
  const lastUpdated = parts.clock.now().toISOString();
  const issues: Issue[] = [];
  const planned = intents.flatMap((intent, index) => {
    const target = targets[index];
    if (target === undefined) throw new TypeError('a write has no target');
    try {
      return [planWrite(intent, target, { ...how, lastUpdated, link, parts })];
    } catch (fault) {
      if (!(fault instanceof GinnelError)) throw fault;
      issues.push(...fault.issues);
      return [];
    }
  });
  if (issues.length > 0) throw new GinnelError(issues);
  return planned;
}

interface Planning {
  readonly lastUpdated: string;
  readonly link: Link;
  readonly parts: ApiParts;
  /** False where somebody whom the caller does not see holds a condition's identifier. */
  readonly claimsConditions: boolean;
  /** Who writes. */
  readonly by: Contributor;
}

function planWrite(intent: WriteIntent, target: Target, planning: Planning): PlannedWrite {
  const { stored } = target;
  const patientsWith = (write?: ResourceWrite): string[] => [
    ...new Set([stored?.patient ?? [], write?.patient ?? []].flat()),
  ];
  const settled = { intent, issues: [], patients: patientsWith() };
  if (intent.ifMatch !== undefined && !matchesVersion(intent.ifMatch, stored)) {
    const text = 'If-Match names another version than the current one. Read the resource again and decide anew.';
    throw new GinnelError([issueOf(intent, 'version-mismatch', text)]);
  }
  if (intent.ifNoneMatch !== undefined && matchesVersion(intent.ifNoneMatch, stored)) {
    const text = 'If-None-Match names what stands there now. Nothing was done.';
    throw new GinnelError([issueOf(intent, 'version-mismatch', text)]);
  }
  if (target.found) return { ...settled, status: 200, write: undefined, stored };
  if (intent.change.kind === 'deletion') {
    if (stored === undefined || stored.deleted) return { ...settled, status: 204, write: undefined, stored };
    const write = deletionOf(stored, planning.lastUpdated);
    return { ...settled, status: 204, write, stored: write };
  }
  const { resource, issues } = contentOf(intent, target, planning);
  const stamp = (source: string | undefined): ResourceWrite =>
    stampWrite(
      resource,
      {
        id: target.id,
        version: (stored?.version ?? 0) + 1,
        lastUpdated: planning.lastUpdated,
        source,
        claims: [...target.claims, ...(planning.claimsConditions ? claimOf(intent) : [])].filter((claim) =>
          carriesIdentifier(resource, claim),
        ),
        messageId: null,
      },
      planning.parts.indexer,
    );
  const sent = stamp(resource.meta?.source);
  const write = namesAnother(resource, { before: stored, after: sent }, planning.by)
    ? stamp(sourceOf(planning.by))
    : sent;
  const isNew = stored === undefined || stored.deleted;
  return {
    intent,
    status: isNew ? 201 : 200,
    write,
    stored: write,
    patients: patientsWith(write),
    issues: target.isUnseen ? [] : issues,
  };
}

/** A deletion is a version too: what was there stays in the history. */
function deletionOf({ type, id, version, patient }: StoredResource, lastUpdated: string): ResourceWrite {
  return {
    type,
    id,
    version: version + 1,
    lastUpdated,
    deleted: true,
    content: '',
    patient,
    index: [],
    claims: [],
    organisations: [],
    messageId: null,
  };
}

function contentOf(
  intent: WriteIntent,
  { stored, hidden }: Target,
  { link, parts }: Planning,
): { readonly resource: Resource; readonly issues: readonly Issue[] } {
  const before =
    stored === undefined || stored.deleted ? undefined : (parseExact(stored.content) as unknown as Resource);
  const shown = before === undefined ? undefined : withoutElements(before, hidden);
  const made = changed(intent, shown, stored?.deleted === true, parts);
  const linked = link(intent, before === undefined ? made : keepHidden(made, before, hidden));
  const integers = checkIntegers(linked as unknown as JsonObject, parts.definitions);
  const issues = [...parts.validator.validate(linked), ...integers].map((found) => atEntry(intent, found));
  if (hasErrors(issues)) throw new GinnelError(issues);
  const replaces = intent.change.kind === 'content' && before !== undefined;
  return { resource: replaces ? keepLabels(linked, before) : linked, issues };
}

function changed(
  { change, ...intent }: WriteIntent,
  before: Resource | undefined,
  deleted: boolean,
  { definitions }: ApiParts,
): Resource {
  if (change.kind === 'content') return change.resource;
  if (change.kind === 'deletion') throw new TypeError('a deletion has no content');
  if (before === undefined) {
    throw new GinnelError([
      deleted
        ? issueOf({ change, ...intent }, 'resource-gone', `This ${intent.type} has been deleted.`)
        : issueOf({ change, ...intent }, 'resource-not-found', `There is no such ${intent.type}.`),
    ]);
  }
  const patched =
    change.kind === 'patch'
      ? applyJsonPatch(before, change.operations)
      : applyFhirPathPatch(before, change.operations, definitions);
  if (!patched.ok) throw new GinnelError(patched.issues.map((one) => ({ ...one, expression: intent.entry?.place })));
  if (patched.value.resourceType !== before.resourceType || patched.value.id !== before.id) {
    const text = 'A patch changes neither the id nor the type of a resource.';
    throw refuse('id-mismatch', text, { expression: intent.entry?.place });
  }
  return patched.value;
}

/** What the caller sees of it: a patch finds, tests and changes nothing else. */
function withoutElements(resource: Resource, hidden: ReadonlySet<string>): Resource {
  if (hidden.size === 0) return resource;
  const kept = Object.entries(resource).filter(([name]) => !hidden.has(name));
  return copySpellings(resource, Object.fromEntries(kept)) as unknown as Resource;
}

/** What the caller does not see stays as it was, whatever it sends. */
function keepHidden(made: Resource, before: Resource, hidden: ReadonlySet<string>): Resource {
  if (hidden.size === 0) return made;
  const kept = Object.entries(before).filter(([name]) => hidden.has(name));
  const { meta, ...rest } = withoutElements(made, hidden);
  const whole = meta === undefined ? {} : { meta: withoutPartMark(meta) };
  return { ...rest, ...whole, ...Object.fromEntries(kept) } as Resource;
}

/** What the caller was shown said that it is a part; what is stored is not. */
function withoutPartMark({ tag, ...meta }: NonNullable<Resource['meta']>): NonNullable<Resource['meta']> {
  const kept = tag?.filter(({ code }) => code !== SUBSETTED.code) ?? [];
  return kept.length === 0 ? meta : { ...meta, tag: kept };
}

/**
 * Who does not know of a restriction must not lift it: labels that were there stay, unless a patch takes them away
 * (https://hl7.org/fhir/R4/resource.html#tag-updates).
 */
function keepLabels(sent: Resource, before: Resource): Resource {
  const { security, tag } = before.meta ?? {};
  if (security === undefined && tag === undefined) return sent;
  const meta = {
    ...sent.meta,
    ...(security === undefined ? {} : { security: joinCodings(security, sent.meta?.security ?? []) }),
    ...(tag === undefined ? {} : { tag: joinCodings(tag, sent.meta?.tag ?? []) }),
  };
  return { ...sent, meta };
}

function joinCodings(kept: readonly Coding[], sent: readonly Coding[]): Coding[] {
  const isSame = (one: Coding, other: Coding): boolean => one.system === other.system && one.code === other.code;
  return [...kept.filter((one) => !sent.some((other) => isSame(one, other))), ...sent];
}

function atEntry({ entry }: WriteIntent, found: Issue): Issue {
  return entry === undefined ? found : { ...found, expression: expressionAt(entry.place, found.expression) };
}

function claimOf({ condition }: WriteIntent): BusinessIdentifier[] {
  return condition?.claim === undefined ? [] : [condition.claim];
}
