import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMap, isScalar, type Node, type Scalar, type YAMLMap } from 'yaml';
import { issue } from '../kernel/errors.ts';
import { failure, type Result, success } from '../kernel/result.ts';
import { readFieldPath } from './field-path.ts';
import type { IgnoredField } from './mapping-document.ts';
import { formatPlace, nodeStart, readYamlSource } from './yaml-source.ts';

/**
 * `round-trip.yaml` beside a mapping: a map from the path of a field, or the name of a case, to the reason why it need
 * not come back. None where there is no such file.
 */
export function readAccepted(root: string, name: string): Result<IgnoredField[]> {
  const path = join(root, name, 'round-trip.yaml');
  if (!existsSync(path)) return success([]);
  const source = readYamlSource(readFileSync(path, 'utf8'), `mappings/${name}/round-trip.yaml`);
  if (!source.ok) return source;
  const place = (node: Node | null) => source.value.placeAt(nodeStart(node));
  const refuse = (node: Node | null, text: string) =>
    failure(issue('mapping-syntax', text, { mapping: formatPlace(place(node)) }));
  if (!isMap(source.value.root)) return refuse(source.value.root, 'This is a map from a field to a reason.');
  const accepted: IgnoredField[] = [];
  for (const { key, value } of (source.value.root as YAMLMap<Scalar, Node | null>).items) {
    const field = readFieldPath(String(key.value));
    const reason = isScalar(value) && typeof value.value === 'string' ? value.value.trim() : '';
    if (field === undefined) return refuse(key, 'A path is names with dots between them; `odd names` in backticks.');
    if (reason === '') return refuse(key, 'Say why this field need not come back: path: reason.');
    accepted.push({ path: field, reason, place: place(key) });
  }
  return success(accepted);
}
