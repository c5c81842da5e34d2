// The top of every page: where one can go, "where is …", and how fresh all of it is.

import { useEffect, useRef, useState } from 'preact/hooks';
import { behind, LATE_MS } from '../live/connection';
import { useLink, useLive, useNow } from '../live/hooks';
import { go, type Place } from '../live/navigation';
import { current } from '../live/connection';
import { type Route, whereHref } from '../lib/route';
import { clock, duration } from '../lib/time';
import { Glyph, Mark } from './icons';

const PAGES: { href: string; label: string; pages: Route['page'][] }[] = [
  { href: '/', label: 'Fleet', pages: ['fleet', 'workflow'] },
  { href: '/instances', label: 'Instances', pages: ['instances', 'instance', 'where'] },
  { href: '/failures', label: 'Failures', pages: ['failures'] },
  { href: '/contracts', label: 'Contracts', pages: ['contracts'] },
];

export function Header({ route, place }: { route: Route; place: Place }) {
  return (
    <header class="top">
      <a class="brand" href="/" aria-label="Choreograph, fleet">
        <Mark />
        <span>Choreograph</span>
      </a>
      <nav aria-label="Pages">
        {PAGES.map(({ href, label, pages }) => (
          <a key={href} href={href} aria-current={pages.includes(route.page) ? (place.path === href ? 'page' : 'true') : undefined}>
            {label}
          </a>
        ))}
      </nav>
      <Search text={route.page === 'where' ? route.text : ''} />
      <Freshness />
    </header>
  );
}

function Search({ text }: { text: string }) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (input.current && text !== '') input.current.value = text;
  }, [text]);
  useEffect(() => {
    const slash = (event: KeyboardEvent) => {
      const typing = event.target instanceof Element && event.target.closest('input, textarea, select, dialog') !== null;
      if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      input.current?.select();
      input.current?.focus();
    };
    addEventListener('keydown', slash);
    return () => removeEventListener('keydown', slash);
  }, []);
  const submit = (event: Event) => {
    event.preventDefault();
    const wanted = input.current?.value.trim() ?? '';
    if (wanted !== '') go(whereHref(wanted));
  };
  return (
    <form class="search" role="search" onSubmit={submit}>
      <Glyph name="search" />
      <input
        ref={input}
        type="search"
        name="text"
        placeholder="Where is… order, key or event id"
        aria-label="Where is: an id, a business key or an event’s id"
        maxLength={512}
        spellcheck={false}
        autoComplete="off"
        onKeyDown={(event) => {
          if (event.key === 'Escape') event.currentTarget.blur();
        }}
      />
      <kbd aria-hidden="true">/</kbd>
    </form>
  );
}

function Freshness() {
  const link = useLink();
  const caughtUp = useLive(() => current().asOf?.caught_up ?? true);
  useNow(200);
  const age = behind();
  if (link.state === 'lost' || link.state === 'locked') {
    return (
      <p class="fresh tone-failed">
        <span class="dot" aria-hidden="true" />
        not connected
      </p>
    );
  }
  if (age === null) {
    return (
      <p class="fresh">
        <span class="dot waiting" aria-hidden="true" />
        connecting…
      </p>
    );
  }
  const late = age > LATE_MS;
  const said = age < 10_000 ? `${(age / 1000).toFixed(1)} s` : duration(age);
  return (
    <p class={`fresh ${late || !caughtUp ? 'tone-stalled' : 'tone-completed'}`} title="How old the observer’s newest complete look at topics and groups is">
      <span class="dot" aria-hidden="true" />
      {caughtUp ? (late ? 'late, ' : '') : 'reading in, '}as of <span class="num">{said}</span> ago
    </p>
  );
}

/** Says that the connection is gone, since when, and what the page does about it. */
export function Banner({ retry }: { retry: () => void }) {
  const link = useLink();
  useNow(500);
  const was = useRef<'lost' | null>(null);
  const [back, setBack] = useState(false);
  useEffect(() => {
    if (link.state === 'lost') was.current = 'lost';
    if (link.state !== 'live' || was.current === null) return;
    was.current = null;
    setBack(true);
    const timer = setTimeout(() => setBack(false), 4000);
    return () => clearTimeout(timer);
  }, [link.state]);
  if (link.state === 'lost') {
    const left = Math.max(0, Math.ceil((link.retryAt - Date.now()) / 1000));
    return (
      <div class="banner lost" role="alert">
        <Glyph name="plug" />
        <p>
          <strong>Not connected since {clock(link.since)}</strong> <span aria-hidden="true">({duration(Date.now() - link.since)})</span>. What
          you see is the last answer.{link.why !== null && <> The observer says: <bdi>{link.why}</bdi>.</>}{' '}
          <span aria-hidden="true">{left > 0 ? `Trying again in ${left} s.` : 'Trying now…'}</span>
        </p>
        <button type="button" onClick={retry}>
          Try now
        </button>
      </div>
    );
  }
  if (back && link.state === 'live') {
    return (
      <div class="banner back" role="status">
        <Glyph name="plug" />
        <p>Connected again. Everything here is being refreshed.</p>
      </div>
    );
  }
  return null;
}
