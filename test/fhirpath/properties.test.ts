import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileFhirPath } from '../../src/fhirpath/compile-fhirpath.ts';
import { Decimal } from '../../src/fhirpath/decimal.ts';
import { EvaluationError } from '../../src/fhirpath/evaluation-error.ts';
import type { CompileOptions } from '../../src/fhirpath/fhirpath.ts';
import { CHAPTERS, FHIR_FUNCTIONS } from '../../src/fhirpath/functions.ts';
import { parseFhirPath } from '../../src/fhirpath/parser.ts';
import { Quantity } from '../../src/fhirpath/quantity.ts';
import { parseDate, parseDateTime, parseTime, Temporal } from '../../src/fhirpath/temporal.ts';
import { evaluate } from './evaluate.ts';

const DIALECTS = ['plain', 'hl7v2', 'fhir'] as const;

/** Names that are in the trees below, in FHIR, in every object's prototype, or nowhere. */
const names = fc.constantFrom(
  'a',
  'b',
  'name',
  'given',
  'value',
  'period',
  'start',
  'end',
  'code',
  '`__proto__`',
  'constructor',
);
const functions = [...Object.values(CHAPTERS), FHIR_FUNCTIONS].flatMap((table) =>
  Object.entries(table).map(([name, rule]) => ({ name, ...rule })),
);
const operators = '+ - * / & | = != ~ !~ < <= > >= div mod in contains and or xor implies'
  .split(' ')
  .map((one) => ` ${one} `);
const literals = fc.constantFrom(
  ...[
    "'x'",
    "''",
    '0',
    '1',
    '-1',
    '2.50',
    'true',
    'false',
    '{}',
    '@2026',
    '@2026-01-31',
    '@T10:30',
    '@2026-01-31T10:00:00Z',
  ],
  ...["4 'mg'", '3 days', "1 'zorkmid'", '$this', '$index', '$total', '%context', '%v', "'2026-01-31'", "'('"],
);

const { expression } = fc.letrec<{ expression: string; path: string }>((tie) => ({
  path: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    names,
    literals.map((one) => `(${one})`),
    fc.tuple(tie('path'), names).map(([from, name]) => `${from}.${name}`),
    fc.tuple(tie('path'), tie('expression')).map(([from, index]) => `${from}[${index}]`),
    fc
      .tuple(tie('path'), fc.constantFrom(...functions), fc.array(tie('expression'), { maxLength: 3 }))
      .map(([from, { name, minArguments, maxArguments }, args]) => {
        const padded = [...args, "'x'", '1', '1'].slice(0, Math.max(minArguments, Math.min(args.length, maxArguments)));
        if (name === 'is' || name === 'as' || name === 'ofType') return `${from}.${name}(String)`;
        return `${from}.${name}(${padded.join(', ')})`;
      }),
  ),
  expression: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    literals,
    tie('path'),
    fc
      .tuple(tie('expression'), fc.constantFrom(...operators), tie('expression'))
      .map(([left, operator, right]) => `(${left})${operator}(${right})`),
    tie('expression').map((one) => `-(${one})`),
    tie('path').map((one) => `${one} is Integer`),
  ),
}));

const leaf = fc.oneof(
  fc.constantFrom<unknown>(null, true, 'x', '2026-01-31', '2026', 'true', '', 0, 1.5, -3, 1e300, 5e-324),
  fc.string(),
  fc.double({ noNaN: true }),
);
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(
      fc.constantFrom('a', 'b', '_a', 'name', '_given', 'given', 'valueQuantity', 'period', 'start', 'code', '1'),
      tie('tree'),
      {
        maxKeys: 5,
      },
    ),
    tie('tree').map((value) => ({ resourceType: 'Patient', name: value, extension: value, birthDate: '1970-01-01' })),
    tie('tree').map((value) => ({ value, unit: 'mg', code: 'mg', reference: 'Patient/1' })),
  ),
}));

function optionsOf(dialect: CompileOptions['dialect'], track = false): CompileOptions {
  return { dialect, variables: new Set(['v']), functions: new Map(), place: { file: 'x', line: 1, column: 1 }, track };
}

