import { type Definitions, openDefinitions } from '../../fhir/definitions.ts';
import { success } from '../../kernel/result.ts';
import type { Format } from '../format.ts';
import { createLocate, type PositionNode, positionNode, wordXmlPath } from '../positions.ts';
import { decodeText } from '../text.ts';
import { printFhirXml } from './print-fhir-xml.ts';
import { readFhirXml } from './read-fhir-xml.ts';
import { declaredEncoding } from './xml.ts';

/**
 * FHIR R4 XML (https://hl7.org/fhir/R4/xml.html). The tree is the resource as FHIR JSON, so that a mapping reads both
 * alike. The definitions of R4 are opened when the first document comes. Options: `encoding` and
 * `exactNumbers`.
 */
export function createFhirXml(open: () => Definitions = openDefinitions): Format {
  let opened: Definitions | undefined;
  const definitions = (): Definitions => {
    opened ??= open();
    return opened;
  };
  return {
    name: 'fhir-xml',
    mediaTypes: ['application/fhir+xml', 'application/xml', 'text/xml'],
    dialect: 'fhir',
    parse(bytes, options = {}) {
      const decoded = decodeText(bytes, declaredEncoding(bytes) ?? options.encoding);
      if (!decoded.ok) return decoded;
      const text = decoded.value;
      const read = readFhirXml(text, definitions(), options.exactNumbers);
      if (!read.ok) return read;
      const { tree } = read.value;
      const positions = (): PositionNode => {
        const again = readFhirXml(text, definitions());
        return again.ok ? again.value.positions : positionNode(0);
      };
      const locate = createLocate(text, positions, (path) =>
        wordXmlPath([String(tree.resourceType), ...path.map(elementOf)]),
      );
      return success({ format: 'fhir-xml', tree, text, locate });
    },
    print: (tree, options) => printFhirXml(tree, definitions(), options),
  };
}

/** What stands beside a primitive in JSON is inside it in XML. */
function elementOf(step: string | number): string | number {
  return typeof step === 'string' ? step.replace(/^_/, '') : step;
}
