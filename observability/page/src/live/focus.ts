// Where the focus goes when what has it vanishes: a button gives way to what it asked for, a row leaves its list. A browser lets
// it fall back to the page's beginning, and whoever goes by keys begins anew.

/** From now on the focus of what vanishes goes to what stands in its place, until the answered function is called. */
export function keepFocus(): () => void {
  /** What has the focus, and what it stands in, from the inside out. */
  let focused: HTMLElement[] = [];
  /** The same of before a dialog opened. */
  let opener: HTMLElement[] = [];
  const arrived = ({ target }: FocusEvent) => {
    const next = around(target);
    const dialog = next.find(isDialog);
    if (dialog && !focused.includes(dialog)) opener = focused;
    focused = next;
  };
  // Who presses on what takes no focus has given it up.
  const pressed = ({ target }: Event) => {
    if (!(target instanceof Node && focused[0]?.contains(target))) focused = [];
  };
  const changed = new MutationObserver((records) => {
    opener = inPlaceOf(opener, records);
    if (focused[0]?.isConnected ?? true) return;
    const closed = focused.some((it) => isDialog(it) && !it.isConnected);
    focused = closed && opener.length > 0 ? opener : inPlaceOf(focused, records);
    if (document.activeElement === document.body && focused[0]) take(focused[0]);
  });
  document.addEventListener('focusin', arrived);
  document.addEventListener('pointerdown', pressed, true);
  changed.observe(document.body, { childList: true, subtree: true });
  return () => {
    document.removeEventListener('focusin', arrived);
    document.removeEventListener('pointerdown', pressed, true);
    changed.disconnect();
  };
}

const isDialog = (it: HTMLElement) => it.localName === 'dialog';

/** An element and what it stands in, from the inside out. */
function around(target: EventTarget | null): HTMLElement[] {
  const chain: HTMLElement[] = [];
  for (let it = target instanceof Element ? target : null; it !== null; it = it.parentElement) if (it instanceof HTMLElement) chain.push(it);
  return chain;
}

/** The same, or what stands in its place where it has vanished: the item beside it, else what it stood in. */
function inPlaceOf(chain: HTMLElement[], records: MutationRecord[]): HTMLElement[] {
  const still = chain.findIndex((it) => it.isConnected);
  const gone = chain[still - 1];
  const place = chain[still];
  if (!gone || !place) return chain;
  const beside = gone.localName === 'li' ? neighbour(gone, place, records) : null;
  const main = document.getElementById('main');
  return around(beside ?? (main && place.contains(main) ? main : place));
}

/** What the item beside a removed one has that takes the focus. */
function neighbour(gone: HTMLElement, list: HTMLElement, records: MutationRecord[]): Element | null {
  const removal = records.find(({ removedNodes }) => [...removedNodes].includes(gone));
  const items = [removal?.nextSibling, removal?.previousSibling, list.firstElementChild];
  const item = items.find((it) => it instanceof HTMLElement && it.parentElement === list);
  return item instanceof HTMLElement ? item.querySelector('a[href], button') : null;
}

function take(place: HTMLElement) {
  if (place.tabIndex < 0 && !place.hasAttribute('tabindex')) {
    place.tabIndex = -1;
    place.addEventListener('blur', () => place.removeAttribute('tabindex'), { once: true });
  }
  place.focus({ preventScroll: true });
}
