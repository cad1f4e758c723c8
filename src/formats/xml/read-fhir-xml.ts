import type { Definitions } from '../../fhir/definitions.ts';
import type { Property, Structure } from '../../fhir/structure.ts';
import { type IssueCode, issue } from '../../kernel/errors.ts';
import { isNumberText, spell } from '../../kernel/exact-json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import { failure, type Result, success } from '../../kernel/result.ts';
import { isExactNumber } from '../json-parse.ts';
import { type PositionNode, positionNode } from '../positions.ts';
import { positionAt } from '../text.ts';
import { type FhirElement, readFhirElements, wordName } from './fhir-elements.ts';
import { XmlFault } from './xml-fault.ts';

export interface FhirXmlResult {
  readonly tree: JsonObject;
  /** Positions by the names and list numbers of the JSON. */
  readonly positions: PositionNode;
}

/**
 * FHIR XML (https://hl7.org/fhir/R4/xml.html) → the same resource as JSON. What R4 does not define is refused. For
 * `exactNumbers` see `FormatOptions`.
 */
export function readFhirXml(text: string, definitions: Definitions, exactNumbers = false): Result<FhirXmlResult> {
  try {
    const root = readFhirElements(text);
    const reader = new ResourceReader(text, definitions, exactNumbers);
    return success(reader.resource(root, `/${root.name}`));
  } catch (thrown) {
    if (thrown instanceof XmlFault) return failure(thrown.issue);
    throw thrown;
  }
}

/** What one element is in JSON: a value, what stands beside a primitive, and where both are. */
interface ReadValue {
  readonly value: JsonValue | undefined;
  /** How a number is written. */
  readonly spelling?: string | undefined;
  readonly beside?: JsonObject | undefined;
  readonly position: PositionNode;
  readonly besidePosition?: PositionNode | undefined;
}

class ResourceReader {
  private readonly text: string;
  private readonly definitions: Definitions;
  private readonly exactNumbers: boolean;

  constructor(text: string, definitions: Definitions, exactNumbers: boolean) {
    this.text = text;
    this.definitions = definitions;
    this.exactNumbers = exactNumbers;
  }

  resource(element: FhirElement, at: string): FhirXmlResult {
    const { name } = element;
    const structure = this.definitions.resourceTypes.has(name) ? this.definitions.structure(name) : undefined;
    if (structure === undefined) {
      throw this.fault('resource-type-unknown', 'The name of the root element is a resource type of R4.', element, at);
    }
    for (const attribute of element.attributes.keys()) this.refuseAttribute(attribute, element, at);
    const positions = positionNode(element.offset);
    const tree: JsonObject = { resourceType: name, ...this.members(element, structure, positions, at, []) };
    return { tree, positions };
  }

  /** `asAttributes` are the members that are attributes and no elements here. */
  private members(
    element: FhirElement,
    structure: Structure,
    positions: PositionNode,
    at: string,
    asAttributes: readonly string[],
  ): JsonObject {
    const object: JsonObject = {};
    for (const [name, children] of Map.groupBy(element.children, (child) => child.name)) {
      const property = structure.properties.get(name);
      const [first] = children;
      if (first === undefined) continue;
      const path = `${at}/${wordName(name)}`;
      if (property === undefined || asAttributes.includes(name)) {
        throw this.fault('xml-syntax', 'R4 has no element of this name here.', first, path);
      }
      if (!property.list && children[1] !== undefined) {
        throw this.fault('xml-syntax', 'This element stands here once at most.', children[1], `${path}[2]`);
      }
      const values = children.map((child, index) =>
        this.value(child, property, property.list ? `${path}[${index + 1}]` : path),
      );
      this.keep(object, positions, property, values);
    }
    return object;
  }

  /** Puts the values of one property into the object; those of a primitive in two members, item by item. */
  private keep(
    object: JsonObject,
    positions: PositionNode,
    { name, list }: Property,
    values: readonly ReadValue[],
  ): void {
    const put = (
      key: string,
      parts: readonly (JsonValue | undefined)[],
      places: readonly (PositionNode | undefined)[],
    ) => {
      if (parts.every((part) => part === undefined)) return;
      const start = positionNode(values[0]?.position.offset ?? 0);
      object[key] = list ? parts.map((part) => part ?? null) : (parts[0] ?? null);
      for (const [index, place] of places.entries()) if (place !== undefined) start.children.set(index, place);
      positions.children.set(key, list ? start : (places[0] ?? start));
    };
    const spellAll = (): void => {
      const items = object[name];
      for (const [index, { spelling }] of values.entries()) {
        if (spelling === undefined) continue;
        if (Array.isArray(items)) spell(items, index, spelling);
        else spell(object, name, spelling);
      }
    };
    put(
      name,
      values.map(({ value }) => value),
      values.map(({ position }) => position),
    );
    spellAll();
    put(
      `_${name}`,
      values.map(({ beside }) => beside),
      values.map(({ besidePosition }) => besidePosition),
    );
  }

