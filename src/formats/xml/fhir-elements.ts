import type { SaxesTagNS } from 'saxes';
import { type IssueCode, issue } from '../../kernel/errors.ts';
import { LIMITS } from '../../kernel/limits.ts';
import { isSafeName, positionAt } from '../text.ts';
import { createXmlParser } from './create-parser.ts';
import { XmlFault } from './xml-fault.ts';

export const FHIR_NAMESPACE = 'http://hl7.org/fhir';
export const XHTML_NAMESPACE = 'http://www.w3.org/1999/xhtml';
const XSI_NAMESPACE = 'http://www.w3.org/2001/XMLSchema-instance';

/** An element of a FHIR document, before it is known what it means. */
export interface FhirElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: FhirElement[];
  readonly offset: number;
  /** The text of a narrative's `div`, as it came. */
  div: string | undefined;
}

/** XML text → elements. Text may stand in a narrative alone; comments and processing instructions are passed over. */
export function readFhirElements(text: string): FhirElement {
  const document = openElement('', new Map(), 0);
  const stack = [document];
  let values = 0;
  let tagOffset = 0;
  /** Elements that are open within a narrative's `div`, itself included. */
  let divDepth = 0;
  const fault = (code: IssueCode, words: string, offset?: number): XmlFault => {
    const at = `/${stack
      .slice(1)
      .map(({ name }) => wordName(name))
      .join('/')}`;
    return new XmlFault(issue(code, words, { at, ...positionAt(text, offset ?? parser.position) }));
  };
  const parser = createXmlParser(fault);
  const count = (): void => {
    values += 1;
    if (values > LIMITS.fieldsMax) {
      throw fault('fields-too-many', `The message has more than ${LIMITS.fieldsMax} elements and attributes.`);
    }
  };
  parser.on('attribute', count);
  parser.on('opentagstart', () => {
    tagOffset = text.lastIndexOf('<', parser.position - 1);
  });
  parser.on('opentag', (tag) => {
    count();
    if (stack.length + divDepth > LIMITS.depthMax) {
      throw fault('depth-too-large', `The message is nested more than ${LIMITS.depthMax} deep.`);
    }
    const isDiv = divDepth === 0 && tag.uri === XHTML_NAMESPACE && tag.local === 'div';
    if (isDiv || divDepth > 0) {
      checkNarrative(tag, isDiv, fault, tagOffset);
      divDepth += 1;
      if (!isDiv) return;
    } else if (tag.uri !== FHIR_NAMESPACE) {
      throw fault('xml-syntax', `FHIR elements are of the namespace ${FHIR_NAMESPACE}.`, tagOffset);
    }
    const open = openElement(tag.local, plainAttributes(tag, isDiv, fault, tagOffset), tagOffset);
    stack.at(-1)?.children.push(open);
    stack.push(open);
  });
  const onText = (piece: string): void => {
    if (divDepth === 0 && piece.trim() !== '') throw fault('xml-syntax', 'FHIR has text in narratives alone.');
  };
  parser.on('text', onText);
  parser.on('cdata', onText);
  parser.on('closetag', () => {
    if (divDepth > 0) {
      divDepth -= 1;
      if (divDepth > 0) return;
      const div = stack.at(-1);
      if (div !== undefined) div.div = text.slice(div.offset, parser.position);
    }
    stack.pop();
  });
  parser.write(text).close();
  return document.children[0] ?? document;
}

function openElement(name: string, attributes: ReadonlyMap<string, string>, offset: number): FhirElement {
  return { name, attributes, children: [], offset, div: undefined };
}

/** In JSON a narrative stands alone, so it must be understood alone: it declares its own namespace and no other. */
function checkNarrative(
  tag: SaxesTagNS,
  isDiv: boolean,
  fault: (code: IssueCode, words: string, offset: number) => XmlFault,
  offset: number,
): void {
  const declared = isDiv ? tag.attributes.xmlns?.value === XHTML_NAMESPACE : tag.uri === XHTML_NAMESPACE;
  const prefixed = Object.values(tag.attributes).some(
    ({ prefix }) => prefix !== '' && !['xmlns', 'xml'].includes(prefix),
  );
  if (declared && tag.prefix === '' && !prefixed) return;
  throw fault(
    'xml-syntax',
    `A narrative is a div that declares xmlns="${XHTML_NAMESPACE}" itself, without prefixes.`,
    offset,
  );
}

function plainAttributes(
  tag: SaxesTagNS,
  isDiv: boolean,
  fault: (code: IssueCode, words: string, offset: number) => XmlFault,
  offset: number,
): Map<string, string> {
  const attributes = new Map<string, string>();
  if (isDiv) return attributes;
  for (const { name, prefix, uri, local, value } of Object.values(tag.attributes)) {
    if (prefix === 'xmlns' || name === 'xmlns' || uri === XSI_NAMESPACE) continue;
    if (prefix !== '' || !['id', 'url', 'value'].includes(local)) {
      throw fault('xml-syntax', 'FHIR elements have the attributes id, url and value, and no other.', offset);
    }
    attributes.set(local, value);
  }
  return attributes;
}

export function wordName(name: string): string {
  return isSafeName(name) ? name : '…';
}
