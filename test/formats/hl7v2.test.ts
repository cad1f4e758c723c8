import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Hl7Message } from '@medplum/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hl7v2 } from '../../src/formats/hl7v2/hl7v2.ts';
import type { Hl7v2Tree, Segment } from '../../src/formats/hl7v2/parse.ts';
import { LIMITS } from '../../src/kernel/limits.ts';
import { bytesOf, parseIssue, parseOk, printIssue, printText } from './read.ts';

const MSH = 'MSH|^~\\&|PAS|RXX|GINNEL|NBH|20260301093000||REF^I12|C-1|P|2.4||||||UNICODE UTF-8\r';
const REFERRAL = [
  MSH,
  'PID|1||L-77^^^RXX^MR~9990000018^^^NHS^NH||Hall\\T\\Son^Ann^^^Ms^^L||19440101|F|||1 Low Rd&Flat 2&x^^Wigan|""\r',
  'OBX|1|FT|A||first\\.br\\second\r',
  'OBX|2|ST|B||5\\S\\6 \\H\\bold\\N\\||\r',
  'ZU1|x||\r',
].join('');

function treeOf(text: string | Uint8Array): Hl7v2Tree {
  return parseOk(hl7v2, text).tree as Hl7v2Tree;
}

describe('hl7v2: reading', () => {
  it('numbers fields, components and subcomponents as the standard does', () => {
    const tree = treeOf(REFERRAL);
    expect(tree.MSH?.[0]).toMatchObject({
      name: 'MSH',
      '1': [{ '1': '|' }],
      '2': [{ '1': '^~\\&' }],
      '3': [{ '1': 'PAS' }],
      '9': [{ '1': 'REF', '2': 'I12' }],
      '10': [{ '1': 'C-1' }],
      '18': [{ '1': 'UNICODE UTF-8' }],
    });
    expect(tree.PID).toEqual([
      {
        name: 'PID',
        '1': [{ '1': '1' }],
        '3': [
          { '1': 'L-77', '4': 'RXX', '5': 'MR' },
          { '1': '9990000018', '4': 'NHS', '5': 'NH' },
        ],
        '5': [{ '1': 'Hall&Son', '2': 'Ann', '5': 'Ms', '7': 'L' }],
        '7': [{ '1': '19440101' }],
        '8': [{ '1': 'F' }],
        '11': [{ '1': { '1': '1 Low Rd', '2': 'Flat 2', '3': 'x' }, '3': 'Wigan' }],
        '12': [{ '1': '""' }],
      },
    ]);
    expect(tree.ZU1).toEqual([{ name: 'ZU1', '1': [{ '1': 'x' }] }]);
  });

  it('holds the same segments in order and by name', () => {
    const tree = treeOf(REFERRAL);
    expect(tree.segments?.map(({ name }) => name)).toEqual(['MSH', 'PID', 'OBX', 'OBX', 'ZU1']);
    expect(tree.OBX?.[1]).toBe(tree.segments?.[3]);
  });

  it('decodes the escapes of the delimiters, of bytes and of line breaks', () => {
    const values = (text: string): unknown => treeOf(`${MSH}NTE|${text}\r`).NTE?.[0]?.['1'];
    expect(values('a\\F\\b\\S\\c\\R\\d\\T\\e\\E\\f')).toEqual([{ '1': 'a|b^c~d&e\\f' }]);
    expect(values('a\\.br\\b\\X0D\\c\\X0d0A\\d')).toEqual([{ '1': 'a\nb\rc\r\nd' }]);
    expect(values('\\XC3A9\\')).toEqual([{ '1': 'é' }]);
    expect(values('\\E\\\\E\\')).toEqual([{ '1': '\\\\' }]);
  });

  it('keeps an unknown or open escape as it stands, with a warning that says where', () => {
    for (const text of [
      '\\H\\bold\\N\\',
      '\\X4\\',
      '\\Xzz\\',
      '\\XFF\\',
      'C:\\temp',
      '\\',
      '\\Zxx\\',
      '\\\\',
      '\\P\\',
    ]) {
      const parsed = hl7v2.parse(bytesOf(`${MSH}OBX|1|ST|${text}\r`));
      expect(parsed).toMatchObject({ ok: true, value: { tree: { OBX: [{ '3': [{ '1': text }] }] } } });
      expect(parsed.issues[0]).toMatchObject({ severity: 'warning', code: 'hl7v2-syntax', at: 'OBX-3', line: 2 });
    }
    const many = hl7v2.parse(bytesOf(`${MSH}${'NTE|\\H\\\r'.repeat(1000)}`));
    expect(many.issues).toHaveLength(LIMITS.formatWarningsMax);
  });

  it('keeps the place of an empty repetition', () => {
    expect(treeOf(`${MSH}PID|||a~~b^~\r`).PID?.[0]?.['3']).toEqual([{ '1': 'a' }, {}, { '1': 'b' }]);
    expect(treeOf(`${MSH}PID|||^^~&|x\r`).PID?.[0]).toEqual({ name: 'PID', '4': [{ '1': 'x' }] });
  });

  it('takes CR, LF and CR LF, a missing last line end, blank lines and a byte order mark', () => {
    const wanted = treeOf(REFERRAL);
    for (const text of [
      REFERRAL.replaceAll('\r', '\n'),
      REFERRAL.replaceAll('\r', '\r\n'),
      REFERRAL.slice(0, -1),
      `\r\n\n${REFERRAL}\r\n\r\n`,
      `\ufeff${REFERRAL}`,
    ]) {
      expect(treeOf(text)).toEqual(wanted);
    }
  });

  it('takes the delimiters from MSH', () => {
    const tree = treeOf('MSH$%*!@$PAS$RXX\rPID$$$a%b@c*d!T!e$x|y^z\r');
    expect(tree.PID).toEqual([
      { name: 'PID', '3': [{ '1': 'a', '2': { '1': 'b', '2': 'c' } }, { '1': 'd@e' }], '4': [{ '1': 'x|y^z' }] },
    ]);
    expect(treeOf('MSH|^~\\&#|A\rNTE|1\\P\\\r').NTE?.[0]?.['1']).toEqual([{ '1': '1#' }]);
    for (const head of [
      'MSH|^~\\|A',
      'MSH|^^\\&|A',
      'MSH|^~\\"|A',
      'MSHa^~\\&aA',
      'MSH',
      'MSH|',
      'MSH|^~\\&#!|A',
      'MSH ^~\\& A',
    ]) {
      expect(parseIssue(hl7v2, `${head}\r`)).toMatchObject({ code: 'hl7v2-syntax', at: 'MSH-2' });
    }
  });

  it('refuses what does not begin with MSH, a batch, a second message, and a line without a segment name', () => {
    expect(parseIssue(hl7v2, 'PID|1\r').code).toBe('hl7v2-syntax');
    expect(parseIssue(hl7v2, `FHS|^~\\&\r${MSH}`).text).toMatch(/batch/);
    expect(parseIssue(hl7v2, `${MSH}PID|1\r${MSH}PID|2\r`)).toMatchObject({ code: 'hl7v2-syntax', line: 3 });
    for (const line of ['second line of a note', 'pid|1', 'PI|1', 'PIDX|1', '1PD|1', ' PID|1']) {
      expect(parseIssue(hl7v2, `${MSH}${line}\r`)).toMatchObject({ code: 'hl7v2-syntax', at: 'segment 2', line: 2 });
    }
    expect(treeOf(`${MSH}PV1\r`).PV1).toEqual([{ name: 'PV1' }]);
  });

  it('reads the encoding that MSH-18 names', () => {
    const latin = (charset: string): Uint8Array =>
      Buffer.from(`MSH|^~\\&|A${'|'.repeat(15)}${charset}\rNTE|caf\xe9\r`, 'latin1');
    const note = (tree: Hl7v2Tree): unknown => tree.NTE?.[0]?.['1'];
    expect(note(treeOf(latin('8859/1')))).toEqual([{ '1': 'café' }]);
    expect(note(treeOf(latin('8859/5~ASCII')))).toEqual([{ '1': 'cafщ' }]);
    expect(parseIssue(hl7v2, latin('UNICODE')).code).toBe('encoding-invalid');
    expect(parseIssue(hl7v2, latin('UNICODE UTF-8')).code).toBe('encoding-invalid');
    expect(parseOk(hl7v2, latin(''), { encoding: 'windows-1252' }).tree).toEqual(treeOf(latin('')));
    for (const charset of ['', 'ASCII', 'ISO IR87']) {
      const parsed = hl7v2.parse(latin(charset));
      expect(parsed).toMatchObject({ ok: true, value: { tree: { NTE: [{ '1': [{ '1': 'café' }] }] } } });
      expect(parsed.issues).toMatchObject([{ severity: 'warning', code: 'encoding-invalid', at: 'MSH-18' }]);
    }
    expect(note(treeOf('MSH|^~\\&|A\rNTE|café\r'))).toEqual([{ '1': 'café' }]);
  });

  it('bounds the number of fields', () => {
    expect(parseIssue(hl7v2, `${MSH}NTE${'|'.repeat(LIMITS.fieldsMax)}`).code).toBe('fields-too-many');
    expect(parseIssue(hl7v2, `${MSH}NTE|${'~'.repeat(LIMITS.fieldsMax)}`).code).toBe('fields-too-many');
    expect(parseIssue(hl7v2, `${MSH}${'NTE\r'.repeat(LIMITS.fieldsMax)}`).code).toBe('fields-too-many');
  });

  it('reads every field as @medplum/core reads it, where no escape is in play', () => {
    const part = fc.stringMatching(/^[A-Za-z0-9 ]{0,4}$/);
    const join = (separator: string, maxLength: number) => (one: fc.Arbitrary<string>) =>
      fc.array(one, { minLength: 1, maxLength }).map((parts) => parts.join(separator));
    const field = join('~', 3)(join('^', 4)(join('&', 2)(part)));
    fc.assert(
      fc.property(fc.array(field, { minLength: 1, maxLength: 6 }), (fields) => {
        const text = `${MSH}PID|${fields.join('|')}`;
        const theirs = Hl7Message.parse(text).getSegment('PID');
        const ours = treeOf(text).PID?.[0];
        for (const [index, written] of fields.entries()) {
          for (const [repetition, repeated] of written.split('~').entries()) {
            for (const [component] of repeated.split('^').entries()) {
              const their = theirs?.getField(index + 1)?.getComponent(component + 1, 0, repetition) ?? '';
              expect(componentText(ours, index + 1, repetition, component + 1)).toBe(their);
            }
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

/** First subcomponent of a component; empty where there is none. */
function componentText(segment: Segment | undefined, field: number, repetition: number, component: number): string {
  const repetitions = segment?.[String(field)];
  const value = Array.isArray(repetitions) ? repetitions[repetition]?.[String(component)] : undefined;
  return typeof value === 'object' ? (value['1'] ?? '') : (value ?? '');
}

describe('hl7v2: positions', () => {
  it('words a place as HL7 does, with the line and column of the segment', () => {
    const { locate } = parseOk(hl7v2, REFERRAL);
    expect(locate(['PID', 0, '3', 1, '4'])).toEqual({ at: 'PID-3[2].4', line: 2, column: 35 });
    expect(locate(['PID', 0, '3', 0, '1'])).toEqual({ at: 'PID-3.1', line: 2, column: 8 });
    expect(locate(['PID', 0, '11', 0, '1', '2'])).toMatchObject({ at: 'PID-11.1.2', line: 2 });
    expect(locate(['OBX', 1, '5', 0, '1'])).toMatchObject({ at: 'OBX[2]-5.1', line: 4 });
    expect(locate(['segments', 2, '5'])).toMatchObject({ at: 'OBX[1]-5', line: 3, column: 13 });
    expect(locate(['MSH', 0, '10', 0])).toEqual({ at: 'MSH-10', line: 1, column: MSH.indexOf('C-1') + 1 });
    expect(locate(['MSH', 0, '2', 0])).toMatchObject({ at: 'MSH-2', column: 5 });
  });

  it('points into the text at the very value', () => {
    const payload = parseOk(hl7v2, REFERRAL);
    const { line = 0, column = 0 } = payload.locate(['PID', 0, '11', 0, '1', '2']);
    expect(payload.text.split('\r')[line - 1]?.slice(column - 1)).toMatch(/^Flat 2&/);
  });

  it('gives the nearest parent of what is not there', () => {
    const { locate } = parseOk(hl7v2, REFERRAL);
    expect(locate(['PID', 0, '19', 0, '1'])).toMatchObject({ at: 'PID', line: 2, column: 1 });
    expect(locate(['PID', 0, '3', 7])).toMatchObject({ at: 'PID-3' });
    expect(locate(['PV1', 0, '3'])).toMatchObject({ at: 'MSH', line: 1 });
    expect(locate([])).toMatchObject({ at: 'MSH', line: 1 });
  });
});

describe('hl7v2: printing', () => {
  it('gives back an unchanged message byte for byte, with all its empty fields', () => {
    expect(printText(hl7v2, treeOf(REFERRAL))).toBe(REFERRAL);
    const latin = Buffer.from(`MSH|^~\\&|A${'|'.repeat(15)}8859/1\rNTE|caf\xe9||^^\r`, 'latin1');
    expect(hl7v2.print(treeOf(latin))).toMatchObject({ ok: true, value: Uint8Array.from(latin) });
  });

  it('writes a changed segment anew, and only that', () => {
    const tree = treeOf(REFERRAL);
    const obx = tree.OBX?.[1];
    if (obx === undefined) throw new Error('no OBX');
    obx['5'] = [{ '1': 'new|value' }];
    const lines = printText(hl7v2, tree).split('\r');
    expect(lines[3]).toBe('OBX|2|ST|B||new\\F\\value');
    expect(lines.filter((_, index) => index !== 3)).toEqual(REFERRAL.split('\r').filter((_, index) => index !== 3));
  });

  it('writes LF line ends as CR', () => {
    expect(printText(hl7v2, treeOf(REFERRAL.replaceAll('\r', '\n')))).toBe(REFERRAL);
  });

  it('takes the short forms a mapping writes', () => {
    const tree = {
      segments: [
        { name: 'MSH', '3': 'GINNEL', '9': { '1': 'ORU', '2': 'R01' }, '10': 7, '12': '2.4' },
        { name: 'PID', '3': [{ '1': '9990000026', '4': 'NHS' }, 'L-1'], '5': null, '11': { '1': { '2': 'Flat' } } },
        { name: 'ZZZ' },
      ],
    };
    expect(printText(hl7v2, tree)).toBe(
      'MSH|^~\\&|GINNEL||||||ORU^R01|7||2.4\rPID|||9990000026^^^NHS~L-1||||||||&Flat\rZZZ\r',
    );
  });

  it('lets no value become a delimiter, a segment, a frame or an escape', () => {
    const value = 'a|b^c~d&e\\f\rPID|2\n\u000b\u001c\r\u0000\u007f\\F\\';
    const tree = {
      segments: [
        { name: 'MSH', '3': 'A' },
        { name: 'NTE', '3': value },
      ],
    };
    const text = printText(hl7v2, tree);
    expect(text.split('\r')).toHaveLength(3);
    expect([...text].filter((character) => character < ' ' && character !== '\r')).toEqual([]);
    expect(treeOf(text).NTE?.[0]?.['3']).toEqual([{ '1': value }]);
  });

  it('refuses what HL7 v2 cannot hold', () => {
    const msh = { name: 'MSH', '3': 'A' };
    const refused: unknown[] = [
      {},
      { segments: [] },
      { segments: [{ name: 'PID' }] },
      { segments: [msh, { name: 'pid' }] },
      { segments: [msh, { name: 'PI|' }] },
      { segments: [msh, msh] },
      { segments: [msh, { name: 'PID', x: '1' }] },
      { segments: [msh, { name: 'PID', '0': '1' }] },
      { segments: [msh, { name: 'PID', '9999': '1' }] },
      { segments: [msh, { name: 'PID', '3': { '1': { '1': { '1': 'deep' } } } }] },
      { segments: [msh, { name: 'PID', '3': [['a']] }] },
      { segments: [{ ...msh, '2': '^^^^' }] },
      {
        segments: [
          { ...msh, '18': '8859/1' },
          { name: 'NTE', '3': '→' },
        ],
      },
      { segments: [msh, { name: 'NTE', '3': '\ud800' }] },
    ];
    for (const tree of refused) expect(printIssue(hl7v2, tree).code).toBe('format-cannot-print');
  });

  it('prints what it parses back to the same tree, whatever the values and the delimiters', () => {
    const text = fc
      .string({
        unit: fc.oneof(
          fc.constantFrom('|', '^', '~', '\\', '&', '\r', '\n', '#', '$', 'F', 'X', '"', '\u001c'),
          fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
        ),
        minLength: 1,
        maxLength: 6,
      })
      .filter((value) => value.isWellFormed());
    const numbered = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> =>
      fc.dictionary(fc.integer({ min: 1, max: 12 }).map(String), one, {
        minKeys: 1,
        maxKeys: 3,
        noNullPrototype: true,
      });
    const component = fc.oneof(
      text,
      numbered(text).filter((subs) => Object.keys(subs).some((key) => key !== '1')),
    );
    const segment = fc
      .tuple(
        fc.constantFrom('PID', 'OBX', 'ZU1'),
        numbered(fc.array(numbered(component), { minLength: 1, maxLength: 3 })),
      )
      .map(([name, fields]) => ({ name, ...fields }));
    const encoding = fc.constantFrom('^~\\&', '^~\\&#', '*!@$');
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 4 }), encoding, (segments, second) => {
        const msh = { name: 'MSH', '1': [{ '1': '|' }], '2': [{ '1': second }], '3': [{ '1': 'A' }] };
        const printed = hl7v2.print({ segments: [msh, ...segments] });
        if (!printed.ok) throw new Error(JSON.stringify(printed.issues));
        const tree = treeOf(printed.value);
        expect(tree.segments).toEqual([msh, ...segments]);
        expect(hl7v2.print(tree)).toEqual(printed);
        expect(hl7v2.print(structuredClone(tree))).toEqual(printed);
      }),
      { numRuns: 1000 },
    );
  });
});

const folder = process.env.GINNEL_CONFORMANCE_DATA;
const sample = folder === undefined ? '' : join(folder, 'hl7v2', 'simhospital-sample.hl7');

describe.skipIf(!existsSync(sample))(
  'hl7v2: Simulated Hospital (skipped unless GINNEL_CONFORMANCE_DATA is set)',
  () => {
    it('reads 145 messages without a warning and prints each back byte for byte', () => {
      const messages = readFileSync(sample)
        .toString('latin1')
        .split('\n')
        .filter((text) => text.trim() !== '');
      expect(messages).toHaveLength(145);
      for (const message of messages) {
        const bytes = Buffer.from(message, 'latin1');
        const parsed = hl7v2.parse(bytes);
        expect(parsed.issues).toEqual([]);
        if (!parsed.ok) continue;
        const tree = parsed.value.tree as Hl7v2Tree;
        expect(hl7v2.print(tree)).toEqual({ ok: true, value: Uint8Array.from(bytes), issues: [] });
        expect(componentText(tree.MSH?.[0], 4, 0, 1)).toBe('SFAC');
        expect(Hl7Message.parse(message).getSegment('PID')?.getField(5)?.getComponent(1) ?? '').toBe(
          componentText(tree.PID?.[0], 5, 0, 1),
        );
        const rebuilt = hl7v2.print(structuredClone(tree));
        expect(rebuilt.ok && treeOf(rebuilt.value)).toEqual(tree);
      }
    });
  },
);
