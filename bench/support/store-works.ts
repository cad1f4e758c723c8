import type { SearchRequest } from '../../src/fhir/search-request.ts';
import type { Commit } from '../../src/store/store.ts';

/** What the benchmark of the stores writes and seeks. */

const PATIENTS = 500;
export const NOW = '2026-01-05T09:00:00.000Z';

const content = JSON.stringify({ resourceType: 'ServiceRequest', note: [{ text: 'x'.repeat(4_000) }] });

/** One message's worth: a resource of 4 KB, 12 index rows, a delivery, an audit event, the message with its body. */
export function makeCommit(name: string, n: number): Commit {
  const id = idOf(name, n);
  const patient = patientOf(n);
  const token = (param: string, code: string) => ({ kind: 'token', param, system: 'https://x.example', code }) as const;
  const reference = (param: string, targetType: string, target: string) =>
    ({ kind: 'reference', param, targetType, target }) as const;
  const string = (param: string, folded: string) => ({ kind: 'string', param, folded, exact: folded }) as const;
  const day = Date.UTC(2026, 0, 1) + (n % 365) * 86_400_000;
  return {
    message: {
      id: `m-${id}`,
      key: `k-${id}`,
      correlationId: `c-${id}`,
      partner: 'north-surgery',
      channel: 'referrals',
      format: 'json',
      controlId: id,
      receivedAt: NOW,
      contentHash: id,
      mapping: 'gp/referral',
      mappingVersion: '1',
      state: 'accepted',
      answer: { messageId: `m-${id}`, state: 'accepted', created: [], updated: [], routed: [], issues: [] },
      body: Buffer.alloc(2_000, 120),
    },
    writes: [
      {
        type: 'ServiceRequest',
        id,
        version: 1,
        lastUpdated: NOW,
        deleted: false,
        content,
        patient,
        index: [
          token('identifier', id),
          token('status', n % 10 === 0 ? 'draft' : 'active'),
          token('intent', 'order'),
          token('category', `c${n % 7}`),
          token('code', `k${n % 97}`),
          token('priority', 'routine'),
          reference('subject', 'Patient', patient),
          reference('patient', 'Patient', patient),
          reference('requester', 'Practitioner', `d${n % 40}`),
          { kind: 'date', param: 'authored', low: day, high: day + 86_400_000 },
          string('x-name', `name ${n % 1_000}`),
          string('x-title', `title ${n % 50}`),
        ],
        claims: [{ system: 'https://x.example', value: id }],
        organisations: ['Organization/north'],
        messageId: `m-${id}`,
      },
    ],
    deliveries: [
      {
        id: `d-${id}`,
        partner: 'district-nurses',
        channel: 'referrals',
        route: 'all',
        lane: patient,
        correlationId: `c-${id}`,
        messageId: `m-${id}`,
        resourceType: 'ServiceRequest',
        resourceId: id,
        resourceVersion: 1,
        createdAt: NOW,
      },
    ],
    audit: [{ id: `a-${id}`, recorded: NOW, content: 'x'.repeat(600), patient }],
  };
}

export function idOf(name: string, n: number): string {
  return `${name}-${String(n).padStart(8, '0')}`;
}

export function patientOf(n: number): string {
  return `p${n % PATIENTS}`;
}

const token = (param: string, code: string) =>
  ({ kind: 'token', param, not: false, values: [{ system: 'https://x.example', code }] }) as const;
const ofPatient = (n: number) =>
  ({ kind: 'reference', param: 'patient', values: [{ targetType: 'Patient', target: patientOf(n) }] }) as const;

/** Searches by what they are, for the n-th time; `id` is that of a resource that is there. */
export const SEARCHES: Record<string, (n: number, id: string) => SearchRequest> = {
  'by identifier': (_n, id) => searchOf({ filters: [token('identifier', id)] }),
  'by patient': (n) => searchOf({ filters: [ofPatient(n)] }),
  'by patient and status': (n) => searchOf({ filters: [token('status', 'active'), ofPatient(n)] }),
  'by status, first page of 18,000': () => searchOf({ filters: [token('status', 'active')] }),
  'by patient, newest first': (n) =>
    searchOf({ filters: [ofPatient(n)], sort: [{ param: '_lastUpdated', descending: true }] }),
};

function searchOf(more: Pick<SearchRequest, 'filters'> & Partial<SearchRequest>): SearchRequest {
  return { type: 'ServiceRequest', count: 20, sort: [], total: false, ...more };
}
