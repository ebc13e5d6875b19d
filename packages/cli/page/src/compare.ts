/** Two images of one place, one left and one right of a line, under one zoom. */

/** Zoom steps by wheel and keys, and how near one may look, in screen pixels for an image pixel. */
const STEP = 1.25;
const NEAREST = 16;
/** How near small images are shown at first. */
const FITTED = 4;

/** What the page may do with the comparison. */
export interface Comparison {
  /** @param before drawn left, in the size of `after` */
  readonly show: (before: HTMLCanvasElement, after: HTMLCanvasElement) => void;
  readonly zoomBy: (factor: number) => void;
  readonly fit: () => void;
}

/**
 * Fills an element with the comparison: the line is a slider for pointer and arrow keys; elsewhere dragging moves the images, wheel and two fingers zoom.
 *
 * @param onZoom sees screen pixels for each image pixel
 */
export function comparison(home: HTMLElement, onZoom: (zoom: number) => void): Comparison {
  const line = document.createElement('div');
  line.className = 'line';
  line.tabIndex = 0;
  line.setAttribute('role', 'slider');
  line.setAttribute('aria-label', 'Share of the image before');
  line.setAttribute('aria-valuemin', '0');
  line.setAttribute('aria-valuemax', '100');
  let layers: readonly HTMLCanvasElement[] = [];
  let size = { width: 1, height: 1 };
  const view = { x: 0, y: 0, zoom: 1, split: 0.5 };

  const draw = () => {
    const width = home.clientWidth;
    const at = width * view.split;
    line.style.left = `${at}px`;
    line.setAttribute('aria-valuenow', String(Math.round(view.split * 100)));
    for (const [i, canvas] of layers.entries()) {
      canvas.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.zoom})`;
      // In the image's own pixels.
      const edge = Math.min(size.width, Math.max(0, (at - view.x) / view.zoom));
      canvas.style.clipPath = i === 0 ? `inset(0 ${size.width - edge}px 0 0)` : `inset(0 0 0 ${edge}px)`;
    }
    onZoom(view.zoom);
  };
  const zoomAt = (factor: number, x: number, y: number) => {
    const least = Math.min(1, home.clientWidth / size.width, home.clientHeight / size.height) / 4;
    const zoom = Math.min(NEAREST, Math.max(least, view.zoom * factor));
    view.x = x - ((x - view.x) * zoom) / view.zoom;
    view.y = y - ((y - view.y) * zoom) / view.zoom;
    view.zoom = zoom;
    draw();
  };
  const fit = () => {
    view.zoom = Math.min(FITTED, home.clientWidth / size.width, home.clientHeight / size.height);
    view.x = (home.clientWidth - size.width * view.zoom) / 2;
    view.y = (home.clientHeight - size.height * view.zoom) / 2;
    draw();
  };
  const splitTo = (share: number) => {
    view.split = Math.min(1, Math.max(0, share));
    draw();
  };
  const place = (event: PointerEvent | WheelEvent) => {
    const box = home.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  line.addEventListener('pointerdown', (event) => {
    event.stopPropagation();
    line.setPointerCapture(event.pointerId);
  });
  line.addEventListener('pointermove', (event) => {
    if (line.hasPointerCapture(event.pointerId)) splitTo(place(event).x / home.clientWidth);
  });
  line.addEventListener('keydown', (event) => {
    const steps: Readonly<Record<string, number>> = { ArrowLeft: -0.02, ArrowRight: 0.02, PageDown: -0.1, PageUp: 0.1 };
    const ends: Readonly<Record<string, number>> = { Home: 0, End: 1 };
    const [step, end] = [steps[event.key], ends[event.key]];
    if (step === undefined && end === undefined) return;
    event.preventDefault();
    splitTo(end ?? view.split + (step ?? 0));
  });
  const fingers = new Map<number, { x: number; y: number }>();
  const spread = () => {
    const [a, b] = [...fingers.values()];
    return a && b ? Math.hypot(a.x - b.x, a.y - b.y) : 0;
  };
  home.addEventListener('pointerdown', (event) => {
    home.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, place(event));
  });
  home.addEventListener('pointermove', (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const now = place(event);
    const apart = spread();
    fingers.set(event.pointerId, now);
    if (fingers.size === 2 && apart > 0) zoomAt(spread() / apart, now.x, now.y);
    if (fingers.size !== 1) return;
    view.x += now.x - before.x;
    view.y += now.y - before.y;
    draw();
  });
  for (const end of ['pointerup', 'pointercancel'] as const) {
    home.addEventListener(end, ({ pointerId }) => fingers.delete(pointerId));
  }
  home.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      const { x, y } = place(event);
      zoomAt(event.deltaY < 0 ? STEP : 1 / STEP, x, y);
    },
    { passive: false },
  );
  new ResizeObserver(draw).observe(home);

  return {
    show: (before, after) => {
      const same = after.width === size.width && after.height === size.height && layers.length > 0;
      size = { width: after.width, height: after.height };
      layers = [before, after];
      home.replaceChildren(before, after, line);
      if (same) draw();
      else fit();
    },
    zoomBy: (factor) => zoomAt(factor, home.clientWidth / 2, home.clientHeight / 2),
    fit,
  };
}
