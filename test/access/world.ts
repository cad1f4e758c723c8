import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import type { Resource } from '@medplum/fhirtypes';
import { ACCESS_CHECKS, type AccessCheck, type AccessChecks } from '../../src/access/checks.ts';
import { loadDemoKey } from '../../src/auth/demo-clients.ts';
import type { Identity } from '../../src/auth/identity.ts';
import { requestToken } from '../../src/auth/request-token.ts';
import type { AccessRule, Client, Config, Partner } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { type RunningGateway, startGateway } from '../../src/gateway.ts';
import { createLog } from '../../src/kernel/log.ts';
import { testNhsNumbers } from '../support/nhs-numbers.ts';
import { OPEN_RULES } from '../support/open-access.ts';
import { EXAMPLE, type Receiver, startReceiver } from '../support/test-gateway.ts';
import { accessRule } from './clients.ts';

/**
 * A small world in which every resource carries a word of its own, `mark-<name>`, so that whatever leaves can be seen in
 * the bytes: organisations north and south, a school, and people who are known to some of them.
 */
export const ODS = 'https://fhir.nhs.uk/Id/ods-organization-code';
export const MARK = 'https://marks.example/Id/mark';
export const LABELS = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';
export const EQUIPMENT_NEED = { system: 'https://stockport.example/CodeSystem/need-type', code: 'equipment' };
const NHS = 'https://fhir.nhs.uk/Id/nhs-number';

export function markOf(name: string): string {
  return `mark-${name}`;
}

const organisation = (value: string) => ({ system: ODS, value });
const rule = (over: Partial<AccessRule>): AccessRule =>
  accessRule({ types: ['*', 'AuditEvent', 'Provenance', 'Bundle'], ...over });

const partner = (name: string, over: Partial<Partner>): [string, Partner] => [
  name,
  { name, title: name, organisation: undefined, channels: new Map(), kind: 'health', ...over },
];

const PARTNERS: readonly [string, Partner][] = [
  partner('seeder', { access: OPEN_RULES }),
  partner('north', { organisation: organisation('ZZ910') }),
  partner('south', { organisation: organisation('ZZ920') }),
  partner('nobody', { organisation: organisation('ZZ990') }),
  partner('school', { organisation: organisation('ZZ930'), kind: 'other', basis: 'Working together agreement' }),
  partner('police', { organisation: organisation('ZZ940'), kind: 'other' }),
];

interface ClientSpec {
  readonly partner: string;
  readonly scopes?: readonly string[];
  readonly access: readonly AccessRule[];
  readonly breakGlass?: boolean;
  readonly personRequired?: boolean;
}

/** Clients by id. What each may see stands in `KINDS` of the matrix. */
const CLIENTS: Readonly<Record<string, ClientSpec>> = {
  seeder: { partner: 'seeder', access: OPEN_RULES },
  everybody: { partner: 'north', access: [rule({ for: 'all' })] },
  related: { partner: 'north', access: [rule({})] },
  unrelated: { partner: 'nobody', access: [rule({})] },
  other: { partner: 'south', access: [rule({})] },
  neighbourhood: {
    partner: 'nobody',
    access: [rule({ for: 'neighbourhood', organisations: [organisation('ZZ950')] })],
  },
  'two-types': { partner: 'north', access: [rule({ types: ['Patient', 'ServiceRequest'] })] },
  'one-scope': { partner: 'north', scopes: ['system/CarePlan.rs'], access: [rule({})] },
  'by-query': {
    partner: 'north',
    scopes: ['system/ServiceRequest.rs?category=https://marks.example/category|open'],
    access: [rule({})],
  },
  'by-category': {
    partner: 'north',
    access: [rule({ types: ['ServiceRequest'], categories: ['https://marks.example/category|open'] })],
  },
  minimum: {
    partner: 'school',
    access: [
      rule({ types: ['Patient'], interactions: ['read', 'search', 'update'], elements: ['identifier', 'gender'] }),
      rule({ types: ['ServiceRequest'], interactions: ['read', 'search'], elements: ['identifier', 'status'] }),
    ],
  },
  'needs-consent': { partner: 'police', access: [rule({ for: 'all' })] },
  launched: { partner: 'north', access: [rule({ for: 'all' })] },
  emergency: { partner: 'nobody', access: [rule({})], breakGlass: true },
  named: { partner: 'north', access: [rule({})], personRequired: true },
};

