/**
 * Signed distance from a point to a shape's outline, negative inside, in the shape's own units: every shape fits the
 * unit circle. Near the outline the value is a true distance or close to it, which is what anti-aliasing needs.
 */
export type Outline = (x: number, y: number) => number;

type Point = readonly [x: number, y: number];

const circle =
  (radius: number, centreX = 0, centreY = 0): Outline =>
  (x, y) =>
    Math.sqrt((x - centreX) ** 2 + (y - centreY) ** 2) - radius;

const union =
  (...parts: readonly Outline[]): Outline =>
  (x, y) =>
    parts.reduce((nearest, part) => Math.min(nearest, part(x, y)), Number.POSITIVE_INFINITY);

const difference =
  (whole: Outline, hole: Outline): Outline =>
  (x, y) =>
    Math.max(whole(x, y), -hole(x, y));

/** First-order distance f / |grad f| of the implicit ellipse: exact on the outline. */
const ellipse =
  (a: number, b: number): Outline =>
  (x, y) => {
    const level = Math.sqrt((x / a) ** 2 + (y / b) ** 2);
    const slope = Math.sqrt((x / (a * a)) ** 2 + (y / (b * b)) ** 2);
    return slope === 0 ? -Math.min(a, b) : (level * (level - 1)) / slope;
  };

/** Distance to the nearest edge; the sign by the number of edges that a ray crosses. */
export function polygon(corners: readonly Point[]): Outline {
  const edges = corners.map((from, i) => edgeBetween(from, corners[(i + 1) % corners.length]));
  return (x, y) => {
    let nearest = Number.POSITIVE_INFINITY;
    let inside = false;
    for (const edge of edges) {
      const dx = x - edge.x;
      const dy = y - edge.y;
      const along = Math.min(1, Math.max(0, (dx * edge.dx + dy * edge.dy) / edge.squaredLength));
      nearest = Math.min(nearest, (dx - along * edge.dx) ** 2 + (dy - along * edge.dy) ** 2);
      if (dy >= 0 !== dy - edge.dy >= 0 && dx < (dy * edge.dx) / edge.dy) inside = !inside;
    }
    return inside ? -Math.sqrt(nearest) : Math.sqrt(nearest);
  };
}

function edgeBetween([x, y]: Point, [toX, toY]: Point) {
  const dx = toX - x;
  const dy = toY - y;
  return { x, y, dx, dy, squaredLength: dx * dx + dy * dy };
}

/** Corners on circles of the given radii, taken in turn: one radius makes a regular polygon, two a star. */
function around(count: number, ...radii: readonly number[]): Point[] {
  return Array.from({ length: count }, (_, i) => {
    const angle = (2 * Math.PI * i) / count - Math.PI / 2;
    const radius = radii[i % radii.length];
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });
}

function crossCorners(arm: number, reach: number): Point[] {
  const quarter: readonly Point[] = [
    [arm, -reach],
    [arm, -arm],
    [reach, -arm],
  ];
  const turns: readonly ((point: Point) => Point)[] = [
    ([x, y]) => [x, y],
    ([x, y]) => [-y, x],
    ([x, y]) => [-x, -y],
    ([x, y]) => [y, -x],
  ];
  return turns.flatMap((turn) => quarter.map(turn));
}

const ARROW: readonly Point[] = [
  [0, -0.95],
  [0.68, -0.1],
  [0.26, -0.1],
  [0.26, 0.9],
  [-0.26, 0.9],
  [-0.26, -0.1],
  [-0.68, -0.1],
];

const HEART_TIP: readonly Point[] = [
  [0, -0.4],
  [0.8, 0.06],
  [0, 0.9],
  [-0.8, 0.06],
];

/** The classes, in the order of their labels. */
export const OUTLINES = {
  circle: circle(0.85),
  ring: difference(circle(0.9), circle(0.5)),
  ellipse: ellipse(0.95, 0.58),
  crescent: difference(circle(0.9), circle(0.72, 0.42, 0)),
  heart: union(circle(0.46, -0.44, -0.26), circle(0.46, 0.44, -0.26), polygon(HEART_TIP)),
  triangle: polygon(around(3, 1)),
  square: polygon(around(4, 1)),
  pentagon: polygon(around(5, 0.95)),
  hexagon: polygon(around(6, 0.92)),
  star: polygon(around(10, 1, 0.45)),
  cross: polygon(crossCorners(0.3, 0.92)),
  arrow: polygon(ARROW),
} as const satisfies Readonly<Record<string, Outline>>;

export type ShapeName = keyof typeof OUTLINES;

export const SHAPE_NAMES = Object.keys(OUTLINES).filter(isShapeName);

function isShapeName(name: string): name is ShapeName {
  return Object.hasOwn(OUTLINES, name);
}
