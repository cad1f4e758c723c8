import type { Patient } from '@medplum/fhirtypes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Hospital, MRN, NHS_NUMBER, openHospital } from './hospital.ts';

describe('two records of one person that a hospital merges', () => {
  let hospital: Hospital;
  beforeAll(async () => {
    hospital = await openHospital();
  });
  afterAll(() => hospital.test.stop());

  const send = (event: string, ...segments: string[]): Promise<string> => hospital.send(event, ...segments);

  async function patient(system: string, value: string): Promise<Patient> {
    const found = await hospital.patients(system, value);
    expect(found.length).toBe(1);
    return found[0] as Patient;
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
    const kept = await hospital.test.gateway.store.messages({ state: 'refused' });
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
