import { Ajv, type ErrorObject, type Options } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { RE2JS } from 're2js';

/** Where a value breaks its schema, and how. The text never quotes the value. */
export interface SchemaBreach {
  /** Member names and 0-based list positions from the root. */
  readonly path: readonly (string | number)[];
  /** The JSON Schema keyword that was broken: `required`, `pattern`. */
  readonly keyword: string;
  readonly text: string;
}

export type CheckAgainstSchema = (value: unknown) => readonly SchemaBreach[];

/** More breaches than this are not told: whoever mends the first twenty has most often mended the rest. */
const BREACHES_MAX = 20;

/**
 * Patterns run on an engine of linear time, so that no value can make a pattern hang. It has no look-around and no
 * back-references: a schema that uses them is refused when it is compiled.
 */
const linearPatterns = Object.assign(
  (pattern: string) => {
    const compiled = RE2JS.compile(RE2JS.translateRegExp(pattern));
    // ajv keeps one function for each text of a pattern, so the text must tell patterns apart.
    return { test: (text: string) => compiled.matcher(text).find(), toString: () => `/${pattern}/` };
  },
  { code: 'linearPatterns' },
);

const OPTIONS: Options = {
  strict: true,
  allowUnionTypes: true,
  // `required: ['name']` beside `properties` in an `if` or `anyOf` is usual and says what it means.
  strictRequired: false,
  ownProperties: true,
  logger: false,
  // What ajv would take out, the engine takes out too, and in a start the time for it is seen.
  code: { regExp: linearPatterns, optimize: false },
};

/** The judge holds a schema against the schema of schemas, which it compiles once: that is most of the work. */
const DRAFT_07 = { judge: new Ajv(OPTIONS), Compiler: Ajv };
const DRAFT_2020 = { judge: new Ajv2020(OPTIONS), Compiler: Ajv2020 };

/**
 * Compiles a JSON Schema, draft 2020-12, or draft-07 where `$schema` says so. Strict: an unknown keyword or format is
 * an error, thrown as ajv's own exception with a message about the schema.
 */
export function compileJsonSchema(schema: object): CheckAgainstSchema {
  const isValid = compileWith(schema, false);
  let findBreaches: ReturnType<typeof compileWith> | undefined;
  return (value) => {
    // The first pass stops at the first breach and costs a good value least; the second finds the others.
    if (isValid(value)) return [];
    findBreaches ??= compileWith(schema, true);
    findBreaches(value);
    const told = new Set<string>();
    const breaches: SchemaBreach[] = [];
    for (const error of findBreaches.errors ?? []) {
      const breach = describeBreach(error, value);
      const key = JSON.stringify([breach.path, breach.text]);
      if (told.has(key)) continue;
      told.add(key);
      breaches.push(breach);
      if (breaches.length === BREACHES_MAX) break;
    }
    return breaches;
  };
}

function compileWith(schema: object, allErrors: boolean) {
  const { judge, Compiler } =
    '$schema' in schema && String(schema.$schema).includes('draft-07') ? DRAFT_07 : DRAFT_2020;
  judge.validateSchema(schema, true);
  // One compiler for each schema: two schemas of one `$id` do not meet.
  return new Compiler({ ...OPTIONS, allErrors, validateSchema: false }).compile(schema);
}

function describeBreach(error: ErrorObject, value: unknown): SchemaBreach {
  const path = pathOf(error.instancePath, value);
  const { keyword, params } = error;
  switch (keyword) {
    case 'required':
      return { path, keyword, text: `The member ${quote(params.missingProperty)} is required.` };
    case 'additionalProperties':
    case 'unevaluatedProperties': {
      const name = String(params.additionalProperty ?? params.unevaluatedProperty);
      return { path: [...path, name], keyword, text: 'There is no member of this name here.' };
    }
    case 'propertyNames':
      return {
        path: [...path, String(params.propertyName)],
        keyword,
        text: 'The name of this member is not allowed.',
      };
    case 'type':
      return { path, keyword, text: `This must be of type ${[params.type].flat().join(' or ')}.` };
    case 'const':
      return { path, keyword, text: `This must be ${JSON.stringify(params.allowedValue)}.` };
    case 'enum': {
      const allowed = (params.allowedValues as unknown[]).slice(0, 12).map((one) => JSON.stringify(one));
      return { path, keyword, text: `This must be one of ${allowed.join(', ')}.` };
    }
    case 'pattern':
      return { path, keyword, text: `This must match the pattern ${params.pattern}.` };
    default:
      return { path, keyword, text: `This ${error.message ?? `breaks the rule ${keyword}`}.` };
  }
}

function quote(name: unknown): string {
  return `“${String(name)}”`;
}

/** A JSON Pointer (RFC 6901) as steps; the value tells list positions from members that are named by a number. */
function pathOf(pointer: string, root: unknown): (string | number)[] {
  const path: (string | number)[] = [];
  let value = root;
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    const step = Array.isArray(value) ? Number(name) : name;
    path.push(step);
    value = (value as Record<string | number, unknown> | undefined)?.[step];
  }
  return path;
}
