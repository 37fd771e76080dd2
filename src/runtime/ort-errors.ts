import type { Place, Problem } from '../kernel/errors.js';

interface KnownFailure {
  readonly code: string;
  readonly pattern: RegExp;
  readonly kind: Problem['kind'];
  readonly message: (groups: Readonly<Record<string, string>>) => string;
  readonly hint?: string;
}

const UNKNOWN_OPERATOR = 'export the model with standard operators, or as a function of them';

/** What ONNX Runtime 1.30 says when it refuses a model, and what that means. The first that matches is reported. */
const LOAD_FAILURES: readonly KnownFailure[] = [
  {
    code: 'file-not-found',
    pattern: /File doesn't exist/,
    kind: 'io',
    message: () => 'the file does not exist',
  },
  {
    code: 'not-onnx',
    pattern: /[Pp]rotobuf parsing failed|ModelProto does not have a graph|Unknown model file format/,
    kind: 'model',
    message: () => 'this is not an ONNX model, or it is cut off',
  },
  {
    code: 'unsupported-opset',
    pattern: /Opset (?<given>\d+) is under development.*domain (?<domain>\S+) is till opset (?<known>\d+)/s,
    kind: 'model',
    message: ({ given, domain, known }) =>
      `the model needs opset ${given} of ${domain}; ONNX Runtime supports opset ${known} at most`,
    hint: 'export the model for an older opset',
  },
  {
    code: 'unsupported-ir-version',
    pattern: /Unsupported model IR version: (?<given>\d+), max supported IR version: (?<known>\d+)/,
    kind: 'model',
    message: ({ given, known }) => `the model has IR version ${given}; ONNX Runtime reads ${known} at most`,
  },
  {
    code: 'no-kernel',
    pattern: /Could not find an implementation for (?<op>[\w.]+)\((?<since>\d+)\) node with name '(?<node>[^']*)'/,
    kind: 'model',
    message: ({ op, since }) => `ONNX Runtime has no CPU kernel for ${op} (opset ${since}) with these types`,
  },
  {
    code: 'unknown-operator',
    pattern: /No [Oo]p registered for (?<op>[\w.]+) with domain_version of (?<opset>\d+)/,
    kind: 'model',
    message: ({ op, opset }) => `ONNX Runtime knows no operator ${op} at opset ${opset}`,
    hint: UNKNOWN_OPERATOR,
  },
  {
    code: 'unknown-operator',
    pattern: /Fatal error: (?<op>[\w.:-]+)(?:\(-?\d+\))? is not a registered function\/op/,
    kind: 'model',
    message: ({ op }) => `ONNX Runtime knows no operator ${op}`,
    hint: UNKNOWN_OPERATOR,
  },
];

const RUN_FAILURE = /running (?<op>[\w.]+) node\. Name:'(?<node>[^']*)' Status Message: (?<why>.*)/s;

/** Why a model did not open, from the message that ONNX Runtime threw. */
export function loadProblem(message: string, file: string | undefined): Problem {
  for (const known of LOAD_FAILURES) {
    const match = known.pattern.exec(message);
    if (!match) continue;
    const groups = match.groups ?? {};
    return {
      kind: known.kind,
      code: known.code,
      message: known.message(groups),
      place: placeOf(file, groups),
      ...(known.hint && { hint: known.hint }),
    };
  }
  return { kind: 'runtime', code: 'model-not-loaded', message: `ONNX Runtime: ${message}`, place: placeOf(file, {}) };
}

/** Why a run failed: the node, and what ONNX Runtime says about it. */
export function runProblem(message: string, file: string | undefined): Problem {
  const groups = RUN_FAILURE.exec(message)?.groups ?? {};
  const why = (groups.why ?? message).trim();
  return { kind: 'runtime', code: 'run-failed', message: `ONNX Runtime: ${why}`, place: placeOf(file, groups) };
}

function placeOf(file: string | undefined, groups: Readonly<Record<string, string>>): Place {
  return { ...(file && { file }), ...(groups.node && { node: groups.node }), ...(groups.op && { op: groups.op }) };
}
