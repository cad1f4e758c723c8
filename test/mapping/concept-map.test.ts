import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCheck } from '../../src/cli/mapping-tools.ts';
import { GinnelError } from '../../src/kernel/errors.ts';
import type { Result } from '../../src/kernel/result.ts';
import { runCommand } from '../../src/main.ts';
import { type CodeMap, readCodeMap } from '../../src/mapping/codes.ts';
import { readConceptMap, toCodesCsv, toConceptMap } from '../../src/mapping/concept-map.ts';
import { loadText, mappingsFolder, mustLoad, outMapping, places, runIn } from './support.ts';

const URL = 'https://practice.example/ConceptMap/urgency';
const PRIORITY = 'http://hl7.org/fhir/request-priority';
const CSV = `source,target_system,target_code,target_display,equivalence,note
Urgent,${PRIORITY},urgent,Urgent,equivalent,
2 weeks,${PRIORITY},asap,ASAP,narrower,Agreed with the practice
Falls,http://snomed.info/sct,161898004,,inexact,
Not known,,,,unmatched,Nothing fits
*,${PRIORITY},routine,Routine,wider,
`;

function must<T>(result: Result<T>): T {
  if (!result.ok) throw new GinnelError(result.issues);
  return result.value;
}

const bytesOf = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const readMap = (value: unknown) => readConceptMap('urgency', 'codes/u.conceptmap.json', bytesOf(value));

/** What a map says, without where it says it. */
function rowsOf({ rows, fallback }: CodeMap) {
  const plain = [...rows.values()].map(({ row: _row, ...rest }) => rest);
  return { rows: plain.sort((a, b) => (a.source < b.source ? -1 : 1)), fallback: fallback?.code };
}

describe('a code map as a ConceptMap', () => {
  it('is valid R4, with a group for each target system and the row * for what has none', () => {
    const conceptMap = toConceptMap(must(readCodeMap('urgency', 'u.csv', bytesOf(CSV))), URL, 'urn:practice:urgency');
    expect(createCheck()(conceptMap)).toEqual([]);
    expect(conceptMap).toMatchObject({ url: URL, name: 'urgency', status: 'draft' });
    expect(conceptMap.group?.map(({ source, target }) => [source, target])).toEqual([
      ['urn:practice:urgency', PRIORITY],
      ['urn:practice:urgency', 'http://snomed.info/sct'],
      ['urn:practice:urgency', undefined],
    ]);
    expect(conceptMap.group?.[0]?.unmapped).toEqual({ mode: 'fixed', code: 'routine', display: 'Routine' });
    expect(conceptMap.group?.[2]?.element).toEqual([
      { code: 'Not known', target: [{ equivalence: 'unmatched', comment: 'Nothing fits' }] },
    ]);
  });

  it('read back has the same rows, whatever they are, and so has the CSV made of it', () => {
    const word = fc
      .string({ minLength: 1, maxLength: 8, unit: 'grapheme-ascii' })
      .filter((text) => text.trim() === text);
    const row = fc.record({
      source: word.filter((text) => text !== '*' && text !== ''),
      system: fc.constantFrom('urn:a', 'urn:b'),
      code: word,
      display: fc.oneof(fc.constant(''), word),
      equivalence: fc.constantFrom('equivalent', 'wider', 'unmatched'),
      note: fc.oneof(fc.constant(''), word),
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(row, { selector: ({ source }) => source, minLength: 1 }),
        fc.boolean(),
        (list, star) => {
          const rows = list.map((one, index) =>
            one.equivalence === 'unmatched'
              ? { ...one, system: '', code: '', display: '', row: index + 2 }
              : { ...one, row: index + 2 },
          );
          const fallback = star
            ? { source: '*', system: 'urn:a', code: 'x', display: '', equivalence: 'wider', note: '', row: 1 }
            : undefined;
          const map: CodeMap = {
            name: 'm',
            file: 'm.csv',
            rows: new Map(rows.map((one) => [one.source, one])),
            fallback,
          };
          expect(rowsOf(must(readMap(toConceptMap(map, URL))))).toEqual(rowsOf(map));
          expect(rowsOf(must(readCodeMap('m', 'm.csv', must(toCodesCsv(map)))))).toEqual(rowsOf(map));
        },
      ),
    );
  });

  it('is loaded by a mapping as a CSV is', () => {
    const conceptMap = JSON.stringify(toConceptMap(must(readCodeMap('urgency', 'u.csv', bytesOf(CSV))), URL));
    const head = 'codes: { urgency: codes/u.conceptmap.json }\n';
    const loaded = mustLoad(outMapping("a: \"{{ status.translate('urgency', 'default').code }}\"", head), {
      'codes/u.conceptmap.json': conceptMap,
    });
    expect(loaded.codes.get('urgency')?.rows.size).toBe(4);
    const inMapping = `mapping: 1\ndirection: in\ninput: { format: json }\n${head}entries:
  - name: request
    write: replace
    identifier: { system: urn:x, value: "1" }
    resource: { resourceType: ServiceRequest, priority: "{{ urgency.translate('urgency', 'default').code }}" }
`;
    const files = { 'codes/u.conceptmap.json': conceptMap };
    const priorities = ['2 weeks', 'whatever'].map(
      (urgency) => must(runIn(mustLoad(inMapping, files), JSON.stringify({ urgency })))[0]?.resource,
    );
    expect(priorities.map((resource) => resource && 'priority' in resource && resource.priority)).toEqual([
      'asap',
      'routine',
    ]);
  });

  it('its mistakes are told at load, with their line', () => {
    const load = (conceptMap: unknown) =>
      loadText(outMapping('a: "{{ id }}"', 'codes: { urgency: codes/u.json }\n'), {
        'codes/u.json': JSON.stringify(conceptMap, undefined, 1),
      });
    const group = (...element: object[]) => ({ resourceType: 'ConceptMap', group: [{ target: 'urn:a', element }] });
    const target = { code: 'x', equivalence: 'equivalent' };
    const lines = (conceptMap: unknown) =>
      places(load(conceptMap).issues).map(([code, , place]) => [code, place?.replace('mappings/a/b/codes/u.json', '')]);
    expect(lines({ resourceType: 'CodeSystem', group: [] })).toEqual([['codes-invalid', ':2:1']]);
    expect(lines(group())).toEqual([['codes-invalid', ':1:1']]);
    expect(lines(group({ code: 'a', target: [target, target] }))).toEqual([['codes-invalid', ':7:1']]);
    expect(lines(group({ code: 'a', target: [{ code: 'x', equivalence: 'same' }] }))).toEqual([
      ['codes-invalid', ':7:1'],
    ]);
    expect(lines(group({ target: [target] }))).toEqual([['codes-invalid', ':7:1']]);
    expect(
      lines({
        resourceType: 'ConceptMap',
        group: [{ element: [{ code: 'a', target: [target] }], unmapped: { mode: 'provided' } }],
      }),
    ).toEqual([['codes-invalid', ':16:1']]);
    expect(places(readMap('{').issues)).toHaveLength(1);
  });
});