export interface Seed {
  readonly name: string;
  readonly type: string;
  readonly id: string;
  /** Name of the patient whose record it is in. */
  readonly patient: string | undefined;
  /** For one that is not there: the one that it is like. */
  readonly like?: Seed | undefined;
}

/** The same, not there at all: its answers are what those about hidden resources must be like. */
export function absentLike(seed: Seed): Seed {
  return { name: 'absent', type: seed.type, id: 'absent', patient: 'absent', like: seed };
}

const [adaNumber = '', benNumber = '', resNumber = '', conNumber = '', nbhNumber = '', absentNumber = ''] =
  testNhsNumbers(6);
export const NUMBERS: Record<string, string> = {
  ada: adaNumber,
  ben: benNumber,
  res: resNumber,
  con: conNumber,
  nbh: nbhNumber,
  absent: absentNumber,
};

/** What would tell where the restricted person lives. */
export const WHEREABOUTS = {
  line: '17 Hidden Garden Walk',
  postcode: 'SK4 9QQ',
  phone: '0161 555 0177',
  practice: 'Willow Brook Surgery',
  ods: 'ZZ977X',
  doctor: 'Quennell',
} as const;

const identifier = (name: string) => [{ system: MARK, value: markOf(name) }];

function patient(name: string, more: object = {}): Resource {
  return {
    resourceType: 'Patient',
    id: name,
    identifier: [{ system: NHS, value: NUMBERS[name] ?? '' }, ...identifier(name)],
    name: [{ family: `${markOf(name)}-family`, given: ['Iris'] }],
    birthDate: '1950-02-03',
    gender: 'female',
    ...more,
  } as Resource;
}

function request(name: string, of: string, performer: string, more: object = {}): Resource {
  return {
    resourceType: 'ServiceRequest',
    id: name,
    identifier: identifier(name),
    status: 'active',
    intent: 'order',
    subject: { reference: `Patient/${of}` },
    performer: [{ reference: `Organization/${performer}` }],
    note: [{ text: `${markOf(name)}-note` }],
    ...more,
  } as Resource;
}

const label = (code: string) => ({ meta: { security: [{ system: LABELS, code }] } });
const category = (code: string) => ({ category: [{ coding: [{ system: 'https://marks.example/category', code }] }] });

const org = (id: string, ods: string, name: string): Resource =>
  ({ resourceType: 'Organization', id, identifier: [{ system: ODS, value: ods }], name }) as Resource;

