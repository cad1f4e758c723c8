import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fhir } from '../../src/formats/fhir.ts';
import { json } from '../../src/formats/json.ts';
import { LIMITS } from '../../src/kernel/limits.ts';
import { bytesOf, parseIssue, parseOk, printIssue, printText } from './read.ts';

describe('json', () => {
  it('reads what JSON.parse reads, and refuses what it refuses', () => {
    const texts = fc.oneof(
      fc.json(),
      fc.json().chain((text) => fc.nat(text.length).map((at) => text.slice(0, at) + text.slice(at + 1))),
      fc.stringMatching(/^[[\]{}",:0-9.eE+\-truefalsn \\u]{0,12}$/),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const ours = json.parse(bytesOf(text));
        let theirs: unknown;
        try {
          theirs = JSON.parse(text);
        } catch {
          expect(ours.ok).toBe(false);
          return;
        }
        if (ours.ok) expect(withoutText(ours.value.tree, theirs)).toEqual(theirs);
        else expect(['duplicate-key', 'encoding-invalid', 'json-syntax']).toContain(ours.issues[0]?.code);
      }),
      { numRuns: 2000 },
    );
  });

  it('prints what it parses back to the same tree', () => {
    // The one name that is refused has a test of its own.
    const trees = fc
      .jsonValue({ maxDepth: 6, stringUnit: 'binary' })
      .filter((tree) => !JSON.stringify(tree).includes('__proto__'));
    // An integer that a double may have rounded is not one that JSON can send back and forth.
    const isRounded = (value: unknown): boolean => Number.isInteger(value) && !Number.isSafeInteger(value);
    fc.assert(
      fc.property(trees, (tree) => {
        const plain: unknown = JSON.parse(JSON.stringify(tree), (_, value) => (isRounded(value) ? 0 : value));
        expect(parseOk(json, printText(json, plain)).tree).toEqual(plain);
      }),
      { numRuns: 1000 },
    );
  });

  it('says where a syntax error is, by path, line and column', () => {
    expect(parseIssue(json, '{\n  "needs": [\n    {"code": 1,}\n  ]\n}')).toMatchObject({
      code: 'json-syntax',
      at: '$.needs[0]',
      line: 3,
      column: 16,
    });
    expect(parseIssue(json, '{"a": tru}')).toMatchObject({ at: '$.a', line: 1, column: 7 });
    expect(parseIssue(json, '[1] 2')).toMatchObject({ at: '$', column: 5 });
    expect(parseIssue(json, '{"a": "x')).toMatchObject({ at: '$.a', column: 9 });
  });

  it('refuses a name that stands twice in one object', () => {
    expect(parseIssue(json, '{"a":{"b":1,"b":2}}')).toMatchObject({ code: 'duplicate-key', at: '$.a', column: 13 });
    expect(parseIssue(json, '{"a":1,"\\u0061":2}').code).toBe('duplicate-key');
    expect(parseOk(json, '{"constructor":1,"toString":2}').tree).toEqual({ constructor: 1, toString: 2 });
  });

  it('refuses the member name __proto__', () => {
    expect(parseIssue(json, '{"a":{"__proto__":{"admin":true}}}')).toMatchObject({ code: 'json-syntax', at: '$.a' });
    expect(({} as Record<string, unknown>).admin).toBeUndefined();
  });

  it('keeps the text of a number that a double cannot hold', () => {
    const tree = parseOk(
      json,
      '{"snomed": 999000000000000103, "exact": 9007199254740991, "odd": 9007199254740993, "small": 0.1, "zeros": 1.50,' +
        ' "fine": 0.12345678901234567890, "big": 1e999, "exp": 1.5E3, "negative": -12.25, "tiny": 1e-400}',
    ).tree;
    expect(tree).toEqual({
      snomed: '999000000000000103',
      exact: 9007199254740991,
      odd: '9007199254740993',
      small: 0.1,
      zeros: 1.5,
      fine: '0.12345678901234567890',
      big: '1e999',
      exp: 1500,
      negative: -12.25,
      tiny: '1e-400',
    });
  });

  it('keeps every integer exactly, as a number or as its text', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }), (number) => {
        const { tree } = parseOk(json, String(number));
        expect(typeof tree === 'string' ? tree : BigInt(tree as number).toString()).toBe(String(number));
      }),
      { numRuns: 1000 },
    );
  });

  it('accepts a byte order mark and refuses bytes that are not UTF-8', () => {
    expect(parseOk(json, '\ufeff{"a":1}').tree).toEqual({ a: 1 });
    expect(parseIssue(json, new Uint8Array([0x22, 0xe9, 0x22])).code).toBe('encoding-invalid');
    expect(parseOk(json, new Uint8Array([0x22, 0xe9, 0x22]), { encoding: 'windows-1252' }).tree).toBe('é');
    expect(parseIssue(json, '"\\ud83d"').code).toBe('encoding-invalid');
  });

  it('refuses an empty body, a body of spaces and a body above the bound', () => {
    expect(parseIssue(json, '').code).toBe('body-empty');
    expect(parseIssue(json, ' \r\n').code).toBe('body-empty');
    expect(parseIssue(json, new Uint8Array(LIMITS.bodyBytesMax + 1).fill(0x20)).code).toBe('body-too-large');
  });

  it('bounds nesting and the number of values', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    expect(parseOk(json, nested(LIMITS.depthMax)).tree).toBeDefined();
    expect(parseIssue(json, nested(LIMITS.depthMax + 1)).code).toBe('depth-too-large');
    expect(parseIssue(json, nested(1_000_000)).code).toBe('depth-too-large');
    expect(parseIssue(json, `[${'1,'.repeat(LIMITS.fieldsMax)}1]`).code).toBe('fields-too-many');
  });

  it('locates a value, and the nearest parent of one that is not there', () => {
    const payload = parseOk(json, '{\n "needs": [ {"code": "a"},\n  {"code": "b", "NHS number": 1} ]\n}');
    expect(payload.locate(['needs', 1, 'code'])).toEqual({ at: '$.needs[1].code', line: 3, column: 12 });
    expect(payload.locate(['needs', 1, 'NHS number'])).toEqual({ at: "$.needs[1]['NHS number']", line: 3, column: 31 });
    expect(payload.locate(['needs', 5, 'code'])).toEqual({ at: '$.needs', line: 2, column: 11 });
    expect(payload.locate([])).toEqual({ at: '$', line: 1, column: 1 });
  });

  it('does not repeat a member name that looks like a value', () => {
    const payload = parseOk(json, '{"9990000018": {"a": 1}}');
    expect(payload.locate(['9990000018', 'a']).at).toBe('$[…].a');
    expect(JSON.stringify(parseIssue(json, '{"9990000018": {"a": x}}'))).not.toContain('9990000018');
  });

  it('refuses to print what JSON would drop or change', () => {
    expect(printIssue(json, { a: [1, Number.NaN] })).toMatchObject({ code: 'format-cannot-print', at: '$.a[1]' });
    expect(printIssue(json, { a: [undefined] }).at).toBe('$.a[0]');
    expect(printIssue(json, { a: 1n }).at).toBe('$.a');
    expect(printIssue(json, { a: '\ud800' }).at).toBe('$.a');
    const loop: Record<string, unknown> = {};
    loop.loop = loop;
    expect(printIssue(json, loop).code).toBe('format-cannot-print');
    expect(printText(json, { a: undefined, b: null, c: 'é' })).toBe('{"b":null,"c":"é"}');
  });
});

