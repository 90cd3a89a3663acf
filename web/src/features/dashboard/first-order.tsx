import { Sparkles } from 'lucide-react';
import { useStore } from '@/api';
import { CopyButton, Link, Panel } from '@/ui';

/** A store without orders: how the first one comes, by the API or by a press. */
export function FirstOrder() {
  const store = useStore();
  const line = [
    `curl -i ${location.origin}/v1/orders`,
    `  -H 'X-Store-ID: ${store.id}' -H 'Content-Type: application/json' -H 'Idempotency-Key: my-first-order'`,
    `  -d '{"customer": {"email": "ada@example.com"}, "currency": "${store.currency}",`,
    `       "lines": [{"sku": "A-SKU-OF-YOURS", "quantity": 1}], "payment": {"payment_method": "pm_card_visa"}}'`,
  ].join(' \\\n');
  return (
    <Panel title="No orders yet">
      <div className="grid gap-4 lg:grid-cols-2">
        <div className="flex flex-col items-start gap-3 text-sm text-ink-2">
          <p>
            An order is taken with one call, answered once it is on disk, and then carried on by itself:
            stock, fraud, payment, delivery. Watch it happen here.
          </p>
          <Link
            to="/orders"
            search={{ new: '1' }}
            className="inline-flex h-8 items-center gap-1.5 rounded-md bg-accent px-3 text-sm font-medium text-on-accent hover:brightness-110"
          >
            <Sparkles size={14} aria-hidden /> Place the first order
          </Link>
        </div>
        <div className="flex items-start gap-1 rounded-md border bg-sunken p-3">
          <pre className="min-w-0 flex-1 overflow-x-auto font-mono text-xs leading-5 text-ink-2">{line}</pre>
          <CopyButton text={line} label="Copy the command" />
        </div>
      </div>
    </Panel>
  );
}
