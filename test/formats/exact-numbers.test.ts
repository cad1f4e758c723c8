import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FormatName } from '../../src/formats/format.ts';
import { FORMATS } from '../../src/formats/formats.ts';
import { printExact } from '../../src/kernel/exact-json.ts';
import { isJsonObject, type JsonValue } from '../../src/kernel/json.ts';

function read(format: FormatName, text: string): JsonValue {
  const parsed = FORMATS[format].parse(Buffer.from(text), { exactNumbers: true });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  return parsed.value.tree as JsonValue;
}

function print(format: FormatName, tree: unknown): string {
  const printed = FORMATS[format].print(tree);
  if (!printed.ok) throw new Error(JSON.stringify(printed.issues));
  return Buffer.from(printed.value).toString('utf8');
}

/** Every number of a tree where it stands, as it is written. */
function numbersOf(tree: JsonValue): string[] {
  const found: string[] = [];
  const visit = (value: JsonValue, path: string): void => {
    if (Array.isArray(value)) for (const [index, item] of value.entries()) visit(item, `${path}[${index}]`);
    else if (isJsonObject(value)) {
      for (const [name, item] of Object.entries(value)) {
        if (typeof item === 'number') found.push(`${path}.${name} ${printExact({ ...value, ...only(value, name) })}`);
        else visit(item, `${path}.${name}`);
      }
    }
  };
  /** The other members away, so that what is left is how this one is written. */
  const only = (value: object, name: string): object =>
    Object.fromEntries(Object.keys(value).flatMap((one) => (one === name ? [] : [[one, undefined]])));
  visit(tree, '$');
  return found.sort();
}

const decimal = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.stringMatching(/^(?:0|[1-9][0-9]{0,20})$/),
    fc.stringMatching(/^(?:\.[0-9]{1,18})?$/),
    fc.stringMatching(/^(?:[eE][+-]?[0-9]{1,2})?$/),
  )
  .map((parts) => parts.join(''));

describe('numbers in FHIR JSON and FHIR XML', () => {
  it('keep their spelling from one to the other and back', () => {
    const holds = fc.property(decimal, decimal, (one, other) => {
      const json = `{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":${one}},"component":[{"code":{"text":"y"},"valueQuantity":{"value":${other}}}]}`;
      const xml = print('fhir-xml', read('fhir', json));
      expect(xml).toContain(`<value value="${one}"/>`);
      expect(print('fhir', read('fhir-xml', xml))).toBe(json);
    });
    fc.assert(holds, { numRuns: 500 });
  });

  it('keep it beside extensions of the number', () => {
    const json =
      '{"resourceType":"Observation","valueQuantity":{"value":1.50,"_value":{"extension":[{"url":"https://x.example","valueDecimal":2.0}]}}}';
    expect(print('fhir', read('fhir-xml', print('fhir-xml', read('fhir', json))))).toBe(json);
  });

  it('that are too large for any computer are refused with their place', () => {
    const parsed = FORMATS.fhir.parse(Buffer.from('{"resourceType":"Basic","a":[1,1e999]}'), { exactNumbers: true });
    expect(parsed.ok ? undefined : parsed.issues[0]).toMatchObject({ code: 'json-syntax', at: '$.a[1]', line: 1 });
    const xml =
      '<Observation xmlns="http://hl7.org/fhir"><valueQuantity><value value="1e999"/></valueQuantity></Observation>';
    expect(FORMATS['fhir-xml'].parse(Buffer.from(xml), { exactNumbers: true }).ok).toBe(false);
  });

  const folder = join(process.env.GINNEL_CONFORMANCE_DATA ?? '', 'hl7-r4/examples');
  const isThere = process.env.GINNEL_CONFORMANCE_DATA !== undefined && existsSync(folder);
  it.skipIf(!isThere)('of the examples of HL7 go through XML and back as they are', () => {
    const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
    let numbers = 0;
    for (const name of files) {
      const tree = read('fhir', readFileSync(join(folder, name), 'utf8'));
      const back = read('fhir-xml', print('fhir-xml', tree));
      expect([name, back]).toEqual([name, tree]);
      expect([name, numbersOf(back)]).toEqual([name, numbersOf(tree)]);
      numbers += numbersOf(tree).length;
    }
    expect([files.length > 50, numbers > 50]).toEqual([true, true]);
  });
});
