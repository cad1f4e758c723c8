import { isJsonObject, type JsonObject } from '../kernel/json.ts';

/** Codes of `meta.security` (https://hl7.org/fhir/R4/security-labels.html), of a resource as its JSON text. */
export function securityCodesOf(content: string): readonly string[] {
  // Most resources have none, and parsing costs more than looking.
  return namesSecurity(content) ? securityCodes(JSON.parse(content) as JsonObject) : NO_CODES;
}

const NO_CODES: readonly string[] = [];

/** Whether `"security"` is in it: looked for by its rarest letter, which takes a fifth of the time. */
function namesSecurity(content: string): boolean {
  for (let at = content.indexOf('y"'); at !== -1; at = content.indexOf('y"', at + 2)) {
    if (content.startsWith('"securit', at - 8)) return true;
  }
  return false;
}

export function securityCodes(resource: JsonObject): readonly string[] {
  const { meta } = resource;
  const labels = isJsonObject(meta) && Array.isArray(meta.security) ? meta.security : [];
  return labels.flatMap((label) => (isJsonObject(label) && typeof label.code === 'string' ? [label.code] : []));
}

/** As PDS marks a person whose whereabouts must not be told: restricted, or very restricted. */
export function isRestrictedLabel(code: string): boolean {
  return code === 'R' || code === 'V';
}
