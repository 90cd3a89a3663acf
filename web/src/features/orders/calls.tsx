import { Landmark } from 'lucide-react';
import { Empty, Mono, TEXT, Time, Until, cx, formatDuration, preciseMs, words } from '@/ui';
import type { BankCall } from './story';

/** Every call to the bank, what it said, and what follows. */
export function Calls({ calls }: { readonly calls: readonly BankCall[] }) {
  if (calls.length === 0) {
    return (
      <Empty icon={Landmark} title="The bank was not asked yet">
        Money comes after stock and fraud: an order that those stop never reaches the bank.
      </Empty>
    );
  }
  return (
    <div className="overflow-x-auto" tabIndex={0} role="region" aria-label="Calls to the bank">
      <table className="w-full min-w-[640px] text-left text-sm">
        <thead className="text-xs text-ink-3">
          <tr>
            <th className="py-2 pr-3 pl-4 font-normal">Asked</th>
            <th className="px-3 py-2 font-normal">When</th>
            <th className="px-3 py-2 text-right font-normal">Took</th>
            <th className="px-3 py-2 font-normal">What came of it</th>
            <th className="py-2 pr-4 pl-3 font-normal">At the bank</th>
          </tr>
        </thead>
        <tbody className="divide-y border-t">
          {calls.map((call, index) => (
            <tr key={index} className="align-top">
              <td className="py-2 pr-3 pl-4 whitespace-nowrap">
                {words(call.what)}
                {call.what !== 'look-up' && <span className="text-ink-3"> · attempt {call.attempt}</span>}
              </td>
              <td className="px-3 py-2">
                <Time at={call.startedAt} exact className="font-mono text-xs" />
              </td>
              <td className="px-3 py-2 text-right font-mono text-xs text-ink-2">
                {call.endedAt === null
                  ? '…'
                  : formatDuration(preciseMs(call.endedAt) - preciseMs(call.startedAt))}
              </td>
              <td className="px-3 py-2">
                <span className={cx('font-medium', TEXT[call.tone])}>{call.outcome}</span>
                {call.said !== null && <span className="block text-ink-2">“{call.said}”</span>}
                {call.next !== null && (
                  <span className="block text-people">
                    {call.next.text} <Until at={call.next.at} />
                  </span>
                )}
              </td>
              <td className="py-2 pr-4 pl-3">
                {call.ids.map((id) => (
                  <Mono key={id} className="block text-ink-3">
                    {id}
                  </Mono>
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
