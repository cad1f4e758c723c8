import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import type { Bundle, CarePlan, CareTeam, OperationOutcome, Resource, ServiceRequest } from '@medplum/fhirtypes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sendMllp } from '../../src/intake/mllp-client.ts';
import { createLog } from '../../src/kernel/log.ts';
import type { MessageAnswer } from '../../src/store/store.ts';
import { startTestPostgres, type TestPostgres } from '../support/postgres.ts';
import { eventually, SAMPLES, startTestGateway, type TestGateway } from '../support/test-gateway.ts';

/** Of the sample person and those around her, in small letters: none may stand in a log, an error or the audit. */
const PATIENT_VALUES = [
  '9990000018',
  '999 000 0018',
  'marsland',
  'edith',
  'ginnel row',
  'sk4 9zz',
  '1941-04-17',
  '19410417',
  '900118',
];

/** The issue the spine was built for, from door to door: what each partner sends, what it becomes, who is told. */
describe.each(['the embedded store', 'PostgreSQL'])('a day in Stockport on %s', (store) => {
  let test: TestGateway;
  let server: TestPostgres | undefined;
  /** What the gateway logs, at the most talkative level, in the form that it has in production. */
  let logged = '';
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      logged += String(chunk);
      done();
    },
  });
  beforeAll(async () => {
    server = store === 'PostgreSQL' ? await startTestPostgres() : undefined;
    const env: Record<string, string> = server === undefined ? {} : { DATABASE_URL: await server.createBareDatabase() };
    test = await startTestGateway(env, { log: createLog({ level: 'debug', pretty: false, stream }) });
  });
  afterAll(async () => {
    await test.stop();
    await server?.stop();
  });

  const sample = (file: string): Buffer => readFileSync(join(SAMPLES, file));

  async function post(client: string, channel: string, type: string, body: Buffer): Promise<Response> {
    return test.request(client, `/intake/${client}/${channel}`, {
      method: 'POST',
      headers: { 'Content-Type': type },
      body: new Uint8Array(body),
    });
  }

  async function mllp(body: Buffer): Promise<{ code: string; id: string; text: string }> {
    const text = Buffer.from(await sendMllp('127.0.0.1', test.gateway.mllpPort, body, 10_000)).toString('latin1');
    const msa =
      text
        .split('\r')
        .find((line) => line.startsWith('MSA'))
        ?.split('|') ?? [];
    return { code: msa[1] ?? '', id: msa[2] ?? '', text };
  }

  async function plan(): Promise<Bundle> {
    const response = await test.request(
      'neighbourhood-viewer',
      `/fhir/Patient/$shared-care-plan?identifier=${encodeURIComponent('https://fhir.nhs.uk/Id/nhs-number|9990000018')}`,
    );
    expect(response.status).toBe(200);
    return (await response.json()) as Bundle;
  }

  function resourcesOf<T extends Resource>(bundle: Bundle, type: T['resourceType']): T[] {
    return (bundle.entry ?? []).flatMap(({ resource }) => (resource?.resourceType === type ? [resource as T] : []));
  }

  let first: MessageAnswer;

  it('takes the GP’s referral and says what it became', async () => {
    const response = await post(
      'heaton-practice',
      'referrals',
      'application/json',
      sample('01-heaton-practice-referral.json'),
    );
    expect(response.status).toBe(200);
    first = (await response.json()) as MessageAnswer;
    expect(first.state).toBe('accepted');
    const types = first.created.map((reference) => reference.split('/')[0]);
    expect(types).toContain('Patient');
    expect(types).toContain('ServiceRequest');
    expect(types).toContain('CareTeam');
    expect(first.routed).toEqual([
      { route: 'ot-referral-to-council', partner: 'stockport-council' },
      { route: 'ot-referral-to-council', partner: 'stockport-equipment' },
    ]);
  });

  it('brings it to the council as the council’s XML and to the equipment service as its JSON', async () => {
    const [xml] = await eventually(() => (test.council.received.length > 0 ? test.council.received : undefined));
    expect(xml?.contentType).toMatch(/xml/);
    expect(xml?.body).toContain('<?xml');
    expect(xml?.body).toContain('999 000 0018');
    const [json] = await eventually(() => (test.equipment.received.length > 0 ? test.equipment.received : undefined));
    expect(json?.contentType).toMatch(/json/);
    expect(JSON.stringify(JSON.parse(json?.body ?? ''))).toContain('EQ-0103');
  });

  it('gives the same referral the same answer and creates nothing new', async () => {
    await test.gateway.drain();
    const before = await test.gateway.store.counts();
    const response = await post(
      'heaton-practice',
      'referrals',
      'application/json',
      sample('01-heaton-practice-referral.json'),
    );
    expect(await response.json()).toEqual(first);
    await test.gateway.drain();
    const after = await test.gateway.store.counts();
    expect(after).toEqual(before);
    expect(test.council.received.length).toBe(1);
  });

  it('takes the hospital’s admission and discharge over MLLP and tells the community team', async () => {
    const admission = await mllp(sample('02-stepping-hill-admission.hl7'));
    expect([admission.code, admission.id]).toEqual(['AA', 'RWJ2604140001']);
    expect(test.community.received.length).toBe(0);
    const discharge = await mllp(sample('05-stepping-hill-discharge.hl7'));
    expect([discharge.code, discharge.id]).toEqual(['AA', 'RWJ2604140002']);
    const [notice] = await eventually(() => (test.community.received.length > 0 ? test.community.received : undefined));
    expect(notice?.contentType).toMatch(/json/);
  });

  it('gives the same HL7 v2 message the same acknowledgement', async () => {
    await test.gateway.drain();
    const before = await test.gateway.store.counts();
    const again = await mllp(sample('05-stepping-hill-discharge.hl7'));
    expect([again.code, again.id]).toEqual(['AA', 'RWJ2604140002']);
    expect(await test.gateway.store.counts()).toEqual(before);
  });

  it('takes the community’s Windows-1252 CSV and the council’s XML', async () => {
    const csv = await post(
      'stockport-community',
      'caseload',
      'text/csv',
      sample('03-stockport-community-caseload.csv'),
    );
    expect([csv.status, await csv.json()]).toMatchObject([200, { state: 'accepted' }]);
    const xml = await post('stockport-council', 'needs', 'application/xml', sample('04-stockport-council-needs.xml'));
    expect([xml.status, await xml.json()]).toMatchObject([200, { state: 'accepted' }]);
  });

  it('has one plan for the person once the MDT has met: CarePlan, CareTeam with a care co-ordinator, open ServiceRequests', async () => {
    const response = await post(
      'heaton-practice',
      'mdt-outcomes',
      'application/json',
      sample('06-heaton-practice-mdt-outcome.json'),
    );
    expect([response.status, await response.json()]).toMatchObject([200, { state: 'accepted' }]);
    const bundle = await plan();
    expect(bundle.type).toBe('document');
    expect(bundle.entry?.[0]?.resource?.resourceType).toBe('Composition');
    const plans = resourcesOf<CarePlan>(bundle, 'CarePlan').filter(({ status }) => status === 'active');
    expect(plans.some(({ category }) => JSON.stringify(category).includes('734163000'))).toBe(true);
    const roles = resourcesOf<CareTeam>(bundle, 'CareTeam').flatMap(({ participant }) =>
      (participant ?? []).flatMap(({ role }) =>
        (role ?? []).flatMap(({ coding }) => (coding ?? []).map(({ code }) => code)),
      ),
    );
    expect(roles).toContain('768820003');
    expect(resourcesOf<ServiceRequest>(bundle, 'ServiceRequest').some(({ status }) => status === 'active')).toBe(true);
  });

  it.each([
    ['07-heaton-practice-broken.json', 'heaton-practice', 'referrals', 'application/json', 'json-syntax'],
    ['08-stockport-council-doctype.xml', 'stockport-council', 'needs', 'application/xml', 'xml-dtd-refused'],
    ['09-stockport-community-ragged.csv', 'stockport-community', 'caseload', 'text/csv', 'csv-syntax'],
    ['11-heaton-practice-nhs-number.json', 'heaton-practice', 'referrals', 'application/json', 'nhs-number-invalid'],
    ['12-heaton-practice-urgency.json', 'heaton-practice', 'referrals', 'application/json', 'code-unmapped'],
  ])('refuses %s with its place and reason, and keeps it', async (file, client, channel, type, code) => {
    const response = await post(client, channel, type, sample(file));
    expect(response.status).toBe(422);
    const outcome = (await response.json()) as OperationOutcome;
    expect(outcome.resourceType).toBe('OperationOutcome');
    for (const value of PATIENT_VALUES) expect(JSON.stringify(outcome).toLowerCase()).not.toContain(value);
    expect(outcome.issue?.[0]?.details?.coding?.[0]?.code).toBe(code);
    const id = response.headers.get('x-message-id') ?? '';
    const kept = await test.gateway.store.message(id);
    expect(kept?.state).toBe('refused');
    expect(kept?.answer.issues[0]?.line ?? kept?.answer.issues[0]?.at).toBeDefined();
    expect(Buffer.from((await test.gateway.store.messageBody(id)) ?? [])).toEqual(sample(file));
  });

  it('answers a broken MSH with AR and a laboratory result with AR, and keeps both', async () => {
    await test.gateway.drain();
    const before = await test.gateway.store.counts();
    expect((await mllp(sample('10-stepping-hill-broken-msh.hl7'))).code).toBe('AR');
    expect((await mllp(sample('13-stepping-hill-result.hl7'))).code).toBe('AR');
    const after = await test.gateway.store.counts();
    expect(after.messagesRefused - before.messagesRefused).toBe(2);
  });

  it('leaves an AuditEvent for every message and delivery, without a name or an NHS number in it', async () => {
    const audit = await test.gateway.store.audit({ limit: 1000 });
    const text = audit.map(({ content }) => content).join('\n');
    expect(audit.length).toBeGreaterThan(20);
    for (const value of PATIENT_VALUES) expect(text.toLowerCase()).not.toContain(value);
    expect(text).toContain(first.messageId);
  });

  it('logs the whole day as JSON lines without a patient value, one correlation id leading from the door to the partner', async () => {
    const lines = logged
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    for (const value of PATIENT_VALUES) expect(logged.toLowerCase()).not.toContain(value);
    const accepted = lines.find(({ messageId }) => messageId === first.messageId);
    const [received] = test.council.received;
    expect(accepted?.correlationId).toBe(received?.correlationId);
    const about = lines.filter(({ correlationId }) => correlationId === received?.correlationId);
    expect(about.map(({ message }) => message)).toEqual(
      expect.arrayContaining(['message accepted', 'delivery delivered']),
    );
    expect(lines.filter(({ message }) => message === 'message refused').length).toBeGreaterThanOrEqual(7);
  });
});
