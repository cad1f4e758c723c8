import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cloneJson, copySpellings, parseExact, printExact, spell, spellingOf } from '../../src/kernel/exact-json.ts';

/** A number as JSON writes one, in any spelling that a double is finite for. */
const literal = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.oneof(fc.constant('0'), fc.stringMatching(/^[1-9][0-9]{0,24}$/)),
    fc.oneof(fc.constant(''), fc.stringMatching(/^\.[0-9]{1,20}$/)),
    fc.oneof(fc.constant(''), fc.stringMatching(/^[eE][+-]?[0-9]{1,2}$/)),
  )
  .map((parts) => parts.join(''));

/** JSON text in which numbers of any spelling stand in lists and objects. */
const text = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    literal,
    fc.string().map((one) => JSON.stringify(one)),
    fc.constantFrom('true', 'null'),
    fc.array(tie('value'), { maxLength: 4 }).map((items) => `[${items.join(',')}]`),
    fc
      .uniqueArray(fc.tuple(fc.stringMatching(/^[a-z]{1,3}$/), tie('value')), {
        selector: ([name]) => name,
        maxLength: 4,
      })
      .map((members) => `{${members.map(([name, value]) => `"${name}":${value}`).join(',')}}`),
  ),
})).value;
const objectText = text.map((value) => `{"a":${value}}`);

describe('JSON with exact numbers', () => {
  it('prints what it has read, digit for digit', () => {
    const holds = fc.property(objectText, (one) => {
      expect(printExact(parseExact(one))).toBe(one);
    });
    fc.assert(holds, { numRuns: 2_000 });
  });

  it('is the JSON that everybody reads', () => {
    fc.assert(
      fc.property(objectText, (one) => {
        expect(JSON.stringify(parseExact(one))).toBe(JSON.stringify(JSON.parse(one)));
      }),
    );
  });

  it('keeps the spellings through a deep copy, which is a copy', () => {
    fc.assert(
      fc.property(objectText, (one) => {
        const tree = parseExact(one);
        expect(printExact(cloneJson(tree))).toBe(one);
      }),
    );
    const tree = parseExact('{"a":{"b":1.00}}') as { a: { b: number } };
    const copy = cloneJson(tree);
    spell(copy.a, 'b', '1.0');
    expect([printExact(tree), printExact(copy)]).toEqual(['{"a":{"b":1.00}}', '{"a":{"b":1.0}}']);
  });

  it('keeps them where an object is copied by spread', () => {
    const tree = parseExact('{"a":1.00,"b":{"c":[1E3,2.50]}}') as Record<string, unknown>;
    expect(printExact({ d: 1, ...tree })).toBe('{"d":1,"a":1.00,"b":{"c":[1E3,2.50]}}');
    const { a: _a, ...rest } = tree;
    expect(printExact(rest)).toBe('{"b":{"c":[1E3,2.50]}}');
    expect(printExact(copySpellings(tree, { a: 1 }))).toBe('{"a":1.00}');
  });

  it('forgets one when the number is another', () => {
    const tree = parseExact('{"a":1.00}') as { a: number };
    tree.a = 2;
    expect(printExact(tree)).toBe('{"a":2}');
    expect(spellingOf(tree, 'a', 2)).toBeUndefined();
    tree.a = 1;
    spell(tree, 'a', '1');
    expect(printExact(tree)).toBe('{"a":1}');
  });

  it('keeps what other texts look like numbers, and dates', () => {
    const one = '{"a":"1.00","b":"2026-01-05T09:00:00.000Z","c":-0,"d":"x\\":1.0"}';
    expect(printExact(parseExact(one))).toBe(one);
  });

  it('prints with indentation too', () => {
    expect(printExact(parseExact('{"a":[1.50]}'), 2)).toBe('{\n  "a": [\n    1.50\n  ]\n}');
  });
});
