import { csv } from './csv/csv.ts';
import { fhir } from './fhir.ts';
import type { Format, FormatName } from './format.ts';
import { hl7v2 } from './hl7v2/hl7v2.ts';
import { json } from './json.ts';
import { createFhirXml } from './xml/fhir-xml.ts';
import { xml } from './xml/xml.ts';

/** Every format a channel can speak. */
export const FORMATS: Readonly<Record<FormatName, Format>> = {
  json,
  xml,
  csv,
  hl7v2,
  fhir,
  'fhir-xml': createFhirXml(),
};

export function formatOf(name: FormatName): Format {
  return FORMATS[name];
}
