import { useState } from 'react';
import type { ReactNode } from 'react';
import { Mono } from './basics';
import { TextInput } from './form';
import { formatCount } from './format';

/** Pieces that may be chosen of. */
export interface Choosable {
  readonly id: string;
  readonly sku: string;
  readonly most: number;
}

/** How many pieces of what were chosen. */
export interface Pieces {
  readonly lines: readonly Choosable[];
  /** As typed. */
  readonly textOf: (id: string) => string;
  readonly put: (id: string, text: string) => void;
  /** Those of which there are any: whole numbers only. */
  readonly chosen: readonly { readonly id: string; readonly quantity: number }[];
}

/** Chooses pieces of some lines, none at first, or all of them. */
export function usePieces(lines: readonly Choosable[], first: 'none' | 'all' = 'none'): Pieces {
  const [texts, setTexts] = useState<Readonly<Record<string, string>>>(() =>
    first === 'none' ? {} : Object.fromEntries(lines.map((line) => [line.id, String(line.most)])),
  );
  const textOf = (id: string) => texts[id] ?? '0';
  const chosen = lines.flatMap(({ id }) => {
    const quantity = Number(textOf(id));
    return Number.isInteger(quantity) && quantity > 0 ? [{ id, quantity }] : [];
  });
  return { lines, textOf, put: (id, text) => setTexts({ ...texts, [id]: text }), chosen };
}

/** A row for each line: of how many of its pieces it shall be. */
export function PiecesList({
  pieces,
  aside,
}: {
  readonly pieces: Pieces;
  /** What else is asked of a line. */
  readonly aside?: (line: Choosable) => ReactNode;
}) {
  return (
    <ul className="max-h-72 divide-y overflow-y-auto rounded-md border">
      {pieces.lines.map((line) => (
        <li key={line.id} className="flex flex-wrap items-center gap-x-3 gap-y-2 px-3 py-2 text-sm">
          <Mono className="min-w-0 flex-1 truncate">{line.sku}</Mono>
          <span className="w-20 shrink-0">
            <TextInput
              type="number"
              min={0}
              max={line.most}
              aria-label={`Pieces of ${line.sku}`}
              className="font-mono"
              value={pieces.textOf(line.id)}
              onChange={(event) => pieces.put(line.id, event.target.value)}
            />
          </span>
          <span className="w-12 text-ink-3">of {formatCount(line.most)}</span>
          {aside?.(line)}
        </li>
      ))}
    </ul>
  );
}
