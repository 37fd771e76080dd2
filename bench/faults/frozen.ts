/** A copy of the sources as they are now: who edits them meanwhile does not change what is tested, nor does it start slowly. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { transformWithEsbuild } from 'vite';

const SOURCES = 'src';
const TESTS = /\.test\.ts$/;

/** Translates the sources into `folder`/dist without checking types. Returns the command line's entry point. */
export async function freeze(folder: string): Promise<string> {
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter((file) => !TESTS.test(file));
  const dist = join(folder, 'dist');
  await Promise.all(files.map((file) => translate(join(SOURCES, file), join(dist, file))));
  copyFileSync('package.json', join(folder, 'package.json'));
  const modules = join(folder, 'node_modules');
  if (!existsSync(modules)) symlinkSync(resolve('node_modules'), modules);
  return join(dist, 'cli', 'main.js');
}

async function translate(from: string, to: string): Promise<void> {
  mkdirSync(dirname(to), { recursive: true });
  if (from.endsWith('.json')) copyFileSync(from, to);
  if (!from.endsWith('.ts')) return;
  const { code } = await transformWithEsbuild(readFileSync(from, 'utf8'), from, { target: 'es2022', sourcemap: false });
  writeFileSync(to.replace(/\.ts$/, '.js'), code);
}
