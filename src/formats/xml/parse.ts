import type { SaxesTagNS } from 'saxes';
import { type Issue, type IssueCode, type IssuePlace, issue } from '../../kernel/errors.ts';
import { LIMITS } from '../../kernel/limits.ts';
import { failure, type Result, success } from '../../kernel/result.ts';
import { type PositionNode, positionNode, wordXmlPath } from '../positions.ts';
import { positionAt } from '../text.ts';
import { createXmlParser } from './create-parser.ts';
import { XmlFault } from './xml-fault.ts';

/** XML text → tree, with `saxes`: strict, streaming, no entity but the five that XML itself defines, no DOCTYPE. */

export interface XmlObject {
  [name: string]: XmlNode | XmlNode[];
}
export type XmlNode = string | XmlObject;

/** An element whose end tag has not come yet. */
interface OpenElement {
  readonly name: string;
  readonly object: XmlObject;
  /** Child elements by local name, in order of first appearance. */
  readonly children: Map<string, XmlNode[]>;
  readonly positions: Map<string, PositionNode[]>;
  readonly position: PositionNode;
  text: string;
}

export function parseXmlText(text: string, lists: ReadonlySet<string>): Result<XmlObject> {
  const read = readXml(text, lists);
  return read.ok ? success(read.value.tree, read.issues) : read;
}

/** Where the elements and attributes of a text that is known to be well formed start. */
export function readXmlPositions(text: string, lists: ReadonlySet<string>): PositionNode {
  const read = readXml(text, lists);
  return read.ok ? read.value.positions : positionNode(0);
}

function readXml(text: string, lists: ReadonlySet<string>): Result<{ tree: XmlObject; positions: PositionNode }> {
  const document = openElement('', 0);
  const stack: OpenElement[] = [document];
  const warnings: Issue[] = [];
  let values = 0;
  let attributeFrom = 0;
  let attributeOffsets = new Map<string, number>();
  let tagOffset = 0;

  const current = (): OpenElement => stack[stack.length - 1] ?? document;
  const wordStack = (): string =>
    wordXmlPath(
      stack.slice(1).flatMap((open, index) => {
        const before = stack[index]?.children.get(open.name)?.length ?? 0;
        return before === 0 ? [open.name] : [open.name, before];
      }),
    );
  const fault = (code: IssueCode, words: string, offset?: number): XmlFault =>
    new XmlFault(issue(code, words, { at: wordStack(), ...positionAt(text, offset ?? parser.position) }));
  const parser = createXmlParser(fault);
  const count = (): void => {
    values += 1;
    if (values > LIMITS.fieldsMax) {
      throw fault('fields-too-many', `The message has more than ${LIMITS.fieldsMax} elements and attributes.`);
    }
  };

  parser.on('opentagstart', () => {
    tagOffset = text.lastIndexOf('<', parser.position - 1);
    attributeFrom = parser.position - 1;
    attributeOffsets = new Map();
  });
  parser.on('attribute', ({ name }) => {
    count();
    attributeOffsets.set(name, text.indexOf(name, attributeFrom));
    attributeFrom = parser.position;
  });
  parser.on('opentag', (tag) => {
    count();
    if (stack.length > LIMITS.depthMax) {
      throw fault('depth-too-large', `The message is nested more than ${LIMITS.depthMax} deep.`);
    }
    if (tag.local === '__proto__') throw fault('xml-syntax', 'The element name __proto__ is not accepted.', tagOffset);
    const open = openElement(tag.local, tagOffset);
    const twice = readAttributes(tag, open, attributeOffsets);
    stack.push(open);
    if (twice) throw fault('duplicate-key', 'Two attributes have the same name but for their namespace.', tagOffset);
  });
  const addText = (piece: string): void => {
    current().text += piece;
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('closetag', () => {
    const closed = stack.pop();
    if (closed === undefined) return;
    const parent = current();
    if (closed.children.size > 0 && closed.text.trim() !== '' && warnings.length === 0) {
      const place: IssuePlace = { severity: 'warning', at: wordStack(), ...positionAt(text, closed.position.offset) };
      warnings.push(
        issue('xml-syntax', 'An element below has text between its child elements; where it stood is not kept.', place),
      );
    }
    append(parent.children, closed.name, closeElement(closed, lists));
    append(parent.positions, closed.name, closed.position);
  });

  try {
    parser.write(text).close();
  } catch (thrown) {
    if (thrown instanceof XmlFault) return failure(thrown.issue);
    throw thrown;
  }
  // White space around the root is not the root's.
  document.text = '';
  return success({ tree: closeElement(document, new Set()) as XmlObject, positions: document.position }, warnings);
}

function openElement(name: string, offset: number): OpenElement {
  return { name, object: {}, children: new Map(), positions: new Map(), position: positionNode(offset), text: '' };
}

/** Puts a tag's attributes into its object; true when two share a local name. */
function readAttributes(tag: SaxesTagNS, open: OpenElement, offsets: ReadonlyMap<string, number>): boolean {
  for (const { name, prefix, local, value } of Object.values(tag.attributes)) {
    if (prefix === 'xmlns' || name === 'xmlns') continue;
    const key = `@${local}`;
    if (Object.hasOwn(open.object, key)) return true;
    open.object[key] = value;
    open.position.children.set(key, positionNode(offsets.get(name) ?? open.position.offset));
  }
  return false;
}

function closeElement(open: OpenElement, lists: ReadonlySet<string>): XmlNode {
  const { object, children, positions, position } = open;
  const hasAttributes = position.children.size > 0;
  if (children.size === 0 && !hasAttributes) return open.name === '' ? object : open.text;
  const text = children.size === 0 ? open.text : open.text.trim();
  if (text !== '') object['#text'] = text;
  for (const [name, nodes] of children) {
    const places = positions.get(name) ?? [];
    const [onlyNode] = nodes;
    const [firstPlace] = places;
    if (onlyNode === undefined || firstPlace === undefined) continue;
    if (nodes.length === 1 && !lists.has(name)) {
      object[name] = onlyNode;
      position.children.set(name, firstPlace);
    } else {
      object[name] = nodes;
      position.children.set(name, { offset: firstPlace.offset, children: new Map(places.entries()) });
    }
  }
  return object;
}

function append<T>(lists: Map<string, T[]>, name: string, item: T): void {
  const list = lists.get(name);
  if (list === undefined) lists.set(name, [item]);
  else list.push(item);
}
