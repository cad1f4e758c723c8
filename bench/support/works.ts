import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Answer, httpRequest } from './connection.ts';

/** The kinds of work that are measured. One table for everybody: what is sent, and how the answer must look. */

/** People that are in every store before anything is measured, each with a plan and ten ServiceRequests. */
export interface SeededPerson {
  readonly id: string;
  readonly nhsNumber: string;
  readonly serviceRequests: readonly string[];
}

export interface WorkRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly contentType?: string;
  readonly body?: string;
}

export interface Work {
  readonly name: string;
  readonly title: string;
  readonly transport: 'http' | 'mllp';
  /** The request of this number, which no other request of the run has. */
  readonly request: (n: number, people: readonly SeededPerson[]) => WorkRequest;
  /** Whether the answer is what was asked for. */
  readonly accepts: (answer: Answer, n: number, people: readonly SeededPerson[]) => boolean;
}

export const SEARCH_RESULTS = 10;
/** How many of the seeded people are given more resources; the last ones. */
const WRITTEN_TO = 20;
/** Referrals of this person alone are sent by the work `referral-one`. */
const ONE_PERSON = 499_000;

const SAMPLES = join(import.meta.dirname, '../../examples/stockport-together/samples');
const REFERRAL = readFileSync(join(SAMPLES, '01-heaton-practice-referral.json'), 'utf8');
const MDT_OUTCOME = readFileSync(join(SAMPLES, '06-heaton-practice-mdt-outcome.json'), 'utf8');
const ADMISSION = readFileSync(join(SAMPLES, '02-stepping-hill-admission.hl7'), 'latin1');

export const WORKS: readonly Work[] = [
  {
    name: 'referral-many',
    title: 'referral, JSON over HTTP, each of another person',
    transport: 'http',
    request: (n) => referral(n, n),
    accepts: (answer) => isAccepted(answer),
  },
  {
    name: 'referral-one',
    title: 'referral, JSON over HTTP, all of one person',
    transport: 'http',
    request: (n) => referral(n, ONE_PERSON),
    accepts: (answer) => isAccepted(answer),
  },
  {
    name: 'admission',
    title: 'admission, HL7 v2 ADT^A01 over MLLP',
    transport: 'mllp',
    request: (n) => ({ method: 'POST', path: '', body: admission(n) }),
    accepts: ({ body }, n) => body.includes(`\rMSA|AA|B${digits(n)}`),
  },
  {
    name: 'read',
    title: 'FHIR read, ServiceRequest',
    transport: 'http',
    request: (n, people) => ({ method: 'GET', path: `/fhir/ServiceRequest/${serviceRequestOf(n, people)}` }),
    accepts: ({ status, body }, n, people) => status === 200 && body.includes(`"id":"${serviceRequestOf(n, people)}"`),
  },
  {
    name: 'search',
    title: `FHIR search by patient, ${SEARCH_RESULTS} results`,
    transport: 'http',
    request: (n, people) => ({ method: 'GET', path: `/fhir/ServiceRequest?patient=${personOf(n, people).id}` }),
    accepts: ({ status, body }, n, people) =>
      status === 200 && countOf(body, `"reference":"Patient/${personOf(n, people).id}"`) === SEARCH_RESULTS,
  },
  {
    name: 'create-service-request',
    title: 'FHIR create, ServiceRequest of 2.4 KB',
    transport: 'http',
    request: (n, people) => createServiceRequest(n, writtenTo(n, people).id),
    accepts: ({ status, body }, n) => status === 201 && body.includes(`"value":"B-${digits(n)}"`),
  },
  {
    name: 'create-care-plan',
    title: 'FHIR create, CarePlan of 4.4 KB',
    transport: 'http',
    request: (n, people) => createCarePlan(n, writtenTo(n, people).id),
    accepts: ({ status, body }, n) => status === 201 && body.includes(`"value":"B-${digits(n)}"`),
  },
  {
    name: 'plan',
    title: 'shared care plan by NHS number',
    transport: 'http',
    request: (n, people) => ({
      method: 'GET',
      path: `/fhir/Patient/$shared-care-plan?identifier=https://fhir.nhs.uk/Id/nhs-number|${personOf(n, people).nhsNumber}`,
    }),
    accepts: ({ status, body }, n, people) =>
      status === 200 &&
      body.includes(`"value":"${personOf(n, people).nhsNumber}"`) &&
      body.includes('"resourceType":"CarePlan"') &&
      countOf(body, '"resourceType":"ServiceRequest"') === SEARCH_RESULTS,
  },
];

const TRANSACTION: Work = {
  name: 'transaction',
  title: 'FHIR transaction of 10, 26 KB',
  transport: 'http',
  request: (n, people) => createTransaction(n, writtenTo(n, people).id),
  accepts: ({ status, body }) => status === 200 && countOf(body, '"status":"201') === TRANSACTION_ENTRIES,
};

