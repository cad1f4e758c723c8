import { isJsonObject, type JsonObject } from '../kernel/json.ts';

/**
 * A JSON Schema that a sample keeps to: its members by name and their types. Nothing is required, because one sample
 * cannot tell what others lack. It is closed: a name that is mistyped in the mapping is found when it is loaded, and a
 * message with a field that nobody has looked at is refused, not mapped without it.
 */
export function inferSchema(sample: unknown): JsonObject {
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', ...schemaOf([sample]) };
}

function schemaOf(values: readonly unknown[]): JsonObject {
  const types = [...new Set(values.map(typeOf))].sort();
  const schema: JsonObject = types.length === 1 ? { type: types[0] ?? 'null' } : { type: types };
  const objects = values.filter(isJsonObject);
  if (objects.length > 0) {
    const names = [...new Set(objects.flatMap((one) => Object.keys(one)))];
    schema.properties = Object.fromEntries(
      names.map((name) => [name, schemaOf(objects.filter((one) => Object.hasOwn(one, name)).map((one) => one[name]))]),
    );
    schema.additionalProperties = false;
  }
  const items = values.filter(Array.isArray).flat() as unknown[];
  if (items.length > 0) schema.items = schemaOf(items);
  return schema;
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return value === null ? 'null' : typeof value;
}
