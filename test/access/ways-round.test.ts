import { rmSync } from 'node:fs';
import type { Bundle, BundleEntry, Resource } from '@medplum/fhirtypes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AccessRule, Client } from '../../src/config/config.ts';
import { LIMITS } from '../../src/kernel/limits.ts';
import { accessRule, clientOf } from './clients.ts';
import { type Answer, openWorld, seedWorld, WHEREABOUTS, type World } from './world.ts';

/** Ways round the rules that a caller with rights of its own could try: each must end where the rules end. */
let folder: string;
let world: World;

const ODS = 'https://fhir.nhs.uk/Id/ods-organization-code';

beforeAll(async () => {
  folder = await seedWorld();
  world = await openWorld(folder, {
    extra: (config) => {
      const client = (id: string, partner: string, access: readonly AccessRule[], more: Partial<Client> = {}) =>
        clientOf(folder, id, partner, { access, ...more });
      return {
        ...config,
        clients: new Map([
          ...config.clients,
          client('half-sighted', 'north', [
            accessRule({
              types: ['ServiceRequest'],
              interactions: ['read', 'search'],
              categories: ['https://marks.example/category|open'],
            }),
            accessRule({ types: ['ServiceRequest'], interactions: ['update'] }),
          ]),
          client('sightless', 'north', [accessRule({ types: ['ServiceRequest'], interactions: ['update'] })]),
          client('contributor', 'north', [accessRule({ for: 'all' })]),
          client('launched', 'north', [accessRule({ types: ['*', 'Bundle', 'Group', 'List'], for: 'all' })]),
          client('emergency-north', 'north', [accessRule({})], { breakGlass: true }),
        ]),
      };
    },
  });
  const seeder = await world.token('seeder');
  const put = async (resource: Resource): Promise<void> => {
    const answer = await world.ask(seeder, 'PUT', `${resource.resourceType}/${resource.id}`, resource);
    expect([resource.id, answer.status]).toEqual([resource.id, 201]);
  };
  await put({
    resourceType: 'RelatedPerson',
    id: 'res-carer',
    patient: { reference: 'Patient/res' },
    address: [{ line: [WHEREABOUTS.line] }],
  });
  await put({
    resourceType: 'Observation',
    id: 'res-seen',
    status: 'final',
    code: { coding: [{ system: 'http://loinc.org', code: '1234-5' }], text: `Seen at ${WHEREABOUTS.line}` },
    subject: { reference: 'Patient/res' },
    valueString: WHEREABOUTS.line,
  });
  await put({
    resourceType: 'Consent',
    id: 'res-objection',
    status: 'active',
    scope: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }] },
    category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
    patient: { reference: 'Patient/ada' },
    policyRule: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'OPTINR' }] },
    provision: { type: 'deny', class: [{ system: 'http://hl7.org/fhir/resource-types', code: 'CarePlan' }] },
  } as Resource);
  await put({ resourceType: 'Group', id: 'others', type: 'person', actual: true, name: 'mark-group' } as Resource);
  await put({
    resourceType: 'Bundle',
    id: 'others',
    type: 'collection',
    entry: [{ resource: { resourceType: 'Patient', id: 'ben', name: [{ family: 'mark-bundled' }] } }],
  });
}, 60_000);
afterAll(async () => {
  await world.stop();
  rmSync(folder, { recursive: true, force: true });
});

