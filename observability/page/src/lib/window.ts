// Which rows of a long list are worth drawing.

/** Rows drawn beyond each edge of what is seen. */
export const OVERSCAN = 8;

/** The rows `from..to` to draw, of `rows` of equal height, where the list's top is `top` pixels above the view's top. */
export function visibleRows(rows: number, rowHeight: number, top: number, viewHeight: number): { from: number; to: number } {
  const first = Math.floor(Math.max(0, top) / rowHeight);
  const shown = Math.ceil(viewHeight / rowHeight) + 1;
  const from = Math.min(Math.max(0, rows - shown), Math.max(0, first - OVERSCAN));
  const to = Math.min(rows, Math.max(0, first) + shown + OVERSCAN);
  return { from: Math.max(0, from), to: Math.max(from, to) };
}
