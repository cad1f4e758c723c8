import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatOf } from '../../src/formats/formats.ts';
import { CASE_CONTEXT } from '../../src/mapping/cases.ts';
import { unreadFields } from '../../src/mapping/unread-fields.ts';
import { loadText, mustLoad, parseText, places } from '../mapping/support.ts';
import { parseOk, printText } from './read.ts';

const hl7v2 = formatOf('hl7v2');
const GROUPS = {
  provider: ['PRD', 'CTD'],
  order: ['OBR', 'NTE', 'result'],
  result: ['OBX', 'NTE'],
};
const REFERRAL = [
  'MSH|^~\\&|A|B',
  'RF1|1',
  'PRD|RP|Shaw',
  'CTD|one',
  'CTD|two',
  'PRD|RT|Ward 3',
  'PID|1||7',
  'CTD|alone',
  'OBR|1',
  'NTE|1|of the order',
  'OBX|1||a',
  'NTE|2|of the result',
  'OBX|2||b',
  'ZZZ|1',
  'NTE|3|of the message',
  'OBR|2',
].join('\r');

type Tree = Record<string, Record<string, unknown[]>[]>;

describe('segment groups of HL7 v2', () => {
  const payload = parseOk(hl7v2, REFERRAL, { groups: GROUPS });
  const tree = payload.tree as Tree;
  const shapeOf = (group: Record<string, unknown[]>): unknown =>
    Object.fromEntries(Object.entries(group).map(([name, items]) => [name, items.length]));

  it('begin at each segment of their first name and hold those that follow', () => {
    expect(tree.provider?.map(shapeOf)).toEqual([{ PRD: 1, CTD: 2 }, { PRD: 1 }]);
    expect(tree.provider?.[0]?.CTD?.[1]).toMatchObject({ name: 'CTD', '1': [{ '1': 'two' }] });
  });

  it('hold groups, and a segment belongs to the innermost that takes it', () => {
    expect(tree.order?.map(shapeOf)).toEqual([{ OBR: 1, NTE: 1, result: 2 }, { OBR: 1 }]);
    expect((tree.order?.[0]?.result as Tree['result'])?.map(shapeOf)).toEqual([{ OBX: 1, NTE: 1 }, { OBX: 1 }]);
    expect(tree.result).toBeUndefined();
  });

  it('leave the segments as they are, and the message prints byte for byte', () => {
    const plain = parseOk(hl7v2, REFERRAL).tree as Tree;
    expect(tree.segments).toEqual(plain.segments);
    expect(tree.CTD).toEqual(plain.CTD);
    expect(printText(hl7v2, tree)).toBe(`${REFERRAL}\r`);
  });

  it('are places in the message', () => {
    expect(payload.locate(['provider', 0, 'CTD', 1, '1', 0])).toEqual({ at: 'CTD[2]-1', line: 5, column: 5 });
    expect(payload.locate(['order', 0, 'result', 1, 'OBX', 0, '3'])).toMatchObject({ at: 'OBX[2]-3', line: 13 });
    expect(payload.locate(['provider', 1])).toMatchObject({ at: 'PRD[2]', line: 6 });
    expect(payload.locate(['nothing', 1])).toMatchObject({ at: 'MSH', line: 1 });
  });

  it('take each segment once, whatever the message', () => {
    const name = fc.constantFrom('PRD', 'CTD', 'OBR', 'NTE', 'OBX', 'ZZZ');
    fc.assert(
      fc.property(fc.array(name, { maxLength: 30 }), (names) => {
        const text = ['MSH|^~\\&|A', ...names.map((one, index) => `${one}|${index}`)].join('\r');
        const read = parseOk(hl7v2, text, { groups: GROUPS }).tree as Tree;
        const found: string[] = [];
        const walk = (value: unknown): void => {
          if (Array.isArray(value)) value.forEach(walk);
          else if (typeof value === 'object' && value !== null) {
            if ('name' in value) found.push(JSON.stringify(value));
            else Object.values(value).forEach(walk);
          }
        };
        walk([read.provider, read.order]);
        expect(new Set(found).size).toBe(found.length);
        expect(read.provider ?? []).toHaveLength(names.filter((one) => one === 'PRD').length);
        expect(read.order ?? []).toHaveLength(names.filter((one) => one === 'OBR').length);
      }),
    );
  });
});

describe('groups in a mapping', () => {
  const mapping = (groups: string, format = 'hl7v2') => `mapping: 1
direction: in
input: { format: ${format}, groups: ${groups} }
entries:
  - "{% for p in provider %}":
      name: "provider-{{ %p.PRD.1.1 }}"
      write: create
      identifier: { system: urn:x, value: "{{ %p.PRD.2.1 }}" }
      resource: { resourceType: Practitioner, telecom: [{ value: "{{! %p.CTD.first().1.1 }}" }] }
`;

  it('are looped over, and what is read in them has been read', () => {
    const loaded = mustLoad(mapping('{ provider: [PRD, CTD] }'));
    const text = 'MSH|^~\\&\rPRD|RP|Shaw\rCTD|one\rPRD|RT|Ward\rCTD|two|more\r';
    if (loaded.mapping.direction !== 'in') throw new Error('It goes in.');
    const parsed = hl7v2.parse(Buffer.from(text), loaded.mapping.input.options);
    if (!parsed.ok) throw new Error('It parses.');
    const result = loaded.mapping.run(parsed.value, CASE_CONTEXT);
    expect(result.ok && result.value.map(({ identifier, resource }) => [identifier.value, resource])).toMatchObject([
      ['Shaw', { telecom: [{ value: 'one' }] }],
      ['Ward', { telecom: [{ value: 'two' }] }],
    ]);
    expect(unreadFields(loaded, parsed.value, CASE_CONTEXT).map(({ at }) => at)).toEqual(['CTD[2]-2.1']);
  });

  it.each([
    ['{ Provider: [PRD] }'],
    ['{ segments: [PRD] }'],
    ['{ provider: [] }'],
    ['{ provider: [PRD, PRD] }'],
    ['{ provider: [PRD, other] }'],
    ['{ provider: [PRD, other], other: [CTD, provider] }'],
    ['[PRD]'],
  ])('%s is refused', (groups) => {
    expect(places(loadText(mapping(groups)).issues)).toEqual([['mapping-syntax', undefined, '3:33']]);
  });

  it('are of HL7 v2 alone', () => {
    expect(places(loadText(mapping('{ provider: [PRD] }', 'json')).issues)).toEqual([
      ['mapping-syntax', undefined, '3:32'],
    ]);
    expect(parseText('json', '{}').tree).toEqual({});
  });
});
