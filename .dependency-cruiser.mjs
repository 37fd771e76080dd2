/**
 * Imports run one way: a room may import only rooms before it. The order is that in which the data flows.
 * Files beside the rooms follow them in the order given.
 */
const ORDER = [
  'kernel/',
  'onnx/',
  'graph/',
  'simplify/',
  'autodiff/',
  'runtime/',
  'data/',
  'evaluate/',
  'quantize/',
  'calibrate/',
  'latency/',
  'emit/',
  'replay/',
  'sensitivity/',
  'search/',
  'store/',
  'report/',
  'option-text\\.ts$',
  'options\\.ts$',
  'read-options\\.ts$',
  'inspect\\.ts$',
  'pipeline/',
  'pipeline\\.ts$',
  'autodiff\\.ts$',
  'index\\.ts$',
  'cli/',
];

const arrows = ORDER.slice(0, -1).map((room, i) => ({
  name: `arrows-from-${room.replace(/\W+.*/, '')}`,
  comment: 'A room imports only rooms that come before it.',
  severity: 'error',
  from: { path: `^src/${room}`, pathNot: '\\.test\\.ts$' },
  to: { path: ORDER.slice(i + 1).map((later) => `^src/${later}`) },
}));

/** Only `files` may import what `path` matches. */
function onlyIn(name, path, files) {
  return { name, severity: 'error', from: { path: '^src/', pathNot: [...files, '\\.test\\.ts$'] }, to: { path } };
}

/** Who reads the wire format: models become graphs in two files; a file of one tensor has no graph. */
const WIRE_READERS = ['^src/graph/(from|to)-onnx\\.ts$', '^src/data/tensor-file\\.ts$'];

export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolved', severity: 'error', from: { path: '^src/' }, to: { couldNotResolve: true } },
    {
      name: 'no-undeclared',
      comment: 'What src imports from a package stands in "dependencies".',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'undetermined'] },
    },
    {
      name: 'no-tests-in-sources',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.test\\.ts$' },
      to: { path: ['\\.test\\.ts$', '^(test|bench|examples|scripts)/'] },
    },
    {
      name: 'rooms-are-listed',
      comment: 'A new room takes its place in ORDER.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['\\.test\\.ts$', ...ORDER.map((room) => `^src/${room}`)] },
      to: {},
    },
    ...arrows,
    onlyIn('wire-apart-from-graph', '^src/onnx/(?!weight-store\\.ts)', ['^src/onnx/', ...WIRE_READERS]),
    onlyIn('one-door-to-protobuf', '(^|/)node_modules/(@bufbuild/protobuf|onnx-buf)/', ['^src/onnx/', ...WIRE_READERS]),
    {
      name: 'wire-tensors-without-graph',
      comment: 'Only from-onnx and to-onnx know both the wire and the graph.',
      severity: 'error',
      from: { path: '^src/data/tensor-file\\.ts$' },
      to: { path: '^src/graph/' },
    },
    onlyIn('one-door-to-onnxruntime', '(^|/)node_modules/onnxruntime-', ['^src/runtime/ort\\.ts$']),
    onlyIn('one-door-to-sqlite', '(^|/)node_modules/(libsql|@libsql)/', ['^src/store/database\\.ts$']),
    onlyIn('one-door-to-highs', '(^|/)node_modules/highs/', ['^src/search/highs\\.ts$']),
    onlyIn('one-door-to-sharp', '(^|/)node_modules/sharp/', ['^src/data/image-pixels\\.ts$']),
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['types', 'import', 'node', 'default'] },
  },
};