/** In the order in which they are put there; each by its own id. */
export const RESOURCES: readonly Resource[] = [
  org('north', 'ZZ910', 'North'),
  org('south', 'ZZ920', 'South'),
  org('school', 'ZZ930', 'School'),
  org('area', 'ZZ950', 'Area practice'),
  org('place-one', WHEREABOUTS.ods, WHEREABOUTS.practice),
  {
    resourceType: 'Practitioner',
    id: 'staff-one',
    identifier: [{ system: 'https://fhir.hl7.org.uk/Id/gmc-number', value: 'C7654321' }],
    name: [{ family: WHEREABOUTS.doctor, given: ['Rhoda'] }],
  },
  {
    resourceType: 'PractitionerRole',
    id: 'staff-role',
    practitioner: { reference: 'Practitioner/staff-one' },
    organization: { reference: 'Organization/place-one' },
  },
  patient('ada'),
  patient('ben'),
  patient('con'),
  patient('nbh', { generalPractitioner: [{ reference: 'Organization/area' }] }),
  patient('res', {
    ...label('R'),
    address: [{ line: [WHEREABOUTS.line], city: 'Stockport', postalCode: WHEREABOUTS.postcode }],
    telecom: [{ system: 'phone', value: WHEREABOUTS.phone }],
    generalPractitioner: [{ reference: 'Organization/place-one', display: WHEREABOUTS.practice }],
  }),
  {
    resourceType: 'CarePlan',
    id: 'ben-plan',
    identifier: identifier('ben-plan'),
    status: 'active',
    intent: 'plan',
    subject: { reference: 'Patient/ben' },
    title: `${markOf('ben-plan')}-title`,
  },
  request('ben-request', 'ben', 'south'),
  request('ada-request', 'ada', 'north', {
    ...category('open'),
    basedOn: [{ reference: 'CarePlan/ben-plan', display: markOf('display') }],
  }),
  request('ada-other', 'ada', 'north', category('closed')),
  request('ada-secret', 'ada', 'north', { ...label('V'), ...category('open') }),
  request('ada-school', 'ada', 'school', category('closed')),
  {
    resourceType: 'CarePlan',
    id: 'ada-plan',
    identifier: identifier('ada-plan'),
    status: 'active',
    intent: 'plan',
    subject: { reference: 'Patient/ada' },
  },
  {
    resourceType: 'CareTeam',
    id: 'ada-team',
    identifier: identifier('ada-team'),
    status: 'active',
    subject: { reference: 'Patient/ada' },
  },
  request('nbh-request', 'nbh', 'south'),
  request('con-request', 'con', 'north'),
  {
    resourceType: 'Consent',
    id: 'con-objection',
    status: 'active',
    scope: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }] },
    category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
    patient: { reference: 'Patient/con' },
    policyRule: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'OPTINR' }] },
    provision: {
      type: 'deny',
      actor: [
        {
          role: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType', code: 'IRCP' }] },
          reference: { identifier: { system: ODS, value: 'ZZ910' }, type: 'Organization' },
        },
      ],
    },
  },
  request('res-request', 'res', 'north', {
    requester: {
      reference: 'PractitionerRole/staff-role',
      display: `${WHEREABOUTS.doctor} of ${WHEREABOUTS.practice}`,
    },
    note: [
      { text: `Visit at ${WHEREABOUTS.line}, ring ${WHEREABOUTS.phone}.` },
      { text: `${markOf('res-request')}-note` },
    ],
    text: {
      status: 'generated',
      div: `<div xmlns="http://www.w3.org/1999/xhtml">${WHEREABOUTS.line}, ${WHEREABOUTS.postcode}</div>`,
    },
  }),
] as Resource[];

export const SEEDS: readonly Seed[] = RESOURCES.flatMap((resource): Seed[] => {
  const { resourceType: type, id = '' } = resource;
  if (['Organization', 'Practitioner', 'PractitionerRole'].includes(type)) return [];
  return [{ name: id, type, id, patient: type === 'Patient' ? id : id.split('-')[0] }];
});

export interface World {
  readonly gateway: RunningGateway;
  readonly folder: string;
  readonly equipment: Receiver;
  readonly logged: () => string;
  /** A time that the gateway takes for now. */
  readonly clock: { offsetMs: number };
  token(client: string): Promise<string>;
  /** One that was not asked for before. */
  freshToken(client: string): Promise<string>;
  ask(
    token: string | undefined,
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer>;
  stop(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: string;
  readonly text: string;
}

/** A folder with the world in it, to be copied for each test that changes something. */
export async function seedWorld(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'ginnel-world-'));
  const world = await openWorld(folder);
  try {
    const token = await world.token('seeder');
    for (const resource of RESOURCES) {
      const answer = await world.ask(token, 'PUT', `${resource.resourceType}/${resource.id}`, resource);
      if (answer.status !== 201) throw new Error(`${resource.id}: ${answer.status} ${answer.text}`);
    }
    await world.gateway.drain();
  } finally {
    await world.stop();
  }
  return folder;
}

export interface WorldOptions {
  /** The one check that is not made. */
  readonly off?: readonly AccessCheck[];
  readonly copy?: boolean;
  readonly extra?: (config: Config) => Config;
}

