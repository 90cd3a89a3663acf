import { CircleCheck, TriangleAlert } from 'lucide-react';
import type { Order } from '@/api';
import { Facts, Flash, Money, Mono, Panel, Time, cx, formatCount, formatMoney, words } from '@/ui';
import type { MoneyLedger, StockEntry } from './story';

const SIGN = { authorised: '', captured: '', released: '−', refunded: '−' } as const;

/** Every movement of the order's money, and that the sums agree. */
export function MoneyPanel({ order, ledger }: { readonly order: Order; readonly ledger: MoneyLedger }) {
  const agrees = ledger.captured === order.amount_captured && ledger.refunded === order.amount_refunded;
  return (
    <Panel title="Money" aside={<span>{order.payment.payment_method}</span>} flush>
      {ledger.entries.length === 0 ? (
        <p className="px-4 py-3 text-sm text-ink-2">
          {ledger.atRisk > 0 ? 'The bank was asked, and nobody knows yet what it did.' : 'Nothing was taken.'}
        </p>
      ) : (
        <ul className="py-1.5">
          {ledger.entries.map((entry, index) => (
            <li key={index} className="grid grid-cols-[1fr_auto] gap-x-3 px-4 py-0.5 text-sm">
              <span
                className={cx(
                  entry.kind === 'refunded' || entry.kind === 'released' ? 'text-undone' : 'text-ink-2',
                )}
              >
                {entry.kind} <Time at={entry.at} className="text-xs text-ink-3" />
              </span>
              <Mono className={cx(entry.kind === 'authorised' && 'text-ink-3')}>
                {SIGN[entry.kind]}
                {formatMoney(entry.amount, order.currency)}
              </Mono>
            </li>
          ))}
        </ul>
      )}
      {ledger.atRisk > 0 && (
        <p className="flex items-center gap-2 border-t bg-people-soft px-4 py-1.5 text-sm text-people">
          <TriangleAlert size={14} aria-hidden /> {formatMoney(ledger.atRisk, order.currency)} at risk:
          outcome unknown
        </p>
      )}
      <div className="grid grid-cols-[1fr_auto] items-center gap-x-3 border-t px-4 py-2 text-sm">
        <span className="flex items-center gap-1.5">
          net
          {agrees ? (
            <span
              className="inline-flex items-center gap-1 text-xs text-good"
              title="The payment’s events and the order’s own figures agree"
            >
              <CircleCheck size={12} aria-hidden /> agrees
            </span>
          ) : (
            <span className="text-xs text-ink-3">being told to the order</span>
          )}
        </span>
        <Mono className="font-semibold">
          <Flash on={ledger.net}>{formatMoney(ledger.net, order.currency)}</Flash>
        </Mono>
      </div>
    </Panel>
  );
}

const STOCK: Record<StockEntry['kind'], { word: string; sign: string; isBack: boolean }> = {
  held: { word: 'held', sign: '−', isBack: false },
  committed: { word: 'committed', sign: '', isBack: false },
  left: { word: 'left the building', sign: '', isBack: false },
  released: { word: 'released', sign: '+', isBack: true },
  returned: { word: 'came back', sign: '+', isBack: true },
};
const LINES_SHOWN = 4;

/** Every movement of the order's stock. */
export function StockPanel({ ledger }: { readonly ledger: readonly StockEntry[] }) {
  return (
    <Panel title="Stock" flush>
      {ledger.length === 0 ? (
        <p className="px-4 py-3 text-sm text-ink-2">Nothing is held for it.</p>
      ) : (
        <ul className="py-1.5">
          {ledger.map((entry, index) => {
            const told = STOCK[entry.kind];
            return (
              <li key={index} className="px-4 py-0.5 text-sm">
                <p className={cx(told.isBack ? 'text-undone' : 'text-ink-2')}>
                  {told.word} <Time at={entry.at} className="text-xs text-ink-3" />
                </p>
                <ul className="pb-1">
                  {entry.lines.slice(0, LINES_SHOWN).map((line) => (
                    <li key={line.sku} className="flex gap-3">
                      <Mono className="min-w-0 truncate text-ink-2">{line.sku}</Mono>
                      <Mono className="ml-auto">
                        {told.sign}
                        {formatCount(line.quantity)}
                      </Mono>
                    </li>
                  ))}
                  {entry.lines.length > LINES_SHOWN && (
                    <li className="text-xs text-ink-3">
                      and {formatCount(entry.lines.length - LINES_SHOWN)} more SKUs
                    </li>
                  )}
                </ul>
              </li>
            );
          })}
        </ul>
      )}
    </Panel>
  );
}

/** What was ordered, by whom, to where. */
export function Goods({
  order,
  names,
}: {
  readonly order: Order;
  readonly names: ReadonlyMap<string, string>;
}) {
  const to = order.shipping_address;
  const address =
    to === undefined
      ? []
      : [to.line1, to.line2, to.city, to.state, to.postal_code, to.country].filter(
          (part) => part !== undefined,
        );
  const metadata = Object.entries(order.metadata);
  return (
    <Panel
      title="What was ordered"
      aside={<Money minor={order.total} currency={order.currency} className="font-semibold text-ink" />}
      flush
    >
      <ul className="max-h-72 divide-y overflow-y-auto">
        {order.lines.map((line) => (
          <li
            key={line.id}
            className="grid grid-cols-[minmax(0,1fr)_auto_auto] items-baseline gap-x-4 px-4 py-1.5 text-sm"
          >
            <span className="min-w-0">
              <span className="block truncate">{names.get(line.sku) ?? line.sku}</span>
              <Mono className="text-ink-3">{line.sku}</Mono>
            </span>
            <Mono className="text-ink-2">
              {formatCount(line.quantity)} × {formatMoney(line.unit_price, order.currency)}
            </Mono>
            <Mono className="w-20 text-right">{formatMoney(line.total, order.currency)}</Mono>
          </li>
        ))}
      </ul>
      <Facts
        className="border-t px-4 py-3"
        rows={[
          ...(order.customer.email === undefined ? [] : [['E-mail', order.customer.email] as const]),
          ...(order.customer.id === undefined
            ? []
            : [['Customer', <Mono key="c">{order.customer.id}</Mono>] as const]),
          ...(order.customer.ip === undefined
            ? []
            : [['From', <Mono key="i">{order.customer.ip}</Mono>] as const]),
          ...(address.length === 0
            ? []
            : [['Goes to', [to?.name, ...address].filter((part) => part !== undefined).join(', ')] as const]),
          ...(order.risk === null
            ? []
            : [
                [
                  'Risk',
                  <span key="r">
                    {order.risk.level}, {order.risk.score} of 100
                    {order.risk.rules.length > 0 && (
                      <span className="text-ink-2">, {order.risk.rules.join(', ')}</span>
                    )}
                  </span>,
                ] as const,
              ]),
          ...metadata.map(([name, value]) => [words(name), <span key={name}>{value}</span>] as const),
        ]}
      />
    </Panel>
  );
}
