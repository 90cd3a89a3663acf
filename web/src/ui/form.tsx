import { ChevronDown, Search, X } from 'lucide-react';
import { useId } from 'react';
import type { ComponentProps, ReactNode } from 'react';
import { IconButton } from './basics';
import { cx } from './cx';
import { words } from './format';

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

type FieldProps = Pick<ComponentProps<typeof Field>, 'label' | 'hint' | 'error' | 'className'>;

/** A line of text with its label. */
export function TextField({
  label,
  hint,
  error,
  className,
  onChange,
  inputClass,
  ...rest
}: FieldProps &
  Omit<ComponentProps<'input'>, 'onChange' | 'value'> & {
    readonly value: string;
    readonly onChange: (text: string) => void;
    readonly inputClass?: string;
  }) {
  return (
    <Field label={label} hint={hint} error={error} {...(className === undefined ? {} : { className })}>
      {(props) => (
        <TextInput
          {...rest}
          {...props}
          {...(inputClass === undefined ? {} : { className: inputClass })}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}

/** One of a few words with its label; a plain list of words is shown as people read them. */
export function SelectField<T extends string>({
  label,
  hint,
  error,
  className,
  value,
  choices,
  onChange,
}: FieldProps & {
  readonly value: T;
  readonly choices: readonly T[] | readonly Choice[];
  readonly onChange: (value: T) => void;
}) {
  const all = choices.map((choice) =>
    typeof choice === 'string' ? { value: choice, label: words(choice) } : choice,
  );
  return (
    <Field label={label} hint={hint} error={error} {...(className === undefined ? {} : { className })}>
      {(props) => <Select {...props} value={value} choices={all} onChange={(next) => onChange(next as T)} />}
    </Field>
  );
}

/** Where one types what is looked for. */
export function SearchInput({
  label,
  value,
  placeholder,
  onChange,
}: {
  readonly label: string;
  readonly value: string;
  readonly placeholder: string;
  readonly onChange: (text: string) => void;
}) {
  return (
    <label className="flex h-8 w-64 min-w-40 flex-1 items-center gap-2 rounded-md border border-line-strong bg-panel px-2.5 md:max-w-80">
      <Search size={14} className="shrink-0 text-ink-3" aria-hidden />
      <span className="sr-only">{label}</span>
      <input
        type="search"
        value={value}
        onChange={(event) => onChange(event.target.value)}
        placeholder={placeholder}
        spellCheck={false}
        autoComplete="off"
        className="min-w-0 flex-1 truncate bg-transparent text-sm outline-none placeholder:text-ink-3 [&::-webkit-search-cancel-button]:hidden"
      />
      {value !== '' && (
        <IconButton label="Clear the search" className="-mr-2 size-6" onClick={() => onChange('')}>
          <X size={13} aria-hidden />
        </IconButton>
      )}
    </label>
  );
}
