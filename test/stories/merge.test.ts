import type { Bundle, Patient } from '@medplum/fhirtypes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sendMllp } from '../../src/intake/mllp-client.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';

const MRN = 'https://stockport.example/Id/mrn-rwj';
const NHS_NUMBER = 'https://fhir.nhs.uk/Id/nhs-number';

describe('two records of one person that a hospital merges', () => {
  let test: TestGateway;
  let sent = 0;

  beforeAll(async () => {
    test = await startTestGateway({}, { clients: { reader: ['system/*.rs'] } });
  });
  afterAll(() => test.stop());

  /** Sends an ADT message over MLLP; what MSA-1 says, and our code of a problem. */
  async function send(event: string, ...segments: string[]): Promise<string> {
    sent += 1;
    const header = `MSH|^~\\&|PAS|RWJ|ROUTE|ROUTE|20260414103722||ADT^${event}|M${sent}|P|2.4|||AL|NE|GBR|UNICODE|EN||iTKv1.0`;
    const bytes = Buffer.from([header, `EVN|${event}|202604141030`, ...segments, ''].join('\r'));
    const answer = Buffer.from(await sendMllp('127.0.0.1', test.gateway.mllpPort, bytes, 10_000)).toString('latin1');
    const problem = /ERR\|\|\|[^|]*\|E\|([\w-]+)/.exec(answer)?.[1];
    return [/MSA\|(\w+)/.exec(answer)?.[1], problem].filter((part) => part !== undefined).join(' ');
  }

  async function patient(system: string, value: string): Promise<Patient> {
    const token = await test.token('reader', 'system/*.rs');
    const query = new URLSearchParams({ identifier: `${system}|${value}` });
    const answer = await fetch(`${test.gateway.baseUrl}/fhir/Patient?${query}`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    const bundle = (await answer.json()) as Bundle<Patient>;
    expect(bundle.entry?.length).toBe(1);
    return bundle.entry?.[0]?.resource as Patient;
  }

  const survivor = 'PID|1||9990000093^^^NHS^NH~H4471203^^^RWJ^MR||SMYTHE^FRED||19651213|1';
  const doubled = 'PID|1||H4471209^^^RWJ^MR||SMITH^FRED||19651213|1';

  it('one goes on and the other ends, and each says which the other is', async () => {
    expect(await send('A28', survivor)).toBe('AA');
    expect(await send('A28', doubled)).toBe('AA');
    const before = await patient(MRN, 'H4471209');
    expect(await send('A40', survivor, 'MRG|H4471209^^^RWJ^MR')).toBe('AA');
    const stays = await patient(NHS_NUMBER, '9990000093');
    const ends = await patient(MRN, 'H4471209');
    expect(ends.id).toBe(before.id);
    expect(stays).toMatchObject({
      active: true,
      link: [{ other: { reference: `Patient/${ends.id}` }, type: 'replaces' }],
    });
    expect(ends).toMatchObject({
      active: false,
      name: [{ family: 'Smith' }],
      link: [{ other: { reference: `Patient/${stays.id}` }, type: 'replaced-by' }],
    });
  });

  it('the same merge again changes nothing, and news under the old number does not bring the record back', async () => {
    const { meta } = await patient(NHS_NUMBER, '9990000093');
    expect(await send('A40', survivor, 'MRG|H4471209^^^RWJ^MR')).toBe('AA');
    expect((await patient(NHS_NUMBER, '9990000093')).meta?.versionId).toBe(meta?.versionId);
    expect(await send('A31', `${doubled}|||1 MILL LANE^^STOCKPORT^^SK4 9ZZ`)).toBe('AA');
    expect(await patient(MRN, 'H4471209')).toMatchObject({
      active: false,
      address: [{ city: 'Stockport' }],
      link: [{ type: 'replaced-by' }],
    });
  });

  it('a record that nobody has heard of is stored as ended', async () => {
    expect(await send('A40', survivor, 'MRG|H4471299^^^RWJ^MR')).toBe('AA');
    expect(await patient(MRN, 'H4471299')).toMatchObject({ active: false, name: [{ family: 'Smythe' }] });
    expect((await patient(NHS_NUMBER, '9990000093')).link?.length).toBe(2);
  });

  it('a merge with itself is refused', async () => {
    expect(await send('A40', survivor, 'MRG|H4471203^^^RWJ^MR')).toBe('AE mapping-refused');
  });

  it('a merge of two numbers that one record carries already is refused, nothing changes, and the message is kept', async () => {
    const both = 'PID|1||9990000107^^^NHS^NH~H4471301^^^RWJ^MR||HALE^RUTH||19480211|2';
    expect(await send('A28', both)).toBe('AA');
    expect(await send('A28', both.replace('H4471301', 'H4471302'))).toBe('AA');
    const before = await patient(MRN, 'H4471301');
    expect((await patient(MRN, 'H4471302')).id).toBe(before.id);
    expect(await send('A40', both, 'MRG|H4471302^^^RWJ^MR')).toBe('AE multiple-matches');
    expect(await patient(MRN, 'H4471302')).toEqual(before);
    const kept = await test.gateway.store.messages({ state: 'refused' });
    expect(kept.filter(({ answer }) => answer.issues[0]?.code === 'multiple-matches').length).toBe(1);
  });

  it('what the hospital deletes goes, and what it does not speak of stays', async () => {
    expect(await send('A31', `${survivor}|||1 MILL LANE^^STOCKPORT^^SK4 9ZZ||0161 496 0118^PRN^PH`)).toBe('AA');
    expect((await patient(NHS_NUMBER, '9990000093')).telecom?.length).toBe(1);
    expect(await send('A31', `${survivor}|||||""`)).toBe('AA');
    const after = await patient(NHS_NUMBER, '9990000093');
    expect(after.telecom).toBeUndefined();
    expect(after.address?.length).toBe(1);
  });
});
