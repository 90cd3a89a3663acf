import { useQuery } from '@tanstack/react-query';
import { CircleCheck, CircleX, Hourglass, Landmark } from 'lucide-react';
import { sentence, useStore } from '@/api';
import type { BankBooks, BankSums, OrderBooks } from '@/api';
import { Empty, Failure, Flash, Link, Money, Mono, Panel, Skeleton, Time, cx, shortId } from '@/ui';
import { booksQuery } from './queries';

/** What the bank did for the store, beside what the store says of it. */
export function BooksPanel() {
  const store = useStore();
  const books = useQuery(booksQuery(store.id));
  return (
    <Panel title="Both books" flush aside="the bank’s ledger beside our payments">
      {books.data === undefined ? (
        books.error === null ? (
          <Skeleton className="m-4 h-52" />
        ) : (
          <Failure
            what="The bank’s ledger could not be read"
            says={sentence(books.error)}
            onRetry={() => void books.refetch()}
          />
        )
      ) : (
        <>
          <Sums books={books.data} />
          {books.data.orders.length === 0 ? (
            <Empty icon={Landmark} title="The bank has done nothing for this store">
              Place an order: what the bank sets aside, takes and gives back is listed here.
            </Empty>
          ) : (
            <div className="max-h-[480px] overflow-y-auto">
              <table className="w-full text-left text-sm">
                <thead className="sticky top-0 bg-panel text-xs text-ink-3">
                  <tr>
                    <th className="py-1.5 pl-4 font-medium">Order</th>
                    <th className="py-1.5 font-medium">The bank did</th>
                    <th className="py-1.5 text-right font-medium">Bank</th>
                    <th className="py-1.5 text-right font-medium">Ours</th>
                    <th className="py-1.5 pr-4 text-right font-medium">Agree</th>
                  </tr>
                </thead>
                <tbody>
                  {books.data.orders.map((order) => (
                    <OrderRow key={order.order_id ?? 'none'} order={order} currency={books.data.currency} />
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </>
      )}
    </Panel>
  );
}

const KEYS = ['captured', 'refunded', 'net'] as const;

function Sums({ books }: { readonly books: BankBooks }) {
  const row = (name: string, sums: BankSums, isDifference = false) => (
    <tr className={cx('border-t', isDifference && 'font-medium')}>
      <th scope="row" className="py-1.5 pl-4 text-left font-normal text-ink-2">
        {name}
      </th>
      {KEYS.map((key) => (
        <td
          key={key}
          className={cx(
            'py-1.5 pr-4 text-right font-mono text-xs',
            isDifference &&
              (sums[key] === 0 ? 'text-good' : books.moving > 0 ? 'text-people' : 'text-failed'),
          )}
        >
          <Flash on={sums[key]}>
            <Money minor={sums[key]} currency={books.currency} />
          </Flash>
        </td>
      ))}
    </tr>
  );
  return (
    <table className="w-full border-b text-sm">
      <thead className="text-xs text-ink-3">
        <tr>
          <th className="py-1.5 pl-4 text-left font-medium">Whole store</th>
          {KEYS.map((key) => (
            <th key={key} className="py-1.5 pr-4 text-right font-medium">
              {key}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {row('Bank', books.bank)}
        {row('Ours', books.ours)}
        {row(
          books.moving > 0 ? `Difference, ${books.moving} on their way` : 'Difference',
          books.difference,
          true,
        )}
      </tbody>
    </table>
  );
}

const DEEDS: Readonly<Record<string, string>> = {
  authorization: 'set aside',
  capture: 'took',
  void: 'let go',
  refund: 'gave back',
};

function OrderRow({ order, currency }: { readonly order: OrderBooks; readonly currency: string }) {
  const rows = [...order.rows].reverse();
  const last = order.rows[0];
  return (
    <tr className="border-t align-top">
      <td className="py-1.5 pr-3 pl-4">
        {order.order_id === null ? (
          <span className="text-ink-3">names no order</span>
        ) : (
          <Link to={`/orders/${order.order_id}`} className="hover:underline">
            <Mono>{shortId(order.order_id)}</Mono>
          </Link>
        )}
        {last !== undefined && (
          <div className="text-xs text-ink-3">
            <Time at={last.at} exact />
          </div>
        )}
      </td>
      <td className="py-1.5 pr-3 text-xs text-ink-2">
        {rows.map((row) => (
          <div key={row.id}>
            {DEEDS[row.type] ?? row.type} <Money minor={row.amount} currency={currency} />
            {!row.answered && <span className="ml-1 text-people">answer lost</span>}
          </div>
        ))}
      </td>
      <td className="py-1.5 text-right font-mono text-xs">
        <Money minor={order.bank.net} currency={currency} />
      </td>
      <td className="py-1.5 text-right font-mono text-xs">
        {order.ours === null ? '–' : <Money minor={order.ours.net} currency={currency} />}
      </td>
      <td className="py-1.5 pr-4 text-right">
        <Agreement agrees={order.agrees} />
      </td>
    </tr>
  );
}

function Agreement({ agrees }: { readonly agrees: boolean | null }) {
  if (agrees === null) {
    return (
      <span
        className="inline-flex items-center gap-1 text-xs text-waiting"
        title="On its way, or begun before these rows"
      >
        <Hourglass size={13} aria-hidden /> open
      </span>
    );
  }
  return agrees ? (
    <span className="inline-flex items-center gap-1 text-xs text-good">
      <CircleCheck size={13} aria-hidden /> yes
    </span>
  ) : (
    <span className="inline-flex items-center gap-1 text-xs font-medium text-failed">
      <CircleX size={13} aria-hidden /> no
    </span>
  );
}
