/**
 * The paper's experiment: latency against 16 bits at 4, 8 and 16 bits, by every method, at every floor (arXiv 2306.04879).
 *
 *     npx tsx bench/paper/run.ts [--model NAME] [--floors 99%,99.9%] [--methods TEXT] [--cache FOLDER]
 *
 * Latencies are those of the `a100` target, estimated by its published rates; accuracies are measured. A finished step is
 * written to bench/paper/figures/MODEL.json and left out when run again; runs share what they measure through the cache.
 * `--methods` takes those whose name has the text in it.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { withFolder } from '../../src/pipeline/open/workplace.js';
import { CASES, type Case, readingOf } from '../cases.js';
import { FIGURES, type PaperStep } from './figures.js';
import { type Asked, measureBound, measureMethod } from './measure.js';
import { FLOORS, METHODS } from './methods.js';

/** ResNet50, MobileNetV2 and the larger encoder, as the paper has; and the CIFAR networks. */
const SUBJECTS = ['resnet20', 'resnet56', 'mobilenetv2', 'minilm-l6', 'resnet50'];

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      model: { type: 'string' },
      floors: { type: 'string', default: FLOORS.join() },
      methods: { type: 'string', default: '' },
      cache: { type: 'string', default: join(tmpdir(), 'bitloom-paper') },
    },
  });
  const wanted = CASES.filter(({ name }) => (values.model ? name === values.model : SUBJECTS.includes(name)));
  for (const subject of wanted) await study(subject, values.floors.split(','), values.methods, values.cache);
}

async function study(subject: Case, floors: readonly string[], text: string, cache: string): Promise<void> {
  await withFolder(async (folder) => {
    const sets = await subject.plan(join(folder, 'sets'));
    const command = `npx tsx bench/paper/run.ts --model ${subject.name}`;
    for (const keep of floors) {
      const asked: Asked = { command, subject: { ...readingOf(subject), ...sets, cache }, folder, keep };
      const steps = [
        ...(['w8a8', 'w4a4'] as const).map((format) => [`all ${format}`, () => measureBound(asked, format)] as const),
        ...METHODS.map((method) => [method.name, () => measureMethod(asked, method)] as const),
      ];
      for (const [name, measure] of steps) {
        if (!name.includes(text) || FIGURES.read(subject.name).steps[`${keep} ${name}`]) continue;
        const step = await measure();
        FIGURES.write(subject.name, `${keep} ${name}`, step);
        console.log(lineOf(subject.name, step));
      }
    }
  });
}

function lineOf(model: string, { keep, method, ratio, loss, evaluations, seconds, status }: PaperStep): string {
  const lost = `loss ${loss.selection.toFixed(4)} selection, ${loss.holdout.toFixed(4)} holdout`;
  return `${model} ${keep} ${method}: ${(100 * (ratio - 1)).toFixed(2)} %, ${lost}, ${evaluations} evaluations, ${seconds.toFixed(0)} s, ${status}`;
}

await main();
