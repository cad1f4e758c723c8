import { refuse } from '../../kernel/errors.ts';

export const FHIR_JSON = 'application/fhir+json; charset=utf-8';

export const JSON_PATCH = 'application/json-patch+json';

const READABLE = ['application/fhir+json', 'application/json'];
const FORMATS = new Set(['json', ...READABLE]);
const RANGES = new Set(['*/*', 'application/*', ...READABLE]);
/** https://hl7.org/fhir/R4/http.html#version-parameter */
const FHIR_VERSIONS = new Set(['4.0', '4.0.1']);

/**
 * We answer FHIR JSON; a caller that can only read something else is told so. `_format` goes before `Accept`
 * (https://hl7.org/fhir/R4/http.html#parameters).
 */
export function negotiate(accept: string | undefined, query: readonly (readonly [string, string])[]): void {
  const format = query.find(([name]) => name === '_format')?.[1];
  if (format !== undefined) {
    // A plus sign in a query is a space once decoded: `_format=application/fhir+json` is a common way to write it.
    if (FORMATS.has(readMediaType(format).type.replace(' ', '+'))) return;
    throw refuse('not-acceptable', 'The API answers application/fhir+json; other values of _format are not available.');
  }
  if (accept === undefined || accept.trim() === '' || accept.split(',').some(isRangeOfOurs)) return;
  throw refuse(
    'not-acceptable',
    'The API answers application/fhir+json, FHIR 4.0; the Accept header does not allow it.',
  );
}

/** A resource is sent as FHIR JSON. No Content-Type at all is let pass: the body must parse in any case. */
export function requireFhirBody(contentType: string | undefined): void {
  if (contentType === undefined || READABLE.includes(readMediaType(contentType).type)) return;
  throw refuse('media-type-unsupported', 'Send resources as application/fhir+json.');
}

/** https://hl7.org/fhir/R4/http.html#patch: what kind of patch it is stands in the Content-Type alone. */
export function requireJsonPatch(contentType: string | undefined): void {
  if (readMediaType(contentType ?? '').type === JSON_PATCH) return;
  throw refuse(
    'media-type-unsupported',
    `Send a patch as ${JSON_PATCH}; FHIRPath Patch and XML Patch are not available.`,
  );
}

/** Parameters such as `charset` play no part; `fhirVersion` and `q=0` do. */
function isRangeOfOurs(range: string): boolean {
  const { type, parameters } = readMediaType(range);
  const version = parameters.get('fhirversion');
  return (
    RANGES.has(type) &&
    !/^0(?:\.0{0,3})?$/.test(parameters.get('q') ?? '1') &&
    (version === undefined || FHIR_VERSIONS.has(version))
  );
}

function readMediaType(text: string): { readonly type: string; readonly parameters: ReadonlyMap<string, string> } {
  const [type = '', ...rest] = text.split(';').map((part) => part.trim());
  const parameters = new Map<string, string>();
  for (const parameter of rest) {
    const [name = '', value = ''] = parameter.split('=').map((part) => part.trim());
    parameters.set(name.toLowerCase(), value.replaceAll('"', ''));
  }
  return { type: type.toLowerCase(), parameters };
}
