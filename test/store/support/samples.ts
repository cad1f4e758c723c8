import type { ConsentRow } from '../../../src/fhir/consent.ts';
import type { IndexRow } from '../../../src/fhir/index-row.ts';
import type { SearchFilter, SearchRequest } from '../../../src/fhir/search-request.ts';
import type { Commit, NewAudit, NewDelivery, NewMessage, ResourceWrite } from '../../../src/store/store.ts';

/** An instant of the tests' own day, `seconds` after nine. */
export function at(seconds: number): string {
  return new Date(Date.UTC(2026, 0, 5, 9) + seconds * 1_000).toISOString();
}

export function sampleWrite(id: string, more: Partial<ResourceWrite> = {}): ResourceWrite {
  const { type = 'ServiceRequest', version = 1 } = more;
  return {
    type,
    id,
    version,
    lastUpdated: at(version),
    deleted: false,
    content: JSON.stringify({ resourceType: type, id, meta: { versionId: String(version) } }),
    patient: null,
    index: [],
    claims: [],
    organisations: [],
    messageId: null,
    ...more,
  };
}

export function sampleMessage(id: string, more: Partial<NewMessage> = {}): NewMessage {
  return {
    id,
    key: `key of ${id}`,
    correlationId: `correlation of ${id}`,
    partner: 'north-surgery',
    channel: 'referrals',
    format: 'json',
    controlId: null,
    receivedAt: at(0),
    contentHash: 'aa55',
    mapping: 'gp/referral',
    mappingVersion: '1',
    state: 'accepted',
    answer: { messageId: id, state: 'accepted', created: [], updated: [], routed: [], issues: [] },
    body: new TextEncoder().encode('{"need":"a walking frame"}'),
    ...more,
  };
}

export function sampleDelivery(id: string, more: Partial<NewDelivery> = {}): NewDelivery {
  return {
    id,
    partner: 'district-nurses',
    channel: 'referrals',
    route: 'referrals to nurses',
    lane: 'patient-1',
    correlationId: `correlation of ${id}`,
    messageId: null,
    resourceType: 'ServiceRequest',
    resourceId: 'r1',
    resourceVersion: 1,
    createdAt: at(0),
    ...more,
  };
}

export function sampleAudit(id: string, more: Partial<NewAudit> = {}): NewAudit {
  return { id, recorded: at(0), content: `{"resourceType":"AuditEvent","id":"${id}"}`, patient: null, ...more };
}

export function commitOf(more: Partial<Commit>): Commit {
  return { writes: [], deliveries: [], audit: [], ...more };
}

export function token(param: string, code: string, system = ''): IndexRow {
  return { kind: 'token', param, system, code };
}

export function reference(param: string, targetType: string, target: string): IndexRow {
  return { kind: 'reference', param, targetType, target };
}

export function searchOf(filters: readonly SearchFilter[], more: Partial<SearchRequest> = {}): SearchRequest {
  return { type: 'ServiceRequest', filters, count: 100, sort: [], total: false, ...more };
}

export function tokenFilter(param: string, code: string | undefined, system?: string): SearchFilter {
  return { kind: 'token', param, not: false, values: [{ code, system }] };
}

/** A denial of everything to everybody, at all times. */
export function sampleRule(more: Partial<ConsentRow> = {}): ConsentRow {
  return {
    rank: 1,
    decision: 'deny',
    actor: '',
    type: '',
    purpose: '',
    from: '0000-01-01T00:00:00.000Z',
    until: '9999-12-31T23:59:59.999Z',
    ...more,
  };
}