const ask = async (client: string, method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
  world.ask(await world.token(client), method, path, body, headers);

describe('a patch', () => {
  it.each([
    ['a test of JSON Patch', [{ op: 'test', path: '/status', value: 'active' }]],
    ['a test that does not hold', [{ op: 'test', path: '/status', value: 'draft' }]],
  ])('tells nothing of what may be changed and not be read: %s', async (_what, patch) => {
    const answer = await ask('half-sighted', 'PATCH', 'ServiceRequest/ada-other', patch);
    expect([answer.status, answer.text.includes('test')]).toEqual([404, false]);
    const seen = await ask('half-sighted', 'PATCH', 'ServiceRequest/ada-request', [
      { op: 'test', path: '/status', value: 'active' },
    ]);
    expect(seen.status).toBe(200);
  });
});

describe('a patch of what may be changed and not be read', () => {
  const PATCHES = [
    ['a path that is there', { op: 'replace', path: '/note/0/text', value: 7 }],
    ['a path that is not there', { op: 'replace', path: '/note/9/text', value: 'x' }],
    ['removing what is not there', { op: 'remove', path: '/occurrenceDateTime' }],
    ['moving it into a closed record', { op: 'replace', path: '/subject/reference', value: 'Patient/ben' }],
    ['moving it into a closed record by a path that is not there', { op: 'replace', path: '/subject/x', value: 'y' }],
    ['what is no such resource afterwards', { op: 'add', path: '/status', value: 'no-status' }],
  ] as const;

  it.each(PATCHES)('fails in one and the same way: %s', async (_what, operation) => {
    const answer = await ask('sightless', 'PATCH', 'ServiceRequest/ada-request', [operation]);
    const first = await ask('sightless', 'PATCH', 'ServiceRequest/ada-request', [{ op: 'remove', path: '/no' }]);
    expect([answer.status, answer.text]).toEqual([422, first.text]);
    expect(first.text).not.toContain('operation');
  });

  it.each([
    ['copy', '/note/0/text'],
    ['copy', '/note/9/text'],
    ['move', '/note/0/text'],
    ['move', '/note/9/text'],
  ])('asks nothing by putting something where it is: %s %s', async (op, path) => {
    const patch = [{ op, from: path, path }];
    expect((await ask('sightless', 'PATCH', 'ServiceRequest/ada-request', patch)).status).toBe(403);
  });

  it('fails in one and the same way whatever else its transaction fails by', async () => {
    const tryWith = async (operation: object, url: string): Promise<Answer> => {
      const data = Buffer.from(JSON.stringify([operation])).toString('base64');
      return ask('sightless', 'POST', '', {
        resourceType: 'Bundle',
        type: 'transaction',
        entry: [
          {
            request: { method: 'PATCH', url: 'ServiceRequest/ada-request' },
            resource: { resourceType: 'Binary', contentType: 'application/json-patch+json', data },
          },
          {
            request: { method: 'PUT', url },
            resource: { resourceType: 'ServiceRequest', id: 'ada-other', status: 'none', intent: 'order', subject: {} },
          },
        ],
      });
    };
    const there = await tryWith({ op: 'remove', path: '/note' }, 'ServiceRequest/ada-other');
    const nowhere = await tryWith({ op: 'remove', path: '/no' }, 'ServiceRequest/ada-other');
    expect([there.status, there.text]).toEqual([422, nowhere.text]);
  });

  it('is told of the version that it does not meet, and of what it did', async () => {
    const patch = [{ op: 'add', path: '/priority', value: 'urgent' }];
    const late = await ask('sightless', 'PATCH', 'ServiceRequest/ada-request', patch, { 'If-Match': 'W/"99"' });
    const done = await ask('sightless', 'PATCH', 'ServiceRequest/ada-request', patch);
    expect([late.status, done.status, done.text]).toEqual([412, 200, '']);
  });

  it('says where it failed to those who may read it', async () => {
    const remove = [{ op: 'remove', path: '/no' }];
    const answer = await ask('everybody', 'PATCH', 'ServiceRequest/ada-request', remove);
    expect([answer.status, answer.text.includes('operation 1')]).toEqual([422, true]);
  });
});

describe('the source of a resource', () => {
  const told = (partner: string, more: object = {}) => ({
    resourceType: 'Observation',
    status: 'final',
    code: { text: 'x' },
    subject: { reference: 'Patient/nbh' },
    meta: { source: `urn:ginnel:partner:${partner}#1` },
    ...more,
  });
  const sourceIn = (text: string): string => (JSON.parse(text) as Resource).meta?.source?.split('#')[0] ?? '';

  it('makes nobody a contributor but who writes it', async () => {
    expect((await ask('unrelated', 'GET', 'Patient/nbh')).status).toBe(404);
    const made = await ask('contributor', 'POST', 'Observation', told('nobody'));
    const put = await ask('seeder', 'PUT', 'Observation/nbh-told', told('nobody', { id: 'nbh-told' }));
    const patched = await ask('contributor', 'PATCH', 'Observation/nbh-told', [
      { op: 'replace', path: '/meta/source', value: 'urn:ginnel:partner:nobody#2' },
    ]);
    const bundled = await ask('contributor', 'POST', '', {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [{ request: { method: 'POST', url: 'Observation' }, resource: told('nobody') }],
    });
    expect([made.status, put.status, patched.status, bundled.status]).toEqual([201, 201, 200, 200]);
    expect([made, put, patched].map(({ text }) => sourceIn(text))).toEqual([
      'urn:ginnel:partner:north',
      'urn:ginnel:partner:seeder',
      'urn:ginnel:partner:north',
    ]);
    expect((await ask('unrelated', 'GET', 'Patient/nbh')).status).toBe(404);
    expect(JSON.parse((await ask('unrelated', 'GET', 'Patient?_id=nbh&_total=accurate')).text)).toMatchObject({
      total: 0,
    });
  });

  it('stays where the partner brought it, and does not go with it into another record', async () => {
    const { id = '' } = JSON.parse((await ask('contributor', 'POST', 'Observation', told('north'))).text) as Resource;
    const again = await ask('seeder', 'PUT', `Observation/${id}`, told('north', { id, status: 'amended' }));
    const moved = told('north', { id, subject: { reference: 'Patient/ben' } });
    const elsewhere = await ask('seeder', 'PUT', `Observation/${id}`, moved);
    expect([again, elsewhere].map(({ text }) => sourceIn(text))).toEqual([
      'urn:ginnel:partner:north',
      'urn:ginnel:partner:seeder',
    ]);
    const other = { ...told('x'), meta: { source: 'https://sender.example/system#7' } };
    expect(sourceIn((await ask('seeder', 'POST', 'Observation', other)).text)).toBe('https://sender.example/system');
  });
});

describe('what is kept back of a restricted patient', () => {
  it('is not carried into the record of somebody else', async () => {
    const shown = JSON.parse((await ask('seeder', 'GET', 'RelatedPerson/res-carer')).text) as object;
    const moved = { ...shown, patient: { reference: 'Patient/ada' } };
    const put = await ask('seeder', 'PUT', 'RelatedPerson/res-carer', moved);
    const patched = await ask('everybody', 'PATCH', 'RelatedPerson/res-carer', [
      { op: 'replace', path: '/patient', value: { reference: 'Patient/ada' } },
    ]);
    expect([put.status, patched.status]).toEqual([403, 403]);
    const after = await ask('everybody', 'GET', 'RelatedPerson/res-carer');
    expect(after.text).not.toContain(WHEREABOUTS.line);
  });

  it.each([
    'Observation?value-string=17 Hidden',
    'Observation?value-string:contains=Garden Walk',
    'Observation?code-value-string=http://loinc.org|1234-5$17 Hidden',
    'Observation?code:text=Seen at 17 Hidden',
    'Patient?_has:Observation:subject:value-string=17 Hidden',
  ])('is not found by a text that holds it: %s', async (path) => {
    const answer = await ask('everybody', 'GET', `${path}&_total=accurate`);
    expect([answer.status, (JSON.parse(answer.text) as { total?: number }).total]).toEqual([200, 0]);
  });
});

describe('a Provenance of what is in a restricted patient’s record', () => {
  it('does not name the practice that wrote it', async () => {
    const provenance = {
      resourceType: 'Provenance',
      id: 'res-origin',
      target: [{ reference: 'ServiceRequest/res-request' }],
      recorded: '2026-03-02T10:00:00Z',
      agent: [{ who: { reference: 'Organization/place-one', display: WHEREABOUTS.practice } }],
    };
    const saved = await ask('seeder', 'PUT', 'Provenance/res-origin', provenance);
    const seen = await ask('everybody', 'GET', 'Provenance/res-origin');
    const brought = await ask('everybody', 'GET', 'ServiceRequest?_id=res-request&_revinclude=Provenance:target');
    expect([saved.status, seen.status, brought.text.includes('Provenance/res-origin')]).toEqual([201, 200, true]);
    for (const { text } of [seen, brought]) {
      expect([text.includes('place-one'), text.includes(WHEREABOUTS.practice)]).toEqual([false, false]);
    }
  });
});

describe('a copy of a restricted patient', () => {
  it('is known by his id where it has neither label nor number', async () => {
    const copy = { resourceType: 'Patient', id: 'res', address: [{ line: [WHEREABOUTS.line] }] } as const;
    const bundle = { resourceType: 'Bundle', id: 'copy', type: 'collection', entry: [{ resource: copy }] };
    const saved = await ask('seeder', 'PUT', 'Bundle/copy', bundle);
    const seen = await ask('seeder', 'GET', 'Bundle/copy');
    expect([saved.status, seen.status, seen.text.includes(WHEREABOUTS.line)]).toEqual([201, 200, false]);
  });
});

describe('an emergency', () => {
  it('overrides the consents of the one patient and of nobody else', async () => {
    const headers = {
      'X-Purpose-Of-Use': 'BTG',
      'X-Break-Glass-Patient': 'Patient/ben',
      'X-Break-Glass-Reason': 'emergency',
    };
    const closed = await ask('emergency-north', 'GET', 'CarePlan/ada-plan');
    const during = await ask('emergency-north', 'GET', 'CarePlan/ada-plan', undefined, headers);
    const found = await ask('emergency-north', 'GET', 'CarePlan?_total=accurate', undefined, headers);
    expect([closed.status, during.status]).toEqual([404, 404]);
    expect(JSON.parse(found.text)).toMatchObject({ total: 1 });
  });
});

describe('a token for one patient', () => {
  it('opens of what is in no record the directory alone', async () => {
    const answers = await Promise.all(
      ['Bundle/others', 'Group/others', 'Bundle/others/_history', 'Organization/north'].map((path) =>
        ask('launched', 'GET', path),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 200]);
    for (const type of ['Bundle', 'Group']) {
      const found = await ask('launched', 'GET', `${type}?_total=accurate`);
      expect(JSON.parse(found.text)).toMatchObject({ total: 0 });
    }
  });
});

describe('a rule for every type', () => {
  it('does not let an application make itself the organisation of others', async () => {
    const practice = JSON.parse((await ask('seeder', 'GET', 'Organization/south')).text) as object;
    const taken = {
      ...practice,
      identifier: [
        { system: ODS, value: 'ZZ920' },
        { system: ODS, value: 'ZZ990' },
      ],
    };
    const put = await ask('unrelated', 'PUT', 'Organization/south', taken);
    world.clock.offsetMs += LIMITS.organisationNamesMs;
    expect([put.status, (await ask('unrelated', 'GET', 'Patient/ben')).status]).toEqual([403, 404]);
  });

  it('does not let an application that needs a consent write one', async () => {
    const consent = {
      resourceType: 'Consent',
      status: 'active',
      scope: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }] },
      category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
      patient: { reference: 'Patient/ben' },
      policyRule: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'OPTIN' }] },
      provision: {
        type: 'permit',
        actor: [
          {
            role: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType', code: 'IRCP' }] },
            reference: { identifier: { system: ODS, value: 'ZZ940' }, type: 'Organization' },
          },
        ],
      },
    };
    const made = await ask('needs-consent', 'POST', 'Consent', consent);
    expect([made.status, (await ask('needs-consent', 'GET', 'Patient/ben')).status]).toEqual([403, 404]);
  });
});