describe('fhir', () => {
  it('takes a resource and refuses any other JSON', () => {
    const payload = parseOk(fhir, '{"resourceType":"Patient","id":"a"}');
    expect(payload).toMatchObject({ format: 'fhir', tree: { resourceType: 'Patient', id: 'a' } });
    expect(payload.locate(['id'])).toEqual({ at: '$.id', line: 1, column: 32 });
    for (const text of ['[]', '"Patient"', 'null', '{}', '{"resourceType":1}', '{"resourceType":""}']) {
      expect(parseIssue(fhir, text).code).toBe('resource-type-unknown');
    }
    expect(parseIssue(fhir, '{').code).toBe('json-syntax');
  });
});

/** Puts the number that JSON.parse made in place of each text we kept for it. */
function withoutText(ours: unknown, theirs: unknown): unknown {
  if (typeof ours === 'string' && typeof theirs === 'number') return Number(ours);
  if (Array.isArray(ours) && Array.isArray(theirs)) return ours.map((item, index) => withoutText(item, theirs[index]));
  if (typeof ours !== 'object' || ours === null || typeof theirs !== 'object' || theirs === null) return ours;
  return Object.fromEntries(
    Object.entries(ours).map(([name, value]) => [name, withoutText(value, (theirs as Record<string, unknown>)[name])]),
  );
}
