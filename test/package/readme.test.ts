import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { STAGES } from '../../src/options.js';

const readme = readFileSync('README.md', 'utf8');

describe('README', () => {
  it('gives the commands that CI runs, word for word', () => {
    const ci = readFileSync('.ci/run', 'utf8');
    for (const command of ['npm ci && npm run demo', 'npm ci && npm test']) {
      expect(readme).toContain(command);
      expect(ci).toContain(`step '${command}'`);
    }
  });

  it('gives the install line that the package is tested with', () => {
    expect(readme).toContain('npm install bitloom --onnxruntime-node-install=skip');
  });

  it('shows every command', () => {
    for (const stage of Object.keys(STAGES)) expect(readme).toContain(`npx bitloom ${stage}`);
  });

  it('links to pages that are there', () => {
    const links = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path]) => path);
    expect(links.filter((path) => !existsSync(path))).toEqual([]);
  });
});
