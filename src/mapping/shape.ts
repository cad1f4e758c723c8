import { suggestion } from '../kernel/nearest-name.ts';

/** What is known beforehand of the values at one place of an input. Undefined instead of a shape: nothing is known. */
export interface Shape {
  /** What a member may be: `absent` where no value here can have one of that name, undefined where nothing is known. */
  member(name: string): Found;
  /** Names that are declared, for a suggestion. */
  names(): readonly string[];
  /** Why there is no member of that name, and what may have been meant. */
  explain(name: string): string;
}

export type Found = Shape | 'absent' | undefined;

/** A value that keeps to every one of the findings. */
export function bothOf(found: readonly Found[]): Found {
  if (found.includes('absent')) return 'absent';
  return combine(found.filter(isShape), bothOf);
}

/** A value that keeps to at least one of the findings. */
export function eitherOf(found: readonly Found[]): Found {
  const possible = found.filter((one) => one !== 'absent');
  if (possible.length === 0) return 'absent';
  return possible.every(isShape) ? combine(possible, eitherOf) : undefined;
}

/** The shape of a collection that is joined from two: nothing is known of it unless something is of both. */
export function joinShapes(left: Shape | undefined, right: Shape | undefined): Shape | undefined {
  return left === undefined || right === undefined ? undefined : combine([left, right], eitherOf);
}

export function explainAbsent(name: string, known: readonly string[]): string {
  return `The declared input has no member called ${name} here.${suggestion(name, known)}`;
}

function isShape(found: Found): found is Shape {
  return found !== undefined && found !== 'absent';
}

function combine(shapes: readonly Shape[], join: (found: readonly Found[]) => Found): Shape | undefined {
  if (shapes.length < 2) return shapes[0];
  const names = () => [...new Set(shapes.flatMap((shape) => shape.names()))];
  return {
    member: (name) => join(shapes.map((shape) => shape.member(name))),
    names,
    explain: (name) => explainAbsent(name, names()),
  };
}
