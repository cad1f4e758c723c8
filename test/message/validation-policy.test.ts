import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadDemoKey } from '../../src/auth/demo-clients.ts';
import { requestToken } from '../../src/auth/request-token.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { type RunningGateway, startGateway } from '../../src/gateway.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { INVALID_TAG } from '../../src/message/validation-policy.ts';
import type { MessageAnswer } from '../../src/store/store.ts';

/** A gateway with one mapping, that takes whatever it is given, and a channel for each policy. */
const folder = mkdtempSync(join(tmpdir(), 'ginnel-policy-'));
const write = (file: string, text: string): void => {
  mkdirSync(join(folder, file, '..'), { recursive: true });
  writeFileSync(join(folder, file), text);
};
write(
  'mappings/person/mapping.yaml',
  `mapping: 1
direction: in
input: { format: json }
entries:
  - name: patient
    write: replace
    identifier: { system: urn:person, value: "{{ id }}" }
    resource:
      resourceType: Patient
      identifier:
        - "{% if nhsNumber.exists() %}":
            system: https://fhir.nhs.uk/Id/nhs-number
            value: "{{ nhsNumber }}"
      name: [{ family: "{{ family }}" }]
      gender: "{{ sex }}"
`,
);
write(
  'mappings/person-out/mapping.yaml',
  `mapping: 1
direction: out
output: { format: json, mediaType: application/json }
body: { family: "{{ name.first().family }}" }
`,
);
const outTo = (name: string): string =>
  `      ${name}: { transport: http, format: json, mapping: person-out, url: "http://127.0.0.1:9/x", privateAddress: true }`;
write(
  'ginnel.yaml',
  `ginnel: 1
title: Policies
partners:
  practice:
    title: Practice
    kind: health
    in:
      strict: { transport: http, format: json, mapping: person }
      lenient: { transport: http, format: json, mapping: person, validation: warn }
      tagging: { transport: http, format: json, mapping: person, validation: tag }
  hospital:
    title: Hospital
    kind: health
    out:
${outTo('careful')}
${outTo('open')}
${outTo('tagged')}
clients:
  practice-app: { partner: practice, scopes: [intake, system/*.cruds], keys: { demo: true } }
routes:
  - { name: careful, when: "Patient?family=Careful", to: [hospital/careful], validation: reject }
  - { name: tagged, when: "Patient?family=Tagged", to: [hospital/tagged], validation: tag }
  - { name: open, when: "Patient", to: [hospital/open] }
`,
);

let gateway: RunningGateway;
let token = '';

beforeAll(async () => {
  const config = loadConfig(join(folder, 'ginnel.yaml'), {
    PORT: '0',
    MLLP_PORT: '0',
    GINNEL_DATA: join(folder, 'data'),
  });
  gateway = await startGateway(config, silentLog, { demoKeys: true });
  const key = await loadDemoKey(join(folder, 'data'), 'practice-app');
  if (key === undefined) throw new Error('no key');
  const tokenUrl = `${gateway.baseUrl}/auth/token`;
  const answer = await requestToken({ tokenUrl, clientId: 'practice-app', key, scope: 'intake' });
  if (!answer.ok) throw new Error('no token');
  token = answer.value.accessToken;
});

afterAll(async () => {
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function send(channel: string, person: object): Promise<{ status: number; answer: MessageAnswer }> {
  const response = await fetch(`${gateway.baseUrl}/intake/practice/${channel}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(person),
  });
  return { status: response.status, answer: (await response.json()) as MessageAnswer };
}

async function stored(answer: MessageAnswer): Promise<{ meta: { tag?: unknown[]; versionId: string } }> {
  const [type = '', id = ''] = [...answer.created, ...answer.updated][0]?.split('/') ?? [];
  const found = await gateway.store.read(type, id);
  if (found === undefined) throw new Error('nothing is stored');
  return JSON.parse(found.content);
}

const toldOf = ({ issues }: MessageAnswer): string[] =>
  issues.map(({ severity, code, expression }) => `${severity} ${code} ${expression}`);

describe('a resource that is not valid', () => {
  it('is refused where the channel says nothing', async () => {
    const { status } = await send('strict', { id: 'a', family: 'Ashworth', sex: 'unclear' });
    expect(status).toBe(422);
  });

  it('is stored where the channel warns, and the sender is told what and where', async () => {
    const { status, answer } = await send('lenient', { id: 'b', family: 'Bold', sex: 'unclear' });
    expect(status).toBe(200);
    expect(toldOf(answer)).toEqual(['warning code-invalid Patient.gender']);
    expect(JSON.stringify(answer.issues)).not.toContain('unclear');
    expect((await stored(answer)).meta.tag).toBeUndefined();
  });

  it('carries the tag where the channel tags, until it is mended', async () => {
    const first = await send('tagging', { id: 'c', family: 'Clegg', sex: 'unclear' });
    expect(toldOf(first.answer)).toEqual(['warning code-invalid Patient.gender']);
    expect((await stored(first.answer)).meta.tag).toEqual([INVALID_TAG]);
    const again = await send('tagging', {
      id: 'c',
      family: 'Clegg',
      sex: 'unclear',
      note: 'the same in another message',
    });
    expect([...again.answer.created, ...again.answer.updated]).toEqual([]);
    const mended = await send('tagging', { id: 'c', family: 'Clegg', sex: 'female' });
    expect(mended.answer.issues).toEqual([]);
    const { meta } = await stored(mended.answer);
    expect(meta).toMatchObject({ versionId: '2' });
    expect(meta.tag).toBeUndefined();
  });

  it('is refused under every policy where it could name another person', async () => {
    for (const channel of ['lenient', 'tagging']) {
      const { status, answer } = await send(channel, { id: 'd', family: 'Dale', nhsNumber: '9990000019' });
      expect(status).toBe(422);
      expect(JSON.stringify(answer)).toContain('nhs-number-invalid');
    }
  });

  it('goes by no route that rejects such, and the sender is told', async () => {
    const { answer } = await send('lenient', { id: 'e', family: 'Careful', sex: 'unclear' });
    expect(answer.routed.map(({ route }) => route)).toEqual(['open']);
    expect(toldOf(answer)).toEqual(['warning code-invalid Patient.gender', 'warning route-withheld Patient']);
    const good = await send('lenient', { id: 'e2', family: 'Careful', sex: 'female' });
    expect(good.answer.routed.map(({ route }) => route)).toEqual(['careful', 'open']);
    expect(good.answer.issues).toEqual([]);
  });

  it('carries the tag where a route asks for it, and is found by it', async () => {
    const { answer } = await send('lenient', { id: 'f', family: 'Tagged', sex: 'unclear' });
    expect(answer.routed.map(({ route }) => route)).toEqual(['tagged', 'open']);
    expect((await stored(answer)).meta.tag).toEqual([INVALID_TAG]);
  });
});

describe('a resource that is valid', () => {
  it.each(['strict', 'lenient', 'tagging'])('is stored as it is on the channel %s', async (channel) => {
    const { status, answer } = await send(channel, { id: `g-${channel}`, family: 'Greenwood', sex: 'female' });
    expect(status).toBe(200);
    expect(answer.issues).toEqual([]);
    expect((await stored(answer)).meta.tag).toBeUndefined();
  });
});
