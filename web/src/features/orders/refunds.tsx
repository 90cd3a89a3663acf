import { HandCoins } from 'lucide-react';
import type { Refund } from '@/api';
import { Empty, Mono, Money, REFUND, Status, Time, lookOf, words } from '@/ui';

/** Every refund, those that undo something too. */
export function Refunds({ refunds }: { readonly refunds: readonly Refund[] }) {
  if (refunds.length === 0) {
    return (
      <Empty icon={HandCoins} title="Nothing was given back">
        A refund is asked for above; one that undoes an order comes by itself.
      </Empty>
    );
  }
  return (
    <ul className="divide-y">
      {refunds.map((refund) => (
        <li key={refund.id} className="flex flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2.5 text-sm">
          <Money minor={refund.amount} currency={refund.currency} className="w-24 font-medium" />
          <Status look={lookOf(REFUND, refund.status)} />
          <span className="text-ink-2">
            {refund.reason === null ? 'no reason given' : words(refund.reason)}
          </span>
          {refund.failure !== null && <span className="text-failed">{refund.failure}</span>}
          <Mono className="text-ink-3">{refund.bank_id ?? refund.id}</Mono>
          <Time at={refund.created_at} className="ml-auto text-xs text-ink-3" />
        </li>
      ))}
    </ul>
  );
}
