import { isMap, isScalar, isSeq, type Node, type Scalar, type YAMLMap } from 'yaml';
import { type Issue, issue } from '../kernel/errors.ts';
import { HoleError, holeBetween, type ScalarText, splitHoles } from './read-holes.ts';
import {
  type Assign,
  type ConstantNode,
  type Hole,
  isNeeded,
  type Member,
  type ObjectNode,
  type OneNode,
  type Skeleton,
  type TextNode,
} from './skeleton.ts';
import { describeNode, formatPlace, nodeStart, type Place, readScalarText, type YamlSource } from './yaml-source.ts';

const NEEDED_MISPLACED = 'The mark {{! … }} belongs to a value in a map of the result, which is dropped without it.';

/** Reads skeletons out of a YAML file and keeps the mistakes it finds, so that one load tells them all. */
export class SkeletonReader {
  readonly issues: Issue[] = [];
  readonly source: YamlSource;

  constructor(source: YamlSource) {
    this.source = source;
  }

  placeOf(node: Node | null | undefined): Place {
    return this.source.placeAt(nodeStart(node));
  }

  refuse(place: Place, text: string): void {
    this.issues.push(issue('mapping-syntax', text, { mapping: formatPlace(place) }));
  }

  read(node: Node | null | undefined): Skeleton {
    const place = this.placeOf(node);
    if (isMap(node)) return this.readObject(node as YAMLMap<Scalar, Node | null>);
    if (isSeq(node)) return { kind: 'list', items: node.items.map((item) => this.read(item as Node | null)), place };
    if (isScalar(node)) return this.readScalar(node);
    return { kind: 'constant', value: null, place };
  }

  readScalar(node: Scalar): Skeleton {
    const place = this.placeOf(node);
    const { value } = node;
    if (typeof value === 'string') return this.readText(node, place);
    if (typeof value === 'number' || typeof value === 'boolean' || value === null) {
      return { kind: 'constant', value, place };
    }
    this.refuse(place, 'This is neither text nor a number, a boolean or null.');
    return { kind: 'constant', value: null, place };
  }

  /** A scalar that must be one hole: `"{{ expr }}"`. */
  readHole(node: Node | null | undefined): Hole | undefined {
    const read = isScalar(node) ? this.readScalar(node) : undefined;
    if (read?.kind === 'one') {
      if (read.hole.needed === true) this.refuse(read.place, NEEDED_MISPLACED);
      return read.hole;
    }
    this.refuse(this.placeOf(node), 'This must be one expression: "{{ … }}".');
    return undefined;
  }

  /** `{% assign %}` and the document's `assign`: a list of maps with one key each, or one map. */
  readAssigns(node: Node | null | undefined): Assign[] {
    const maps = isSeq(node) ? node.items : [node];
    const assigns: Assign[] = [];
    for (const map of maps) {
      if (!isMap(map)) {
        this.refuse(
          this.placeOf(map as Node | null),
          `Assignments are maps of one name and one value, not ${describeNode(map as Node | null)}.`,
        );
        continue;
      }
      for (const { key, value } of (map as YAMLMap<Scalar, Node | null>).items) {
        const place = this.placeOf(key);
        const name = String(key.value);
        if (!isName(name)) this.refuse(place, 'The name of an assignment is letters, digits and underscores.');
        const read = this.read(value);
        if (isNeeded(read)) this.refuse(read.place, NEEDED_MISPLACED);
        assigns.push({ name, value: read, place });
      }
    }
    return assigns;
  }

  private readText(node: Scalar, place: Place): Skeleton {
    const scalar = this.scalarText(node);
    try {
      const parts = splitHoles(scalar);
      const [first] = parts;
      if (first === undefined || (parts.length === 1 && typeof first === 'string')) {
        return { kind: 'constant', value: scalar.text, place };
      }
      const lone = parts.filter((part) => typeof part !== 'string' || part.trim() !== '');
      const [only] = lone;
      if (lone.length === 1 && only !== undefined && typeof only !== 'string') {
        return { kind: only.many ? 'many' : 'one', hole: only.hole, place };
      }
      if (parts.some((part) => typeof part !== 'string' && part.many)) {
        this.refuse(place, '{[ … ]} is a list and cannot stand inside a text.');
      }
      return { kind: 'text', parts: parts.map((part) => (typeof part === 'string' ? part : part.hole)), place };
    } catch (error) {
      if (!(error instanceof HoleError)) throw error;
      this.refuse(error.place, error.message);
      return { kind: 'constant', value: null, place };
    }
  }

