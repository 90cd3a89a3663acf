import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { CircleCheck, RotateCw } from 'lucide-react';
import { post, sentence, useStore } from '@/api';
import type { StoreStats } from '@/api';
import { Ago, Button, Empty, Link, Money, Mono, Panel, Skeleton, formatCount, shortId, toast } from '@/ui';
import { parkedQuery } from './queries';

/** Orders that wait for the bank. */
export function ParkedPanel({ payments }: { readonly payments: StoreStats['payments'] | undefined }) {
  const store = useStore();
  const client = useQueryClient();
  const parked = useQuery(parkedQuery(store.id));
  const retry = useMutation({
    mutationFn: (id: string) => post('/v1/orders/{id}/retry', { store: store.id, path: { id } }),
    onError: (error) => toast('failed', 'It cannot be tried now', sentence(error)),
    onSettled: () => client.invalidateQueries({ queryKey: [store.id, 'gateways'] }),
  });
  const orders = parked.data ?? [];
  return (
    <Panel
      title="Waiting for the bank"
      flush
      aside={
        payments === undefined ? undefined : (
          <span>
            {formatCount(payments.retrying)} retrying · {formatCount(payments.unknown)} in doubt
          </span>
        )
      }
    >
      {parked.data === undefined ? (
        <Skeleton className="m-4 h-40" />
      ) : orders.length === 0 ? (
        <Empty icon={CircleCheck} title="Nothing waits">
          Break the bank, and orders gather here instead of getting lost. Heal it, and they leave by
          themselves.
        </Empty>
      ) : (
        <ul className="max-h-[480px] divide-y overflow-y-auto">
          {orders.map((order) => (
            <li key={order.id} className="flex items-center gap-3 px-4 py-1.5 text-sm">
              <Link to={`/orders/${order.id}`} className="hover:underline">
                <Mono>{shortId(order.id)}</Mono>
              </Link>
              <Ago at={order.created_at} className="text-xs text-ink-3" />
              <Money minor={order.total} currency={order.currency} className="ml-auto" />
              <Button
                size="sm"
                kind="quiet"
                busy={retry.isPending && retry.variables === order.id}
                onClick={() => retry.mutate(order.id)}
              >
                <RotateCw size={13} aria-hidden /> Try now
              </Button>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