/** Opens the gateway on such a folder, or on a copy of it that goes away at the end. */
export async function openWorld(seeded: string, { off = [], copy = false, extra }: WorldOptions = {}): Promise<World> {
  const folder = copy ? mkdtempSync(join(tmpdir(), 'ginnel-world-')) : seeded;
  if (copy) cpSync(seeded, folder, { recursive: true });
  const equipment = await startReceiver();
  const loaded = loadConfig(EXAMPLE, { PORT: '0', MLLP_PORT: '0', GINNEL_DATA: folder, EQUIPMENT_URL: equipment.url });
  const clients = Object.entries(CLIENTS).map(([id, spec]): [string, Client] => [
    id,
    {
      id,
      partner: spec.partner,
      scopes: spec.scopes ?? ['system/*.cruds', 'intake'],
      access: spec.access,
      breakGlass: spec.breakGlass,
      personRequired: spec.personRequired,
      keys: { kind: 'demo', file: join(folder, 'demo', `${id}.jwks.json`) },
    },
  ]);
  const base: Config = {
    ...loaded,
    // What is refused is not what is tested here, and a matrix is mostly refusals.
    refusals: { burst: 1_000_000, perSecond: 1_000_000 },
    partners: new Map([...loaded.partners, ...PARTNERS]),
    clients: new Map([...loaded.clients, ...clients]),
  };
  const config = extra?.(base) ?? base;
  const clock = { offsetMs: 0 };
  const checks: AccessChecks = { has: (check) => !off.includes(check) };
  const lines: string[] = [];
  const log = createLog({
    level: 'debug',
    pretty: false,
    stream: new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        lines.push(chunk.toString('utf8'));
        done();
      },
    }),
  });
  const stranger: Identity = {
    client: 'everybody',
    partner: 'north',
    organisation: organisation('ZZ910'),
    scopes: ['system/*.cruds'],
    tokenId: 'none',
    expiresAt: new Date('2099-01-01'),
  };
  const identities = new WeakMap<Identity, Identity>();
  const launch = (identity: Identity): Identity => {
    if (identity.client !== 'launched') return identity;
    const known = identities.get(identity) ?? { ...identity, launchPatient: 'ada' };
    identities.set(identity, known);
    return known;
  };
  const gateway = await startGateway(config, log, {
    demoKeys: true,
    clock: { now: () => new Date(Date.now() + clock.offsetMs) },
    mutation: {
      checks,
      verify: (verify) => async (authorization) => {
        try {
          return launch(await verify(authorization));
        } catch (fault) {
          if (!off.includes('token')) throw fault;
          return stranger;
        }
      },
    },
  });
  const tokens = new Map<string, string>();
  const freshToken = async (client: string): Promise<string> => {
    const key = await loadDemoKey(folder, client);
    if (key === undefined) throw new Error(`no demo key for ${client}`);
    const answer = await requestToken({
      tokenUrl: `${gateway.baseUrl}/auth/token`,
      clientId: client,
      key,
      scope: (config.clients.get(client)?.scopes ?? []).join(' '),
    });
    if (!answer.ok) throw new Error(answer.issues.map(({ text }) => text).join('; '));
    return answer.value.accessToken;
  };
  return {
    gateway,
    folder,
    equipment,
    clock,
    logged: () => lines.join(''),
    token: async (client) => {
      const known = tokens.get(client);
      if (known !== undefined) return known;
      const fresh = await freshToken(client);
      tokens.set(client, fresh);
      return fresh;
    },
    freshToken,
    ask: async (token, method, path, body, headers = {}) => {
      const isForm = body instanceof URLSearchParams;
      const response = await fetch(`${gateway.baseUrl}/fhir/${path}`, {
        method,
        headers: {
          ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
          ...(body === undefined || isForm
            ? {}
            : { 'Content-Type': Array.isArray(body) ? 'application/json-patch+json' : 'application/fhir+json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
      });
      const kept = [...response.headers].filter(
        ([name]) => !['date', 'x-correlation-id', 'content-length'].includes(name),
      );
      return { status: response.status, headers: JSON.stringify(kept), text: await response.text() };
    },
    stop: async () => {
      await gateway.stop();
      await equipment.close();
      if (copy) rmSync(folder, { recursive: true, force: true });
    },
  };
}

export const CHECKS = Object.keys(ACCESS_CHECKS) as AccessCheck[];
