import { SaxesParser, type SaxesTagPlain } from 'saxes';
import type { Definitions } from '../../src/fhir/definitions.ts';
import type { Property, Structure } from '../../src/fhir/structure.ts';
import type { JsonObject, JsonValue } from '../../src/kernel/json.ts';

interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: (XmlElement | string)[];
}

/** A resource in FHIR XML (https://hl7.org/fhir/R4/xml.html) as JSON, so that published examples can be checked. */
export function readFhirXml(text: string, definitions: Definitions): JsonObject {
  return readResource(parseXml(text), definitions);
}

function parseXml(text: string): XmlElement {
  const top: XmlElement = { name: '', attributes: {}, children: [] };
  const open = [top];
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', (tag: SaxesTagPlain) => {
    const element = { name: tag.name, attributes: tag.attributes, children: [] };
    open.at(-1)?.children.push(element);
    open.push(element);
  });
  parser.on('closetag', () => open.pop());
  parser.on('text', (run) => open.at(-1)?.children.push(run));
  parser.write(text.replace(/^\uFEFF/, '')).close();
  const root = elementsOf(top)[0];
  if (root === undefined) throw new Error('No element.');
  return root;
}

function elementsOf(element: XmlElement): XmlElement[] {
  return element.children.filter((child) => typeof child !== 'string');
}

function readResource(element: XmlElement, definitions: Definitions): JsonObject {
  const structure = definitions.structure(element.name);
  if (structure === undefined) throw new Error(`No resource type ${element.name}.`);
  return { resourceType: element.name, ...readChildren(element, structure, definitions) };
}

function readChildren(element: XmlElement, structure: Structure, definitions: Definitions): JsonObject {
  const result: JsonObject = {};
  for (const name of ['id', 'url']) {
    const value = element.attributes[name];
    if (value !== undefined) result[name] = value;
  }
  const byName = Map.groupBy(elementsOf(element), (child) => child.name);
  for (const [name, children] of byName) {
    const property = structure.properties.get(name);
    // What R4 does not know is kept as an object, for the validator to report.
    const values = children.map(
      (child): ReadValue =>
        property === undefined ? { value: { unknown: true } } : readValue(child, property, definitions),
    );
    const list = property?.list ?? children.length > 1;
    const main = values.map(({ value }) => value ?? null);
    const beside = values.map(({ extra }) => extra ?? null);
    if (values.some(({ value }) => value !== undefined)) result[name] = list ? main : (main[0] ?? null);
    if (values.some(({ extra }) => extra !== undefined)) result[`_${name}`] = list ? beside : (beside[0] ?? null);
  }
  return result;
}

interface ReadValue {
  readonly value?: JsonValue | undefined;
  /** Id and extensions of a primitive. */
  readonly extra?: JsonValue | undefined;
}

function readValue(element: XmlElement, property: Property, definitions: Definitions): ReadValue {
  const { type } = property;
  if (type === 'xhtml') return { value: printXml(element) };
  if (type === 'Resource') {
    const inner = elementsOf(element)[0];
    return inner === undefined ? {} : { value: readResource(inner, definitions) };
  }
  if (/^[a-z]/.test(type)) {
    const structure = definitions.structure('Element');
    const extra = structure === undefined ? {} : readChildren(element, structure, definitions);
    const text = element.attributes.value;
    return {
      value: text === undefined ? undefined : readPrimitive(text, type),
      extra: Object.keys(extra).length === 0 ? undefined : extra,
    };
  }
  const structure = property.inner?.() ?? definitions.structure(type);
  return structure === undefined ? {} : { value: readChildren(element, structure, definitions) };
}

function readPrimitive(text: string, type: string): JsonValue {
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text;
  if (['decimal', 'integer', 'positiveInt', 'unsignedInt'].includes(type)) return Number(text);
  return text;
}

function printXml(element: XmlElement): string {
  const escapeXml = (text: string): string =>
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
  const attributes = Object.entries(element.attributes).map(([name, value]) => ` ${name}="${escapeXml(value)}"`);
  const children = element.children.map((child) => (typeof child === 'string' ? escapeXml(child) : printXml(child)));
  return `<${element.name}${attributes.join('')}>${children.join('')}</${element.name}>`;
}
