/**
 * What a narrative may contain: the basic HTML formatting elements of chapters 7 to 11 (except section 4 of chapter 9)
 * and 15 of the HTML 4.0 standard, `<a>` and images (https://hl7.org/fhir/R4/narrative.html#xhtml). Everything else is
 * refused, rather than a list of what is known to be dangerous.
 */
const ELEMENTS = new Set(
  (
    'a abbr acronym b big blockquote br caption cite code col colgroup dd dfn div dl dt em h1 h2 h3 h4 h5 h6 hr i img ' +
    'kbd li ol p pre q s samp small span strong sub sup table tbody td tfoot th thead tr tt u ul var'
  ).split(' '),
);

const ATTRIBUTES = new Set(
  (
    'abbr align alt axis bgcolor border cellhalign cellpadding cellspacing cellvalign char charoff charset class color ' +
    'colspan compact coords dir face frame headers height href hreflang hspace id lang longdesc name noshade nowrap ' +
    'rel rev rowspan rules scope shape size span src start style summary tabindex title type valign value vspace ' +
    'width xml:lang xml:space xmlns'
  ).split(' '),
);

const NAMESPACE = 'http://www.w3.org/1999/xhtml';
const ENTITY = /&(?:#\d{1,7}|#x[0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});/y;
/** Nesting of elements inside one narrative. */
const ELEMENT_DEPTH_MAX = 64;

/**
 * What is wrong with a narrative's `div`, in words that quote nothing of it; undefined when nothing is. One pass from
 * left to right, so that its time grows with the text and no faster.
 */
export function findUnsafeXhtml(text: string): string | undefined {
  const open: string[] = [];
  let at = 0;
  let roots = 0;
  let ampersand = text.indexOf('&');
  while (at < text.length) {
    const next = text.indexOf('<', at);
    const end = next === -1 ? text.length : next;
    if (open.length === 0 && skipSpace(text, at) < end) {
      return 'The narrative must be one div element, with nothing around it.';
    }
    // Looked for once more only when it is passed, so that a far one is not searched for from every tag.
    if (ampersand < at && ampersand !== -1) ampersand = text.indexOf('&', at);
    if (ampersand !== -1 && ampersand < end) {
      const badEntity = findBadEntity(text.slice(ampersand, end));
      if (badEntity !== undefined) return badEntity;
    }
    if (next === -1) break;

    if (text.startsWith('<!--', next)) {
      const end = text.indexOf('-->', next + 4);
      if (end === -1) return 'The narrative is not well formed: a comment does not end.';
      at = end + 3;
      continue;
    }
    if (text.startsWith('<!', next) || text.startsWith('<?', next)) {
      return 'The narrative may not hold a DOCTYPE, CDATA or a processing instruction.';
    }
    if (text.startsWith('</', next)) {
      const name = readName(text, next + 2);
      const end = skipSpace(text, next + 2 + name.length);
      if (name === '' || text[end] !== '>' || open.pop() !== name) {
        return 'The narrative is not well formed: its tags do not match.';
      }
      at = end + 1;
      continue;
    }

    const tag = readTag(text, next);
    if (typeof tag === 'string') return tag;
    if (open.length === 0) {
      roots += 1;
      if (tag.name !== 'div' || roots > 1) return 'The narrative must be one div element, with nothing around it.';
      if (!tag.namespace) return `The narrative's div must say xmlns="${NAMESPACE}".`;
    }
    if (!tag.closed) open.push(tag.name);
    if (open.length > ELEMENT_DEPTH_MAX) return `The narrative is nested more than ${ELEMENT_DEPTH_MAX} elements deep.`;
    at = tag.end;
  }
  if (open.length > 0) return 'The narrative is not well formed: a tag is not closed.';
  return roots === 1 ? undefined : 'The narrative must be one div element, with nothing around it.';
}

interface Tag {
  readonly name: string;
  readonly closed: boolean;
  readonly namespace: boolean;
  readonly end: number;
}

/** Reads `<name attribute="value" …>` at `start`; a text says what is wrong with it. */
function readTag(text: string, start: number): Tag | string {
  const name = readName(text, start + 1);
  if (name === '') return 'The narrative is not well formed: a "<" begins no tag. Write it as &lt;.';
  if (!ELEMENTS.has(name))
    return 'The narrative holds an element that R4 does not allow there (only basic formatting).';
  const seen: string[] = [];
  let namespace = false;
  let at = start + 1 + name.length;
  for (;;) {
    const afterSpace = skipSpace(text, at);
    if (text[afterSpace] === '>') return { name, closed: false, namespace, end: afterSpace + 1 };
    if (text.startsWith('/>', afterSpace)) return { name, closed: true, namespace, end: afterSpace + 2 };
    if (afterSpace === at) return 'The narrative is not well formed: a tag is not closed.';
    const attribute = readName(text, afterSpace);
    const equals = skipSpace(text, afterSpace + attribute.length);
    const quoteAt = skipSpace(text, equals + 1);
    const quote = text[quoteAt];
    if (attribute === '' || text[equals] !== '=' || (quote !== '"' && quote !== "'")) {
      return 'The narrative is not well formed: an attribute has no value in quotes.';
    }
    const end = text.indexOf(quote, quoteAt + 1);
    if (end === -1) return 'The narrative is not well formed: an attribute has no closing quote.';
    const value = text.slice(quoteAt + 1, end);
    if (seen.includes(attribute)) return 'The narrative is not well formed: an attribute stands there twice.';
    seen.push(attribute);
    if (seen.length > ATTRIBUTES.size)
      return 'The narrative holds an attribute that R4 does not allow, such as an event handler.';
    const problem = value.includes('<')
      ? 'The narrative is not well formed: an attribute holds "<".'
      : (findBadEntity(value) ?? findUnsafeAttribute(name, attribute, value));
    if (problem !== undefined) return problem;
    if (attribute === 'xmlns' && value === NAMESPACE) namespace = true;
    at = end + 1;
  }
}

function findUnsafeAttribute(element: string, attribute: string, value: string): string | undefined {
  if (!ATTRIBUTES.has(attribute))
    return 'The narrative holds an attribute that R4 does not allow, such as an event handler.';
  if (attribute === 'xmlns' && value !== NAMESPACE) return `The narrative may only say xmlns="${NAMESPACE}".`;
  if ((attribute === 'href' || attribute === 'longdesc') && !isSafeLink(value, /^(https?|mailto|tel|urn):/i)) {
    return 'The narrative holds a link that is not http, https, mailto, tel, or within the resource.';
  }
  if (attribute === 'src' && (element !== 'img' || !isSafeLink(value, /^(https?:|data:image\/(png|jpeg|gif);)/i))) {
    return 'The narrative holds an image that is not http, https, or an image in the resource itself.';
  }
  // Style can fetch and, in old browsers, run; what formatting needs has neither brackets nor escapes.
  if (attribute === 'style' && /[\\(@]|\/\*|:\/\//.test(value)) {
    return 'The narrative holds a style with a function, an address or an escape.';
  }
  return undefined;
}

/** A link with an allowed scheme, or with none. Entities could spell a scheme, so a link may hold `&amp;` alone. */
function isSafeLink(value: string, schemes: RegExp): boolean {
  const link = value.replaceAll('&amp;', '').trim();
  if (link.includes('&') || hasControl(link)) return false;
  return schemes.test(link) || !link.split(/[/?#]/, 1)[0]?.includes(':');
}

function hasControl(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) <= 0x20) return true;
  return false;
}

function findBadEntity(text: string): string | undefined {
  for (let at = text.indexOf('&'); at !== -1; at = text.indexOf('&', at + 1)) {
    ENTITY.lastIndex = at;
    if (!ENTITY.test(text)) return 'The narrative is not well formed: an "&" begins no entity. Write it as &amp;.';
  }
  return undefined;
}

/** A letter, then letters, digits and colons; empty where there is none. */
function readName(text: string, at: number): string {
  let end = at;
  for (; end < text.length; end += 1) {
    const code = text.charCodeAt(end);
    const isLetter = (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a);
    // Digits and the colon follow each other in ASCII.
    if (!isLetter && (end === at || code < 0x30 || code > 0x3a)) break;
  }
  return text.slice(at, end);
}

/** The space of XML (https://www.w3.org/TR/xml/#NT-S). */
function skipSpace(text: string, at: number): number {
  let end = at;
  for (; end < text.length; end += 1) {
    const code = text.charCodeAt(end);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) break;
  }
  return end;
}