/** What `bench/fhir.ts` measures. */
export const FHIR_WORKS: readonly Work[] = [
  ...WORKS.filter(({ name }) => /^(?:read|search|create-.*)$/.test(name)),
  TRANSACTION,
];

export function workOf(name: string): Work {
  const work = [...WORKS, TRANSACTION].find((one) => one.name === name);
  if (work === undefined) throw new Error(`there is no work ${name}`);
  return work;
}

/** The request as bytes. `X-Work` tells the floors which rows to write; Ginnel does not look at it. */
export function requestBytes(
  work: Work,
  n: number,
  { token, people }: { readonly token: string; readonly people: readonly SeededPerson[] },
): Uint8Array {
  const request = work.request(n, people);
  return work.transport === 'mllp' ? Buffer.from(request.body ?? '', 'latin1') : httpBytes(request, work.name, token);
}

export function httpBytes({ method, path, contentType, body }: WorkRequest, name: string, token: string): Uint8Array {
  const headers: Record<string, string> = { Authorization: `Bearer ${token}`, 'X-Work': name };
  if (contentType !== undefined) headers['Content-Type'] = contentType;
  return httpRequest(method, path, headers, body);
}

/** Referral `n`, of person `person`: nothing in it but the practice, its staff and the codes is another's. */
export function referral(n: number, person: number): WorkRequest {
  const body = REFERRAL.replace('999 000 0018', nhsNumber(person))
    .replace('4C7A0E5B-52C1-4F0E-9E0B-6A1F0D3C0101', guid(1, n))
    .replace('A61E8F02-3333-4B7C-9F7D-1C20260414A1', guid(2, n))
    .replace('9B2F6D10-1111-4A6E-8C55-0F5D2A990018', guid(3, person))
    .replace('D2B1C3A4-2222-4D61-A0A1-5E3F7C990018', guid(4, person))
    .replace('B0A1D2E3-5555-4C1D-8E8E-000000000181', guid(5, person))
    .replace('B0A1D2E3-5555-4C1D-8E8E-000000000182', guid(6, person))
    .replace('B0A1D2E3-5555-4C1D-8E8E-000000000183', guid(7, person));
  return { method: 'POST', path: '/intake/heaton-practice/referrals', contentType: 'application/json', body };
}

export function mdtOutcome(n: number, person: number): WorkRequest {
  const body = MDT_OUTCOME.replace('9990000018', nhsNumber(person)).replace(
    '4C7A0E5B-52C1-4F0E-9E0B-6A1F0D3C0106',
    guid(8, n),
  );
  return { method: 'POST', path: '/intake/heaton-practice/mdt-outcomes', contentType: 'application/json', body };
}

function admission(n: number): string {
  return ADMISSION.replaceAll('9990000018', nhsNumber(n))
    .replaceAll('H4471203', `H${digits(n)}`)
    .replaceAll('RWJ2604140001', `B${digits(n)}`)
    .replaceAll('V2604140037', `V${digits(n)}`);
}

export function createServiceRequest(n: number, patient: string): WorkRequest {
  return create({
    resourceType: 'ServiceRequest',
    identifier: [{ system: 'https://bench.example/request', value: `B-${digits(n)}` }],
    status: 'active',
    intent: 'order',
    category: [{ coding: [{ system: 'https://bench.example/category', code: 'therapy' }], text: 'Therapy' }],
    priority: 'routine',
    code: { coding: [{ system: 'http://snomed.info/sct', code: '306167008' }], text: 'Occupational therapy' },
    subject: { reference: `Patient/${patient}` },
    occurrencePeriod: { start: '2026-04-14', end: '2026-05-26' },
    authoredOn: '2026-04-14T08:52:10+01:00',
    requester: {
      identifier: { system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: 'ZZ901' },
      display: 'Heaton Lane Medical Practice',
    },
    performer: [{ identifier: { system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: 'ZZ902' } }],
    reasonCode: [{ coding: [{ system: 'http://snomed.info/sct', code: '1912002' }], text: 'Fall' }],
    note: Array.from({ length: 5 }, (_, at) => ({ time: '2026-04-14T09:00:00Z', text: sentence(at, 220) })),
    patientInstruction: sentence(9, 160),
  });
}

