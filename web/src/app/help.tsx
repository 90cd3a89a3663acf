import { Button, Dialog, FULFILLMENT, Kbd, ORDER, PAYMENT, Status } from '@/ui';
import type { Look } from '@/ui';
import { startTour } from './first-visit';
import { places } from './nav';

const KEYS: readonly (readonly [readonly string[], string])[] = [
  [['⌘ or Ctrl', 'K'], 'Search orders, run a command'],
  [['/'], 'The same'],
  [['j'], 'Next row'],
  [['k'], 'Row before'],
  [['Enter'], 'Open the row'],
  [['Esc'], 'Close, go back'],
  [['?'], 'This'],
];

/** Keys, and what the words mean. */
export function Help({ open, onClose }: { readonly open: boolean; readonly onClose: () => void }) {
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title="Help"
      wide
      footer={
        <>
          <a
            href="/docs"
            target="_blank"
            rel="noreferrer"
            className="mr-auto text-sm text-accent hover:underline"
          >
            API reference
          </a>
          <Button
            onClick={() => {
              onClose();
              startTour();
            }}
          >
            Show me around
          </Button>
        </>
      }
    >
      <div className="grid gap-6 md:grid-cols-2">
        <section>
          <h3 className="mb-2 text-sm font-semibold">Keys</h3>
          <ul className="flex flex-col gap-1.5 text-sm">
            {KEYS.map(([keys, does]) => (
              <li key={does} className="flex items-center gap-2">
                <span className="flex w-28 gap-1">
                  {keys.map((key) => (
                    <Kbd key={key}>{key}</Kbd>
                  ))}
                </span>
                <span className="text-ink-2">{does}</span>
              </li>
            ))}
            {places.map((place) => (
              <li key={place.noun} className="flex items-center gap-2">
                <span className="flex w-28 gap-1">
                  <Kbd>g</Kbd>
                  <Kbd>{place.key}</Kbd>
                </span>
                <span className="text-ink-2">{place.label}</span>
              </li>
            ))}
          </ul>
        </section>
        <section className="flex flex-col gap-4">
          <Words title="Where an order is" table={ORDER} />
          <Words title="How its money stands" table={PAYMENT} />
          <Words title="How its goods stand" table={FULFILLMENT} />
        </section>
      </div>
    </Dialog>
  );
}

function Words({ title, table }: { readonly title: string; readonly table: Readonly<Record<string, Look>> }) {
  return (
    <div>
      <h3 className="mb-2 text-sm font-semibold">{title}</h3>
      <ul className="flex flex-col gap-1.5">
        {Object.entries(table).map(([word, look]) => (
          <li key={word} className="grid grid-cols-[9rem_1fr] items-start gap-2 text-sm">
            <span>
              <Status look={look} />
            </span>
            <span className="text-ink-2">{look.means}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
