import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { Request, Response } from 'express';
import { FORMATS } from '../../formats/formats.ts';
import { refuse } from '../../kernel/errors.ts';
import { parseExact, printExact } from '../../kernel/exact-json.ts';
import { LIMITS } from '../../kernel/limits.ts';
import { type AnswerForm, FHIR_JSON, FHIR_XML } from './negotiate.ts';

const compress = promisify(gzip);

/**
 * Sends FHIR, which is JSON text everywhere behind the door, in the form that was asked for. Compact JSON goes out as
 * it is; compressed is what is long enough to gain by it, where the caller takes gzip.
 */
export async function sendFhir(request: Request, response: Response, json: string, form: AnswerForm): Promise<void> {
  const body = printAs(json, form);
  response.setHeader('Content-Type', form.format === 'json' ? FHIR_JSON : FHIR_XML);
  if (body.length < LIMITS.gzipCharsMin || !acceptsGzip(request.headers['accept-encoding'])) {
    sendBody(request, response, body);
    return;
  }
  const packed = await compress(body, { level: constants.Z_BEST_SPEED });
  response.setHeader('Content-Encoding', 'gzip');
  response.vary('Accept-Encoding');
  sendBody(request, response, packed);
}

/**
 * As `response.send` does, which makes a buffer of any text, so that head and body are written one after the other; text
 * goes out with the head in one piece.
 */
function sendBody(request: Request, response: Response, body: string | Buffer): void {
  response.setHeader('Content-Length', Buffer.byteLength(body));
  if (request.method === 'HEAD') response.end();
  else response.end(body);
}

/** JSON text of a resource in another form. Throws `not-acceptable` for what XML cannot say, such as control characters. */
export function printAs(json: string, { format, pretty }: AnswerForm): string {
  if (format === 'json') return pretty ? `${printExact(parseExact(json), 2)}\n` : json;
  const printed = FORMATS['fhir-xml'].print(parseExact(json));
  if (printed.ok) return Buffer.from(printed.value).toString('utf8');
  throw refuse(
    'not-acceptable',
    'This answer cannot be said in XML: it is too large, or holds characters that XML does not have. Ask for JSON.',
  );
}

/** RFC 9110 section 12.5.3. A coding with q=0 is refused. */
function acceptsGzip(header: string | string[] | undefined): boolean {
  if (typeof header !== 'string') return false;
  return header
    .split(',')
    .some((part) => /^\s*gzip\s*(?:;\s*q=(?:1(?:\.0{0,3})?|0\.\d{0,2}[1-9]\d{0,2})\s*)?$/.test(part));
}
