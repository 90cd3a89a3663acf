import { CircleHelp, Monitor, Moon, Search, Sun } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useStore } from '@/api';
import { IconButton, Kbd, Menu, useGo, useKeys } from '@/ui';
import { Help } from './help';
import { LiveIndicator } from './live-indicator';
import { places } from './nav';
import { Palette } from './palette';
import { StoreSwitcher } from './store-switcher';
import { setTheme, useTheme } from './theme';

const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

export function TopBar() {
  const store = useStore();
  const go = useGo();
  const theme = useTheme();
  const [isPalette, setPalette] = useState(false);
  const [isHelp, setHelp] = useState(false);
  const chord = useRef(-Infinity);

  useEffect(() => {
    const open = (event: KeyboardEvent) => {
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        setPalette((is) => !is);
      }
    };
    window.addEventListener('keydown', open);
    return () => window.removeEventListener('keydown', open);
  }, []);

  const jumps = Object.fromEntries(
    places.map((place) => [
      place.key,
      () => {
        const isChord = performance.now() - chord.current < 1_200;
        chord.current = -Infinity;
        if (isChord) go(place.path);
        return isChord;
      },
    ]),
  );
  useKeys({
    ...jumps,
    g: () => {
      chord.current = performance.now();
    },
    '/': () => setPalette(true),
    '?': () => setHelp(true),
  });

  const ThemeIcon = { system: Monitor, light: Sun, dark: Moon }[theme];
  return (
    <header className="flex min-w-0 items-center gap-1.5 border-b bg-panel px-2 md:px-4">
      <img src="/favicon.svg" alt="OrderFlow" width={22} height={22} className="ml-1 md:hidden" />
      <StoreSwitcher current={store} />
      <button
        type="button"
        onClick={() => setPalette(true)}
        className="mx-auto flex h-8 w-full max-w-96 min-w-0 items-center gap-2 rounded-md border bg-sunken px-2.5 text-sm text-ink-3 hover:border-line-strong max-md:mx-0 max-md:ml-auto max-md:w-8 max-md:border-transparent max-md:bg-transparent max-md:px-2"
        data-tour="palette"
      >
        <Search size={15} className="shrink-0" aria-hidden />
        <span className="truncate max-md:sr-only">Search orders, or run a command</span>
        <span aria-hidden className="ml-auto flex gap-0.5 max-md:hidden">
          <Kbd>{isMac ? '⌘' : 'Ctrl'}</Kbd>
          <Kbd>K</Kbd>
        </span>
      </button>
      <LiveIndicator />
      <Menu
        label="Theme"
        trigger={
          <button
            type="button"
            aria-label="Theme"
            title="Theme"
            className="inline-flex size-8 shrink-0 items-center justify-center rounded-md text-ink-2 hover:bg-hover hover:text-ink"
          >
            <ThemeIcon size={16} aria-hidden />
          </button>
        }
        entries={[
          {
            label: 'As the system',
            icon: <Monitor size={15} />,
            checked: theme === 'system',
            onSelect: () => setTheme('system'),
          },
          {
            label: 'Light',
            icon: <Sun size={15} />,
            checked: theme === 'light',
            onSelect: () => setTheme('light'),
          },
          {
            label: 'Dark',
            icon: <Moon size={15} />,
            checked: theme === 'dark',
            onSelect: () => setTheme('dark'),
          },
        ]}
      />
      <IconButton label="Help" onClick={() => setHelp(true)} className="max-md:hidden">
        <CircleHelp size={16} aria-hidden />
      </IconButton>
      {isPalette && <Palette onClose={() => setPalette(false)} onHelp={() => setHelp(true)} />}
      <Help open={isHelp} onClose={() => setHelp(false)} />
    </header>
  );
}