  private scalarText(node: Scalar): ScalarText {
    return { ...readScalarText(this.source, node), placeAt: (offset) => this.source.placeAt(offset) };
  }

  private readObject(map: YAMLMap<Scalar, Node | null>): ObjectNode {
    const assigns: Assign[] = [];
    const members: Member[] = [];
    for (const { key, value } of map.items) {
      const place = this.placeOf(key);
      const directive = typeof key.value === 'string' && key.value.trim().startsWith('{%');
      if (!directive) {
        const name = this.readKey(key);
        if (name !== undefined) members.push({ kind: 'key', key: name, value: this.read(value), place });
      } else this.readDirective(key, value, place, assigns, members);
    }
    const loops = members.filter((member) => member.kind === 'for');
    if (loops.length > 0 && members.length > 1) {
      this.refuse(
        loops[0]?.place ?? this.placeOf(map),
        'A for loop makes a list: it stands alone in its map, or beside {% assign %}.',
      );
    }
    return { kind: 'object', assigns, members, place: this.placeOf(map) };
  }

  /** What stands under a directive: a map of its own, so that a needed value directly there would have none. */
  private readBranch(value: Node | null): Skeleton {
    const read = this.read(value);
    if (isNeeded(read)) this.refuse(read.place, NEEDED_MISPLACED);
    return read;
  }

  private readKey(key: Scalar): ConstantNode | TextNode | OneNode | undefined {
    const place = this.placeOf(key);
    const read = typeof key.value === 'string' ? this.readText(key, place) : undefined;
    if (read === undefined) return { kind: 'constant', value: key.source ?? String(key.value), place };
    if (isNeeded(read)) this.refuse(place, NEEDED_MISPLACED);
    if (read.kind === 'constant' || read.kind === 'text' || read.kind === 'one') return read;
    this.refuse(place, 'A key is one text, not a list.');
    return undefined;
  }

  private readDirective(key: Scalar, value: Node | null, place: Place, assigns: Assign[], members: Member[]): void {
    const scalar = this.scalarText(key);
    const { text } = scalar;
    const open = text.indexOf('{%') + 2;
    const close = text.lastIndexOf('%}');
    if (close < open || text.slice(close + 2).trim() !== '') {
      this.refuse(place, 'This {% is never closed by %}.');
      return;
    }
    const start = open + (text.slice(open).length - text.slice(open).trimStart().length);
    const word = /^[a-z]+/.exec(text.slice(start, close))?.[0] ?? '';
    const rest = text.slice(start + word.length, close).trim();
    const bare = rest === '';
    switch (word) {
      case 'assign':
        if (!bare) break;
        if (members.length > 0) this.refuse(place, '{% assign %} comes before the members that use it.');
        assigns.push(...this.readAssigns(value));
        return;
      case 'merge':
        if (!bare) break;
        members.push({ kind: 'merge', value: this.readBranch(value), place });
        return;
      case 'if':
        if (bare) break;
        members.push({
          kind: 'if',
          condition: holeBetween(scalar, start + word.length, close),
          whenTrue: this.readBranch(value),
          whenFalse: undefined,
          place,
        });
        return;
      case 'else': {
        if (!bare) break;
        const before = members.pop();
        if (before?.kind !== 'if') this.refuse(place, '{% else %} follows its {% if … %} directly.');
        else members.push({ ...before, whenFalse: this.readBranch(value) });
        return;
      }
      case 'for': {
        const loop = /^for\s+(?:([A-Za-z_][A-Za-z0-9_]*)\s*,\s*)?([A-Za-z_][A-Za-z0-9_]*)\s+in\s/.exec(
          text.slice(start, close),
        );
        if (loop === null || loop[2] === undefined) break;
        const list = holeBetween(scalar, start + loop[0].length, close);
        members.push({ kind: 'for', index: loop[1], item: loop[2], list, body: this.readBranch(value), place });
        return;
      }
    }
    this.refuse(
      place,
      'A directive is one of {% if condition %}, {% else %}, {% for x in list %}, {% for i, x in list %}, {% assign %}, {% merge %}.',
    );
  }
}

export function isName(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(text);
}
