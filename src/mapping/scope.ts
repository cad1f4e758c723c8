import { compileFhirPath } from '../fhirpath/compile-fhirpath.ts';
import type { CompiledExpression, ExtraFunction } from '../fhirpath/fhirpath.ts';
import { isStandardVariable } from '../fhirpath/variables.ts';
import { type Issue, issue } from '../kernel/errors.ts';
import { checkNames } from './check-names.ts';
import { FrameLayout } from './frame.ts';
import type { Shape } from './shape.ts';
import type { Hole } from './skeleton.ts';
import { formatPlace, type Place } from './yaml-source.ts';

/** What expressions of one mapping are compiled with. */
export interface CompileParts {
  readonly dialect: 'fhir' | 'plain' | 'hl7v2';
  readonly functions: ReadonlyMap<string, ExtraFunction>;
  /** Report reads and gather errors: what a failed message is run with a second time. */
  readonly track: boolean;
  /** What is declared of the message; undefined where nothing is. */
  readonly input?: Shape | undefined;
  /** Filled while compiling. */
  readonly issues: Issue[];
}

/** A compiled expression, and what is known of the values it finds. */
export interface ScopedExpression extends CompiledExpression {
  readonly shape: Shape | undefined;
}

/** The names an expression may use after `%`, at one place of the skeleton. */
export class Scope {
  readonly parts: CompileParts;
  readonly names: ReadonlySet<string>;
  /** Names made since the outermost scope, in order. */
  readonly locals: readonly string[];
  /** The places of the names in `Environment.frame`; undefined where the run is watched, which keeps them by name. */
  readonly slots: ReadonlyMap<string, number> | undefined;
  /** Where everything of the mapping has its place. */
  readonly layout: FrameLayout;
  /** What is known of the values behind the names. */
  private readonly shapes: ReadonlyMap<string, Shape>;

  /** The outermost scope. The names given stand at the beginning of the frame, in their order. */
  static outermost(parts: CompileParts, given: readonly string[] = [], shapes?: ReadonlyMap<string, Shape>): Scope {
    const slots = parts.track ? undefined : new Map(given.map((name, at) => [name, at]));
    return new Scope(parts, new Set(given), [], shapes ?? new Map(), slots, new FrameLayout(given));
  }

  private constructor(
    parts: CompileParts,
    names: ReadonlySet<string>,
    locals: readonly string[],
    shapes: ReadonlyMap<string, Shape>,
    slots: ReadonlyMap<string, number> | undefined,
    layout: FrameLayout,
  ) {
    this.parts = parts;
    this.names = names;
    this.locals = locals;
    this.shapes = shapes;
    this.slots = slots;
    this.layout = layout;
  }

  /** The scope inside a loop or after an assignment. A name means one thing: to define it again is an error. */
  with(name: string, place: Place, shape?: Shape): Scope {
    if (isStandardVariable(name)) this.refuse(place, `%${name} has a meaning in FHIRPath. Choose another name.`);
    if (this.names.has(name)) this.refuse(place, `%${name} is defined already. Choose another name.`);
    const shapes = shape === undefined ? this.shapes : new Map([...this.shapes, [name, shape]]);
    const slots = this.slots === undefined ? undefined : new Map([...this.slots, [name, this.layout.add()]]);
    return new Scope(this.parts, new Set([...this.names, name]), [...this.locals, name], shapes, slots, this.layout);
  }

  refuse(place: Place, text: string): void {
    this.parts.issues.push(issue('mapping-syntax', text, { mapping: formatPlace(place) }));
  }

  compile(hole: Hole): ScopedExpression {
    const { dialect, functions, track, issues, input } = this.parts;
    const compiled = compileFhirPath(hole.source, {
      dialect,
      functions,
      track,
      variables: this.names,
      slots: this.slots,
      pathSlot: this.slots === undefined ? undefined : (names) => this.layout.pathSlot(names),
      place: hole.place,
    });
    issues.push(...compiled.issues);
    if (!compiled.ok)
      return { source: hole.source, place: hole.place, evaluate: () => [], find: () => undefined, shape: undefined };
    const checked = checkNames(hole, { dialect, root: input, variables: this.shapes });
    issues.push(...checked.issues);
    return { ...compiled.value, shape: checked.shape };
  }
}
