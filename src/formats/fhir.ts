import { issue } from '../kernel/errors.ts';
import { isJsonObject } from '../kernel/json.ts';
import { failure, success } from '../kernel/result.ts';
import type { Format } from './format.ts';
import { json } from './json.ts';

/** FHIR R4 JSON (https://hl7.org/fhir/R4/json.html): JSON whose root is a resource. Whether it is a valid one is for `fhir/`. */
export const fhir: Format = {
  name: 'fhir',
  mediaTypes: ['application/fhir+json', 'application/json'],
  dialect: 'fhir',
  parse(bytes, options) {
    const parsed = json.parse(bytes, options);
    if (!parsed.ok) return parsed;
    const { tree } = parsed.value;
    if (!isJsonObject(tree) || typeof tree.resourceType !== 'string' || tree.resourceType === '') {
      return failure(
        issue('resource-type-unknown', 'A FHIR resource is an object with a resourceType.', { at: '$', line: 1 }),
      );
    }
    return success({ ...parsed.value, format: 'fhir' });
  },
  print: json.print,
};
