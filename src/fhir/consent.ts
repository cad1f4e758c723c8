import type { Consent, ConsentProvision } from '@medplum/fhirtypes';

/**
 * What an active Consent about privacy says, flattened so that a store can ask it: one row for each actor, class and
 * purpose of each provision (https://hl7.org/fhir/R4/consent.html). Of the rows of one Consent that apply, those of the
 * highest rank decide; an empty field applies to every value.
 */
export interface ConsentRow {
  /** Depth of the provision: a nested one is an exception to the one around it. */
  readonly rank: number;
  readonly decision: 'permit' | 'deny';
  /** `Organization/x` or `system|value`. */
  readonly actor: string;
  /** A resource type. */
  readonly type: string;
  /** A code of v3-ActReason. */
  readonly purpose: string;
  /** ISO 8601 instants; the end is exclusive. */
  readonly from: string;
  readonly until: string;
}

const ROWS_MAX = 500;
const DEPTH_MAX = 8;
const EARLIEST = '0000-01-01T00:00:00.000Z';
const LATEST = '9999-12-31T23:59:59.999Z';
const CONSENT_SCOPE = 'patient-privacy';
const RESOURCE_TYPES = 'http://hl7.org/fhir/resource-types';
/** A person may speak of seeing or of passing on; who collects or corrects is not our question. */
const ACTIONS_OF_ACCESS = new Set(['access', 'use', 'disclose']);
/** What the base policy says before any provision (v3-ActCode). `IMPLIED` says nothing of its own. */
const POLICY_DECISIONS: ReadonlyMap<string, ConsentRow['decision']> = new Map([
  ['OPTIN', 'permit'],
  ['OPTINR', 'permit'],
  ['OPTOUT', 'deny'],
  ['OPTOUTE', 'deny'],
]);

/** The fields of a provision that its exceptions inherit. Undefined: any. */
interface Extent {
  readonly actors: readonly string[] | undefined;
  readonly types: readonly string[] | undefined;
  readonly purposes: readonly string[] | undefined;
  readonly from: string;
  readonly until: string;
}

const EVERYTHING: Extent = { actors: undefined, types: undefined, purposes: undefined, from: EARLIEST, until: LATEST };

/**
 * The rows of a Consent; none for one that is not active or is about something else (research, treatment). What a
 * denial says more narrowly than we can hold it to (codes, single data, labels) is taken as wider, and of a permission
 * as nothing, so that a doubt closes. One with more rows than we keep denies all.
 */
export function flattenConsent(consent: Consent): ConsentRow[] {
  if (consent.status !== 'active' || !isPrivacy(consent)) return [];
  const rows: ConsentRow[] = [];
  const policy = consent.policyRule?.coding?.map(({ code = '' }) => POLICY_DECISIONS.get(code)).find(Boolean);
  if (policy !== undefined) addRows(rows, 0, policy, EVERYTHING);
  const { provision } = consent;
  if (provision !== undefined) {
    // Without a type the root gives the frame alone, and its exceptions say what they are.
    const complete = visit(rows, provision, EVERYTHING, 1, policy === 'deny' ? 'permit' : 'deny');
    if (!complete)
      return [{ rank: 0, decision: 'deny', actor: '', type: '', purpose: '', from: EARLIEST, until: LATEST }];
  }
  return rows;
}

function isPrivacy({ scope }: Consent): boolean {
  return (scope?.coding ?? []).some(({ code }) => code === CONSENT_SCOPE);
}

/** False where there is more than can be kept. */
function visit(
  rows: ConsentRow[],
  provision: ConsentProvision,
  around: Extent,
  depth: number,
  fallback: ConsentRow['decision'],
): boolean {
  if (depth > DEPTH_MAX) return false;
  const decision = provision.type ?? (depth === 1 ? undefined : fallback);
  const extent = narrow(around, provision, decision === 'permit');
  if (extent === undefined) return true;
  if (decision !== undefined) addRows(rows, depth, decision, extent);
  if (rows.length > ROWS_MAX) return false;
  const opposite = decision === 'deny' ? 'permit' : 'deny';
  return (provision.provision ?? []).every((inner) => visit(rows, inner, extent, depth + 1, opposite));
}

