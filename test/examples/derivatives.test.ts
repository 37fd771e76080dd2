import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';

it('the derivatives example agrees with what is seen when the weights move', () => {
  const text = execFileSync(process.execPath, ['--import', 'tsx', 'examples/derivatives.ts'], { encoding: 'utf8' });
  const pairs = [...text.matchAll(/= ([\d.]+), seen ([\d.]+)/g)].map(([, told, seen]) => [Number(told), Number(seen)]);
  expect(pairs).toHaveLength(2);
  for (const [told, seen] of pairs) expect(Math.abs(told - seen) / seen).toBeLessThan(0.03);
});
