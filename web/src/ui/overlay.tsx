import { X } from 'lucide-react';
import { DropdownMenu, Popover as RadixPopover, Tabs as RadixTabs, Tooltip as RadixTooltip } from 'radix-ui';
import { createContext, useContext, useEffect, useId, useRef, useState } from 'react';
import type { ComponentProps, ReactNode } from 'react';
import { IconButton } from './basics';
import { cx } from './cx';

/*
 * Dialogs are the browser's own: it keeps the focus inside, closes them on Escape and puts them over everything, and it
 * needs no style element, which the page's policy forbids. Menus and popovers are Radix, and not modal for the same reason.
 */

/** Where menus draw themselves: in the dialog they belong to, if there is one. */
const Ground = createContext<HTMLElement | null>(null);

/** The ways out of a dialog: Escape, and a press beside it. */
export function leaving(onClose: () => void): Pick<ComponentProps<'dialog'>, 'onCancel' | 'onPointerDown'> {
  return {
    onCancel: (event) => {
      event.preventDefault();
      onClose();
    },
    onPointerDown: (event) => {
      if (event.target === event.currentTarget) onClose();
    },
  };
}

export function Dialog({
  open,
  onClose,
  title,
  children,
  footer,
  wide = false,
  side = false,
}: {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly title: string;
  readonly children: ReactNode;
  readonly footer?: ReactNode;
  readonly wide?: boolean;
  /** From the right, over the whole height. */
  readonly side?: boolean;
}) {
  const ref = useRef<HTMLDialogElement>(null);
  const [ground, setGround] = useState<HTMLElement | null>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (dialog === null || !open) return;
    if (!dialog.open) dialog.showModal();
    // Not the first button: what is said comes first, and Tab leads on.
    (dialog.querySelector<HTMLElement>('[data-first]') ?? dialog).focus();
    return () => dialog.close();
  }, [open]);
  if (!open) return null;
  return (
    <dialog
      ref={(node) => {
        ref.current = node;
        setGround(node);
      }}
      aria-labelledby={id}
      tabIndex={-1}
      {...leaving(onClose)}
      className={cx(
        'flex-col overflow-hidden border border-line-strong bg-raised p-0 outline-none open:flex open:animate-appear',
        side
          ? 'm-0 ml-auto h-dvh max-h-none w-full max-w-lg border-y-0 border-r-0'
          : cx('m-auto max-h-[88dvh] w-[calc(100%-24px)] rounded-lg', wide ? 'max-w-3xl' : 'max-w-lg'),
      )}
    >
      <Ground value={ground}>
        <div className="flex items-center border-b py-2 pr-2 pl-4">
          <h2 id={id} className="text-base font-semibold">
            {title}
          </h2>
          <IconButton label="Close" onClick={onClose} className="ml-auto">
            <X size={16} aria-hidden />
          </IconButton>
        </div>
        <div tabIndex={0} className="min-h-0 flex-1 overflow-y-auto p-4 focus-visible:-outline-offset-2">
          {children}
        </div>
        {footer !== undefined && (
          <div className="flex flex-wrap items-center justify-end gap-2 border-t bg-panel px-4 py-3">
            {footer}
          </div>
        )}
      </Ground>
    </dialog>
  );
}

const SURFACE =
  'z-50 rounded-lg border border-line-strong bg-raised shadow-[0_6px_24px_#0000001f] animate-appear';

export interface MenuEntry {
  readonly label: ReactNode;
  readonly icon?: ReactNode;
  readonly hint?: ReactNode;
  readonly danger?: boolean;
  readonly disabled?: boolean;
  readonly checked?: boolean;
  readonly onSelect: () => void;
}

