import { SaxesParser } from 'saxes';
import type { IssueCode } from '../../kernel/errors.ts';
import type { XmlFault } from './xml-fault.ts';

/** How a fault is made where the parser stands. */
export type MakeFault = (code: IssueCode, words: string) => XmlFault;

/**
 * A strict parser: no DOCTYPE, no entity but the five that XML itself defines, XML 1.0 whatever a document calls itself
 * (1.1 has control characters). It throws what `fault` makes.
 */
export function createXmlParser(fault: MakeFault): SaxesParser<{ xmlns: true }> {
  const parser = new SaxesParser({ xmlns: true, forceXMLVersion: true, defaultXMLVersion: '1.0' });
  // The parser's own table inherits from Object.prototype, where `&constructor;` would be found.
  parser.ENTITIES = Object.assign(Object.create(null), { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" });
  parser.on('error', (error) => {
    throw fault('xml-syntax', wordFault(error));
  });
  parser.on('doctype', () => {
    throw fault('xml-dtd-refused', 'A DOCTYPE is not accepted; send the document without it.');
  });
  return parser;
}

/** The parser's own words up to where they begin to quote the text, and without their position. */
function wordFault(error: Error): string {
  const words = error.message.replace(/^\d+:\d+: /, '');
  const plain = /^[A-Za-z &<>?\]-]+/.exec(words)?.[0].trim() ?? 'not well formed';
  return `The XML is not well formed: ${plain}.`;
}
