import { useQuery } from '@tanstack/react-query';
import { ArrowUpRight } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { SKIPPED_MS, orderQuery, sentence, useEvents, useStore } from '@/api';
import type { Order } from '@/api';
import { useQueryClient } from '@tanstack/react-query';
import {
  Ago,
  Facts,
  Failure,
  Link,
  Mono,
  Money,
  ORDER,
  PAYMENT,
  Skeleton,
  Status,
  formatCount,
  lookOf,
  words,
} from '@/ui';

const LINES_SHOWN = 8;

/** What a person must know of the order to decide. */
export function Essentials({ id }: { readonly id: string }) {
  const store = useStore();
  const client = useQueryClient();
  const order = useQuery(orderQuery(store.id, id));
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  useEvents((events, skipped) => {
    const readAgain = () => {
      timer.current = undefined;
      void client.invalidateQueries({ queryKey: orderQuery(store.id, id).queryKey });
    };
    if (events.some((event) => event.order_id === id)) readAgain();
    else if (skipped !== null) timer.current ??= setTimeout(readAgain, SKIPPED_MS);
  });
  if (order.data === undefined) {
    return order.error === null ? (
      <Skeleton className="h-40" />
    ) : (
      <Failure
        what="The order cannot be read"
        says={sentence(order.error)}
        onRetry={() => void order.refetch()}
      />
    );
  }
  return <Known order={order.data.body} />;
}

function Known({ order }: { readonly order: Order }) {
  const address = order.shipping_address ?? null;
  const shown = order.lines.slice(0, LINES_SHOWN);
  const notes = Object.entries(order.metadata ?? {});
  return (
    <section aria-label="The order" className="flex flex-col gap-3">
      <div className="flex flex-wrap items-baseline gap-x-3 gap-y-1">
        <Money minor={order.total} currency={order.currency} className="text-xl font-semibold" />
        <Status look={lookOf(ORDER, order.status)} quiet />
        <Status look={lookOf(PAYMENT, order.payment_status)} quiet />
        <Link
          to={`/orders/${order.id}`}
          className="inline-flex items-center gap-1 basis-full text-sm text-accent hover:underline"
        >
          The whole order <ArrowUpRight size={13} aria-hidden />
        </Link>
      </div>
      <Facts
        rows={[
          ['Customer', <span key="c">{order.customer.email ?? order.customer.id ?? 'a guest'}</span>],
          ...((order.customer.id ?? null) === null || (order.customer.email ?? null) === null
            ? []
            : [['Customer id', <Mono key="i">{order.customer.id}</Mono>] as const]),
          ...((order.customer.ip ?? null) === null
            ? []
            : [['Came from', <Mono key="ip">{order.customer.ip}</Mono>] as const]),
          [
            'Ships to',
            address === null ? (
              <span key="a" className="text-ink-3">
                nowhere
              </span>
            ) : (
              <span key="a">
                {[
                  address.name,
                  address.line1,
                  address.line2,
                  address.city,
                  address.postal_code,
                  address.country,
                ]
                  .filter((part) => part !== undefined && part !== null && part !== '')
                  .join(', ')}
              </span>
            ),
          ],
          ['Pays with', <Mono key="p">{order.payment.payment_method}</Mono>],
          ['Taken', <Ago key="t" at={order.created_at} />],
          ...notes
            .slice(0, 4)
            .map(([name, value]) => [words(name), <span key={name}>{value}</span>] as const),
        ]}
      />
      <ul className="divide-y rounded-md border text-sm">
        {shown.map((line) => (
          <li key={line.id} className="flex items-center gap-3 px-3 py-1.5">
            <span className="w-8 text-right font-mono text-xs text-ink-2">
              {formatCount(line.quantity)} ×
            </span>
            <Link to="/inventory" search={{ sku: line.sku }} className="min-w-0 truncate hover:underline">
              <Mono>{line.sku}</Mono>
            </Link>
            <Money minor={line.total} currency={order.currency} className="ml-auto" />
          </li>
        ))}
        {order.lines.length > LINES_SHOWN && (
          <li className="px-3 py-1.5 text-xs text-ink-3">
            and {formatCount(order.lines.length - LINES_SHOWN)} lines more
          </li>
        )}
      </ul>
    </section>
  );
}
