import { useQuery } from '@tanstack/react-query';
import { latestOrdersQuery, sentence, useStore } from '@/api';
import {
  Ago,
  Failure,
  Flash,
  Link,
  Mono,
  Money,
  ORDER,
  PAYMENT,
  Panel,
  Skeleton,
  Status,
  lookOf,
  shortId,
} from '@/ui';

const SHOWN = 12;

/** The newest orders, as they come and go on. */
export function LatestOrders() {
  const store = useStore();
  const orders = useQuery(latestOrdersQuery(store.id, SHOWN));
  return (
    <Panel
      title="Latest orders"
      aside={
        <Link to="/orders" className="text-accent hover:underline">
          All orders
        </Link>
      }
      flush
    >
      {orders.data === undefined ? (
        orders.error !== null ? (
          <Failure
            what="Orders cannot be read"
            says={sentence(orders.error)}
            onRetry={() => void orders.refetch()}
          />
        ) : (
          <div className="flex flex-col gap-2 p-4">
            {Array.from({ length: 6 }, (_, nth) => (
              <Skeleton key={nth} className="h-6" />
            ))}
          </div>
        )
      ) : (
        <ul className="divide-y">
          {orders.data.map((order) => (
            <li key={order.id}>
              <Link
                to={`/orders/${order.id}`}
                className="grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-3 px-4 py-1.5 hover:bg-hover focus-visible:-outline-offset-2 sm:grid-cols-[6rem_minmax(0,1fr)_5.5rem_6.5rem_4.5rem] xl:grid-cols-[6rem_minmax(0,1fr)_5.5rem_6.5rem_7rem_4.5rem]"
              >
                <Mono className="text-ink-3 max-sm:hidden">{shortId(order.id)}</Mono>
                <span className="truncate">
                  {order.shipping_address?.name ?? order.customer.email ?? order.customer.id}
                </span>
                <Money minor={order.total} currency={order.currency} className="text-right font-medium" />
                <Flash on={order.status} className="flex">
                  <Status look={lookOf(ORDER, order.status)} quiet />
                </Flash>
                <span className="flex max-xl:hidden">
                  <Status look={lookOf(PAYMENT, order.payment_status)} quiet />
                </span>
                <Ago at={order.created_at} className="text-right text-xs text-ink-3" />
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