describe('whatever the expression and whatever the data', () => {
  it('evaluation gives a list of JSON values or throws an EvaluationError, and nothing else', () => {
    let evaluated = 0;
    fc.assert(
      fc.property(expression, tree, fc.constantFrom(...DIALECTS), fc.boolean(), (source, input, dialect, track) => {
        const compiled = compileFhirPath(source, optionsOf(dialect, track));
        if (!compiled.ok) return;
        try {
          const found = compiled.value.evaluate(input, {
            variables: new Map([['v', [input]]]),
            now: new Date(0),
            budget: { steps: 5_000 },
            onRead: (parent, name) => expect(Object.hasOwn(parent, name)).toBe(true),
          });
          evaluated += 1;
          for (const item of found) {
            expect(item).not.toBe(undefined);
            expect(item).not.toBe(null);
            expect(item).not.toBe(Object.prototype);
            if (typeof item === 'object') expect(JSON.stringify(item)).toBeTypeOf('string');
          }
        } catch (problem) {
          if (!(problem instanceof EvaluationError)) throw problem;
        }
      }),
      { numRuns: 3_000 },
    );
    expect(evaluated).toBeGreaterThan(300);
  });

  it('compiling any text gives an expression or issues with a position', () => {
    const fragment = fc.oneof(
      expression,
      fc.string(),
      fc.constantFrom('(', ')', '.', "'", '`', '@', '%', '$', '\\', '//', '/*'),
    );
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 5 }), fc.constantFrom(...DIALECTS), (parts, dialect) => {
        const compiled = compileFhirPath(parts.join(' '), optionsOf(dialect));
        if (compiled.ok) return;
        expect(compiled.issues.length).toBeGreaterThan(0);
        for (const issue of compiled.issues) expect(issue.mapping).toMatch(/^x:[0-9]+:[0-9]+$/);
      }),
      { numRuns: 1_500 },
    );
  });

  it('looking at what is read changes no answer', () => {
    const run = (source: string, input: unknown, dialect: CompileOptions['dialect'], track: boolean): unknown => {
      const compiled = compileFhirPath(source, optionsOf(dialect, track));
      if (!compiled.ok) return 'refused';
      const env = { variables: new Map(), now: new Date(0), budget: { steps: 5_000 }, onRead: () => {} };
      try {
        return compiled.value.evaluate(input, env);
      } catch (problem) {
        return (problem as EvaluationError).code;
      }
    };
    fc.assert(
      fc.property(expression, tree, fc.constantFrom(...DIALECTS), (source, input, dialect) => {
        expect(run(source, input, dialect, true)).toEqual(run(source, input, dialect, false));
      }),
      { numRuns: 500 },
    );
  });
});

describe('literals', () => {
  const literalOf = (source: string): unknown => {
    const node = parseFhirPath(source, { numberedMembers: false, refuseDashes: true });
    return node.kind === 'literal' ? node.value : node;
  };

  it('a string that is printed and read again is the same', () => {
    const print = (text: string): string => {
      const escaped = text
        .replace(/[\\']/g, (mark) => `\\${mark}`)
        .replace(/[^ -~]/g, (other) => `\\u${other.charCodeAt(0).toString(16).padStart(4, '0')}`);
      return `'${escaped}'`;
    };
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(literalOf(print(text))).toBe(text);
      }),
    );
  });

  it('a name in backticks that is printed and read again is the same', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (name) => {
        const printed = `\`${name.replace(/[\\`]/g, (mark) => `\\${mark}`)}\``;
        expect(literalOf(printed)).toMatchObject({ kind: 'member', name });
      }),
    );
  });

  it('a decimal that is printed and read again is the same, digits and all', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 28n }), fc.integer({ min: 1, max: 20 }), (digits, scale) => {
        expect(literalOf(new Decimal(digits, scale).toString())).toEqual(new Decimal(digits, scale));
      }),
    );
  });

  it('a date, time or quantity that is printed and read again is the same', () => {
    const instant = fc.date({ min: new Date('0002-01-01'), max: new Date('9998-12-31'), noInvalidDate: true });
    fc.assert(
      fc.property(instant, fc.integer({ min: 4, max: 23 }), (date, cut) => {
        const text = date
          .toISOString()
          .slice(0, cut)
          .replace(/[-T:.]$/, '');
        for (const parsed of [parseDate(text), parseDateTime(text)]) {
          if (parsed === undefined) continue;
          const suffix = parsed.kind === 'DateTime' && parsed.precision < 4 ? 'T' : '';
          expect(literalOf(`@${parsed}${suffix}`)).toEqual(parsed);
        }
        const time = parseTime(date.toISOString().slice(11, 23));
        expect(time).toBeInstanceOf(Temporal);
        expect(literalOf(`@T${time}`)).toEqual(time);
      }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 0 }), fc.constantFrom('mg', 'mm[Hg]', '{score}'), (value, unit) => {
        const quantity = new Quantity(new Decimal(BigInt(value), 0), unit, false);
        expect(literalOf(quantity.toString())).toEqual(quantity);
      }),
    );
  });
});

describe('laws', () => {
  const number = fc.integer({ min: -99_999, max: 99_999 }).map((whole) => new Decimal(BigInt(whole), 3).toString());

  it('a - b + b is a, exactly', () => {
    fc.assert(
      fc.property(number, number, (a, b) => {
        expect(evaluate(`(${a}) - (${b}) + (${b}) = (${a})`)).toEqual([true]);
      }),
    );
  });

  it('of two dates at least one order is denied, and equality is symmetric', () => {
    const date = fc.constantFrom('@2026', '@2026-01', '@2026-01-31', '@2026-02-01T10:00:00Z', '@2026-02-01T10:00:00');
    fc.assert(
      fc.property(date, date, (a, b) => {
        expect(evaluate(`${a} = ${b}`)).toEqual(evaluate(`${b} = ${a}`));
        expect(evaluate(`${a} < ${b}`)).toEqual(evaluate(`${b} > ${a}`));
        expect(evaluate(`${a} < ${b} and ${b} < ${a}`)).not.toEqual([true]);
      }),
    );
  });

  it('distinct() after union changes nothing, and every item stays', () => {
    const list = fc.array(fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constantFrom('a', 'b'), fc.boolean()), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(list, list, (left, right) => {
        const joined = evaluate('l | r', { l: left, r: right });
        expect(joined).toEqual([...new Set<unknown>([...left, ...right])]);
        expect(evaluate('(l | r).distinct()', { l: left, r: right })).toEqual(joined);
      }),
    );
  });
});