  private value(element: FhirElement, property: Property, at: string): ReadValue {
    const { type } = property;
    const position = positionNode(element.offset);
    if (type === 'xhtml') {
      if (element.div === undefined) throw this.fault('xml-syntax', 'A narrative is a div of XHTML.', element, at);
      return { value: element.div, position };
    }
    if (type === 'Resource') return this.inner(element, at);
    if (/^[a-z]/.test(type)) return this.primitive(element, type, position, at);
    const structure = property.inner?.() ?? this.definitions.structure(type);
    if (structure === undefined) throw this.fault('xml-syntax', 'R4 does not say what stands here.', element, at);
    return {
      value: {
        ...this.attributes(element, type, position, at),
        ...this.members(element, structure, position, at, type === 'Extension' ? ['id', 'url'] : ['id']),
      },
      position,
    };
  }

  /** `contained`, `entry.resource`: the resource is the one element inside. */
  private inner(element: FhirElement, at: string): ReadValue {
    const [only, second] = element.children;
    if (only === undefined || second !== undefined || element.attributes.size > 0) {
      throw this.fault('xml-syntax', 'Here stands exactly one resource.', element, at);
    }
    const { tree, positions } = this.resource(only, at);
    return { value: tree, position: positions };
  }

  private primitive(element: FhirElement, type: string, position: PositionNode, at: string): ReadValue {
    const { value, ...rest } = Object.fromEntries(element.attributes);
    if (rest.url !== undefined) this.refuseAttribute('url', element, at);
    const structure = this.definitions.structure('Element');
    const besidePosition = positionNode(element.offset);
    const beside: JsonObject = {
      ...rest,
      ...(structure === undefined ? {} : this.members(element, structure, besidePosition, at, ['id'])),
    };
    const isBare = Object.keys(beside).length === 0;
    if (value === undefined && isBare)
      throw this.fault('xml-syntax', 'An element has a value or content.', element, at);
    const read = value === undefined ? undefined : this.scalar(value, type, element, at);
    const spelling = typeof read === 'number' && this.exactNumbers ? value : undefined;
    return isBare ? { value: read, spelling, position } : { value: read, spelling, beside, position, besidePosition };
  }

  private scalar(value: string, type: string, element: FhirElement, at: string): JsonValue {
    switch (type) {
      case 'boolean':
        if (value === 'true' || value === 'false') return value === 'true';
        break;
      case 'integer':
      case 'positiveInt':
      case 'unsignedInt':
      case 'decimal':
        if (!isNumberText(value)) break;
        if (this.exactNumbers && Number.isFinite(Number(value))) return Number(value);
        if (this.exactNumbers) break;
        // As in JSON, a number whose digits a double would change stays text.
        return isExactNumber(value, Number(value)) ? Number(value) : value;
      default:
        return value;
    }
    throw this.fault('xml-syntax', `This is no ${type}.`, element, at);
  }

  /** `id` of an element and `url` of an Extension are attributes; a value is that of a primitive alone. */
  private attributes(element: FhirElement, type: string, position: PositionNode, at: string): JsonObject {
    const object: JsonObject = {};
    for (const [name, value] of element.attributes) {
      if (name === 'value' || (name === 'url' && type !== 'Extension')) this.refuseAttribute(name, element, at);
      object[name] = value;
      position.children.set(name, positionNode(element.offset));
    }
    return object;
  }

  private refuseAttribute(name: string, element: FhirElement, at: string): void {
    throw this.fault('xml-syntax', `This element has no attribute ${name}.`, element, at);
  }

  private fault(code: IssueCode, words: string, { offset }: FhirElement, at: string): XmlFault {
    return new XmlFault(issue(code, words, { at, ...positionAt(this.text, offset) }));
  }
}
