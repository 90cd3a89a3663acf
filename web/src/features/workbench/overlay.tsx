import { useStoreApi } from '@xyflow/react';
import { useEffect, useEffectEvent, useRef } from 'react';
import type { Event as StoreEvent } from '@/api';
import { NODE, along } from './layout';
import type { Placed } from './layout';
import { TRAVEL_MS, tokenOf } from './traffic';
import type { Dot, Traffic } from './traffic';

/** How near a press must be to a dot, in pixels of the screen. */
const REACH = 14;

interface View {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

/** Draws what is on its way, over the graph: one canvas, whatever the number of events. */
export function Overlay({
  traffic,
  placed,
  onEvent,
}: {
  readonly traffic: Traffic;
  readonly placed: Placed;
  readonly onEvent: (event: StoreEvent) => void;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const flow = useStoreApi();
  const press = useEffectEvent((event: MouseEvent, box: DOMRect) => {
    const now = performance.now();
    const [x, y, zoom] = flow.getState().transform;
    const at = { x: event.clientX - box.left, y: event.clientY - box.top };
    let nearest: { dot: Dot; far: number } | null = null;
    for (const dot of traffic.dots(now)) {
      const line = placed.ways.get(dot.way);
      if (line === undefined) continue;
      const point = along(line.points, share(dot, now, isStill()));
      const far = Math.hypot(point.x * zoom + x - at.x, point.y * zoom + y - at.y);
      if (far < REACH && (nearest === null || far < nearest.far)) nearest = { dot, far };
    }
    if (nearest === null) return;
    event.stopPropagation();
    onEvent(nearest.dot.event);
  });

  useEffect(() => {
    const node = canvas.current;
    const pane = node?.parentElement;
    const context = node?.getContext('2d') ?? null;
    if (node === null || node === undefined || pane === null || pane === undefined || context === null)
      return;
    const still = window.matchMedia('(prefers-reduced-motion: reduce)');
    let frame = 0;
    let colors = new Map<string, string>();
    let readAt = -Infinity;
    let wasEmpty = false;
    let drawn = 0;
    let size = { width: 0, height: 0 };
    const resize = () => {
      size = { width: pane.clientWidth, height: pane.clientHeight };
      const scale = window.devicePixelRatio || 1;
      node.width = Math.round(size.width * scale);
      node.height = Math.round(size.height * scale);
      node.style.width = `${size.width}px`;
      node.style.height = `${size.height}px`;
      wasEmpty = false;
    };
    const observer = new ResizeObserver(resize);
    observer.observe(pane);
    resize();
    const color = (token: string, now: number): string => {
      // The theme may have changed; nobody sees it for a second.
      if (now - readAt > 1_000) {
        colors = new Map();
        readAt = now;
      }
      let value = colors.get(token);
      if (value === undefined) colors.set(token, (value = resolve(node, token)));
      return value;
    };
    const draw = (now: number) => {
      frame = requestAnimationFrame(draw);
      const dots = traffic.dots(now);
      const [x, y, zoom] = flow.getState().transform;
      const glows = [...placed.nodes].flatMap(([id, at]) => {
        const left = traffic.glow(id, now);
        return left > 0 ? [{ at, left }] : [];
      });
      // For whoever measures how soon an event is seen.
      if (drawn !== traffic.newest) {
        drawn = traffic.newest;
        node.dataset.drawn = String(drawn);
      }
      const isEmpty = dots.length === 0 && glows.length === 0;
      if (isEmpty && wasEmpty) return;
      wasEmpty = isEmpty;
      const scale = window.devicePixelRatio || 1;
      context.setTransform(scale, 0, 0, scale, 0, 0);
      context.clearRect(0, 0, size.width, size.height);
      const view = { x, y, zoom };
      for (const { at, left } of glows) ring(context, view, at, left, color('--accent', now));
      for (const dot of dots) {
        const line = placed.ways.get(dot.way);
        if (line === undefined) continue;
        const point = along(line.points, share(dot, now, still.matches));
        const fade = still.matches ? 1 - (now - dot.at) / TRAVEL_MS : 1;
        bead(
          context,
          view,
          point,
          dot.count,
          fade,
          color(tokenOf(dot.type, dot.isFailure), now),
          color('--panel', now),
        );
      }
    };
    frame = requestAnimationFrame(draw);
    // Before the graph hears of it: a dot lies over lines and nodes.
    const hear = (event: MouseEvent) => press(event, pane.getBoundingClientRect());
    pane.addEventListener('click', hear, { capture: true });
    return () => {
      cancelAnimationFrame(frame);
      observer.disconnect();
      pane.removeEventListener('click', hear, { capture: true });
    };
  }, [traffic, placed, flow]);

  return <canvas ref={canvas} aria-hidden className="pointer-events-none absolute inset-0 z-[5]" />;
}

const isStill = () => window.matchMedia('(prefers-reduced-motion: reduce)').matches;

/** How far a dot is: it sets out slowly and arrives slowly. Who does not want motion sees it in the middle, and fade. */
function share(dot: Dot, now: number, still: boolean): number {
  if (still) return 0.5;
  const t = Math.min(Math.max((now - dot.at) / TRAVEL_MS, 0), 1);
  return t < 0.5 ? 2 * t * t : 1 - (-2 * t + 2) ** 2 / 2;
}

function bead(
  context: CanvasRenderingContext2D,
  { x, y, zoom }: View,
  at: { x: number; y: number },
  count: number,
  fade: number,
  color: string,
  paper: string,
): void {
  const [px, py] = [at.x * zoom + x, at.y * zoom + y];
  const radius = (count > 1 ? 7.5 : 4.5) * Math.min(1.2, Math.max(0.75, zoom));
  const text = count > 1 ? (count > 999 ? '999' : String(count)) : '';
  context.globalAlpha = Math.max(0, fade);
  context.fillStyle = color;
  context.beginPath();
  const half = text.length > 2 ? radius * 0.6 : text.length > 1 ? radius * 0.25 : 0;
  context.roundRect(px - radius - half, py - radius, (radius + half) * 2, radius * 2, radius);
  context.fill();
  context.lineWidth = 1.5;
  context.strokeStyle = paper;
  context.stroke();
  if (text !== '') {
    context.fillStyle = paper;
    context.font = `600 ${Math.round(radius * 1.25)}px "Geist Mono Variable", ui-monospace, monospace`;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    context.fillText(text, px, py + 0.5);
  }
  context.globalAlpha = 1;
}

/** Something has arrived here. */
function ring(
  context: CanvasRenderingContext2D,
  { x, y, zoom }: View,
  at: { x: number; y: number },
  left: number,
  color: string,
): void {
  const grow = 3 + (1 - left) * 5;
  const [width, height] = [NODE.width * zoom + grow * 2, NODE.height * zoom + grow * 2];
  context.globalAlpha = left * 0.55;
  context.strokeStyle = color;
  context.lineWidth = 2;
  context.beginPath();
  context.roundRect(at.x * zoom + x - width / 2, at.y * zoom + y - height / 2, width, height, 10);
  context.stroke();
  context.globalAlpha = 1;
}

/** A colour of the theme as a canvas takes it: light-dark() is resolved by the browser. */
function resolve(node: HTMLElement, token: string): string {
  node.style.color = `var(${token})`;
  const value = getComputedStyle(node).color;
  node.style.color = '';
  return value;
}
