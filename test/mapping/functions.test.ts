import { describe, expect, it } from 'vitest';
import { compileFhirPath } from '../../src/fhirpath/compile-fhirpath.ts';
import { EvaluationError } from '../../src/fhirpath/evaluation-error.ts';
import { GinnelError } from '../../src/kernel/errors.ts';
import { CASE_CONTEXT } from '../../src/mapping/cases.ts';
import { type CodeMap, readCodeMap } from '../../src/mapping/codes.ts';
import { createEnvironment } from '../../src/mapping/environment.ts';
import { bindFunctions, MAPPING_FUNCTIONS } from '../../src/mapping/functions.ts';
import { hostOf } from '../../src/mapping/run-host.ts';

const PRIORITY = 'http://hl7.org/fhir/request-priority';
const URGENCY = [
  'source,target_system,target_code,target_display,equivalence,note',
  `Routine,${PRIORITY},routine,Routine,equivalent,`,
  `Urgent,${PRIORITY},urgent,Urgent,equivalent,`,
  'Not stated,,,,unmatched,',
  `*,${PRIORITY},routine,Routine,inexact,Agreed with the service`,
].join('\n');

function codes(): ReadonlyMap<string, CodeMap> {
  const read = readCodeMap('urgency', 'codes/urgency.csv', Buffer.from(URGENCY));
  if (!read.ok) throw new GinnelError(read.issues);
  return new Map([['urgency', read.value]]);
}

/** Evaluates an expression with a code map `urgency` and an entry `patient` at hand. */
function evaluate(expression: string, input: unknown): readonly unknown[] | { refused: string } {
  const compiled = compileFhirPath(expression, {
    dialect: 'plain',
    variables: new Set(),
    functions: bindFunctions({ codes: codes(), hasEntry: (name) => name === 'patient' }),
    place: { file: 'example', line: 1, column: 1 },
  });
  if (!compiled.ok) throw new GinnelError(compiled.issues);
  const env = createEnvironment(CASE_CONTEXT, codes(), [], undefined, undefined);
  hostOf(env).references = new Map([['patient', 'urn:uuid:3d1c1d4a-0000-8000-8000-000000000001']]);
  try {
    return compiled.value.evaluate(input, env);
  } catch (error) {
    if (error instanceof EvaluationError) return { refused: error.code };
    throw error;
  }
}

describe('functions of the mapping language', () => {
  it.each(MAPPING_FUNCTIONS.map((one) => [one.name, one] as const))('%s does what its examples say', (_name, one) => {
    expect(one.examples.length).toBeGreaterThan(1);
    for (const { expression, input, gives } of one.examples) {
      expect(evaluate(expression, input), expression).toEqual(gives);
    }
  });

  it('has each name once, and its signature begins with it', () => {
    const names = MAPPING_FUNCTIONS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, signature } of MAPPING_FUNCTIONS) expect(signature.startsWith(`${name}(`)).toBe(true);
  });

  it('never quotes the value it fails over', () => {
    const secret = 'XyZZy-secret';
    for (const call of [
      'nhsNumber()',
      'formatNhsNumber()',
      'postcode()',
      'snomed()',
      "date('dd/MM/yyyy')",
      "dateTime('hl7')",
      "formatDate('hl7')",
      "translate('urgency', 'error')",
    ]) {
      let text = '';
      try {
        evaluateRaw(`value.${call}`, { value: secret });
      } catch (error) {
        text = error instanceof EvaluationError ? error.text : '';
      }
      expect(text, call).not.toBe('');
      expect(text).not.toContain(secret);
    }
  });

  it.each([
    ["x.date('dd/MM/yy')", 'fhirpath-arguments'],
    ["x.date('tomorrow')", 'fhirpath-arguments'],
    ["x.dateTime('hl7', 'Europe/Londn')", 'fhirpath-arguments'],
    ["x.formatDate('excel')", 'fhirpath-arguments'],
    ["x.translate('urgency', 'guess')", 'fhirpath-arguments'],
    ["x.translate('colour', 'error')", 'fhirpath-arguments'],
    ["x.translate(y, 'error')", 'fhirpath-arguments'],
    ["ref('nobody')", 'fhirpath-arguments'],
    ['refuse(x)', 'fhirpath-arguments'],
    ['x.nhsNumbr()', 'fhirpath-unknown-function'],
  ])('refuses %s at load', (expression, code) => {
    const compiled = compileFhirPath(expression, {
      dialect: 'plain',
      variables: new Set(),
      functions: bindFunctions({ codes: codes(), hasEntry: (name) => name === 'patient' }),
      place: { file: 'example', line: 3, column: 7 },
    });
    expect(compiled.ok).toBe(false);
    expect(compiled.issues[0]?.code).toBe(code);
    expect(compiled.issues[0]?.mapping).toMatch(/^example:3:\d+$/);
  });
});

function evaluateRaw(expression: string, input: unknown): void {
  const compiled = compileFhirPath(expression, {
    dialect: 'plain',
    variables: new Set(),
    functions: bindFunctions({ codes: codes(), hasEntry: () => true }),
    place: { file: 'example', line: 1, column: 1 },
  });
  if (!compiled.ok) throw new GinnelError(compiled.issues);
  compiled.value.evaluate(input, createEnvironment(CASE_CONTEXT, codes(), [], undefined, undefined));
}
