import { compileFhirPath } from '../../src/fhirpath/compile-fhirpath.ts';
import type { CompileOptions, Environment, ExtraFunction } from '../../src/fhirpath/fhirpath.ts';
import type { Issue } from '../../src/kernel/errors.ts';

export interface Setting {
  readonly dialect?: CompileOptions['dialect'];
  readonly variables?: Readonly<Record<string, readonly unknown[]>>;
  readonly functions?: readonly ExtraFunction[];
  readonly resolve?: (reference: string) => unknown;
  readonly now?: string;
  readonly steps?: number;
  readonly track?: boolean;
  readonly onRead?: Environment['onRead'];
}

function optionsOf(setting: Setting): CompileOptions {
  return {
    dialect: setting.dialect ?? 'plain',
    variables: new Set(Object.keys(setting.variables ?? {})),
    functions: new Map((setting.functions ?? []).map((one) => [one.name, one])),
    place: { file: 'mapping.yaml', line: 10, column: 5 },
    track: setting.track,
  };
}

/** What the expression gives for the input. */
export function evaluate(source: string, input?: unknown, setting: Setting = {}): readonly unknown[] {
  const compiled = compileFhirPath(source, optionsOf(setting));
  if (!compiled.ok) throw new Error(`${source}: ${compiled.issues.map((one) => one.text).join(' ')}`);
  return compiled.value.evaluate(input, {
    variables: new Map(Object.entries(setting.variables ?? {})),
    now: new Date(setting.now ?? '2026-01-05T09:30:15.250Z'),
    budget: { steps: setting.steps ?? 100_000 },
    resolve: setting.resolve,
    onRead: setting.onRead,
  });
}

/** The same over FHIR. */
export function evaluateFhir(source: string, input?: unknown, setting: Setting = {}): readonly unknown[] {
  return evaluate(source, input, { dialect: 'fhir', ...setting });
}

/** The issues of an expression that does not compile; none for one that does. */
export function issuesOf(source: string, setting: Setting = {}): readonly Issue[] {
  const compiled = compileFhirPath(source, optionsOf(setting));
  return compiled.ok ? [] : compiled.issues;
}

/** `code mapping-position` of each issue. */
export function refusals(source: string, setting: Setting = {}): string[] {
  return issuesOf(source, setting).map((one) => `${one.code} ${one.mapping}`);
}
