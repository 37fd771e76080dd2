import { ARRANGING } from './arranging.js';
import { ELEMENTWISE } from './elementwise.js';
import { LAYERS } from './layers.js';
import { MAKING } from './making.js';
import type { ShapeRules } from './rule.js';

/** What each operator of ONNX's own domain makes of shapes; If is inferred through its branches (`infer.ts`). */
export const SHAPE_RULES: ShapeRules = { ...ELEMENTWISE, ...LAYERS, ...ARRANGING, ...MAKING };
