import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/kernel/limits.ts';
import { evaluate, evaluateFhir, issuesOf, refusals } from './evaluate.ts';

const textsOf = (source: string, dialect: 'plain' | 'fhir' | 'hl7v2' = 'plain'): string[] =>
  issuesOf(source, { dialect }).map((one) => one.text);

describe('what is wrong with an expression is said at load, with its position in the file', () => {
  it('text that is no expression', () => {
    expect(refusals('')).toEqual(['fhirpath-syntax mapping.yaml:10:5']);
    expect(refusals('a.b c')).toEqual(['fhirpath-syntax mapping.yaml:10:9']);
    expect(refusals('a.')).toEqual(['fhirpath-syntax mapping.yaml:10:7']);
    expect(refusals('(a')).toEqual(['fhirpath-syntax mapping.yaml:10:7']);
    expect(refusals("a = 'x")).toEqual(['fhirpath-syntax mapping.yaml:10:9']);
    expect(refusals('a and')).toEqual(['fhirpath-syntax mapping.yaml:10:10']);
    expect(refusals('a = "x"')).toEqual(['fhirpath-syntax mapping.yaml:10:9']);
    expect(refusals('a # b')).toEqual(['fhirpath-syntax mapping.yaml:10:7']);
    expect(refusals("'\\q'")).toEqual(['fhirpath-syntax mapping.yaml:10:6']);
    expect(refusals('@2026-02-30')).toEqual(['fhirpath-syntax mapping.yaml:10:5']);
    expect(refusals('$that')).toEqual(['fhirpath-syntax mapping.yaml:10:5']);
    expect(refusals('and b')).toEqual(['fhirpath-syntax mapping.yaml:10:5']);
  });

  it('counts lines and columns within the expression', () => {
    expect(refusals('a\n  .nope()')).toEqual(['fhirpath-unknown-function mapping.yaml:11:4']);
  });

  it('an unknown function, with the nearest known name', () => {
    expect(refusals('a.frist()')).toEqual(['fhirpath-unknown-function mapping.yaml:10:7']);
    expect(textsOf('a.frist()')).toEqual(['There is no function called frist(). Did you mean first?']);
    expect(textsOf('a.zzzzzzzz()')).toEqual(['There is no function called zzzzzzzz().']);
    expect(refusals('toString.constructor()')).toEqual(['fhirpath-unknown-function mapping.yaml:10:14']);
  });

  it('an unknown variable, with the nearest known name', () => {
    const issues = issuesOf('%partnr.name', { variables: { partner: [] } });
    expect(issues.map((one) => one.code)).toEqual(['fhirpath-unknown-variable']);
    expect(issues[0]?.text).toBe('There is no variable called %partnr. Did you mean partner?');
  });

  it('the wrong number of arguments', () => {
    expect(refusals('a.first(1) | b.where()')).toEqual([
      'fhirpath-arguments mapping.yaml:10:7',
      'fhirpath-arguments mapping.yaml:10:20',
    ]);
    expect(textsOf('a.substring()')).toEqual(['substring() takes 1 to 2 arguments and has 0.']);
  });

  it('literals that a function of the caller refuses', () => {
    const code = {
      name: 'code',
      signature: "code('map')",
      sentence: '',
      minArguments: 1,
      maxArguments: 1,
      checkLiterals: ([map]: readonly (string | undefined)[]) =>
        map === 'known' ? undefined : 'There is no such map.',
      apply: (input: readonly unknown[]) => input,
    };
    expect(refusals("a.code('known')", { functions: [code] })).toEqual([]);
    expect(refusals("a.code('other')", { functions: [code] })).toEqual(['fhirpath-arguments mapping.yaml:10:12']);
    expect(refusals('a.code(b)', { functions: [code] })).toEqual(['fhirpath-arguments mapping.yaml:10:12']);
  });

  it('a regular expression that is none', () => {
    expect(refusals("a.matches('(')")).toEqual(['fhirpath-arguments mapping.yaml:10:15']);
    expect(refusals("a.replaceMatches('(?=x)', '')")).toEqual(['fhirpath-arguments mapping.yaml:10:22']);
  });

  it('several problems at once, in the order they stand', () => {
    expect(refusals('%x.frist() and y.nope(%z)')).toEqual([
      'fhirpath-unknown-variable mapping.yaml:10:5',
      'fhirpath-unknown-function mapping.yaml:10:8',
      'fhirpath-unknown-function mapping.yaml:10:22',
      'fhirpath-unknown-variable mapping.yaml:10:27',
    ]);
  });

  it('a name with a dash that would subtract', () => {
    expect(textsOf('patient.nhs-number')[0]).toContain('`nhs-number`');
    expect(refusals('nhs-number.first()')).toEqual(['fhirpath-syntax mapping.yaml:10:5']);
    expect(refusals('a.b-c', { dialect: 'hl7v2' })).toEqual(['fhirpath-syntax mapping.yaml:10:7']);
    expect(evaluate('b - c', { b: 3, c: 1 })).toEqual([2]);
    expect(evaluate('b -1', { b: 3 })).toEqual([2]);
    expect(evaluate('`nhs-number`', { 'nhs-number': 'x' })).toEqual(['x']);
  });

  it('functions that only FHIR has, in other dialects', () => {
    expect(refusals('a.resolve()')).toEqual(['fhirpath-unsupported mapping.yaml:10:7']);
    expect(refusals('a is Patient')).toEqual(['fhirpath-unknown-type mapping.yaml:10:10']);
  });
});

