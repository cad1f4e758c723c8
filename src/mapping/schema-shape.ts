import { isJsonObject } from '../kernel/json.ts';
import { bothOf, eitherOf, explainAbsent, type Found, type Shape } from './shape.ts';

/**
 * What a JSON Schema says about the names of a message. Lists are looked through, because FHIRPath opens them out. Where
 * a schema leaves room, as an object does that is not closed, nothing is known.
 */
export function shapeOfSchema(root: object): Shape {
  return new SchemaShape(root, root);
}

class SchemaShape implements Shape {
  private readonly schema: unknown;
  private readonly root: object;

  constructor(schema: unknown, root: object) {
    this.schema = schema;
    this.root = root;
  }

  member(name: string): Found {
    return memberOf(this.schema, name, { root: this.root, seen: new Set() });
  }

  names(): readonly string[] {
    const names = new Set<string>();
    collectNames(this.schema, names, { root: this.root, seen: new Set() });
    return [...names];
  }

  explain(name: string): string {
    return explainAbsent(name, this.names());
  }
}

interface Walk {
  readonly root: object;
  /** Schemas above, so that one that refers to itself comes to an end. */
  readonly seen: ReadonlySet<unknown>;
}

function memberOf(schema: unknown, name: string, walk: Walk): Found {
  if (schema === false) return 'absent';
  if (!isJsonObject(schema) || walk.seen.has(schema)) return undefined;
  const inner = { ...walk, seen: new Set([...walk.seen, schema]) };
  const visit = (one: unknown) => memberOf(one, name, inner);
  const found: Found[] = [ownMember(schema, name, inner)];
  if (schema.$ref !== undefined) found.push(visit(targetOf(schema.$ref, walk.root)));
  for (const one of listOf(schema.allOf)) found.push(visit(one));
  for (const keyword of ['anyOf', 'oneOf']) {
    if (schema[keyword] !== undefined) found.push(eitherOf(listOf(schema[keyword]).map(visit)));
  }
  if (schema.if !== undefined) found.push(eitherOf([visit(schema.then ?? true), visit(schema.else ?? true)]));
  return bothOf(found);
}

/** What the schema says itself, without those it is put together from. */
function ownMember(schema: Record<string, unknown>, name: string, walk: Walk): Found {
  const types = schema.type === undefined ? undefined : [schema.type].flat();
  const may = (type: string, ...keywords: string[]) =>
    types === undefined ? keywords.some((keyword) => keyword in schema) : types.includes(type);
  const alternatives: Found[] = [];
  if (may('object', 'properties', 'additionalProperties')) alternatives.push(propertyOf(schema, name, walk));
  if (may('array', 'items', 'prefixItems')) {
    const items = [...listOf(schema.prefixItems), ...(schema.items === undefined ? [] : [schema.items])];
    alternatives.push(items.length === 0 ? undefined : eitherOf(items.map((item) => memberOf(item, name, walk))));
  }
  if (alternatives.length > 0) return eitherOf(alternatives);
  // A text, a number or a boolean has no members.
  return types === undefined ? undefined : 'absent';
}

function propertyOf(schema: Record<string, unknown>, name: string, { root }: Walk): Found {
  const { properties, patternProperties, additionalProperties, unevaluatedProperties } = schema;
  if (isJsonObject(properties) && Object.hasOwn(properties, name)) {
    return properties[name] === false ? 'absent' : new SchemaShape(properties[name], root);
  }
  if (patternProperties !== undefined) return undefined;
  if (isJsonObject(additionalProperties)) return new SchemaShape(additionalProperties, root);
  if (additionalProperties === false) return 'absent';
  const alone = !['$ref', 'allOf', 'anyOf', 'oneOf', 'if', 'dependentSchemas'].some((keyword) => keyword in schema);
  return additionalProperties === undefined && unevaluatedProperties === false && alone ? 'absent' : undefined;
}

function collectNames(schema: unknown, names: Set<string>, walk: Walk): void {
  if (!isJsonObject(schema) || walk.seen.has(schema)) return;
  const inner = { ...walk, seen: new Set([...walk.seen, schema]) };
  if (isJsonObject(schema.properties)) for (const name of Object.keys(schema.properties)) names.add(name);
  const parts = ['allOf', 'anyOf', 'oneOf', 'prefixItems'].flatMap((keyword) => listOf(schema[keyword]));
  const target = schema.$ref === undefined ? undefined : targetOf(schema.$ref, walk.root);
  for (const part of [...parts, schema.items, schema.then, schema.else, target]) collectNames(part, names, inner);
}

/** `#`, `#/$defs/need`; undefined for what is not in this file. */
function targetOf(reference: unknown, root: object): unknown {
  if (typeof reference !== 'string' || !/^#(?:\/|$)/.test(reference)) return undefined;
  let target: unknown = root;
  for (const part of reference.split('/').slice(1)) {
    const name = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
    target = isJsonObject(target) && Object.hasOwn(target, name) ? target[name] : undefined;
  }
  return target;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
