import { refuse } from '../../kernel/errors.ts';

export const FHIR_JSON = 'application/fhir+json; charset=utf-8';
export const FHIR_XML = 'application/fhir+xml; charset=utf-8';
export const JSON_PATCH = 'application/json-patch+json';

/** In what an answer is written. */
export interface AnswerForm {
  readonly format: 'json' | 'xml';
  /** With line breaks and indentation, for people. */
  readonly pretty: boolean;
}

export const COMPACT_JSON: AnswerForm = { format: 'json', pretty: false };

type Query = readonly (readonly [string, string])[];

/** Media types of each format, as sent and as asked for. */
const MEDIA_TYPES = {
  json: ['application/fhir+json', 'application/json'],
  xml: ['application/fhir+xml', 'application/xml', 'text/xml'],
} as const;
const FORMAT_NAMES = { json: 'json', xml: 'xml', 'text/json': 'json' } as const;
/** https://hl7.org/fhir/R4/http.html#version-parameter */
const FHIR_VERSIONS = new Set(['4.0', '4.0.1']);

/**
 * JSON or XML, as the caller asks (https://hl7.org/fhir/R4/http.html#mime-type): `_format` goes before `Accept`, and of
 * what both allow JSON is ours. A caller that can only read something else is told so.
 */
export function negotiate(accept: string | undefined, query: Query): AnswerForm {
  if (query.length === 0) return acceptJson(accept) ? COMPACT_JSON : { format: readAccept(accept), pretty: false };
  const given = (name: string): string | undefined => query.find(([one]) => one === name)?.[1];
  const format = given('_format');
  return {
    format: format === undefined ? readAccept(accept) : readFormat(format),
    pretty: readPretty(given('_pretty')),
  };
}

/** The form for a failure, whatever was wrong with the request. */
export function negotiateFailure(accept: string | undefined, query: Query): AnswerForm {
  try {
    return negotiate(accept, query);
  } catch {
    return COMPACT_JSON;
  }
}

/** In which of our formats a body is sent as. No Content-Type at all is let pass as JSON: the body must parse in any case. */
export function requireFhirBody(contentType: string | undefined): 'fhir' | 'fhir-xml' {
  const format = contentType === undefined ? 'json' : formatOf(readMediaType(contentType).type);
  if (format === undefined) {
    throw refuse('media-type-unsupported', 'Send resources as application/fhir+json or application/fhir+xml.');
  }
  return format === 'json' ? 'fhir' : 'fhir-xml';
}

/** https://hl7.org/fhir/R4/http.html#patch: what kind of patch it is stands in the Content-Type alone. */
export function requirePatchBody(contentType: string | undefined): 'json-patch' | 'fhir' | 'fhir-xml' {
  const { type } = readMediaType(contentType ?? '');
  if (type === JSON_PATCH) return 'json-patch';
  if (formatOf(type) !== undefined) return requireFhirBody(contentType);
  throw refuse(
    'media-type-unsupported',
    `Send a JSON Patch as ${JSON_PATCH}, a FHIRPath Patch as application/fhir+json; XML Patch is not available.`,
  );
}

/** What most clients send, without a closer look. */
function acceptJson(accept: string | undefined): boolean {
  return accept === undefined || accept === '*/*' || accept === 'application/fhir+json' || accept.trim() === '';
}

function readFormat(text: string): 'json' | 'xml' {
  // A plus sign in a query is a space once decoded: `_format=application/fhir+json` is a common way to write it.
  const type = readMediaType(text).type.replace(' ', '+');
  const named = Object.hasOwn(FORMAT_NAMES, type) ? FORMAT_NAMES[type as keyof typeof FORMAT_NAMES] : formatOf(type);
  if (named !== undefined) return named;
  throw refuse(
    'not-acceptable',
    '_format is json or xml, or a media type of these: application/fhir+json, application/fhir+xml.',
  );
}

function readPretty(text: string | undefined): boolean {
  if (text === undefined || text === 'false') return false;
  if (text === 'true') return true;
  throw refuse('parameter-invalid', '_pretty is true or false.');
}

interface Wish {
  readonly quality: number;
  /** 3 for a media type, 2 for `application/*`, 1 for any. */
  readonly exact: number;
}

/** RFC 9110 section 12.5.1: of the ranges that a type is in, the most exact one says how welcome it is. */
function readAccept(accept: string | undefined): 'json' | 'xml' {
  if (acceptJson(accept)) return 'json';
  const best: Record<'json' | 'xml', Wish> = { json: { quality: 0, exact: 0 }, xml: { quality: 0, exact: 0 } };
  for (const range of (accept ?? '').split(',')) {
    const { type, parameters } = readMediaType(range);
    const version = parameters.get('fhirversion');
    if (version !== undefined && !FHIR_VERSIONS.has(version)) continue;
    const quality = readQuality(parameters.get('q'));
    for (const format of ['json', 'xml'] as const) {
      const exact = exactness(type, format);
      if (exact === 0) continue;
      if (exact > best[format].exact || (exact === best[format].exact && quality > best[format].quality)) {
        best[format] = { quality, exact };
      }
    }
  }
  const { json, xml } = best;
  if (json.quality === 0 && xml.quality === 0) {
    throw refuse(
      'not-acceptable',
      'The API answers application/fhir+json and application/fhir+xml, FHIR 4.0; the Accept header allows neither.',
    );
  }
  const isXml = xml.quality > json.quality || (xml.quality === json.quality && xml.exact > json.exact);
  return isXml ? 'xml' : 'json';
}

function exactness(range: string, format: 'json' | 'xml'): number {
  if (range === '*/*') return 1;
  if (range === 'application/*') return 2;
  return formatOf(range) === format ? 3 : 0;
}

/** What is no number from 0 to 1 counts as 1, as if it were not there. */
function readQuality(text: string | undefined): number {
  return text !== undefined && /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text) ? Number(text) : 1;
}

function formatOf(type: string): 'json' | 'xml' | undefined {
  if ((MEDIA_TYPES.json as readonly string[]).includes(type)) return 'json';
  return (MEDIA_TYPES.xml as readonly string[]).includes(type) ? 'xml' : undefined;
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