describe('paths over FHIR are checked against the elements of R4', () => {
  it('names that no element has, with the nearest that one has', () => {
    expect(textsOf('name.given1', 'fhir')[0]).toContain('Did you mean given?');
    expect(textsOf('Patient.brithDate', 'fhir')).toEqual([
      'Patient has no element called brithDate. Did you mean birthDate?',
    ]);
    expect(refusals('Encounter.name', { dialect: 'fhir' })).toEqual(['fhirpath-unknown-property mapping.yaml:10:15']);
  });

  it('names of JSON that FHIRPath does not have', () => {
    expect(textsOf('Observation.valueQuantity.unit', 'fhir')).toEqual([
      'FHIRPath reads valueQuantity as value.ofType(Quantity).',
    ]);
    expect(textsOf("extension('x').valueString", 'fhir')).toEqual([
      'FHIRPath reads valueString as value.ofType(string).',
    ]);
  });

  it('follows the types through filters, choices and loops', () => {
    for (const wrong of [
      "Patient.name.where(use = 'official').familly",
      'Patient.contact.name.city',
      'Observation.value.ofType(Quantity).start',
      'Patient.name.select(given | famly)',
      'Questionnaire.repeat(item).answerr',
      'CarePlan.activity.detail.first().descripton',
      'Patient.name.exists(usee = 1)',
      'Patient.birthDate.value',
      'Patient.name.count().family',
    ]) {
      expect(
        refusals(wrong, { dialect: 'fhir' }).map((one) => one.split(' ')[0]),
        wrong,
      ).toEqual(['fhirpath-unknown-property']);
    }
    for (const right of [
      'Questionnaire.repeat(item).item.linkId',
      'Bundle.entry.resource.name.family',
      'Patient.managingOrganization.resolve().name',
      'Patient.descendants().where(linkId.exists())',
      '%resource.contained.id',
      'Observation.component.value.ofType(Period).start',
      'iif(active, name, contact.name).family',
    ]) {
      expect(refusals(right, { dialect: 'fhir' }), right).toEqual([]);
    }
  });

  it('leaves values of the caller alone', () => {
    const variables = { partner: [{ anything: 'x' }] };
    expect(evaluateFhir('%partner.anything', {}, { variables })).toEqual(['x']);
    expect(evaluateFhir("%partner.where(anything = 'x').anything", {}, { variables })).toEqual(['x']);
  });

  it('types that an element can never be', () => {
    expect(textsOf('Patient.deceased.ofType(Quantity)', 'fhir')).toEqual([
      'This can be boolean or dateTime, and never Quantity.',
    ]);
    expect(textsOf('Patient.deceased as string', 'fhir')).toEqual([
      'This can be boolean or dateTime, and never string.',
    ]);
    expect(textsOf('Patient.name.ofType(Address)', 'fhir')).toEqual(['This can be HumanName, and never Address.']);
    expect(refusals('Bundle.entry.resource.ofType(Patient).name', { dialect: 'fhir' })).toEqual([]);
    expect(refusals('Observation.value.ofType(Quantity).value', { dialect: 'fhir' })).toEqual([]);
    expect(refusals('value.ofType(Age).unit', { dialect: 'fhir' })).toEqual([]);
  });

  it('types that do not exist, and order where there is none', () => {
    expect(refusals('value is Quantitty', { dialect: 'fhir' })).toEqual(['fhirpath-unknown-type mapping.yaml:10:14']);
    expect(refusals('name.ofType(1)', { dialect: 'fhir' })).toEqual(['fhirpath-arguments mapping.yaml:10:17']);
    expect(refusals('Patient.children().first()', { dialect: 'fhir' })).toEqual([
      'fhirpath-arguments mapping.yaml:10:24',
    ]);
  });
});

