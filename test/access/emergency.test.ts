import { rmSync } from 'node:fs';
import type { AuditEvent } from '@medplum/fhirtypes';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBreakGlass } from '../../src/auth/break-glass.ts';
import { loadDemoKey } from '../../src/auth/demo-clients.ts';
import { LIMITS } from '../../src/kernel/limits.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { eventually } from '../support/test-gateway.ts';
import { MARK, markOf, openWorld, seedWorld, type World } from './world.ts';

let folder: string;
let world: World;
beforeAll(async () => {
  folder = await seedWorld();
  world = await openWorld(folder);
}, 60_000);
afterAll(async () => {
  await world.stop();
  rmSync(folder, { recursive: true, force: true });
});

const glass = (patient: string, reason?: string) => ({
  'X-Purpose-Of-Use': 'BTG',
  'X-Break-Glass-Patient': patient,
  ...(reason === undefined ? {} : { 'X-Break-Glass-Reason': reason }),
});

async function ask(client: string, path: string, headers: Record<string, string> = {}) {
  return world.ask(await world.token(client), 'GET', path, undefined, headers);
}

const lower = (headers: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

async function events(): Promise<AuditEvent[]> {
  const all = await world.gateway.store.audit({ limit: 1000 });
  return all.map(({ content }) => JSON.parse(content) as AuditEvent);
}

describe('Breaking the glass', () => {
  it('opens one patient’s record, to an application that may, for minutes, and is told of', async () => {
    expect((await ask('emergency', 'Patient/ada')).status).toBe(404);
    const seen = await ask('emergency', 'Patient/ada', glass(`${MARK}|${markOf('ada')}`, 'emergency'));
    expect(seen.status).toBe(200);
    const emergencies = (await events()).filter((one) => one.purposeOfEvent?.[0]?.coding?.[0]?.code === 'BTG');
    const [alert, access] = emergencies;
    expect(alert?.subtype?.[0]?.code).toBe('110127');
    expect(alert?.outcomeDesc).toBe('emergency');
    expect(JSON.stringify(alert)).not.toContain('ada');
    expect(JSON.stringify(access?.entity)).toContain('Patient/ada');
    const line =
      world
        .logged()
        .split('\n')
        .find((one) => one.includes('opened in an emergency')) ?? '';
    expect(JSON.parse(line)).toMatchObject({ level: 'warn', client: 'emergency', state: 'emergency' });
    expect(line).not.toContain('ada');
  });

  it('needs its reason once while it is open', async () => {
    const found = await ask('emergency', 'ServiceRequest?patient=Patient/ada', glass('Patient/ada'));
    expect([found.status, found.text.includes(markOf('ada-request'))]).toEqual([200, true]);
  });

  it('closes again by itself', async () => {
    let nowMs = Date.parse('2026-03-02T09:00:00Z');
    const clock = { now: () => new Date(nowMs) };
    const breakGlass = createBreakGlass({ store: world.gateway.store, clock, log: silentLog });
    const ask = (reason?: string) =>
      breakGlass({
        client: 'emergency',
        partner: 'nobody',
        mayOpen: true,
        person: undefined,
        correlationId: 'c-1',
        header: (name) => ({ ...lower(glass('Patient/ada', reason)) })[name],
        alert: async () => {},
      });
    await expect(ask()).rejects.toMatchObject({ issues: [{ code: 'break-glass-refused' }] });
    expect(await ask('safeguarding')).toBe('ada');
    nowMs += LIMITS.breakGlassMs - 1;
    expect(await ask()).toBe('ada');
    nowMs += 1;
    await expect(ask()).rejects.toMatchObject({ issues: [{ code: 'break-glass-refused' }] });
  });

  it('opens nobody else, and nothing to write', async () => {
    const headers = glass('Patient/ada', 'emergency');
    expect((await ask('emergency', 'Patient/ben', headers)).status).toBe(404);
    const all = await ask('emergency', 'Patient?_total=accurate', headers);
    expect(JSON.parse(all.text)).toMatchObject({ total: 1 });
    const patch = [{ op: 'add', path: '/language', value: 'cy' }];
    const written = await world.ask(await world.token('emergency'), 'PATCH', 'Patient/ada', patch, headers);
    expect(written.status).toBe(403);
  });

  it('tells nothing of whether there is such a patient, and keeps whereabouts of a restricted one', async () => {
    const nobody = await ask('emergency', 'Patient/nobody', glass('Patient/nobody', 'legal'));
    expect(nobody.status).toBe(404);
    const restricted = await ask('emergency', 'Patient/res', glass('Patient/res', 'emergency'));
    expect([restricted.status, restricted.text.includes('postalCode')]).toEqual([200, false]);
  });

  it.each([
    ['an application that may not', 'unrelated', glass('Patient/ada', 'emergency')],
    ['a reason that is not in the list', 'emergency', glass('Patient/ben', 'curious')],
    ['no reason', 'emergency', glass('Patient/ben')],
    ['no patient', 'emergency', { 'X-Purpose-Of-Use': 'BTG', 'X-Break-Glass-Reason': 'legal' }],
    ['another purpose', 'emergency', { ...glass('Patient/ben', 'legal'), 'X-Purpose-Of-Use': 'HMARKT' }],
  ])('is refused to %s', async (_who, client, headers) => {
    const answer = await ask(client, 'Patient/ben', headers);
    expect([answer.status, answer.text.includes('break-glass-refused')]).toEqual([403, true]);
  });
});

describe('The requesting person', () => {
  const sign = async (claims: object, client = 'named'): Promise<string> => {
    const key = await loadDemoKey(world.folder, client);
    if (key === undefined) throw new Error('no key');
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({
      iss: client,
      aud: `${world.gateway.baseUrl}/fhir`,
      exp: now + 120,
      practitioner: { system: 'https://fhir.hl7.org.uk/Id/gmc-number', value: 'C1234567' },
      name: 'Dr Invented',
      role: 'R0260',
      ...claims,
    })
      .setProtectedHeader({ alg: key.algorithm, kid: key.kid, typ: 'JWT' })
      .sign(key.privateKey);
  };

  it('is demanded of an application that must name one, and stands in the audit', async () => {
    const without = await ask('named', 'Patient/ada');
    expect([without.status, without.text.includes('person-required')]).toEqual([403, true]);
    const seen = await ask('named', 'Patient/ada', { 'X-Requesting-Practitioner': await sign({}) });
    expect(seen.status).toBe(200);
    const event = await eventually(async () =>
      (await events()).find(({ agent }) => JSON.stringify(agent).includes('C1234567')),
    );
    expect(event.subtype?.[0]?.code).toBe('read');
  });

  it.each([
    ['for another server', { aud: 'https://elsewhere.example/fhir' }],
    ['of another application', { iss: 'related' }],
    ['that lives too long', { exp: Math.floor(Date.now() / 1000) + 3_600 }],
    ['that has expired', { exp: Math.floor(Date.now() / 1000) - 60 }],
    ['without a person', { practitioner: 'C1234567' }],
    [
      'with a control character',
      { practitioner: { system: 'https://fhir.hl7.org.uk/Id/gmc-number', value: 'C1\u001f' } },
    ],
  ])('is not believed from a header %s', async (_what, claims) => {
    const answer = await ask('named', 'Patient/ada', { 'X-Requesting-Practitioner': await sign(claims) });
    expect([answer.status, answer.text.includes('person-invalid')]).toEqual([403, true]);
  });

  it('is not believed from a header that another application has signed', async () => {
    const answer = await ask('named', 'Patient/ada', {
      'X-Requesting-Practitioner': await sign({ iss: 'named' }, 'related'),
    });
    expect(answer.status).toBe(403);
  });
});
