import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FORMAT_NAMES, type FormatName, type TreePath } from '../../src/formats/format.ts';
import { formatOf } from '../../src/formats/formats.ts';
import { ISSUE_CODES } from '../../src/kernel/errors.ts';
import { LIMITS } from '../../src/kernel/limits.ts';
import { bytesOf } from './read.ts';

const SAMPLES: Record<FormatName, string> = {
  json: '{"needs":[{"code":"a\\u0041","n":-1.5e3,"ok":true,"none":null}],"id":"R-1"}',
  fhir: '{"resourceType":"Patient","name":[{"family":"Hall","given":["Ann"]}],"active":true}',
  'fhir-xml':
    '<Patient xmlns="http://hl7.org/fhir"><id value="p"/><text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml"><p>A&amp;</p></div></text><active value="true"/><name><family value="H"><extension url="urn:x"><valueDecimal value="1.5"/></extension></family><given value="A"/><given id="g" value="B"/></name></Patient>',
  xml: '<?xml version="1.0"?><a xmlns:p="urn:p" p:x="1"><b>t&amp;&#65;</b><b/><![CDATA[c]]><!-- d --><p:e f="g"/></a>',
  csv: 'NHSNumber,Note,b\r\n9990000018,"a ""b"", c",d\r\n,"e\r\nf",g\r\n',
  hl7v2: 'MSH|^~\\&|A|B|C|D|20260301||ADT^A01|1|P|2.4\rPID|1||9990000018^^^NHS~L\\T\\1&2^^^X|""|\\X0D\\\rZZZ|a~b^c&d\r',
};

/** What makes a parser stumble, besides random bytes. */
const TOKENS = [
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  '<',
  '>',
  '&',
  '|',
  '^',
  '~',
  '\r',
  '\n',
  '\0',
  '\u000b',
  '\u001c',
  'MSH',
  '&#',
  '<!',
  ']]>',
  '__proto__',
  '\ufeff',
  '-',
  'e',
  ',',
  '=',
  '/',
];

/** A few hundred bytes are read in microseconds; the rest is what a busy machine may add. */
const INPUT_MS_MAX = 2_000;

/** A sample with pieces cut, doubled, overwritten or put in. */
function mutated(sample: string): fc.Arbitrary<Uint8Array> {
  const size = bytesOf(sample).length;
  const edit = fc.record({
    at: fc.nat(size),
    length: fc.nat(6),
    put: fc.oneof(fc.uint8Array({ maxLength: 4 }), fc.constantFrom(...TOKENS).map(bytesOf)),
  });
  return fc.array(edit, { minLength: 1, maxLength: 5 }).map((edits) => {
    let bytes = Buffer.from(sample);
    for (const { at, length, put } of edits) {
      bytes = Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + length)]);
    }
    return Uint8Array.from(bytes);
  });
}

describe.each(FORMAT_NAMES)('hostile bytes as %s', (name) => {
  const format = formatOf(name);
  const tokens = fc.array(fc.constantFrom(...TOKENS), { maxLength: 30 }).map((parts) => bytesOf(parts.join('')));
  const inputs = fc.oneof(fc.uint8Array({ maxLength: 200 }), tokens, mutated(SAMPLES[name]));

  it('give a result in time, never an exception, with issues from the closed list and every path locatable', () => {
    fc.assert(
      fc.property(inputs, (bytes) => {
        const started = performance.now();
        const parsed = format.parse(bytes);
        expect(performance.now() - started).toBeLessThan(INPUT_MS_MAX);
        for (const { code } of parsed.issues) expect(code in ISSUE_CODES).toBe(true);
        if (!parsed.ok) {
          expect(parsed.issues.some(({ severity }) => severity === 'error')).toBe(true);
          return;
        }
        for (const path of pathsOf(parsed.value.tree)) {
          const { at, line = 1, column = 1 } = parsed.value.locate(path);
          expect(at).not.toBe('');
          expect(Math.min(line, column)).toBeGreaterThan(0);
        }
      }),
      { numRuns: 10_000 },
    );
  }, 60_000);

  it('that were read are printed to bytes that read the same', () => {
    fc.assert(
      fc.property(inputs, (bytes) => {
        const parsed = format.parse(bytes);
        if (!parsed.ok) return;
        const printed = format.print(parsed.value.tree);
        // What was guessed on the way in need not be spelled the same on the way out, but must not be lost.
        if (!printed.ok) {
          expect(printed.issues[0]?.code).toBe('format-cannot-print');
          return;
        }
        const again = format.parse(printed.value);
        if (parsed.issues.length === 0) expect(again.ok && again.value.tree).toEqual(parsed.value.tree);
      }),
      { numRuns: 2000 },
    );
  });

  it('as large as the bound are answered within seconds', () => {
    const fill = [
      '[',
      '{"a":',
      '<a>',
      '<a b="',
      '&',
      ',',
      '"',
      '"a",\n',
      '|',
      '~',
      '\\',
      '\r',
      'MSH|^~\\&|',
      '\\X',
      ' ',
      '1',
      '-',
    ];
    for (const piece of fill) {
      const head = name === 'hl7v2' ? 'MSH|^~\\&|A\rNTE|' : '';
      const text = head + piece.repeat(Math.floor((LIMITS.bodyBytesMax - 64) / piece.length));
      const started = performance.now();
      format.parse(bytesOf(text));
      expect(performance.now() - started, `filled with ${JSON.stringify(piece)}`).toBeLessThan(5_000);
    }
  });
});

function pathsOf(tree: unknown, path: TreePath = []): TreePath[] {
  if (typeof tree !== 'object' || tree === null) return [path];
  const entries: [string | number, unknown][] = Array.isArray(tree) ? [...tree.entries()] : Object.entries(tree);
  return [path, ...entries.flatMap(([step, value]) => pathsOf(value, [...path, step]))];
}
