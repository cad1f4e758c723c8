import type { CodeableConcept, Coding } from '@medplum/fhirtypes';
import type { RestInteraction } from './input.ts';

/** The codes of FHIR R4, DICOM and IHE BALP that our AuditEvents carry. */

const DICOM = 'http://dicom.nema.org/resources/ontology/DCM';
const ENTITY_TYPE = 'http://terminology.hl7.org/CodeSystem/audit-entity-type';
const OBJECT_ROLE = 'http://terminology.hl7.org/CodeSystem/object-role';
const PARTICIPATION = 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType';
const RESTFUL = 'http://hl7.org/fhir/restful-interaction';

export const DCM = {
  application: { system: DICOM, code: '110150', display: 'Application' },
  destination: { system: DICOM, code: '110152', display: 'Destination Role ID' },
  source: { system: DICOM, code: '110153', display: 'Source Role ID' },
  activity: { system: DICOM, code: '110100', display: 'Application Activity' },
  export: { system: DICOM, code: '110106', display: 'Export' },
  import: { system: DICOM, code: '110107', display: 'Import' },
  authentication: { system: DICOM, code: '110114', display: 'User Authentication' },
  login: { system: DICOM, code: '110122', display: 'Login' },
  logout: { system: DICOM, code: '110123', display: 'Logout' },
  securityAlert: { system: DICOM, code: '110113', display: 'Security Alert' },
  emergencyOverride: { system: DICOM, code: '110127', display: 'Emergency Override Started' },
} as const satisfies Record<string, Coding>;

export const SYSTEMS = {
  actReason: 'http://terminology.hl7.org/CodeSystem/v3-ActReason',
  sourceType: 'http://terminology.hl7.org/CodeSystem/security-source-type',
  adminAction: 'https://ginnel.example/fhir/CodeSystem/admin-action',
  rest: {
    system: 'http://terminology.hl7.org/CodeSystem/audit-event-type',
    code: 'rest',
    display: 'RESTful Operation',
  },
  disclose: {
    system: 'http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle',
    code: 'disclose',
    display: 'Disclose Record Lifecycle Event',
  },
} as const;

/** What our own names are names of. */
export const IDENTIFIERS = {
  gateway: 'https://ginnel.example/id/gateway',
  partner: 'https://ginnel.example/id/partner',
  client: 'https://ginnel.example/id/client',
  operator: 'https://ginnel.example/id/operator',
  token: 'https://ginnel.example/id/token',
  key: 'https://ginnel.example/id/key',
  message: 'https://ginnel.example/id/message',
  delivery: 'https://ginnel.example/id/delivery',
  audit: 'https://ginnel.example/id/audit',
  store: 'https://ginnel.example/id/store',
} as const;

export const ROLES = {
  person: { system: ENTITY_TYPE, code: '1' },
  systemObject: { system: ENTITY_TYPE, code: '2' },
  requestId: { system: 'https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType', code: 'XrequestId' },
  patient: { system: OBJECT_ROLE, code: '1' },
  domainResource: { system: OBJECT_ROLE, code: '4' },
  securityResource: { system: OBJECT_ROLE, code: '13' },
  job: { system: OBJECT_ROLE, code: '20' },
  query: { system: OBJECT_ROLE, code: '24' },
  recipient: { system: PARTICIPATION, code: 'IRCP' },
  author: { system: PARTICIPATION, code: 'AUT' },
} as const satisfies Record<string, Coding>;

interface InteractionCodes {
  readonly subtype: Coding;
  readonly action: 'C' | 'R' | 'U' | 'D' | 'E';
  readonly client: Coding;
  readonly server: Coding;
}

/**
 * BALP names the two sides by the way the content flows: in a read the server is the source; in a write and, by old
 * custom, in a query, the client.
 */
const answering = { client: DCM.destination, server: DCM.source };
const asking = { client: DCM.source, server: DCM.destination };

export const INTERACTIONS: Record<RestInteraction | 'intake', InteractionCodes> = {
  read: { subtype: rest('read'), action: 'R', ...answering },
  vread: { subtype: rest('vread'), action: 'R', ...answering },
  history: { subtype: rest('history-instance'), action: 'R', ...answering },
  'history-type': { subtype: rest('history-type'), action: 'R', ...answering },
  'history-system': { subtype: rest('history-system'), action: 'R', ...answering },
  search: { subtype: rest('search-type'), action: 'E', ...asking },
  create: { subtype: rest('create'), action: 'C', ...asking },
  update: { subtype: rest('update'), action: 'U', ...asking },
  patch: { subtype: rest('patch'), action: 'U', ...asking },
  delete: {
    subtype: rest('delete'),
    action: 'D',
    client: DCM.application,
    server: {
      system: 'http://terminology.hl7.org/CodeSystem/provenance-participant-type',
      code: 'custodian',
      display: 'Custodian',
    },
  },
  capabilities: { subtype: rest('capabilities'), action: 'R', ...answering },
  transaction: { subtype: rest('transaction'), action: 'E', ...asking },
  operation: { subtype: rest('operation'), action: 'E', ...asking },
  intake: { subtype: DCM.import, action: 'C', ...asking },
};

function rest(code: string): Coding {
  return { system: RESTFUL, code, display: code };
}

/** Without what a reader can look up: there are ten of these in each event. */
export function concept({ system, code }: Coding): CodeableConcept {
  return { coding: [{ ...(system === undefined ? {} : { system }), ...(code === undefined ? {} : { code }) }] };
}
