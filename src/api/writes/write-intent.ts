import type { Resource } from '@medplum/fhirtypes';
import { codeOfDenial, decide } from '../../auth/decide.ts';
import type { AccessNeed, Identity } from '../../auth/identity.ts';
import { typesSearched } from '../../fhir/search-request.ts';
import { GinnelError, type Issue, issue } from '../../kernel/errors.ts';
import type { FhirRequest } from '../exchange.ts';
import type { FhirPathOperation } from '../patch/read-fhirpath-patch.ts';
import type { PatchOperation } from '../patch/read-patch.ts';
import type { VersionMatch } from '../version-match.ts';
import type { Condition } from './condition.ts';

export type WriteInteraction = 'create' | 'update' | 'patch' | 'delete';

/** What one write asks for, before anything is looked up. A transaction is a list of these. */
export interface WriteIntent {
  readonly interaction: WriteInteraction;
  readonly type: string;
  /** The id in the address; undefined where it is ours to give, or the condition says which resource is meant. */
  readonly id: string | undefined;
  readonly condition: Condition | undefined;
  readonly ifMatch: VersionMatch | undefined;
  /** Versions that must not stand there; `any`: nothing may (RFC 9110 section 13.1.2). */
  readonly ifNoneMatch?: VersionMatch | undefined;
  readonly change: Change;
  /** Its part in a transaction; undefined for a request of its own. */
  readonly entry?: EntryPart | undefined;
}

export type Change =
  | { readonly kind: 'content'; readonly resource: Resource }
  | { readonly kind: 'patch'; readonly operations: readonly PatchOperation[] }
  | { readonly kind: 'fhirpath-patch'; readonly operations: readonly FhirPathOperation[] }
  | { readonly kind: 'deletion' };

export interface EntryPart {
  /** `Bundle.entry[3]`. */
  readonly place: string;
  /** What other entries refer to it by. */
  readonly fullUrl: string | undefined;
  /** References of its resource that are searches, such as `Practitioner?identifier=…`. */
  readonly searches: ReadonlyMap<string, Condition>;
}

/** An issue with a write, at its entry where it is one of several. */
export function issueOf(intent: WriteIntent, code: Issue['code'], text: string): Issue {
  return issue(code, text, { expression: intent.entry?.place });
}

/** `Patient.gender` of the fourth entry is `Bundle.entry[3].resource.gender`. */
export function expressionAt(place: string, expression: string | undefined): string {
  if (expression === undefined) return place;
  const within = expression.replace(/^[A-Z][A-Za-z]*(?:\.|$)/, '');
  return within === '' ? `${place}.resource` : `${place}.resource.${within}`;
}

/** Decides every write with its own interaction and type, and each search that it makes us do. Throws what is denied. */
export function requireAccess(intents: readonly WriteIntent[], { identity }: Pick<FhirRequest, 'identity'>): void {
  const denied = intents.flatMap((intent) =>
    needsOf(intent).flatMap((need) => {
      const decision = decide(identity, need);
      return decision.allowed ? [] : [issueOf(intent, codeOfDenial(decision), decision.reason)];
    }),
  );
  if (denied.length > 0) throw new GinnelError(denied);
}

/** Operations of a JSON Patch that ask what stands somewhere without a change to it. */
const ASKING: ReadonlySet<string> = new Set(['test', 'copy', 'move']);

/** Whether it can be done tells what stands there: whether a path finds something, whether a test holds. */
export function tellsContent(change: Change): boolean {
  return (
    change.kind === 'fhirpath-patch' || (change.kind === 'patch' && change.operations.some(({ op }) => ASKING.has(op)))
  );
}

/** A condition tells whether there is such a resource, which is searching; a patch that asks tells what stands in it, which is reading. */
function needsOf({ interaction, type, condition, change, entry }: WriteIntent): AccessNeed[] {
  const conditions = [...(condition === undefined ? [] : [condition]), ...(entry?.searches.values() ?? [])];
  const searched = new Set(conditions.flatMap(({ search }) => typesSearched(search)));
  return [
    { interaction, types: [type] },
    ...(searched.size === 0 ? [] : [{ interaction: 'search' as const, types: [...searched] }]),
    ...(tellsContent(change) ? [{ interaction: 'read' as const, types: [type] }] : []),
  ];
}

export function mayRead(identity: Identity, type: string): boolean {
  return decide(identity, { interaction: 'read', types: [type] }).allowed;
}
