import { useEffect, useEffectEvent } from 'react';

/** Whether somebody is writing somewhere, so that letters are letters. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName);
}

/**
 * Keys that do something on the whole page, by name: `j`, `Enter`, `?`. Not while somebody writes or a dialog is open. One that
 * answers `false` had nothing to do: the key is left to others.
 */
export function useKeys(keys: Readonly<Record<string, (event: KeyboardEvent) => unknown>>): void {
  const press = useEffectEvent((event: KeyboardEvent) => {
    if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target))
      return;
    if (document.querySelector('dialog[open]') !== null) return;
    const action = keys[event.key];
    if (action === undefined) return;
    if (action(event) !== false) event.preventDefault();
  });
  useEffect(() => {
    const listen = (event: KeyboardEvent) => press(event);
    window.addEventListener('keydown', listen);
    return () => window.removeEventListener('keydown', listen);
  }, []);
}