describe('an expression is bounded', () => {
  it('in its characters and its nesting', () => {
    expect(refusals(`a${' '.repeat(LIMITS.expressionCharsMax)}`)).toEqual(['fhirpath-syntax mapping.yaml:10:5']);
    const nested = (depth: number) => `${'('.repeat(depth)}a${')'.repeat(depth)}`;
    expect(refusals(nested(LIMITS.expressionDepthMax - 2))).toEqual([]);
    expect(issuesOf(nested(LIMITS.expressionDepthMax + 1)).map((one) => one.code)).toEqual(['fhirpath-syntax']);
    expect(issuesOf(`${'-'.repeat(5_000)}1`).map((one) => one.code)).toEqual(['fhirpath-syntax']);
    expect(issuesOf(`a${'.a'.repeat(5_000)}`).map((one) => one.code)).toEqual(['fhirpath-syntax']);
    expect(issuesOf(`1${'+1'.repeat(5_000)}`).map((one) => one.code)).toEqual(['fhirpath-syntax']);
    expect(issuesOf(`${'(1'.repeat(100)}${`${'+1'.repeat(80)})`.repeat(100)}`).map((one) => one.code)).toEqual([
      'fhirpath-syntax',
    ]);
    expect(evaluate(`1${'+1'.repeat(900)}`)).toEqual([901]);
  });

  const limit = expect.objectContaining({ code: 'mapping-limit' });
  const failure = (source: string, input?: unknown, steps?: number): unknown => {
    try {
      evaluate(source, input, steps === undefined ? {} : { steps });
    } catch (problem) {
      return problem;
    }
    return undefined;
  };

  it('in its steps', () => {
    const input = { a: Array.from({ length: 1_000 }, (_, index) => ({ b: index })) };
    expect(failure('a.where(%context.a.exists(b = 99999))', input)).toEqual(limit);
    expect(failure('a.b', input, 500)).toEqual(limit);
    expect(failure('a.b', input, 5_000)).toBeUndefined();
  });

  it('in the items of a collection', () => {
    const doubling = `'a'${'.select($this.combine($this))'.repeat(20)}`;
    expect(failure(doubling, {}, 100_000_000)).toEqual(limit);
    expect(failure('t.toChars()', { t: 'x'.repeat(LIMITS.mappingItemsMax + 1) })).toEqual(limit);
    expect(failure("t.split('')", { t: 'x'.repeat(LIMITS.mappingItemsMax + 1) })).toEqual(limit);
  });

  it('in the length of texts', () => {
    const list = { a: Array.from({ length: 40 }, (_, index) => index) };
    expect(failure("a.aggregate($total & $total, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa')", list, 100_000_000)).toEqual(
      limit,
    );
    expect(failure("a.aggregate($total.replace('a', 'aa'), 'a')", list, 100_000_000)).toEqual(limit);
    expect(failure("a.aggregate(($total | ($total & 'b')).join($total), 'a')", list, 100_000_000)).toEqual(limit);
  });

  it('repeat() ends, whatever it repeats', () => {
    expect(evaluate('a.repeat($this)', { a: [1, 2, 1] })).toEqual([1, 2]);
    expect(failure("'a'.repeat($this & 'a')")).toEqual(limit);
    expect(failure('1.repeat($this + 1)')).toEqual(limit);
  });

  it('a pattern takes linear time', () => {
    const began = performance.now();
    expect(evaluate("t.matches('^(a+)+$')", { t: `${'a'.repeat(5_000)}!` })).toEqual([false]);
    expect(performance.now() - began).toBeLessThan(2_000);
  });
});

describe('errors of data name the kind and the place, never the value', () => {
  const texts = (source: string, input: unknown): string => {
    try {
      evaluate(source, input);
    } catch (problem) {
      return String((problem as Error).message);
    }
    return '';
  };

  it('several values where one is needed', () => {
    const input = { a: ['secret-1', 'secret-2'] };
    for (const source of ['a.single()', 'a.upper()', 'a > 1', 'a & 1.toString()', 'a.toDate()', '-a', 'iif(a, 1, 2)']) {
      expect(texts(source, input), source).toMatch(/^mapping-not-single: /);
    }
  });

  it('kinds that do not fit', () => {
    const input = { s: 'secret', n: 1, o: { x: 'secret' }, b: true };
    for (const source of [
      's > n',
      's - s',
      'n.upper()',
      'o.length()',
      's.abs()',
      's + 1 day',
      'b.sqrt()',
      's.allTrue()',
    ]) {
      const text = texts(source, input);
      expect(text, source).toMatch(/^(mapping-failed|date-invalid): /);
      expect(text).not.toContain('secret');
    }
  });
});
