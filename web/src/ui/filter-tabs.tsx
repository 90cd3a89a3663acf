import { cx } from './cx';
import { formatCount, formatCountShort } from './format';

/** A filter of which one value is most asked for: a tab for each, and how many there are. */
export function FilterTabs<T extends string>({
  label,
  tabs,
  value,
  onChange,
}: {
  readonly label: string;
  /** Null is the tab of everything. */
  readonly tabs: readonly {
    readonly value: T | null;
    readonly word: string;
    readonly count: number | undefined;
  }[];
  readonly value: T | null;
  readonly onChange: (value: T | null) => void;
}) {
  return (
    <div role="group" aria-label={label} className="-mx-1 flex gap-1 overflow-x-auto">
      {tabs.map((tab) => (
        <button
          key={tab.value ?? 'all'}
          type="button"
          aria-pressed={tab.value === value}
          onClick={() => onChange(tab.value)}
          className={cx(
            '-mb-px flex h-9 items-center gap-1.5 border-b-2 px-2 text-sm whitespace-nowrap focus-visible:-outline-offset-2',
            tab.value === value
              ? 'border-accent font-medium text-ink'
              : 'border-transparent text-ink-2 hover:text-ink',
          )}
        >
          {tab.word}
          {tab.count !== undefined && (
            <span className="font-mono text-xs text-ink-3" title={formatCount(tab.count)}>
              {formatCountShort(tab.count)}
            </span>
          )}
        </button>
      ))}
    </div>
  );
}