describe('ginnel codes', () => {
  const run = async (...argv: string[]) => {
    const out: string[] = [];
    const err: string[] = [];
    const io = { env: {}, out: (text: string) => void out.push(text), err: (text: string) => void err.push(text) };
    return { exit: await runCommand(['codes', ...argv], io), out: out.join(''), err: err.join('') };
  };

  it('turns a CSV into a ConceptMap and that into the CSV again', async () => {
    const folder = mappingsFolder({ 'urgency.csv': CSV });
    const first = await run(join(folder, 'urgency.csv'), '--to', 'conceptmap', '--url', URL);
    expect([first.exit, first.err]).toEqual([0, '']);
    writeFileSync(join(folder, 'urgency.conceptmap.json'), first.out);
    const second = await run(join(folder, 'urgency.conceptmap.json'), '--to', 'csv');
    expect(second.exit).toBe(0);
    const map = must(readCodeMap('urgency', 'u.csv', bytesOf(second.out)));
    expect(rowsOf(map).rows.map(({ source, code }) => [source, code])).toEqual([
      ['2 weeks', 'asap'],
      ['Falls', '161898004'],
      ['Not known', ''],
      ['Urgent', 'urgent'],
    ]);
  });

  it('says what is wrong with the file or the call', async () => {
    const folder = mappingsFolder({
      'bad.csv': 'source,target_system,target_code,target_display,equivalence,note\na,,x,,same,\n',
    });
    const bad = await run(join(folder, 'bad.csv'), '--to', 'conceptmap');
    expect(bad.exit).toBe(1);
    expect(bad.err).toMatch(/codes-invalid.*bad\.csv:2:1/);
    expect((await run(join(folder, 'bad.csv'))).exit).toBe(2);
    expect((await run(join(folder, 'none.csv'), '--to', 'csv')).exit).toBe(1);
  });
});
