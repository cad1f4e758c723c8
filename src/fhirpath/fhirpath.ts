import type { Result } from '../kernel/result.ts';

/**
 * The contract of our FHIRPath compiler (http://hl7.org/fhirpath/N1/): source text in, closure out. Strict: an unknown
 * function, an unknown variable, trailing text or a wrong number of arguments is an issue with line and column.
 */
export interface CompileOptions {
  /**
   * `fhir`: FHIR R4 semantics (choice types, primitive extensions, `resolve()`). `plain`: a name means that name.
   * `hl7v2`: plain, and `.3` after a dot is a field, component or subcomponent number.
   */
  readonly dialect: 'fhir' | 'plain' | 'hl7v2';
  /** Names that may follow `%`, besides those of the standard. */
  readonly variables: ReadonlySet<string>;
  /** Functions beyond FHIRPath's own. */
  readonly functions: ReadonlyMap<string, ExtraFunction>;
  /** Where the expression stands in its file, so that positions point into that file. 1-based. */
  readonly place: { readonly file: string; readonly line: number; readonly column: number };
  /** Variables that are not looked up by name: their places in `Environment.frame`. */
  readonly slots?: ReadonlyMap<string, number> | undefined;
  /**
   * The place in `Environment.frame` where the caller keeps what stands at a path of names in the input, or the list that
   * is met on the way there. It does so before it evaluates anything.
   */
  readonly pathSlot?: ((names: readonly string[]) => number) | undefined;
  /** Report every member read to `Environment.onRead`, for unread fields and lineage. Slower. */
  readonly track?: boolean | undefined;
}

export interface ExtraFunction {
  readonly name: string;
  /** As docs print it: `nhsNumber() : string`. */
  readonly signature: string;
  readonly sentence: string;
  readonly minArguments: number;
  readonly maxArguments: number;
  /** Names of arguments that must be literals, checked at load. */
  readonly checkLiterals?: ((args: readonly (string | undefined)[]) => string | undefined) | undefined;
  /** Gets the input collection and evaluated arguments; throws `EvaluationError` for bad data. */
  readonly apply: (
    input: readonly unknown[],
    args: readonly (readonly unknown[])[],
    env: Environment,
  ) => readonly unknown[];
  /**
   * For a function that does not look at its input: arguments that are all literals are looked at once, at load. What it
   * returns finds what `apply` would: one new JSON value with nothing empty in it, or undefined for nothing. Undefined leaves the call to `apply`.
   */
  readonly bind?: ((args: readonly (readonly unknown[])[]) => ((env: Environment) => unknown) | undefined) | undefined;
}

/** What an expression can see while it runs. */
export interface Environment {
  readonly variables: ReadonlyMap<string, readonly unknown[]>;
  /** Values by number: one item, or a list of none or several. See `CompileOptions.slots`. */
  readonly frame?: unknown[] | undefined;
  readonly now: Date;
  /** Finds the target of a reference; undefined where there is none. */
  readonly resolve?: ((reference: string) => unknown) | undefined;
  /** Counts evaluation steps down; an expression that reaches 0 fails with `mapping-limit`. */
  readonly budget: { steps: number };
  readonly onRead?: ((parent: object, name: string) => void) | undefined;
  /** Told of members that were looked at on the way and give no value: a resource's type, where a type is asked for. */
  readonly onLook?: ((parent: object, name: string) => void) | undefined;
  /** Whatever the extra functions need (code maps, references); FHIRPath itself does not look at it. */
  readonly host?: unknown;
}

/** A path of which `Environment.frame` holds all but its last name: `patient.surname`, `%row.code`. */
export interface KeptPath {
  readonly slot: number;
  readonly name: string;
  /** What reading it costs. */
  readonly steps: number;
}

export interface CompiledExpression {
  readonly source: string;
  readonly place: CompileOptions['place'];
  /** Evaluates over one input value; `$this` and the start of paths. Throws `EvaluationError` for bad data. */
  evaluate(input: unknown, env: Environment): readonly unknown[];
  /** The same without a list where one will do: undefined for nothing, a value for one, a list for several. */
  find(input: unknown, env: Environment): unknown;
  /** Set for a path that can be read without a call: see `findKeptText`. */
  readonly kept?: KeptPath | undefined;
  /** Set for a call of a bound function over one input: the value it makes is the caller's to keep. */
  readonly bound?: ((env: Environment) => unknown) | undefined;
}

export type CompileFhirPath = (source: string, options: CompileOptions) => Result<CompiledExpression>;