function createCarePlan(n: number, patient: string): WorkRequest {
  return create({
    resourceType: 'CarePlan',
    identifier: [{ system: 'https://bench.example/plan', value: `B-${digits(n)}` }],
    status: 'active',
    intent: 'plan',
    category: [{ coding: [{ system: 'https://bench.example/category', code: 'neighbourhood' }] }],
    title: 'Steady on my feet and in my own home',
    description: sentence(0, 300),
    subject: { reference: `Patient/${patient}` },
    period: { start: '2026-04-14', end: '2026-10-14' },
    created: '2026-04-14',
    contributor: [{ display: 'Heaton Lane Medical Practice' }],
    addresses: [{ display: 'Fear of falling' }, { display: 'Lives alone' }],
    goal: [{ display: 'Walk to the lunch club' }, { display: 'Get out of my chair without help' }],
    activity: Array.from({ length: 8 }, (_, at) => ({
      detail: {
        kind: 'Task',
        code: { coding: [{ system: 'https://bench.example/action', code: `a${at}` }], text: sentence(at, 60) },
        status: 'scheduled',
        doNotPerform: false,
        scheduledPeriod: { start: '2026-04-17', end: '2026-05-26' },
        performer: [{ display: 'Community therapy' }],
        description: sentence(at, 120),
      },
    })),
    note: [{ text: sentence(3, 400) }],
  });
}

const TRANSACTION_ENTRIES = 10;

/** A plan, its requests and its goals, which refer to each other by their places in the Bundle. */
function createTransaction(n: number, patient: string): WorkRequest {
  const urn = (at: number): string => `urn:uuid:${guid(9, n)}`.slice(0, -2) + String(10 + at);
  const resources = Array.from({ length: TRANSACTION_ENTRIES }, (_, at) => {
    const made = at === 0 ? createCarePlan(n, patient) : createServiceRequest(n, patient);
    const resource = JSON.parse(made.body ?? '') as { readonly resourceType: string };
    const identifier = [{ system: 'https://bench.example/transaction', value: `B-${digits(n)}-${at}` }];
    const basedOn = at === 0 ? {} : { basedOn: [{ reference: urn(0) }] };
    return { ...resource, identifier, ...basedOn };
  });
  const bundle = {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: resources.map((resource, at) => ({
      fullUrl: urn(at),
      resource,
      request: { method: 'POST', url: resource.resourceType },
    })),
  };
  return { method: 'POST', path: '/fhir', contentType: 'application/fhir+json', body: JSON.stringify(bundle) };
}

function create(resource: { readonly resourceType: string; readonly [element: string]: unknown }): WorkRequest {
  const path = `/fhir/${resource.resourceType}`;
  return { method: 'POST', path, contentType: 'application/fhir+json', body: JSON.stringify(resource) };
}

function isAccepted({ status, body }: Answer): boolean {
  return status === 200 && body.includes('"state":"accepted"') && body.includes('"ServiceRequest/');
}

/** Those who are only read about, so that what is found stays the same. */
function personOf(n: number, people: readonly SeededPerson[]): SeededPerson {
  return personAt(n % (people.length - WRITTEN_TO), people);
}

function writtenTo(n: number, people: readonly SeededPerson[]): SeededPerson {
  return personAt(people.length - WRITTEN_TO + (n % WRITTEN_TO), people);
}

function personAt(at: number, people: readonly SeededPerson[]): SeededPerson {
  const person = people[at];
  if (person === undefined) throw new Error('too few people were seeded');
  return person;
}

/** Steps through people and their requests in an order that is not the order of keys. */
function serviceRequestOf(n: number, people: readonly SeededPerson[]): string {
  const { serviceRequests } = personOf(n * 7, people);
  return serviceRequests[n % serviceRequests.length] ?? '';
}

/** A valid number of the range kept for tests; another one for every `n` below 499,000. */
export function nhsNumber(n: number): string {
  // An even stem and the next differ by 2 in their sums, so that one of them has a check digit.
  const stem = 999_000_100 + 2 * n;
  const check = checkDigit(stem);
  return check === undefined ? `${stem + 1}${checkDigit(stem + 1)}` : `${stem}${check}`;
}

/** Modulus 11; undefined where there is none. */
function checkDigit(stem: number): number | undefined {
  const text = String(stem);
  let sum = 0;
  for (let at = 0; at < 9; at += 1) sum += Number(text[at]) * (10 - at);
  const check = (11 - (sum % 11)) % 11;
  return check === 10 ? undefined : check;
}

function guid(kind: number, n: number): string {
  return `0000000${kind}-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
}

function digits(n: number): string {
  return String(n).padStart(9, '0');
}

function sentence(at: number, length: number): string {
  return 'She would like to walk to the lunch club with her frame, and her daughter rings the bell twice. '
    .slice(at)
    .repeat(5)
    .slice(0, length)
    .trim();
}

function countOf(text: string, part: string): number {
  let count = 0;
  for (let at = text.indexOf(part); at !== -1; at = text.indexOf(part, at + part.length)) count += 1;
  return count;
}
