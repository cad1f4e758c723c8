import type { Partner } from '../config/config.ts';
import { securityCodesOf } from '../fhir/security-labels.ts';
import type { Clock } from '../kernel/clock.ts';
import { type Issue, issue } from '../kernel/errors.ts';
import type { PatientFacts } from '../store/patient-facts.ts';
import type { ResourceWrite, Store, StoredResource } from '../store/store.ts';
import { keyOf } from './access.ts';
import type { AccessChecks } from './checks.ts';
import { consentLimits, passesConsents } from './consents.ts';
import type { FindOrganisationNames } from './organisation-names.ts';
import { type Concerning, type FindOthers, UNKNOWN, type Written, writtenBy } from './others.ts';
import type { KeepBack } from './restricted.ts';

/** What may be given to partners of our own accord: routes and deliveries. */
export interface Disclosure {
  /** Those of the routed writes that may go where they are routed, and why the others may not. */
  allowRoutes<T extends Routed>(routed: readonly T[], writes: readonly ResourceWrite[]): Promise<Allowed<T>>;
  /** Asked again before each attempt: what was allowed when it was written may have been withdrawn. */
  judgeDelivery(partner: string, stored: StoredResource): Promise<Issue | undefined>;
  /** A store that gives what may leave: of restricted patients without their whereabouts. */
  readonly reader: Pick<Store, 'read' | 'readVersion'>;
}

interface Routed {
  readonly write: ResourceWrite;
  readonly partner: string;
  readonly route: string;
}

export interface Allowed<T> {
  readonly routed: readonly T[];
  readonly withheld: readonly { readonly route: string; readonly partner: string; readonly issue: Issue }[];
}

export interface DisclosureParts {
  readonly store: Pick<Store, 'patientFacts' | 'read' | 'readVersion'>;
  readonly partners: ReadonlyMap<string, Partner>;
  readonly findNames: FindOrganisationNames;
  readonly keepBack: KeepBack;
  readonly findOthers: FindOthers;
  readonly clock: Clock;
  readonly checks: AccessChecks;
}

type Given = Pick<StoredResource, 'type' | 'patient' | 'content'>;

export function createDisclosure(parts: DisclosureParts): Disclosure {
  const { store, checks } = parts;

  const judge = async (
    partnerName: string,
    given: Given,
    facts: readonly PatientFacts[],
  ): Promise<Issue | undefined> => {
    const partner = parts.partners.get(partnerName);
    // An unknown partner is an operator's business; the delivery itself says so.
    if (partner === undefined) return undefined;
    const cleared = partner.labels ?? [];
    const labels =
      given.type === 'Patient' ? [] : securityCodesOf(given.content).filter((code) => code === 'R' || code === 'V');
    if (checks.has('route-label') && !labels.every((label) => cleared.includes(label))) {
      return issue('label-denied', 'It is labelled above what this partner is cleared for.');
    }
    if (facts.length === 0 || !checks.has('route-consent')) return undefined;
    const { organisation } = partner;
    const names = organisation === undefined ? new Map() : await parts.findNames([organisation]);
    const limits = consentLimits({
      actors: organisation === undefined ? [] : (names.get(keyOf(organisation)) ?? []),
      purpose: 'TREAT',
      explicit: (partner.kind ?? 'other') !== 'health' && partner.basis === undefined,
      now: parts.clock.now(),
    });
    return facts.every(({ consents }) => passesConsents(consents, given.type, limits))
      ? undefined
      : issue('consent-denied', 'The patient’s consent does not let this partner have it.');
  };

  /** The patient in whose record it is, and the others. */
  const concernedIn = async (given: Concerning, written?: Written): Promise<string[]> => [
    ...(given.patient === null ? [] : [given.patient]),
    // What refers to something that is not there tells of nobody.
    ...(await parts.findOthers(given, written)).filter((patient) => patient !== UNKNOWN),
  ];

  const factsOf = async (patients: readonly string[]): Promise<Map<string, PatientFacts>> => {
    const wanted = [...new Set(patients)];
    const found = await store.patientFacts({ patients: wanted, organisations: [] });
    return new Map(found.map((facts) => [facts.patient, facts]));
  };

  const show = async (stored: StoredResource | undefined): Promise<StoredResource | undefined> => {
    if (stored === undefined || stored.deleted || !checks.has('restricted-kept-back')) return stored;
    const facts = stored.patient === null ? undefined : (await factsOf([stored.patient])).get(stored.patient);
    return { ...stored, content: await parts.keepBack(stored, facts?.restricted === true) };
  };

  return {
    allowRoutes: async (routed, writes) => {
      if (routed.length === 0) return { routed, withheld: [] };
      const written = writtenBy(writes);
      const concerned = await Promise.all(routed.map(({ write }) => concernedIn(write, written)));
      const facts = withWrites(await factsOf(concerned.flat()), writes);
      const allowed: (typeof routed)[number][] = [];
      const withheld: Allowed<(typeof routed)[number]>['withheld'][number][] = [];
      for (const [index, one] of routed.entries()) {
        const { write, partner, route } = one;
        const known = (concerned[index] ?? []).flatMap((patient) => facts.get(patient) ?? []);
        const found = await judge(partner, write, known);
        if (found === undefined) allowed.push(one);
        else withheld.push({ route, partner, issue: tell(found, route, partner) });
      }
      return { routed: allowed, withheld };
    },
    judgeDelivery: async (partner, stored) =>
      judge(partner, stored, [...(await factsOf(await concernedIn(stored))).values()]),
    reader: {
      read: async (type, id) => show(await store.read(type, id)),
      readVersion: async (type, id, version) => show(await store.readVersion(type, id, version)),
    },
  };
}

/** Whoever sends a referral must know that it went nowhere: a warning, which names the route and nobody. */
function tell({ code, text }: Issue, route: string, partner: string): Issue {
  return issue(code, `The route ${route} to ${partner} was not taken. ${text}`, { severity: 'warning' });
}

/** A Consent that comes in the same commit counts at once. */
function withWrites(stored: Map<string, PatientFacts>, writes: readonly ResourceWrite[]): Map<string, PatientFacts> {
  for (const { type, id, patient, consents = [] } of writes) {
    const facts = patient === null ? undefined : stored.get(patient);
    if (type !== 'Consent' || patient === null || facts === undefined) continue;
    const others = facts.consents.filter(({ consent }) => consent !== id);
    stored.set(patient, { ...facts, consents: [...others, ...consents.map((row) => ({ ...row, consent: id }))] });
  }
  return stored;
}
