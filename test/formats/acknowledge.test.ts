import { Hl7Message } from '@medplum/core';
import { describe, expect, it } from 'vitest';
import { buildAcknowledgement, readHeader } from '../../src/formats/hl7v2/acknowledge.ts';
import { hl7v2 } from '../../src/formats/hl7v2/hl7v2.ts';
import type { Hl7v2Tree } from '../../src/formats/hl7v2/parse.ts';
import { ISSUE_CODES, type IssueCode, issue } from '../../src/kernel/errors.ts';
import { bytesOf, parseOk } from './read.ts';

const MESSAGE = bytesOf(
  'MSH|^~\\&|PAS^1.2^ISO|RXX|GINNEL|NBH|20260301093000||ADT^A31|C\\T\\7|T|2.4||||||8859/1\rPID|1||9990000018\r',
);
const now = new Date('2026-03-01T09:30:05.123Z');

function linesOf(bytes: Uint8Array): string[] {
  return Buffer.from(bytes).toString('latin1').split('\r');
}

describe('readHeader', () => {
  it('reads who sends what, without parsing the message', () => {
    expect(readHeader(MESSAGE)).toMatchObject({
      sendingApplication: 'PAS',
      sendingFacility: 'RXX',
      messageType: 'ADT',
      triggerEvent: 'A31',
      controlId: 'C\\T\\7',
      version: '2.4',
    });
    expect(readHeader(bytesOf('\r\n\ufeff'))).toBeUndefined();
    expect(readHeader(bytesOf('\ufeff\r\nMSH|^~\\&|A'))).toMatchObject({ sendingApplication: 'A', controlId: '' });
  });

  it('gives nothing where there is no MSH to read', () => {
    for (const text of ['', 'PID|1', 'MSH', 'MSH|', 'MSH|^^^^|A', '{"a":1}'])
      expect(readHeader(bytesOf(text))).toBeUndefined();
  });
});

describe('buildAcknowledgement', () => {
  it('exchanges sender and receiver and names the message it answers', () => {
    const bytes = buildAcknowledgement({ header: readHeader(MESSAGE), code: 'AA', controlId: 'G-1', issues: [], now });
    expect(linesOf(bytes)).toEqual([
      'MSH|^~\\&|GINNEL|NBH|PAS^1.2^ISO|RXX|20260301093005+0000||ACK^A31|G-1|T|2.4||||||8859/1',
      'MSA|AA|C\\T\\7',
      '',
    ]);
    expect(Hl7Message.parse(linesOf(bytes).join('\r')).getSegment('MSA')?.getField(1)?.toString()).toBe('AA');
  });

  it('says in ERR where and what is wrong, by number and by our code', () => {
    const issues = [
      issue('nhs-number-invalid', 'The check digit is wrong; correct the number.', { at: 'PID-3[2].1', line: 2 }),
      issue('value-required', 'A value | is needed.', { at: 'OBX[3]-5' }),
      issue('mapping-failed', 'No place.', { at: '$.somewhere', severity: 'warning' }),
    ];
    const bytes = buildAcknowledgement({ header: readHeader(MESSAGE), code: 'AE', controlId: 'G-2', issues, now });
    expect(linesOf(bytes).slice(1)).toEqual([
      'MSA|AE|C\\T\\7|The check digit is wrong; correct the number.',
      'ERR||PID^1^3^2^1|102^Data type error^HL70357|E|nhs-number-invalid|||The check digit is wrong; correct the number.',
      'ERR||OBX^3^5^1|101^Required field missing^HL70357|E|value-required|||A value \\F\\ is needed.',
      'ERR|||102^Data type error^HL70357|W|mapping-failed|||No place.',
      '',
    ]);
    expect(parseOk(hl7v2, bytes).tree).toMatchObject({ ERR: [{ '2': [{ '1': 'PID', '4': '2' }] }, {}, {}] });
  });

  it('answers a message whose MSH cannot be read with AR and an empty MSA-2', () => {
    const issues = [issue('hl7v2-syntax', 'The message does not begin with MSH.')];
    const bytes = buildAcknowledgement({
      header: readHeader(bytesOf('junk')),
      code: 'AR',
      controlId: 'G-3',
      issues,
      now,
    });
    expect(linesOf(bytes)).toEqual([
      'MSH|^~\\&|GINNEL||||20260301093005+0000||ACK|G-3|P|2.5',
      'MSA|AR||The message does not begin with MSH.',
      'ERR|||100^Segment sequence error^HL70357|E|hl7v2-syntax|||The message does not begin with MSH.',
      '',
    ]);
  });

  it('speaks in the delimiters of the sender', () => {
    const header = readHeader(bytesOf('MSH$%*!@$A$B$C$D$$$ADT%A01$7$P$2.4\r'));
    const bytes = buildAcknowledgement({
      header,
      code: 'AE',
      controlId: 'G$4',
      issues: [issue('id-invalid', 'No!')],
      now,
    });
    expect(linesOf(bytes)[0]).toBe('MSH$%*!@$C$D$A$B$20260301093005+0000$$ACK%A01$G!F!4$P$2.4');
    const tree = parseOk(hl7v2, bytes).tree as Hl7v2Tree;
    expect(tree.MSA?.[0]).toMatchObject({ '1': [{ '1': 'AE' }], '2': [{ '1': '7' }], '3': [{ '1': 'No!' }] });
  });

  it('repeats the bytes of the sender as they are, without those that end a segment or a frame', () => {
    const header = readHeader(Buffer.from('MSH|^~\\&|Caf\xe9\x0b\x1c|B||||||7\r', 'latin1'));
    const bytes = buildAcknowledgement({ header, code: 'AA', controlId: 'G-5', issues: [], now });
    expect(linesOf(bytes)[0]).toBe('MSH|^~\\&|GINNEL||Caf\xe9|B|20260301093005+0000||ACK|G-5|P|2.5');
  });

  it('knows an HL7 error for every code of ours', () => {
    for (const code of Object.keys(ISSUE_CODES) as IssueCode[]) {
      const bytes = buildAcknowledgement({
        header: undefined,
        code: 'AE',
        controlId: '1',
        issues: [issue(code, 'x')],
        now,
      });
      expect(linesOf(bytes)[2]).toMatch(/^ERR\|\|\|\d{3}\^[A-Z]/);
    }
  });
});
