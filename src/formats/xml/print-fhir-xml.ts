import type { Definitions } from '../../fhir/definitions.ts';
import type { Property, Structure } from '../../fhir/structure.ts';
import { issue } from '../../kernel/errors.ts';
import { spellingOf } from '../../kernel/exact-json.ts';
import { isJsonObject } from '../../kernel/json.ts';
import { LIMITS } from '../../kernel/limits.ts';
import type { Result } from '../../kernel/result.ts';
import type { FormatOptions } from '../format.ts';
import { wordJsonPath } from '../positions.ts';
import { cannotPrint, encodeText } from '../text.ts';
import { createXmlParser } from './create-parser.ts';
import { FHIR_NAMESPACE, XHTML_NAMESPACE } from './fhir-elements.ts';
import { escapeAttribute, scalarText } from './print.ts';
import { XmlFault } from './xml-fault.ts';

/** Why a resource cannot be written. */
class CannotPrint extends Error {}

/**
 * A resource as FHIR XML (https://hl7.org/fhir/R4/xml.html): elements in the order of their definition, two spaces a
 * level. What R4 does not define is refused rather than lost.
 */
export function printFhirXml(tree: unknown, definitions: Definitions, options: FormatOptions = {}): Result<Uint8Array> {
  const encoding = options.encoding ?? 'utf-8';
  const printer = new FhirPrinter(definitions);
  try {
    printer.resource(tree, 0);
  } catch (thrown) {
    if (!(thrown instanceof CannotPrint)) throw thrown;
    return cannotPrint(thrown.message, { at: wordJsonPath(printer.path) });
  }
  return encodeText(`<?xml version="1.0" encoding="${encoding.toUpperCase()}"?>${printer.parts.join('')}\n`, encoding);
}

class FhirPrinter {
  readonly parts: string[] = [];
  /** Where the printer is; it stays at the place of the first trouble. */
  readonly path: (string | number)[] = [];
  private values = 0;
  private readonly definitions: Definitions;

  constructor(definitions: Definitions) {
    this.definitions = definitions;
  }

  resource(tree: unknown, level: number): void {
    const type = isJsonObject(tree) && typeof tree.resourceType === 'string' ? tree.resourceType : '';
    const structure = this.definitions.resourceTypes.has(type) ? this.definitions.structure(type) : undefined;
    if (!isJsonObject(tree) || structure === undefined) throw new CannotPrint('A resource has a resourceType of R4.');
    const { resourceType: _type, ...members } = tree;
    this.open(type, level === 0 ? ` xmlns="${FHIR_NAMESPACE}"` : '', level);
    this.close(type, level, this.members(members, structure, level + 1, []));
  }

  /** Writes the elements of an object in the order of the definition; the number of elements written. */
  private members(
    object: Record<string, unknown>,
    structure: Structure,
    level: number,
    done: readonly string[],
  ): number {
    const left = new Set(Object.keys(object).filter((key) => object[key] !== undefined && !done.includes(key)));
    let written = 0;
    for (const property of structure.properties.values()) {
      const { name, list } = property;
      if (!left.has(name) && !left.has(`_${name}`)) continue;
      left.delete(name);
      left.delete(`_${name}`);
      const [value, beside] = [object[name], object[`_${name}`]];
      this.path.push(name);
      if (list) written += this.list(property, value ?? [], beside ?? [], level);
      else {
        this.element(property, spelt(object, name, value), beside, level);
        written += 1;
      }
      this.path.pop();
    }
    const [unknown] = left;
    if (unknown === undefined) return written;
    this.path.push(unknown);
    throw new CannotPrint('R4 has no element of this name here.');
  }

  private list(property: Property, values: unknown, besides: unknown, level: number): number {
    if (!Array.isArray(values) || !Array.isArray(besides)) throw new CannotPrint('This element is a list.');
    const count = Math.max(values.length, besides.length);
    for (let index = 0; index < count; index += 1) {
      this.path.push(index);
      this.element(property, spelt(values, index, values[index] ?? undefined), besides[index] ?? undefined, level);
      this.path.pop();
    }
    return count;
  }

