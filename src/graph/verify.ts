import { BitloomError, type Place, type Problem } from '../kernel/errors.js';
import type { Graph, Model, Node } from './model.js';
import { subgraphs } from './subgraphs.js';

/** What was done to a model before it is looked at: the failure names it. */
export interface Stage {
  readonly pass: string;
  /** Passes that ran earlier, in order. */
  readonly before: readonly string[];
}

/**
 * Everything that is wrong with a model's graphs: values that nothing makes or two nodes make, nodes out of order,
 * names used twice, outputs that nothing makes, domains without an opset. Functions and subgraphs included.
 */
export function verifyModel(model: Model): readonly Problem[] {
  const functions = model.functions.flatMap((body) =>
    verifyNodes(body.nodes, new Set(body.inputs), body.outputs, new Set(), `function ${body.name}`),
  );
  return [...verifyGraph(model.graph, new Set()), ...functions, ...missingOpsets(model)];
}

/** Throws one `internal` error that names the pass, the nodes and the passes before it, if the model is broken. */
export function assertValid(model: Model, stage: Stage): void {
  const problems = verifyModel(model);
  if (problems.length === 0) return;
  const before = stage.before.length > 0 ? `passes before it: ${stage.before.join(', ')}` : 'no pass ran before it';
  throw new BitloomError(
    problems.map((problem) => ({
      ...problem,
      kind: 'internal',
      message: `after pass ${stage.pass}: ${problem.message}`,
      hint: before,
    })),
  );
}

function verifyGraph(graph: Graph, outer: ReadonlySet<string>): readonly Problem[] {
  const given = new Set([...graph.initializers.keys(), ...graph.sparseInitializers.keys()]);
  for (const input of graph.inputs) given.add(input.name);
  const outputs = graph.outputs.map((output) => output.name);
  const inputs = graph.inputs.map((input) => input.name);
  return [
    ...repeated(inputs).map((name) => wrong('duplicate-input', `two inputs are named ${name}`, { tensor: name })),
    ...repeated(outputs).map((name) => wrong('duplicate-output', `two outputs are named ${name}`, { tensor: name })),
    ...verifyNodes(graph.nodes, given, outputs, outer, `graph ${graph.name}`),
  ];
}

function verifyNodes(
  nodes: readonly Node[],
  given: ReadonlySet<string>,
  outputs: readonly string[],
  outer: ReadonlySet<string>,
  where: string,
): readonly Problem[] {
  const made = new Set(nodes.flatMap((node) => node.outputs));
  const known = new Set([...outer, ...given]);
  const names = repeated(nodes.map((node) => node.name));
  const problems = names.map((name) => wrong('duplicate-node', `two nodes are named ${name}`, { node: name }));
  for (const node of nodes) problems.push(...verifyNode(node, known, made, given));
  const missing = outputs.filter((name) => !given.has(name) && !made.has(name) && !outer.has(name));
  return [
    ...problems,
    ...missing.map((name) =>
      wrong('output-not-made', `no node of ${where} makes its output ${name}`, { tensor: name }),
    ),
  ];
}

/** Checks one node against the values known so far, and adds its outputs to them. */
function verifyNode(
  node: Node,
  known: Set<string>,
  made: ReadonlySet<string>,
  given: ReadonlySet<string>,
): readonly Problem[] {
  const unknown = node.inputs.filter((input) => input !== '' && !known.has(input));
  const inner = subgraphs(node).flatMap((graph) => verifyGraph(graph, known));
  const taken = node.outputs.filter((output) => output !== '' && (given.has(output) || known.has(output)));
  for (const output of node.outputs) if (output) known.add(output);
  return [
    ...unknown.map((input) => unreadable(node, input, made)),
    ...taken.map((output) => wrong('two-producers', `${output} is made twice`, at(node, output))),
    ...(node.outputs.some(Boolean) ? [] : [wrong('dangling-node', 'the node makes nothing', at(node))]),
    ...inner.map((problem) => ({ ...problem, message: `${problem.message}, inside ${node.name} (${node.op})` })),
  ];
}

function unreadable(node: Node, input: string, made: ReadonlySet<string>): Problem {
  if (made.has(input)) return wrong('out-of-order', `${input} is read before it is made`, at(node, input));
  return wrong('undefined-value', `${input} is read and nothing makes it`, at(node, input));
}

function missingOpsets(model: Model): readonly Problem[] {
  const used = new Map<string, Node>();
  const visit = (nodes: readonly Node[]): void => {
    for (const node of nodes) {
      if (!used.has(node.domain)) used.set(node.domain, node);
      for (const graph of subgraphs(node)) visit(graph.nodes);
    }
  };
  visit(model.graph.nodes);
  return [...used]
    .filter(([domain]) => !model.opsets.has(domain))
    .map(([domain, node]) => wrong('missing-opset', `the model names no opset for domain "${domain}"`, at(node)));
}

function repeated(names: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  return names.filter((name) => seen.has(name) || !seen.add(name));
}

function at(node: Node, tensor?: string): Place {
  return { node: node.name, op: node.op, ...(tensor === undefined ? {} : { tensor }) };
}

function wrong(code: string, message: string, place: Place): Problem {
  return { kind: 'model', code, message, place };
}
