import { describe, expect, it } from 'vitest';
import type { Sample } from '../../src/demo/day.ts';
import {
  becameLine,
  closingLines,
  createPaint,
  type Paint,
  refusedLine,
  sampleLine,
  wentLine,
} from '../../src/demo/screen.ts';
import { type Issue, issue } from '../../src/kernel/errors.ts';

const plain: Paint = (_, text) => text;
const sample: Sample = {
  file: '01.json',
  partner: 'heaton-practice',
  channel: 'referrals',
  transport: 'http',
  says: 'The GP asks for equipment.',
  expect: 'accepted',
};
const FROM = '    heaton-practice, JSON over HTTP';
const longIssue = issue('schema-violation', 'A reason that goes on and on. '.repeat(20), { at: '$.patient.nhsNumber' });

describe('the demonstration’s screen', () => {
  it('is coloured on a terminal only, and not where somebody has asked for none', () => {
    expect(createPaint({}, true)('red', 'no')).toBe('\u001b[31mno\u001b[0m');
    expect(createPaint({}, false)('red', 'no')).toBe('no');
    expect(createPaint({ NO_COLOR: '1' }, true)('red', 'no')).toBe('no');
    expect(createPaint({ NO_COLOR: '' }, true)('red', 'no')).not.toBe('no');
    expect(createPaint({ TERM: 'dumb' }, true)('red', 'no')).toBe('no');
  });

  it('says what happens before it does', () => {
    expect(sampleLine(3, sample, plain)).toBe(' 3  The GP asks for equipment.');
  });

  it('says who sent it, how, and what it became: what matters first, ids by their end, the rest by number', () => {
    const created = ['Organization/a', 'Patient/0199-4f2a1c', 'Task/a', 'Task/b', 'Condition/c'];
    const line = becameLine(sample, 'json', { created, updated: ['CareTeam/0199-abcdef'] }, false, plain);
    expect(line).toBe(`${FROM} → new Patient …2a1c, 2 Task and 2 more; changed CareTeam …cdef`);
    expect(becameLine(sample, 'json', { created: ['Goal/a', 'Goal/b'], updated: [] }, false, plain)).toBe(
      `${FROM} → new Goal`,
    );
    expect(becameLine(sample, 'json', { created: [], updated: [] }, false, plain)).toBe(`${FROM} → nothing new`);
    expect(becameLine(sample, 'json', { created, updated: [] }, true, plain)).toContain('nothing new');
  });

  it('says where it went and what was answered, the same answer once', () => {
    const gone = { partner: 'equipment', format: 'json', state: 'delivered', status: 200 } as const;
    const waiting = { partner: 'council', format: 'xml', state: 'pending', status: null } as const;
    expect(wentLine([waiting, gone, gone], plain)).toBe(
      '    → council (XML): pending; equipment (JSON): delivered, HTTP 200 ×2',
    );
    expect(wentLine([], plain)).toContain('to nobody');
  });

  it('says who sent it, and why and where it was refused', () => {
    const broken = issue('json-syntax', 'A comma is missing.', { line: 4, column: 7 });
    const lineOf = (said: string, one: Issue | undefined, reason?: string) =>
      refusedLine(sample, 'hl7v2', { said, issue: one, reason }, plain);
    expect(lineOf('HTTP 400', broken)).toBe(
      '    ✗ heaton-practice, HL7 v2: HTTP 400 json-syntax (4:7): A comma is missing.',
    );
    const place = issue('nhs-number-invalid', 'Fails modulus 11.', { at: 'PID-3[2].1' });
    expect(lineOf('AE', place)).toBe(
      '    ✗ heaton-practice, HL7 v2: AE nhs-number-invalid at PID-3[2].1: Fails modulus 11.',
    );
    expect(lineOf('AR', undefined, 'Sender unknown')).toBe('    ✗ heaton-practice, HL7 v2: AR: Sender unknown');
  });

  it('keeps every line of the day within 100 columns', () => {
    const many = Array.from({ length: 40 }, (_, at) => `Patient/${at}`);
    const gone = Array.from(
      { length: 9 },
      (_, at) => ({ partner: `partner-${at}`, format: 'xml', state: 'delivered', status: 200 }) as const,
    );
    const lines = [
      sampleLine(14, { ...sample, says: 'A long story. '.repeat(20) }, plain),
      becameLine(
        sample,
        'json',
        { created: many, updated: [...many, 'CarePlan/1', 'CareTeam/1', 'Task/1', 'Encounter/1'] },
        false,
        plain,
      ),
      wentLine(gone, plain),
      ...refusedLine(sample, 'xml', { said: 'HTTP 422', issue: longIssue, reason: undefined }, plain).split('\n'),
    ];
    for (const line of lines) expect([...line].length).toBeLessThanOrEqual(100);
  });

  it('closes with what happened and the commands to go on with', () => {
    const totals = { accepted: 7, refused: 7, deliveries: 5, delivered: 5, unexpected: [], durationMs: 1234 };
    const text = closingLines(totals, 'http://localhost:8080', plain).join('\n');
    expect(text).toContain('7 accepted, 7 refused, 5 of 5 deliveries made, 1.2 s; all as expected');
    expect(text).toContain('npx ginnel token neighbourhood-viewer');
    expect(text).toContain('npx ginnel plan 9990000018');
    expect(text).toContain('npx ginnel received stockport-council');
    expect(text).toContain('http://localhost:8080/fhir/Patient/$shared-care-plan?identifier=');
    expect(closingLines({ ...totals, unexpected: [2, 9] }, '', plain).join()).toContain('not as expected: 2, 9');
  });
});
