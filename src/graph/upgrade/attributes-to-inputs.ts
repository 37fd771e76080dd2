import { floats } from '../../kernel/tensor.js';
import { floatAttribute, intAttribute, intsAttribute, stringAttribute } from '../attributes.js';
import type { Node } from '../model.js';
import { change, intConstant, placed, type Step, type Steps, scalarLike, type UpgradeSite } from './step.js';

/** A list of integers that became the input at `position`; absent stays absent. */
function listToInput(opset: number, attribute: string, position: number): Step {
  return {
    opset,
    convert(node, site) {
      const list = intsAttribute(node, attribute);
      if (!list || list.length === 0) return change(node, site, { drop: [attribute] });
      const inputs = placed(node.inputs, position, intConstant(node, site, attribute, list));
      return change(node, site, { inputs, drop: [attribute] });
    },
  };
}

/** min and max of any sign became optional scalars. */
const clip: Step = {
  opset: 11,
  convert(node, site) {
    let inputs = node.inputs;
    (['min', 'max'] as const).forEach((name, i) => {
      const attribute = node.attributes.get(name);
      if (attribute?.kind === 'float')
        inputs = placed(inputs, i + 1, scalarLike(node, site, name, attribute.value, node.inputs[0]));
    });
    return change(node, site, { inputs, drop: ['min', 'max'] });
  },
};

const dropoutRatio: Step = {
  opset: 12,
  convert(node, site) {
    const ratio = floatAttribute(node, 'ratio', 0.5);
    const constant = site.edit.constant(`${node.name}_ratio`, floats([ratio], []));
    return change(node, site, { inputs: placed(node.inputs, 1, constant), drop: ['ratio'] });
  },
};

/** The mask was of the input's type, and is a bool now. */
const dropoutMask: Step = {
  opset: 10,
  convert: (node, site) =>
    node.outputs[1] && site.isRead(node.outputs[1]) ? 'its mask is read, and became a bool' : undefined,
};

const pad: Step = {
  opset: 11,
  convert(node, site) {
    const [data] = node.inputs;
    const inputs = [data, intConstant(node, site, 'pads', intsAttribute(node, 'pads') ?? [])];
    const isConstant = stringAttribute(node, 'mode', 'constant') === 'constant';
    if (isConstant) inputs.push(scalarLike(node, site, 'value', floatAttribute(node, 'value', 0), data));
    return change(node, site, { inputs, drop: ['pads', 'value'] });
  },
};

const slice: Step = {
  opset: 10,
  convert(node, site) {
    const inputs = [node.inputs[0]];
    for (const name of ['starts', 'ends', 'axes']) {
      const list = intsAttribute(node, name);
      if (list) inputs.push(intConstant(node, site, name, list));
    }
    return change(node, site, { inputs, drop: ['starts', 'ends', 'axes'] });
  },
};

const topK: Step = {
  opset: 10,
  convert(node, site) {
    const count = intConstant(node, site, 'k', [intAttribute(node, 'k', 1)]);
    return change(node, site, { inputs: placed(node.inputs, 1, count), drop: ['k'] });
  },
};

/** Equal parts have to be counted from 18 on. */
const splitCount: Step = {
  opset: 18,
  convert: (node, site) =>
    node.inputs[1] ? undefined : change(node, site, { set: { num_outputs: node.outputs.length } }),
};

/** The default axis changed with the move, so it is always written. */
const dft: Step = {
  opset: 20,
  convert(node, site) {
    const axis = site.edit.constant(`${node.name}_axis`, { ...scalarAxis(node), dims: [] });
    return change(node, site, { inputs: placed(node.inputs, 2, axis), drop: ['axis'] });
  },
};

function scalarAxis(node: Node) {
  const bytes = new Uint8Array(BigInt64Array.of(BigInt(intAttribute(node, 'axis', 1))).buffer);
  return { dtype: 'int64', bytes } as const;
}

const upsampleScales: Step = {
  opset: 9,
  convert(node: Node, site: UpgradeSite) {
    const attribute = node.attributes.get('scales');
    if (attribute?.kind !== 'floats') return undefined;
    const scales = site.edit.constant(`${node.name}_scales`, floats(attribute.value));
    return change(node, site, { inputs: placed(node.inputs, 1, scales), drop: ['scales'] });
  },
};

const axesAt = (opset: number) => [listToInput(opset, 'axes', 1)];

const REDUCTIONS_18 = ['L1', 'L2', 'LogSum', 'LogSumExp', 'Max', 'Mean', 'Min', 'Prod', 'SumSquare'] as const;

/** Attributes that became inputs. */
export const ATTRIBUTES_TO_INPUTS: Steps = {
  ...Object.fromEntries(REDUCTIONS_18.map((kind) => [`Reduce${kind}`, axesAt(18)])),
  ReduceSum: axesAt(13),
  Squeeze: axesAt(13),
  Unsqueeze: axesAt(13),
  Split: [listToInput(13, 'split', 1), splitCount],
  Clip: [clip],
  Dropout: [dropoutMask, dropoutRatio],
  Pad: [pad],
  Slice: [slice],
  TopK: [topK],
  DFT: [dft],
  Upsample: [upsampleScales],
};