  private element({ name, type, inner }: Property, value: unknown, beside: unknown, level: number): void {
    this.values += 1;
    if (this.values > LIMITS.fieldsMax) throw new CannotPrint(`The result has more than ${LIMITS.fieldsMax} elements.`);
    if (level > LIMITS.depthMax) throw new CannotPrint(`The result is nested more than ${LIMITS.depthMax} deep.`);
    if (type === 'xhtml') {
      this.narrative(value, level);
      return;
    }
    if (/^[a-z]/.test(type)) {
      this.primitive(name, value, beside, level);
      return;
    }
    if (beside !== undefined) throw new CannotPrint('Only a primitive has something beside it.');
    if (type === 'Resource') {
      this.open(name, '', level);
      this.resource(value, level + 1);
      this.close(name, level, 1);
      return;
    }
    const structure = inner?.() ?? this.definitions.structure(type);
    if (!isJsonObject(value) || structure === undefined) throw new CannotPrint('This element is an object.');
    const names = type === 'Extension' ? ['id', 'url'] : ['id'];
    this.open(name, this.attributes(value, names), level);
    this.close(name, level, this.members(value, structure, level + 1, names));
  }

  private primitive(name: string, value: unknown, beside: unknown, level: number): void {
    if (beside !== undefined && !isJsonObject(beside))
      throw new CannotPrint('What stands beside a primitive is an object.');
    const structure = this.definitions.structure('Element');
    if (structure === undefined || (value === undefined && beside === undefined)) {
      throw new CannotPrint('An element has a value or an extension.');
    }
    const text = value === undefined ? '' : ` value="${this.escaped(value)}"`;
    this.open(name, this.attributes(beside ?? {}, ['id']) + text, level);
    this.close(name, level, this.members(beside ?? {}, structure, level + 1, ['id']));
  }

  private narrative(value: unknown, level: number): void {
    if (typeof value !== 'string' || !isNarrative(value)) {
      throw new CannotPrint(`A narrative is a well-formed div that declares xmlns="${XHTML_NAMESPACE}".`);
    }
    this.parts.push(`\n${'  '.repeat(level)}`, value);
  }

  private attributes(object: Record<string, unknown>, names: readonly string[]): string {
    let text = '';
    for (const name of names) {
      if (object[name] === undefined) continue;
      this.path.push(name);
      if (typeof object[name] !== 'string') throw new CannotPrint('This is a text.');
      text += ` ${name}="${this.escaped(object[name])}"`;
      this.path.pop();
    }
    return text;
  }

  private escaped(value: unknown): string {
    const text = scalarText(value);
    if (text === undefined) throw new CannotPrint('This is not a single value that XML can hold.');
    return escapeAttribute(text);
  }

  private open(name: string, attributes: string, level: number): void {
    this.parts.push(`\n${'  '.repeat(level)}<${name}${attributes}`, '>');
  }

  private close(name: string, level: number, children: number): void {
    if (children > 0) this.parts.push(`\n${'  '.repeat(level)}</${name}>`);
    else this.parts[this.parts.length - 1] = '/>';
  }
}

/** A number as it is to be written. */
function spelt(holder: object, key: string | number, value: unknown): unknown {
  return typeof value === 'number' ? (spellingOf(holder, key, value) ?? value) : value;
}

/** Whether a text is one `div` of XHTML and nothing else, so that it cannot break the document it is put into. */
function isNarrative(text: string): boolean {
  if (!text.startsWith('<div') || !text.endsWith('>')) return false;
  const parser = createXmlParser((code, words) => new XmlFault(issue(code, words)));
  let depth = 0;
  let isGood = true;
  parser.on('opentag', (tag) => {
    depth += 1;
    isGood &&= depth <= LIMITS.depthMax && tag.prefix === '' && tag.uri === XHTML_NAMESPACE;
    if (depth === 1) isGood &&= tag.local === 'div' && tag.attributes.xmlns !== undefined;
    isGood &&= Object.values(tag.attributes).every(({ prefix }) => ['', 'xml', 'xmlns'].includes(prefix));
  });
  parser.on('closetag', () => {
    depth -= 1;
  });
  try {
    parser.write(text).close();
  } catch (thrown) {
    if (!(thrown instanceof XmlFault)) throw thrown;
    return false;
  }
  return isGood;
}
