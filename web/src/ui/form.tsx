import { ChevronDown } from 'lucide-react';
import { useId } from 'react';
import type { ComponentProps, ReactNode } from 'react';
import { cx } from './cx';

const BOX =
  'h-8 w-full min-w-0 rounded-md border border-line-strong bg-panel px-2.5 text-sm text-ink placeholder:text-ink-3 aria-invalid:border-failed disabled:opacity-60';

/** A label, what belongs to it, and what is wrong with it. */
export function Field({
  label,
  hint,
  error,
  children,
  className,
}: {
  readonly label: string;
  readonly hint?: ReactNode;
  readonly error?: string | undefined;
  readonly children: (props: {
    id: string;
    'aria-invalid': boolean | undefined;
    'aria-describedby': string | undefined;
  }) => ReactNode;
  readonly className?: string;
}) {
  const id = useId();
  const isWrong = error !== undefined && error !== '';
  return (
    <div className={cx('flex min-w-0 flex-col gap-1', className)}>
      <label htmlFor={id} className="text-xs font-medium text-ink-2">
        {label}
      </label>
      {children({
        id,
        'aria-invalid': isWrong || undefined,
        'aria-describedby': isWrong || hint !== undefined ? `${id}-about` : undefined,
      })}
      {(isWrong || hint !== undefined) && (
        <p id={`${id}-about`} className={cx('text-xs', isWrong ? 'text-failed' : 'text-ink-3')}>
          {isWrong ? error : hint}
        </p>
      )}
    </div>
  );
}

export function TextInput({ className, ...rest }: ComponentProps<'input'>) {
  return <input type="text" autoComplete="off" spellCheck={false} {...rest} className={cx(BOX, className)} />;
}

export function TextArea({ className, ...rest }: ComponentProps<'textarea'>) {
  return <textarea {...rest} className={cx(BOX, 'h-auto min-h-16 py-1.5', className)} />;
}

export interface Choice {
  readonly value: string;
  readonly label: string;
  readonly group?: string;
}

/** One of a few. The browser's own list, so that phones and keyboards do it their way. */
export function Select({
  choices,
  className,
  onChange,
  ...rest
}: Omit<ComponentProps<'select'>, 'onChange'> & {
  readonly choices: readonly Choice[];
  readonly onChange: (value: string) => void;
}) {
  const groups = new Map<string, Choice[]>();
  for (const choice of choices) {
    const group = choice.group ?? '';
    groups.set(group, [...(groups.get(group) ?? []), choice]);
  }
  const option = (choice: Choice) => (
    <option key={choice.value} value={choice.value}>
      {choice.label}
    </option>
  );
  return (
    <span className={cx('relative inline-flex min-w-0', className)}>
      <select
        {...rest}
        onChange={(event) => onChange(event.target.value)}
        className={cx(BOX, 'appearance-none pr-7')}
      >
        {[...groups].map(([group, members]) =>
          group === '' ? (
            members.map(option)
          ) : (
            <optgroup key={group} label={group}>
              {members.map(option)}
            </optgroup>
          ),
        )}
      </select>
      <ChevronDown
        size={14}
        aria-hidden
        className="pointer-events-none absolute top-1/2 right-2 -translate-y-1/2 text-ink-3"
      />
    </span>
  );
}