/** A button that opens a list of things to do. */
export function Menu({
  trigger,
  entries,
  label,
  align = 'end',
}: {
  readonly trigger: ReactNode;
  readonly entries: readonly (MenuEntry | 'line')[];
  readonly label: string;
  readonly align?: 'start' | 'end';
}) {
  const ground = useContext(Ground);
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal container={ground}>
        <DropdownMenu.Content
          align={align}
          sideOffset={4}
          collisionPadding={8}
          aria-label={label}
          className={cx(SURFACE, 'max-h-[70dvh] min-w-44 overflow-y-auto p-1')}
        >
          {entries.map((entry, index) =>
            entry === 'line' ? (
              <DropdownMenu.Separator key={index} className="my-1 h-px bg-line" />
            ) : (
              <DropdownMenu.Item
                key={index}
                disabled={entry.disabled === true}
                onSelect={entry.onSelect}
                className={cx(
                  'flex h-8 cursor-pointer items-center gap-2 rounded-md px-2 text-sm outline-none select-none data-disabled:cursor-not-allowed data-disabled:opacity-45 data-highlighted:bg-press',
                  entry.danger === true && 'text-failed',
                  entry.checked === true && 'font-semibold',
                )}
              >
                {entry.icon}
                <span className="min-w-0 flex-1 truncate">{entry.label}</span>
                {entry.hint !== undefined && <span className="pl-4 text-xs text-ink-3">{entry.hint}</span>}
              </DropdownMenu.Item>
            ),
          )}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

/** A button that opens a small surface beside it. */
export function Popover({
  trigger,
  children,
  label,
  align = 'start',
  open,
  onOpenChange,
}: {
  readonly trigger: ReactNode;
  readonly children: ReactNode;
  readonly label: string;
  readonly align?: 'start' | 'end';
  readonly open?: boolean;
  readonly onOpenChange?: (open: boolean) => void;
}) {
  const ground = useContext(Ground);
  return (
    <RadixPopover.Root
      {...(open === undefined ? {} : { open })}
      {...(onOpenChange === undefined ? {} : { onOpenChange })}
    >
      <RadixPopover.Trigger asChild>{trigger}</RadixPopover.Trigger>
      <RadixPopover.Portal container={ground}>
        <RadixPopover.Content
          align={align}
          sideOffset={4}
          collisionPadding={8}
          aria-label={label}
          className={cx(SURFACE, 'max-w-[calc(100vw-16px)] p-3')}
        >
          {children}
        </RadixPopover.Content>
      </RadixPopover.Portal>
    </RadixPopover.Root>
  );
}

/** A word that explains what it hovers over; shown on focus, too. */
export function Tip({ text, children }: { readonly text: ReactNode; readonly children: ReactNode }) {
  const ground = useContext(Ground);
  return (
    <RadixTooltip.Root>
      <RadixTooltip.Trigger asChild>{children}</RadixTooltip.Trigger>
      <RadixTooltip.Portal container={ground}>
        <RadixTooltip.Content
          sideOffset={5}
          collisionPadding={8}
          className="z-50 max-w-72 animate-appear rounded-md bg-ink px-2 py-1 text-xs text-canvas"
        >
          {text}
        </RadixTooltip.Content>
      </RadixTooltip.Portal>
    </RadixTooltip.Root>
  );
}

export const TipProvider = ({ children }: { readonly children: ReactNode }) => (
  <RadixTooltip.Provider delayDuration={350} skipDelayDuration={150}>
    {children}
  </RadixTooltip.Provider>
);

export interface Tab {
  readonly id: string;
  readonly label: ReactNode;
  readonly count?: number;
  readonly content: ReactNode;
}

/** Several things in one place, one at a time. */
export function Tabs({
  tabs,
  value,
  onChange,
  label,
  ...rest
}: {
  readonly tabs: readonly Tab[];
  readonly value: string;
  readonly onChange: (id: string) => void;
  readonly label: string;
} & Omit<ComponentProps<'div'>, 'onChange' | 'dir' | 'defaultValue'>) {
  return (
    <RadixTabs.Root value={value} onValueChange={onChange} {...rest}>
      <RadixTabs.List aria-label={label} className="flex gap-1 overflow-x-auto border-b px-2">
        {tabs.map((tab) => (
          <RadixTabs.Trigger
            key={tab.id}
            value={tab.id}
            className="-mb-px flex h-10 items-center gap-1.5 border-b-2 border-transparent px-2 text-sm font-medium whitespace-nowrap text-ink-2 hover:text-ink focus-visible:-outline-offset-2 data-[state=active]:border-accent data-[state=active]:text-ink"
          >
            {tab.label}
            {tab.count !== undefined && <span className="text-xs font-normal text-ink-3">{tab.count}</span>}
          </RadixTabs.Trigger>
        ))}
      </RadixTabs.List>
      {tabs.map((tab) => (
        <RadixTabs.Content key={tab.id} value={tab.id} className="outline-none" tabIndex={-1}>
          {tab.content}
        </RadixTabs.Content>
      ))}
    </RadixTabs.Root>
  );
}