function addRows(rows: ConsentRow[], rank: number, decision: ConsentRow['decision'], extent: Extent): void {
  const { actors, types, purposes, from, until } = extent;
  for (const actor of actors ?? ['']) {
    for (const type of types ?? ['']) {
      for (const purpose of purposes ?? ['']) {
        if (rows.length <= ROWS_MAX) rows.push({ rank, decision, actor, type, purpose, from, until });
      }
    }
  }
}

/** Undefined where the provision cannot apply to anything that is asked here. */
function narrow(around: Extent, provision: ConsentProvision, permits: boolean): Extent | undefined {
  const { action = [], actor = [], class: classes = [], purpose = [], period } = provision;
  const codes = action.flatMap(({ coding = [] }) => coding.flatMap(({ code }) => code ?? []));
  if (codes.length > 0 && !codes.some((code) => ACTIONS_OF_ACCESS.has(code))) return undefined;
  const isFiner = [provision.code, provision.data, provision.securityLabel, provision.dataPeriod].some(
    (part) => part !== undefined && (!Array.isArray(part) || part.length > 0),
  );
  if (permits && isFiner) return undefined;
  const types = classes.flatMap(({ system, code }) => (system === RESOURCE_TYPES && code ? [code] : []));
  // A class of documents or of profiles cannot be told from a resource's type.
  if (permits && types.length < classes.length) return undefined;
  const extent: Extent = {
    actors: intersect(
      around.actors,
      actor.length === 0 ? undefined : actor.flatMap(({ reference }) => namesOf(reference)),
    ),
    types: intersect(around.types, types.length === 0 || types.length < classes.length ? undefined : types),
    purposes: intersect(around.purposes, purpose.length === 0 ? undefined : purpose.flatMap(({ code }) => code ?? [])),
    from: latest(around.from, instantOf(period?.start, 'start')),
    until: earliest(around.until, instantOf(period?.end, 'end')),
  };
  const isEmpty = [extent.actors, extent.types, extent.purposes].some((list) => list?.length === 0);
  return isEmpty || extent.from >= extent.until ? undefined : extent;
}

function namesOf(reference: { reference?: string; identifier?: { system?: string; value?: string } }): string[] {
  const { system, value } = reference.identifier ?? {};
  return [
    ...(reference.reference === undefined ? [] : [reference.reference.split('/').slice(-2).join('/')]),
    ...(system === undefined || value === undefined ? [] : [`${system}|${value}`]),
  ];
}

function intersect(
  one: readonly string[] | undefined,
  other: readonly string[] | undefined,
): readonly string[] | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one.filter((name) => other.includes(name));
}

/** A date of a period stands for its whole day: the start is its first moment, the end what comes after it. */
function instantOf(text: string | undefined, end: 'start' | 'end'): string | undefined {
  if (text === undefined) return undefined;
  const [year = '', month, day] = text.split('T')[0]?.split('-') ?? [];
  if (text.includes('T')) {
    const at = Date.parse(text);
    return Number.isNaN(at) ? undefined : new Date(at + (end === 'end' ? 1 : 0)).toISOString();
  }
  const add = end === 'end' ? 1 : 0;
  const at = Date.UTC(
    Number(year) + (month === undefined ? add : 0),
    Number(month ?? 1) - 1 + (month !== undefined && day === undefined ? add : 0),
    Number(day ?? 1) + (day === undefined ? 0 : add),
  );
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
}

function latest(one: string, other: string | undefined): string {
  return other !== undefined && other > one ? other : one;
}

function earliest(one: string, other: string | undefined): string {
  return other !== undefined && other < one ? other : one;
}