describe('pages of what lies far apart', () => {
  const pagesOf = async (client: string, first: string): Promise<{ ids: (string | undefined)[]; empty: number }> => {
    const ids: (string | undefined)[] = [];
    let empty = 0;
    for (let next: string | undefined = first; next !== undefined; ) {
      const answer = await ask(client, 'GET', next);
      expect(answer.status).toBe(200);
      const bundle = JSON.parse(answer.text) as Bundle;
      const matches = (bundle.entry ?? []).filter(({ search }) => search?.mode !== 'include');
      ids.push(...matches.map(({ resource }) => resource?.id));
      if (matches.length === 0) empty += 1;
      next = bundle.link?.find(({ relation }) => relation === 'next')?.url?.replace(/^.*\/fhir\//, '');
    }
    return { ids, empty };
  };

  it('hold all that may be shown, and neither end early nor go on to nothing', async () => {
    const seeder = await world.token('seeder');
    const request = (n: number): BundleEntry => ({
      request: { method: 'PUT', url: `ServiceRequest/far-${String(n).padStart(4, '0')}` },
      resource: {
        resourceType: 'ServiceRequest',
        id: `far-${String(n).padStart(4, '0')}`,
        status: 'active',
        intent: 'order',
        subject: { reference: 'Patient/ada' },
        // The first, one in the middle and the last but ten are open; the rest are hidden.
        ...([0, 300, 489].includes(n)
          ? { category: [{ coding: [{ system: 'https://marks.example/category', code: 'open' }] }] }
          : {}),
      },
    });
    const entry = Array.from({ length: 500 }, (_, n) => request(n));
    const stored = await world.ask(seeder, 'POST', '', { resourceType: 'Bundle', type: 'transaction', entry });
    expect(stored.status).toBe(200);
    const open = ['far-0000', 'far-0300', 'far-0489'];

    const history = await pagesOf('half-sighted', 'ServiceRequest/_history?_count=1&_sort=_lastUpdated');
    expect([history.ids.filter((id) => id?.startsWith('far-')), history.empty]).toEqual([open, 0]);

    const searched = await pagesOf('half-sighted', 'ServiceRequest?patient=ada&_count=1');
    expect(searched.ids.filter((id) => id?.startsWith('far-'))).toEqual(open);
  });

  it('count the versions of one resource only for who may see them all', async () => {
    const seen = JSON.parse((await ask('half-sighted', 'GET', 'ServiceRequest/far-0300/_history')).text) as Bundle;
    expect([seen.entry?.length, seen.total]).toEqual([1, undefined]);
  });
});
