import type { SourcePosition, TreePath } from './format.ts';
import { indexLines, isSafeName, type LineIndex, positionOf } from './text.ts';

/**
 * Where each value of a tree starts in the text. It has the shape of the tree and is made only when a position is
 * first asked for; many questions then cost one reading of the text.
 */
export interface PositionNode {
  readonly offset: number;
  /** Members by name, list items by 0-based number. */
  readonly children: Map<string | number, PositionNode>;
}

export function positionNode(offset: number): PositionNode {
  return { offset, children: new Map() };
}

/** Answers `Payload.locate`: reads the positions once, follows the path as far as it exists, and words the place. */
export function createLocate(
  text: string,
  readPositions: () => PositionNode,
  wordPath: (path: TreePath) => string,
): (path: TreePath) => SourcePosition {
  let root: PositionNode | undefined;
  let lines: LineIndex | undefined;
  return (path) => {
    root ??= readPositions();
    let node = root;
    let depth = 0;
    for (const step of path) {
      const next = node.children.get(step);
      if (next === undefined) break;
      node = next;
      depth += 1;
    }
    lines ??= indexLines(text);
    return { at: wordPath(path.slice(0, depth)), ...positionOf(node.offset, lines) };
  };
}

/** `$.needs[3].code`; a name that is not a plain word is quoted: `$['NHS number']`. */
export function wordJsonPath(path: TreePath): string {
  let words = '$';
  for (const step of path) {
    if (typeof step === 'number') words += `[${step}]`;
    else if (!isSafeName(step)) words += '[…]';
    else words += /^[A-Za-z_][A-Za-z0-9_]*$/.test(step) ? `.${step}` : `['${step}']`;
  }
  return words;
}

/** `/referral/needs/need[2]/@code`: as XPath counts, from 1. */
export function wordXmlPath(path: TreePath): string {
  let words = '';
  for (const step of path) {
    if (typeof step === 'number') words += `[${step + 1}]`;
    else words += `/${isSafeName(step) ? step : '…'}`;
  }
  return words === '' ? '/' : words;
}
