import { readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildAuditEvent } from '../../src/audit/event.ts';
import { eventually, SAMPLES, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { ginnel, type Ran } from './support.ts';

/** The audit of a gateway that runs, on the embedded store. PostgreSQL's is in test/store/contract-audit.ts. */
let test: TestGateway;
beforeAll(async () => {
  test = await startTestGateway({ DATABASE_URL: '' });
  await test.request('heaton-practice', '/intake/heaton-practice/referrals', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: readFileSync(join(SAMPLES, '01-heaton-practice-referral.json'), 'utf8'),
  });
  await eventually(async () => ((await test.gateway.store.counts()).deliveriesPending === 0 ? true : undefined));
  await test.request('neighbourhood-viewer', '/fhir/Patient/nobody');
});
afterAll(() => test.stop());

const run = (...argv: string[]): Promise<Ran> => ginnel(['audit', ...argv], { GINNEL_DATA: test.dataFolder });

/** SQL behind the gateway's back, with what refuses it out of the way. */
function tamper(text: string): void {
  const database = new DatabaseSync(join(test.dataFolder, 'ginnel.db'));
  database.exec(`DROP TRIGGER IF EXISTS audit_never_changes; DROP TRIGGER IF EXISTS audit_never_shrinks;
    DROP TRIGGER IF EXISTS audit_frame_never_changes; DROP TRIGGER IF EXISTS audit_frame_never_shrinks;`);
  database.exec(text);
  database.close();
}

describe('ginnel audit', () => {
  it('verify finds nothing where nothing was changed, while the gateway runs', async () => {
    const { code, out } = await run('verify');
    expect(code).toBe(0);
    expect(out).toMatch(/^\d+ entries in \d+ segments\. Nothing was altered, removed or reordered\.\n$/);
  });

  it('export prints every event as NDJSON in the order of the chain, and the heads beside it', async () => {
    const { code, out, err } = await run('export');
    expect(code).toBe(0);
    const events = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { resourceType: string; id: string });
    const stored = await test.gateway.store.audit({ limit: 1000 });
    expect(events.map(({ id }) => id).sort()).toEqual(stored.map(({ id }) => id).sort());
    const heads = err
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { segment: number; entries: number });
    expect(heads.reduce((sum, { entries }) => sum + entries, 0)).toBe(events.length);
  });

  it('export is in the audit, with the account that asked', async () => {
    await run('export', '--until', '2026-01-01');
    const events = (await test.gateway.store.audit({ limit: 1000 })).map(({ content }) => JSON.parse(content));
    const exported = events.filter(({ subtype }) => subtype?.[0]?.code === 'export-audit').at(-1);
    expect(exported.agent[0].who.identifier.value).toBe(userInfo().username);
    expect(exported.entity[0].what.identifier.value).toBe('ndjson /2026-01-01T00:00:00.000Z');
  });

  it('export takes a patient and a time', async () => {
    const stored = await test.gateway.store.audit({ limit: 1000 });
    const patient = stored.find((one) => one.patient !== null)?.patient ?? '';
    const { out } = await run('export', '--patient', `Patient/${patient}`);
    expect(out).toContain(`Patient/${patient}`);
    for (const line of out.trimEnd().split('\n')) expect(line).toContain(`Patient/${patient}`);
    expect((await run('export', '--since', '2200-01-01')).out).toBe('');
    expect((await run('export', '--until', '2001-01-01')).out).toBe('');
  });

  it('export prints syslog messages (RFC 5424), each in one line', async () => {
    const { out } = await run('export', '--format', 'syslog');
    for (const line of out.trimEnd().split('\n')) {
      expect(line).toMatch(
        /^<10[6-9]>1 \d{4}-\d\d-\d\dT[\d:.]+Z \S+ ginnel \d+ \S+ \[ginnel@32473( [a-z]+="[^"\]\\]*")+\] \u{FEFF}\{"resourceType":"AuditEvent"/u,
      );
    }
    // A refusal is a warning; what went well a notice.
    expect(out).toContain('<108>1 ');
    expect(out).toContain('<109>1 ');
  });

  it.each([
    ['nothing', []],
    ['what is no word of it', ['check']],
    ['another format', ['export', '--format', 'xml']],
  ])('ends with 2 for %s', async (_what, argv) => {
    expect((await run(...argv)).code).toBe(2);
  });

  it.each([
    ['a time that is none', ['export', '--since', 'yesterday']],
    ['a patient that is none', ['export', '--patient', '999 000 0018']],
  ])('ends with 1 for %s, and does not repeat it', async (_what, argv) => {
    const { code, err } = await run(...argv);
    expect(code).toBe(1);
    expect(err).not.toContain(argv[2]);
  });

  it('verify compares with heads that were saved', async () => {
    const file = join(test.dataFolder, 'heads.ndjson');
    const { out } = await run('heads');
    writeFileSync(file, out);
    expect(await run('verify', '--heads', file)).toMatchObject({ code: 0 });
    const [first = ''] = out.split('\n');
    const { hash } = JSON.parse(first) as { hash: string };
    writeFileSync(file, `${first.replace(hash, 'f'.repeat(64))}\n`);
    const found = await run('verify', '--heads', file);
    expect(found.code).toBe(1);
    expect(found.out).toContain('against the head that was saved');
    writeFileSync(file, 'no head\n');
    expect((await run('verify', '--heads', file)).err).toContain('Line 1');
  });

  it('verify names each entry that was altered or removed, and ends with 1', async () => {
    const entries = (await test.gateway.store.audit({ limit: 1000 })).filter(({ place }) => place?.segment === 1);
    const [, second, third] = entries;
    tamper(`UPDATE audit SET content = replace(content, '"outcome":"0"', '"outcome":"8"') WHERE id = '${second?.id}'`);
    tamper(`DELETE FROM audit WHERE id = '${third?.id}'`);
    const { code, out } = await run('verify');
    expect(code).toBe(1);
    expect(out).toContain('segment 1, entry 2: altered');
    expect(out).toContain('segment 1, entry 3: removed');
    expect(out).toMatch(/2 places are not as written\.\n$/);
  });

  it('verify finds what was altered or removed of the part that events share', async () => {
    const audit = ['p1', 'p2'].map((patient) =>
      buildAuditEvent(
        {
          kind: 'access',
          recorded: new Date(),
          correlationId: 'c1',
          interaction: 'read',
          client: 'ward',
          partner: 'ward',
          types: ['Task'],
          patients: [patient],
          resources: [`Task/${patient}`],
          queryNames: [],
        },
        { baseUrl: 'https://ginnel.example', partners: new Map() },
      ),
    );
    await test.gateway.store.commit({ writes: [], deliveries: [], audit });
    const framed = (await test.gateway.store.audit({ limit: 1000 })).filter(({ framed: one }) => one !== undefined);
    const [first] = framed;
    const id = first?.framed?.frame.id;
    const using = framed.filter((one) => one.framed?.frame.id === id);
    expect(using.length).toBe(2);
    const places = using.map(({ place }) => `segment ${place?.segment}, entry ${place?.number}: altered`);
    tamper(`UPDATE audit_frame SET text = replace(text, '"outcome":"0"', '"outcome":"8"') WHERE id = '${id}'`);
    const altered = await run('verify');
    for (const place of places) expect(altered.out).toContain(place);
    tamper(`DELETE FROM audit_frame WHERE id = '${id}'`);
    const removed = await run('verify');
    expect(removed.code).toBe(1);
    for (const place of places) expect(removed.out).toContain(place);
  });
});
