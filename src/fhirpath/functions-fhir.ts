import { standIn } from './fhir-types.ts';
import { type FunctionTable, perItem, plain } from './function-rule.ts';
import { textOf } from './functions-strings.ts';
import { addTo, bareValue, countOf, type Items, isTree, itemsOf, listOf, readJson } from './items.ts';
import { readerOf, resourceTypeOf } from './navigate.ts';
import { type Scope, spend } from './scope.ts';
import { SystemValue } from './system-value.ts';

/** https://hl7.org/fhir/R4/fhirpath.html#functions */
export const FHIR: FunctionTable = {
  extension: perItem(1, 1, (input, [url], { reading }) => {
    const read = readerOf('extension', reading);
    const readUrl = readerOf('url', reading);
    return (focus, scope) => {
      const items = listOf(input(focus, scope));
      const wanted = url && textOf(url(focus, scope), 'extension()');
      spend(scope, 1 + items.length);
      if (wanted === undefined) return undefined;
      const found: unknown[] = [];
      for (const item of items) {
        const extensions = listOf(read(item, scope));
        addTo(found, itemsOf(extensions.filter((one) => bareValue(readUrl(one, scope)) === wanted)));
      }
      return itemsOf(found);
    };
  }),
  hasValue: plain((input) => {
    const list = listOf(input);
    return list.length === 1 && isPrimitiveValue(bareValue(list[0]));
  }),
  getValue: plain((input) => {
    const list = listOf(input);
    const value = bareValue(list[0]);
    return list.length === 1 && isPrimitiveValue(value) ? value : undefined;
  }),
  resolve: perItem(0, 0, (input, _args, { reading }) => {
    const readReference = readerOf('reference', reading);
    const readType = readerOf('type', reading);
    const resolveOne = (item: unknown, scope: Scope): Items => {
      if (!isTree(bareValue(item))) return findTarget(bareValue(item), scope);
      const target = findTarget(bareValue(readReference(item, scope)), scope);
      if (target !== undefined) return target;
      const type = bareValue(readType(item, scope));
      return typeof type === 'string' ? standIn(type) : undefined;
    };
    return (focus, scope) => {
      const items = input(focus, scope);
      spend(scope, 1 + countOf(items));
      if (!Array.isArray(items)) return items === undefined ? undefined : resolveOne(items, scope);
      return itemsOf(items.map((item) => resolveOne(item, scope)).filter((target) => target !== undefined));
    };
  }),
};

function isPrimitiveValue(value: unknown): boolean {
  return value !== undefined && (typeof value !== 'object' || value instanceof SystemValue);
}

/**
 * The target of a reference, canonical or URI: one contained here, one that the caller finds, or, where neither is
 * there but the reference says of what type it is, a stand-in with nothing but that type, so that
 * `resolve() is Patient` has an answer.
 */
function findTarget(reference: unknown, scope: Scope): unknown {
  if (typeof reference !== 'string') return undefined;
  const target = reference.startsWith('#') ? findContained(reference, scope) : scope.env.resolve?.(reference);
  return target ?? standIn(typeInReference(reference));
}

function findContained(reference: string, scope: Scope): unknown {
  const container = bareValue(scope.context);
  if (!isTree(container) || resourceTypeOf(container) === undefined) return undefined;
  if (reference === '#') return container;
  return listOf(readJson(container.contained)).find((one) => isTree(one) && one.id === reference.slice(1));
}

/** `Patient` of `Patient/1`, `https://server/fhir/Patient/1` and `Patient/1/_history/2`. */
function typeInReference(reference: string): string {
  const version = reference.lastIndexOf('/_history/');
  const end = reference.lastIndexOf('/', version === -1 ? undefined : version - 1);
  return end < 1 ? '' : reference.slice(reference.lastIndexOf('/', end - 1) + 1, end);
}
