import type { Node } from '../graph/model.js';
import type { Outcome, Site } from './node-pass.js';

/** Takes out a node that hands `from` on unchanged: readers of its output read `from`; a graph output keeps its name. */
export function bypass(node: Node, from: string, site: Site): Outcome {
  const [output] = node.outputs;
  if (!site.index.isOutput(output)) {
    site.edit.remove(node.name);
    site.edit.replaceUses(output, from);
    return 'rewritten';
  }
  const producer = site.index.producer(from);
  if (!producer || site.index.isOutput(from))
    return { left: `${output} is a graph output, and ${from} keeps its name too` };
  site.edit.remove(node.name);
  renameOutput(producer, from, output, site);
  return 'rewritten';
}

/** Lets `producer` make `to` in the place of `from`, for all readers. */
export function renameOutput(producer: Node, from: string, to: string, site: Site): void {
  const outputs = producer.outputs.map((name) => (name === from ? to : name));
  site.edit.update(producer.name, { outputs });
  site.edit.replaceUses(from, to);
}

/** The node that makes `value`, if `reader` is all that reads it and no graph output shows it. */
export function soleProducer(value: string, reader: Node, site: Site): Node | undefined {
  const producer = site.index.producer(value);
  const readers = site.index.consumers(value);
  const sole = readers.length === 1 && readers[0].name === reader.name && !site.index.isOutput(value);
  return sole ? producer : undefined;
}
