import type { Patient } from '@medplum/fhirtypes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Hospital, MRN, NHS_NUMBER, openHospital } from './hospital.ts';

/** A hospital often knows somebody by its own number first, and by the NHS number once that was traced. */
describe('a person whose NHS number is traced later', () => {
  let hospital: Hospital;
  beforeAll(async () => {
    hospital = await openHospital();
  });
  afterAll(() => hospital.test.stop());

  const patients = (system: string, value: string): Promise<Patient[]> => hospital.patients(system, value);

  async function lastIssues(): Promise<string[]> {
    const [last] = await hospital.test.gateway.store.messages({ limit: 1 });
    return last?.answer.issues.map(({ code }) => code) ?? [];
  }

  const send = (pid: string): Promise<string> => hospital.send('A28', pid);
  /** The record of this hospital number ends; the other goes on. */
  const merge = (pid: string, ended: string): Promise<string> => hospital.send('A40', pid, `MRG|${own(ended)}`);
  const person = (numbers: string, name: string, born: string): string => `PID|1||${numbers}||${name}||${born}|1`;
  const own = (mrn: string): string => `${mrn}^^^RWJ^MR`;
  const nhs = (number: string): string => `${number}^^^NHS^NH`;

  it('stays one person: the record that was there gets the NHS number, and both numbers lead to it', async () => {
    expect(await send(person(own('H5500001'), 'EXAMPLE^ALBERT', '19410302'))).toBe('AA');
    const [before] = await patients(MRN, 'H5500001');
    expect(await send(person(`${nhs('9990000115')}~${own('H5500001')}`, 'EXAMPLE^ALBERT', '19410302'))).toBe('AA');
    const byNhsNumber = await patients(NHS_NUMBER, '9990000115');
    expect(byNhsNumber.map(({ id }) => id)).toEqual([before?.id]);
    expect(await patients(MRN, 'H5500001')).toEqual(byNhsNumber);
    expect(await lastIssues()).toEqual([]);
  });

  it('of two messages that bring the number at once, both are accepted and one record is left', async () => {
    expect(await send(person(own('H5500002'), 'EXAMPLE^BERYL', '19420302'))).toBe('AA');
    const traced = `${nhs('9990000123')}~${own('H5500002')}`;
    const names = ['EXAMPLE^BERYL', 'EXAMPLE^BERYL^ANN', 'EXAMPLE^B', 'EXAMPLE^BERYL^A'];
    const answers = await Promise.all(names.map((name) => send(person(traced, name, '19420302'))));
    expect(answers).toEqual(names.map(() => 'AA'));
    expect((await patients(NHS_NUMBER, '9990000123')).length).toBe(1);
    expect((await patients(MRN, 'H5500002')).length).toBe(1);
  });

  it.each([
    ['was born on another day', 'H5500003', '9990000131', person(own('H5500003'), 'EXAMPLE^CLARA', '19430302')],
    [
      'has another NHS number',
      'H5500004',
      '9990000174',
      person(`${nhs('9990000158')}~${own('H5500004')}`, 'EXAMPLE^DORA', '19440302'),
    ],
  ])('is not taken for somebody of the same hospital number who %s', async (_what, mrn, number, before) => {
    expect(await send(before)).toBe('AA');
    const [other] = await patients(MRN, mrn);
    expect(await send(person(`${nhs(number)}~${own(mrn)}`, 'EXAMPLE^EDNA', '19900101'))).toBe('AA');
    const [own1] = await patients(NHS_NUMBER, number);
    expect(own1?.id).not.toBe(other?.id);
    expect((await patients(MRN, mrn)).length).toBe(2);
  });

  it('is not brought into a record that a merge has ended', async () => {
    expect(await send(person(own('H5500005'), 'EXAMPLE^FAITH', '19450302'))).toBe('AA');
    const [ended] = await patients(MRN, 'H5500005');
    const stays = person(`${nhs('9990000182')}~${own('H5500006')}`, 'EXAMPLE^FAITH', '19450302');
    expect(await merge(stays, 'H5500005')).toBe('AA');
    expect((await patients(MRN, 'H5500005'))[0]).toMatchObject({ id: ended?.id, active: false });
    // A stray message gives the ended number together with another person's.
    expect(await send(person(`${nhs('9990000190')}~${own('H5500005')}`, 'EXAMPLE^GRACE', '19450302'))).toBe('AA');
    expect((await patients(NHS_NUMBER, '9990000190'))[0]?.id).not.toBe(ended?.id);
  });

  it('who has two records by then is told of, and the message goes its way', async () => {
    expect(await send(person(own('H5500007'), 'EXAMPLE^HILDA', '19470302'))).toBe('AA');
    expect(await send(person(`${nhs('9990000204')}~${own('H5500008')}`, 'EXAMPLE^HILDA', '19470302'))).toBe('AA');
    const both = `${nhs('9990000204')}~${own('H5500008')}~${own('H5500007')}`;
    expect(await send(person(both, 'EXAMPLE^HILDA', '19470302'))).toBe('AA');
    expect(await lastIssues()).toEqual(['record-duplicate']);
    const [record] = await patients(NHS_NUMBER, '9990000204');
    const [other] = (await patients(MRN, 'H5500007')).filter(({ id }) => id !== record?.id);
    expect(other?.identifier?.map(({ value }) => value)).toEqual(['H5500007']);
    // What is asked for can be done: the number names the record that was made by it.
    expect(await send(person(own('H5500007'), 'EXAMPLE^HILDA^MAY', '19470302'))).toBe('AA');
    expect(
      await merge(person(`${nhs('9990000204')}~${own('H5500008')}`, 'EXAMPLE^HILDA', '19470302'), 'H5500007'),
    ).toBe('AA');
    const after = await patients(MRN, 'H5500007');
    expect(after.find(({ id }) => id === other?.id)).toMatchObject({
      active: false,
      link: [{ other: { reference: `Patient/${record?.id}` }, type: 'replaced-by' }],
    });
    expect(after.find(({ id }) => id === record?.id)).toMatchObject({ active: true, link: [{ type: 'replaces' }] });
  });

  it('is told of also where the own number stands in the record as something else', async () => {
    expect(await send(person(own('1'), 'EXAMPLE^IVY', '19480302'))).toBe('AA');
    expect(await send(person(nhs('9990000212'), 'EXAMPLE^IVY', '19480302'))).toBe('AA');
    expect(await send(person(`${nhs('9990000212')}~${own('1')}`, 'EXAMPLE^IVY', '19480302'))).toBe('AA');
    expect(await lastIssues()).toEqual(['record-duplicate']);
  });
});
