import type { Bundle, BundleEntry, Coding, Resource } from '@medplum/fhirtypes';
import { testNhsNumbers } from './nhs-numbers.ts';

/**
 * Transaction Bundles in the manner of generated patient records: a person with encounters, and what came of each. All
 * of it is invented. The same seed makes the same Bundle.
 */
export interface SyntheticOptions {
  readonly seed: number;
  readonly entries: number;
}

type Draft = Resource & { readonly resourceType: string };

/** A fifth of each kind, by turns, behind the encounter that they belong to. */
const KINDS = ['Condition', 'Observation', 'Observation', 'ServiceRequest', 'CarePlan', 'Procedure', 'Goal'] as const;
const SNOMED = 'http://snomed.info/sct';
const LOINC = 'http://loinc.org';
const FAMILIES = ['Boojum', 'Snark', 'Bandersnatch', 'Jubjub', "O'Bellman", 'Söderström-Baker'];
const GIVEN = ['Ada', 'Zoë', 'Nia', 'Oluwaseun', 'Bronwen', 'José'];
const PROBLEMS: readonly Coding[] = [
  { system: SNOMED, code: '1912002', display: 'Fall' },
  { system: SNOMED, code: '248279007', display: 'Frailty' },
  { system: SNOMED, code: '13645005', display: 'Chronic obstructive lung disease' },
];

export function makeSyntheticBundle({ seed, entries }: SyntheticOptions): Bundle {
  const random = createRandom(seed);
  const urns = createUrns(seed);
  const numbers = testNhsNumbers(Math.ceil(entries / 40) + seed * 100 + 1).slice(seed * 100);
  const made: BundleEntry[] = [];
  const add = (resource: Draft): string => {
    const fullUrl = urns();
    made.push({ fullUrl, resource, request: { method: 'POST', url: resource.resourceType } });
    return fullUrl;
  };
  let person = '';
  let practitioner = '';
  let encounter = '';
  for (let n = 0; made.length < entries; n += 1) {
    if (n % 40 === 0) {
      practitioner = add(makePractitioner(random));
      if (made.length < entries) person = add(makePatient(random, numbers[n / 40] ?? '', practitioner));
    } else if (n % 8 === 1) {
      encounter = add(makeEncounter(random, person, practitioner));
    } else if (encounter !== '') {
      const kind = KINDS[n % KINDS.length] ?? 'Observation';
      add(makeFinding(kind, random, { person, practitioner, encounter }));
    }
  }
  return { resourceType: 'Bundle', type: 'transaction', entry: made };
}

interface Links {
  readonly person: string;
  readonly practitioner: string;
  readonly encounter: string;
}

function makePractitioner(random: Random): Draft {
  return { resourceType: 'Practitioner', name: [{ family: random.pick(FAMILIES), given: [random.pick(GIVEN)] }] };
}

function makePatient(random: Random, nhsNumber: string, practitioner: string): Draft {
  return {
    resourceType: 'Patient',
    identifier: [{ system: 'https://fhir.nhs.uk/Id/nhs-number', value: nhsNumber }],
    name: [{ use: 'official', family: random.pick(FAMILIES), given: [random.pick(GIVEN), random.pick(GIVEN)] }],
    gender: random.pick(['female', 'male', 'other', 'unknown'] as const),
    birthDate: day(random, 1930, 70),
    telecom: [{ system: 'phone', value: `01632 960${100 + random.below(900)}`, use: 'home' }],
    address: [{ line: [`${1 + random.below(99)} Example Street`], city: 'Stockport', postalCode: 'SK1 1AA' }],
    generalPractitioner: [{ reference: practitioner }],
  };
}

function makeEncounter(random: Random, person: string, practitioner: string): Draft {
  const start = day(random, 2020, 6);
  return {
    resourceType: 'Encounter',
    status: 'finished',
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: random.pick(['AMB', 'HH', 'IMP']) },
    type: [{ coding: [random.pick(PROBLEMS)], text: 'Visit at home' }],
    subject: { reference: person },
    participant: [{ individual: { reference: practitioner } }],
    period: { start: `${start}T09:00:00Z`, end: `${start}T09:${10 + random.below(50)}:00Z` },
  };
}

function makeFinding(kind: (typeof KINDS)[number], random: Random, { person, practitioner, encounter }: Links): Draft {
  const of = { subject: { reference: person }, encounter: { reference: encounter } };
  const code = { coding: [random.pick(PROBLEMS)] };
  const on = day(random, 2020, 6);
  switch (kind) {
    case 'Condition': {
      const clinicalStatus = {
        coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code: 'active' }],
      };
      return { resourceType: kind, ...of, clinicalStatus, code, onsetDateTime: on };
    }
    case 'Observation':
      return {
        resourceType: kind,
        ...of,
        status: 'final',
        code: { coding: [{ system: LOINC, code: '29463-7', display: 'Body weight' }] },
        effectiveDateTime: `${on}T08:${10 + random.below(50)}:00.5+01:00`,
        valueQuantity: {
          value: 40 + random.below(600) / 10,
          unit: 'kg',
          system: 'http://unitsofmeasure.org',
          code: 'kg',
        },
      };
    case 'ServiceRequest':
      return {
        resourceType: kind,
        ...of,
        status: 'active',
        intent: 'order',
        code: { coding: [{ system: SNOMED, code: '306167008' }], text: 'Occupational therapy' },
        authoredOn: on,
        requester: { reference: practitioner },
        note: [{ text: 'A rail at the stairs. '.repeat(1 + random.below(8)).trim() }],
      };
    case 'CarePlan':
      return {
        resourceType: kind,
        ...of,
        status: 'active',
        intent: 'plan',
        period: { start: on },
        author: { reference: practitioner },
        activity: [{ detail: { kind: 'Task', status: 'scheduled', code, description: 'Walk to the lunch club' } }],
      };
    case 'Procedure':
      return { resourceType: kind, ...of, status: 'completed', code, performedDateTime: on };
    case 'Goal':
      return {
        resourceType: kind,
        subject: of.subject,
        lifecycleStatus: 'active',
        description: { text: 'Get out of my chair without help' },
        startDate: on,
      };
  }
}

interface Random {
  below(bound: number): number;
  pick<T>(list: readonly T[]): T;
}

/** A linear congruential generator: enough for samples. */
function createRandom(seed: number): Random {
  let state = (seed * 2_654_435_761 + 12_345) % 4_294_967_296;
  const below = (bound: number): number => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return Math.floor((state / 4_294_967_296) * bound);
  };
  return {
    below,
    pick: (list) => {
      const picked = list[below(list.length)];
      if (picked === undefined) throw new Error('nothing to pick from');
      return picked;
    },
  };
}

function createUrns(seed: number): () => string {
  let count = 0;
  return () => {
    count += 1;
    return `urn:uuid:${seed.toString(16).padStart(8, '0')}-0000-4000-8000-${count.toString(16).padStart(12, '0')}`;
  };
}

function day(random: Random, firstYear: number, years: number): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${firstYear + random.below(years)}-${two(1 + random.below(12))}-${two(1 + random.below(28))}`;
}
