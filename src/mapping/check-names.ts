import type { CallNode, MemberNode, Node, TypeName } from '../fhirpath/ast.ts';
import { isFhirType, isResourceType } from '../fhirpath/fhir-types.ts';
import { parseFhirPath } from '../fhirpath/parser.ts';
import { lineAndColumn } from '../fhirpath/source-error.ts';
import { choiceOf } from '../fhirpath/static-type.ts';
import { isTypeFunction, readTypeName } from '../fhirpath/type-test.ts';
import { type Issue, issue } from '../kernel/errors.ts';
import { FhirShape } from './fhir-shape.ts';
import { joinShapes, type Shape } from './shape.ts';
import type { Hole } from './skeleton.ts';
import { formatPlace } from './yaml-source.ts';

/** What is declared of the values that an expression can reach. */
export interface KnownShapes {
  readonly dialect: 'fhir' | 'plain' | 'hl7v2';
  /** The message, where a path without `%` begins. */
  readonly root: Shape | undefined;
  readonly variables: ReadonlyMap<string, Shape>;
}

/** Functions that give back items of their input. */
const KEEPING = new Set(
  'where first last tail skip take single distinct intersect exclude trace sort given'.split(' '),
);
/** Functions whose arguments are evaluated for each item of the input. */
const LOOPING = new Set('where select all exists iif sort trace'.split(' '));

/**
 * Names in an expression that no message can have, as far as the input is declared, and what is known of its result.
 * Where nothing is known for sure nothing is said. The expression is one that compiles.
 */
export function checkNames(hole: Hole, known: KnownShapes): { shape: Shape | undefined; issues: readonly Issue[] } {
  if (known.root === undefined && known.variables.size === 0) return { shape: undefined, issues: [] };
  const { dialect } = known;
  const node = parseFhirPath(hole.source, {
    numberedMembers: dialect === 'hl7v2',
    refuseDashes: dialect !== 'fhir',
  });
  const checker = new NameChecker(hole, known);
  const shape = checker.visit(node, known.root);
  return { shape, issues: checker.issues };
}

class NameChecker {
  readonly issues: Issue[] = [];
  private readonly hole: Hole;
  private readonly known: KnownShapes;

  constructor(hole: Hole, known: KnownShapes) {
    this.hole = hole;
    this.known = known;
  }

  /** What is known of a node's result, where `$this` has the shape `focus`. */
  visit(node: Node, focus: Shape | undefined): Shape | undefined {
    switch (node.kind) {
      case 'this':
        return focus;
      case 'variable':
        return this.known.variables.get(node.name);
      case 'member':
        return this.member(node, focus);
      case 'call':
        return this.call(node, focus);
      case 'item':
        this.visit(node.index, focus);
        return this.visit(node.from, focus);
      case 'sign':
        this.visit(node.operand, focus);
        return undefined;
      case 'type': {
        const input = this.visit(node.operand, focus);
        return node.operator === 'as' ? this.cast(node.operand, node.type, input) : undefined;
      }
      case 'binary': {
        const left = this.visit(node.left, focus);
        const right = this.visit(node.right, focus);
        return node.operator === '|' ? joinShapes(left, right) : undefined;
      }
      default:
        return undefined;
    }
  }

  private member(node: MemberNode, focus: Shape | undefined): Shape | undefined {
    const input = node.from === undefined ? focus : this.visit(node.from, focus);
    if (input === undefined) return undefined;
    if (node.from === undefined && input instanceof FhirShape && input.isResource() && isResourceType(node.name)) {
      return new FhirShape(new Set([node.name]));
    }
    const found = input.member(node.name);
    if (found !== 'absent') return found;
    this.report(input.explain(node.name), node.at);
    return undefined;
  }

  private call(node: CallNode, focus: Shape | undefined): Shape | undefined {
    const { name, from } = node;
    const input = from === undefined ? focus : this.visit(from, focus);
    if (isTypeFunction(name)) {
      const [argument] = node.args;
      const type = argument === undefined ? undefined : readTypeName(argument);
      return name === 'is' || from === undefined || type === undefined ? undefined : this.cast(from, type, input);
    }
    // What repeat() looks at the second time is what it found the first; aggregate() has a $this of its own.
    const inner = name === 'repeat' || name === 'aggregate' ? undefined : LOOPING.has(name) ? input : focus;
    const args = node.args.map((argument) => this.visit(argument, inner));
    if (KEEPING.has(name)) return input;
    const [first, second, third] = args;
    switch (name) {
      case 'select':
        return first;
      case 'iif':
        return node.args.length > 2 ? joinShapes(second, third) : second;
      case 'union':
      case 'combine':
        return joinShapes(input, first);
      case 'extension':
        return this.known.dialect === 'fhir' ? new FhirShape(new Set(['Extension'])) : undefined;
      case 'resolve':
        return this.known.dialect === 'fhir' ? new FhirShape(new Set(['Resource'])) : undefined;
      default:
        return undefined;
    }
  }

  /** `value.ofType(Quantity)`, `resource as Patient`. */
  private cast(operand: Node, type: TypeName, input: Shape | undefined): Shape | undefined {
    if (this.known.dialect !== 'fhir') return undefined;
    const choice = choiceOf(operand, type);
    if (choice !== undefined) return new FhirShape(new Set([choice.type]));
    const isFhir = type.namespace !== 'System' && isFhirType(type.name);
    return isFhir && input !== undefined ? new FhirShape(new Set([type.name])) : undefined;
  }

  private report(text: string, at: number): void {
    const { source, place } = this.hole;
    const { line, column } = lineAndColumn(source, at);
    const column0 = line === 1 ? place.column + column - 1 : column;
    this.issues.push(
      issue('fhirpath-unknown-property', text, {
        mapping: formatPlace({ file: place.file, line: place.line + line - 1, column: column0 }),
      }),
    );
  }
}
