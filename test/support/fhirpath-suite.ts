import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SaxesParser } from 'saxes';
import type { Definitions } from '../../src/fhir/definitions.ts';
import { readFhirXml } from './fhir-xml.ts';

/** One case of HL7's FHIRPath test suite (`tests-fhir-r4.xml`). */
export interface SuiteCase {
  readonly group: string;
  readonly name: string;
  readonly inputFile: string | undefined;
  readonly predicate: boolean;
  /** Set where only an engine that checks paths against the type of the input must refuse. */
  readonly strict: boolean;
  readonly ordered: boolean;
  readonly invalid: string | undefined;
  readonly expression: string;
  readonly outputs: readonly { readonly type: string | undefined; readonly text: string }[];
}

export function readSuite(folder: string): SuiteCase[] {
  const parser = new SaxesParser();
  const cases: SuiteCase[] = [];
  let group = '';
  let test: Record<string, string> = {};
  let expression = '';
  let attributes: Record<string, string> = {};
  let outputs: { type: string | undefined; text: string }[] = [];
  let text = '';
  let outputType: string | undefined;
  parser.on('opentag', (tag) => {
    const own = tag.attributes as Record<string, string>;
    text = '';
    if (tag.name === 'group') group = own.name ?? '';
    else if (tag.name === 'test') [test, outputs] = [{ ...own }, []];
    else if (tag.name === 'expression') attributes = { ...own };
    else if (tag.name === 'output') outputType = own.type;
  });
  parser.on('text', (part) => {
    text += part;
  });
  parser.on('closetag', (tag) => {
    if (tag.name === 'expression') expression = text;
    else if (tag.name === 'output') outputs.push({ type: outputType, text });
    else if (tag.name === 'test') {
      cases.push({
        group,
        name: test.name ?? '',
        inputFile: test.inputfile,
        predicate: test.predicate === 'true',
        strict: test.mode === 'strict' || attributes.mode === 'strict',
        ordered: test.ordered !== 'false',
        invalid: attributes.invalid,
        expression,
        outputs,
      });
    }
  });
  parser.write(readFileSync(join(folder, 'tests-fhir-r4.xml'), 'utf8')).close();
  return cases;
}

/** The input of a case as FHIR JSON. */
export function readInput(folder: string, file: string, definitions: Definitions): unknown {
  const text = readFileSync(join(folder, file), 'utf8');
  return file.endsWith('.json') ? JSON.parse(text) : readFhirXml(text, definitions);
}
